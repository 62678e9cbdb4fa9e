package nn

import (
	"math"
	"slices"

	"alrc/internal/nn/kernel"
	"alrc/internal/stabiliser"
	"alrc/internal/weights"
)

// stabilisation is an engine's stabiliser. Its tensors are those of the network's layout, in their order and as they lie in
// memory.
type stabilisation struct {
	chain  *stabiliser.Chain
	buffer *stabiliser.Buffer[float32]
	adam   []stabiliser.Adam
	tensor []weights.Parameter

	// skipped counts the steps that were skipped. The learning rate's schedule goes on in them.
	skipped int64
	last    stabiliser.Step

	// losses and seen are sums of the step's finite losses, and their numbers, for each output.
	losses []float64
	seen   []int

	// pass does the tasks of a pass over the gradients.
	pass  phase
	tasks int
	do    func(task int)
}

// newStabilisation returns nil where there is no stabiliser.
func newStabilisation(e *Engine, operations []operation) *stabilisation {
	if e.options.Stabiliser.Empty() {
		return nil
	}
	s := &stabilisation{tensor: e.layout.Parameters, losses: make([]float64, len(e.outputs)), seen: make([]int, len(e.outputs))}
	s.chain = stabiliser.NewChain(e.options.Stabiliser.Methods(), len(s.tensor))
	s.adam = make([]stabiliser.Adam, len(s.tensor))
	s.pass = e.newPhase(part{name: "stabiliser", tasks: func() int { return s.tasks }, run: func(_ *worker, task int) { s.do(task) }})
	var tensors []stabiliser.Tensor[float32]
	for i, described := range s.tensor {
		at := e.places[i]
		o := operations[described.Layer]
		t := stabiliser.Tensor[float32]{
			Gradient: e.gradients[at.first:][:at.size], Weights: e.weights[at.first:][:at.size], Count: described.Size(),
			Output: slices.Contains(e.outputs, o.output), Groups: stabiliser.Whole(at.size),
		}
		if e.optimizer.second != nil {
			t.Second = e.optimizer.second[at.first:][:at.size]
		}
		if at.index != nil {
			t.Groups = units(e.set, o)
		}
		tensors = append(tensors, t)
	}
	s.buffer = stabiliser.NewBuffer(tensors, func(tasks int, do func(task int)) {
		s.tasks, s.do = tasks, do
		e.pool.run(&s.pass)
	})
	return s
}

// units are the output channels of a layer's kernel.
func units(set *kernel.Set, o operation) (groups []stabiliser.Group) {
	for _, c := range outputChannels(set, o) {
		g := stabiliser.Group{Units: c.count}
		for _, s := range c.strips {
			g.Strips = append(g.Strips, stabiliser.Strip{First: s.first, Step: s.step, Rows: s.rows, Width: s.width})
		}
		groups = append(groups, g)
	}
	return groups
}

// decays reports whether weight decay is the parameter's too.
func decays(p weights.Parameter) bool { return p.Role == weights.Weight || p.Role == weights.Direction }

// begin begins a step, of which so far no gradient is known.
func (s *stabilisation) begin() {
	clear(s.losses)
	clear(s.seen)
	nan := math.NaN()
	s.last = stabiliser.Step{Norm: nan, Stabilised: nan, Rate: nan}
}

// see takes note of losses of an output.
func (s *stabilisation) see(output int, losses []float32) {
	for _, loss := range losses {
		if loss-loss == 0 {
			s.losses[output] += float64(loss)
			s.seen[output]++
		}
	}
}

// loss is the mean of the step's finite losses, added up over the outputs.
func (s *stabilisation) loss() (total float64) {
	for i, sum := range s.losses {
		total += sum / float64(s.seen[i])
	}
	return total
}

// step lets the stabiliser act on the gradients, and the optimizer move the weights where the step is not skipped.
func (s *stabilisation) step(e *Engine) {
	e.pool.run(&e.denormalize)
	s.buffer.Changed()
	s.last = s.chain.Apply(s.buffer, s.loss())
	if s.last.Rate == 0 {
		s.skipped++
		return
	}
	o := &e.optimizer
	rate := s.last.Rate * o.options.Rate(o.steps+s.skipped)
	if s.chain.Optimizer() == nil {
		o.step(e, rate)
	} else {
		s.last = s.chain.Begin(s.buffer, rate, o.options.WeightDecay, s.adam)
		for i, a := range s.adam {
			o.adam[i] = adamStepOf(a, decays(s.tensor[i]))
		}
		o.steps++
		e.pool.run(&o.update)
	}
	for _, c := range e.centerings {
		c.settle()
	}
	e.changed()
}

func adamStepOf(a stabiliser.Adam, decays bool) adamStep {
	c := adamStep{AdamStep: kernel.AdamStep{
		Keep1: float32(a.Keep1), New1: float32(a.New1), Keep2: float32(a.Keep2), New2: float32(a.New2),
		Rate: float32(a.Rate), RootScale: float32(a.RootScale), Epsilon: float32(a.Epsilon),
	}, before: 1, after: 1, resetBefore: a.ResetBefore, resetAfter: a.ResetAfter}
	if decays {
		c.before, c.after = float32(a.Before), float32(a.After)
	}
	return c
}

// Stabilised tells what the stabiliser did in the latest step. In a step without a finite loss, which moves nothing, its numbers
// are none.
func (e *Engine) Stabilised() stabiliser.Step { return e.stabilisation.last }

// StabiliserState returns what the stabiliser's future depends on, beside the engine's state; nil without a stabiliser.
func (e *Engine) StabiliserState() [][]float64 {
	if e.stabilisation == nil {
		return nil
	}
	return append(e.stabilisation.chain.State(), []float64{float64(e.stabilisation.skipped)})
}

// RestoreStabiliser takes back what StabiliserState returned for the same stabiliser.
func (e *Engine) RestoreStabiliser(state [][]float64) error {
	if len(state) == 0 {
		return stabiliser.ErrNoState
	}
	last := state[len(state)-1]
	if err := e.stabilisation.chain.Restore(state[:len(state)-1]); err != nil {
		return err
	}
	if len(last) != 1 || !(last[0] >= 0 && last[0] < 1<<52) {
		return stabiliser.ErrNoState
	}
	e.stabilisation.skipped = int64(last[0])
	return nil
}
