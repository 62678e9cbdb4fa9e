package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
)

// reference trains a network by plain loops in float64, one image at a time: what the engine is held against. It is
// written from the descriptions of networks and options alone, and is itself held against finite differences and
// PyTorch's numbers.
type reference struct {
	network model.Network
	options Options
	input   model.Shape
	shapes  []model.Shape
	// weights and biases are those of the layers, nil where a layer has none.
	weights, biases []*trainable
	done            int64
	// nearest is the smallest distance to zero of an input of a ReLU so far, over the root mean square of the inputs of
	// that layer: nearer than rounding errors, a ReLU may be on in one engine and off in another.
	nearest float64
	// sides, where not nil, says for each image and layer which inputs of a ReLU another engine found above 0; those that
	// are not are put there. image is the one that passes, moved counts them, and movedMost is how far the farthest was
	// from 0, over the largest of its layer.
	sides     sides
	image     int
	moved     int
	movedMost float64
}

// trainable is a weight [out,in,kernel,kernel] or a bias [out], with its gradient and the optimizer's moments.
type trainable struct {
	name                           string
	shape                          []int
	value, gradient, first, second []float64
}

func newReference(t testing.TB, network model.Network, options Options) *reference {
	t.Helper()
	shapes, err := network.Shapes(options.Height, options.Width)
	if err != nil {
		t.Fatal(err)
	}
	r := &reference{network: network, options: options, shapes: shapes, nearest: math.Inf(1),
		input:   model.Shape{Height: options.Height, Width: options.Width, Channels: network.InputChannels},
		weights: make([]*trainable, len(shapes)), biases: make([]*trainable, len(shapes))}
	blank := func(name string, shape ...int) *trainable {
		size := 1
		for _, n := range shape {
			size *= n
		}
		return &trainable{name, shape, make([]float64, size), make([]float64, size), make([]float64, size), make([]float64, size)}
	}
	for i, layer := range network.Layers {
		if layer.Convolves() {
			r.weights[i] = blank(layer.Name+".weight", layer.Channels, r.shape(layer.Inputs[0]).Channels, layer.Kernel, layer.Kernel)
			r.biases[i] = blank(layer.Name+".bias", layer.Channels)
		}
	}
	return r
}

// shape is that of the values at a place: a layer's output or the network's input.
func (r *reference) shape(place int) model.Shape {
	if place == model.Input {
		return r.input
	}
	return r.shapes[place]
}

func (r *reference) parameters() []*trainable {
	var all []*trainable
	for i := range r.weights {
		if r.weights[i] != nil {
			all = append(all, r.weights[i], r.biases[i])
		}
	}
	return all
}

// randomize draws weights and biases that float32 holds exactly, of a size that keeps values near 1 from layer to
// layer.
func (r *reference) randomize(random *rand.Rand) {
	for i, weight := range r.weights {
		if weight == nil {
			continue
		}
		deviation := math.Sqrt(2 / float64(len(weight.value)/weight.shape[0]))
		for _, p := range []*trainable{weight, r.biases[i]} {
			for j := range p.value {
				p.value[j] = float64(float32(deviation * random.NormFloat64()))
			}
			deviation = 0.1
		}
	}
}

// state is what an engine loads.
func (r *reference) state() []safetensors.Tensor {
	var tensors []safetensors.Tensor
	for _, p := range r.parameters() {
		tensors = append(tensors, safetensors.Tensor{Name: p.name, Shape: p.shape, Data: singles(p.value)})
	}
	return tensors
}

func singles(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, value := range values {
		out[i] = float32(value)
	}
	return out
}

func doubles(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, value := range values {
		out[i] = float64(value)
	}
	return out
}

// taps visits every pair of an input and an output pixel that a convolution's kernel joins, by the places of their
// first channels, with the place in the kernel that joins them.
func taps(layer model.Layer, in, out model.Shape, visit func(in, out, tap int)) {
	// The larger side of a stride holds the kernel: pixel stride*i + k - kernel/2 meets pixel i of the other.
	small := out
	large := in
	if layer.Kind == model.TransposedConvolution {
		small, large = in, out
	}
	for y := range small.Height {
		for x := range small.Width {
			for ky := range layer.Kernel {
				for kx := range layer.Kernel {
					ly, lx := layer.Stride*y+ky-layer.Kernel/2, layer.Stride*x+kx-layer.Kernel/2
					if ly < 0 || ly >= large.Height || lx < 0 || lx >= large.Width {
						continue
					}
					s, l := (y*small.Width+x)*small.Channels, (ly*large.Width+lx)*large.Channels
					if layer.Kind == model.TransposedConvolution {
						visit(s, l, ky*layer.Kernel+kx)
					} else {
						visit(l, s, ky*layer.Kernel+kx)
					}
				}
			}
		}
	}
}

// mixes visits the pixels that each output pixel of a bilinear resize with aligned corners mixes, with their shares.
func mixes(in, out model.Shape, visit func(in, out int, share float64)) {
	source := func(i, in, out int) (first, second int, share float64) {
		if out == 1 {
			return 0, 0, 0
		}
		position := float64(i) * float64(in-1) / float64(out-1)
		first = min(int(position), in-1)
		return first, min(first+1, in-1), position - float64(first)
	}
	for y := range out.Height {
		y0, y1, dy := source(y, in.Height, out.Height)
		for x := range out.Width {
			x0, x1, dx := source(x, in.Width, out.Width)
			o := (y*out.Width + x) * out.Channels
			visit((y0*in.Width+x0)*in.Channels, o, (1-dy)*(1-dx))
			visit((y0*in.Width+x1)*in.Channels, o, (1-dy)*dx)
			visit((y1*in.Width+x0)*in.Channels, o, dy*(1-dx))
			visit((y1*in.Width+x1)*in.Channels, o, dy*dx)
		}
	}
}

// forward returns every layer's output for an image [H,W,C].
func (r *reference) forward(image []float64) [][]float64 {
	values := make([][]float64, len(r.shapes))
	at := func(place int) []float64 {
		if place == model.Input {
			return image
		}
		return values[place]
	}
	for i, layer := range r.network.Layers {
		shape := r.shapes[i]
		out := make([]float64, shape.Size())
		x := at(layer.Inputs[0])
		from := r.shape(layer.Inputs[0])
		switch layer.Kind {
		case model.Convolution, model.TransposedConvolution:
			for j := range out {
				out[j] = r.biases[i].value[j%shape.Channels]
			}
			weight, size := r.weights[i].value, layer.Kernel*layer.Kernel
			taps(layer, from, shape, func(in, at, tap int) {
				for o := range shape.Channels {
					row := weight[o*from.Channels*size+tap:]
					sum := 0.0
					for c, value := range x[in : in+from.Channels] {
						sum += row[c*size] * value
					}
					out[at+o] += sum
				}
			})
			if r.sides != nil {
				r.takeSides(r.sides[r.image][i], out)
			}
			r.activate(layer, out)
		case model.Addition:
			for j, other := range at(layer.Inputs[1]) {
				out[j] = x[j] + other
			}
		case model.Concatenation:
			first := 0
			for _, place := range layer.Inputs {
				channels := r.shape(place).Channels
				for j, value := range at(place) {
					out[j/channels*shape.Channels+first+j%channels] = value
				}
				first += channels
			}
		case model.Halving, model.Doubling:
			mixes(from, shape, func(in, at int, share float64) {
				for c := range shape.Channels {
					out[at+c] += share * x[in+c]
				}
			})
		}
		values[i] = out
	}
	return values
}

// takeSides puts values on sides of 0, all but on it.
func (r *reference) takeSides(sides []bool, values []float64) {
	largest := largest(values)
	for j, above := range sides {
		if above == (values[j] > 0) {
			continue
		}
		r.moved++
		r.movedMost = max(r.movedMost, math.Abs(values[j])/largest)
		values[j] = 0
		if above {
			values[j] = math.SmallestNonzeroFloat64
		}
	}
}

func slopeBelow(layer model.Layer) float64 {
	switch layer.Activation {
	case model.ReLU:
		return 0
	case model.LeakyReLU:
		return float64(layer.Slope)
	}
	return 1
}

func (r *reference) activate(layer model.Layer, values []float64) {
	if layer.Activation == model.Linear {
		return
	}
	var squares float64
	smallest := math.Inf(1)
	for j, value := range values {
		squares += value * value
		smallest = min(smallest, math.Abs(value))
		if value < 0 {
			values[j] *= slopeBelow(layer)
		}
	}
	r.nearest = min(r.nearest, smallest/math.Sqrt(squares/float64(len(values))))
}

// backward adds to the parameters' gradients what an image's output gradient gives, and returns the gradients of
// every layer's output and, last, of the image.
func (r *reference) backward(image []float64, values [][]float64, output []float64) [][]float64 {
	gradients := make([][]float64, len(values)+1)
	for i := range values {
		gradients[i] = make([]float64, len(values[i]))
	}
	gradients[len(values)] = make([]float64, len(image))
	copy(gradients[len(values)-1], output)
	at := func(place int) (value, gradient []float64) {
		if place == model.Input {
			return image, gradients[len(values)]
		}
		return values[place], gradients[place]
	}
	for i := len(values) - 1; i >= 0; i-- {
		layer, shape, g := r.network.Layers[i], r.shapes[i], gradients[i]
		x, dx := at(layer.Inputs[0])
		from := r.shape(layer.Inputs[0])
		switch layer.Kind {
		case model.Convolution, model.TransposedConvolution:
			before := make([]float64, len(g))
			for j := range g {
				before[j] = g[j]
				if values[i][j] <= 0 {
					before[j] *= slopeBelow(layer)
				}
				r.biases[i].gradient[j%shape.Channels] += before[j]
			}
			weight, dw, size := r.weights[i].value, r.weights[i].gradient, layer.Kernel*layer.Kernel
			taps(layer, from, shape, func(in, at, tap int) {
				for o, g := range before[at : at+shape.Channels] {
					if g == 0 {
						continue
					}
					for c := range from.Channels {
						place := (o*from.Channels+c)*size + tap
						dx[in+c] += g * weight[place]
						dw[place] += g * x[in+c]
					}
				}
			})
		case model.Addition:
			_, dy := at(layer.Inputs[1])
			for j := range g {
				dx[j] += g[j]
				dy[j] += g[j]
			}
		case model.Concatenation:
			first := 0
			for _, place := range layer.Inputs {
				channels := r.shape(place).Channels
				_, dx := at(place)
				for j := range dx {
					dx[j] += g[j/channels*shape.Channels+first+j%channels]
				}
				first += channels
			}
		case model.Halving, model.Doubling:
			mixes(from, shape, func(in, at int, share float64) {
				for c := range shape.Channels {
					dx[in+c] += share * g[at+c]
				}
			})
		}
	}
	return gradients
}

// loss returns an image's raw loss, the loss that is clipped, and the latter's gradient.
func (l Loss) reference(output, target []float64) (raw, loss float64, gradient []float64) {
	n := float64(len(output))
	gradient = make([]float64, len(output))
	for j := range output {
		difference := output[j] - target[j]
		raw += l.Scale / n * math.Pow(math.Abs(difference), l.Power)
		switch {
		case difference > 0:
			gradient[j] = l.Scale / n * l.Power * math.Pow(difference, l.Power-1)
		case difference < 0:
			gradient[j] = -l.Scale / n * l.Power * math.Pow(-difference, l.Power-1)
		}
	}
	if l.Huber > 0 && raw >= l.Huber {
		loss = math.Sqrt(raw)
		for j := range gradient {
			gradient[j] /= 2 * loss
		}
		return raw, loss, gradient
	}
	return raw, raw, gradient
}

// differentiate leaves the gradients of the mean of a batch's scaled losses, and returns the raw losses.
func (r *reference) differentiate(inputs, targets []float64, weigh func(losses, scales []float64)) (raw []float64) {
	for _, p := range r.parameters() {
		clear(p.gradient)
	}
	n, in, out := r.options.Batch, r.input.Size(), r.shapes[len(r.shapes)-1].Size()
	raw = make([]float64, n)
	losses, scales := make([]float64, n), make([]float64, n)
	values, gradients := make([][][]float64, n), make([][]float64, n)
	for i := range n {
		r.image = i
		values[i] = r.forward(inputs[i*in : (i+1)*in])
		raw[i], losses[i], gradients[i] = r.options.Loss.reference(values[i][len(r.shapes)-1], targets[i*out:(i+1)*out])
	}
	weigh(losses, scales)
	for i := range n {
		if scales[i] == 0 {
			continue
		}
		for j := range gradients[i] {
			gradients[i][j] *= scales[i] / float64(n)
		}
		r.backward(inputs[i*in:(i+1)*in], values[i], gradients[i])
	}
	return raw
}

// step is an optimizer step: Adam as Kingma and Ba write it, or gradient descent with momentum as Sutskever et al.
// (2013) and PyTorch write it, where the learning rate multiplies the velocity.
func (r *reference) step(inputs, targets []float64, weigh func(losses, scales []float64)) (raw []float64) {
	raw = r.differentiate(inputs, targets, weigh)
	o := r.options.Optimizer
	rate := o.LearningRate * o.Schedule.reference(float64(r.done))
	r.done++
	t := float64(r.done)
	defaults := func(value, otherwise float64) float64 {
		if value == 0 {
			return otherwise
		}
		return value
	}
	beta1, beta2, epsilon := defaults(o.Beta1, 0.9), defaults(o.Beta2, 0.999), defaults(o.Epsilon, 1e-8)
	for _, p := range r.parameters() {
		for j := range p.value {
			g := p.gradient[j]
			if len(p.shape) > 1 {
				if o.Kind == AdamW {
					p.value[j] -= rate * o.WeightDecay * p.value[j]
				} else {
					g += o.WeightDecay * p.value[j]
				}
			}
			switch o.Kind {
			case Adam, AdamW:
				p.first[j] = beta1*p.first[j] + (1-beta1)*g
				p.second[j] = beta2*p.second[j] + (1-beta2)*g*g
				mean, square := p.first[j]/(1-math.Pow(beta1, t)), p.second[j]/(1-math.Pow(beta2, t))
				if o.CorrectedEpsilon || o.Kind == AdamW {
					p.value[j] -= rate * mean / (math.Sqrt(square) + epsilon)
				} else {
					p.value[j] -= rate * mean / (math.Sqrt(square) + epsilon/math.Sqrt(1-math.Pow(beta2, t)))
				}
			case SGD:
				p.first[j] = o.Momentum*p.first[j] + g
				if o.Nesterov {
					p.value[j] -= rate * (g + o.Momentum*p.first[j])
				} else {
					p.value[j] -= rate * p.first[j]
				}
			}
		}
	}
	return raw
}

// reference is the factor of the step after so many steps, by the schedule's description.
func (s Schedule) reference(done float64) float64 {
	factor := 1.0
	switch s.Kind {
	case StepDecay:
		for every := float64(s.Every); done >= every; every += float64(s.Every) {
			factor *= s.Factor
		}
	case Cosine:
		factor = math.Pow(math.Cos(math.Pi/2*min(done/float64(s.Steps), 1)), 2)
	}
	return factor * min(1, (done+1)/max(1, float64(s.Warmup)))
}
