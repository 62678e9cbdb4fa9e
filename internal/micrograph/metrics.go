package micrograph

import "math"

// Range is the width of the range of scaled micrographs, [-1, 1], that PSNR and SSIM are relative to.
const Range = 2

// MSE is the mean squared difference of two images.
func MSE(a, b []float32) float64 {
	var sum float64
	for i, value := range a {
		d := float64(value) - float64(b[i])
		sum += d * d
	}
	return sum / float64(len(a))
}

// PSNR is the peak signal-to-noise ratio in decibels of a mean squared error of images in [-1, 1]: 10 log10(Range^2 / MSE).
func PSNR(mse float64) float64 { return 10 * math.Log10(Range*Range/mse) }

// SSIM is the structural similarity of two images in [-1, 1], [height,width]: the mean over all places of a Gaussian window of
// 11x11 pixels and a standard deviation of 1.5 that lie inside the image, with C1 = (0.01 Range)^2 and C2 = (0.03 Range)^2.
// Smaller images have a smaller window, cut at its sides. (Wang, Bovik, Sheikh and Simoncelli 2004.)
func SSIM(a, b []float32, height, width int) float64 {
	const c1, c2 = (0.01 * Range) * (0.01 * Range), (0.03 * Range) * (0.03 * Range)
	reach := min(5, (height-1)/2, (width-1)/2)
	window := make([]float64, 2*reach+1)
	var sum float64
	for i := range window {
		window[i] = math.Exp(-float64((i-reach)*(i-reach)) / (2 * 1.5 * 1.5))
		sum += window[i]
	}
	for i := range window {
		window[i] /= sum
	}
	// The windows' means of a, b, a^2, b^2 and ab: along rows for every row, then down columns.
	inner := width - 2*reach
	var along [5][]float64
	for k := range along {
		along[k] = make([]float64, height*inner)
	}
	for y := range height {
		rowA, rowB := a[y*width:][:width], b[y*width:][:width]
		for x := range inner {
			var m [5]float64
			for i, weight := range window {
				va, vb := float64(rowA[x+i]), float64(rowB[x+i])
				m[0] += weight * va
				m[1] += weight * vb
				m[2] += weight * va * va
				m[3] += weight * vb * vb
				m[4] += weight * va * vb
			}
			for k := range m {
				along[k][y*inner+x] = m[k]
			}
		}
	}
	var total float64
	for y := range height - 2*reach {
		for x := range inner {
			var m [5]float64
			for i, weight := range window {
				for k := range m {
					m[k] += weight * along[k][(y+i)*inner+x]
				}
			}
			varA, varB, cov := m[2]-m[0]*m[0], m[3]-m[1]*m[1], m[4]-m[0]*m[1]
			total += (2*m[0]*m[1] + c1) * (2*cov + c2) / ((m[0]*m[0] + m[1]*m[1] + c1) * (varA + varB + c2))
		}
	}
	return total / float64((height-2*reach)*inner)
}
