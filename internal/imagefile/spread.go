package imagefile

import (
	"math"
	"slices"

	"alrc/internal/random"
)

// Spread says where an image's finite values lie: Low and High are the smallest and the largest, and Inner and Outer the 0.1 % and
// the 99.9 % percentile, between which hot and dead pixels are not.
type Spread struct{ Low, Inner, Outer, High float64 }

// SpreadOf measures an image. It is false where no value is finite. Percentiles are those of a sample of about 16,384 pixels.
func SpreadOf(pixels []float32) (s Spread, ok bool) {
	s.Low, s.High = math.Inf(1), math.Inf(-1)
	for _, value := range pixels {
		if Finite(value) {
			s.Low, s.High = min(s.Low, float64(value)), max(s.High, float64(value))
		}
	}
	if s.Low > s.High {
		return Spread{}, false
	}
	// One value of each of so many equal parts, at a place in it that no period of the image can be in step with.
	const parts = 1 << 14
	step := max(1, len(pixels)/parts)
	sample := make([]float32, 0, min(len(pixels), 2*parts))
	for i := 0; i+step <= len(pixels); i += step {
		if value := pixels[i+int(random.Mix(uint64(i))%uint64(step))]; Finite(value) {
			sample = append(sample, value)
		}
	}
	if len(sample) > 0 {
		slices.Sort(sample)
		edge := len(sample) / 1000
		s.Inner, s.Outer = float64(sample[edge]), float64(sample[len(sample)-1-edge])
	}
	return s, true
}

// Finite reports whether a value is neither infinite nor NaN.
func Finite(value float32) bool { return value-value == 0 }
