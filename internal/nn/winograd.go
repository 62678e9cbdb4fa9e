package nn

import (
	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// winograd is a 3x3 convolution with stride 1 by Winograd's algorithm F(4x4, 3x3): tiles of 4x4 output pixels from
// 6x6 input pixels with 36 multiplications for each pair of channels, where the direct way needs 144 (Lavin and Gray,
// "Fast algorithms for convolutional neural networks", 2016). Transformed, the convolution is 36 products of matrices,
// one for each plane.
//
// The data gradient is the same with the kernels turned and transposed. The weight gradient is the adjoint of the
// forward products: of the transformed input and the transformed output gradient. The input is transformed again for it:
// that takes less time than keeping it, which is more than twice as large as the input.
//
// Transformed images are laid out [plane][panel of channels][tile][channel of the panel], transformed weights
// [panel of outputs][plane][input][output of the panel].
type winograd struct {
	set        *kernel.Set
	name       string
	in, out    *tensor
	activation float32
	parameter  *parameter

	rows, columns int // of tiles in an image
	// parts is the number of parts that a pass's rows of tiles are cut into, by the shape of network and images alone. A thread
	// that has a part reads what it made itself, and sums the weight gradient of its own tiles.
	parts int
	// partial is the weight gradient of the second part, and partialBias that of the biases, where threads sum parts side by
	// side.
	partial, partialBias []float32
	// shared transforms the weights once a step, for all tasks. Without it every task transforms those that it needs,
	// which is a panel's, and has them in its cache: better where there are many.
	shared  bool
	weights [2][]float32 // transformed, for forward and for the data gradient, where shared
	input   transformed  // in memory that layers use one after the other
	zeros   []float32
}

const (
	tileSize = 4
	planes   = 36
	// sumPlane is the plane at the points (1, 1), where the transformed gradient of a tile is its sum over pixels.
	sumPlane = 7
	// gap keeps planes from lying a power of two apart, where a cache would hold few of them at a time.
	gap = 16
)

// transformed is images in Winograd's domain.
type transformed struct {
	data []float32
	// plane is the number of floats from a plane to the next, tiles the number of tiles that fit.
	plane, tiles, channels int
}

func newTransformed(channels, tiles int) transformed {
	return transformed{plane: tiles*channels + gap, tiles: tiles, channels: channels}
}

func (t *transformed) size() int { return planes * t.plane }

// fewTiles is the number of tiles, of all images that pass at once, below which they are one part.
const fewTiles = 16

// fewPixels is the number of pixels, of all images, up to which transforming weights costs more than it saves.
const fewPixels = 16

// winogradFits reports whether a layer is one for Winograd's algorithm.
func winogradFits(layer model.Layer, in, out *tensor) bool {
	return layer.Kind == model.Convolution && layer.Kernel == 3 && layer.Stride == 1 && in.wide() && out.wide() &&
		out.images*out.height*out.width > fewPixels
}

func newWinograd(set *kernel.Set, layer model.Layer, in, out *tensor, threads int, cut bool) *winograd {
	c := &winograd{set: set, name: layer.Name, in: in, out: out, activation: slope(layer)}
	c.rows, c.columns = (in.height+tileSize-1)/tileSize, (in.width+tileSize-1)/tileSize
	// The last tiles read up to here beyond the image.
	reach := max(c.rows*tileSize-in.height, c.columns*tileSize-in.width) + 1
	in.reach(reach)
	out.reach(reach)
	c.input = newTransformed(in.channels, c.tiles()*in.images)
	c.parts = 1
	if cut && c.tiles()*out.images >= fewTiles {
		c.parts = 2
	}
	c.shared = threads > c.parts*panels(out.channels, set.Panel)
	if c.shared {
		c.weights[0] = aligned(c.weightsRoom(in.channels, out.channels))
		c.weights[1] = aligned(c.weightsRoom(out.channels, in.channels))
	}
	c.zeros = aligned(set.Panel)
	if threads > 1 && c.parts > 1 {
		c.partial, c.partialBias = aligned(c.weightsSize()), aligned(out.channels)
	}
	return c
}

// part returns the first and the number of the tiles of a part of the images that pass. Parts are whole rows of tiles; all
// but the first may be empty.
func (c *winograd) part(e *Engine, i int) (first, count int) {
	rows := e.images * c.rows
	bound := func(i int) int { return (rows*i + c.parts - 1) / c.parts * c.columns }
	return bound(i), bound(i+1) - bound(i)
}

// tiles is the number of tiles of an image.
func (c *winograd) tiles() int { return c.rows * c.columns }

// weightsSize is the number of floats of the weights, which are laid out as those of a convolution are.
func (c *winograd) weightsSize() int { return 9 * c.in.channels * c.out.channels }

func (c *winograd) index(output, input int) (first, step int) {
	return weightTaps(c.set.Panel, 3, c.in.channels, c.out.channels, input, output)
}

// panelRoom is the number of floats of a panel's transformed weights, weightsRoom of those of all panels.
func panelRoom(inputs, width int) int { return planes * (inputs*width + gap) }

func (c *winograd) weightsRoom(inputs, outputs int) int {
	full := outputs / c.set.Panel
	return full*panelRoom(inputs, c.set.Panel) + panelRoom(inputs, outputs-full*c.set.Panel)
}

// tileGroup is the most tiles whose products a task holds at a time: it is cut to a multiple of the rows that kernels compute at once.
const tileGroup = 36

// scratch is the number of floats that a task's transformed weights, and its products, take.
func (c *winograd) scratch() (weights, products int) {
	most := max(c.in.channels, c.out.channels)
	return max(panelRoom(most, c.set.Panel), panelRoom(c.set.Panel, c.set.Panel)), planes * (tileGroup*c.set.Panel + gap)
}

// transformWeights makes a panel's weights for forward.
func (c *winograd) transformWeights(to []float32, panel int) {
	inputs, width := c.in.channels, panelWidth(c.out.channels, c.set.Panel, panel)
	from := c.parameter.weights[panel*c.set.Panel*9*inputs:]
	c.set.WeightTransform(&to[0], &from[0], 4*(inputs*width+gap), 4*inputs*width, inputs*width/c.set.Lanes)
}

// transformTurned makes a panel's weights for the data gradient: the taps in reverse, inputs and outputs swapped.
func (c *winograd) transformTurned(w *worker, to []float32, panel int) {
	const group = 8
	size := c.set.Panel
	inputs, outputs := c.in.channels, c.out.channels
	width := panelWidth(inputs, size, panel)
	taps := w.kernels[:9*group*width]
	for output := 0; output < outputs; output += group {
		outputWidth := panelWidth(outputs, size, output/size)
		for tap := range 9 {
			for input := 0; input < width; input += 8 {
				from := weightIndex(size, 3, inputs, outputs, 0, tap, panel*size+input, output)
				c.set.Transpose8(&taps[(8-tap)*group*width+input], &c.parameter.weights[from], 4*width, 4*outputWidth)
			}
		}
		c.set.WeightTransform(&to[output*width], &taps[0], 4*(outputs*width+gap), 4*group*width, group*width/c.set.Lanes)
	}
}

// pack and packTurned are the parts that transform shared weights; a task is a panel.
func (c *winograd) pack() part {
	return part{name: c.name + " pack", tasks: c.sharedPanels(c.out), run: func(_ *worker, panel int) {
		c.transformWeights(c.weights[0][panel*panelRoom(c.in.channels, c.set.Panel):], panel)
	}}
}

func (c *winograd) packTurned() part {
	return part{name: c.name + " pack", tasks: c.sharedPanels(c.in), run: func(w *worker, panel int) {
		c.transformTurned(w, c.weights[1][panel*panelRoom(c.out.channels, c.set.Panel):], panel)
	}}
}

func (c *winograd) sharedPanels(t *tensor) func() int {
	count := 0
	if c.shared {
		count = panels(t.channels, c.set.Panel)
	}
	return func() int { return count }
}

// division divides images into tasks of a group of tiles and a panel of channels.
type division struct{ panels, groups, groupRows int }

func (c *winograd) division(channels int) division {
	d := division{panels: panels(channels, c.set.Panel)}
	d.groupRows = max(1, min(c.rows, tileGroup/c.columns))
	d.groups = (c.rows + d.groupRows - 1) / d.groupRows
	return d
}

// task returns the image, the panel, and the first and the number of rows of tiles of a task. Tasks of one group come one
// after another, so that a thread meets what it made in the phase before.
func (d division) task(task, rows int) (image, panel, row, count int) {
	panel, task = task%d.panels, task/d.panels
	image, row = task/d.groups, task%d.groups*d.groupRows
	return image, panel, row, min(d.groupRows, rows-row)
}

func (d division) tasks(e *Engine) func() int {
	return func() int { return d.panels * e.images * d.groups }
}

// whole stands for all parts of the images.
const whole = -1

// transformInput is the part that transforms the layer's input.
func (c *winograd) transformInput(e *Engine, name string, place int) part {
	return c.rowsOfTiles(e, name, place, c.in, func(image, panel, row, count int) {
		c.transform(c.set.InputTransform, c.in, &c.input, image, panel, row, count, -1)
	})
}

// transformGradient is the part that transforms the output gradient g for the data gradient, by the input's transform, or for
// the weight gradient, by the output transform's adjoint.
func (c *winograd) transformGradient(e *Engine, place int, g *tensor, to *transformed, adjoint bool) part {
	f, offset := c.set.InputTransform, -1
	if adjoint {
		f, offset = c.set.OutputTransformAdjoint, 0
	}
	return c.rowsOfTiles(e, c.name+" transform gradient", place, g, func(image, panel, row, count int) {
		c.transform(f, g, to, image, panel, row, count, offset)
	})
}

// rowsOfTiles is a part that transforms a part of the images, or the whole of them; a task is a panel's channels of a group of
// tiles.
func (c *winograd) rowsOfTiles(e *Engine, name string, place int, images *tensor, run func(image, panel, row, count int)) part {
	d := c.division(images.channels)
	if place == whole {
		return part{name: name, tasks: d.tasks(e), run: func(_ *worker, task int) { run(d.task(task, c.rows)) }}
	}
	return part{name: name, tasks: func() int { return d.panels }, run: func(_ *worker, panel int) {
		first, count := c.part(e, place)
		for row := first / c.columns; row < (first+count)/c.columns; row++ {
			run(row/c.rows, panel, row%c.rows, 1)
		}
	}}
}

// transform applies a transform to rows of tiles, for a panel of channels. The transform's first pixel is offset from
// the tile's.
func (c *winograd) transform(f func(dst, src *float32, planeStride, pitch, step, vectors, tiles int), images *tensor, to *transformed,
	image, panel, row, count, offset int) {
	first, width := panel*c.set.Panel, panelWidth(images.channels, c.set.Panel, panel)
	for y := row; y < row+count; y++ {
		tile := image*c.tiles() + y*c.columns
		f(&to.data[first*to.tiles+tile*width], images.pixel(image, y*tileSize+offset, offset, first),
			4*to.plane, 4*images.pitch, 4*images.channels, width/c.set.Lanes, c.columns)
	}
}

// forward is the part that multiplies the transformed input and makes the output.
func (c *winograd) forward(e *Engine, out *tensor) part {
	return c.products(e, c.name+" forward", &c.input, out, 0, func(w *worker, panel int) []float32 {
		c.transformWeights(w.weights, panel)
		return w.weights
	}, func(dst, src *float32, panel, planeStride, pitch, step, vectors, tiles int) {
		c.set.OutputTransform(dst, src, &c.parameter.bias[panel*c.set.Panel], c.activation, planeStride, pitch, step, vectors, tiles)
	})
}

// dataGradient is the part that multiplies the transformed output gradient and makes the input's gradient.
func (c *winograd) dataGradient(e *Engine, from *transformed, gradient *tensor, accumulate bool) part {
	finish := func(dst, src *float32, _, planeStride, pitch, step, vectors, tiles int) {
		c.set.OutputTransform(dst, src, &c.zeros[0], 1, planeStride, pitch, step, vectors, tiles)
	}
	if accumulate {
		finish = func(dst, src *float32, _, planeStride, pitch, step, vectors, tiles int) {
			c.set.OutputTransformAdd(dst, src, planeStride, pitch, step, vectors, tiles)
		}
	}
	return c.products(e, c.name+" data gradient", from, gradient, 1, func(w *worker, panel int) []float32 {
		c.transformTurned(w, w.weights, panel)
		return w.weights
	}, finish)
}

// products is a part that multiplies transformed images and weights, and transforms the result back. A task is a panel
// of output channels of some tiles.
func (c *winograd) products(e *Engine, name string, from *transformed, out *tensor, side int,
	weights func(w *worker, panel int) []float32,
	finish func(dst, src *float32, panel, planeStride, pitch, step, vectors, tiles int)) part {
	d := c.division(out.channels)
	size := c.set.Panel
	inputs := from.channels
	full, rest := inputs/size, inputs%size
	tapsA := make([]int, full+1)
	tapsB := map[int][]int{}
	for t := range tapsA {
		tapsA[t] = 4 * t * size * from.tiles
	}
	for p := range d.panels {
		width := panelWidth(out.channels, size, p)
		taps := make([]int, full+1)
		for t := range taps {
			taps[t] = 4 * t * size * width
		}
		tapsB[width] = taps
	}
	// Where every task transforms its own weights, it goes on to all tiles with them, or to those of its part.
	tasks := d.tasks(e)
	parts := 1
	if e.options.Threads > 1 {
		parts = c.parts
	}
	if !c.shared {
		tasks = func() int { return parts * d.panels }
	}
	return part{name: name, tasks: tasks, run: func(w *worker, task int) {
		var tile, count, panel int
		var panelWeights []float32
		if c.shared {
			var image, row int
			image, panel, row, count = d.task(task, c.rows)
			tile, count = image*c.tiles()+row*c.columns, count*c.columns
			panelWeights = c.weights[side][panel*panelRoom(inputs, size):]
		} else {
			panel, count = task%d.panels, e.images*c.tiles()
			if parts > 1 {
				tile, count = c.part(e, task/d.panels)
			}
			panelWeights = weights(w, panel)
		}
		first, width := panel*size, panelWidth(out.channels, size, panel)
		most := tileGroup - tileGroup%c.set.Rows(width)
		for end := tile + count; tile < end; tile += most {
			group := min(most, end-tile)
			plane := group*width + gap
			p := &w.product
			p.DepthStride, p.BStride, p.CStride = 4, 4*width, 4*width
			p.NextB = 4 * (inputs*width + gap)
			p.NextA, p.NextAStep = 4*size*from.tiles, 4*c.set.Rows(width)
			if full < 2 {
				p.NextA = 4 * from.plane
			}
			for i := range planes {
				p.B = &panelWeights[i*(inputs*width+gap)]
				p.C = &w.planes[i*plane]
				p.Accumulate = false
				if full > 0 {
					p.A = &from.data[i*from.plane+tile*size]
					p.RowStride = 4 * size
					p.TapsA, p.TapsB = &tapsA[0], &tapsB[width][0]
					p.Taps, p.Depth = full, size
					c.set.Multiply(p, group, width)
					p.Accumulate = true
				}
				if rest > 0 {
					p.A = &from.data[i*from.plane+tile*rest]
					p.RowStride = 4 * rest
					p.TapsA, p.TapsB = &tapsA[full], &tapsB[width][full]
					p.Taps, p.Depth = 1, rest
					c.set.Multiply(p, group, width)
				}
			}
			c.finishTiles(w, out, tile, group, first, width, func(dst, src *float32, pitch, step, tiles int) {
				finish(dst, src, panel, 4*plane, pitch, step, width/c.set.Lanes, tiles)
			})
		}
	}}
}

// finishTiles takes the products of some tiles to pixels: as many at a time as lie side by side.
func (c *winograd) finishTiles(w *worker, out *tensor, tile, group, first, width int,
	finish func(dst, src *float32, pitch, step, tiles int)) {
	fitting := out.width / tileSize // of a row's tiles
	for done := 0; done < group; {
		image, place := (tile+done)/c.tiles(), (tile+done)%c.tiles()
		row, column := place/c.columns, place%c.columns
		y, x := row*tileSize, column*tileSize
		src := &w.planes[done*width]
		if y+tileSize <= out.height && column < fitting {
			count := min(fitting-column, group-done)
			finish(out.pixel(image, y, x, first), src, 4*out.pitch, 4*out.channels, count)
			done += count
			continue
		}
		// A tile that reaches beyond the image is made aside. What is there goes along, for those that add to it.
		rows, columns := min(tileSize, out.height-y), min(tileSize, out.width-x)
		for r := range rows {
			for s := range columns {
				copy(w.tile[(r*tileSize+s)*width:][:width], out.data[out.at(image, y+r, x+s)+first:])
			}
		}
		finish(&w.tile[0], src, 4*tileSize*width, 4*width, 1)
		for r := range rows {
			for s := range columns {
				copy(out.data[out.at(image, y+r, x+s)+first:][:width], w.tile[(r*tileSize+s)*width:])
			}
		}
		done++
	}
}
