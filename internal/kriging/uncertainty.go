package kriging

import "math"

// deviation puts the standard deviation of a wholly seen pixel about the estimate into out: of so many samples of the field, and
// of the noise.
func (f *field) deviation(out []float32, samples int) {
	n := f.height * f.width
	image, sum, squares, ones := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for range samples {
		f.sample(image, sampleTolerance, iterationLimit)
		for i, value := range image {
			sum[i] += value
			squares[i] += value * value
		}
	}
	for i := range sum {
		squares[i] = max(0, squares[i]-sum[i]*sum[i]/float64(samples)) / float64(max(1, samples-1))
		ones[i] = 1
	}
	// Few samples say little about a single pixel, and neighbours are about as certain.
	variance := smoothed(f.system.t, squares, ones, 2, f.system.q)
	for i, value := range variance {
		out[i] = float32(math.Sqrt(max(0, value) + f.noise(1)))
	}
}
