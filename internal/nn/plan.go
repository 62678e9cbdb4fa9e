package nn

import (
	"slices"

	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// node is what a layer puts out, or the network's input.
type node struct {
	value *tensor
	// gradient is that of the loss by value; nil where nothing before the node has weights. It may be shared with
	// another node that gets the same gradient.
	gradient *tensor
	// begun says, while the backward plan is made, that gradient holds something to add to.
	begun bool
	// layer is the node's place; consumers are the places of the layers that take it.
	layer     int
	consumers []int
}

// plan builds the engine's buffers and phases.
func (e *Engine) plan(shapes []model.Shape) {
	layers := e.network.Layers
	e.input = &node{layer: model.Input}
	nodes := make([]*node, len(layers))
	at := func(place int) *node {
		if place == model.Input {
			return e.input
		}
		return nodes[place]
	}
	for i := range layers {
		nodes[i] = &node{layer: i}
		for _, place := range layers[i].Inputs {
			consumed := at(place)
			consumed.consumers = append(consumed.consumers, i)
		}
	}
	for _, place := range e.network.OutputPlaces() {
		e.outputs = append(e.outputs, nodes[place])
	}

	// Values, first without memory: what takes a tensor decides how wide its border is.
	inputPadded := e.network.InputChannels > narrow
	for _, consumer := range e.input.consumers {
		inputPadded = inputPadded || layers[consumer].Kind != model.Convolution
	}
	e.input.value = newTensor(e.options.Height, e.options.Width, e.network.InputChannels, e.chunk, inputPadded)
	operations := make([]operation, len(layers))
	for i, layer := range layers {
		var inputs []*node
		trained := layer.Convolves()
		for _, place := range layer.Inputs {
			inputs = append(inputs, at(place))
			trained = trained || at(place).gradient != nil
		}
		in := inputs[0].value
		shape := shapes[i]
		squeezed := slices.Contains(e.outputs, nodes[i]) && squeezable(layer, shape.Channels) && in.wide()
		value := newTensor(shape.Height, shape.Width, shape.Channels, e.chunk, !squeezed)
		nodes[i].value = value
		if trained {
			// A gradient has its value's layout; marked now, it gets its memory below.
			nodes[i].gradient = value
		}
		operations[i] = e.newOperation(layer, inputs, nodes[i])
	}
	for _, n := range append([]*node{e.input}, nodes...) {
		n.value.allocate()
		if n.gradient != nil {
			n.gradient = n.value.like()
		}
	}
	e.newParameters(operations)
	for _, o := range operations {
		e.layers = append(e.layers, layerPhases{operation: o})
	}
	for _, o := range operations {
		if o.convolution != nil {
			o.convolution.plan()
		}
	}
	e.planForward(operations)
	e.planBackward(operations, nodes)
	e.optimizer = newOptimizer(e)
	e.stabilisation = newStabilisation(e, operations)
	e.newPool(operations)
}

// layerPhases are the phases of the forward pass that compute a layer: those from first on, before end.
type layerPhases struct {
	operation
	first, end int
}

// operation is a layer with its inputs and output, and how it is computed.
type operation struct {
	layer       model.Layer
	inputs      []*node
	output      *node
	convolution *convolution
	winograd    *winograd
	resize      *resize
	centering   *centering // of a centered layer, after its convolution
}

func (e *Engine) newOperation(layer model.Layer, inputs []*node, output *node) operation {
	o := operation{layer: layer, inputs: inputs, output: output}
	in, out := inputs[0].value, output.value
	if layer.Centered {
		o.centering = newCentering(e.set, layer, out)
		layer.Activation = model.Linear // for the convolution, which hands on what is to be centered
	}
	switch {
	case layer.Convolves() && !e.options.Direct && winogradFits(layer, in, out):
		o.winograd = newWinograd(e.set, layer, in, out, e.options.Threads, !e.small)
	case layer.Convolves():
		o.convolution = newConvolution(e.set, layer, in, out)
	case layer.Kind == model.Halving || layer.Kind == model.Doubling:
		o.resize = newResize(in, out)
	}
	return o
}

func (e *Engine) planForward(operations []operation) {
	phase := func(parts ...part) { e.forward = append(e.forward, e.newPhase(parts...)) }
	var packs []part
	for i, o := range operations {
		in, out := o.inputs[0].value, o.output.value
		e.layers[i].first = len(e.forward)
		packs = append(packs, o.forwardPacks()...)
		switch name := o.layer.Name + " forward"; {
		case o.winograd != nil:
			phase(o.winograd.transformInput(e, o.layer.Name+" transform input", whole))
			phase(o.winograd.forward(e, out))
		case o.convolution != nil:
			phase(o.convolution.forward(e, in, out))
		case o.resize != nil:
			phase(o.resize.forward(e, "resize", in, out))
		case o.layer.Kind == model.Addition:
			phase(add(e, "addition", out, in, o.inputs[1].value))
		case o.layer.Kind == model.Concatenation:
			var parts []part
			place := 0
			for _, input := range o.inputs {
				parts = append(parts, copyChannels(e, name, out, place, input.value, 0, input.value.used, false))
				place += input.value.used
			}
			phase(parts...)
		}
		if o.centering != nil {
			for _, part := range o.centering.forward(e) {
				phase(part)
			}
		}
		e.layers[i].end = len(e.forward)
	}
	e.pack = e.newPhase(packs...)
}

// planBackward goes through the layers from the last to the first. A node's gradient is whole when its layer's turn
// comes, since only later layers take the node.
func (e *Engine) planBackward(operations []operation, nodes []*node) {
	// Sums of a layer's weight gradient are put together beside what comes next.
	var sums []part
	phase := func(parts ...part) {
		e.backward = append(e.backward, e.newPhase(append(parts, sums...)...))
		sums = nil
	}
	var packs []part
	shared := newScratch(operations)
	shareGradients(operations)
	memory := newGradientMemory(nodes)
	for _, output := range e.outputs {
		if output.gradient != nil {
			memory.begin(output, true)
		}
		output.begun = true
	}
	for i := len(operations) - 1; i >= 0; i-- {
		o := operations[i]
		out := o.output
		if out.gradient == nil || !out.begun {
			continue
		}
		in := o.inputs[0]
		g := out.gradient
		if o.layer.Convolves() && (slope(o.layer) != 1 || o.centering != nil) {
			g = shared.gradient(out.value)
			phase(deactivate(e, o.layer.Name+" deactivate", g, out.gradient, out.value, slope(o.layer)))
		}
		if o.centering != nil {
			for _, part := range o.centering.backward(e, g) {
				phase(part)
			}
		}
		switch {
		case o.winograd != nil:
			// The weight gradient comes first: the gradient of the input may take the place of that of the output.
			c := o.winograd
			transformed := shared.transformed(c)
			for _, place := range c.places(e) {
				phase(c.transformGradient(e, place, g, transformed, true), c.transformInput(e, c.name+" transform gradient", place))
				phase(c.weightGradient(e, place, transformed))
			}
			sums = c.sumGradient(e)
			if in.gradient != nil {
				packs = append(packs, c.packTurned())
				memory.begin(in, false)
				phase(c.transformGradient(e, whole, g, transformed, false))
				phase(c.dataGradient(e, transformed, in.gradient, in.begun))
				in.begun = true
			}
		case o.convolution != nil:
			c := o.convolution
			parts := []part{c.weightGradient(e, in.value, g), c.biasGradient(e, g)}
			if in.gradient != nil {
				memory.begin(in, false)
				switch {
				case c.weightRows != nil:
					phase(append(parts, c.weightRows.spread(e, g))...)
					parts = []part{c.weightRows.dataGradient(e, in.gradient, in.begun)}
				case c.transposed:
					parts = append(parts, c.dataGradient(e, g, in.gradient, in.begun))
				default:
					packs = append(packs, c.pack())
					parts = append(parts, c.dataGradient(e, g, in.gradient, in.begun))
				}
				in.begun = true
			}
			phase(parts...)
		case o.resize != nil:
			memory.begin(in, false)
			phase(o.resize.backward(e, "resize gradient", g, in.gradient, in.begun))
			in.begun = true
		default:
			place := 0
			for _, input := range o.inputs {
				if input.gradient != nil && input.gradient != g {
					memory.begin(input, true)
					// One phase each: the inputs may be the same node.
					phase(copyChannels(e, o.layer.Kind.String()+" gradient", input.gradient, 0, g, place, input.value.used, input.begun))
				}
				input.begun = input.gradient != nil
				if o.layer.Kind == model.Concatenation {
					place += input.value.used
				}
			}
		}
		memory.end(out)
	}
	if sums != nil {
		phase()
	}
	e.packBackward = e.newPhase(packs...)
}

// shareGradients lets the inputs of additions use the addition's gradient as their own, where that is sound: nothing is
// copied then. One input must be a convolution with an activation that nothing else takes: at its turn it reads the
// gradient, and does not write it. The other may then get more contributions in place, if those come after that turn.
func shareGradients(operations []operation) {
	// From the last on, so that a sum has its own gradient settled first.
	for place := len(operations) - 1; place >= 0; place-- {
		o := operations[place]
		if o.layer.Kind != model.Addition || o.output.gradient == nil || o.inputs[0] == o.inputs[1] {
			continue
		}
		for i, reader := range o.inputs {
			other := o.inputs[1-i]
			if reader.layer == model.Input || len(reader.consumers) > 1 {
				continue
			}
			if layer := operations[reader.layer].layer; !layer.Convolves() || slope(layer) == 1 {
				continue
			}
			reader.gradient = o.output.gradient
			sound := other.gradient != nil
			for _, consumer := range other.consumers {
				sound = sound && (consumer == place || consumer < reader.layer)
			}
			if sound {
				other.gradient = o.output.gradient
			}
			break
		}
	}
}

func (e *Engine) newPhase(parts ...part) phase {
	return newPhase(e.options.Threads, parts...)
}

// scratch is memory that layers use one after the other.
type scratch struct {
	data      []float32 // of transformed output gradients
	gradients []*tensor
}

func newScratch(operations []operation) *scratch {
	inputs, outputs := 0, 0
	for _, o := range operations {
		if c := o.winograd; c != nil {
			inputs = max(inputs, c.input.size())
			t := newTransformed(c.out.channels, c.tiles()*c.out.images)
			outputs = max(outputs, t.size())
		}
	}
	input := aligned(inputs)
	for _, o := range operations {
		if c := o.winograd; c != nil {
			c.input.data = input
		}
	}
	return &scratch{data: aligned(outputs)}
}

// transformed lays memory out for a layer's transformed output gradients.
func (s *scratch) transformed(c *winograd) *transformed {
	t := newTransformed(c.out.channels, c.tiles()*c.out.images)
	t.data = s.data
	return &t
}

// gradient returns memory for a gradient behind an activation, which is needed until the next layer's turn.
func (s *scratch) gradient(value *tensor) *tensor {
	for _, t := range s.gradients {
		if t.alike(value) {
			return t
		}
	}
	t := value.like()
	t.allocate()
	s.gradients = append(s.gradients, t)
	return t
}

// newPool starts the threads, with the memory that the layers' tasks ask for.
func (e *Engine) newPool(operations []operation) {
	weights, products := 0, 0
	for _, o := range operations {
		if o.winograd != nil {
			w, p := o.winograd.scratch()
			if !o.winograd.shared {
				weights = max(weights, w)
			}
			products = max(products, p)
		}
		if o.convolution != nil && o.convolution.squeeze != nil {
			products = max(products, o.convolution.squeeze.scratch())
		}
		if o.convolution != nil && o.convolution.weightRows != nil {
			products = max(products, o.convolution.weightRows.scratch())
		}
	}
	e.pool = newPool(e.options.Threads, func(w *worker) {
		w.weights, w.planes = aligned(weights), aligned(products)
		w.kernels = aligned(9 * 8 * e.set.Panel)
		w.tile = aligned(tileSize * tileSize * max(e.set.Panel, kernel.Channels))
	})
}
