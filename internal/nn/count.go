package nn

import (
	"time"

	"alrc/internal/model"
)

// Count is what a step on a full batch cannot do without.
type Count struct {
	// Operations are the floating-point operations of the products, forward and of both gradients, as they are computed: where
	// that is by Winograd's algorithm, of the products of planes. Transforms, activations and the optimizer come on top.
	Operations int64
	// WeightBytes are what weights, gradients and moments move between the cores and memory if no cache keeps them: weights read
	// forward and backward, gradients written, and the optimizer's pass over all.
	WeightBytes int64
}

// Count counts by the plan, not by a clock.
func (e *Engine) Count() Count {
	var multiplications int64
	for i := range e.layers {
		o := &e.layers[i]
		if !o.layer.Convolves() {
			continue
		}
		in, out := o.inputs[0].value, o.output.value
		var forward int64
		switch {
		case o.winograd != nil:
			forward = int64(planes*o.winograd.tiles()) * int64(in.channels*out.channels)
		default:
			pixels := out
			if o.layer.Kind == model.TransposedConvolution {
				pixels = in
			}
			forward = int64(o.layer.Kernel*o.layer.Kernel) * int64(in.used*out.used) * int64(pixels.height*pixels.width)
		}
		passes := int64(2) // forward, and the weights' gradient
		if o.inputs[0].gradient != nil {
			passes++
		}
		multiplications += passes * forward
	}
	numbers := 6 + 2*len(e.optimizer.moments()) // weights thrice read, gradients written and read, weights and moments moved
	return Count{2 * multiplications * int64(e.options.Batch), int64(4*numbers) * int64(len(e.weights))}
}

// Bandwidth measures the bytes a second that the engine's threads read and write together in memory as large as the
// engine's weights, gradients and moments. It is the best of several tries.
func (e *Engine) Bandwidth() (perSecond float64) {
	const tries = 5
	const block = 8192
	n := max(len(e.weights)*(2+len(e.optimizer.moments()))/2, block)
	a, b := aligned(n), aligned(n)
	work := e.newPhase(part{name: "bandwidth", tasks: func() int { return n / block }, run: func(_ *worker, task int) {
		first := task * block
		e.set.Add(&a[first], &a[first], &b[first], block/e.set.Lanes)
	}})
	for range tries {
		begin := time.Now()
		e.pool.run(&work)
		perSecond = max(perSecond, float64(n/block*block*12)/time.Since(begin).Seconds())
	}
	return perSecond
}
