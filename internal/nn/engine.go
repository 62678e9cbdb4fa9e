package nn

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// Engine trains one network on the CPU. Its methods are for one goroutine at a time.
type Engine struct {
	options Options
	network model.Network
	set     *kernel.Set
	pool    *pool

	input, output *node
	parameters    []*parameter
	// weights and gradients are those of all layers; biases is where the biases begin.
	weights, gradients []float32
	biases             int
	optimizer          optimizer

	// pack and packBackward lay weights out for forward and backward, once after each change of the weights.
	pack, packBackward phase
	forward, backward  []phase
	packed             bool

	// chunk is the number of images that pass at once, images that of those in the present pass.
	chunk, images int
	// accumulate says that an earlier pass of the step left gradients to add to.
	accumulate bool

	raw64  []float64
	losses []float32
	scales []float32
	kept   []int
}

// New builds an engine: it plans every buffer and every task of a step, so that steps allocate nothing.
func New(network model.Network, o Options) (*Engine, error) {
	optimizer, err := o.Optimizer.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := o.Loss.validate(); err != nil {
		return nil, err
	}
	if o.Batch < 1 {
		return nil, fmt.Errorf("nn: option Batch is %d: it must be at least 1", o.Batch)
	}
	if o.Threads < 0 {
		return nil, fmt.Errorf("nn: option Threads is %d: it must be at least 0", o.Threads)
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	set, err := kernel.New(o.Kernels)
	if err != nil {
		return nil, err
	}
	o.Optimizer = optimizer
	e := &Engine{options: o, network: network, set: set}
	shapes, err := network.Shapes(o.Height, o.Width)
	if err != nil {
		return nil, err
	}
	e.chunk = chunkSize(shapes, o.Batch)
	e.raw64 = make([]float64, e.chunk)
	e.losses = make([]float32, e.chunk)
	e.scales = make([]float32, e.chunk)
	e.kept = make([]int, 0, e.chunk)
	if err := e.plan(shapes); err != nil {
		return nil, err
	}
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
	const room = 1 << 18 // floats of a layer's output
	return max(1, min(batch, room/size))
}

// Close ends the engine's threads.
func (e *Engine) Close() { e.pool.close() }

// Kernels is the name of the kernel set, which results depend on.
func (e *Engine) Kernels() string {
	if e.options.Direct {
		return e.set.Name + "-direct"
	}
	return e.set.Name
}

// Step is one optimizer step on a batch. Inputs are [N,H,W,C] as the network takes them, targets as it puts them out,
// raw gets each image's raw loss; it may be shorter than a batch, and the gradient is the mean over so many images. The engine calls weigh with the losses to be clipped, Huberised where that is on, of
// some images at a time, in order, for the factors of their gradients.
//
// An image of scale 0 is left out of every backward product. Where all are, as when no loss is finite, the optimizer
// does not move.
func (e *Engine) Step(inputs, targets, raw []float32, weigh func(losses, scales []float32)) error {
	count := len(raw)
	if err := e.check(inputs, targets, count); err != nil {
		return err
	}
	if e.output.gradient == nil {
		return fmt.Errorf("nn: the output of network %q depends on no weights: there is nothing to train", e.network.Name)
	}
	e.prepare()
	in, out := len(inputs)/count, len(targets)/count
	e.accumulate = false
	backwardPacked := false
	for first := 0; first < count; first += e.chunk {
		n := min(e.chunk, count-first)
		chunkInputs, chunkTargets := inputs[first*in:(first+n)*in], targets[first*out:(first+n)*out]
		e.kept = e.kept[:0]
		for i := range n {
			e.kept = append(e.kept, i)
		}
		e.pass(chunkInputs, in)
		begin := time.Now()
		losses, scales := e.losses[:n], e.scales[:n]
		for i := range n {
			e.raw64[i] = e.options.Loss.imageLoss(e, e.output.value, i, chunkTargets[i*out:(i+1)*out])
			raw[first+i] = float32(e.raw64[i])
			loss, _ := e.options.Loss.huber(e.raw64[i])
			losses[i] = float32(loss)
		}
		weigh(losses, scales)
		e.note(lossPart, begin)
		e.keepScaled()
		if len(e.kept) == 0 {
			continue
		}
		if len(e.kept) < n {
			// The numbers of an image that is left out may be infinite, and would not vanish by a factor of 0. The others
			// pass again without it.
			e.pass(chunkInputs, in)
		}
		begin = time.Now()
		for place, i := range e.kept {
			_, factor := e.options.Loss.huber(e.raw64[i])
			weight := float64(scales[i]) * factor / float64(count)
			e.options.Loss.imageGradient(e.output.value, e.output.gradient, place, chunkTargets[i*out:(i+1)*out], weight)
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
	if e.accumulate {
		e.optimizer.step(e)
		e.packed = false
	}
	return nil
}

// keepScaled lists the images of the chunk whose gradients count.
func (e *Engine) keepScaled() {
	n := len(e.kept)
	e.kept = e.kept[:0]
	for i := range n {
		if scale := e.scales[i]; scale > 0 && !math.IsInf(e.raw64[i], 0) && !math.IsNaN(e.raw64[i]) {
			e.kept = append(e.kept, i)
		}
	}
}

// Evaluate runs the network on at most Batch images and puts each one's raw loss into raw, and where outputs is not
// nil what the network puts out, [N,H,W,C].
func (e *Engine) Evaluate(inputs, targets, outputs, raw []float32) error {
	count := len(raw)
	if err := e.check(inputs, targets, count); err != nil {
		return err
	}
	if outputs != nil && len(outputs) != len(targets) {
		return fmt.Errorf("nn: outputs has room for %d numbers; there are %d", len(outputs), len(targets))
	}
	e.prepare()
	in, out := len(inputs)/count, len(targets)/count
	for first := 0; first < count; first += e.chunk {
		n := min(e.chunk, count-first)
		e.kept = e.kept[:0]
		for i := range n {
			e.kept = append(e.kept, i)
		}
		e.pass(inputs[first*in:(first+n)*in], in)
		for i := range n {
			at := (first + i) * out
			raw[first+i] = float32(e.options.Loss.imageLoss(e, e.output.value, i, targets[at:at+out]))
			if outputs != nil {
				e.output.value.unload(i, outputs[at:at+out])
			}
		}
	}
	return nil
}

func (e *Engine) check(inputs, targets []float32, count int) error {
	o := e.options
	in := o.Height * o.Width * e.network.InputChannels
	t := e.output.value
	out := t.height * t.width * t.used
	switch {
	case count < 1 || count > o.Batch:
		return fmt.Errorf("nn: %d losses are asked for; a batch has 1 to %d", count, o.Batch)
	case len(inputs) != count*in:
		return fmt.Errorf("nn: the inputs are %d numbers; %d images are %d", len(inputs), count, count*in)
	case len(targets) != count*out:
		return fmt.Errorf("nn: the targets are %d numbers; %d images are %d", len(targets), count, count*out)
	}
	return nil
}

// prepare lays changed weights out for forward.
func (e *Engine) prepare() {
	if !e.packed {
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
	for y := range t.height {
		for x := range t.width {
			copy(t.data[t.at(image, y, x):][:t.used], from[(y*t.width+x)*t.used:])
		}
	}
}

func (t *tensor) unload(image int, to []float32) {
	for y := range t.height {
		for x := range t.width {
			copy(to[(y*t.width+x)*t.used:][:t.used], t.data[t.at(image, y, x):])
		}
	}
}
