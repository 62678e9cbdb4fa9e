package micrograph

import (
	"crypto/sha256"
	"math"
	"slices"
	"testing"
)

func TestProceduralMicrographs(t *testing.T) {
	const side = proceduralSide
	train, test, err := NewProcedural(3, 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	read := func(m Images, i int) []float32 {
		pixels := make([]float32, side*side)
		if err := m.Crop(i, 0, 0, side, side, pixels); err != nil {
			t.Fatal(err)
		}
		return pixels
	}
	seen := map[[sha256.Size]byte]bool{}
	for i := range 12 {
		for _, m := range []Images{train, test} {
			pixels := read(m, i)
			if err := unusable(pixels, side, side); err != nil {
				t.Errorf("%s: %v", m.ID(i), err)
			}
			var sum, squares float64
			for _, value := range pixels {
				if !(value >= -1 && value <= 1) {
					t.Fatalf("%s has a pixel of %v", m.ID(i), value)
				}
				sum += float64(value)
				squares += float64(value) * float64(value)
			}
			mean := sum / side / side
			if deviation := math.Sqrt(squares/side/side - mean*mean); deviation < 0.1 {
				t.Errorf("%s has hardly any contrast: %v", m.ID(i), deviation)
			}
			seen[hashPixels(pixels, side, side)] = true
		}
	}
	if len(seen) != 24 {
		t.Errorf("%d images are different, of 24", len(seen))
	}
	// Images come out the same whether kept or made again, and in whatever order.
	fresh, _, _ := NewProcedural(3, 64, 0)
	if !slices.Equal(read(fresh, 11), read(train, 11)) || !slices.Equal(read(fresh, 2), read(train, 2)) {
		t.Error("the same seed gives other images")
	}
	other, _, _ := NewProcedural(4, 64, 0)
	if other.Hash() == train.Hash() || slices.Equal(read(other, 0), read(train, 0)) {
		t.Error("another seed gives the same images")
	}
	for _, dose := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, _, err := NewProcedural(0, 64, dose); err == nil {
			t.Errorf("a dose of %v was taken", dose)
		}
	}
}

// More electrons, less noise: the stated dose decides how far neighbours are apart.
func TestProceduralMicrographDose(t *testing.T) {
	noise := func(dose float64) float64 {
		train, _, err := NewProcedural(0, 64, dose)
		if err != nil {
			t.Fatal(err)
		}
		pixels := make([]float32, 256*256)
		var sum float64
		for i := range 6 {
			train.Crop(i, 0, 0, 256, 256, pixels)
			for j := 1; j < len(pixels); j++ {
				sum += math.Abs(float64(pixels[j] - pixels[j-1]))
			}
		}
		return sum
	}
	if low, high := noise(3), noise(3000); low < 1.5*high {
		t.Errorf("differences are %v at 3 electrons a pixel and %v at 3,000", low, high)
	}
}
