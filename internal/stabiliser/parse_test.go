package stabiliser

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "none",
		"none":               "none",
		"norm":               "norm:1",
		"norm:0.5":           "norm:0.5",
		"norm:inf":           "norm:inf",
		"norm:1e+30+value":   "norm:1e30+value:1",
		" agc + skip:4 ":     "agc:0.01+skip:4",
		"zclip:3":            "zclip:3",
		"zclip:3,inf":        "zclip:3,inf",
		"zclip:2.5,1":        "zclip:2.5",
		"adagc":              "adagc:1.04",
		"autoclip:0":         "autoclip:0",
		"spam:50,100":        "spam:50,100",
		"stable-spam":        "stable-spam:0.999",
		"norm+stable-adamw":  "norm:1+stable-adamw:0.99",
		"ratio+rise+outlier": "ratio:1.5+rise:0.2+outlier:6",
	} {
		s, err := Parse(text)
		if err != nil || s.String() != want {
			t.Errorf("%q is read as %q (%v), want %q", text, s.String(), err, want)
			continue
		}
		if again, err := Parse(s.String()); err != nil || again.String() != want {
			t.Errorf("%q is not read back (%v)", want, err)
		}
		if strings.ContainsAny(s.Label(), ":,") || s.Describe() == "" {
			t.Errorf("%q has the label %q and the description %q", text, s.Label(), s.Describe())
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"nrom":              "norm[:C]",
		"norm:":             "is not a number",
		"norm:x":            "is not a number",
		"norm:0":            "above 0",
		"norm:NaN":          "above 0",
		"norm:1,2":          "at most 1",
		"zclip:1,2,3":       "at most 2",
		"autoclip:101":      "0 to 100",
		"ratio:-1":          "above 1",
		"spam:5000,2.5":     "steps",
		"stable-adamw:1":    "below 1",
		"none:1":            "alone",
		"norm+none":         "alone",
		"norm+":             "unknown",
		"norm:1+norm:2":     "twice",
		"spam+stable-adamw": "optimizer of their own",
	} {
		if s, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is read as %q with error %v, want one that says %q", text, s, err, want)
		}
	}
}

// Every method is one thing that a chain lets act.
func TestKinds(t *testing.T) {
	for _, name := range Names() {
		s, err := Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		acts := 0
		m := s.Methods()[0]
		for _, is := range []bool{is[Judge](m), is[Scaler](m), is[TensorScaler](m), is[UnitScaler](m), is[Limiter](m), is[Optimizer](m)} {
			if is {
				acts++
			}
		}
		if acts != 1 {
			t.Errorf("%s acts on %d kinds of things, want one", name, acts)
		}
	}
}

func is[T any](m Method) bool {
	_, ok := m.(T)
	return ok
}
