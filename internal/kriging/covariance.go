package kriging

import (
	"math"

	"alrc/internal/fourier"
)

// What the estimate of the covariance is tapered with, and where it ends, in pixels. Fewer pairs of seen pixels than fewestPairs
// say nothing about a lag.
const (
	taper       = 48
	reach       = 128
	fewestPairs = 20
)

// covariance is a function of the lag between two pixels, on the transform's rectangle around which it is periodic.
type covariance struct {
	t      *fourier.Transform // of the whole rectangle
	values []float64
	// reach is the largest lag down and along that it has values for.
	reachDown, reachAlong int
}

func newCovariance(t *fourier.Transform) *covariance {
	c := &covariance{t: t.Whole(), values: make([]float64, t.Rows*t.Columns)}
	c.reachDown, c.reachAlong = min(t.Rows-t.Height, t.Height-1), min(t.Columns-t.Width, t.Width-1)
	return c
}

func (c *covariance) at(down, along int) int {
	if down < 0 {
		down += c.t.Rows
	}
	if along < 0 {
		along += c.t.Columns
	}
	return down*c.t.Columns + along
}

// lags calls f for each lag that there are values for, a row at a time, by several goroutines.
func (c *covariance) lags(f func(at, down, along int)) {
	c.t.Each(2*c.reachDown+1, func(i int) {
		down := i - c.reachDown
		for along := -c.reachAlong; along <= c.reachAlong; along++ {
			f(c.at(down, along), down, along)
		}
	})
}

// products puts the sums of products of pixels at each lag, the inverse transform of a spectrum's squares, into values.
func (c *covariance) products(values []float64, spectrum fourier.Spectrum) {
	size := c.t.BlockSize()
	c.t.Each(c.t.Blocks(), func(i int) {
		re, im := spectrum.Re[i*size:][:size], spectrum.Im[i*size:][:size]
		for k, value := range re {
			re[k], im[k] = value*value+im[k]*im[k], 0
		}
	})
	c.t.Inverse(values, spectrum)
}

// ofScan estimates the covariance of z where it was seen, and 0 elsewhere; seen is 1 or 0.
func (c *covariance) ofScan(t *fourier.Transform, z, seen []float64, room fourier.Spectrum) {
	pairs := make([]float64, len(c.values))
	t.Forward(room, seen)
	c.products(pairs, room)
	t.Forward(room, z)
	c.products(c.values, room)
	sums := c.values
	c.values = make([]float64, len(sums))
	c.lags(func(at, _, _ int) {
		if n := math.Round(pairs[at]); n >= fewestPairs {
			c.values[at] = sums[at] / n
		}
	})
}

// ofImage estimates it of an image without holes.
func (c *covariance) ofImage(t *fourier.Transform, image []float64, room fourier.Spectrum) {
	t.Forward(room, image)
	sums := make([]float64, len(c.values))
	c.products(sums, room)
	clear(c.values)
	c.lags(func(at, down, along int) {
		n := (t.Height - abs(down)) * (t.Width - abs(along))
		if n >= fewestPairs {
			c.values[at] = sums[at] / float64(n)
		}
	})
}

func abs(i int) int { return max(i, -i) }

// splitNoise takes what a pixel varies by on its own off the covariance at lag 0, which becomes that of what neighbours have in
// common: a parabola through the lags of up to 3 pixels, continued to 0. It returns the noise's variance.
func (c *covariance) splitNoise() float64 {
	var n, sumX, sumY, sumXX, sumXY float64
	for down := -min(3, c.reachDown); down <= min(3, c.reachDown); down++ {
		for along := -min(3, c.reachAlong); along <= min(3, c.reachAlong); along++ {
			x, y := float64(down*down+along*along), c.values[c.at(down, along)]
			if x == 0 || x > 9 || y == 0 {
				continue
			}
			n++
			sumX, sumY, sumXX, sumXY = sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
		}
	}
	total := c.values[0]
	common := 0.7 * total
	if spread := n*sumXX - sumX*sumX; n >= 4 && spread > 0 {
		slope := (n*sumXY - sumX*sumY) / spread
		common = (sumY - slope*sumX) / n
	}
	common = max(0.02*total, min(common, 0.995*total))
	c.values[0] = common
	return total - common
}

// spectrum puts the root of the power spectrum into root: the transform of the tapered covariance, without what noise in the
// estimate makes negative, and as much as comes to the same variance. With cut, as much as is negative is also taken off what is
// positive. The variance is that at lag 0; it must be positive.
func (c *covariance) spectrum(root []float64, cut bool, room fourier.Spectrum) {
	variance := c.values[0]
	c.lags(func(at, down, along int) {
		c.values[at] *= math.Exp(-float64(down*down+along*along) / (2 * taper * taper))
	})
	c.t.Forward(room, c.values)
	power := room.Re
	var negative, count float64
	if cut {
		for i, value := range power {
			if weight := c.t.Weight(i); value < 0 {
				negative += weight * value * value
				count += weight
			}
		}
	}
	if count > 0 {
		negative = math.Sqrt(negative / count)
	}
	var sum, highest float64
	for i, value := range power {
		power[i] = max(0, value-negative)
		sum += c.t.Weight(i) * power[i]
		highest = max(highest, power[i])
	}
	if sum == 0 {
		// Nothing but noise in the estimate: neighbours have nothing in common.
		for i := range power {
			power[i] = 1
		}
		sum, highest = float64(c.t.Rows*c.t.Columns), 1
	}
	factor := variance * float64(c.t.Rows*c.t.Columns) / sum
	for i, value := range power {
		root[i] = math.Sqrt(factor * (value + 1e-6*highest))
	}
}
