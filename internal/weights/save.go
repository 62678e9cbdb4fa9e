package weights

import (
	"errors"
	"fmt"
	"slices"

	"alrc/internal/format/safetensors"
)

// stepTensor is the name of the number of steps that the optimizer did.
const stepTensor = "optimizer.step"

// Named puts names to values, one slice for each parameter.
func (l Layout) Named(values [][]float32) []safetensors.Tensor {
	return named("", l.Parameters, values)
}

func named(prefix string, parameters []Parameter, values [][]float32) []safetensors.Tensor {
	list := make([]safetensors.Tensor, len(parameters))
	for i, p := range parameters {
		list[i] = safetensors.Tensor{Name: prefix + p.Name, Shape: p.Shape, Data: values[i]}
	}
	return list
}

// Tensors returns a state as named tensors: the weights, running means, moments, and the number of steps.
func (l Layout) Tensors(s State) []safetensors.Tensor {
	list := append(l.Named(s.Weights), named("", l.RunningMeans, s.RunningMeans)...)
	for i, values := range l.MomentsOf(s) {
		list = append(list, named(l.Moments[i]+".", l.Parameters, values)...)
	}
	// A float32 counts to 2^24; two of them to 2^48.
	return append(list, safetensors.Tensor{Name: stepTensor, Shape: []int{2},
		Data: []float32{float32(s.Steps >> 24), float32(s.Steps & (1<<24 - 1))}})
}

// State takes back what Tensors returned. Weights alone, as other programs write them, are taken too: the optimizer then
// begins anew. Tensors that are missing, or of another shape, are an error that names them.
func (l Layout) State(tensors []safetensors.Tensor) (State, error) {
	byName := make(map[string]safetensors.Tensor, len(tensors))
	for _, tensor := range tensors {
		byName[tensor.Name] = tensor
	}
	weights, err := find("", l.Parameters, byName)
	if err != nil {
		return State{}, err
	}
	means, err := find("", l.RunningMeans, byName)
	if err != nil {
		return State{}, err
	}
	steps, ok := byName[stepTensor]
	if !ok {
		return State{Weights: weights, RunningMeans: means}, nil
	}
	s := State{Weights: weights, RunningMeans: means}
	count := func(value float32) bool { return value >= 0 && value < 1<<24 && value == float32(int32(value)) }
	if len(steps.Data) != 2 || !count(steps.Data[0]) || !count(steps.Data[1]) {
		return State{}, errors.New("tensor " + stepTensor + " is not a number of steps")
	}
	s.Steps = int64(steps.Data[0])<<24 + int64(steps.Data[1])
	for _, moment := range l.Moments {
		values, err := find(moment+".", l.Parameters, byName)
		if err != nil {
			return State{}, err
		}
		s.Moments = append(s.Moments, values)
	}
	return s, nil
}

// find returns the values of parameters, which are saved under their names after a prefix.
func find(prefix string, parameters []Parameter, tensors map[string]safetensors.Tensor) ([][]float32, error) {
	values := make([][]float32, len(parameters))
	for i, p := range parameters {
		name := prefix + p.Name
		tensor, ok := tensors[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("there is no tensor %q: these are not weights of this network", name)
		case !slices.Equal(tensor.Shape, p.Shape):
			return nil, fmt.Errorf("tensor %q is %v, and this network's is %v: is the width another one?", name, tensor.Shape, p.Shape)
		case len(tensor.Data) != p.Size():
			return nil, fmt.Errorf("tensor %q has %d values; its shape has %d", name, len(tensor.Data), p.Size())
		}
		values[i] = tensor.Data
	}
	return values, nil
}
