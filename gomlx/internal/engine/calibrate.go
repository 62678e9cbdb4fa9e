package engine

import (
	"fmt"

	"alrc/internal/model"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Calibrate sets the gains and biases of normalized layers by one batch, inputs [N,H,W,C], as nn.Engine's Calibrate does.
func (e *Engine) Calibrate(inputs []float32) error {
	in := model.Shape{Height: e.options.Height, Width: e.options.Width, Channels: e.network.InputChannels}
	if count := len(inputs) / in.Size(); count < 1 || count > e.options.Batch || len(inputs) != count*in.Size() {
		return fmt.Errorf("gomlx: a calibrating batch has %d numbers: 1 to %d images of %d are needed", len(inputs), e.options.Batch, in.Size())
	}
	var changed []string
	exec, err := graph.NewExec(e.backend, func(arguments []*graph.Node) []*graph.Node {
		var results []*graph.Node
		changed, results = e.calibrateGraph(arguments[:len(arguments)-1], arguments[len(arguments)-1])
		return results
	})
	if err != nil {
		return fmt.Errorf("gomlx: %w", err)
	}
	defer exec.Finalize()
	batch := images(inputs, in)
	defer batch.MustFinalizeAll()
	results, err := call(exec, append(e.state[:e.weights:e.weights], batch))
	if err != nil {
		return fmt.Errorf("gomlx: calibrate: %w", err)
	}
	for i, name := range changed {
		place := e.places[name]
		if place >= e.weights { // a running mean
			place += len(e.state) - len(e.layout.RunningMeans) - e.weights
		}
		free(e.state[place : place+1])
		e.state[place] = results[i]
	}
	return nil
}

// calibrateGraph makes the gains, biases and running means that a batch of images calibrates, and names them.
func (e *Engine) calibrateGraph(weights []*graph.Node, images *graph.Node) (names []string, values []*graph.Node) {
	p := e.pass(weights, nil)
	p.kept = graph.BroadcastToDims(graph.Const(images.Graph(), true), images.Shape().Dimensions[0])
	p.calibrate = func(layer model.Layer, x, kernel *graph.Node) (gain, bias *graph.Node) {
		x = graph.ConvertDType(convolve(layer, x, kernel), widest(x))
		means := graph.ReduceMean(x, 0, 1, 2)
		centered := graph.Sub(x, graph.Reshape(means, 1, 1, 1, -1))
		deviations := graph.Sqrt(graph.AddScalar(graph.ReduceMean(graph.Square(centered), 0, 1, 2), 1e-8))
		single := func(x *graph.Node) *graph.Node { return graph.ConvertDType(x, dtypes.Float32) }
		gain = single(graph.Reciprocal(deviations))
		shift := single(graph.Div(means, deviations))
		bias = graph.Neg(shift)
		names, values = append(names, layer.Name+".weight_g"), append(values, gain)
		if layer.Centered {
			names, values = append(names, layer.Name+".running_mean"), append(values, shift)
			return gain, p.weight(layer.Name + ".bias")
		}
		names, values = append(names, layer.Name+".bias"), append(values, bias)
		return gain, bias
	}
	p.forward(images)
	return names, values
}

// widest is double precision where the backend has it.
func widest(x *graph.Node) dtypes.DType {
	if x.Graph().Backend().Capabilities().DTypes[dtypes.Float64] {
		return dtypes.Float64
	}
	return x.DType()
}

// setLargest keeps what DeadLayer looks at.
func (e *Engine) setLargest(largest *tensors.Tensor) {
	if e.largest != nil {
		e.largest.MustFinalizeAll()
	}
	e.largest = largest
}

// DeadLayer is that of nn.Engine, for the latest step.
func (e *Engine) DeadLayer() string {
	if e.largest == nil {
		return ""
	}
	values := map[int]float32{}
	list := tensors.MustCopyFlatData[float32](e.largest)
	for place, layer := range e.network.Layers {
		if layer.Convolves() && layer.Activation != model.Linear {
			values[place], list = list[0], list[1:]
		}
	}
	return e.network.DeadLayer(func(place int) bool { return values[place] <= 0 })
}
