package alrc_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"alrc"
)

var oddLosses = []float64{0, math.Copysign(0, -1), alrc.LargestLoss, -alrc.LargestLoss, 2 * alrc.LargestLoss, -math.MaxFloat64,
	math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64}

// TestStepsIsStep compares every bit of a series taken at once and step by step.
func TestStepsIsStep(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	losses := make([]float64, 4000)
	for i := range losses {
		losses[i] = 1 + 10*random.ExpFloat64()
		if i > 2000 && random.IntN(50) == 0 {
			losses[i] = oddLosses[random.IntN(len(oddLosses))]
		}
	}
	for i := 3000; i < 3500; i++ { // on either side of 0, and the same again and again
		losses[i] = min(10*random.NormFloat64(), 5)
	}
	more := variants()
	for _, rule := range []alrc.Rule{alrc.RuleDistance, alrc.RuleRatio} {
		more = append(more, variant{fmt.Sprint(rule), func(m *alrc.Moments) (alrc.Clipper, error) {
			return alrc.New(alrc.Options{N: 2, Decay: 0.9, Moments: m, Rule: rule})
		}})
	}
	for _, sides := range [][2]float64{{1, 2}, {1, math.Inf(1)}, {math.Inf(1), 2}} {
		more = append(more, variant{fmt.Sprint("two-sided ", sides), func(m *alrc.Moments) (alrc.Clipper, error) {
			return alrc.NewTwoSided(alrc.TwoSidedOptions{NDown: sides[0], NUp: sides[1], Decay: 0.9, Moments: m})
		}})
	}
	for _, v := range more {
		for _, moments := range []*alrc.Moments{nil, alrc.Published()} {
			whole, one := v.new(t, moments), v.new(t, moments)
			scales, upper := make([]float64, len(losses)), make([]float64, len(losses))
			for begin := 0; begin < len(losses); begin += 1000 {
				end := begin + 1000
				whole.Steps(losses[begin:end], scales[begin:end], upper[begin:end])
			}
			var scale [1]float64
			for i := range losses {
				if s := one.Step(losses[i:i+1], scale[:]); scales[i] != scale[0] || upper[i] != s.Limits.Upper {
					t.Fatalf("%s, step %d: scale %v below %v, and alone %v below %v", v.name, i, scales[i], upper[i], scale[0], s.Limits.Upper)
				}
			}
			if !reflect.DeepEqual(whole.State(), one.State()) || whole.Limits() != one.Limits() {
				t.Errorf("%s: %+v, and step by step %+v", v.name, whole.State(), one.State())
			}
		}
	}
}

// TestStepIsScalesAndObserve compares every bit of both ways to step, for batches of one loss and of several.
func TestStepIsScalesAndObserve(t *testing.T) {
	for _, v := range variants() {
		for _, moments := range []*alrc.Moments{nil, alrc.Published()} {
			for _, batch := range []int{1, 3} {
				random := rand.New(rand.NewPCG(3, uint64(batch)))
				whole, parts := v.new(t, moments), v.new(t, moments)
				losses := make([]float64, batch)
				scales, again := make([]float64, batch), make([]float64, batch)
				for step := range 5000 {
					for i := range losses {
						losses[i] = 1 + 10*random.ExpFloat64()
						if step > 2000 && random.IntN(50) == 0 {
							losses[i] = oddLosses[random.IntN(len(oddLosses))]
						}
					}
					got, want := whole.Step(losses, scales), parts.Scales(losses, again)
					if err := parts.Observe(want); err != nil {
						t.Fatal(err)
					}
					if !reflect.DeepEqual(scales, again) || got != want || math.Signbit(got.Sum) != math.Signbit(want.Sum) {
						t.Fatalf("%s, step %d of %v: scales %v and %+v, and in parts %v and %+v", v.name, step, losses, scales, got, again, want)
					}
					if whole.Limits() != parts.Limits() || !reflect.DeepEqual(whole.State(), parts.State()) {
						t.Fatalf("%s, step %d of %v: %+v, and in parts %+v", v.name, step, losses, whole.State(), parts.State())
					}
				}
			}
		}
	}
}
