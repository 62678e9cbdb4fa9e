package alrc

import "fmt"

// Rule says how the scale of a loss above the threshold is made.
type Rule int

const (
	// RuleAuto is RuleRatio where the loss and the threshold are positive, and RuleDistance where one is not.
	RuleAuto Rule = iota
	// RuleRatio is the published rule: scale = threshold / loss. It is in (0, 1], since the loss is at least the
	// threshold and both are positive; where one is not, the loss is left as it is.
	RuleRatio
	// RuleDistance gives the same scales whatever constant is added to all losses: the scale is the threshold's distance from
	// the running mean over the loss's distance from it. It is in (0, 1], since the loss is at least the threshold,
	// which is above the mean.
	RuleDistance
)

// String returns "auto", "ratio" or "distance".
func (r Rule) String() string {
	switch r {
	case RuleAuto:
		return "auto"
	case RuleRatio:
		return "ratio"
	case RuleDistance:
		return "distance"
	}
	return fmt.Sprintf("Rule(%d)", int(r))
}

func (r Rule) validate() error {
	if r < RuleAuto || r > RuleDistance {
		return fmt.Errorf("alrc: option Rule is %d: it must be RuleAuto, RuleRatio or RuleDistance", int(r))
	}
	return nil
}
