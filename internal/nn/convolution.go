package nn

import (
	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// convolution computes convolutions of any kernel directly.
//
// A convolution with stride s goes down from a fine tensor to a coarse one; its adjoint goes up. A convolution layer
// is a way down, with the way up for its data gradient; a transposed convolution is a way up, with the way down for
// its gradient. A convolution to a few channels is treated as transposed too, since products are efficient only where
// the coarse tensor has many channels. The weights are laid out for the way down,
// [panel of coarse channels][kernel row][kernel column][fine channel][channel of the panel], and packed anew for the
// way up.
type convolution struct {
	set           *kernel.Set
	name          string
	size, stride  int // of the kernel
	fine, coarse  *tensor
	transposed    bool // the layer goes up
	rotated       bool // the layer's kernel is the way down's, turned by half a turn
	activation    float32
	down          *gather
	up            []upward
	upWeights     []float32
	squeeze       *squeeze    // instead of up, where the fine tensor is narrow
	weightRows    *weightRows // instead of up, where pixels are few
	parameter     *parameter
	gradientTapsA []int
	gradientTapsB []int
}

// upward is the way up to the fine pixels of one parity.
type upward struct {
	gather *gather
	// kernelRows and kernelColumns are the kernel's taps that reach such pixels, in the order of the coarse pixels.
	kernelRows, kernelColumns []int
	// offset is where the weights are in upWeights.
	offset int
}

// squeezable reports whether a convolution from wide channels to a few can be computed by squeeze.
func squeezable(layer model.Layer, channels int) bool {
	return layer.Kind == model.Convolution && layer.Stride == 1 && channels <= narrow && layer.Kernel*channels <= kernel.Channels
}

func newConvolution(set *kernel.Set, layer model.Layer, in, out *tensor) *convolution {
	c := &convolution{set: set, name: layer.Name, size: layer.Kernel, stride: layer.Stride, fine: in, coarse: out,
		activation: slope(layer)}
	switch {
	case layer.Kind == model.TransposedConvolution:
		c.transposed = true
	case !out.wide():
		c.transposed, c.rotated = true, true
	}
	if c.transposed {
		c.fine, c.coarse = out, in
	}
	reach := c.size / 2
	c.fine.reach(reach + c.stride - 1)
	c.coarse.reach(reach)
	c.down = newGather(set, c.fine, c.coarse, c.size, c.size)
	c.down.inStride, c.down.firstRow, c.down.firstColumn = c.stride, -reach, -reach
	switch {
	case !c.fine.wide() && c.transposed:
		c.squeeze = newSqueeze(c)
	case c.fine.wide():
		room := c.planUp()
		if weightRowsFit(c) {
			c.weightRows = newWeightRows(c)
		} else {
			c.upWeights = aligned(room)
		}
	}
	return c
}

// planUp finds the taps of the way up, and returns the room that weights laid out for it take. Fine pixel stride*i + parity takes
// kernel tap k from the coarse pixel i + (parity + reach - k) / stride, where that is whole.
func (c *convolution) planUp() (room int) {
	reach := c.size / 2
	taps := func(parity int) (list []int, first int) {
		for k := c.size - 1; k >= 0; k-- {
			if distance := parity + reach - k; distance%c.stride == 0 {
				if len(list) == 0 {
					first = distance / c.stride
				}
				list = append(list, k)
			}
		}
		return list, first
	}
	for y := range c.stride {
		for x := range c.stride {
			rows, firstRow := taps(y)
			columns, firstColumn := taps(x)
			if len(rows) == 0 || len(columns) == 0 {
				continue // a kernel of one tap reaches pixels of one parity alone
			}
			g := newGather(c.set, c.coarse, c.fine, len(rows), len(columns))
			g.firstRow, g.firstColumn = firstRow, firstColumn
			g.outStride, g.outRow, g.outColumn = c.stride, y, x
			c.up = append(c.up, upward{g, rows, columns, room})
			room += g.weightsSize()
		}
	}
	return room
}

// weightsSize is the number of floats of the weights.
func (c *convolution) weightsSize() int { return c.size * c.size * c.fine.channels * c.coarse.channels }

// index is where the first tap of an output and an input channel of the layer lies, and how far the next ones are.
func (c *convolution) index(output, input int) (first, step int) {
	fine, coarse := input, output
	if c.transposed {
		fine, coarse = output, input
	}
	first, step = weightTaps(c.set.Panel, c.size, c.fine.channels, c.coarse.channels, fine, coarse)
	if c.rotated {
		return first + (c.size*c.size-1)*step, -step
	}
	return first, step
}

// weightTaps is where the first tap of an input and an output channel lies, and how far the next ones are.
func weightTaps(panel, size, inputs, outputs, input, output int) (first, step int) {
	first = weightIndex(panel, size, inputs, outputs, 0, 0, input, output)
	return first, weightIndex(panel, size, inputs, outputs, 0, 1, input, output) - first
}

// weightIndex is the place of a weight in [panel][row][column][input][output of the panel].
func weightIndex(panel, size, inputs, outputs, row, column, input, output int) int {
	p := output / panel
	width := panelWidth(outputs, panel, p)
	return p*panel*size*size*inputs + ((row*size+column)*inputs+input)*width + output%panel
}

// plan is called when tensors have memory.
func (c *convolution) plan() {
	c.down.plan(c.fine)
	for _, u := range c.up {
		u.gather.plan(c.coarse)
	}
	if c.squeeze != nil {
		c.squeeze.plan()
	}
	for image := range c.fine.images {
		for y := range c.coarse.height {
			c.gradientTapsA = append(c.gradientTapsA, 4*(image*c.fine.size+c.stride*y*c.fine.pitch))
			c.gradientTapsB = append(c.gradientTapsB, 4*(image*c.coarse.size+y*c.coarse.pitch))
		}
	}
}

// pack is the part that lays the weights out for the way up; a task is the pixels of one parity.
func (c *convolution) pack() part {
	if c.squeeze != nil {
		return part{name: c.name + " pack", tasks: once, run: func(*worker, int) { c.squeeze.pack(c.parameter.weights) }}
	}
	return part{name: c.name + " pack", tasks: func() int { return len(c.up) }, run: func(_ *worker, task int) {
		u := c.up[task]
		g := u.gather
		for p := range panels(c.fine.channels, c.set.Panel) {
			width := panelWidth(c.fine.channels, c.set.Panel, p)
			to := c.upWeights[u.offset+p*c.set.Panel*g.taps*g.depth:]
			for t, row := range u.kernelRows {
				for s, column := range u.kernelColumns {
					c.packTap(to[(t*g.depth+s*c.coarse.channels)*width:], p*c.set.Panel, width, row, column)
				}
			}
		}
	}}
}

// packTap transposes the weights of one tap for a panel of fine channels: [coarse channel][channel of the panel].
func (c *convolution) packTap(to []float32, first, width, row, column int) {
	for coarse := 0; coarse < c.coarse.channels; coarse += 8 {
		coarseWidth := panelWidth(c.coarse.channels, c.set.Panel, coarse/c.set.Panel)
		for fine := 0; fine < width; fine += 8 {
			from := weightIndex(c.set.Panel, c.size, c.fine.channels, c.coarse.channels, row, column, first+fine, coarse)
			c.set.Transpose8(&to[coarse*width+fine], &c.parameter.weights[from], 4*width, 4*coarseWidth)
		}
	}
}

func once() int { return 1 }

// block is what a task makes: rows of an image, and panels of its channels.
type block struct{ image, firstRow, endRow, firstPanel, endPanel int }

// rowGroup is the number of rows in a task that makes all channels.
const rowGroup = 4

// blocks is a part that makes rows of images of some channels. A task is some rows, or, where the weights are more than the images,
// a panel of all rows: so that each weight comes from memory once.
func (c *convolution) blocks(e *Engine, name string, rows, channels int, run func(w *worker, b block)) part {
	height, width := rowGroup, panels(channels, c.set.Panel)
	columns := 1
	if c.weightsSize() > c.fine.size+c.coarse.size {
		height, width, columns = rows, 1, width
	}
	groups := (rows + height - 1) / height
	return part{name: name, tasks: func() int { return columns * e.images * groups }, run: func(w *worker, task int) {
		row, image, column := task%groups*height, task/groups%e.images, task/groups/e.images
		run(w, block{image, row, min(rows, row+height), column * width, (column + 1) * width})
	}}
}

// goUp makes the fine rows of coarse rows: of row i, stride*i to stride*i + stride - 1.
func (c *convolution) goUp(w *worker, coarse, fine *tensor, b block, accumulate bool) {
	if c.squeeze != nil {
		for i := b.firstRow; i < b.endRow; i++ {
			c.squeeze.row(w, coarse, fine, b.image, i)
		}
		return
	}
	if len(c.up) < c.stride*c.stride && !accumulate {
		first, end := c.channels(fine, b)
		for y := c.stride * b.firstRow; y < min(c.stride*b.endRow, fine.height); y++ {
			for x := range fine.width {
				pixel := fine.at(b.image, y, x)
				clear(fine.data[pixel+first : pixel+end])
			}
		}
	}
	for _, u := range c.up {
		u.gather.compute(w, coarse, fine, c.upWeights[u.offset:], b, accumulate)
	}
}

// channels are the first of a block's channels, and the one after the last.
func (c *convolution) channels(t *tensor, b block) (first, end int) {
	return b.firstPanel * c.set.Panel, min(b.endPanel*c.set.Panel, t.channels)
}

// forward is the part that computes the layer.
func (c *convolution) forward(e *Engine, in, out *tensor) part {
	rows := in.height
	if !c.transposed {
		rows = out.height
	}
	return c.blocks(e, c.name+" forward", rows, out.channels, func(w *worker, b block) {
		if !c.transposed {
			c.down.compute(w, in, out, c.parameter.weights, b, false)
			c.finish(out, b)
			return
		}
		c.goUp(w, in, out, b, false)
		b.firstRow, b.endRow = c.stride*b.firstRow, min(c.stride*b.endRow, out.height)
		c.finish(out, b)
	})
}

// finish adds the bias and applies the activation.
func (c *convolution) finish(out *tensor, b block) {
	bias := c.parameter.bias
	first, end := c.channels(out, b)
	for y := b.firstRow; y < b.endRow; y++ {
		if out.wide() {
			c.set.Activate(out.pixel(b.image, y, 0, first), &bias[first], c.activation, 4*out.channels, out.width, (end-first)/c.set.Lanes)
			continue
		}
		row := out.data[out.at(b.image, y, 0):out.at(b.image, y, out.width)]
		for len(row) > 0 {
			for channel := range out.channels {
				value := row[channel] + bias[channel]
				if c.activation != 1 && value < 0 {
					value *= c.activation
				}
				row[channel] = value
			}
			row = row[out.channels:]
		}
	}
}

// dataGradient is the part that takes the gradient g of what the layer put out to that of its input.
func (c *convolution) dataGradient(e *Engine, g, gradient *tensor, accumulate bool) part {
	return c.blocks(e, c.name+" data gradient", c.coarse.height, gradient.channels, func(w *worker, b block) {
		if c.transposed {
			c.down.compute(w, g, gradient, c.parameter.weights, b, accumulate)
		} else {
			c.goUp(w, g, gradient, b, accumulate)
		}
	})
}

// gradientRows is the number of rows of weights in a task of weightGradient.
const gradientRows = 96

// weightGradient is the part that computes the gradients of weights; in is what went into the layer, g the gradient of
// what came out.
func (c *convolution) weightGradient(e *Engine, in, g *tensor) part {
	fine, coarse := in, g
	if c.transposed {
		fine, coarse = g, in
	}
	rows := c.size * c.fine.channels
	blocks := (rows + gradientRows - 1) / gradientRows
	columns := panels(c.coarse.channels, c.set.Panel)
	reach := c.size / 2
	return part{name: c.name + " weight gradient", tasks: func() int { return c.size * columns * blocks }, run: func(w *worker, task int) {
		tap, panel, block := task/(columns*blocks), task/blocks%columns, task%blocks
		width := panelWidth(c.coarse.channels, c.set.Panel, panel)
		first := block * gradientRows
		p := &w.product
		p.A = fine.pixel(0, tap-reach, -reach, first)
		p.RowStride, p.DepthStride = 4, 4*c.stride*fine.channels
		p.B = coarse.pixel(0, 0, 0, panel*c.set.Panel)
		p.BStride = 4 * coarse.channels
		p.C = &c.parameter.gradient[panel*c.set.Panel*c.size*rows+(tap*rows+first)*width]
		p.CStride = 4 * width
		p.TapsA, p.TapsB = &c.gradientTapsA[0], &c.gradientTapsB[0]
		p.Taps, p.Depth = e.images*coarse.height, coarse.width
		p.Accumulate, p.NextA, p.NextAStep, p.NextB = e.accumulate, 0, 0, 0
		c.set.Multiply(p, min(gradientRows, rows-first), width)
	}}
}

// biasGradient is the part that sums the gradient g over pixels; a task is a panel of channels.
func (c *convolution) biasGradient(e *Engine, g *tensor) part {
	if !g.wide() {
		return part{name: c.name + " bias gradient", tasks: once, run: func(*worker, int) {
			sums := c.parameter.biasGradient
			if !e.accumulate {
				clear(sums)
			}
			for image := range e.images {
				for y := range g.height {
					row := g.data[g.at(image, y, 0):g.at(image, y, g.width)]
					for ; len(row) > 0; row = row[g.channels:] {
						for channel, value := range row[:g.channels] {
							sums[channel] += value
						}
					}
				}
			}
		}}
	}
	return part{name: c.name + " bias gradient", tasks: func() int { return panels(g.channels, c.set.Panel) }, run: func(w *worker, panel int) {
		first, width := panel*c.set.Panel, panelWidth(g.channels, c.set.Panel, panel)
		sums := c.parameter.biasGradient[first : first+width]
		if !e.accumulate {
			clear(sums)
		}
		// Rows are summed on their own first: thousands of pixels one after the other would gather rounding errors.
		row := w.tile[:width]
		for image := range e.images {
			for y := range g.height {
				clear(row)
				c.set.Sum(&row[0], g.pixel(image, y, 0, first), 4*g.channels, g.width, width/c.set.Lanes)
				c.set.Add(&sums[0], &sums[0], &row[0], width/c.set.Lanes)
			}
		}
	}}
}
