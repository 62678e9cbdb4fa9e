package experiment

import (
	"fmt"
	"strings"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn"
	"alrc/internal/stabiliser"
)

// Engine trains a network. The CPU engine of package nn is one.
type Engine interface {
	// Initialize draws the starting weights (Xavier uniform; biases 0) from a seed.
	Initialize(seed uint64)
	// Calibrate sets the first gains and biases of a calibrated network, which has just been initialized, by a batch.
	Calibrate(inputs []float32) error
	// DeadLayer names the first layer whose activations were all 0 or below in the latest step; "" if there is none.
	DeadLayer() string
	// StepOutputs is one optimizer step on a batch: inputs, and targets for each of the network's outputs, are
	// [N,H,W,C]. It puts the raw loss of each image into raw, and asks weigh for the factor of each image's gradient,
	// from the losses that are clipped (Huberised where that is on); for each output, weigh is called for some images
	// at a time, in order.
	StepOutputs(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error
	// EvaluateOutputs runs the network forward on at most a batch of images: outputs, those not nil, are as targets.
	EvaluateOutputs(inputs []float32, targets, outputs, raw [][]float32) error
	// WeightsFinite reports whether every weight is a finite number.
	WeightsFinite() bool
	// SaveState returns weights, optimizer moments and step as named tensors; LoadState takes them back.
	SaveState() []safetensors.Tensor
	LoadState([]safetensors.Tensor) error
	// Kernels names the arithmetic that results depend on.
	Kernels() string
	Close()
}

// EngineKind is a way to build engines.
type EngineKind struct {
	// Name is what specifications call it.
	Name string
	New  func(model.Network, nn.Options) (Engine, error)
	// Kernels names the arithmetic that an engine of these options would have, without building one, or says why there
	// is none.
	Kernels func(model.Network, nn.Options) (string, error)
}

var cpu = EngineKind{
	Name:    "cpu",
	New:     func(network model.Network, options nn.Options) (Engine, error) { return nn.New(network, options) },
	Kernels: nn.Kernels,
}

// Engines are the kinds of engines that a command has beside the CPU engine; nil is that one alone.
type Engines []EngineKind

// Names lists the engines' names.
func (e Engines) Names() []string {
	names := []string{cpu.Name}
	for _, kind := range e {
		names = append(names, kind.Name)
	}
	return names
}

// Find returns the kind of a name.
func (e Engines) Find(name string) (EngineKind, error) {
	for _, kind := range append(Engines{cpu}, e...) {
		if kind.Name == name {
			return kind, nil
		}
	}
	return EngineKind{}, fmt.Errorf("engine: %q is unknown; there are %s, and gomlx in the command that"+
		" 'go -C gomlx build -o .. ./cmd/alrc' makes", name, strings.Join(e.Names(), ", "))
}

// newEngine builds the engine of a specification for its task.
func (s Specification) newEngine(engines Engines, t task, threads int) (Engine, error) {
	kind, err := engines.Find(s.Engine)
	if err != nil {
		return nil, err
	}
	options, err := s.engineOptions(t, threads)
	if err != nil {
		return nil, err
	}
	return kind.New(t.network(), options)
}

// engineOptions are those of the specification's engine.
func (s Specification) engineOptions(t task, threads int) (options nn.Options, err error) {
	height, width := t.shape()
	power, err := s.Loss.Power()
	if err != nil {
		return options, err
	}
	loss := nn.Loss{Power: power}
	if loss.Scale, loss.Huber = t.loss(); !s.Huber {
		loss.Huber = 0
	}
	optimizer, err := s.Optimizer.resolve(s.Steps)
	if err != nil {
		return options, err
	}
	stabilise, err := stabiliser.Parse(s.Stabilise)
	return nn.Options{
		Batch: s.BatchSize, Height: height, Width: width,
		Threads: threads, Kernels: s.Kernels, Direct: s.Direct,
		Loss: loss, Optimizer: optimizer, Stabiliser: stabilise,
	}, err
}
