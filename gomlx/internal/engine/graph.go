package engine

import (
	"fmt"

	"alrc/internal/model"
	"alrc/internal/nn"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Graph building functions panic on errors, as is GoMLX's custom; its executor turns that into errors.

// pass is a way forward through a network.
type pass struct {
	network model.Network
	// weight finds a weight by its name.
	weight func(name string) *graph.Node
	// kept [N] says which images count in a training pass, in which means are those of the batch; nil: the network is
	// applied, by its running means.
	kept *graph.Node
	// means are those of the centered layers, [C] each, in a training pass, in order.
	means []*graph.Node
	// largest is the largest value of each layer with an activation, in order.
	largest []*graph.Node
	// calibrate, where not nil, replaces the gain and bias of a normalized layer by what it returns of the layer, its
	// input and its weights with gains of 1.
	calibrate func(layer model.Layer, x, kernel *graph.Node) (gain, bias *graph.Node)
}

// forward builds the network on images [N,H,W,C] and returns its outputs.
func (p *pass) forward(images *graph.Node) []*graph.Node {
	network := p.network
	shape := images.Shape().Dimensions
	shapes, err := network.Shapes(shape[1], shape[2])
	if err != nil {
		panic(err)
	}
	outputs := make([]*graph.Node, len(network.Layers))
	for i, layer := range network.Layers {
		inputs := make([]*graph.Node, len(layer.Inputs))
		for j, place := range layer.Inputs {
			inputs[j] = images
			if place != model.Input {
				inputs[j] = outputs[place]
			}
		}
		x := inputs[0]
		switch layer.Kind {
		case model.Convolution, model.TransposedConvolution:
			x = p.convolution(layer, x)
		case model.Addition:
			x = graph.Add(x, inputs[1])
		case model.Concatenation:
			x = graph.Concatenate(inputs, 3)
		case model.Halving, model.Doubling:
			x = resize(x, shapes[i].Height, shapes[i].Width)
		default:
			panic(fmt.Errorf("gomlx: layer %q is a %v, which this engine does not know", layer.Name, layer.Kind))
		}
		outputs[i] = x
	}
	var last []*graph.Node
	for _, place := range network.OutputPlaces() {
		last = append(last, outputs[place])
	}
	return last
}

// convolution builds a layer with weights.
func (p *pass) convolution(layer model.Layer, x *graph.Node) *graph.Node {
	var gain *graph.Node
	bias := p.weight(layer.Name + ".bias")
	if layer.Normalized {
		gain = p.weight(layer.Name + ".weight_g")
		if p.calibrate != nil {
			gain, bias = p.calibrate(layer, x, kernel(layer, p.weight, graph.OnesLike(gain)))
		}
	}
	x = convolve(layer, x, kernel(layer, p.weight, gain))
	if layer.Centered {
		var mean *graph.Node
		if p.kept == nil {
			mean = p.weight(layer.Name + ".running_mean")
		} else {
			mean = meanWhere(p.kept, x)
			p.means = append(p.means, mean)
		}
		bias = graph.Sub(bias, mean)
	}
	x = activate(layer, graph.Add(x, graph.Reshape(bias, 1, 1, 1, layer.Channels)))
	if layer.Activation != model.Linear {
		largest := x
		if p.kept != nil {
			largest = imagesWhere(p.kept, x)
		}
		p.largest = append(p.largest, graph.ReduceAllMax(graph.StopGradient(largest)))
	}
	return x
}

// meanWhere is the mean of each channel [C] over rows, columns and the images [N,H,W,C] where kept [N] is true.
func meanWhere(kept, x *graph.Node) *graph.Node {
	shape := x.Shape().Dimensions
	count := graph.MulScalar(graph.ReduceAllSum(graph.ConvertDType(kept, x.DType())), float64(shape[1]*shape[2]))
	return graph.Div(graph.ReduceSum(imagesWhere(kept, x), 0, 1, 2), graph.MaxScalar(count, 1))
}

// kernel is that of a convolution [out,in,rows,columns]; of a normalized one, gain * direction / |direction| for each
// output channel.
func kernel(layer model.Layer, weight func(name string) *graph.Node, gain *graph.Node) *graph.Node {
	if !layer.Normalized {
		return weight(layer.Name + ".weight")
	}
	direction := weight(layer.Name + ".weight_v")
	squares := graph.ReduceSum(graph.Square(direction), 1, 2, 3)
	// A direction of length 0 makes weights of 0, and no gradient.
	none := graph.Equal(squares, graph.ZerosLike(squares))
	length := graph.Sqrt(graph.Where(none, graph.OnesLike(squares), squares))
	factor := graph.Where(none, graph.ZerosLike(gain), graph.Div(gain, length))
	return graph.Mul(direction, graph.Reshape(factor, -1, 1, 1, 1))
}

// convolve convolves images [N,H,W,C] with weights [out,in,rows,columns], the layout of checkpoints.
func convolve(layer model.Layer, x, weights *graph.Node) *graph.Node {
	padding := [2]int{layer.Kernel / 2, layer.Kernel / 2}
	stride := layer.Stride
	if layer.Kind == model.TransposedConvolution {
		// GoMLX differentiates no convolution whose input is dilated. So zeros are put between the pixels, and the
		// reversed kernel slides over them with stride 1; one row and column more at the end make the doubled size.
		zeros := compute.PadAxis{Interior: 1, End: 1}
		x = graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), compute.PadAxis{}, zeros, zeros, compute.PadAxis{})
		weights = graph.Reverse(weights, 2, 3)
		stride = 1
	}
	return graph.Convolve(x, weights).AxesConfig(compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
		KernelOutputChannels: 0, KernelInputChannels: 1, KernelSpatial: []int{2, 3},
		OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}).Strides(stride).PaddingPerDim([][2]int{padding, padding}).Done()
}

func activate(layer model.Layer, x *graph.Node) *graph.Node {
	var below *graph.Node
	switch layer.Activation {
	case model.ReLU:
		below = graph.ZerosLike(x)
	case model.LeakyReLU:
		below = graph.MulScalar(x, float64(layer.Slope))
	default:
		return x
	}
	return graph.Where(graph.GreaterThan(x, graph.ScalarZero(x.Graph(), x.DType())), x, below)
}

// resize resizes images bilinearly with aligned corners: as a product with a matrix for rows and one for columns, whose
// gradient is another product. (GoMLX's own interpolation cannot be differentiated at sizes of 3 and below.)
func resize(x *graph.Node, height, width int) *graph.Node {
	g, shape := x.Graph(), x.Shape().Dimensions
	x = graph.Einsum("nhwc,yh->nywc", x, graph.Const(g, interpolation(shape[1], height)))
	return graph.Einsum("nywc,xw->nyxc", x, graph.Const(g, interpolation(shape[2], width)))
}

// interpolation is the matrix that takes in samples to out samples.
func interpolation(in, out int) [][]float32 {
	matrix := make([][]float32, out)
	for i := range matrix {
		matrix[i] = make([]float32, in)
		first, share := 0, 0.0
		if out > 1 {
			first = i * (in - 1) / (out - 1)
			share = float64(i*(in-1)%(out-1)) / float64(out-1)
		}
		matrix[i][first] += float32(1 - share)
		matrix[i][min(first+1, in-1)] += float32(share)
	}
	return matrix
}

// rawLosses returns the raw loss [N] of each image's output. They are double precision where the backend has it: a loss
// of the fourth power overflows single precision long before its root does.
func rawLosses(l nn.Loss, outputs, targets *graph.Node) *graph.Node {
	if outputs.Graph().Backend().Capabilities().DTypes[dtypes.Float64] {
		outputs, targets = graph.ConvertDType(outputs, dtypes.Float64), graph.ConvertDType(targets, dtypes.Float64)
	}
	d := graph.Sub(outputs, targets)
	switch l.Power {
	case 2:
		d = graph.Square(d)
	case 4:
		d = graph.Square(graph.Square(d))
	default:
		// Selected before the power, so that no difference has gradient 0 rather than NaN.
		none := graph.Equal(d, graph.ZerosLike(d))
		power := graph.PowScalar(graph.Where(none, graph.OnesLike(d), graph.Abs(d)), l.Power)
		d = graph.Where(none, graph.ZerosLike(d), power)
	}
	return graph.MulScalar(graph.ReduceMean(d, 1, 2, 3), l.Scale)
}

// huberised returns the losses that are clipped.
func huberised(l nn.Loss, raw *graph.Node) *graph.Node {
	if l.Huber == 0 {
		return raw
	}
	large := graph.GreaterOrEqual(raw, graph.Scalar(raw.Graph(), raw.DType(), l.Huber))
	root := graph.Sqrt(graph.Where(large, raw, graph.OnesLike(raw)))
	return graph.Where(large, root, raw)
}

// imagesWhere keeps the images [N,H,W,C] where kept [N] is true, and makes the others 0.
func imagesWhere(kept, images *graph.Node) *graph.Node {
	return graph.Where(graph.BroadcastToShape(graph.Reshape(kept, -1, 1, 1, 1), images.Shape()), images, graph.ZerosLike(images))
}
