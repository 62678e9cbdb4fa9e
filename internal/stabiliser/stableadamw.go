package stabiliser

import "math"

// StableAdamW is an AdamW whose learning rate is cut, tensor by tensor, where the gradient is large against its second
// moment: Adafactor's clipping of updates (Wortsman et al. 2023, arXiv 2304.13013), as optimi does it. With betas that hold
// Adam's corrections of bias, B = beta (1 - beta^(t-1)) / (1 - beta^t),
//
//	v   = B2 v + (1 - B2) g^2
//	rms = sqrt(mean(g^2 / max(v, Epsilon^2)))
//	l   = rate / max(1, rms)
//	w   = w (1 - l decay), then w = w - l m / (sqrt(v) + Epsilon)
//
// Defaults: betas 0.9 and 0.99, Epsilon 1e-6. Since v has this step's g in it, rms is at most 1 / sqrt(1 - beta2) = 10: a
// spike is taken at no less than a tenth of the rate, and stays in both moments.
type StableAdamW struct {
	Beta1, Beta2, Epsilon float64
	steps                 int
	roots                 []float64
}

func (s *StableAdamW) size(tensors int) { s.roots = make([]float64, tensors) }

// Begin is the [Optimizer]'s.
func (s *StableAdamW) Begin(g Gradient, rate, decay float64, adam []Adam) (acted int) {
	s.steps++
	keep1, keep2 := debiased(s.Beta1, s.steps), debiased(s.Beta2, s.steps)
	g.RootMeanSquares(keep2, 1-keep2, s.Epsilon*s.Epsilon, s.roots)
	for i, root := range s.roots {
		l := rate
		if root > 1 {
			l = rate / root
			acted++
		}
		adam[i] = Adam{Keep1: keep1, New1: 1 - keep1, Keep2: keep2, New2: 1 - keep2, Rate: l, RootScale: 1, Epsilon: s.Epsilon,
			Before: 1 - l*decay, After: 1}
	}
	return acted
}

// debiased is a beta that holds Adam's correction of bias.
func debiased(beta float64, step int) float64 {
	return beta * (1 - math.Pow(beta, float64(step-1))) / (1 - math.Pow(beta, float64(step)))
}

// State is the number of steps.
func (s *StableAdamW) State() []float64 { return []float64{float64(s.steps)} }

// Restore takes the state back.
func (s *StableAdamW) Restore(state []float64) error {
	if err := expect(state, 1); err != nil {
		return err
	}
	steps, err := count(state[0], maxSteps)
	s.steps = steps
	return err
}

var stableAdamWKind = kind{
	name: "stable-adamw", parameters: []parameter{{"BETA2", 0.99, share}},
	build:    func(v []float64) Method { return &StableAdamW{Beta1: 0.9, Beta2: v[0], Epsilon: 1e-6} },
	describe: func(v []float64) string { return "StableAdamW, beta2 = " + format(v[0]) },
}
