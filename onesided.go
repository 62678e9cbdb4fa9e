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
type OneSided struct {
	n       float64
	rule    Rule
	moments moments
	state   State // counters alone
}

// New returns a one-sided clipper, or an error that names the option that is out of range.
func New(o Options) (*OneSided, error) {
	if o.N == 0 {
		o.N = defaultN
	}
	if !(o.N > 0) || math.IsInf(o.N, 0) {
		return nil, fmt.Errorf("alrc: option N is %v: it must be a number above 0 (0 stands for %v)", o.N, defaultN)
	}
	if err := o.Rule.validate(); err != nil {
		return nil, err
	}
	m, err := newMoments(o.Decay, o.Moments)
	if err != nil {
		return nil, err
	}
	return &OneSided{n: o.N, rule: o.Rule, moments: m}, nil
}

func (c *OneSided) thresholds() thresholds {
	if c.moments.starting() {
		return thresholds{lower: math.Inf(-1), upper: math.Inf(1)}
	}
	spread := c.n * c.moments.sigma()
	return thresholds{
		lower: math.Inf(-1), upper: c.moments.mu1 + spread,
		mean: c.moments.mu1, spread: spread, rule: c.rule,
	}
}

// Scales implements [Clipper].
func (c *OneSided) Scales(losses, scales []float64) Statistics {
	t := c.thresholds()
	return clip(&t, losses, scales)
}

// Scales32 implements [Clipper].
func (c *OneSided) Scales32(losses, scales []float32) Statistics {
	t := c.thresholds()
	return clip(&t, losses, scales)
}

// Observe implements [Clipper].
func (c *OneSided) Observe(s Statistics) {
	c.state.count(s)
	c.moments.observe(s)
}

// Step implements [Clipper].
func (c *OneSided) Step(losses, scales []float64) Statistics {
	s := c.Scales(losses, scales)
	c.Observe(s)
	return s
}

// Step32 implements [Clipper].
func (c *OneSided) Step32(losses, scales []float32) Statistics {
	s := c.Scales32(losses, scales)
	c.Observe(s)
	return s
}

// Limits implements [Clipper].
func (c *OneSided) Limits() Limits {
	t := c.thresholds()
	return Limits{Lower: t.lower, Upper: t.upper}
}

// Moments implements [Clipper].
func (c *OneSided) Moments() (mu1, mu2 float64) { return c.moments.values() }

// State implements [Clipper].
func (c *OneSided) State() State {
	s := c.state
	s.Variant = "one-sided"
	c.moments.save(&s)
	s.Up, s.Down = 0, 0
	return s
}

// Restore implements [Clipper].
func (c *OneSided) Restore(s State) error {
	if err := s.validate("one-sided"); err != nil {
		return err
	}
	c.moments.load(s)
	c.state = s
	c.state.Start = nil
	return nil
}
