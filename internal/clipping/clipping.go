// Package clipping is how users write clippings down: texts such as "alrc:2", in flags and in specifications.
package clipping

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"alrc"
)

// Forms lists the texts that Parse takes, for messages and help.
const Forms = "none, alrc[:N], two-sided[:N_DOWN,N_UP], constant:T"

// Spec is a clipping and its options. Its text form is "KIND:NUMBERS" alone: decay, moments and rule are options of
// their own.
type Spec struct {
	Kind      string  // none, alrc, two-sided or constant
	N         float64 // of alrc
	NDown     float64 // of two-sided; infinite: off
	NUp       float64
	Threshold float64 // of constant

	Decay   float64       // 0: the default
	Moments *alrc.Moments // nil: automatic
	Rule    alrc.Rule
}

// Parse reads a clipping.
func Parse(text string) (Spec, error) {
	kind, numbers, given := strings.Cut(strings.TrimSpace(text), ":")
	s := Spec{Kind: kind}
	var err error
	switch {
	case kind == "none" && !given:
		return s, nil
	case kind == "alrc":
		s.N = alrc.DefaultN
		if given {
			err = parseNumbers(numbers, &s.N)
		}
	case kind == "two-sided":
		s.NDown, s.NUp = alrc.DefaultN, alrc.DefaultN
		if given {
			err = parseNumbers(numbers, &s.NDown, &s.NUp)
		}
	case kind == "constant":
		err = parseNumbers(numbers, &s.Threshold)
	default:
		return Spec{}, fmt.Errorf("clipping %q is unknown; the forms are %s", text, Forms)
	}
	if err == nil {
		_, err = s.New()
	}
	if err != nil {
		return Spec{}, fmt.Errorf("clipping %q: %w (the forms are %s)", text, err, Forms)
	}
	return s, nil
}

// parseNumbers reads as many comma-separated numbers as there are places for. A 0 is refused, since it would stand
// for a default in the library's options.
func parseNumbers(text string, numbers ...*float64) error {
	parts := strings.Split(text, ",")
	if len(parts) != len(numbers) {
		return fmt.Errorf("%q has %d numbers where %d belong", text, len(parts), len(numbers))
	}
	for i, part := range parts {
		value, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(value) || value <= 0 {
			return fmt.Errorf("%q is not a number above 0", part)
		}
		*numbers[i] = value
	}
	return nil
}

// String is the text that Parse takes back.
func (s Spec) String() string {
	switch s.Kind {
	case "alrc":
		return "alrc:" + format(s.N)
	case "two-sided":
		return "two-sided:" + format(s.NDown) + "," + format(s.NUp)
	case "constant":
		return "constant:" + format(s.Threshold)
	}
	return s.Kind
}

// Label is String as a folder's name.
func (s Spec) Label() string {
	return strings.NewReplacer(":", "-", ",", "-").Replace(s.String())
}

// Describe says the clipping in words.
func (s Spec) Describe() string {
	switch s.Kind {
	case "none":
		return "no clipping"
	case "alrc":
		return "ALRC, n = " + format(s.N)
	case "two-sided":
		return "two-sided ALRC, n = " + format(s.NDown) + " down, " + format(s.NUp) + " up"
	case "constant":
		return "constant threshold " + format(s.Threshold)
	}
	return s.Kind
}

func format(value float64) string {
	if math.IsInf(value, 1) {
		return "inf"
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

// New makes the clipper; it is nil where there is to be none.
func (s Spec) New() (alrc.Clipper, error) {
	switch s.Kind {
	case "none":
		return nil, nil
	case "alrc":
		return clipper(alrc.New(alrc.Options{N: s.N, Decay: s.Decay, Moments: s.Moments, Rule: s.Rule}))
	case "two-sided":
		return clipper(alrc.NewTwoSided(alrc.TwoSidedOptions{NDown: s.NDown, NUp: s.NUp, Decay: s.Decay,
			Moments: s.Moments, Rule: s.Rule}))
	case "constant":
		return clipper(alrc.NewConstant(s.Threshold))
	}
	return nil, fmt.Errorf("clipping %q is unknown; the forms are %s", s.Kind, Forms)
}

// clipper keeps a nil pointer from becoming an interface that is not nil.
func clipper[C alrc.Clipper](c C, err error) (alrc.Clipper, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ParseMoments reads starting moments: "auto", which is nil, or "MU1,MU2".
func ParseMoments(text string) (*alrc.Moments, error) {
	if text == "auto" {
		return nil, nil
	}
	first, second, two := strings.Cut(text, ",")
	mu1, err1 := strconv.ParseFloat(strings.TrimSpace(first), 64)
	mu2, err2 := strconv.ParseFloat(strings.TrimSpace(second), 64)
	if !two || err1 != nil || err2 != nil {
		return nil, fmt.Errorf("moments %q: give auto, or two numbers MU1,MU2 such as 25,900", text)
	}
	m := &alrc.Moments{Mu1: mu1, Mu2: mu2}
	if _, err := (alrc.Options{Moments: m}).Resolve(); err != nil {
		return nil, fmt.Errorf("moments %q: %s", text, strings.TrimPrefix(err.Error(), "alrc: "))
	}
	return m, nil
}

// ParseRule reads "auto", "ratio" or "distance".
func ParseRule(text string) (alrc.Rule, error) {
	for _, rule := range []alrc.Rule{alrc.RuleAuto, alrc.RuleRatio, alrc.RuleDistance} {
		if text == rule.String() {
			return rule, nil
		}
	}
	return 0, fmt.Errorf("rule %q: give auto, ratio or distance", text)
}
