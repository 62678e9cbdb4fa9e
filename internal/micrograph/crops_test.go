package micrograph

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/imagefile"
)

func TestOrient(t *testing.T) {
	var seen [][]float32
	for symmetry := range 8 {
		pixels := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
		orient(pixels, 3, symmetry)
		if slices.ContainsFunc(seen, func(other []float32) bool { return slices.Equal(other, pixels) }) {
			t.Errorf("symmetry %d is the same as an earlier one", symmetry)
		}
		// Neighbours stay neighbours: 5 in the middle, even numbers at its sides.
		if pixels[4] != 5 || int(pixels[1])%2 != 0 || int(pixels[3])%2 != 0 || pixels[1]+pixels[7] != 10 || pixels[0]+pixels[8] != 10 {
			t.Errorf("symmetry %d gives %v", symmetry, pixels)
		}
		seen = append(seen, pixels)
	}
}

func TestCrops(t *testing.T) {
	const side = 16
	dir := t.TempDir()
	saveTIFF(t, filepath.Join(dir, "big.tif"), 40, 70, testPixels(1, 40, 70))
	saveTIFF(t, filepath.Join(dir, "exact.tif"), side, side, testPixels(2, side, side))
	saveTIFF(t, filepath.Join(dir, "test.tif"), side, side, testPixels(3, side, side))
	train, _, _, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: filepath.Join(dir, "test.tif")}, side)
	if err != nil {
		t.Fatal(err)
	}
	crops, err := newCrops(train, side, 7, true)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := newCrops(train, side, 7, true)
	other, _ := newCrops(train, side, 8, true)
	counts, symmetries, differ := map[string]int{}, map[int]int{}, 0
	const epochs = 50
	for position := int64(epochs*9 - 1); position >= 0; position-- { // 4 * 2 crops of the large one, 1 of the small
		pixels := make([]float32, side*side)
		crop, err := crops.Read(position, pixels)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, side*side)
		if err := train.Crop(crop.Image, crop.Top, crop.Left, side, side, want); err != nil {
			t.Fatal(err)
		}
		if orient(want, side, crop.Symmetry); !slices.Equal(pixels, want) {
			t.Fatalf("position %d is not the crop %+v", position, crop)
		}
		if again.At(position) != crop {
			t.Fatalf("position %d is %+v, and then %+v", position, crop, again.At(position))
		}
		if other.At(position) != crop {
			differ++
		}
		counts[filepath.Base(train.ID(crop.Image))]++
		symmetries[crop.Symmetry]++
	}
	if counts["big.tif"] != 8*epochs || counts["exact.tif"] != epochs {
		t.Errorf("in %d epochs there are %v", epochs, counts)
	}
	if len(symmetries) != 8 || differ < epochs*8 {
		t.Errorf("symmetries %v; another seed differs at %d positions", symmetries, differ)
	}
	plain, _ := newCrops(train, side, 7, false)
	for position := range int64(20) {
		if plain.At(position).Symmetry != 0 {
			t.Fatal("a crop is turned where it should not be")
		}
	}
	if _, err := newCrops(train, 17, 0, false); err == nil || !strings.Contains(err.Error(), "exact.tif") {
		t.Errorf("crops that are too large: %v", err)
	}
}
