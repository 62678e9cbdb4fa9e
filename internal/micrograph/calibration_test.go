package micrograph

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// BenchmarkCalibration measures on generated micrographs how many of the unseen pixels lie in kriging's 90 % interval: of all images,
// of the one with the fewest, and how many images are more than 3 points off; and how far completions are from those pixels beside
// those of linear interpolation. Each round is another image, none of those that deviations were looked at when they were made.
func BenchmarkCalibration(b *testing.B) {
	const side = 256
	_, test, err := NewProcedural(0, side, 0)
	if err != nil {
		b.Fatal(err)
	}
	truth := make([]float32, side*side)
	const first = 40
	for _, kind := range []string{Spiral, Grid, Lines} {
		for _, coverage := range []float64{0.05, 0.1, 0.25} {
			b.Run(fmt.Sprintf("%s/%v", kind, coverage), func(b *testing.B) {
				method, linear := Kriging(MethodOptions{Deviation: true}), Linear()
				var inside, unseen, worst, off, kriged, interpolated float64
				worst = 1
				for i := range b.N {
					if err := test.Crop((first+i)%test.Len(), 0, 0, side, side, truth); err != nil {
						b.Fatal(err)
					}
					mask := make([]float32, side*side)
					if err := (Scan{Kind: kind, Coverage: coverage, Seed: uint64(i)}).Mask(0, side, side, mask); err != nil {
						b.Fatal(err)
					}
					c, err := method.Complete(context.Background(), truth, mask, side, side)
					if err != nil {
						b.Fatal(err)
					}
					var in, of float64
					for at, value := range truth {
						if mask[at] > 0 {
							continue
						}
						of++
						if math.Abs(float64(value-c.Pixels[at])) <= normal90*float64(c.Deviation[at]) {
							in++
						}
					}
					inside, unseen, worst = inside+in, unseen+of, min(worst, in/of)
					if math.Abs(in/of-0.9) > 0.03 {
						off++
					}
					other, err := linear.Complete(context.Background(), truth, mask, side, side)
					if err != nil {
						b.Fatal(err)
					}
					c.keep(truth, mask)
					kriged += method.Compare(c.Pixels, truth, side, side).Blurred.MSE
					interpolated += linear.Compare(other.Pixels, truth, side, side).Blurred.MSE
				}
				b.ReportMetric(100*inside/unseen, "%-inside")
				b.ReportMetric(100*worst, "%-inside-of-the-worst")
				b.ReportMetric(off, "images-off")
				b.ReportMetric(1000*kriged/float64(b.N), "kriging-MSE/1000")
				b.ReportMetric(1000*interpolated/float64(b.N), "linear-MSE/1000")
			})
		}
	}
}
