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
	// MaxRaise bounds the factor by which the gradient of a low loss grows; from 1 to the largest float32, and 0
	// stands for 10.
	MaxRaise float64
}

// TwoSided is doubly adaptive learning rate clipping (DALRC): thresholds lie at multiples of the running mean
// distances of the losses above and below their running mean. Make it with [NewTwoSided].
type TwoSided struct{ core }

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
	if !(o.MaxRaise >= 1 && o.MaxRaise <= math.MaxFloat32) {
		return nil, fmt.Errorf("alrc: option MaxRaise is %v: it must be from 1 to %v (0 stands for 10)", o.MaxRaise, math.MaxFloat32)
	}
	if err := o.Rule.validate(); err != nil {
		return nil, err
	}
	m, err := newMoments(o.Decay, o.Moments, true)
	if err != nil {
		return nil, err
	}
	c := &TwoSided{core{
		variant: "two-sided",
		adapt: func(t *thresholds, m *moments) {
			t.mean, t.lower, t.upper = m.mu1, math.Inf(-1), math.Inf(1)
			if !math.IsInf(o.NUp, 1) {
				t.upper = m.mu1 + float64(o.NUp*m.up)
				// Where all losses are the same the distance is 0, and would scale the next higher one to nothing.
				t.spread = o.NUp * max(m.up, smallestSpread)
			}
			if !math.IsInf(o.NDown, 1) {
				t.lower = m.mu1 - float64(o.NDown*m.down)
			}
		},
		next:    thresholds{rule: o.Rule, maxRaise: o.MaxRaise},
		moments: m,
	}}
	c.settle()
	return c, nil
}
