package alrc

import (
	"fmt"
	"math"
)

// Options are of one-sided clipping. The zero value is the paper's n and decay with moments that start by
// themselves.
type Options struct {
	// N is the number of standard deviations above the running mean at which losses are limited; above 0, and 0
	// stands for 3.
	N float64
	// Decay is that of the running moments; above 0 and below 1, and 0 stands for 0.999.
	Decay float64
	// Moments are starting moments. Without them the clipper watches the first 20 steps, clips nothing in them, and
	// starts from what it saw.
	Moments *Moments
	// Rule says how scales are made.
	Rule Rule
}

// OneSided is adaptive learning rate clipping (ALRC), the paper's algorithm 1: each loss is limited to n standard
// deviations above the running mean of the limited losses. Make it with [New].
type OneSided struct{ core }

// New returns a one-sided clipper, or an error that names the option that is out of range.
func New(o Options) (*OneSided, error) {
	n := o.N
	if n == 0 {
		n = defaultN
	}
	if !(n > 0) || math.IsInf(n, 0) {
		return nil, fmt.Errorf("alrc: option N is %v: it must be a number above 0 (0 stands for %v)", o.N, defaultN)
	}
	if err := o.Rule.validate(); err != nil {
		return nil, err
	}
	m, err := newMoments(o.Decay, o.Moments, false)
	if err != nil {
		return nil, err
	}
	c := &OneSided{core{
		variant: "one-sided",
		adapt: func(t *thresholds, m *moments) {
			t.mean, t.spread = m.mu1, float64(n*m.sigma())
			t.upper = t.mean + t.spread
		},
		next:    thresholds{lower: math.Inf(-1), rule: o.Rule},
		moments: m,
	}}
	c.settle()
	return c, nil
}
