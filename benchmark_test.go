package alrc_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"alrc"
)

// BenchmarkStep is a step in which nothing is clipped, as nearly all are, and one in which a loss of each batch is.
func BenchmarkStep(b *testing.B) {
	for _, spiked := range []bool{false, true} {
		for _, batch := range []int{1, 64, 4096} {
			random := rand.New(rand.NewPCG(1, 2))
			losses := make([]float64, batch)
			for i := range losses {
				losses[i] = 5 + random.Float64()
			}
			if spiked {
				losses[batch/2] = 1e3
			}
			single := make([]float32, batch)
			for i, loss := range losses {
				single[i] = float32(loss)
			}
			for _, variant := range variants() {
				name := fmt.Sprintf("%s/spiked=%v/batch=%d", variant.name, spiked, batch)
				b.Run(name+"/float64", func(b *testing.B) {
					clipper := variant.new(b, alrc.Published())
					scales := make([]float64, batch)
					for b.Loop() {
						clipper.Step(losses, scales)
					}
				})
				b.Run(name+"/float32", func(b *testing.B) {
					clipper := variant.new(b, alrc.Published())
					scales := make([]float32, batch)
					for b.Loop() {
						clipper.Step32(single, scales)
					}
				})
			}
		}
	}
}
