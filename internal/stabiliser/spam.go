package stabiliser

import "math"

// SPAM is an Adam that is reset now and then, and limits entries of the gradient that are far above their second moment (Huang
// et al. 2025, arXiv 2501.06842), written from the paper's mathematics. With s the step, from 1,
//
//	where s mod Period = 0:                       m = v = 0
//	where s and s mod Period are at least Quiet:  entries with g^2 > Theta v become sign(g) sqrt(Theta v)
//	then Adam, at the learning rate times warm, and decoupled weight decay after it
//
// Warm is 1 but for the steps after a reset, from which it rises along a cosine: 1 - 0.99 (1 + cos(pi c / (Warmup + 1))) / 2 at
// the reset's step, c = 0, and the Warmup - 1 after it. Corrections of bias count all steps, also after a reset. Defaults: Theta 5000,
// Period 500, Warmup 150, Quiet 20; betas 0.9 and 0.999, epsilon 1e-6, added to the root of the uncorrected second moment.
//
// An entry that is not 0 and whose second moment is 0 becomes 0, so that an entry that was silent stays so until the
// next reset. The paper's sparse variant is left out.
type SPAM struct {
	Theta                 float64
	Period, Warmup, Quiet int
	Beta1, Beta2, Epsilon float64

	steps, sinceReset int
}

// NewSPAM returns the method with its defaults.
func NewSPAM(theta float64, period int) *SPAM {
	s := &SPAM{Theta: theta, Period: period, Warmup: 150, Quiet: 20, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-6}
	s.sinceReset = s.Warmup + 1
	return s
}

// Begin is the [Optimizer]'s.
func (s *SPAM) Begin(g Gradient, rate, decay float64, adam []Adam) (acted int) {
	s.steps++
	phase := s.steps % s.Period
	a := Adam{
		Keep1: s.Beta1, New1: 1 - s.Beta1, Keep2: s.Beta2, New2: 1 - s.Beta2, RootScale: 1, Epsilon: s.Epsilon,
		Rate: rate * s.warm() * math.Sqrt(1-math.Pow(s.Beta2, float64(s.steps))) / (1 - math.Pow(s.Beta1, float64(s.steps))),
		// The decay is by the learning rate as it is without the warm-up.
		Before: 1, After: 1 - rate*decay,
		ResetBefore: phase == 0,
	}
	for i := range adam {
		adam[i] = a
	}
	if s.sinceReset++; (s.steps+1)%s.Period == 0 {
		s.sinceReset = 0
	}
	if s.steps >= s.Quiet && phase >= s.Quiet {
		acted = g.ClampBySecond(s.Theta)
	}
	return acted
}

// warm is the factor of the learning rate.
func (s *SPAM) warm() float64 {
	if s.sinceReset >= s.Warmup {
		return 1
	}
	return 1 - 0.99*(1+math.Cos(math.Pi*float64(s.sinceReset)/float64(s.Warmup+1)))/2
}

// State is the number of steps, and of those since the last reset.
func (s *SPAM) State() []float64 { return []float64{float64(s.steps), float64(s.sinceReset)} }

// Restore takes the state back.
func (s *SPAM) Restore(state []float64) error {
	if err := expect(state, 2); err != nil {
		return err
	}
	steps, err := count(state[0], maxSteps)
	if err != nil {
		return err
	}
	since, err := count(state[1], maxSteps)
	if err != nil {
		return err
	}
	s.steps, s.sinceReset = steps, since
	return nil
}

var spamKind = kind{
	name: "spam", parameters: []parameter{{"THETA", 5000, positive}, {"PERIOD", 500, steps}},
	build:    func(v []float64) Method { return NewSPAM(v[0], int(v[1])) },
	describe: func(v []float64) string { return "SPAM, theta = " + format(v[0]) },
}
