package kriging

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkComplete is the time for lattices of which every fifth pixel or so was seen.
func BenchmarkComplete(b *testing.B) {
	for _, side := range []int{64, 512, 4096} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			pixels, mask := make([]float32, side*side), make([]float32, side*side)
			for i := range pixels {
				x, y := float64(i%side), float64(i/side)
				pixels[i] = float32(0.3*math.Cos(x/2)*math.Cos(y/2.5) + 0.2*math.Sin(x/90+y/70) + 0.2*random.NormFloat64())
				if random.Float64() < 0.2 {
					mask[i] = 1
				}
			}
			for b.Loop() {
				e, err := Complete(context.Background(), pixels, mask, side, side, Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(e.Iterations), "iterations")
			}
		})
	}
}
