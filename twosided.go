package alrc

import (
	"fmt"
	"math"
)

// TwoSidedOptions configure two-sided clipping. The zero value limits losses at 3 mean distances on either side.
type TwoSidedOptions struct {
	// NDown and NUp are the numbers of mean distances below and above the running mean at which losses are limited. They
	// must be above 0; infinity turns a side off, and 0 stands for [DefaultN].
	NDown, NUp float64
	// Decay is that of the running means. It must be above 0 and below 1; 0 stands for [DefaultDecay].
	Decay float64
	// Moments are what the running means start from; the mean distances start from the standard deviation that they
	// imply. Without them the clipper starts by itself, as with [Options].
	Moments *Moments
	// Rule says how scales of high losses are made. Low losses are raised by the ratio alone, where the loss and the
	// threshold are positive.
	Rule Rule
	// MaxRaise bounds the factor by which the gradient of a low loss grows. It must be from 1 to the largest float32; 0
	// stands for [DefaultMaxRaise].
	MaxRaise float64
}

// Resolve returns the options with defaults in the place of zeros, or an error that names the option that is out of
// range.
func (o TwoSidedOptions) Resolve() (TwoSidedOptions, error) {
	o.NDown, o.NUp = or(o.NDown, DefaultN), or(o.NUp, DefaultN)
	o.MaxRaise, o.Decay = or(o.MaxRaise, DefaultMaxRaise), or(o.Decay, DefaultDecay)
	switch {
	case !(o.NDown > 0):
		return o, fmt.Errorf("alrc: option NDown is %v: it must be above 0, and infinity turns the side off (0 stands for %v)", o.NDown, DefaultN)
	case !(o.NUp > 0):
		return o, fmt.Errorf("alrc: option NUp is %v: it must be above 0, and infinity turns the side off (0 stands for %v)", o.NUp, DefaultN)
	case !(o.MaxRaise >= 1 && o.MaxRaise <= math.MaxFloat32):
		return o, fmt.Errorf("alrc: option MaxRaise is %v: it must be from 1 to %v (0 stands for %v)", o.MaxRaise, math.MaxFloat32, DefaultMaxRaise)
	}
	if err := o.Rule.validate(); err != nil {
		return o, err
	}
	if err := validateDecay(o.Decay); err != nil {
		return o, err
	}
	return o, o.Moments.validate()
}

// TwoSided limits losses on both sides of their running mean, or on one side: doubly adaptive learning rate clipping (DALRC; Ede
// and Beanland 2020). Instead of one standard deviation it keeps the running mean distances of the losses above and
// below the mean, so that skewed losses have a threshold of their own on each side. High losses are scaled down, and
// the gradients of low ones raised, by a bounded factor. Make it with [NewTwoSided]; the zero value panics.
type TwoSided struct{ core }

// NewTwoSided returns a two-sided clipper, or an error that names the option that is out of range.
func NewTwoSided(o TwoSidedOptions) (*TwoSided, error) {
	o, err := o.Resolve()
	if err != nil {
		return nil, err
	}
	c := &TwoSided{core{
		variant:  "two-sided",
		settings: fmt.Sprintf("n %v down and %v up, decay %v", o.NDown, o.NUp, o.Decay),
		adapt: func(t *thresholds, m *moments) {
			t.mean, t.lower, t.upper = m.mu1, math.Inf(-1), math.Inf(1)
			if !math.IsInf(o.NUp, 1) {
				t.upper = m.mu1 + float64(o.NUp*m.up)
				// Where all losses are the same the distance is 0, and would scale the next higher one to nothing.
				t.spread = o.NUp * max(m.up, SmallestSpread)
			}
			if !math.IsInf(o.NDown, 1) {
				t.lower = m.mu1 - float64(o.NDown*m.down)
			}
		},
		up: o.NUp, down: o.NDown,
		next:    thresholds{rule: o.Rule, maxRaise: o.MaxRaise},
		moments: newMoments(o.Decay, o.Moments, true),
	}}
	c.settle()
	return c, nil
}
