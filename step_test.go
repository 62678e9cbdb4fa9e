package alrc_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"alrc"
)

// TestStepIsScalesAndObserve compares every bit of both ways to step, for batches of one loss and of several.
func TestStepIsScalesAndObserve(t *testing.T) {
	odd := []float64{0, math.Copysign(0, -1), alrc.LargestLoss, -alrc.LargestLoss, 2 * alrc.LargestLoss, -math.MaxFloat64,
		math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64}
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
							losses[i] = odd[random.IntN(len(odd))]
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
