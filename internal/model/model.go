// Package model describes networks: lists of layers without any arithmetic, so that every engine builds the same one.
//
// Images are [N,H,W,C]. A layer's inputs are named by the places of earlier layers in the list; the network's own input
// is [Input], and its output is that of the last layer, or of those that [Network.Outputs] names.
package model

import (
	"errors"
	"fmt"
)

// Input stands for the network's input among a layer's inputs.
const Input = -1

// Kind is what a layer does.
type Kind int

const (
	// Convolution slides an odd kernel over its input, padded with zeros, with stride 1 or 2, and adds a bias. The
	// output has ceil(size / stride) rows and columns; output pixel i is centred on input pixel stride * i.
	Convolution Kind = iota
	// TransposedConvolution is the adjoint of a convolution with stride 2: it doubles height and width, and adds a bias.
	TransposedConvolution
	// Addition adds its two inputs, which have the same shape.
	Addition
	// Concatenation joins the channels of its inputs.
	Concatenation
	// Halving and Doubling resize height and width bilinearly with aligned corners: the corner pixels stay where they
	// are.
	Halving
	Doubling
)

// String is the kind's name in messages.
func (k Kind) String() string {
	switch k {
	case Convolution:
		return "convolution"
	case TransposedConvolution:
		return "transposed convolution"
	case Addition:
		return "addition"
	case Concatenation:
		return "concatenation"
	case Halving:
		return "halving"
	case Doubling:
		return "doubling"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Activation is applied to what a convolution puts out.
type Activation int

const (
	// Linear leaves values as they are.
	Linear Activation = iota
	// ReLU is max(x, 0).
	ReLU
	// LeakyReLU is x where that is positive and Slope * x elsewhere.
	LeakyReLU
)

// Layer is one layer of a network.
type Layer struct {
	// Name begins the names of the layer's weights: "first" has "first.weight" and "first.bias".
	Name string
	Kind Kind
	// Inputs are places of earlier layers, or [Input].
	Inputs []int
	// Channels, Kernel and Stride are a convolution's: output channels, kernel height and width, and 1 or 2.
	Channels, Kernel, Stride int
	Activation               Activation
	// Slope is that of LeakyReLU below 0, at least 0 and below 1.
	Slope float32
	// Normalized gives the weights of each output channel as a direction and a gain, w = gain * v / |v|: weight
	// normalisation (Salimans and Kingma 2016).
	Normalized bool
	// Centered subtracts from each channel its mean over batch, rows and columns, before the bias is added: mean-only batch
	// normalisation (Salimans and Kingma 2016, section 4). A running mean takes its place where the network is applied.
	// Only normalized layers are centered, and no output is.
	Centered bool
}

// Convolves reports whether the layer has weights.
func (l Layer) Convolves() bool { return l.Kind == Convolution || l.Kind == TransposedConvolution }

// Network is a list of layers.
type Network struct {
	Name string
	// InputChannels is the number of channels of the network's input.
	InputChannels int
	Layers        []Layer
	// Outputs are the places of the layers whose outputs are the network's, which no other layer takes; nil stands for
	// the last layer alone.
	Outputs []int
	// Calibrated networks start from weights drawn from a normal distribution of mean 0 and standard deviation
	// [CalibratedDeviation], and from the gains and biases by which each normalized layer, in order, makes each channel of
	// one calibrating batch have mean 0 and deviation 1: the data-dependent initialisation of Salimans and Kingma (2016,
	// section 3). Others draw by Glorot and Bengio (2010).
	Calibrated bool
}

// CalibratedDeviation is the standard deviation of the starting weights of calibrated networks.
const CalibratedDeviation = 0.05

// RunningMeanDecay is the decay of the running means of centered layers.
const RunningMeanDecay = 0.99

// Centers reports whether a layer of the network is centered. Its examples then depend on the others of their batch.
func (n Network) Centers() bool {
	for _, layer := range n.Layers {
		if layer.Centered {
			return true
		}
	}
	return false
}

// OutputPlaces are the places of the layers whose outputs are the network's.
func (n Network) OutputPlaces() []int {
	if n.Outputs == nil {
		return []int{len(n.Layers) - 1}
	}
	return n.Outputs
}

// Shape is the height, width and channels of a layer's output.
type Shape struct{ Height, Width, Channels int }

// Size is the number of values.
func (s Shape) Size() int { return s.Height * s.Width * s.Channels }

// Shapes returns the shape of each layer's output for an input of a height and width, or why there is none.
func (n Network) Shapes(height, width int) ([]Shape, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if height < 1 || width < 1 {
		return nil, fmt.Errorf("model: the input is %d by %d; both must be at least 1", height, width)
	}
	shapes := make([]Shape, len(n.Layers))
	for i, layer := range n.Layers {
		inputs := make([]Shape, len(layer.Inputs))
		for j, place := range layer.Inputs {
			inputs[j] = Shape{height, width, n.InputChannels}
			if place != Input {
				inputs[j] = shapes[place]
			}
		}
		shape := inputs[0]
		switch layer.Kind {
		case Convolution:
			shape = Shape{(shape.Height + layer.Stride - 1) / layer.Stride, (shape.Width + layer.Stride - 1) / layer.Stride, layer.Channels}
		case TransposedConvolution:
			shape = Shape{2 * shape.Height, 2 * shape.Width, layer.Channels}
		case Addition:
			if inputs[0] != inputs[1] {
				return nil, fmt.Errorf("model: layer %q adds inputs of different shapes, %v and %v", layer.Name, inputs[0], inputs[1])
			}
		case Concatenation:
			for _, other := range inputs[1:] {
				if other.Height != shape.Height || other.Width != shape.Width {
					return nil, fmt.Errorf("model: layer %q joins inputs of different sizes, %v and %v", layer.Name, inputs[0], other)
				}
				shape.Channels += other.Channels
			}
		case Halving:
			shape.Height, shape.Width = max(1, shape.Height/2), max(1, shape.Width/2)
		case Doubling:
			shape.Height, shape.Width = 2*shape.Height, 2*shape.Width
		}
		if shape.Height > maxSide || shape.Width > maxSide || shape.Channels > maxSide {
			return nil, fmt.Errorf("model: layer %q would be %v; no side may be above %d", layer.Name, shape, maxSide)
		}
		shapes[i] = shape
	}
	return shapes, nil
}

// InputChannelsOf returns the number of input channels of a layer of a valid network.
func (n Network) InputChannelsOf(layer int) int { return n.channels(n.Layers[layer].Inputs[0]) }

// channels is the number of channels at a place: a layer's output or the network's input.
func (n Network) channels(place int) int {
	if place == Input {
		return n.InputChannels
	}
	layer := n.Layers[place]
	switch layer.Kind {
	case Convolution, TransposedConvolution:
		return layer.Channels
	case Concatenation:
		total := 0
		for _, input := range layer.Inputs {
			total += n.channels(input)
		}
		return total
	}
	return n.channels(layer.Inputs[0])
}

// Multiplications is the number of multiplications of one image of a height and width in its way forward, computed
// directly; a training step has about three times as many.
func (n Network) Multiplications(height, width int) (int64, error) {
	shapes, err := n.Shapes(height, width)
	if err != nil {
		return 0, err
	}
	var total int64
	for i, layer := range n.Layers {
		if !layer.Convolves() {
			continue
		}
		input := Shape{height, width, n.InputChannels}
		if place := layer.Inputs[0]; place != Input {
			input = shapes[place]
		}
		pixels := shapes[i].Height * shapes[i].Width
		if layer.Kind == TransposedConvolution {
			pixels = input.Height * input.Width
		}
		total += int64(pixels) * int64(input.Channels*layer.Channels*layer.Kernel*layer.Kernel)
	}
	return total, nil
}

// maxSide bounds height, width and channels, so that no product of sizes overflows.
const maxSide = 1 << 16

// Validate names the first fault of a description that an engine could not build.
func (n Network) Validate() error {
	if n.InputChannels < 1 || n.InputChannels > maxSide {
		return fmt.Errorf("model: the network has %d input channels; there must be 1 to %d", n.InputChannels, maxSide)
	}
	if len(n.Layers) == 0 || n.Outputs != nil && len(n.Outputs) == 0 {
		return errors.New("model: the network has no layers, or no outputs")
	}
	names := map[string]bool{}
	for i, layer := range n.Layers {
		fault := func(format string, arguments ...any) error {
			return fmt.Errorf("model: layer %d, %q: "+format, append([]any{i, layer.Name}, arguments...)...)
		}
		inputs := 1
		switch layer.Kind {
		case Convolution, TransposedConvolution:
			switch {
			case layer.Name == "" || names[layer.Name]:
				return fault("a layer with weights needs a name of its own")
			case layer.Channels < 1:
				return fault("%d channels; there must be at least 1", layer.Channels)
			case layer.Kernel < 1 || layer.Kernel%2 == 0 || layer.Kernel > 31:
				return fault("a kernel of %d; it must be odd, from 1 to 31", layer.Kernel)
			case layer.Stride != 1 && layer.Stride != 2:
				return fault("stride %d; there are 1 and 2", layer.Stride)
			case layer.Kind == TransposedConvolution && layer.Stride != 2:
				return fault("a transposed convolution has stride 2")
			}
			names[layer.Name] = true
		case Addition:
			inputs = 2
		case Concatenation:
			inputs = max(2, len(layer.Inputs))
		case Halving, Doubling:
		default:
			return fault("its kind is unknown")
		}
		switch layer.Activation {
		case Linear, ReLU:
		case LeakyReLU:
			if !(layer.Slope >= 0 && layer.Slope < 1) {
				return fault("slope %v; it must be at least 0 and below 1", layer.Slope)
			}
		default:
			return fault("activation %d is unknown", layer.Activation)
		}
		if (layer.Activation != Linear || layer.Normalized) && !layer.Convolves() {
			return fault("only convolutions have an activation, or normalized weights")
		}
		if layer.Centered && !layer.Normalized {
			return fault("only layers with normalized weights are centered")
		}
		if len(layer.Inputs) != inputs {
			return fault("it has %d inputs; %d belong", len(layer.Inputs), inputs)
		}
		for _, place := range layer.Inputs {
			if place < Input || place >= i {
				return fault("input %d is no earlier layer", place)
			}
		}
	}
	taken := map[int]bool{}
	for _, place := range n.Outputs {
		if place < 0 || place >= len(n.Layers) || taken[place] {
			return fmt.Errorf("model: output %d is no layer, or named twice", place)
		}
		taken[place] = true
	}
	for _, place := range n.OutputPlaces() {
		if layer := n.Layers[place]; layer.Centered {
			return fmt.Errorf("model: layer %d, %q, is an output, and no output is centered", place, layer.Name)
		}
	}
	for i, layer := range n.Layers {
		for _, place := range layer.Inputs {
			if taken[place] {
				return fmt.Errorf("model: layer %d, %q, takes layer %d, which is an output", i, layer.Name, place)
			}
		}
	}
	return nil
}

// DeadLayer returns the name of a layer that makes an output of the network independent of its input, where dead says of
// each convolution with an activation whether all its activations are 0: the first dead one, if every way from the input to
// some output passes a dead one. A dead branch beside a living one, as in a residual block, does not count. It is "" where the
// network is alive.
func (n Network) DeadLayer(dead func(place int) bool) string {
	first := ""
	depends := make([]bool, len(n.Layers))
	for i, layer := range n.Layers {
		for _, place := range layer.Inputs {
			depends[i] = depends[i] || place == Input || depends[place]
		}
		if layer.Convolves() && layer.Activation != Linear && depends[i] && dead(i) {
			depends[i] = false
			if first == "" {
				first = layer.Name
			}
		}
	}
	for _, place := range n.OutputPlaces() {
		if !depends[place] {
			return first
		}
	}
	return ""
}
