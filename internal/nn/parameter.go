package nn

import (
	"errors"
	"fmt"
	"math"

	"alrc/internal/nn/kernel"
	"alrc/internal/safetensors"
)

// parameter is the weights and the biases of a layer: slices of the engine's, which has all of them side by side so
// that an optimizer goes through them at once.
type parameter struct {
	name            string
	size            int // of the kernel
	inputs, outputs int // channels of the network, without those that pad
	// index is the place of a weight by output and input channel, row and column.
	index                   func(output, input, row, column int) int
	weights, gradient       []float32
	bias, biasGradient      []float32
	weightsFirst, biasFirst int // places among all
}

// newParameters gives the layers memory for weights.
func (e *Engine) newParameters(operations []operation) {
	var sizes []int
	for _, o := range operations {
		p := &parameter{name: o.layer.Name, size: o.layer.Kernel, inputs: o.inputs[0].value.used, outputs: o.layer.Channels}
		switch {
		case o.winograd != nil:
			o.winograd.parameter = p
			p.index = o.winograd.index
			sizes = append(sizes, o.winograd.weightsSize())
		case o.convolution != nil:
			o.convolution.parameter = p
			p.index = o.convolution.index
			sizes = append(sizes, o.convolution.weightsSize())
		default:
			continue
		}
		p.biasFirst = roundUp(o.output.value.channels, kernel.Channels)
		e.parameters = append(e.parameters, p)
	}
	// Weights come first, then biases, which weight decay leaves alone.
	total := 0
	for i, p := range e.parameters {
		p.weightsFirst = total
		total += roundUp(sizes[i], kernel.Channels)
	}
	e.biases = total
	for _, p := range e.parameters {
		p.biasFirst, total = total, total+p.biasFirst
	}
	e.weights, e.gradients = aligned(total), aligned(total)
	for i, p := range e.parameters {
		p.weights = e.weights[p.weightsFirst:][:sizes[i]]
		p.gradient = e.gradients[p.weightsFirst:][:sizes[i]]
		p.bias = e.weights[p.biasFirst:][:roundUp(p.outputs, kernel.Channels)]
		p.biasGradient = e.gradients[p.biasFirst:][:roundUp(p.outputs, kernel.Channels)]
	}
}

// Initialize draws weights anew: uniform within sqrt(6 / (fan in + fan out)) of 0 (Glorot and Bengio 2010), which
// TensorFlow calls Xavier, and biases 0. The optimizer begins anew too. The same seed gives the same weights in every
// kernel set.
func (e *Engine) Initialize(seed uint64) {
	clear(e.weights)
	e.optimizer.reset()
	random := generator(seed)
	for _, p := range e.parameters {
		fan := float64(p.size * p.size * (p.inputs + p.outputs))
		limit := math.Sqrt(6 / fan)
		p.each(func(_, at int) { p.weights[at] = float32(limit * (2*random.uniform() - 1)) })
	}
	e.packed = false
}

// each goes through a layer's weights in the order [output,input,row,column], with their places there and in memory.
func (p *parameter) each(visit func(place, at int)) {
	place := 0
	for output := range p.outputs {
		for input := range p.inputs {
			for row := range p.size {
				for column := range p.size {
					visit(place, p.index(output, input, row, column))
					place++
				}
			}
		}
	}
}

// generator is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
type generator uint64

func (g *generator) uniform() float64 {
	*g += 0x9e3779b97f4a7c15
	x := uint64(*g)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// tensors returns numbers that lie as the engine's weights do as named tensors: weights [out,in,rows,columns], which
// is PyTorch's layout, and biases [out].
func (e *Engine) tensors(prefix string, from []float32) []safetensors.Tensor {
	var list []safetensors.Tensor
	for _, p := range e.parameters {
		weights := safetensors.Tensor{Name: prefix + p.name + ".weight", Shape: []int{p.outputs, p.inputs, p.size, p.size},
			Data: make([]float32, p.outputs*p.inputs*p.size*p.size)}
		p.each(func(place, at int) { weights.Data[place] = from[p.weightsFirst+at] })
		bias := safetensors.Tensor{Name: prefix + p.name + ".bias", Shape: []int{p.outputs},
			Data: append([]float32(nil), from[p.biasFirst:][:p.outputs]...)}
		list = append(list, weights, bias)
	}
	return list
}

// setTensors takes back what tensors returned, into memory that lies as the engine's weights do.
func (e *Engine) setTensors(prefix string, to []float32, tensors map[string]safetensors.Tensor) error {
	for _, p := range e.parameters {
		for _, part := range []struct {
			name  string
			shape []int
		}{
			{prefix + p.name + ".weight", []int{p.outputs, p.inputs, p.size, p.size}},
			{prefix + p.name + ".bias", []int{p.outputs}},
		} {
			tensor, ok := tensors[part.name]
			if !ok {
				return fmt.Errorf("nn: there is no tensor %q: these are not weights of this network", part.name)
			}
			if fmt.Sprint(tensor.Shape) != fmt.Sprint(part.shape) {
				return fmt.Errorf("nn: tensor %q is %v, and this network's is %v: is the width another one?", part.name, tensor.Shape, part.shape)
			}
			size := 1
			for _, side := range part.shape {
				size *= side
			}
			if len(tensor.Data) != size {
				return fmt.Errorf("nn: tensor %q has %d numbers; its shape is of %d", part.name, len(tensor.Data), size)
			}
		}
	}
	for _, p := range e.parameters {
		weights := tensors[prefix+p.name+".weight"].Data
		p.each(func(place, at int) { to[p.weightsFirst+at] = weights[place] })
		copy(to[p.biasFirst:][:p.outputs], tensors[prefix+p.name+".bias"].Data)
	}
	return nil
}

// stepTensor is the name of the number of steps that the optimizer did.
const stepTensor = "optimizer.step"

// SaveState returns all that the engine's future depends on: weights, the optimizer's moments and its step.
func (e *Engine) SaveState() []safetensors.Tensor {
	list := e.tensors("", e.weights)
	for _, moment := range e.optimizer.moments() {
		list = append(list, e.tensors(moment.name+".", moment.values)...)
	}
	// A float32 counts to 2^24; two of them to 2^48.
	steps := e.optimizer.steps
	return append(list, safetensors.Tensor{Name: stepTensor, Shape: []int{2},
		Data: []float32{float32(steps >> 24), float32(steps & (1<<24 - 1))}})
}

// LoadState takes back what SaveState returned. Weights alone are taken too: the optimizer then begins anew.
func (e *Engine) LoadState(list []safetensors.Tensor) error {
	tensors := make(map[string]safetensors.Tensor, len(list))
	for _, tensor := range list {
		tensors[tensor.Name] = tensor
	}
	weights := make([]float32, len(e.weights))
	if err := e.setTensors("", weights, tensors); err != nil {
		return err
	}
	steps, ok := tensors[stepTensor]
	if !ok {
		copy(e.weights, weights)
		e.optimizer.reset()
		e.packed = false
		return nil
	}
	count := func(value float32) bool { return value >= 0 && value < 1<<24 && value == float32(int32(value)) }
	if len(steps.Data) != 2 || !count(steps.Data[0]) || !count(steps.Data[1]) {
		return errors.New("nn: tensor " + stepTensor + " is no number of steps")
	}
	var values [][]float32
	for _, moment := range e.optimizer.moments() {
		restored := make([]float32, len(moment.values))
		if err := e.setTensors(moment.name+".", restored, tensors); err != nil {
			return err
		}
		values = append(values, restored)
	}
	copy(e.weights, weights)
	for i, moment := range e.optimizer.moments() {
		copy(moment.values, values[i])
	}
	e.optimizer.steps = int64(steps.Data[0])<<24 + int64(steps.Data[1])
	e.packed = false
	return nil
}

// Gradients returns the gradients of the last step, named as the weights are.
func (e *Engine) Gradients() []safetensors.Tensor { return e.tensors("", e.gradients) }

// WeightsFinite says whether all weights are finite numbers.
func (e *Engine) WeightsFinite() bool {
	// Sums are not finite if and only if a number is not, but for sums that overflow, which are looked at again.
	for first := 0; first < len(e.weights); first += 1024 {
		var sum float32
		block := e.weights[first:min(first+1024, len(e.weights))]
		for _, weight := range block {
			sum += weight - weight
		}
		if sum != 0 {
			return false
		}
	}
	return true
}
