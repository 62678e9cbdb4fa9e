package model

import (
	"fmt"
	"strings"
	"testing"
)

func convolution(name string, input, channels, kernel, stride int) Layer {
	return Layer{Name: name, Kind: Convolution, Inputs: []int{input}, Channels: channels, Kernel: kernel, Stride: stride}
}

func TestShapes(t *testing.T) {
	network := Network{InputChannels: 3, Layers: []Layer{
		convolution("a", Input, 5, 7, 1),
		convolution("b", 0, 8, 3, 2),
		{Name: "c", Kind: TransposedConvolution, Inputs: []int{1}, Channels: 6, Kernel: 5, Stride: 2},
		{Kind: Addition, Inputs: []int{2, 2}},
		{Kind: Concatenation, Inputs: []int{3, 2, 3}},
		{Kind: Halving, Inputs: []int{4}},
		{Kind: Doubling, Inputs: []int{Input}},
	}}
	for _, test := range []struct{ height, width int }{{32, 32}, {13, 10}, {1, 1}} {
		half := func(size int) int { return (size + 1) / 2 }
		h, w := half(test.height), half(test.width)
		want := []Shape{{test.height, test.width, 5}, {h, w, 8}, {2 * h, 2 * w, 6}, {2 * h, 2 * w, 6}, {2 * h, 2 * w, 18},
			{h, w, 18}, {2 * test.height, 2 * test.width, 3}}
		shapes, err := network.Shapes(test.height, test.width)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(shapes) != fmt.Sprint(want) {
			t.Errorf("%d by %d: shapes %v, want %v", test.height, test.width, shapes, want)
		}
	}
	// Halving rounds down, but never to nothing.
	halving := Network{InputChannels: 1, Layers: []Layer{{Kind: Halving, Inputs: []int{Input}}}}
	shapes, err := halving.Shapes(7, 1)
	if err != nil || shapes[0] != (Shape{3, 1, 1}) {
		t.Errorf("half of 7 by 1 is %v, %v", shapes, err)
	}
}

func TestShapesErrors(t *testing.T) {
	join := func(kind Kind, layers ...Layer) Network {
		return Network{InputChannels: 3, Layers: append(layers, Layer{Name: "join", Kind: kind, Inputs: []int{0, Input}})}
	}
	doublings := Network{InputChannels: 1}
	for i := range 80 {
		doublings.Layers = append(doublings.Layers, Layer{Kind: Doubling, Inputs: []int{i - 1}})
	}
	for _, test := range []struct {
		network       Network
		height, width int
		want          string
	}{
		{join(Addition, convolution("a", Input, 4, 3, 1)), 8, 8, `"join" adds inputs of different shapes`},
		{join(Concatenation, convolution("a", Input, 3, 3, 2)), 8, 8, `"join" joins inputs of different sizes`},
		{join(Concatenation, convolution("a", Input, 1<<30, 3, 1)), 8, 8, `no side may be above 65536`},
		{doublings, 8, 8, "no side may be above 65536"},
		{Supersampler(1), 0, 8, "the input is 0 by 8"},
		{Supersampler(1), 8, 1 << 17, "no side may be above 65536"},
		{Network{InputChannels: 1}, 8, 8, "no layers"},
	} {
		if _, err := test.network.Shapes(test.height, test.width); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %q", err, test.want)
		}
	}
}

func TestValidateErrors(t *testing.T) {
	change := func(change func(l *Layer)) []Layer {
		layer := convolution("a", Input, 4, 3, 1)
		change(&layer)
		return []Layer{layer}
	}
	for _, test := range []struct {
		layers []Layer
		want   string
	}{
		{nil, "no layers"},
		{change(func(l *Layer) { l.Name = "" }), "needs a name of its own"},
		{[]Layer{convolution("a", Input, 4, 3, 1), convolution("a", 0, 4, 3, 1)}, `layer 1, "a": a layer with weights needs a name of its own`},
		{change(func(l *Layer) { l.Channels = 0 }), "0 channels"},
		{change(func(l *Layer) { l.Kernel = 4 }), "a kernel of 4"},
		{change(func(l *Layer) { l.Kernel = -3 }), "a kernel of -3"},
		{change(func(l *Layer) { l.Kernel = 33 }), "a kernel of 33"},
		{change(func(l *Layer) { l.Stride = 3 }), "stride 3"},
		{change(func(l *Layer) { l.Stride = 0 }), "stride 0"},
		{change(func(l *Layer) { l.Kind = TransposedConvolution }), "a transposed convolution has stride 2"},
		{change(func(l *Layer) { l.Kind = 77 }), "its kind is unknown"},
		{change(func(l *Layer) { l.Activation = 77 }), "activation 77 is unknown"},
		{change(func(l *Layer) { l.Activation, l.Slope = LeakyReLU, 1 }), "slope 1"},
		{change(func(l *Layer) { l.Activation, l.Slope = LeakyReLU, -0.1 }), "slope -0.1"},
		{[]Layer{{Kind: Halving, Inputs: []int{Input}, Activation: ReLU}}, "only convolutions have an activation"},
		{change(func(l *Layer) { l.Inputs = nil }), "it has 0 inputs; 1 belong"},
		{[]Layer{{Kind: Addition, Inputs: []int{Input, Input, Input}}}, "it has 3 inputs; 2 belong"},
		{[]Layer{{Kind: Concatenation, Inputs: []int{Input}}}, "it has 1 inputs; 2 belong"},
		{change(func(l *Layer) { l.Inputs = []int{0} }), "input 0 is no earlier layer"},
		{change(func(l *Layer) { l.Inputs = []int{-2} }), "input -2 is no earlier layer"},
		{change(func(l *Layer) { l.Centered = true }), "only layers with normalized weights are centered"},
		{change(func(l *Layer) { l.Normalized, l.Centered = true, true }), "no output is centered"},
	} {
		err := Network{InputChannels: 3, Layers: test.layers}.Validate()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %q", err, test.want)
		}
	}
	for _, channels := range []int{0, 1 << 17} {
		if err := (Network{InputChannels: channels, Layers: change(func(*Layer) {})}).Validate(); err == nil {
			t.Errorf("%d input channels are accepted", channels)
		}
	}
}
