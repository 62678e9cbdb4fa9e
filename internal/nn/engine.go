package nn

import (
	"fmt"
	"math"
	"time"

	"alrc/internal/model"
	"alrc/internal/nn/kernel"
	"alrc/internal/weights"
)

// Engine trains one network on the CPU. Its methods are for one goroutine at a time.
type Engine struct {
	options Options
	network model.Network
	set     *kernel.Set
	pool    *pool

	input      *node
	outputs    []*node
	parameters []*parameter
	// layout describes the network's parameters, and places where they lie in weights.
	layout weights.Layout
	places []place
	// weights and gradients are those of all layers; biases is where the biases begin.
	weights, gradients []float32
	biases             int
	optimizer          optimizer
	// stabilisation is nil without a stabiliser.
	stabilisation *stabilisation

	// normalize makes the weights of normalized layers from what is trained of them, and denormalize takes gradients
	// back; in a step, the optimizer does so itself, but for the rest. pack and packBackward lay weights out for forward and
	// backward, once after each change of the weights.
	normalize, normalizeRest     phase
	denormalize, denormalizeRest phase
	pack, packBackward           phase
	forward, backward            []phase
	// normalized says that the optimizer has normalized the weights, but for the rest, and packed that they are laid out.
	normalized, packed bool
	// layers are the network's, with their phases; centerings those of centered layers.
	layers     []layerPhases
	centerings []*centering
	// training says that the present pass is one of a step, and not an application of the network.
	training bool

	// small says that one thread computes the network, whatever the number of threads.
	small bool
	// chunk is the number of images that pass at once, images that of those in the present pass.
	chunk, images int
	// accumulate says that an earlier pass of the step left gradients to add to.
	accumulate bool

	// raw64, losses and scales are of the present pass, for each output.
	raw64          [][]float64
	losses, scales [][]float32
	kept           []int
	// single holds the slices of a network with one output.
	single struct{ targets, outputs, raw [1][]float32 }
}

// New builds an engine: it plans every buffer and every task of a step, so that steps allocate nothing.
func New(network model.Network, o Options) (*Engine, error) {
	set, shapes, err := o.check(network)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, network: network, set: set}
	e.chunk = chunkSize(shapes, o.Batch)
	if network.Centers() {
		e.chunk = o.Batch // a mean is that of the whole batch
	}
	work, err := network.Multiplications(o.Height, o.Width)
	if err != nil {
		return nil, err
	}
	if e.small = work*int64(e.chunk) < fewMultiplications && !o.manyThreads; e.small {
		e.options.Threads = 1
	}
	e.plan(shapes)
	for range e.outputs {
		e.raw64 = append(e.raw64, make([]float64, e.chunk))
		e.losses = append(e.losses, make([]float32, e.chunk))
		e.scales = append(e.scales, make([]float32, e.chunk))
	}
	e.kept = make([]int, 0, e.chunk)
	return e, nil
}

// chunkSize is the number of images that pass through the network at once. More share the cost of transforming
// weights, fewer keep what passes between layers in the caches. It depends on the shape alone, since gradients are
// added up chunk by chunk.
func chunkSize(shapes []model.Shape, batch int) int {
	var size int
	for _, shape := range shapes {
		size = max(size, shape.Size())
	}
	const room = 1 << 16 // floats of a layer's output
	return max(1, min(batch, room/size))
}

// fewMultiplications is the number, forward and of the images that pass at once, below which a second thread costs more
// in handing data over than it saves.
const fewMultiplications = 100e6

// Close ends the engine's threads.
func (e *Engine) Close() { e.pool.close() }

// Kernels is the name of the kernel set, which results depend on.
func (e *Engine) Kernels() string { return e.options.kernels(e.set) }

// arithmetic counts the changes of what a step's sums round to.
const arithmetic = 2

// Arithmetic is the version of the engine's arithmetic, which results depend on as they do on the kernel set.
func (e *Engine) Arithmetic() int { return arithmetic }

// Kernels is the name of the kernel set that an engine of these options would have, or why there is none. It builds nothing.
func Kernels(network model.Network, o Options) (string, error) {
	set, _, err := o.check(network)
	if err != nil {
		return "", err
	}
	return o.kernels(set), nil
}

func (o Options) kernels(set *kernel.Set) string {
	if o.Direct {
		return set.Name + "-direct"
	}
	return set.Name
}

// check fills in defaults.
func (o *Options) check(network model.Network) (*kernel.Set, []model.Shape, error) {
	set, err := kernel.New(o.Kernels)
	if err != nil {
		return nil, nil, err
	}
	if *o, err = o.Resolve(network); err != nil {
		return nil, nil, err
	}
	shapes, err := network.Shapes(o.Height, o.Width)
	return set, shapes, err
}

// Step is one optimizer step on a batch. Inputs are [N,H,W,C] as the network takes them, targets as it puts them out,
// raw gets each image's raw loss; it may be shorter than a batch, and the gradient is the mean over so many images. The
// engine calls weigh with the losses to be clipped, Huberised where that is on, of some images at a time, in order, for
// the factors of their gradients.
//
// An image of scale 0 is left out of every backward product. Where all are, as when no loss is finite, the optimizer
// does not move.
func (e *Engine) Step(inputs, targets, raw []float32, weigh func(losses, scales []float32)) error {
	e.single.targets[0], e.single.raw[0] = targets, raw
	return e.StepOutputs(inputs, e.single.targets[:], e.single.raw[:], func(_ int, losses, scales []float32) { weigh(losses, scales) })
}

// StepOutputs is Step for a network of several outputs, with targets, raw losses and scales for each; what is minimised
// is the sum of their losses. An image that has a scale of 0 in one output is left out in all.
func (e *Engine) StepOutputs(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error {
	if err := e.backpropagate(inputs, targets, raw, weigh); err != nil || !e.accumulate {
		return err
	}
	if e.stabilisation != nil {
		e.stabilisation.step(e)
		return nil
	}
	e.pool.run(&e.denormalizeRest)
	e.optimizer.step(e, e.options.Optimizer.Rate(e.optimizer.steps))
	for _, c := range e.centerings {
		c.settle()
	}
	e.normalized, e.packed = true, false
	return nil
}

// changed notes that weights were set from outside.
func (e *Engine) changed() { e.normalized, e.packed = false, false }

// Backpropagate computes the gradients of a step, which [Engine.Gradients] returns, and moves no weights. Its arguments
// are those of [Engine.StepOutputs]. Where all images are left out, there are no new gradients.
func (e *Engine) Backpropagate(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error {
	err := e.backpropagate(inputs, targets, raw, weigh)
	if err == nil && e.accumulate {
		e.pool.run(&e.denormalize)
	}
	return err
}

// backpropagate computes the gradients of the weights, where these are normalized not yet those of what is trained of them.
func (e *Engine) backpropagate(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error {
	count, err := e.check(inputs, targets, raw)
	if err != nil {
		return err
	}
	for _, output := range e.outputs {
		if output.gradient == nil {
			return fmt.Errorf("nn: an output of network %q depends on no weights: there is nothing to train", e.network.Name)
		}
	}
	e.prepare()
	in := len(inputs) / count
	e.training = true
	e.accumulate = false
	if e.stabilisation != nil {
		e.stabilisation.begin()
	}
	backwardPacked := false
	for first := 0; first < count; first += e.chunk {
		n := min(e.chunk, count-first)
		e.keepAll(n)
		e.pass(inputs[first*in:], in)
		begin := time.Now()
		for o := range e.outputs {
			losses, scales := e.losses[o][:n], e.scales[o][:n]
			for i := range n {
				e.raw64[o][i] = e.options.Loss.imageLoss(e.outputs[o].value, i, image(targets[o], first+i, count))
				raw[o][first+i] = float32(e.raw64[o][i])
				loss, _ := e.options.Loss.huber(e.raw64[o][i])
				losses[i] = float32(loss)
			}
			if e.stabilisation != nil {
				e.stabilisation.see(o, losses)
			}
			weigh(o, losses, scales)
		}
		e.note(lossPart, begin)
		e.keepScaled()
		if len(e.kept) == 0 {
			continue
		}
		if len(e.kept) < n {
			// The numbers of an image that is left out may be infinite, and would not vanish by a factor of 0. The others
			// pass again without it.
			e.pass(inputs[first*in:], in)
		}
		begin = time.Now()
		for o, output := range e.outputs {
			for place, i := range e.kept {
				_, factor := e.options.Loss.huber(e.raw64[o][i])
				weight := float64(e.scales[o][i]) * factor / float64(count)
				e.options.Loss.imageGradient(output.value, output.gradient, place, image(targets[o], first+i, count), weight)
			}
		}
		e.note(lossPart, begin)
		if !backwardPacked {
			e.pool.run(&e.packBackward)
			backwardPacked = true
		}
		for i := range e.backward {
			e.pool.run(&e.backward[i])
		}
		e.accumulate = true
	}
	return nil
}

// image is one of count images that lie one after the other.
func image(images []float32, i, count int) []float32 {
	size := len(images) / count
	return images[i*size : (i+1)*size]
}

// keepAll lists the first n images of the chunk.
func (e *Engine) keepAll(n int) {
	e.kept = e.kept[:0]
	for i := range n {
		e.kept = append(e.kept, i)
	}
}

// keepScaled lists the images of the chunk whose gradients count.
func (e *Engine) keepScaled() {
	n := len(e.kept)
	e.kept = e.kept[:0]
	for i := range n {
		counts := true
		for o := range e.outputs {
			raw := e.raw64[o][i]
			counts = counts && e.scales[o][i] > 0 && !math.IsInf(raw, 0) && !math.IsNaN(raw)
		}
		if counts {
			e.kept = append(e.kept, i)
		}
	}
}

// Evaluate runs the network on at most Batch images and puts each one's raw loss into raw, and where outputs is not
// nil what the network puts out, [N,H,W,C].
func (e *Engine) Evaluate(inputs, targets, outputs, raw []float32) error {
	e.single.targets[0], e.single.raw[0], e.single.outputs[0] = targets, raw, outputs
	return e.EvaluateOutputs(inputs, e.single.targets[:], e.single.outputs[:], e.single.raw[:])
}

// EvaluateOutputs is Evaluate for a network of several outputs.
func (e *Engine) EvaluateOutputs(inputs []float32, targets, outputs, raw [][]float32) error {
	count, err := e.check(inputs, targets, raw)
	if err != nil {
		return err
	}
	if len(outputs) != len(e.outputs) {
		return fmt.Errorf("nn: there are outputs for %d; the network has %d", len(outputs), len(e.outputs))
	}
	for o, output := range outputs {
		if output != nil && len(output) != len(targets[o]) {
			return fmt.Errorf("nn: outputs has room for %d numbers; there are %d", len(output), len(targets[o]))
		}
	}
	e.prepare()
	e.training = false
	in := len(inputs) / count
	for first := 0; first < count; first += e.chunk {
		n := min(e.chunk, count-first)
		e.keepAll(n)
		e.pass(inputs[first*in:], in)
		for o, output := range e.outputs {
			for i := range n {
				raw[o][first+i] = float32(e.options.Loss.imageLoss(output.value, i, image(targets[o], first+i, count)))
				if outputs[o] != nil {
					output.value.unload(i, image(outputs[o], first+i, count))
				}
			}
		}
	}
	return nil
}

// check returns the number of images, or what is wrong with them.
func (e *Engine) check(inputs []float32, targets, raw [][]float32) (count int, err error) {
	o := e.options
	if len(targets) != len(e.outputs) || len(raw) != len(e.outputs) {
		return 0, fmt.Errorf("nn: there are targets for %d outputs and losses for %d; the network has %d", len(targets), len(raw), len(e.outputs))
	}
	count = len(raw[0])
	if count < 1 || count > o.Batch {
		return 0, fmt.Errorf("nn: %d losses are asked for; a batch has 1 to %d", count, o.Batch)
	}
	if in := o.Height * o.Width * e.network.InputChannels; len(inputs) != count*in {
		return 0, fmt.Errorf("nn: the inputs are %d numbers; %d images are %d", len(inputs), count, count*in)
	}
	for i, output := range e.outputs {
		t := output.value
		if out := t.height * t.width * t.used; len(targets[i]) != count*out {
			return 0, fmt.Errorf("nn: the targets are %d numbers; %d images are %d", len(targets[i]), count, count*out)
		}
		if len(raw[i]) != count {
			return 0, fmt.Errorf("nn: %d losses are asked for of one output, and %d of another", count, len(raw[i]))
		}
	}
	return count, nil
}

// prepare lays changed weights out for forward.
func (e *Engine) prepare() {
	if !e.packed {
		if e.normalized {
			e.pool.run(&e.normalizeRest)
		} else {
			e.pool.run(&e.normalize)
		}
		e.pool.run(&e.pack)
		e.packed = true
	}
}

// pass runs the images of a chunk that are kept forward; each is size numbers.
func (e *Engine) pass(inputs []float32, size int) {
	e.images = len(e.kept)
	for place, i := range e.kept {
		e.input.value.load(place, inputs[i*size:(i+1)*size])
	}
	for i := range e.forward {
		e.pool.run(&e.forward[i])
	}
}

// load copies an image in, and unload out; images outside are [H,W,C] of the network's channels.
func (t *tensor) load(image int, from []float32) {
	t.runs(image, func(at, i, count int) { copy(t.data[at:][:count], from[i:]) })
}

func (t *tensor) unload(image int, to []float32) {
	t.runs(image, func(at, i, count int) { copy(to[i:][:count], t.data[at:]) })
}

// runs goes through an image's numbers that lie side by side, here and outside.
func (t *tensor) runs(image int, visit func(at, i, count int)) {
	pixels, count := t.width, t.used
	if t.used == t.channels {
		pixels, count = 1, t.width*t.used
	}
	i := 0
	for y := range t.height {
		for x := range pixels {
			visit(t.at(image, y, x), i, count)
			i += count
		}
	}
}
