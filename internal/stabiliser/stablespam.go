package stabiliser

import "math"

// StableSPAM is an Adam on gradients whose entries are limited by a running maximum and whose norms are made about 1 (Huang et
// al. 2025, arXiv 2502.17055), written from the paper's mathematics. For each tensor, with k the step, from 1,
//
//	w = w (1 - rate decay)
//	M = Gamma3 M + (1 - Gamma3) x, T = M / (1 - Gamma3^k), with x = max |g|; entries with |g_i| > T become g_i T / x
//	a = Gamma1 a + (1 - Gamma1) n, b = Gamma2 b + (1 - Gamma2) n^2, with n the norm after that
//	g = g / n * (a / (1 - Gamma1^k)) / (sqrt(b / (1 - Gamma2^k)) + Epsilon)                    if n > 0
//	then Adam, epsilon being added to the root of the corrected second moment
//
// Every Period steps k begins again at 1, and after that step m = v = 0; M, a and b stay. So T is far too high for hundreds of
// steps after a reset. Defaults: Gamma1 0.7, Gamma2 0.9, Gamma3 0.999, Period 1000, betas 0.9 and 0.999, epsilon 1e-8. With
// Total steps set, Gamma1 and the first beta fall along a cosine to half.
type StableSPAM struct {
	Gamma1, Gamma2, Gamma3 float64
	Period, Total          int
	Beta1, Beta2, Epsilon  float64

	steps, k int
	maximum  []float64
	norm     []float64 // a
	square   []float64 // b

	maxima, limits, factors []float64
}

// NewStableSPAM returns the method with its defaults.
func NewStableSPAM(gamma3 float64, period int) *StableSPAM {
	return &StableSPAM{Gamma1: 0.7, Gamma2: 0.9, Gamma3: gamma3, Period: period, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
}

func (s *StableSPAM) size(tensors int) {
	for _, values := range []*[]float64{&s.maximum, &s.norm, &s.square, &s.maxima, &s.limits, &s.factors} {
		*values = make([]float64, tensors)
	}
}

// Begin is the [Optimizer]'s.
func (s *StableSPAM) Begin(g Gradient, rate, decay float64, adam []Adam) (acted int) {
	s.steps++
	s.k++
	beta1, gamma1 := s.Beta1, s.Gamma1
	if s.Total > 0 {
		const least = 0.5
		factor := least + (1-least)*(1+math.Cos(math.Pi*float64(s.steps)/float64(s.Total+1)))/2
		beta1, gamma1 = beta1*factor, gamma1*factor
	}
	acted = s.limit(g)
	s.normalize(g, gamma1)
	reset := s.steps%s.Period == 0
	if reset {
		s.k = 1
	}
	a := Adam{
		Keep1: beta1, New1: 1 - beta1, Keep2: s.Beta2, New2: 1 - s.Beta2, Epsilon: s.Epsilon,
		Rate: rate / (1 - math.Pow(beta1, float64(s.k))), RootScale: 1 / math.Sqrt(1-math.Pow(s.Beta2, float64(s.k))),
		Before: 1 - rate*decay, After: 1, ResetAfter: reset,
	}
	for i := range adam {
		adam[i] = a
	}
	return acted
}

// limit limits entries by the running maximum.
func (s *StableSPAM) limit(g Gradient) (acted int) {
	g.Maxima(s.maxima)
	keep, take := s.Gamma3, 1-s.Gamma3
	correction := 1 - math.Pow(keep, float64(s.k))
	for i, x := range s.maxima {
		s.maximum[i] = keep*s.maximum[i] + take*x
		s.limits[i] = s.maximum[i] / correction
		if s.steps == 1 {
			s.limits[i] = x // which rounding would miss
		}
		s.factors[i] = s.limits[i] / x
	}
	return g.Compress(s.limits, s.factors)
}

// normalize makes norms about 1.
func (s *StableSPAM) normalize(g Gradient, gamma1 float64) {
	correction1, correction2 := 1-math.Pow(gamma1, float64(s.k)), 1-math.Pow(s.Gamma2, float64(s.k))
	for i, n := range g.Norms() {
		s.norm[i] = gamma1*s.norm[i] + (1-gamma1)*n
		s.square[i] = s.Gamma2*s.square[i] + (1-s.Gamma2)*n*n
		s.factors[i] = 1
		if n != 0 {
			s.factors[i] = s.norm[i] / correction1 / (math.Sqrt(s.square[i]/correction2) + s.Epsilon) / n
		}
	}
	g.ScaleTensors(s.factors)
}

// State is the two counts of steps, and the maximum, the norm and the square of each tensor.
func (s *StableSPAM) State() []float64 {
	state := []float64{float64(s.steps), float64(s.k)}
	for _, values := range [][]float64{s.maximum, s.norm, s.square} {
		state = append(state, values...)
	}
	return state
}

// Restore takes the state back.
func (s *StableSPAM) Restore(state []float64) error {
	tensors := len(s.maximum)
	if err := expect(state, 2+3*tensors); err != nil {
		return err
	}
	steps, err := count(state[0], maxSteps)
	if err != nil {
		return err
	}
	k, err := count(state[1], maxSteps)
	if err != nil {
		return err
	}
	s.steps, s.k = steps, k
	for i, to := range [][]float64{s.maximum, s.norm, s.square} {
		copy(to, state[2+i*tensors:])
	}
	return nil
}

var stableSPAMKind = kind{
	name: "stable-spam", parameters: []parameter{{"GAMMA3", 0.999, share}, {"PERIOD", 1000, steps}},
	build:    func(v []float64) Method { return NewStableSPAM(v[0], int(v[1])) },
	describe: func(v []float64) string { return "StableSPAM, gamma3 = " + format(v[0]) },
}
