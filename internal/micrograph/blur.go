package micrograph

import "math"

// blurWeights are a Gaussian's of a standard deviation of 2.5 pixels at 5 pixels, from the middle on.
var blurWeights = func() [3]float32 {
	w1, w2 := math.Exp(-1/(2*2.5*2.5)), math.Exp(-4/(2*2.5*2.5))
	sum := 1 + 2*w1 + 2*w2
	return [3]float32{float32(1 / sum), float32(w1 / sum), float32(w2 / sum)}
}()

// blur makes a target of a micrograph, [height,width]: a convolution with a 5x5 Gaussian of a standard deviation of 2.5
// pixels. At the borders the image is continued by its reflection. (Ede and Beanland 2020, experiment 3.)
func blur(dst, src []float32, height, width int) {
	blurred := make([]float32, len(src)) // along rows
	weigh := func(a2, a1, b, c1, c2 float32) float32 {
		return float32(blurWeights[0]*b) + float32(blurWeights[1]*(a1+c1)) + float32(blurWeights[2]*(a2+c2))
	}
	for y := range height {
		row, out := src[y*width:][:width], blurred[y*width:][:width]
		for x := range out {
			if x >= 2 && x < width-2 {
				out[x] = weigh(row[x-2], row[x-1], row[x], row[x+1], row[x+2])
			} else {
				out[x] = weigh(row[reflect(x-2, width)], row[reflect(x-1, width)], row[x], row[reflect(x+1, width)], row[reflect(x+2, width)])
			}
		}
	}
	line := func(y int) []float32 { return blurred[reflect(y, height)*width:][:width] }
	for y := range height {
		a2, a1, b, c1, c2 := line(y-2), line(y-1), line(y), line(y+1), line(y+2)
		out := dst[y*width:][:width]
		for x := range out {
			out[x] = weigh(a2[x], a1[x], b[x], c1[x], c2[x])
		}
	}
}

// reflect is the place in 0..n-1 where a place outside is seen in mirrors at the first and the last one.
func reflect(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i %= period
	if i < 0 {
		i += period
	}
	return min(i, period-i)
}

// Halve makes an image of half the height and width, each pixel the mean of four. An odd last row or column is left out.
func Halve(dst, src []float32, height, width int) {
	for y := range height / 2 {
		top, bottom := src[2*y*width:][:width], src[(2*y+1)*width:][:width]
		for x := range width / 2 {
			dst[y*(width/2)+x] = (top[2*x] + top[2*x+1] + bottom[2*x] + bottom[2*x+1]) / 4
		}
	}
}
