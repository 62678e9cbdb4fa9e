package alrc_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"alrc"
)

// A clipper that was saved as JSON and restored at any step, in the start or after it, goes on bit by bit.
func TestRestore(t *testing.T) {
	for _, v := range variants() {
		for _, moments := range []*alrc.Moments{nil, alrc.Published()} {
			unbroken := v.new(t, moments)
			random := rand.New(rand.NewPCG(13, 14))
			broken := v.new(t, moments)
			for step := range 60 {
				text, err := json.Marshal(broken.State())
				if err != nil {
					t.Fatal(err)
				}
				var state alrc.State
				if err := json.Unmarshal(text, &state); err != nil {
					t.Fatal(err)
				}
				broken = v.new(t, moments)
				if err := broken.Restore(state); err != nil {
					t.Fatalf("%s, step %d: %v", v.name, step, err)
				}
				losses := spiky(random, 3, true)
				want, got := make([]float64, 3), make([]float64, 3)
				a, b := unbroken.Step(losses, want), broken.Step(losses, got)
				if a != b || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(unbroken.State(), broken.State()) ||
					unbroken.Limits() != broken.Limits() {
					t.Fatalf("%s, step %d: %+v, %v and %+v unbroken, %+v, %v and %+v restored", v.name, step,
						a, want, unbroken.State(), b, got, broken.State())
				}
			}
		}
	}
}

// A state that no losses lead to is refused, and the clipper stays as it was.
func TestRestoreRefuses(t *testing.T) {
	nan := math.NaN()
	for name, spoil := range map[string]func(*alrc.State){
		`"constant"`:                             func(s *alrc.State) { s.Variant = "constant" },
		"moments":                                func(s *alrc.State) { s.Mu1 = nan },
		"moments, 25":                            func(s *alrc.State) { s.Mu2 = -1 },
		"distances":                              func(s *alrc.State) { s.Up = math.Inf(1) },
		"bias is 2":                              func(s *alrc.State) { s.Bias = 2 },
		"20 starting":                            func(s *alrc.State) { s.Start = make([]alrc.StartStep, 20) },
		"(NaN, 1)":                               func(s *alrc.State) { s.Start = []alrc.StartStep{{Mean: nan, RMS: 1}} },
		"a negative c":                           func(s *alrc.State) { s.Steps = -1 },
		"2 losses 2 are clipped, 0 raised and 1": func(s *alrc.State) { s.Losses, s.Clipped, s.NonFinite = 2, 2, 1 },
		"9 are clipped":                          func(s *alrc.State) { s.Losses, s.Clipped = 8, 9 },
	} {
		clipper, err := alrc.New(alrc.Options{Moments: alrc.Published()})
		if err != nil {
			t.Fatal(err)
		}
		before := clipper.State()
		state := before
		spoil(&state)
		if err := clipper.Restore(state); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("restoring %+v: error %v does not say %q", state, err, name)
		}
		if !reflect.DeepEqual(clipper.State(), before) {
			t.Errorf("restoring %+v failed, and changed the clipper", state)
		}
	}
}

// A clipper that nobody made would take nearly all of every gradient: it panics instead.
func TestZeroValuesPanic(t *testing.T) {
	for name, use := range map[string]func(){
		"Step":    func() { new(alrc.OneSided).Step([]float64{1}, make([]float64, 1)) },
		"Step32":  func() { new(alrc.TwoSided).Step32([]float32{1}, make([]float32, 1)) },
		"Steps":   func() { new(alrc.OneSided).Steps([]float64{1}, make([]float64, 1), make([]float64, 1)) },
		"Scales":  func() { new(alrc.Constant).Scales([]float64{1}, make([]float64, 1)) },
		"Observe": func() { new(alrc.OneSided).Observe(alrc.Statistics{}) },
	} {
		func() {
			defer func() {
				if message, ok := recover().(string); !ok || !strings.Contains(message, "make it with New") {
					t.Errorf("%s of a zero value: %v", name, message)
				}
			}()
			use()
		}()
	}
}

// A clipper prints itself on one line.
func TestString(t *testing.T) {
	two, err := alrc.NewTwoSided(alrc.TwoSidedOptions{NDown: math.Inf(1), Moments: &alrc.Moments{Mu1: 10, Mu2: 104}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		clipper alrc.Clipper
		want    string
	}{
		{variants()[0].new(t, nil), "one-sided clipping (n 3, decay 0.999) after 1 step: no threshold yet, 0 of 4 losses clipped, 1 not finite"},
		{variants()[0].new(t, &alrc.Moments{Mu1: 10, Mu2: 104}),
			"one-sided clipping (n 3, decay 0.999) after 1 step: threshold 16.03, 1 of 4 losses clipped, 1 not finite"},
		{variants()[1].new(t, &alrc.Moments{Mu1: 10, Mu2: 104}), "two-sided clipping (n 3 down and 3 up, decay 0.999) after 1 step:" +
			" thresholds 3.995 and 16.01, 1 of 4 losses clipped, 1 raised, 1 not finite"},
		{two, "two-sided clipping (n +Inf down and 3 up, decay 0.999) after 1 step: threshold 16.01, 1 of 4 losses clipped, 1 not finite"},
		{variants()[2].new(t, nil), "constant clipping (threshold 20) after 1 step: threshold 20, 1 of 4 losses clipped, 1 not finite"},
	} {
		c.clipper.Step([]float64{9, 1, 200, math.NaN()}, make([]float64, 4))
		if got := c.clipper.String(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
