package engine

import (
	"fmt"
	"math"

	"alrc/internal/format/safetensors"
	"alrc/internal/weights"

	"github.com/gomlx/gomlx/core/tensors"
)

// Initialize draws weights, as [weights.Layout.Start] says. The optimizer begins anew.
func (e *Engine) Initialize(seed uint64) { e.take(e.layout.Start(seed)) }

// LoadState takes back what SaveState returned, or what nn.Engine's did. Weights alone are taken too: the optimizer
// then begins anew.
func (e *Engine) LoadState(list []safetensors.Tensor) error {
	s, err := e.layout.State(list)
	if err != nil {
		return fmt.Errorf("gomlx: %w", err)
	}
	e.take(s)
	return nil
}

// take hands a state to the device.
func (e *Engine) take(s weights.State) {
	free(e.state)
	e.setLargest(nil)
	e.state = nil
	e.hand(e.layout.Parameters, s.Weights)
	for _, values := range e.layout.MomentsOf(s) {
		e.hand(e.layout.Parameters, values)
	}
	e.hand(e.layout.RunningMeans, s.RunningMeans)
	e.steps = s.Steps
}

func (e *Engine) hand(parameters []weights.Parameter, values [][]float32) {
	for i, p := range parameters {
		e.state = append(e.state, tensors.FromFlatDataAndDimensions(values[i], p.Shape...))
	}
}

// SaveState returns weights, the optimizer's moments and its step, named and laid out as nn.Engine's. A device that
// does not give them back is a panic: there is nothing to save, and a checkpoint of something else would be worse.
func (e *Engine) SaveState() []safetensors.Tensor {
	var values [][]float32
	for _, tensor := range e.state {
		values = append(values, tensors.MustCopyFlatData[float32](tensor))
	}
	s := weights.State{Weights: values[:e.weights], Steps: e.steps}
	s.RunningMeans = values[len(values)-len(e.layout.RunningMeans):]
	for i := range e.layout.Moments {
		s.Moments = append(s.Moments, values[(i+1)*e.weights:][:e.weights])
	}
	return e.layout.Tensors(s)
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
