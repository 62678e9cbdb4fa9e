package nn

import "alrc/internal/nn/kernel"

// optimizer moves the weights by the gradients.
type optimizer struct {
	options Optimizer
	steps   int64
	// first and second are Adam's moments; first is gradient descent's velocity.
	first, second []float32

	update phase
	adam   [2]kernel.AdamStep    // of weights, of biases
	sgd    [2]kernel.DescentStep // likewise
}

func newOptimizer(e *Engine) optimizer {
	o := optimizer{options: e.options.Optimizer, first: aligned(len(e.weights))}
	if o.options.Kind == Adam {
		o.second = aligned(len(e.weights))
	}
	var moving []part
	for _, p := range e.parameters {
		n := p.normalization
		if n == nil || !n.contiguous() {
			moving = append(moving, o.blocks(e, p.weightsFirst, len(p.gradient), 0), o.blocks(e, p.biasFirst, len(p.bias), 1))
			if n != nil {
				moving = append(moving, o.blocks(e, p.gainFirst, len(n.gain), 1))
			}
			continue
		}
		moving = append(moving, o.blocks(e, p.biasFirst, len(p.bias), 1),
			part{name: "optimizer", tasks: n.tasks, run: func(_ *worker, task int) { n.update(e, task, p.weightsFirst, p.gainFirst) }})
	}
	o.update = e.newPhase(moving...)
	return o
}

// blocks is the part that moves a number of weights, of kind 0, or of biases, of kind 1, some at a time.
func (o *optimizer) blocks(e *Engine, first, count, kind int) part {
	const block = 8192
	return part{name: "optimizer", tasks: func() int { return (count + block - 1) / block }, run: func(_ *worker, task int) {
		at := first + task*block
		e.optimizer.move(e, at, min(at+block, first+count), kind)
	}}
}

// moments are numbers that lie as the weights do, in the order of [Optimizer.Moments].
func (o *optimizer) moments() [][]float32 {
	if o.options.Kind == Adam {
		return [][]float32{o.first, o.second}
	}
	return [][]float32{o.first}
}

// step is one update of all weights.
func (o *optimizer) step(e *Engine) {
	rate, rootScale := o.options.Rates(o.steps)
	o.steps++
	decay := float32(o.options.WeightDecay)
	if o.options.Kind == Adam {
		c := kernel.AdamStep{
			Keep1: float32(o.options.Beta1), New1: float32(1 - o.options.Beta1),
			Keep2: float32(o.options.Beta2), New2: float32(1 - o.options.Beta2),
			Rate: float32(rate), RootScale: float32(rootScale), Epsilon: float32(o.options.Epsilon),
		}
		o.adam = [2]kernel.AdamStep{c, c}
		o.adam[0].WeightDecay = decay
	} else {
		c := kernel.DescentStep{Momentum: float32(o.options.Momentum), Along: float32(rate)}
		if o.options.Nesterov {
			c.Direct, c.Along = float32(rate), float32(rate*o.options.Momentum)
		}
		o.sgd = [2]kernel.DescentStep{c, c}
		o.sgd[0].WeightDecay = decay
	}
	e.pool.run(&o.update)
}

// move updates weights from first to end; kind is 0 for weights and 1 for biases.
func (o *optimizer) move(e *Engine, first, end, kind int) {
	vectors := (end - first) / e.set.Lanes
	if o.options.Kind == Adam {
		e.set.Adam(&e.weights[first], &e.gradients[first], &o.first[first], &o.second[first], &o.adam[kind].Keep1, vectors)
		return
	}
	e.set.Descend(&e.weights[first], &e.gradients[first], &o.first[first], &o.sgd[kind].Momentum, vectors)
}
