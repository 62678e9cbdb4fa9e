package nn

import "alrc/internal/nn/kernel"

// places lists what of the images passes to the weight gradient at once: a single thread takes one part after the other, to find it
// in its cache.
func (c *winograd) places(e *Engine) []int {
	if e.options.Threads > 1 || c.parts == 1 {
		return []int{whole}
	}
	places := make([]int, c.parts)
	for i := range places {
		places[i] = i
	}
	return places
}

// weightGradient is the part that computes the gradients of weights and biases from the transformed output gradient. A
// task is a panel of outputs and some inputs of a panel, for the tiles of a part of the images: of every part, or of one only.
func (c *winograd) weightGradient(e *Engine, only int, g *transformed) part {
	size := c.set.Panel
	outputs, inputs := panels(c.out.channels, size), panels(c.in.channels, size)
	rows := size
	if e.options.Threads > 1 && c.parts*outputs*inputs < 4 {
		rows = min(size, kernel.Channels)
	}
	blocks := (c.in.channels + rows - 1) / rows
	zero := new(int)
	count := c.parts
	if only != whole {
		count = 1
	}
	tasks := func() int { return count * outputs * blocks }
	return part{name: c.name + " weight gradient", tasks: tasks, run: func(w *worker, task int) {
		place, panel, block := task/(outputs*blocks), task/blocks%outputs, task%blocks
		if only != whole {
			place = only
		}
		tile, tiles := c.part(e, place)
		if tiles == 0 {
			return
		}
		// Of two parts, the second is added to the first: in place where one thread does both, and by sumGradient.
		gradient, bias, accumulate := c.parameter.gradient, c.parameter.biasGradient, e.accumulate
		if place > 0 {
			accumulate = c.partial == nil
			if !accumulate {
				gradient, bias = c.partial, c.partialBias
			}
		}
		width := panelWidth(c.out.channels, size, panel)
		input := block * rows
		inputPanel := input / size
		inputWidth := panelWidth(c.in.channels, size, inputPanel)
		count := min(rows, c.in.channels-input)
		plane := count*width + gap
		first := panel*size*g.tiles + tile*width
		p := &w.product
		p.RowStride, p.DepthStride, p.BStride, p.CStride = 4, 4*inputWidth, 4*width, 4*width
		p.TapsA, p.TapsB = zero, zero
		p.Taps, p.Depth = 1, tiles
		p.Accumulate = false
		p.NextB = 4 * g.plane
		p.NextA, p.NextAStep = 4*c.input.plane, p.DepthStride
		for i := range planes {
			p.A = &c.input.data[i*c.input.plane+inputPanel*size*c.input.tiles+tile*inputWidth+input%size]
			p.B = &g.data[i*g.plane+first]
			p.C = &w.planes[i*plane]
			c.set.Multiply(p, count, width)
		}
		adding := 0
		if accumulate {
			adding = 1
		}
		gradient = gradient[panel*size*9*c.in.channels:]
		c.set.WeightTransformAdjoint(&gradient[input*width], &w.planes[0], 4*plane, 4*c.in.channels*width,
			count*width/c.set.Lanes, adding)
		if block > 0 {
			return
		}
		sum := w.tile[:width]
		clear(sum)
		c.set.Sum(&sum[0], &g.data[sumPlane*g.plane+first], 4*width, tiles, width/c.set.Lanes)
		bias = bias[panel*size : panel*size+width]
		if !accumulate {
			copy(bias, sum)
			return
		}
		c.set.Add(&bias[0], &bias[0], &sum[0], width/c.set.Lanes)
	}}
}

// sumGradient is the part, if there is one, that adds the gradient of the second part to that of the first.
func (c *winograd) sumGradient(e *Engine) []part {
	if c.partial == nil {
		return nil
	}
	const block = 8192
	size := c.weightsSize()
	tasks := func() int {
		if _, tiles := c.part(e, 1); tiles == 0 {
			return 0
		}
		return (size + block - 1) / block
	}
	return []part{{name: c.name + " weight gradient", tasks: tasks, run: func(_ *worker, task int) {
		add := func(to, from []float32) { c.set.Add(&to[0], &to[0], &from[0], len(from)/c.set.Lanes) }
		first := task * block
		add(c.parameter.gradient[first:], c.partial[first:min(first+block, size)])
		if task == 0 {
			add(c.parameter.biasGradient, c.partialBias)
		}
	}}}
}
