package alrc

import (
	"fmt"
	"math"
)

// Constant is constant learning rate clipping (CLRC): losses are limited to a threshold that never changes. Make it
// with [NewConstant].
type Constant struct {
	threshold float64
	state     State // counters alone
}

// NewConstant returns a clipper with a fixed threshold, which must be a number above 0.
func NewConstant(threshold float64) (*Constant, error) {
	if !(threshold > 0) || math.IsInf(threshold, 0) {
		return nil, fmt.Errorf("alrc: the constant threshold is %v: it must be a number above 0", threshold)
	}
	return &Constant{threshold: threshold}, nil
}

func (c *Constant) thresholds() thresholds {
	return thresholds{lower: math.Inf(-1), upper: c.threshold, rule: RuleRatio}
}

// Scales implements [Clipper].
func (c *Constant) Scales(losses, scales []float64) Statistics {
	t := c.thresholds()
	return clip(&t, losses, scales)
}

// Scales32 implements [Clipper].
func (c *Constant) Scales32(losses, scales []float32) Statistics {
	t := c.thresholds()
	return clip(&t, losses, scales)
}

// Observe implements [Clipper]; it only counts.
func (c *Constant) Observe(s Statistics) { c.state.count(s) }

// Step implements [Clipper].
func (c *Constant) Step(losses, scales []float64) Statistics {
	s := c.Scales(losses, scales)
	c.Observe(s)
	return s
}

// Step32 implements [Clipper].
func (c *Constant) Step32(losses, scales []float32) Statistics {
	s := c.Scales32(losses, scales)
	c.Observe(s)
	return s
}

// Limits implements [Clipper].
func (c *Constant) Limits() Limits { return Limits{Lower: math.Inf(-1), Upper: c.threshold} }

// Moments implements [Clipper]; there are none.
func (c *Constant) Moments() (mu1, mu2 float64) { return math.NaN(), math.NaN() }

// State implements [Clipper].
func (c *Constant) State() State {
	s := c.state
	s.Variant = "constant"
	return s
}

// Restore implements [Clipper].
func (c *Constant) Restore(s State) error {
	if err := s.validate("constant"); err != nil {
		return err
	}
	c.state = s
	c.state.Start = nil
	return nil
}
