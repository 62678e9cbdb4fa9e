package micrograph

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Few electrons, counted, are to learn from; what a scan sees of a micrograph, and the scan's mask, are not.
func TestFewElectrons(t *testing.T) {
	const side = 128
	random := rand.New(rand.NewPCG(3, 4))
	image := func(at func(y, x int) float32) []float32 {
		pixels := make([]float32, side*side)
		for i := range pixels {
			pixels[i] = at(i/side, i%side)
		}
		return pixels
	}
	lattice := func(y, x int) float64 {
		return 1 + 0.9*math.Sin(2*math.Pi*float64(x)/12)*math.Sin(2*math.Pi*float64(y)/12)
	}
	poisson := func(mean float64) (count float32) {
		for product := random.Float64(); product > math.Exp(-mean); product *= random.Float64() {
			count++
		}
		return count
	}
	mask := map[string][]float32{}
	for _, kind := range []string{Spiral, Grid, Lines} {
		mask[kind] = scanMask(t, kind, 0.1, side, side)
	}
	for name, test := range map[string]struct {
		pixels []float32
		usable bool
	}{
		"0.05 electrons":          {image(func(y, x int) float32 { return poisson(0.05 * lattice(y, x)) }), true},
		"0.2 electrons":           {image(func(y, x int) float32 { return poisson(0.2 * lattice(y, x)) }), true},
		"0.2, of a gain":          {image(func(y, x int) float32 { return 37.5 * poisson(0.2*lattice(y, x)) }), true},
		"beside vacuum":           {image(func(y, x int) float32 { return poisson(0.01 + 0.3*float64(x/64)) }), true},
		"spiral of counts":        {image(func(y, x int) float32 { return float32(math.Ceil(float64(mask[Spiral][y*side+x]))) * poisson(3) }), false},
		"grid of a smooth image":  {image(func(y, x int) float32 { return mask[Grid][y*side+x] * float32(100*lattice(y, x)) }), false},
		"lines of counts":         {image(func(y, x int) float32 { return float32(math.Ceil(float64(mask[Lines][y*side+x]))) * poisson(0.9) }), false},
		"a spiral's mask":         {mask[Spiral], false},
		"a mask of random points": {image(func(y, x int) float32 { return float32(random.IntN(10) / 9) }), false},
	} {
		err := unusable(test.pixels, side, side)
		if usable := err == nil; usable != test.usable || err != nil && !strings.Contains(err.Error(), "mask or a partial scan") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
