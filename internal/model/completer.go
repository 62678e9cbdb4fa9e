package model

import (
	"math"
	"strconv"
)

// Completer is a generator of experiment 3, which completes micrographs that were scanned in part (Ede and Beanland
// 2020), as the paper describes it. It takes images of two channels, the scanned pixels and where they are, whose height
// and width are divisible by 32, and has two outputs of one channel: the completed image, and one of half the size, by
// which the inner network learns sooner.
//
// The inner network works at half size and below: four strided convolutions, residual blocks at a thirty-second of the
// image's size, and transposed convolutions back with the features of the way down added. The outer network, at full
// size, adds the inner one's features to its own. All convolutions are weight-normalized. Width multiplies channels,
// depth the numbers of residual blocks (six inside, three outside).
func Completer(width, depth float64) Network {
	c := completer{Network: Network{Name: "completer", InputChannels: 2}, width: width, depth: depth}
	x := c.layer(Layer{Kind: Halving, Inputs: []int{Input}})
	var down []int
	for i, full := range innerChannels {
		x = c.convolve("inner.down"+strconv.Itoa(i), x, full, 3, 2)
		down = append(down, x)
	}
	x = c.blocks("inner", x, 768, 6)
	for i, full := range []int{512, 256, 128} {
		x = c.add(c.enlarge("inner.up"+strconv.Itoa(i), x, full), down[2-i])
	}
	inner := c.enlarge("inner.up3", x, 64)
	return c.finish(inner)
}

// PublishedCompleter is [Completer] with what the authors' training scripts have beyond the paper's description, as in
// the one that was trained with ALRC (run 43 of the repository partial-STEM): the inner network begins with a 5x5
// convolution at full resolution of its input, which is not weight-normalized, and has no additions of features on its
// way back; transposed convolutions are centered; ReLUs leak, 0.1 in the first layers of the outer network and in the
// inner one's first, and 0.01 elsewhere; and the network is calibrated.
//
// In that script a centered layer's bias begins at -mean/deviation too, after the mean was subtracted already. Here it
// begins at 0, so that the layer hands on what the calibration promises.
func PublishedCompleter(width, depth float64) Network {
	c := completer{Network: Network{Name: "published completer", InputChannels: 2, Calibrated: true},
		width: width, depth: depth, published: true}
	x := c.layer(Layer{Kind: Halving, Inputs: []int{Input}})
	x = c.convolve("inner.first", x, 64, 5, 1)
	c.Layers[x].Normalized = false
	for i, full := range innerChannels {
		x = c.convolve("inner.down"+strconv.Itoa(i), x, full, 3, 2)
	}
	x = c.blocks("inner", x, 768, 6)
	for i, full := range []int{512, 256, 128, 64} {
		x = c.enlarge("inner.up"+strconv.Itoa(i), x, full)
	}
	n := c.finish(x)
	for i, layer := range n.Layers {
		switch layer.Name {
		case "inner.first", "outer.first", "outer.down":
			n.Layers[i].Slope = 0.1
		}
	}
	return n
}

// innerChannels are the channels of the strided convolutions of the inner network at width 1.
var innerChannels = []int{128, 256, 512, 768}

// completer builds a network layer by layer. Channels and numbers of blocks are given as at width and depth 1.
type completer struct {
	Network
	width, depth float64
	published    bool
}

func (c *completer) layer(l Layer) int {
	c.Layers = append(c.Layers, l)
	return len(c.Layers) - 1
}

func (c *completer) channels(full int) int { return max(4, int(float64(full)*c.width)) }

func (c *completer) activated(l Layer) int {
	l.Activation = ReLU
	if c.published {
		l.Activation, l.Slope = LeakyReLU, 0.01
	}
	return c.layer(l)
}

func (c *completer) convolve(name string, input, full, kernel, stride int) int {
	return c.activated(Layer{Name: name, Kind: Convolution, Inputs: []int{input}, Channels: c.channels(full), Kernel: kernel,
		Stride: stride, Normalized: true})
}

func (c *completer) enlarge(name string, input, full int) int {
	return c.activated(Layer{Name: name, Kind: TransposedConvolution, Inputs: []int{input}, Channels: c.channels(full), Kernel: 3,
		Stride: 2, Normalized: true, Centered: c.published})
}

func (c *completer) add(a, b int) int { return c.layer(Layer{Kind: Addition, Inputs: []int{a, b}}) }

// blocks are residual blocks of three convolutions each.
func (c *completer) blocks(network string, x, full, count int) int {
	for i := range max(1, int(math.Round(float64(count)*c.depth))) {
		input := x
		for j := range 3 {
			x = c.convolve(network+".block"+strconv.Itoa(i)+"."+strconv.Itoa(j), x, full, 3, 1)
		}
		x = c.add(x, input)
	}
	return x
}

// output is a convolution to one channel without an activation.
func (c *completer) output(name string, input int) int {
	return c.layer(Layer{Name: name, Kind: Convolution, Inputs: []int{input}, Channels: 1, Kernel: 3, Stride: 1, Normalized: true})
}

// finish adds what follows the inner network: the head that trains it, and the outer network.
func (c *completer) finish(inner int) Network {
	half := c.output("trainer.1", c.convolve("trainer.0", inner, 64, 3, 1))
	x := c.convolve("outer.first", Input, 32, 5, 1)
	x = c.convolve("outer.down", x, 64, 3, 2)
	x = c.add(x, inner)
	x = c.blocks("outer", x, 64, 3)
	x = c.enlarge("outer.up", x, 32)
	x = c.convolve("outer.narrow", x, 32, 3, 1)
	c.Outputs = []int{c.output("outer.last", x), half}
	return c.Network
}
