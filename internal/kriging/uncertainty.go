package kriging

import "math"

// fewNearby is the share of seen pixels about a place below which they do not tell how the image varies there.
const fewNearby = 1e-5

// deviation puts the standard deviation of a wholly seen pixel about the estimate into out: of so many samples of the field, and
// of the noise; more where the scan varies more than elsewhere, and less where it varies less.
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
	local := f.localVariance()
	for i, value := range variance {
		out[i] = float32(math.Sqrt((max(0, value) + f.noise(1)) * math.Sqrt(local[i])))
	}
}

// localVariance is that of the seen pixels about each place, relative to that of all. A field has the same variance everywhere, and an
// image of an edge, or of a lattice and vacuum, has not. What is about a place, as far as the covariance reaches, is no more than a
// hint, so that deviation goes half of the way: by the geometric mean of this and 1.
func (f *field) localVariance() []float64 {
	squares, seen := make([]float64, len(f.z)), make([]float64, len(f.z))
	var total, count float64
	for i, m := range f.mask {
		if m > 0 {
			squares[i], seen[i] = f.z[i]*f.z[i], 1
			total, count = total+squares[i], count+1
		}
	}
	blur(f.system.t, squares, taper, f.system.q)
	blur(f.system.t, seen, taper, f.system.q)
	for i, weight := range seen {
		squares[i] = max(1e-3, (squares[i]*count/total+fewNearby)/(max(0, weight)+fewNearby))
	}
	return squares
}
