// Package weights owns what a network in training consists of, for every engine: the names and shapes of its weights,
// how they begin, the moments that an optimizer keeps of them, the number of its steps, and how all that is saved.
//
// How an engine keeps the numbers in its memory is its own affair. To this package, each parameter is a slice in the
// layout of PyTorch: [output,input,row,column] for the weights of convolutions, [output] for biases and gains.
package weights

import (
	"math"
	"slices"

	"alrc/internal/model"
	"alrc/internal/random"
)

// Role is what a parameter does in its layer.
type Role int

const (
	// Weight is the kernel of a convolution, [output,input,row,column].
	Weight Role = iota
	// Direction is what a normalized layer has in a weight's place, w = gain * v / |v| (Salimans and Kingma 2016).
	Direction
	// Bias is what is added to each output channel, [output].
	Bias
	// Gain is the length of a normalized layer's weights, [output].
	Gain
	// RunningMean is what a centered layer subtracts from each output channel where the network is applied, [output].
	RunningMean
)

// Parameter describes one tensor that is trained.
type Parameter struct {
	// Name is the layer's name and .weight or .bias, and for normalized layers .weight_v, .bias and .weight_g, as PyTorch
	// names them.
	Name  string
	Shape []int
	Role  Role
	// Layer is the place of the parameter's layer in the network.
	Layer int
}

// Size is the number of values.
func (p Parameter) Size() int {
	size := 1
	for _, side := range p.Shape {
		size *= side
	}
	return size
}

// Layout describes the state of a network and its optimizer.
type Layout struct {
	// Parameters are the network's, layer by layer.
	Parameters []Parameter
	// Moments are the names of what the optimizer keeps of each parameter.
	Moments []string
	// RunningMeans are those of centered layers, [output]. They are not trained.
	RunningMeans []Parameter

	calibrated bool
}

// Names of moments.
var (
	AdamMoments    = []string{"adam.first_moment", "adam.second_moment"}
	DescentMoments = []string{"sgd.velocity"}
)

// New lays out the state of a valid network whose optimizer keeps some moments.
func New(network model.Network, moments []string) Layout {
	l := Layout{Moments: moments, calibrated: network.Calibrated}
	for i, layer := range network.Layers {
		if !layer.Convolves() {
			continue
		}
		kernel := []int{layer.Channels, network.InputChannelsOf(i), layer.Kernel, layer.Kernel}
		channels := []int{layer.Channels}
		bias := Parameter{layer.Name + ".bias", channels, Bias, i}
		if layer.Normalized {
			l.Parameters = append(l.Parameters, Parameter{layer.Name + ".weight_v", kernel, Direction, i}, bias,
				Parameter{layer.Name + ".weight_g", channels, Gain, i})
		} else {
			l.Parameters = append(l.Parameters, Parameter{layer.Name + ".weight", kernel, Weight, i}, bias)
		}
		if layer.Centered {
			l.RunningMeans = append(l.RunningMeans, Parameter{layer.Name + ".running_mean", channels, RunningMean, i})
		}
	}
	return l
}

// State is the numbers that the future of training depends on.
type State struct {
	// Weights has the values of each parameter.
	Weights [][]float32
	// Moments has, for each moment, its values for each parameter; nil where the optimizer is to begin anew, from zeros.
	Moments [][][]float32
	// RunningMeans has the values of each.
	RunningMeans [][]float32
	// Steps is the number of steps that the optimizer did.
	Steps int64
}

// MomentsOf returns the moments of a state, zeros where it has none. These are the same for each moment, and not to be written to.
func (l Layout) MomentsOf(s State) [][][]float32 {
	if s.Moments != nil {
		return s.Moments
	}
	return slices.Repeat([][][]float32{zeros(l.Parameters)}, len(l.Moments))
}

// zeros returns zeros for each parameter.
func zeros(list []Parameter) [][]float32 {
	values := make([][]float32, len(list))
	for i, p := range list {
		values[i] = make([]float32, p.Size())
	}
	return values
}

// Start draws the state from which training begins. Weights are uniform within sqrt(6 / (fan in + fan out)) of 0 (Glorot
// and Bengio 2010; TensorFlow calls it Xavier), biases 0. The directions of normalized layers are drawn as weights are, and
// their gains are the directions' lengths, so that the weights are what was drawn. Weights of a calibrated network are
// normal with deviation [model.CalibratedDeviation] instead, and its engine is to calibrate it. Running means begin at 0.
func (l Layout) Start(seed uint64) State {
	weights := zeros(l.Parameters)
	draws := random.New(seed)
	var drawn []float32 // the weights or directions of the present layer
	for i, p := range l.Parameters {
		values := weights[i]
		switch p.Role {
		case Weight, Direction:
			limit := math.Sqrt(6 / float64(p.Shape[2]*p.Shape[3]*(p.Shape[0]+p.Shape[1])))
			for j := range values {
				if l.calibrated {
					values[j] = float32(model.CalibratedDeviation * draws.Normal())
				} else {
					values[j] = float32(limit * (2*draws.Float64() - 1))
				}
			}
			drawn = values
		case Gain:
			size := len(drawn) / len(values)
			for j := range values {
				values[j] = length(drawn[j*size:][:size])
			}
		}
	}
	return State{Weights: weights, RunningMeans: zeros(l.RunningMeans)}
}

// length is the Euclidean length.
func length(direction []float32) float32 {
	var squares float64
	for _, v := range direction {
		squares += float64(v) * float64(v)
	}
	return float32(math.Sqrt(squares))
}
