package experiment

import (
	"fmt"
	"sort"
	"strings"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn"
)

// Engine trains a network. The CPU engine of package nn is one; others register themselves.
type Engine interface {
	// Initialize draws the starting weights (Xavier uniform; biases 0) from a seed.
	Initialize(seed uint64)
	// Calibrate sets the first gains and biases of a calibrated network, which has just been initialized, by a batch.
	Calibrate(inputs []float32) error
	// DeadLayer names the first layer whose activations were all 0 or below in the latest step; "" where there is none.
	DeadLayer() string
	// StepOutputs is one optimizer step on a batch: inputs, and targets for each of the network's outputs, are
	// [N,H,W,C]. It puts the raw loss of each image into raw, and asks weigh for the factor of each image's gradient,
	// from the losses that are clipped (Huberised where that is on); for each output, weigh is called for some images
	// at a time, in order.
	StepOutputs(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error
	// EvaluateOutputs runs the network forward on at most a batch of images: outputs, those not nil, are as targets.
	EvaluateOutputs(inputs []float32, targets, outputs, raw [][]float32) error
	// WeightsFinite says whether every weight is a finite number.
	WeightsFinite() bool
	// SaveState returns weights, optimizer moments and step as named tensors; LoadState takes them back.
	SaveState() []safetensors.Tensor
	LoadState([]safetensors.Tensor) error
	// Kernels names the arithmetic that results depend on.
	Kernels() string
	Close()
}

// NewEngine builds an engine for a network.
type NewEngine func(model.Network, nn.Options) (Engine, error)

// engineKind builds engines, and says without building one what its arithmetic is called.
type engineKind struct {
	build   NewEngine
	kernels func(model.Network, nn.Options) (string, error)
}

var engines = map[string]engineKind{
	"cpu": {
		build:   func(network model.Network, options nn.Options) (Engine, error) { return nn.New(network, options) },
		kernels: nn.Kernels,
	},
}

// RegisterEngine makes an engine known under a name. It is to be called before the command starts.
func RegisterEngine(name string, build NewEngine) {
	engines[name] = engineKind{build, func(network model.Network, options nn.Options) (string, error) {
		engine, err := build(network, options)
		if err != nil {
			return "", err
		}
		defer engine.Close()
		return engine.Kernels(), nil
	}}
}

// Engines lists the engines' names.
func Engines() []string {
	names := make([]string, 0, len(engines))
	for name := range engines {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func unknownEngine(name string) error {
	return fmt.Errorf("engine: %q is unknown; there are %s, and gomlx in the command that 'go -C gomlx build -o .. ./cmd/alrc' makes", name, strings.Join(Engines(), ", "))
}

// newEngine builds the engine of a specification for its task.
func (s Specification) newEngine(t task, threads int) (Engine, error) {
	kind, options, err := s.engine(t, threads)
	if err != nil {
		return nil, err
	}
	return kind.build(t.network(), options)
}

// engine is the kind of engine of a specification, and its options.
func (s Specification) engine(t task, threads int) (kind engineKind, options nn.Options, err error) {
	kind, ok := engines[s.Engine]
	if !ok {
		return kind, options, unknownEngine(s.Engine)
	}
	height, width := t.shape()
	power, err := s.Loss.Power()
	if err != nil {
		return kind, options, err
	}
	loss := nn.Loss{Power: power}
	if loss.Scale, loss.Huber = t.loss(); !s.Huber {
		loss.Huber = 0
	}
	optimizer, err := s.Optimizer.resolve(s.Steps)
	return kind, nn.Options{
		Batch: s.BatchSize, Height: height, Width: width,
		Threads: threads, Kernels: s.Kernels, Direct: s.Direct,
		Loss: loss, Optimizer: optimizer,
	}, err
}
