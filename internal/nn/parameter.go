package nn

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// parameter is the weights and the biases of a layer: slices of the engine's, which has all of them side by side so
// that an optimizer goes through them at once.
type parameter struct {
	name            string
	size            int // of the kernel
	inputs, outputs int // channels of the network, without those that pad
	// index is where the first tap of an output and an input channel lies, and how far the next ones are.
	index func(output, input int) (first, step int)
	// weights are what the layer computes with, and gradient theirs.
	weights, gradient  []float32
	bias, biasGradient []float32
	// normalization is that of a normalized layer: then the weights are made of what is trained.
	normalization *normalization
	// Places of what is trained among all: weights, or their directions, biases, and gains.
	weightsFirst, biasFirst, gainFirst int
}

// newParameters gives the layers memory for weights.
func (e *Engine) newParameters(operations []operation) {
	var sizes, channels []int
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
		if o.layer.Normalized {
			p.normalization = newNormalization(e.set, o)
		}
		channels = append(channels, roundUp(o.output.value.channels, kernel.Channels))
		e.parameters = append(e.parameters, p)
	}
	// Weights come first, then biases and gains, which weight decay leaves alone.
	total := 0
	for i, p := range e.parameters {
		p.weightsFirst = total
		total += roundUp(sizes[i], kernel.Channels)
	}
	e.biases = total
	for i, p := range e.parameters {
		p.biasFirst = total
		total += channels[i]
		if p.normalization != nil {
			p.gainFirst = total
			total += channels[i]
		}
	}
	e.weights, e.gradients = aligned(total), aligned(total)
	for i, p := range e.parameters {
		p.weights = e.weights[p.weightsFirst:][:sizes[i]]
		p.gradient = e.gradients[p.weightsFirst:][:sizes[i]]
		p.bias = e.weights[p.biasFirst:][:channels[i]]
		p.biasGradient = e.gradients[p.biasFirst:][:channels[i]]
		if n := p.normalization; n != nil {
			n.direction, p.weights = p.weights, aligned(sizes[i])
			n.gradient, n.weights = p.gradient, p.weights
			n.gain, n.gainGradient = e.weights[p.gainFirst:][:channels[i]], e.gradients[p.gainFirst:][:channels[i]]
			n.factor = make([]float32, channels[i])
			n.norm = make([]float32, channels[i])
		}
	}
	for _, o := range operations {
		switch {
		case o.centering == nil:
		case o.winograd != nil:
			o.winograd.parameter = o.centering.plan(o.winograd.parameter)
		default:
			o.convolution.parameter = o.centering.plan(o.convolution.parameter)
		}
		if o.centering != nil {
			e.centerings = append(e.centerings, o.centering)
		}
	}
	var normalize, denormalize []part
	for _, p := range e.parameters {
		if n := p.normalization; n != nil {
			normalize = append(normalize, part{name: p.name + " pack", tasks: n.tasks, run: func(_ *worker, task int) { n.normalize(task) }})
			denormalize = append(denormalize, part{name: p.name + " pack", tasks: n.tasks, run: func(_ *worker, task int) { n.denormalize(task) }})
		}
	}
	e.normalize, e.denormalize = e.newPhase(normalize...), e.newPhase(denormalize...)
}

// Initialize draws weights anew: uniform within sqrt(6 / (fan in + fan out)) of 0 (Glorot and Bengio 2010), which
// TensorFlow calls Xavier, and biases 0. The optimizer begins anew too. The same seed gives the same weights in every
// kernel set. The gains of normalized layers begin such that their weights are what was drawn. Weights of a calibrated
// network are normal with deviation model.CalibratedDeviation instead, and [Engine.Calibrate] is to follow.
func (e *Engine) Initialize(seed uint64) {
	clear(e.weights)
	e.optimizer.reset()
	random := generator(seed)
	for _, p := range e.parameters {
		fan := float64(p.size * p.size * (p.inputs + p.outputs))
		limit := math.Sqrt(6 / fan)
		trained := e.weights[p.weightsFirst:]
		draw := func() float64 { return limit * (2*random.uniform() - 1) }
		if e.network.Calibrated {
			draw = func() float64 { return model.CalibratedDeviation * random.normal() }
		}
		p.each(func(_, at int) { trained[at] = float32(draw()) })
		if p.normalization != nil {
			p.normalization.begin()
		}
	}
	for _, c := range e.centerings {
		clear(c.running)
	}
	e.packed = false
}

// each goes through a layer's weights in the order [output,input,row,column], with their places there and in memory.
func (p *parameter) each(visit func(place, at int)) {
	place := 0
	for output := range p.outputs {
		for input := range p.inputs {
			at, step := p.index(output, input)
			for range p.size * p.size {
				visit(place, at)
				place++
				at += step
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

// normal draws from the normal distribution of mean 0 and deviation 1 (Box and Muller 1958).
func (g *generator) normal() float64 {
	radius := math.Sqrt(-2 * math.Log(1-g.uniform()))
	return radius * math.Cos(2*math.Pi*g.uniform())
}

// named is a part of a layer's numbers under the name that it is saved by.
type named struct {
	name  string
	shape []int
	// first is where the part begins among all; weights says that it lies as the layer's weights do.
	first   int
	weights bool
}

// saved lists a layer's parts: weights [out,in,rows,columns], which is PyTorch's layout, and biases [out]; of a
// normalized layer PyTorch's weight_v, the directions, and weight_g, the gains.
func (p *parameter) saved() []named {
	list := []named{
		{p.name + ".weight", []int{p.outputs, p.inputs, p.size, p.size}, p.weightsFirst, true},
		{p.name + ".bias", []int{p.outputs}, p.biasFirst, false},
	}
	if p.normalization != nil {
		list[0].name += "_v"
		list = append(list, named{p.name + ".weight_g", []int{p.outputs}, p.gainFirst, false})
	}
	return list
}

// tensors returns numbers that lie as the engine's weights do as named tensors.
func (e *Engine) tensors(prefix string, from []float32) []safetensors.Tensor {
	var list []safetensors.Tensor
	for _, p := range e.parameters {
		for _, part := range p.saved() {
			t := safetensors.Tensor{Name: prefix + part.name, Shape: part.shape, Data: make([]float32, elements(part.shape))}
			if part.weights {
				p.each(func(place, at int) { t.Data[place] = from[part.first+at] })
			} else {
				copy(t.Data, from[part.first:])
			}
			list = append(list, t)
		}
	}
	return list
}

func elements(shape []int) int {
	size := 1
	for _, side := range shape {
		size *= side
	}
	return size
}

// setTensors takes back what tensors returned, into memory that lies as the engine's weights do.
func (e *Engine) setTensors(prefix string, to []float32, tensors map[string]safetensors.Tensor) error {
	for _, p := range e.parameters {
		for _, part := range p.saved() {
			name := prefix + part.name
			tensor, ok := tensors[name]
			switch {
			case !ok:
				return fmt.Errorf("nn: there is no tensor %q: these are not weights of this network", name)
			case !slices.Equal(tensor.Shape, part.shape):
				return fmt.Errorf("nn: tensor %q is %v, and this network's is %v: is the width another one?", name, tensor.Shape, part.shape)
			case len(tensor.Data) != elements(part.shape):
				return fmt.Errorf("nn: tensor %q has %d numbers; its shape is of %d", name, len(tensor.Data), elements(part.shape))
			}
			if part.weights {
				p.each(func(place, at int) { to[part.first+at] = tensor.Data[place] })
			} else {
				copy(to[part.first:], tensor.Data)
			}
		}
	}
	return nil
}

// stepTensor is the name of the number of steps that the optimizer did.
const stepTensor = "optimizer.step"

// SaveState returns all that the engine's future depends on: weights, the optimizer's moments and its step.
func (e *Engine) SaveState() []safetensors.Tensor {
	list := append(e.tensors("", e.weights), e.runningMeans()...)
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
	means, err := e.readRunningMeans(tensors)
	if err != nil {
		return err
	}
	steps, ok := tensors[stepTensor]
	if !ok {
		copy(e.weights, weights)
		e.setRunningMeans(means)
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
	e.setRunningMeans(means)
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
