package clipping

import (
	"math"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, canonical, label string }{
		{"none", "none", "none"},
		{"alrc", "alrc:3", "alrc-3"},
		{" alrc:2.5 ", "alrc:2.5", "alrc-2.5"},
		{"two-sided", "two-sided:3,3", "two-sided-3-3"},
		{"two-sided:inf,2", "two-sided:inf,2", "two-sided-inf-2"},
		{"constant:40", "constant:40", "constant-40"},
	} {
		s, err := Parse(c.text)
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		if s.String() != c.canonical || s.Label() != c.label {
			t.Errorf("%q reads as %q, label %q; want %q, %q", c.text, s, s.Label(), c.canonical, c.label)
		}
		again, err := Parse(s.String())
		if err != nil || again != s {
			t.Errorf("%q reads back as %+v, %v", s, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "clip", "none:1", "alrc:0", "alrc:-1", "alrc:nan", "alrc:inf", "alrc:", "alrc:1,2",
		"two-sided:1", "two-sided:1,2,3", "constant", "constant:0", "constant:inf", "constant:x"} {
		if s, err := Parse(text); err == nil {
			t.Errorf("%q reads as %v", text, s)
		} else if !strings.Contains(err.Error(), Forms) {
			t.Errorf("%q: the error does not say the forms: %v", text, err)
		}
	}
}

func TestNoneIsNil(t *testing.T) {
	s, err := Parse("none")
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.New(); c != nil || err != nil {
		t.Errorf("none makes %v, %v", c, err)
	}
}

func TestParseMoments(t *testing.T) {
	if m, err := ParseMoments("auto"); m != nil || err != nil {
		t.Errorf("auto: %v, %v", m, err)
	}
	m, err := ParseMoments("25, 900")
	if err != nil || m.Mu1 != 25 || m.Mu2 != 900 {
		t.Errorf("25,900: %v, %v", m, err)
	}
	for _, text := range []string{"", "25", "25,625", "nan,1", "1,inf"} {
		if m, err := ParseMoments(text); err == nil {
			t.Errorf("%q reads as %v", text, m)
		}
	}
	if math.IsNaN(m.Mu1) {
		t.Error("NaN")
	}
}
