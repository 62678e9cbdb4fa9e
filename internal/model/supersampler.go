package model

import "strconv"

// Supersampler is the network of experiment 1, which restores images that were halved in size and enlarged again
// (Ede and Beanland 2020): two convolutions up to 128 channels, three residual blocks, and two convolutions back to
// the image's 3. Width multiplies the hidden channels; at width 1 it has 1,042,819 parameters.
func Supersampler(width float64) Network {
	channels := func(full int) int { return max(4, int(float64(full)*width)) }
	n := Network{Name: "supersampler", InputChannels: 3}
	convolve := func(name string, input, channels, kernel int, activation Activation) int {
		n.Layers = append(n.Layers, Layer{Name: name, Kind: Convolution, Inputs: []int{input},
			Channels: channels, Kernel: kernel, Stride: 1, Activation: activation})
		return len(n.Layers) - 1
	}
	x := convolve("first", Input, channels(64), 5, ReLU)
	x = convolve("second", x, channels(128), 3, ReLU)
	for block := range 3 {
		y := convolve("residual"+strconv.Itoa(2*block), x, channels(128), 3, ReLU)
		y = convolve("residual"+strconv.Itoa(2*block+1), y, channels(128), 3, ReLU)
		n.Layers = append(n.Layers, Layer{Kind: Addition, Inputs: []int{y, x}})
		x = len(n.Layers) - 1
	}
	x = convolve("narrow", x, channels(64), 3, ReLU)
	convolve("last", x, 3, 5, Linear)
	return n
}
