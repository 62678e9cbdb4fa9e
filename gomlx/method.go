package gomlx

import (
	"math"

	"alrc"
)

// A Method says how losses are limited. It has no state of its own, so it may be used for any number of losses.
// [OneSided], [TwoSided] and [Constant] make one.
type Method struct {
	adaptive bool // false: the threshold is constant
	sides    bool // thresholds are mean distances, not standard deviations, from the mean
	rule     alrc.Rule
	decay    float64
	// nDown and nUp are multiples of the spread; infinite where the side is off.
	nDown, nUp float64
	maxRaise   float64
	threshold  float64
	// automatic asks for moments that start by themselves; otherwise they start at mean and variance.
	automatic      bool
	mean, variance float64
}

// OneSided limits each loss to n standard deviations above the running mean: the paper's algorithm 1. The zero
// Options are n = 3, decay 0.999, and moments that start by themselves. The error names an option out of range.
func OneSided(o alrc.Options) (*Method, error) {
	o, err := o.Resolve()
	if err != nil {
		return nil, err
	}
	m := &Method{adaptive: true, rule: o.Rule, nDown: math.Inf(1), nUp: o.N}
	m.start(o.Decay, o.Moments)
	return m, nil
}

// TwoSided limits losses to multiples of the running mean distances above and below the running mean. The error
// names an option out of range.
func TwoSided(o alrc.TwoSidedOptions) (*Method, error) {
	o, err := o.Resolve()
	if err != nil {
		return nil, err
	}
	m := &Method{adaptive: true, sides: true, rule: o.Rule, nDown: o.NDown, nUp: o.NUp, maxRaise: o.MaxRaise}
	m.start(o.Decay, o.Moments)
	return m, nil
}

// Constant limits losses to a fixed threshold, which must be a number above 0.
func Constant(threshold float64) (*Method, error) {
	if _, err := alrc.NewConstant(threshold); err != nil {
		return nil, err
	}
	return &Method{rule: alrc.RuleRatio, nDown: math.Inf(1), threshold: threshold}, nil
}

func (m *Method) start(decay float64, moments *alrc.Moments) {
	m.decay = decay
	m.automatic = moments == nil
	if moments != nil {
		m.mean = moments.Mu1
		m.variance = moments.Mu2 - moments.Mu1*moments.Mu1
	}
}

func (m *Method) variant() string {
	switch {
	case !m.adaptive:
		return "constant"
	case m.sides:
		return "two-sided"
	}
	return "one-sided"
}
