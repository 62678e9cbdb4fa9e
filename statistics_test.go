package alrc_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"alrc"
)

// Replicas that share statistics have the scales that one clipper has for the whole batch.
func TestReplicas(t *testing.T) {
	for _, v := range variants() {
		for _, moments := range []*alrc.Moments{nil, alrc.Published()} {
			whole := v.new(t, moments)
			replicas := []alrc.Clipper{v.new(t, moments), v.new(t, moments), v.new(t, moments)}
			random := rand.New(rand.NewPCG(11, 12))
			for step := range 500 {
				losses := spiky(random, 12, true)
				want, got := make([]float64, 12), make([]float64, 12)
				// The whole starts each step where the replicas are, so that moments differ by one step's rounding.
				if err := whole.Restore(replicas[0].State()); err != nil {
					t.Fatal(err)
				}
				s := whole.Step(losses, want)
				// Parts of different sizes, one of them empty.
				var merged alrc.Statistics
				for i, cut := range [][2]int{{0, 0}, {0, 5}, {5, 12}} {
					merged = merged.Merge(replicas[i].Scales(losses[cut[0]:cut[1]], got[cut[0]:cut[1]]))
				}
				for _, replica := range replicas {
					replica.Observe(merged)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%s, step %d: scales %v in parts, %v at once", v.name, step, got, want)
				}
				if merged.Limits != s.Limits || merged.Count != s.Count || merged.Clipped != s.Clipped ||
					merged.Raised != s.Raised || merged.NonFinite != s.NonFinite {
					t.Fatalf("%s, step %d: statistics %+v in parts, %+v at once", v.name, step, merged, s)
				}
				mu1, mu2 := whole.Moments().Mu1, whole.Moments().Mu2
				m1, m2 := replicas[0].Moments().Mu1, replicas[0].Moments().Mu2
				if v.name != "constant" && (!near(m1, mu1) || !near(m2, mu2)) {
					t.Fatalf("%s, step %d: moments %v and %v in parts, %v and %v at once", v.name, step, m1, m2, mu1, mu2)
				}
				if !reflect.DeepEqual(replicas[0].State(), replicas[2].State()) {
					t.Fatalf("%s, step %d: the replicas' states differ", v.name, step)
				}
			}
		}
	}
}

// Statistics that no losses can have are an error, and change nothing.
func TestObserveRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, v := range variants() {
		clipper := v.new(t, alrc.Published())
		before := clipper.State()
		for want, s := range map[string]alrc.Statistics{
			"Count is -1":            {Count: -1, Sum: 5, SumSquares: 25},
			"NonFinite is -2":        {NonFinite: -2},
			"Clipped is -1":          {Count: 1, Clipped: -1, Sum: 5, SumSquares: 25},
			"1 losses are clipped":   {Count: 1, Clipped: 1, Raised: 1, Sum: 5, SumSquares: 25},
			"and 2 below it":         {Count: 1, CountBelow: 2, Sum: 5, SumSquares: 25},
			"SumSquares is -25":      {Count: 1, Sum: 5, SumSquares: -25},
			"Sum is NaN":             {Count: 1, Sum: nan, SumSquares: 25},
			"SumSquares is +Inf":     {Count: 1, Sum: 5, SumSquares: inf},
			"Sum is 5, of 0 losses":  {Count: 0, Sum: 5, SumSquares: 25},
			"Above is -1":            {Count: 1, Sum: 5, SumSquares: 25, Above: -1, CountAbove: 1},
			"Below is NaN":           {Count: 1, Sum: 5, SumSquares: 25, Below: nan, CountBelow: 1},
			"the square of the mean": {Count: 2, Sum: 10, SumSquares: 49},
		} {
			if err := clipper.Observe(s); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: observing %+v: error %v does not say %q", v.name, s, err, want)
			}
			if !reflect.DeepEqual(clipper.State(), before) {
				t.Errorf("%s: statistics %+v lead from %+v to %+v", v.name, s, before, clipper.State())
			}
		}
	}
}

// What losses lead to is never refused, in parts or whole, nor is a step without any.
func TestObserveTakesWhatScalesReturns(t *testing.T) {
	for _, v := range variants() {
		clipper := v.new(t, nil)
		random := rand.New(rand.NewPCG(15, 16))
		for step := range 300 {
			var merged alrc.Statistics
			for range random.IntN(4) {
				losses := spiky(random, random.IntN(6), true)
				for i := range losses {
					losses[i] *= math.Pow(10, 400*random.Float64()-200) // to infinity and to 0
				}
				merged = merged.Merge(clipper.Scales(losses, make([]float64, len(losses))))
			}
			if err := clipper.Observe(merged); err != nil {
				t.Fatalf("%s, step %d: %v", v.name, step, err)
			}
		}
	}
}

// Replicas may send each other statistics, and thresholds, as JSON: they are the same on the other side, bit by bit.
func TestStatisticsThroughJSON(t *testing.T) {
	for _, v := range variants() {
		for _, moments := range []*alrc.Moments{nil, alrc.Published()} {
			here, there := v.new(t, moments), v.new(t, moments)
			random := rand.New(rand.NewPCG(17, 18))
			for step := range 100 {
				losses := spiky(random, 6, true)
				scales := make([]float64, 6)
				merged := here.Scales(losses[:2], scales[:2]).Merge(here.Scales(losses[2:], scales[2:]))
				text, err := json.Marshal(merged)
				if err != nil {
					t.Fatal(err)
				}
				var received alrc.Statistics
				if err := json.Unmarshal(text, &received); err != nil {
					t.Fatal(err)
				}
				if received != merged {
					t.Fatalf("%s, step %d: %+v became %+v", v.name, step, merged, received)
				}
				if err := errors.Join(here.Observe(merged), there.Observe(received)); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(here.State(), there.State()) || here.Limits() != there.Limits() {
					t.Fatalf("%s, step %d: the states differ: %+v and %+v", v.name, step, here.State(), there.State())
				}
			}
		}
	}
}

// A side that is off is null.
func TestLimitsAsJSON(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		limits alrc.Limits
		text   string
	}{
		{alrc.Limits{Lower: -inf, Upper: inf}, `{"lower":null,"upper":null}`},
		{alrc.Limits{Lower: -inf, Upper: 0.1}, `{"lower":null,"upper":0.1}`},
		{alrc.Limits{Lower: -2.5, Upper: inf}, `{"lower":-2.5,"upper":null}`},
		{alrc.Limits{Lower: 0, Upper: 5e-324}, `{"lower":0,"upper":5e-324}`},
	} {
		text, err := json.Marshal(c.limits)
		if err != nil || string(text) != c.text {
			t.Errorf("%+v is %s (%v), want %s", c.limits, text, err, c.text)
		}
		var back alrc.Limits
		if err := json.Unmarshal([]byte(c.text), &back); err != nil || back != c.limits {
			t.Errorf("%s is %+v (%v), want %+v", c.text, back, err, c.limits)
		}
	}
	var missing alrc.Limits
	if err := json.Unmarshal([]byte(`{"upper":3}`), &missing); err != nil || missing != (alrc.Limits{Lower: -inf, Upper: 3}) {
		t.Errorf("a missing side gives %+v (%v)", missing, err)
	}
	if _, err := json.Marshal(alrc.Limits{Lower: math.NaN()}); err == nil {
		t.Error("a threshold that is NaN is written")
	}
	if err := json.Unmarshal([]byte(`{"upper":"high"}`), &missing); err == nil {
		t.Error("a text is taken for a threshold")
	}
}
