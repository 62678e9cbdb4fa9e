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
	const block = 8192
	weightBlocks := (e.biases + block - 1) / block
	biasBlocks := (len(e.weights) - e.biases + block - 1) / block
	o.update = e.newPhase(part{name: "optimizer", tasks: func() int { return weightBlocks + biasBlocks }, run: func(_ *worker, task int) {
		first, end, kind := task*block, min((task+1)*block, e.biases), 0
		if task >= weightBlocks {
			first = e.biases + (task-weightBlocks)*block
			end, kind = min(first+block, len(e.weights)), 1
		}
		e.optimizer.move(e, first, end, kind)
	}})
	return o
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
