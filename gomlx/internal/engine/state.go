package engine

import (
	"math"

	"alrc/internal/format/safetensors"

	"github.com/gomlx/gomlx/core/tensors"
)

// Initialize draws the weights that nn.Engine draws from the same seed. The optimizer begins anew.
func (e *Engine) Initialize(seed uint64) {
	e.cpu.Initialize(seed)
	e.take()
}

// LoadState takes back what SaveState returned, or what nn.Engine's did. Weights alone are taken too: the optimizer
// then begins anew.
func (e *Engine) LoadState(list []safetensors.Tensor) error {
	if err := e.cpu.LoadState(list); err != nil {
		return err
	}
	e.take()
	return nil
}

// take takes over the CPU engine's state.
func (e *Engine) take() {
	free(e.state)
	e.state = nil
	list := e.cpu.SaveState()
	last := len(list) - 1
	for _, tensor := range list[:last] {
		e.state = append(e.state, tensors.FromFlatDataAndDimensions(tensor.Data, tensor.Shape...))
	}
	e.steps = int64(list[last].Data[0])<<24 + int64(list[last].Data[1])
}

// SaveState returns weights, the optimizer's moments and its step, named and laid out as nn.Engine's. A device that
// does not give them back is a panic: there is nothing to save, and a checkpoint of something else would be worse.
func (e *Engine) SaveState() []safetensors.Tensor {
	list := e.cpu.SaveState()
	for i, tensor := range e.state {
		list[i].Data = tensors.MustCopyFlatData[float32](tensor)
	}
	// As in nn, two floats count to 2^48.
	list[len(list)-1].Data = []float32{float32(e.steps >> 24), float32(e.steps & (1<<24 - 1))}
	return list
}

// WeightsFinite says whether all weights are finite numbers.
func (e *Engine) WeightsFinite() bool {
	for _, tensor := range e.state[:e.weights] {
		for _, weight := range tensors.MustCopyFlatData[float32](tensor) {
			if math.IsNaN(float64(weight)) || math.IsInf(float64(weight), 0) {
				return false
			}
		}
	}
	return true
}
