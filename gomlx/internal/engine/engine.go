// Package engine trains the networks of package model through GoMLX, on whatever that computes on: its pure-Go backend,
// or XLA on CPUs, GPUs and TPUs. It does what package nn does: the same losses, optimizers and checkpoints.
package engine

import (
	"fmt"
	"math"
	"runtime"

	"alrc/internal/model"
	"alrc/internal/nn"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Engine trains one network. Its methods are for one goroutine at a time.
type Engine struct {
	network model.Network
	options nn.Options
	backend compute.Backend
	shape   model.Shape // of the output

	// cpu draws starting weights and knows which states are the network's, so that both are the CPU engine's.
	cpu *nn.Engine
	// state is the weights, followed by the optimizer's moments in the same order, as cpu lists them.
	state   []*tensors.Tensor
	weights int            // how many of the state are weights
	places  map[string]int // of the weights, by name
	steps   int64          // that the optimizer did

	train, evaluate *graph.Exec
	threadsBefore   int // of the runtime, where the engine changed it
}

// New builds an engine. Its errors are those of nn.New, and of a backend that is not there. The options that choose
// the CPU engine's arithmetic must be empty: Direct, and Kernels but for this backend's own name.
func New(network model.Network, o nn.Options) (*Engine, error) {
	backend, err := newBackend()
	if err != nil {
		return nil, err
	}
	return newEngine(backend, network, o)
}

func newEngine(backend compute.Backend, network model.Network, o nn.Options) (*Engine, error) {
	e := &Engine{network: network, options: o, backend: backend, places: map[string]int{}}
	switch name := e.Kernels(); {
	case o.Kernels != "" && o.Kernels != name:
		return nil, fmt.Errorf("gomlx: option Kernels is %q, and this backend computes as %q: leave it empty, or choose"+
			" the backend by $%s", o.Kernels, name, compute.ConfigEnvVar)
	case o.Direct:
		return nil, fmt.Errorf("gomlx: option Direct is the CPU engine's; %q has no such choice", name)
	case o.Batch < 1:
		return nil, fmt.Errorf("gomlx: option Batch is %d: it must be at least 1", o.Batch)
	case o.Threads < 0:
		return nil, fmt.Errorf("gomlx: option Threads is %d: it must be at least 0", o.Threads)
	}
	small := o
	small.Batch, small.Threads, small.Kernels = 1, 1, "portable"
	cpu, err := nn.New(network, small)
	if err != nil {
		return nil, err
	}
	shapes, err := network.Shapes(o.Height, o.Width)
	if err != nil {
		return nil, err
	}
	e.cpu, e.shape = cpu, shapes[len(shapes)-1]
	// The step follows the weights and one or two moments of each.
	list := cpu.SaveState()
	e.weights = (len(list) - 1) / 3
	if o.Optimizer.Kind == nn.SGD {
		e.weights = (len(list) - 1) / 2
	}
	for i, tensor := range list[:e.weights] {
		e.places[tensor.Name] = i
	}
	if e.train, err = graph.NewExec(backend, e.trainGraph); err != nil {
		return nil, fmt.Errorf("gomlx: %w", err)
	}
	if e.evaluate, err = graph.NewExec(backend, e.evaluateGraph); err != nil {
		return nil, fmt.Errorf("gomlx: %w", err)
	}
	e.take()
	if o.Threads > 0 {
		// The Go backend takes its number of threads from the runtime.
		e.threadsBefore = runtime.GOMAXPROCS(o.Threads)
	}
	return e, nil
}

// Kernels names the backend and, where it has one, its plugin: gomlx-go, gomlx-xla-cuda.
func (e *Engine) Kernels() string { return kernels(e.backend) }

// Slow says whether this is GoMLX's pure-Go backend, whose convolutions are plain loops.
func (e *Engine) Slow() bool { return e.backend.String() == gobackend.BackendName }

// Close frees the engine's memory.
func (e *Engine) Close() {
	e.train.Finalize()
	e.evaluate.Finalize()
	free(e.state)
	e.cpu.Close()
	if e.threadsBefore > 0 {
		runtime.GOMAXPROCS(e.threadsBefore)
	}
}

// trainGraph builds a step: of the state, the optimizer's rates, images, targets and their scales it makes the raw
// losses, those that are clipped, and the next state. An image of scale 0 is left out.
func (e *Engine) trainGraph(arguments []*graph.Node) []*graph.Node {
	state, rest := arguments[:len(e.state)], arguments[len(e.state):]
	rates, images, targets, scales := rest[0], rest[1], rest[2], rest[3]
	// What is left out is replaced before any arithmetic: its numbers may be infinite, and would not vanish by a factor
	// of 0.
	kept := graph.GreaterThan(scales, graph.ZerosLike(scales))
	images, targets = imagesWhere(kept, images), imagesWhere(kept, targets)
	weights := state[:e.weights]
	raw := rawLosses(e.options.Loss, e.forward(weights, images), targets)
	losses := huberised(e.options.Loss, raw)
	scaled := graph.Mul(graph.ConvertDType(scales, losses.DType()), graph.Where(kept, losses, graph.ZerosLike(losses)))
	gradients := graph.Gradient(graph.ReduceAllMean(scaled), weights...)

	results := make([]*graph.Node, 2+len(state))
	results[0], results[1] = raw, losses
	next := results[2:]
	for i, weight := range weights {
		var moments []*graph.Node
		for at := i + e.weights; at < len(state); at += e.weights {
			moments = append(moments, state[at])
		}
		next[i], moments = update(e.options.Optimizer, rates, weight, gradients[i], moments)
		for j, moment := range moments {
			next[i+(j+1)*e.weights] = moment
		}
	}
	return results
}

// evaluateGraph makes the raw losses and the outputs of weights, images and targets.
func (e *Engine) evaluateGraph(arguments []*graph.Node) []*graph.Node {
	weights, images, targets := arguments[:e.weights], arguments[e.weights], arguments[e.weights+1]
	outputs := e.forward(weights, images)
	return []*graph.Node{rawLosses(e.options.Loss, outputs, targets), outputs}
}

func (e *Engine) forward(weights []*graph.Node, images *graph.Node) *graph.Node {
	return forward(e.network, images, func(name string) *graph.Node { return weights[e.places[name]] })
}

// Step is one optimizer step on a batch, as that of nn.Engine, for the whole batch at once. The graph of a step needs
// the scales, which come of the losses that it computes. Since most steps clip nothing, it is run with scales of 1; where
// weigh wants others, that result is dropped and the graph is run again. So a step that clips takes twice the time.
func (e *Engine) Step(inputs, targets, raw []float32, weigh func(losses, scales []float32)) error {
	count := len(raw)
	if err := e.check(inputs, targets, count); err != nil {
		return err
	}
	if e.weights == 0 {
		return fmt.Errorf("gomlx: network %q has no weights: there is nothing to train", e.network.Name)
	}
	batch := append(copied(e.state),
		tensors.FromFlatDataAndDimensions(rates(e.options.Optimizer, e.steps), 2),
		images(inputs, e.inputShape()),
		images(targets, e.shape))
	defer free(batch[len(e.state):])
	scales := make([]float32, count)
	for i := range scales {
		scales[i] = 1
	}
	results, err := e.run(batch, scales)
	if err != nil {
		return err
	}
	values, losses := numbers(results[0]), make([]float32, count)
	for i, loss := range numbers(results[1]) {
		raw[i], losses[i] = float32(values[i]), float32(loss)
	}
	weigh(losses, scales)
	kept, again := 0, false
	for i, value := range values {
		if !(scales[i] > 0) || math.IsNaN(value) || math.IsInf(value, 0) {
			scales[i] = 0
		} else {
			kept++
		}
		again = again || scales[i] != 1
	}
	if again {
		free(results)
		if kept == 0 {
			return nil
		}
		if results, err = e.run(batch, scales); err != nil {
			return err
		}
	}
	free(results[:2])
	free(e.state)
	e.state = results[2:]
	e.steps++
	return nil
}

func (e *Engine) run(arguments []*tensors.Tensor, scales []float32) ([]*tensors.Tensor, error) {
	last := tensors.FromFlatDataAndDimensions(scales, len(scales))
	defer free([]*tensors.Tensor{last})
	results, err := call(e.train, append(arguments, last))
	if err != nil {
		return nil, fmt.Errorf("gomlx: train: %w", err)
	}
	return results, nil
}

// Evaluate runs the network on at most a batch of images, as that of nn.Engine.
func (e *Engine) Evaluate(inputs, targets, outputs, raw []float32) error {
	if err := e.check(inputs, targets, len(raw)); err != nil {
		return err
	}
	if outputs != nil && len(outputs) != len(targets) {
		return fmt.Errorf("gomlx: outputs has room for %d numbers; there are %d", len(outputs), len(targets))
	}
	batch := append(copied(e.state[:e.weights]), images(inputs, e.inputShape()), images(targets, e.shape))
	defer free(batch[e.weights:])
	results, err := call(e.evaluate, batch)
	if err != nil {
		return fmt.Errorf("gomlx: evaluate: %w", err)
	}
	for i, loss := range numbers(results[0]) {
		raw[i] = float32(loss)
	}
	if outputs != nil {
		copy(outputs, tensors.MustCopyFlatData[float32](results[1]))
	}
	free(results)
	return nil
}

func (e *Engine) inputShape() model.Shape {
	return model.Shape{Height: e.options.Height, Width: e.options.Width, Channels: e.network.InputChannels}
}

func (e *Engine) check(inputs, targets []float32, count int) error {
	in, out := e.inputShape().Size(), e.shape.Size()
	switch {
	case count < 1 || count > e.options.Batch:
		return fmt.Errorf("gomlx: %d losses are asked for; a batch has 1 to %d", count, e.options.Batch)
	case len(inputs) != count*in:
		return fmt.Errorf("gomlx: the inputs are %d numbers; %d images are %d", len(inputs), count, count*in)
	case len(targets) != count*out:
		return fmt.Errorf("gomlx: the targets are %d numbers; %d images are %d", len(targets), count, count*out)
	}
	return nil
}

// images hands a batch [N,H,W,C] to GoMLX.
func images(values []float32, s model.Shape) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, len(values)/s.Size(), s.Height, s.Width, s.Channels)
}

// copied is a list of its own, to append to.
func copied(state []*tensors.Tensor) []*tensors.Tensor {
	return append(make([]*tensors.Tensor, 0, len(state)+4), state...)
}

func call(exec *graph.Exec, arguments []*tensors.Tensor) ([]*tensors.Tensor, error) {
	list := make([]any, len(arguments))
	for i, argument := range arguments {
		list[i] = argument
	}
	return exec.Call(list...)
}

func free(list []*tensors.Tensor) {
	for _, tensor := range list {
		tensor.MustFinalizeAll()
	}
}

// numbers are the values of a tensor of either precision.
func numbers(t *tensors.Tensor) []float64 {
	if t.DType() == dtypes.Float64 {
		return tensors.MustCopyFlatData[float64](t)
	}
	var values []float64
	for _, value := range tensors.MustCopyFlatData[float32](t) {
		values = append(values, float64(value))
	}
	return values
}
