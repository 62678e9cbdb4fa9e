// Package engine trains the networks of package model through GoMLX, on whatever that computes on: its pure-Go backend,
// or XLA on CPUs, GPUs and TPUs. It does what package nn does: the same losses, optimizers and checkpoints.
package engine

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"alrc/internal/model"
	"alrc/internal/nn"
	"alrc/internal/weights"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Engine trains one network. Its methods are for one goroutine at a time.
type Engine struct {
	network model.Network
	options nn.Options // with defaults
	backend compute.Backend
	shapes  []model.Shape // of the outputs

	layout weights.Layout
	// state is the values of each parameter, followed by each moment of them in the same order, and by the running means.
	state   []*tensors.Tensor
	weights int            // how many parameters there are
	places  map[string]int // of the parameters and the running means, by name; the latter follow the parameters
	steps   int64          // that the optimizer did

	train, evaluate *graph.Exec
	// largest are the largest values of layers with an activation, in the latest step; nil before it.
	largest       *tensors.Tensor
	threadsBefore int // of the runtime, where the engine changed it
}

// New builds an engine. Options that no engine can have are errors, and so is a backend that is not there. The options
// that are the CPU engine's alone must be empty: Stabiliser, Direct, and Kernels but for this backend's own name.
func New(network model.Network, o nn.Options) (*Engine, error) {
	backend, err := newBackend()
	if err != nil {
		return nil, err
	}
	return newEngine(backend, network, o)
}

func newEngine(backend compute.Backend, network model.Network, o nn.Options) (*Engine, error) {
	threads := o.Threads
	o, err := resolve(backend, network, o)
	if err != nil {
		return nil, err
	}
	shapes, err := network.Shapes(o.Height, o.Width)
	if err != nil {
		return nil, err
	}
	e := &Engine{network: network, options: o, backend: backend, places: map[string]int{}}
	for _, place := range network.OutputPlaces() {
		e.shapes = append(e.shapes, shapes[place])
	}
	e.layout = weights.New(network, o.Optimizer.Moments())
	e.weights = len(e.layout.Parameters)
	for i, p := range slices.Concat(e.layout.Parameters, e.layout.RunningMeans) {
		e.places[p.Name] = i
	}
	if e.train, err = graph.NewExec(backend, e.trainGraph); err != nil {
		return nil, fmt.Errorf("gomlx: %w", err)
	}
	if e.evaluate, err = graph.NewExec(backend, e.evaluateGraph); err != nil {
		return nil, fmt.Errorf("gomlx: %w", err)
	}
	e.take(e.layout.Start(0))
	if threads > 0 {
		// The Go backend takes its number of threads from the runtime.
		e.threadsBefore = runtime.GOMAXPROCS(threads)
	}
	return e, nil
}

// resolve fills in defaults, and refuses options that are not this engine's.
func resolve(backend compute.Backend, network model.Network, o nn.Options) (nn.Options, error) {
	switch name := kernels(backend); {
	case o.Kernels != "" && o.Kernels != name:
		return o, fmt.Errorf("gomlx: option Kernels is %q, and this backend computes as %q: leave it empty, or choose"+
			" the backend by $%s", o.Kernels, name, compute.ConfigEnvVar)
	case o.Direct:
		return o, fmt.Errorf("gomlx: option Direct is the CPU engine's; %q has no such choice", name)
	case !o.Stabiliser.Empty():
		return o, fmt.Errorf("gomlx: stabilisers are the CPU engine's alone: train with it, or without %s", o.Stabiliser)
	}
	return o.Resolve(network)
}

// Kernels is the name of the arithmetic of an engine of these options, or why there is none. It builds nothing but the
// backend.
func Kernels(network model.Network, o nn.Options) (string, error) {
	backend, err := newBackend()
	if err != nil {
		return "", err
	}
	_, err = resolve(backend, network, o)
	return kernels(backend), err
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
	e.setLargest(nil)
	if e.threadsBefore > 0 {
		runtime.GOMAXPROCS(e.threadsBefore)
	}
}

// trainGraph builds a step: of the state, the optimizer's rates, images, and the targets and scales of each output it
// makes, for each output, the raw losses and those that are clipped, and then the next state. An image of scale 0 is left
// out.
func (e *Engine) trainGraph(arguments []*graph.Node) []*graph.Node {
	state, rest := arguments[:len(e.state)], arguments[len(e.state):]
	rates, images, targets, scales := rest[0], rest[1], rest[2:2+len(e.shapes)], rest[2+len(e.shapes):]
	weights := state[:e.weights]
	means := state[len(state)-len(e.layout.RunningMeans):]
	kept := graph.GreaterThan(scales[0], graph.ZerosLike(scales[0]))
	// What is left out is replaced before any arithmetic: its numbers may be infinite, and would not vanish by a factor
	// of 0.
	p := e.pass(weights, nil)
	p.kept = kept
	outputs := p.forward(imagesWhere(kept, images))
	var results []*graph.Node
	var total *graph.Node
	for i, output := range outputs {
		raw := rawLosses(e.options.Loss, output, imagesWhere(kept, targets[i]))
		losses := huberised(e.options.Loss, raw)
		results = append(results, raw, losses)
		scaled := graph.Mul(graph.ConvertDType(scales[i], losses.DType()), graph.Where(kept, losses, graph.ZerosLike(losses)))
		if mean := graph.ReduceAllMean(scaled); total == nil {
			total = mean
		} else {
			total = graph.Add(total, mean)
		}
	}
	results = append(results, stack(images.Graph(), p.largest))
	gradients := graph.Gradient(total, weights...)
	next := make([]*graph.Node, len(state))
	for i, weight := range weights {
		var moments []*graph.Node
		for at := i + e.weights; at < len(state)-len(means); at += e.weights {
			moments = append(moments, state[at])
		}
		next[i], moments = update(e.options.Optimizer, rates, weight, gradients[i], moments)
		for j, moment := range moments {
			next[i+(j+1)*e.weights] = moment
		}
	}
	for i, mean := range p.means {
		next[len(state)-len(means)+i] = graph.Add(graph.MulScalar(means[i], model.RunningMeanDecay),
			graph.MulScalar(graph.StopGradient(mean), 1-model.RunningMeanDecay))
	}
	return append(results, next...)
}

// stack makes one tensor of numbers.
func stack(g *graph.Graph, numbers []*graph.Node) *graph.Node {
	if len(numbers) == 0 {
		return graph.Const(g, []float32{})
	}
	return graph.Stack(numbers, 0)
}

// evaluateGraph makes, for each output of weights and running means, images and targets, the raw losses and the output.
func (e *Engine) evaluateGraph(arguments []*graph.Node) []*graph.Node {
	applied := e.weights + len(e.layout.RunningMeans)
	weights, means, images, targets := arguments[:e.weights], arguments[e.weights:applied], arguments[applied], arguments[applied+1:]
	var results []*graph.Node
	for i, output := range e.pass(weights, means).forward(images) {
		results = append(results, rawLosses(e.options.Loss, output, targets[i]), output)
	}
	return results
}

// pass is a way forward with some weights and running means, which are needed where the network is applied.
func (e *Engine) pass(weights, means []*graph.Node) *pass {
	all := slices.Concat(weights, means)
	return &pass{network: e.network, weight: func(name string) *graph.Node { return all[e.places[name]] }}
}

// Step is one optimizer step on a batch, as that of nn.Engine, for the whole batch at once.
func (e *Engine) Step(inputs, targets, raw []float32, weigh func(losses, scales []float32)) error {
	return e.StepOutputs(inputs, [][]float32{targets}, [][]float32{raw}, func(_ int, losses, scales []float32) { weigh(losses, scales) })
}

// StepOutputs is Step for a network of several outputs. The graph of a step needs the scales, which come of the losses
// that it computes. Since most steps clip nothing, it is run with scales of 1; where weigh wants others, that result is
// dropped and the graph is run again. So a step that clips takes twice the time.
func (e *Engine) StepOutputs(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error {
	batch, err := e.batch(e.state, rates(e.options.Optimizer, e.steps), inputs, targets, raw)
	if err != nil {
		return err
	}
	defer free(batch[len(e.state):])
	if e.weights == 0 {
		return fmt.Errorf("gomlx: network %q has no weights: there is nothing to train", e.network.Name)
	}
	count, outputs := len(raw[0]), len(raw)
	scales := make([][]float32, outputs)
	for o := range scales {
		scales[o] = slices.Repeat([]float32{1}, count)
	}
	results, err := e.run(batch, scales)
	if err != nil {
		return err
	}
	kept := make([]bool, count)
	for i := range kept {
		kept[i] = true
	}
	again := false
	for o := range outputs {
		values, losses := numbers(results[2*o]), make([]float32, count)
		for i, loss := range numbers(results[2*o+1]) {
			raw[o][i], losses[i] = float32(values[i]), float32(loss)
		}
		weigh(o, losses, scales[o])
		for i, scale := range scales[o] {
			kept[i] = kept[i] && scale > 0 && !math.IsNaN(values[i]) && !math.IsInf(values[i], 0)
			again = again || scale != 1 || !kept[i]
		}
	}
	if again {
		free(results)
		if !slices.Contains(kept, true) {
			return nil
		}
		for o := range scales {
			for i := range kept {
				if !kept[i] {
					scales[o][i] = 0
				}
			}
		}
		if results, err = e.run(batch, scales); err != nil {
			return err
		}
	}
	free(results[:2*outputs])
	e.setLargest(results[2*outputs])
	free(e.state)
	e.state = results[2*outputs+1:]
	e.steps++
	return nil
}

func (e *Engine) run(batch []*tensors.Tensor, scales [][]float32) ([]*tensors.Tensor, error) {
	var last []*tensors.Tensor
	for _, of := range scales {
		last = append(last, tensors.FromFlatDataAndDimensions(of, len(of)))
	}
	defer free(last)
	results, err := call(e.train, slices.Concat(batch, last))
	if err != nil {
		return nil, fmt.Errorf("gomlx: train: %w", err)
	}
	return results, nil
}

// Evaluate runs the network on at most a batch of images, as that of nn.Engine.
func (e *Engine) Evaluate(inputs, targets, outputs, raw []float32) error {
	return e.EvaluateOutputs(inputs, [][]float32{targets}, [][]float32{outputs}, [][]float32{raw})
}

// EvaluateOutputs is Evaluate for a network of several outputs.
func (e *Engine) EvaluateOutputs(inputs []float32, targets, outputs, raw [][]float32) error {
	if len(outputs) != len(e.shapes) {
		return fmt.Errorf("gomlx: there are outputs for %d; the network has %d", len(outputs), len(e.shapes))
	}
	for o, output := range outputs {
		if output != nil && o < len(targets) && len(output) != len(targets[o]) {
			return fmt.Errorf("gomlx: outputs has room for %d numbers; there are %d", len(output), len(targets[o]))
		}
	}
	applied := slices.Concat(e.state[:e.weights], e.state[len(e.state)-len(e.layout.RunningMeans):])
	batch, err := e.batch(applied, nil, inputs, targets, raw)
	if err != nil {
		return err
	}
	defer free(batch[len(applied):])
	results, err := call(e.evaluate, batch)
	if err != nil {
		return fmt.Errorf("gomlx: evaluate: %w", err)
	}
	for o := range outputs {
		for i, loss := range numbers(results[2*o]) {
			raw[o][i] = float32(loss)
		}
		if outputs[o] != nil {
			copy(outputs[o], tensors.MustCopyFlatData[float32](results[2*o+1]))
		}
	}
	free(results)
	return nil
}

// batch lists what a graph takes: a state, the rates where there are some, images and targets. The images must be those
// of as many losses as there is room for.
func (e *Engine) batch(state []*tensors.Tensor, rates, inputs []float32, targets, raw [][]float32) ([]*tensors.Tensor, error) {
	if len(targets) != len(e.shapes) || len(raw) != len(e.shapes) {
		return nil, fmt.Errorf("gomlx: there are targets for %d outputs and losses for %d; the network has %d", len(targets), len(raw), len(e.shapes))
	}
	in := model.Shape{Height: e.options.Height, Width: e.options.Width, Channels: e.network.InputChannels}
	count := len(raw[0])
	if count < 1 || count > e.options.Batch {
		return nil, fmt.Errorf("gomlx: %d losses are asked for; a batch has 1 to %d", count, e.options.Batch)
	}
	if len(inputs) != count*in.Size() {
		return nil, fmt.Errorf("gomlx: the inputs are %d numbers; %d images are %d", len(inputs), count, count*in.Size())
	}
	for o, shape := range e.shapes {
		if len(targets[o]) != count*shape.Size() || len(raw[o]) != count {
			return nil, fmt.Errorf("gomlx: output %d has targets of %d numbers and room for %d losses; %d images have %d", o,
				len(targets[o]), len(raw[o]), count, count*shape.Size())
		}
	}
	list := slices.Clone(state)
	if rates != nil {
		list = append(list, tensors.FromFlatDataAndDimensions(rates, len(rates)))
	}
	list = append(list, images(inputs, in))
	for o, shape := range e.shapes {
		list = append(list, images(targets[o], shape))
	}
	return list, nil
}

// images hands a batch [N,H,W,C] to GoMLX.
func images(values []float32, s model.Shape) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, len(values)/s.Size(), s.Height, s.Width, s.Channels)
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
