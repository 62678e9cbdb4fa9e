package micrograph

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// What a training step waits for at most: a batch of one crop.
func BenchmarkExamples(b *testing.B) {
	train, _ := generated(b)
	for _, bench := range []struct {
		name   string
		varied bool
	}{{"fixed mask", false}, {"varied masks", true}} {
		b.Run(bench.name, func(b *testing.B) {
			const side = 256
			examples, err := NewExamples(train, Scan{Kind: Spiral, Coverage: DefaultCoverage, Varied: bench.varied}, side, 0, true)
			if err != nil {
				b.Fatal(err)
			}
			input, target := make([]float32, 2*side*side), make([]float32, side*side)
			for i := range b.N {
				if _, err := examples.Read(int64(i%16), input, target, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBaselines measures how near completions without a network come to generated micrographs that are held out, and how
// long they take; each round is another crop.
func BenchmarkBaselines(b *testing.B) {
	const side = 128
	_, test, err := NewProcedural(0, side, 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{Spiral, Grid, Lines} {
		examples, err := NewExamples(test, Scan{Kind: kind, Coverage: DefaultCoverage}, side, 0, false)
		if err != nil {
			b.Fatal(err)
		}
		for _, method := range Baselines(1) {
			b.Run(kind+"/"+method.Name, func(b *testing.B) {
				results, err := method.Evaluate(context.Background(), examples, b.N, EvaluateOptions{})
				if err != nil {
					b.Fatal(err)
				}
				var raw, blurred, ssim float64
				for _, c := range results {
					raw += c.Raw.MSE
					blurred += c.Blurred.MSE
					ssim += c.Blurred.SSIM
				}
				b.ReportMetric(raw/float64(b.N), "MSE")
				b.ReportMetric(blurred/float64(b.N), "blurred-MSE")
				b.ReportMetric(ssim/float64(b.N), "blurred-SSIM")
			})
		}
	}
}

// BenchmarkBilinear is the time for a large scan.
func BenchmarkBilinear(b *testing.B) {
	for _, side := range []int{512, 4096} {
		for _, coverage := range []float64{0.05, 0.25} {
			b.Run(fmt.Sprintf("%dx%d, %v", side, side, coverage), func(b *testing.B) {
				pixels, mask := make([]float32, side*side), make([]float32, side*side)
				if err := (Scan{Kind: Spiral, Coverage: coverage}).Mask(0, side, side, mask); err != nil {
					b.Fatal(err)
				}
				for i := range pixels {
					pixels[i] = float32(math.Sin(float64(i)))
				}
				for b.Loop() {
					if _, err := completeBilinear(pixels, mask, side, side); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
