package nn

import (
	"math"

	"alrc/internal/nn/kernel"
)

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

// moment is numbers that lie as the weights do.
type moment struct {
	name   string
	values []float32
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

func (o *optimizer) moments() []moment {
	if o.options.Kind == Adam {
		return []moment{{"adam.first_moment", o.first}, {"adam.second_moment", o.second}}
	}
	return []moment{{"sgd.velocity", o.first}}
}

func (o *optimizer) reset() {
	o.steps = 0
	clear(o.first)
	clear(o.second)
}

// step is one update of all weights.
func (o *optimizer) step(e *Engine) {
	rate := o.options.LearningRate * o.options.Schedule.At(o.steps)
	o.steps++
	decay := float32(o.options.WeightDecay)
	if o.options.Kind == Adam {
		first, second := 1-math.Pow(o.options.Beta1, float64(o.steps)), 1-math.Pow(o.options.Beta2, float64(o.steps))
		c := kernel.AdamStep{
			Keep1: float32(o.options.Beta1), New1: float32(1 - o.options.Beta1),
			Keep2: float32(o.options.Beta2), New2: float32(1 - o.options.Beta2),
			Rate: float32(rate * math.Sqrt(second) / first), RootScale: 1, Epsilon: float32(o.options.Epsilon),
		}
		if o.options.CorrectedEpsilon {
			c.Rate, c.RootScale = float32(rate/first), float32(1/math.Sqrt(second))
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
