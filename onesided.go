package alrc

import (
	"fmt"
	"math"
)

// Options configure one-sided clipping. The zero value has the paper's n and decay, and moments that start by
// themselves.
type Options struct {
	// N is the number of standard deviations above the running mean at which losses are limited. It must be above 0;
	// 0 stands for [DefaultN].
	N float64
	// Decay is that of the running means. It must be above 0 and below 1; 0 stands for [DefaultDecay].
	Decay float64
	// Moments are what the running means start from. Without them the clipper starts by itself: it watches the first 20
	// steps, clips nothing in them, and starts from what it saw.
	Moments *Moments
	// Rule says how scales are made where a loss is above the threshold.
	Rule Rule
}

// Resolve returns the options with defaults in the place of zeros, or an error that names the option that is out of
// range.
func (o Options) Resolve() (Options, error) {
	o.N, o.Decay = or(o.N, DefaultN), or(o.Decay, DefaultDecay)
	if !(o.N > 0) || math.IsInf(o.N, 0) {
		return o, fmt.Errorf("alrc: option N is %v: it must be a number above 0 (0 stands for %v)", o.N, DefaultN)
	}
	if err := o.Rule.validate(); err != nil {
		return o, err
	}
	if err := validateDecay(o.Decay); err != nil {
		return o, err
	}
	return o, o.Moments.validate()
}

// or returns value, or standard where value is 0.
func or(value, standard float64) float64 {
	if value == 0 {
		return standard
	}
	return value
}

// OneSided limits each loss to a number of standard deviations above the running mean of the losses: adaptive learning
// rate clipping (ALRC), algorithm 1 of Ede and Beanland 2020. It is the variant to begin with. High losses are scaled
// down; low ones are left as they are. Make it with [New]; the zero value panics.
type OneSided struct{ core }

// New returns a one-sided clipper, or an error that names the option that is out of range.
func New(o Options) (*OneSided, error) {
	o, err := o.Resolve()
	if err != nil {
		return nil, err
	}
	c := &OneSided{core{
		variant:  "one-sided",
		settings: fmt.Sprintf("n %v, decay %v", o.N, o.Decay),
		adapt: func(t *thresholds, m *moments) {
			t.mean, t.spread = m.mu1, float64(o.N*m.sigma())
			t.upper = t.mean + t.spread
		},
		up:      o.N,
		next:    thresholds{lower: math.Inf(-1), rule: o.Rule},
		moments: newMoments(o.Decay, o.Moments, false),
	}}
	c.settle()
	return c, nil
}
