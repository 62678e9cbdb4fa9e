package micrograph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Tiles fill the pixels that the triangulation of the whole scan does, with the same values, but for squares of four points that can
// be cut in two ways; there, too, a plane is a plane.
func TestTilesInterpolateAsTheWhole(t *testing.T) {
	const height, width = 160, 210
	random := rand.New(rand.NewPCG(1, 2))
	scattered := make([]float32, height*width)
	for i := range scattered {
		// All but a frame on the left and at the top, which lies outside of the hull.
		if i%width > 20 && i/width > 15 && random.Float64() < 0.03 {
			scattered[i] = 1
		}
	}
	masks := map[string][]float32{"scattered": scattered}
	for _, kind := range []string{Spiral, Grid, Lines} {
		for _, coverage := range []float64{0.02, 0.1, 0.25} {
			masks[fmt.Sprint(kind, coverage)] = scanMask(t, kind, coverage, height, width)
		}
	}
	for name, mask := range masks {
		for _, plane := range []bool{true, false} {
			_, scan := surface(mask, height, width, func(x, y float64) float64 {
				if plane {
					return x - 2*y
				}
				return math.Sin(20*x) * math.Cos(30*y)
			})
			want, got := make([]float32, len(mask)), make([]float32, len(mask))
			filledWhole, filledTiles := make([]bool, len(mask)), make([]bool, len(mask))
			interpolateWhole(want, filledWhole, scan, mask, height, width)
			if !interpolateTiles(got, filledTiles, scan, mask, height, width) {
				t.Fatalf("%s: tiles are no help", name)
			}
			unlike, count := 0, 0
			for i := range mask {
				if mask[i] > 0 {
					continue
				}
				if filledTiles[i] != filledWhole[i] {
					t.Fatalf("%s: pixel %d,%d is filled: %v, and by the whole: %v", name, i/width, i%width, filledTiles[i], filledWhole[i])
				}
				count++
				if d := math.Abs(float64(got[i] - want[i])); d > 1e-6 {
					unlike++
					if plane || d > 0.5 {
						t.Fatalf("%s: pixel %d,%d is %v, and by the whole %v", name, i/width, i%width, got[i], want[i])
					}
				}
			}
			if unlike > count/10 {
				t.Errorf("%s: %d pixels of %d are others", name, unlike, count)
			}
		}
	}
	// What lies in line has no triangles.
	line := make([]float32, height*width)
	for x := range width {
		line[7*width+x] = 1
	}
	if hullOf(line, height, width) != nil {
		t.Error("a line has a hull")
	}
}
