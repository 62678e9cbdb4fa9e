package nn

import (
	"fmt"
	"slices"

	"alrc/internal/format/safetensors"
	"alrc/internal/nn/kernel"
	"alrc/internal/weights"
)

// parameter is the weights and the biases of a layer: slices of the engine's, which has all of them side by side so
// that an optimizer goes through them at once.
type parameter struct {
	name    string
	size    int // of the kernel
	outputs int // channels, without those that pad
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
	layers := make([]*parameter, len(operations))
	for i, o := range operations {
		p := &parameter{name: o.layer.Name, size: o.layer.Kernel, outputs: o.layer.Channels}
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
		layers[i] = p
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
	e.layout = weights.New(e.network, e.options.Optimizer.Moments())
	for _, described := range e.layout.Parameters {
		e.places = append(e.places, layers[described.Layer].place(described))
	}
	// Groups that are not contiguous are normalized by phases of their own; the optimizer takes the others along.
	var normalize, normalizeRest, denormalize, denormalizeRest []part
	for _, p := range e.parameters {
		n := p.normalization
		if n == nil {
			continue
		}
		forward := part{name: p.name + " pack", tasks: n.tasks, run: func(_ *worker, task int) { n.normalize(task) }}
		backward := part{name: p.name + " pack", tasks: n.tasks, run: func(_ *worker, task int) { n.denormalize(task) }}
		normalize, denormalize = append(normalize, forward), append(denormalize, backward)
		if !n.contiguous() {
			normalizeRest, denormalizeRest = append(normalizeRest, forward), append(denormalizeRest, backward)
		}
	}
	e.normalize, e.normalizeRest = e.newPhase(normalize...), e.newPhase(normalizeRest...)
	e.denormalize, e.denormalizeRest = e.newPhase(denormalize...), e.newPhase(denormalizeRest...)
}

// place is where a tensor of a layer's numbers lies among those of all layers: size numbers from first on, of which some may
// only fill up.
type place struct {
	first, size int
	// index is that of weights, nil for what lies channel by channel.
	index func(output, input int) (first, step int)
}

func (p *parameter) place(described weights.Parameter) place {
	switch described.Role {
	case weights.Bias:
		return place{first: p.biasFirst, size: len(p.bias)}
	case weights.Gain:
		return place{first: p.gainFirst, size: len(p.bias)}
	}
	return place{p.weightsFirst, len(p.gradient), p.index}
}

// each goes through a tensor's values in the order [output,input,row,column], with their indices there and in memory.
func (p place) each(shape []int, visit func(i, at int)) {
	if p.index == nil {
		for i := range shape[0] {
			visit(i, p.first+i)
		}
		return
	}
	i := 0
	for output := range shape[0] {
		for input := range shape[1] {
			at, step := p.index(output, input)
			for range shape[2] * shape[3] {
				visit(i, p.first+at)
				i++
				at += step
			}
		}
	}
}

// unpack returns the values of each parameter, from numbers that lie as the engine's weights do.
func (e *Engine) unpack(from []float32) [][]float32 {
	values := make([][]float32, len(e.places))
	for i, described := range e.layout.Parameters {
		to := make([]float32, described.Size())
		e.places[i].each(described.Shape, func(i, at int) { to[i] = from[at] })
		values[i] = to
	}
	return values
}

// fill takes back what unpack returned.
func (e *Engine) fill(to []float32, values [][]float32) {
	clear(to)
	for i, described := range e.layout.Parameters {
		from := values[i]
		e.places[i].each(described.Shape, func(i, at int) { to[at] = from[i] })
	}
}

// setState makes a state the engine's.
func (e *Engine) setState(s weights.State) {
	e.fill(e.weights, s.Weights)
	for i, moment := range e.optimizer.moments() {
		if s.Moments == nil {
			clear(moment)
		} else {
			e.fill(moment, s.Moments[i])
		}
	}
	for i, c := range e.centerings {
		copy(c.running, s.RunningMeans[i])
	}
	e.optimizer.steps = s.Steps
	e.changed()
}

// Initialize draws weights anew, as [weights.Layout.Start] says. The optimizer begins anew too. The same seed gives the
// same weights in every kernel set. For a calibrated network [Engine.Calibrate] is to follow.
func (e *Engine) Initialize(seed uint64) {
	e.setState(e.layout.Start(seed))
	// Gains of the lengths that the kernel set computes, in its own order of sums, make the weights exactly what was drawn.
	for _, p := range e.parameters {
		if p.normalization != nil {
			p.normalization.begin()
		}
	}
}

// SaveState returns all that the engine's future depends on: weights, the optimizer's moments and its step.
func (e *Engine) SaveState() []safetensors.Tensor {
	s := weights.State{Weights: e.unpack(e.weights), Steps: e.optimizer.steps}
	for _, moment := range e.optimizer.moments() {
		s.Moments = append(s.Moments, e.unpack(moment))
	}
	for _, c := range e.centerings {
		s.RunningMeans = append(s.RunningMeans, slices.Clone(c.running[:c.value.used]))
	}
	return e.layout.Tensors(s)
}

// LoadState takes back what SaveState returned. Weights alone are taken too: the optimizer then begins anew.
func (e *Engine) LoadState(list []safetensors.Tensor) error {
	s, err := e.layout.State(list)
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	e.setState(s)
	return nil
}

// Gradients returns the gradients of the last step, named as the weights are.
func (e *Engine) Gradients() []safetensors.Tensor { return e.layout.Named(e.unpack(e.gradients)) }

// WeightsFinite reports whether all weights are finite numbers.
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
