package dataset

import (
	"errors"
	"math"

	"alrc/internal/imagefile"
)

// raster is an image as it was decoded, of any size.
type raster struct {
	width, height, channels int
	// whole says that the source has 8 bits, so that whole numbers are all there is to keep.
	whole bool
	// row fills pixels with a part of row y from column left on: [W,C], values from 0 to 255.
	row func(pixels []float32, y, left int)
}

// rasterOf scales an image's values to 0..255. What has a white is scaled by that. Measurements, of which no two instruments use
// the same part of a range, are each scaled by their own, from the smallest value to the largest, but for outliers such as hot
// pixels: those farther from the middle 99.8 % of the values than these are wide. Numbers that are not finite become black, or
// white for +Inf.
func rasterOf(m *imagefile.Image) (*raster, error) {
	low, high := 0.0, m.White
	if m.White == 0 {
		s, ok := imagefile.SpreadOf(m.Pixels())
		if !ok {
			return nil, errors.New("none of its pixels is a finite number")
		}
		low, high = s.Low, s.High
		if width := s.Outer - s.Inner; width > 0 {
			low, high = max(low, s.Inner-width), min(high, s.Outer+width)
		}
	}
	span := high - low
	if span == 0 {
		span = 1 // The image has one value, and becomes black.
	}
	row := func(pixels []float32, y, left int) {
		m.Row(pixels, y, left)
		for i, pixel := range pixels {
			value := float64(pixel) - low
			if !(value > 0) { // NaN too
				value = 0
			}
			pixels[i] = float32(min(value, high-low) * 255 / span)
		}
	}
	return &raster{width: m.Width, height: m.Height, channels: m.Channels, whole: m.Whole, row: row}, nil
}

// square makes [size,size,C] of the largest square in the middle of an image at least as large, values from 0 to 255.
//
// Samples are weighted by a cubic kernel (Keys 1981, a = -1/2: Catmull and Rom's) that is widened by the ratio of the sizes. It
// keeps more of the fine detail, which experiment 1 is about, than averaging does, and lets less of what is too fine for
// the new size through as false patterns. Images of the size asked for come through unchanged. golang.org/x/image/draw has
// the same kernel for 8 and 16-bit images only.
func (r *raster) square(size int) []float32 {
	side := min(r.width, r.height)
	top, left := (r.height-side)/2, (r.width-side)/2
	taps := cubicWindows(side, size)
	line := make([]float32, side*r.channels)
	narrow := make([]float32, side*size*r.channels)
	for y := range side {
		r.row(line, top+y, left)
		out := narrow[y*size*r.channels:][:size*r.channels]
		for x, t := range taps {
			for c := range r.channels {
				var sum float64
				at := t.first*r.channels + c
				for _, weight := range t.weights {
					sum += float64(weight * float64(line[at]))
					at += r.channels
				}
				out[x*r.channels+c] = float32(sum)
			}
		}
	}
	stride := size * r.channels
	pixels := make([]float32, size*stride)
	sums := make([]float64, stride)
	for y, t := range taps {
		clear(sums)
		for i, weight := range t.weights {
			for x, value := range narrow[(t.first+i)*stride:][:stride] {
				sums[x] += float64(weight * float64(value))
			}
		}
		for x, sum := range sums {
			// The kernel overshoots at edges.
			value := min(255, max(0, sum))
			if r.whole {
				value = math.Floor(value + 0.5)
			}
			pixels[y*stride+x] = float32(value)
		}
	}
	return pixels
}

// cubicWindow is where a resized sample comes from: neighbouring samples and their weights, whose sum is 1.
type cubicWindow struct {
	first   int
	weights []float64
}

// cubicWindows resizes in samples to out, of which there are no more.
func cubicWindows(in, out int) []cubicWindow {
	windows := make([]cubicWindow, out)
	scale := float64(in) / float64(out)
	for i := range windows {
		w := &windows[i]
		centre := float64((float64(i)+0.5)*scale) - 0.5
		var sum float64
		for at := max(0, int(math.Ceil(centre-float64(2*scale)))); at < in && float64(at) <= centre+float64(2*scale); at++ {
			weight := cubic((float64(at) - centre) / scale)
			if weight == 0 && sum == 0 {
				continue
			}
			if len(w.weights) == 0 {
				w.first = at
			}
			w.weights = append(w.weights, weight)
			sum += weight
		}
		for k := range w.weights {
			w.weights[k] /= sum
		}
	}
	return windows
}

// cubic is Keys' kernel. Products are converted before they are added, so that every machine rounds alike.
func cubic(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64(float64(1.5*x)-2.5)*x*x) + 1
	case x < 2:
		return float64(float64(float64(float64(float64(-0.5*x)+2.5)*x)-4)*x) + 2
	}
	return 0
}
