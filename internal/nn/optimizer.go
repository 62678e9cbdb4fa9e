package nn

import "alrc/internal/nn/kernel"

// optimizer moves the weights by the gradients.
type optimizer struct {
	options Optimizer
	steps   int64
	// first and second are Adam's moments; first is gradient descent's velocity.
	first, second []float32

	update phase
	// adam and sgd have the arithmetic of each kind of numbers: of weights, of biases and gains. Under a stabiliser that is an
	// optimizer, each tensor is a kind.
	adam []adamStep
	sgd  [2]kernel.DescentStep
}

// The kinds of numbers without such a stabiliser.
const (
	weightKind = iota
	biasKind
	kinds
)

// adamStep is a step of Adam, and what is done before and after it to the numbers that it moves.
type adamStep struct {
	kernel.AdamStep
	// before and after are factors of the weights.
	before, after float32
	// resetBefore and resetAfter say that the moments become 0.
	resetBefore, resetAfter bool
}

func newOptimizer(e *Engine) optimizer {
	o := optimizer{options: e.options.Optimizer, first: aligned(len(e.weights)), adam: make([]adamStep, kinds)}
	if o.options.Kind != SGD {
		o.second = aligned(len(e.weights))
	}
	if !e.options.Stabiliser.Empty() {
		o.update = e.newPhase(o.byTensor(e)...)
		return o
	}
	var moving []part
	for _, p := range e.parameters {
		n := p.normalization
		if n == nil || !n.contiguous() {
			moving = append(moving, o.blocks(e, p.weightsFirst, len(p.gradient), weightKind), o.blocks(e, p.biasFirst, len(p.bias), biasKind))
			if n != nil {
				moving = append(moving, o.blocks(e, p.gainFirst, len(n.gain), biasKind))
			}
			continue
		}
		moving = append(moving, o.blocks(e, p.biasFirst, len(p.bias), biasKind),
			part{name: "optimizer", tasks: n.tasks, run: func(_ *worker, task int) { n.update(e, task, p.weightsFirst, p.gainFirst) }})
	}
	o.update = e.newPhase(moving...)
	return o
}

// byTensor are the parts that move each tensor by itself.
func (o *optimizer) byTensor(e *Engine) (moving []part) {
	method := e.options.Stabiliser.Optimizer() != ""
	for i, described := range e.layout.Parameters {
		kind := biasKind
		switch {
		case method:
			kind = i
		case decays(described):
			kind = weightKind
		}
		moving = append(moving, o.blocks(e, e.places[i].first, e.places[i].size, kind))
	}
	if method {
		o.adam = make([]adamStep, len(e.layout.Parameters))
	}
	return moving
}

// blocks is the part that moves a number of weights of a kind, some at a time.
func (o *optimizer) blocks(e *Engine, first, count, kind int) part {
	const block = 8192
	return part{name: "optimizer", tasks: func() int { return (count + block - 1) / block }, run: func(_ *worker, task int) {
		at := first + task*block
		e.optimizer.move(e, at, min(at+block, first+count), kind)
	}}
}

// moments are numbers that lie as the weights do, in the order of [Optimizer.Moments].
func (o *optimizer) moments() [][]float32 {
	if o.options.Kind == SGD {
		return [][]float32{o.first}
	}
	return [][]float32{o.first, o.second}
}

// step is one update of all weights, at a learning rate.
func (o *optimizer) step(e *Engine, learningRate float64) {
	rate, rootScale := o.options.corrected(learningRate, o.steps)
	o.steps++
	decay := float32(o.options.WeightDecay)
	if o.options.Kind == SGD {
		c := kernel.DescentStep{Momentum: float32(o.options.Momentum), Along: float32(rate)}
		if o.options.Nesterov {
			c.Direct, c.Along = float32(rate), float32(rate*o.options.Momentum)
		}
		o.sgd = [kinds]kernel.DescentStep{c, c}
		o.sgd[weightKind].WeightDecay = decay
	} else {
		c := adamStep{AdamStep: kernel.AdamStep{
			Keep1: float32(o.options.Beta1), New1: float32(1 - o.options.Beta1),
			Keep2: float32(o.options.Beta2), New2: float32(1 - o.options.Beta2),
			Rate: float32(rate), RootScale: float32(rootScale), Epsilon: float32(o.options.Epsilon),
		}, before: 1, after: 1}
		o.adam[weightKind], o.adam[biasKind] = c, c
		if o.options.Kind == AdamW {
			o.adam[weightKind].before = float32(o.options.Keep(learningRate))
		} else {
			o.adam[weightKind].WeightDecay = decay
		}
	}
	e.pool.run(&o.update)
}

// move updates weights from first to end, of a kind.
func (o *optimizer) move(e *Engine, first, end, kind int) {
	vectors := (end - first) / e.set.Lanes
	if o.options.Kind == SGD {
		e.set.Descend(&e.weights[first], &e.gradients[first], &o.first[first], &o.sgd[kind].Momentum, vectors)
		return
	}
	a := &o.adam[kind]
	multiply(e.weights[first:end], a.before)
	if a.resetBefore {
		clear(o.first[first:end])
		clear(o.second[first:end])
	}
	e.set.Adam(&e.weights[first], &e.gradients[first], &o.first[first], &o.second[first], &a.Keep1, vectors)
	multiply(e.weights[first:end], a.after)
	if a.resetAfter {
		clear(o.first[first:end])
		clear(o.second[first:end])
	}
}

// multiply multiplies values by a factor.
func multiply(values []float32, factor float32) {
	if factor == 1 {
		return
	}
	for i := range values {
		values[i] *= factor
	}
}
