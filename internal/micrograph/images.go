package micrograph

import (
	"math"

	"alrc/internal/imagefile"
)

// Images is a fixed collection of images of one channel, of sizes that may differ, scaled to [-1, 1] each as
// [IntensityRange] has it. Its methods may be called by several goroutines at a time.
type Images interface {
	// Len is the number of images.
	Len() int
	// Size is that of image i in pixels.
	Size(i int) (height, width int)
	// Crop fills pixels, [height,width], with the part of image i that begins at a row and a column.
	Crop(i, top, left, height, width int, pixels []float32) error
	// ID says which image i is: a file's path, with the page of those that have several, or "procedural:17".
	ID(i int) string
	// Name says in a few words what the images are.
	Name() string
	// Hash is the hexadecimal SHA-256 of the images' content: the same images have the same hash wherever they lie.
	Hash() string
}

// IntensityRange is what [-1, 1] stands for in an image: from its 0.1 % percentile to its 99.9 % one, widened by a tenth of
// that on both sides, so that neither hot nor dead pixels decide it, and so that it is about the same whether all pixels
// are known or a scan of them. Where nearly all pixels are alike it is from the smallest value to the largest. Values that
// are not finite count for nothing; without finite ones it is 0 to 0.
func IntensityRange(pixels []float32) (low, high float64) {
	s, ok := imagefile.SpreadOf(pixels)
	if !ok {
		return 0, 0
	}
	if margin := (s.Outer - s.Inner) / 10; margin > 0 {
		return s.Inner - margin, s.Outer + margin
	}
	return s.Low, s.High
}

// ScaleIntensity turns low to high into -1 to 1, in place. Values beyond become -1 or 1, and where low is high, or a value is
// not a number, it is 0.
func ScaleIntensity(pixels []float32, low, high float64) {
	if !(high > low) {
		clear(pixels)
		return
	}
	factor := 2 / (high - low)
	for i, value := range pixels {
		scaled := float64((float64(value)-low)*factor) - 1
		if math.IsNaN(scaled) {
			scaled = 0
		}
		pixels[i] = float32(max(-1, min(scaled, 1)))
	}
}

// unscaleIntensity turns -1 to 1 into low to high, in place.
func unscaleIntensity(pixels []float32, low, high float64) {
	for i, value := range pixels {
		pixels[i] = float32(low + float64((float64(value)+1)*(high-low)/2))
	}
}
