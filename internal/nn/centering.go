package nn

import (
	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// centering is mean-only batch normalisation (Salimans and Kingma 2016, section 4) with the bias and the activation after
// it: y = activation(x - mean + bias), x being what the layer's convolution puts out, and the mean that of each channel over
// images, rows and columns. Where the network is applied, a running mean stands for the mean. Since the mean is that of
// the whole batch, networks with such layers pass a batch at once.
type centering struct {
	name    string
	set     *kernel.Set
	value   *tensor
	slope   float32
	bias    []float32
	running []float32
	mean    []float32 // of the latest training pass
	// sums are of some rows each, for each channel: of x on the way forward, of gradients on the way back. shift is what
	// is added to each pixel.
	sums, shift  []float32
	biasGradient []float32
}

func newCentering(set *kernel.Set, layer model.Layer, value *tensor) *centering {
	return &centering{name: layer.Name, set: set, value: value, slope: slope(layer)}
}

// sumRows is the number of rows in a task of sum.
const sumRows = 8

func (c *centering) groups() int { return (c.value.height + sumRows - 1) / sumRows }

// plan gives the layer memory, and takes the convolution's bias and its gradient over.
func (c *centering) plan(p *parameter) (convolutions *parameter) {
	c.bias, c.biasGradient = p.bias, p.biasGradient
	c.running, c.mean, c.shift = aligned(len(p.bias)), aligned(len(p.bias)), aligned(len(p.bias))
	c.sums = aligned(c.value.images * c.groups() * c.value.channels)
	view := *p
	view.bias, view.biasGradient = aligned(len(p.bias)), aligned(len(p.bias))
	return &view
}

// sum is the part that sums the rows of images, a task some rows of one. Without wanted it has no tasks.
func (c *centering) sum(e *Engine, images *tensor, wanted func() bool) part {
	groups := c.groups()
	tasks := func() int {
		if !wanted() {
			return 0
		}
		return e.images * groups
	}
	return part{name: c.name + " mean", tasks: tasks, run: func(w *worker, task int) {
		image, first := task/groups, task%groups*sumRows
		sums := c.sums[task*images.channels:][:images.channels]
		clear(sums)
		for y := first; y < min(images.height, first+sumRows); y++ {
			// Each row on its own first: thousands of pixels one after the other would gather rounding errors.
			for channel := 0; channel < images.channels; channel += c.set.Panel {
				width := min(c.set.Panel, images.channels-channel)
				row := w.tile[:width]
				clear(row)
				c.set.Sum(&row[0], images.pixel(image, y, 0, channel), 4*images.channels, images.width, width/c.set.Lanes)
				c.set.Add(&sums[channel], &sums[channel], &row[0], width/c.set.Lanes)
			}
		}
	}}
}

// total adds the sums of all rows up, in their order.
func (c *centering) total(e *Engine, channel int) float64 {
	total := 0.0
	for group := range e.images * c.groups() {
		total += float64(c.sums[group*c.value.channels+channel])
	}
	return total
}

func (c *centering) pixels(e *Engine) float64 {
	return float64(e.images) * float64(c.value.height*c.value.width)
}

// centeringPhases is the number of phases that centering takes, forward and backward.
const centeringPhases = 3

// forward are the parts of successive phases that finish what the convolution put out.
func (c *centering) forward(e *Engine) []part {
	shift := part{name: c.name + " mean", tasks: once, run: func(*worker, int) {
		for i := range c.value.used {
			mean := c.running[i]
			if e.training {
				mean = float32(c.total(e, i) / c.pixels(e))
				c.mean[i] = mean
			}
			c.shift[i] = c.bias[i] - mean
		}
	}}
	return []part{c.sum(e, c.value, func() bool { return e.training }), shift, c.add(e, c.value, c.slope)}
}

// backward are the parts of successive phases that take g, the gradient of what comes before the activation, to that of
// what the convolution put out, in its place, and sum the gradient of the bias.
func (c *centering) backward(e *Engine, g *tensor) []part {
	shift := part{name: c.name + " mean", tasks: once, run: func(*worker, int) {
		for i := range c.value.used {
			total := c.total(e, i)
			c.biasGradient[i] = float32(total)
			c.shift[i] = -float32(total / c.pixels(e))
		}
	}}
	return []part{c.sum(e, g, func() bool { return true }), shift, c.add(e, g, 1)}
}

// add is the part that adds the shift to each pixel and applies an activation.
func (c *centering) add(e *Engine, images *tensor, slope float32) part {
	return rowsPart(e, c.name+" mean", images.height, func(image, y int) {
		c.set.Activate(images.pixel(image, y, 0, 0), &c.shift[0], slope, 4*images.channels, images.width, images.channels/c.set.Lanes)
	})
}

// settle moves the running mean on, once in a step.
func (c *centering) settle() {
	for i := range c.value.used {
		c.running[i] = float32(float32(model.RunningMeanDecay*c.running[i]) + float32((1-model.RunningMeanDecay)*c.mean[i]))
	}
}
