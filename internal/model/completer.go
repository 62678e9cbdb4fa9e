package model

import (
	"math"
	"strconv"
)

// Completer is the generator of experiment 3, which completes micrographs that were scanned in part (Ede and Beanland
// 2020). It takes images of two channels, the scanned pixels and where they are, whose height and width are divisible
// by 32, and has two outputs of one channel: the completed image, and one of half the size, by which the inner network
// learns sooner.
//
// The inner network works at half size and below: four strided convolutions, residual blocks at a thirty-second of the
// image's size, and transposed convolutions back with the features of the way down added. The outer network, at full
// size, adds the inner one's features to its own. All convolutions are weight-normalized. Width multiplies channels,
// depth the numbers of residual blocks (six inside, three outside).
func Completer(width, depth float64) Network {
	n := Network{Name: "completer", InputChannels: 2}
	channels := func(full int) int { return max(4, int(float64(full)*width)) }
	blocks := func(full int) int { return max(1, int(math.Round(float64(full)*depth))) }
	layer := func(l Layer) int {
		n.Layers = append(n.Layers, l)
		return len(n.Layers) - 1
	}
	convolve := func(name string, input, channels, kernel, stride int, activation Activation) int {
		return layer(Layer{Name: name, Kind: Convolution, Inputs: []int{input}, Channels: channels, Kernel: kernel,
			Stride: stride, Activation: activation, Normalized: true})
	}
	enlarge := func(name string, input, channels int) int {
		return layer(Layer{Name: name, Kind: TransposedConvolution, Inputs: []int{input}, Channels: channels, Kernel: 3,
			Stride: 2, Activation: ReLU, Normalized: true})
	}
	add := func(a, b int) int { return layer(Layer{Kind: Addition, Inputs: []int{a, b}}) }
	residual := func(name string, input, channels int) int {
		x := input
		for i := range 3 {
			x = convolve(name+"."+strconv.Itoa(i), x, channels, 3, 1, ReLU)
		}
		return add(x, input)
	}

	x := layer(Layer{Kind: Halving, Inputs: []int{Input}})
	var down []int
	for i, full := range []int{128, 256, 512, 768} {
		x = convolve("inner.down"+strconv.Itoa(i), x, channels(full), 3, 2, ReLU)
		down = append(down, x)
	}
	for i := range blocks(6) {
		x = residual("inner.block"+strconv.Itoa(i), x, channels(768))
	}
	for i, full := range []int{512, 256, 128} {
		x = add(enlarge("inner.up"+strconv.Itoa(i), x, channels(full)), down[2-i])
	}
	inner := enlarge("inner.up3", x, channels(64))
	head := convolve("trainer.0", inner, channels(64), 3, 1, ReLU)
	half := convolve("trainer.1", head, 1, 3, 1, Linear)

	x = convolve("outer.first", Input, channels(32), 5, 1, ReLU)
	x = convolve("outer.down", x, channels(64), 3, 2, ReLU)
	x = add(x, inner)
	for i := range blocks(3) {
		x = residual("outer.block"+strconv.Itoa(i), x, channels(64))
	}
	x = enlarge("outer.up", x, channels(32))
	x = convolve("outer.narrow", x, channels(32), 3, 1, ReLU)
	x = convolve("outer.last", x, 1, 3, 1, Linear)
	n.Outputs = []int{x, half}
	return n
}
