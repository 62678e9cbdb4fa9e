package nn

import "alrc/internal/nn/kernel"

// weightRows is the way up where there are few pixels and many weights. Its products have weights as their rows and pixels as
// their columns: so weights are read as they lie, and the few pixels are laid out anew instead. Sums have the order of those
// of gathers.
type weightRows struct {
	c        *convolution
	parities []pixelColumns
}

// pixelColumns are the coarse pixels that reach the fine pixels of one parity, as the columns of products:
// [panel of fine pixels][tap][coarse channel][pixel of the panel], the taps by kernel row and column.
type pixelColumns struct {
	upward
	data          []float32
	taps          int
	tapsA         []int         // of each panel of coarse channels of each tap
	tapsB         map[int][]int // likewise, for each width of a panel of pixels
	rows, columns int           // of fine pixels in an image
}

// mostColumns is the number of pixels, of all images, up to which they are few.
const mostColumns = 32

// weightRowsFit reports whether a way up is one for weightRows: its coarse channels are to be whole panels, for sums to keep their order.
func weightRowsFit(c *convolution) bool {
	pixels := c.coarse.images * c.coarse.height * c.coarse.width
	return !c.transposed && c.fine.wide() && pixels <= mostColumns && len(c.up) == c.stride*c.stride &&
		(c.coarse.channels%c.set.Panel == 0 || c.coarse.channels < c.set.Panel)
}

func newWeightRows(c *convolution) *weightRows {
	s := &weightRows{c: c}
	width := min(c.set.Panel, c.coarse.channels)
	for _, u := range c.up {
		p := pixelColumns{upward: u, taps: len(u.kernelRows) * len(u.kernelColumns), tapsB: map[int][]int{},
			rows: u.gather.rows(c.fine), columns: u.gather.columns(c.fine)}
		pixels := s.pixels(&p, c.fine.images)
		p.data = aligned(p.taps * c.coarse.channels * pixels)
		for _, row := range u.kernelRows {
			for _, column := range u.kernelColumns {
				for coarse := 0; coarse < c.coarse.channels; coarse += width {
					p.tapsA = append(p.tapsA, 4*weightIndex(c.set.Panel, c.size, c.fine.channels, c.coarse.channels, row, column, 0, coarse))
				}
			}
		}
		for i := range panels(pixels, c.set.Panel) {
			wide := panelWidth(pixels, c.set.Panel, i)
			list := make([]int, len(p.tapsA))
			for t := range list {
				list[t] = 4 * t * width * wide
			}
			p.tapsB[wide] = list
		}
		s.parities = append(s.parities, p)
	}
	return s
}

// pixels is the number of columns for so many images.
func (s *weightRows) pixels(p *pixelColumns, images int) int {
	return roundUp(images*p.rows*p.columns, kernel.Channels)
}

// fineRows is the number of fine channels in a task.
const fineRows = 96

// scratch is the number of floats that a task takes.
func (s *weightRows) scratch() int {
	return s.c.set.Panel * max(2*fineRows, s.c.coarse.channels)
}

// spread is the part that lays the pixels of g out; a task is a tap of a parity.
func (s *weightRows) spread(e *Engine, g *tensor) part {
	tasks := 0
	for i := range s.parities {
		tasks += s.parities[i].taps
	}
	return part{name: s.c.name + " pack", tasks: func() int { return tasks }, run: func(w *worker, tap int) {
		for i := range s.parities {
			p := &s.parities[i]
			if tap < p.taps {
				s.spreadTap(w, p, g, e.images, tap)
				return
			}
			tap -= p.taps
		}
	}}
}

func (s *weightRows) spreadTap(w *worker, p *pixelColumns, g *tensor, images, tap int) {
	row := p.gather.firstRow + tap/len(p.kernelColumns)
	column := p.gather.firstColumn + tap%len(p.kernelColumns)
	count, all := images*p.rows*p.columns, s.pixels(p, g.images)
	for first := 0; first < s.pixels(p, images); first += s.c.set.Panel {
		width := min(s.c.set.Panel, all-first)
		side := w.planes[:width*g.channels]
		for i := range width {
			to := side[i*g.channels:][:g.channels]
			pixel := first + i
			if pixel >= count {
				clear(to)
				continue
			}
			image, y, x := p.place(pixel)
			copy(to, g.data[g.at(image, y+row, x+column):])
		}
		to := p.data[first*p.taps*g.channels+tap*g.channels*width:]
		for channel := 0; channel < g.channels; channel += 8 {
			for i := 0; i < width; i += 8 {
				s.c.set.Transpose8(&to[channel*width+i], &side[i*g.channels+channel], 4*width, 4*g.channels)
			}
		}
	}
}

// place is where a fine pixel lies, of those of the parity.
func (p *pixelColumns) place(pixel int) (image, row, column int) {
	image, pixel = pixel/(p.rows*p.columns), pixel%(p.rows*p.columns)
	return image, pixel / p.columns, pixel % p.columns
}

// dataGradient is the part that makes the fine tensor's gradient of the pixels that were laid out; a task is some fine channels of
// a parity.
func (s *weightRows) dataGradient(e *Engine, gradient *tensor, accumulate bool) part {
	blocks := (gradient.channels + fineRows - 1) / fineRows
	tasks := len(s.parities) * blocks
	return part{name: s.c.name + " data gradient", tasks: func() int { return tasks }, run: func(w *worker, task int) {
		s.multiply(w, &s.parities[task/blocks], gradient, e.images, task%blocks*fineRows, accumulate)
	}}
}

func (s *weightRows) multiply(w *worker, parity *pixelColumns, fine *tensor, images, channel int, accumulate bool) {
	set, coarse := s.c.set, s.c.coarse.channels
	rows, depth := min(fineRows, fine.channels-channel), min(set.Panel, coarse)
	count, all := images*parity.rows*parity.columns, s.pixels(parity, fine.images)
	p := &w.product
	p.A = &s.c.parameter.weights[channel*depth]
	p.RowStride, p.DepthStride = 4*depth, 4
	p.TapsA, p.Taps, p.Depth = &parity.tapsA[0], len(parity.tapsA), depth
	p.Accumulate, p.NextA, p.NextAStep, p.NextB = false, 0, 0, 0
	for first := 0; first < count; first += set.Panel {
		width := min(set.Panel, all-first)
		made, turned := w.planes[:rows*width], w.planes[rows*width:][:rows*width]
		p.B, p.BStride, p.TapsB = &parity.data[first*parity.taps*coarse], 4*width, &parity.tapsB[width][0]
		p.C, p.CStride = &made[0], 4*width
		set.Multiply(p, rows, width)
		for row := 0; row < rows; row += 8 {
			for i := 0; i < width; i += 8 {
				set.Transpose8(&turned[i*rows+row], &made[row*width+i], 4*rows, 4*width)
			}
		}
		for i := range min(width, count-first) {
			image, y, x := parity.place(first + i)
			g := parity.gather
			to := fine.data[fine.at(image, g.outStride*y+g.outRow, g.outStride*x+g.outColumn)+channel:][:rows]
			if accumulate {
				set.Add(&to[0], &to[0], &turned[i*rows], rows/set.Lanes)
			} else {
				copy(to, turned[i*rows:])
			}
		}
	}
}
