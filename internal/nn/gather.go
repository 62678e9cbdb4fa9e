package nn

import "alrc/internal/nn/kernel"

// gather is a convolution as products: every row of output pixels is a product of rows of input pixels and weights.
// Since the channels of neighbouring pixels are neighbours in memory, a row of the kernel is one long dot product,
// and nothing is copied. Strided and transposed convolutions are gathers too; the latter are one for each parity of
// the output's row and column.
type gather struct {
	set *kernel.Set
	// Output row i, of all those that this gather makes, is row outStride*i + outRow of the tensor, and columns
	// likewise. Its first tap is input row inStride*i + firstRow.
	inStride, firstRow, firstColumn int
	outStride, outRow, outColumn    int
	// taps is the number of kernel rows, depth the number of numbers in one: columns times input channels.
	taps, depth int
	// tapsA and tapsB are where kernel rows begin in the input and in the weights; tapsB for each width of panel.
	tapsA []int
	tapsB map[int][]int
	// channels is the number of output channels.
	channels int
}

func newGather(set *kernel.Set, in, out *tensor, taps, columns int) *gather {
	return &gather{set: set, inStride: 1, outStride: 1, taps: taps, depth: columns * in.channels, channels: out.channels}
}

// plan works out offsets, once the tensors have memory.
func (g *gather) plan(in *tensor) {
	g.tapsA = make([]int, g.taps)
	for t := range g.tapsA {
		g.tapsA[t] = 4 * t * in.pitch
	}
	g.tapsB = map[int][]int{}
	for p := range panels(g.channels, g.set.Panel) {
		width := panelWidth(g.channels, g.set.Panel, p)
		list := make([]int, g.taps)
		for t := range list {
			list[t] = 4 * t * g.depth * width
		}
		g.tapsB[width] = list
	}
}

// weightsSize is the number of floats of the weights: [panel][tap][depth][channel of the panel].
func (g *gather) weightsSize() int { return g.taps * g.depth * g.channels }

// rows and columns are the numbers of output rows and columns that this gather makes.
func (g *gather) rows(out *tensor) int {
	return (out.height - g.outRow + g.outStride - 1) / g.outStride
}
func (g *gather) columns(out *tensor) int {
	return (out.width - g.outColumn + g.outStride - 1) / g.outStride
}

// compute makes the rows and panels of a block of those that this gather makes: all rows of a panel before the next, whose weights they share.
func (g *gather) compute(w *worker, in, out *tensor, weights []float32, b block, accumulate bool) {
	p := &w.product
	p.RowStride, p.DepthStride = 4*g.inStride*in.channels, 4
	p.CStride = 4 * g.outStride * out.channels
	p.TapsA = &g.tapsA[0]
	p.Taps, p.Depth = g.taps, g.depth
	p.Accumulate, p.NextA, p.NextAStep, p.NextB = accumulate, 0, 0, 0
	columns, end := g.columns(out), min(b.endRow, g.rows(out))
	for panel := b.firstPanel; panel < b.endPanel; panel++ {
		width := panelWidth(g.channels, g.set.Panel, panel)
		p.B = &weights[panel*g.set.Panel*g.taps*g.depth]
		p.BStride = 4 * width
		p.TapsB = &g.tapsB[width][0]
		for i := b.firstRow; i < end; i++ {
			p.A = in.pixel(b.image, g.inStride*i+g.firstRow, g.firstColumn, 0)
			p.C = out.pixel(b.image, g.outStride*i+g.outRow, g.outColumn, panel*g.set.Panel)
			g.set.Multiply(p, columns, width)
		}
	}
}
