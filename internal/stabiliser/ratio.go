package stabiliser

import "math"

// Ratio divides the learning rate of a step whose loss is above a running mean of the losses, as metaseq's trainer does. With e that
// mean from before the step, in bits, and q = loss / e,
//
//	rate = 1 / q^4                 if q > 1, else 1
//	e    = 0.8 e + 0.2 loss        unless q > Limit
//
// and e begins as the first loss. The name of metaseq's setting speaks of skipping, but no step is skipped. Its default for
// Limit, -1, is described as off, and is not: e then stays at the first loss for ever, and every loss above that has its rate cut. So
// Limit is 1.5 here, for want of a sound published one. About half of all ordinary steps lose some rate. A loss that is
// not a number ends the method. Losses are to be positive.
type Ratio struct {
	Limit float64
	mean  float64
	begun bool
}

// Judge is the [Judge]'s.
func (r *Ratio) Judge(loss, _ float64) float64 {
	const span = 9
	const take = 2. / (span + 1)
	bits := loss / math.Ln2
	if !r.begun {
		r.mean, r.begun = bits, true
	}
	q := bits / r.mean
	if !(q > r.Limit) {
		r.mean = (1-take)*r.mean + take*bits
	}
	if q > 1 {
		return 1 / (q * q * q * q)
	}
	return 1
}

// State is the mean.
func (r *Ratio) State() []float64 { return []float64{r.mean, truth(r.begun)} }

// Restore takes the mean back.
func (r *Ratio) Restore(state []float64) error {
	if err := expect(state, 2); err != nil {
		return err
	}
	r.mean, r.begun = state[0], state[1] != 0
	return nil
}

var ratioKind = kind{
	name: "ratio", parameters: []parameter{{"R", 1.5, aboveOne}},
	build:    func(v []float64) Method { return &Ratio{Limit: v[0]} },
	describe: func(v []float64) string { return "rate by loss ratio, R = " + format(v[0]) },
}
