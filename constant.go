package alrc

import (
	"fmt"
	"math"
)

// Constant limits losses to a threshold that never changes, by the ratio of the two: constant learning rate clipping
// (CLRC; Ede and Beanland 2020). It is for losses whose scale is known and stays what it is. It has no moments; its
// state is its counters. Make it with [NewConstant]; the zero value panics.
type Constant struct{ core }

// NewConstant returns a clipper with a fixed threshold, which must be a number above 0.
func NewConstant(threshold float64) (*Constant, error) {
	if !(threshold > 0) || math.IsInf(threshold, 0) {
		return nil, fmt.Errorf("alrc: the constant threshold is %v: it must be a number above 0", threshold)
	}
	return &Constant{core{
		variant:  "constant",
		settings: fmt.Sprintf("threshold %v", threshold),
		next:     thresholds{lower: math.Inf(-1), upper: threshold, rule: RuleRatio},
	}}, nil
}
