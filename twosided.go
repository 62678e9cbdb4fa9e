package alrc

import (
	"fmt"
	"math"
)

// TwoSidedOptions are of two-sided clipping. The zero value limits losses to 3 mean distances on either side.
type TwoSidedOptions struct {
	// NDown and NUp are the numbers of mean distances below and above the running mean at which losses are limited;
	// above 0, 0 stands for 3, and infinity turns a side off.
	NDown, NUp float64
	// Decay is that of the running means; above 0 and below 1, and 0 stands for 0.999.
	Decay float64
	// Moments are starting moments; without them the clipper starts by itself, as with [Options].
	Moments *Moments
	// Rule says how scales of high losses are made. Low losses are only raised by the ratio, where the loss and the
	// threshold are positive.
	Rule Rule
	// MaxRaise bounds the factor by which the gradient of a low loss grows; at least 1, and 0 stands for 10.
	MaxRaise float64
}

// TwoSided is doubly adaptive learning rate clipping (DALRC): thresholds lie at multiples of the running mean
// distances of the losses above and below their running mean. Make it with [NewTwoSided].
type TwoSided struct {
	nDown, nUp, maxRaise float64
	rule                 Rule
	moments              moments
	state                State // counters alone
}

// NewTwoSided returns a two-sided clipper, or an error that names the option that is out of range.
func NewTwoSided(o TwoSidedOptions) (*TwoSided, error) {
	if o.NDown == 0 {
		o.NDown = defaultN
	}
	if o.NUp == 0 {
		o.NUp = defaultN
	}
	if o.MaxRaise == 0 {
		o.MaxRaise = 10
	}
	if !(o.NDown > 0) {
		return nil, fmt.Errorf("alrc: option NDown is %v: it must be above 0, and infinity turns the side off (0 stands for %v)", o.NDown, defaultN)
	}
	if !(o.NUp > 0) {
		return nil, fmt.Errorf("alrc: option NUp is %v: it must be above 0, and infinity turns the side off (0 stands for %v)", o.NUp, defaultN)
	}
	if !(o.MaxRaise >= 1) || math.IsInf(o.MaxRaise, 0) {
		return nil, fmt.Errorf("alrc: option MaxRaise is %v: it must be a number of at least 1 (0 stands for 10)", o.MaxRaise)
	}
	if err := o.Rule.validate(); err != nil {
		return nil, err
	}
	m, err := newMoments(o.Decay, o.Moments)
	if err != nil {
		return nil, err
	}
	return &TwoSided{nDown: o.NDown, nUp: o.NUp, maxRaise: o.MaxRaise, rule: o.Rule, moments: m}, nil
}

func (c *TwoSided) thresholds() thresholds {
	if c.moments.starting() {
		return thresholds{lower: math.Inf(-1), upper: math.Inf(1)}
	}
	t := thresholds{
		lower: math.Inf(-1), upper: math.Inf(1), mean: c.moments.mu1,
		rule: c.rule, maxRaise: c.maxRaise, sides: true,
	}
	if !math.IsInf(c.nUp, 1) {
		t.upper = c.moments.mu1 + c.nUp*c.moments.up
		// Where all losses are the same the distance is 0, and would scale the next higher one to nothing.
		t.spread = c.nUp * max(c.moments.up, smallestSpread)
	}
	if !math.IsInf(c.nDown, 1) {
		t.lower = c.moments.mu1 - c.nDown*c.moments.down
	}
	return t
}

// Scales implements [Clipper].
func (c *TwoSided) Scales(losses, scales []float64) Statistics {
	t := c.thresholds()
	return clip(&t, losses, scales)
}

// Scales32 implements [Clipper].
func (c *TwoSided) Scales32(losses, scales []float32) Statistics {
	t := c.thresholds()
	return clip(&t, losses, scales)
}

// Observe implements [Clipper].
func (c *TwoSided) Observe(s Statistics) {
	c.state.count(s)
	c.moments.observe(s)
}

// Step implements [Clipper].
func (c *TwoSided) Step(losses, scales []float64) Statistics {
	s := c.Scales(losses, scales)
	c.Observe(s)
	return s
}

// Step32 implements [Clipper].
func (c *TwoSided) Step32(losses, scales []float32) Statistics {
	s := c.Scales32(losses, scales)
	c.Observe(s)
	return s
}

// Limits implements [Clipper].
func (c *TwoSided) Limits() Limits {
	t := c.thresholds()
	return Limits{Lower: t.lower, Upper: t.upper}
}

// Moments implements [Clipper].
func (c *TwoSided) Moments() (mu1, mu2 float64) { return c.moments.values() }

// State implements [Clipper].
func (c *TwoSided) State() State {
	s := c.state
	s.Variant = "two-sided"
	c.moments.save(&s)
	return s
}

// Restore implements [Clipper].
func (c *TwoSided) Restore(s State) error {
	if err := s.validate("two-sided"); err != nil {
		return err
	}
	c.moments.load(s)
	c.state = s
	c.state.Start = nil
	return nil
}
