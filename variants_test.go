package alrc_test

import (
	"testing"

	"alrc"
)

// variant makes the clippers of one kind.
type variant struct {
	name string
	make func(*alrc.Moments) (alrc.Clipper, error)
}

// variants are the three kinds. Constant clipping has no moments.
func variants() []variant {
	return []variant{
		{"one-sided", func(m *alrc.Moments) (alrc.Clipper, error) { return alrc.New(alrc.Options{Moments: m}) }},
		{"two-sided", func(m *alrc.Moments) (alrc.Clipper, error) {
			return alrc.NewTwoSided(alrc.TwoSidedOptions{Moments: m})
		}},
		{"constant", func(*alrc.Moments) (alrc.Clipper, error) { return alrc.NewConstant(20) }},
	}
}

func (v variant) new(t testing.TB, m *alrc.Moments) alrc.Clipper {
	t.Helper()
	clipper, err := v.make(m)
	if err != nil {
		t.Fatal(err)
	}
	return clipper
}
