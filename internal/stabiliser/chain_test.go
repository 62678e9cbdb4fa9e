package stabiliser

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// every is each method alone, and some together.
func every(t *testing.T) (specs []Spec) {
	for _, text := range append(Names(), "norm:0.5+skip:3", "outlier:3+agc:0.1+spam:50,100", "rise+ratio") {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		specs = append(specs, s)
	}
	return specs
}

// trial is a chain over the golden input, with Adam's moments.
type trial struct {
	*training
	chain *Chain
	adam  []Adam
}

func newTrial(s Spec, in *input) *trial {
	return &trial{newTraining(in), NewChain(s.Methods(), 3), make([]Adam, 3)}
}

func (tr *trial) take(step int) Step {
	tr.begin(step)
	s := tr.chain.Apply(tr.buffer, tr.losses[step])
	switch {
	case s.Rate == 0:
	case tr.chain.Optimizer() != nil:
		s = tr.chain.Begin(tr.buffer, 0.001*s.Rate, 0.01, tr.adam)
		tr.move(tr.adam)
	default:
		tr.descend(0.01 * s.Rate)
	}
	return s
}

// A chain whose state is saved and restored goes on as if nothing had been.
func TestStates(t *testing.T) {
	in := newInput(false)
	for _, s := range every(t) {
		for _, stop := range []int{0, 130, 260} {
			whole := newTrial(s, in)
			for step := range stop {
				whole.take(step)
			}
			other := newTrial(s, in)
			if err := other.chain.Restore(whole.chain.State()); err != nil {
				t.Fatalf("%s after %d steps: %v", s, stop, err)
			}
			for k := range other.weights {
				copy(other.weights[k], whole.weights[k])
				copy(other.first[k], whole.first[k])
				copy(other.second[k], whole.second[k])
			}
			for step := stop; step < 300; step++ {
				if a, b := whole.take(step), other.take(step); a != b {
					t.Fatalf("%s, stopped after %d steps: step %d did %+v, want %+v", s, stop, step, b, a)
				}
			}
			for k := range other.weights {
				if !slices.Equal(other.weights[k], whole.weights[k]) {
					t.Errorf("%s, stopped after %d steps: the weights are others", s, stop)
				}
			}
		}
	}
}

// States that are no state of the method are errors, and never panic.
func TestStateErrors(t *testing.T) {
	in := newInput(false)
	for _, s := range every(t) {
		tr := newTrial(s, in)
		for step := range 40 {
			tr.take(step)
		}
		state := tr.chain.State()
		if err := tr.chain.Restore(state[1:]); err == nil {
			t.Errorf("%s: a state of too few methods is taken", s)
		}
		for i, numbers := range state {
			for _, wrong := range [][]float64{append(slices.Clone(numbers), 1, 2, math.NaN()), {-1, 0.5}, {math.NaN()}} {
				broken := slices.Clone(state)
				broken[i] = wrong
				other := newTrial(s, in)
				if err := other.chain.Restore(broken); err != nil {
					continue
				}
				if len(wrong) == 1 {
					t.Errorf("%s: the state %v is taken", s, wrong)
				}
				// What looks like a state is taken, and training goes on.
				other.take(0)
				other.take(1)
			}
		}
	}
}

// A step allocates nothing.
func TestAllocations(t *testing.T) {
	in := newInput(false)
	for _, s := range every(t) {
		tr := newTrial(s, in)
		for step := range 150 {
			tr.take(step)
		}
		step := 150
		if allocations := testing.AllocsPerRun(100, func() { tr.take(step); step++ }); allocations > 0 {
			t.Errorf("%s: a step allocates %v times", s, allocations)
		}
	}
}

// A chain is its methods in their order.
func TestOrder(t *testing.T) {
	in := newInput(false)
	tr := newTraining(in)
	tr.begin(180)
	chain := NewChain([]Method{&Value{Max: 0.5}, &Norm{Max: 2}}, 3)
	s := chain.Apply(tr.buffer, 1)
	if math.Abs(s.Stabilised-2) > 1e-5 || s.Norm < 40 || s.Acted < 2 {
		t.Errorf("clipping by value and then by norm gives %+v", s)
	}
	var largest float64
	for _, g := range tr.gradient {
		for _, x := range g {
			largest = max(largest, math.Abs(x))
		}
	}
	if largest >= 0.5 {
		t.Errorf("the largest entry is %v: the second method left what the first one made", largest)
	}
}

// A gradient of many blocks is worked on by any number of threads alike, also where its entries lie in panels.
func TestThreads(t *testing.T) {
	const size = 5*blockSize + 77
	random := newInput(false)
	fill := func(values []float32, from int) {
		for i := range values {
			values[i] = float32(random.gradients[(from+i/108)%300][0][i%108])
		}
	}
	result := func(s Spec, run func(tasks int, do func(task int))) ([]float32, Step) {
		gradient, weights, second := make([]float32, size), make([]float32, size), make([]float32, size)
		fill(gradient, 90)
		fill(weights, 10)
		fill(second, 50)
		for i := range second {
			second[i] *= second[i] / 100
		}
		b := NewBuffer([]Tensor[float32]{{Gradient: gradient[:40000], Weights: weights[:40000], Second: second[:40000],
			Groups: []Group{{16, []Strip{{0, 16, 1250, 16}}}, {16, []Strip{{20000, 16, 1250, 16}}}}},
			{Gradient: gradient[40000:], Weights: weights[40000:], Second: second[40000:], Groups: Whole(size - 40000)}}, run)
		chain := NewChain(s.Methods(), 2)
		step := chain.Apply(b, 1)
		if chain.Optimizer() != nil {
			step = chain.Begin(b, 0.001, 0, make([]Adam, 2))
		}
		return gradient, step
	}
	for _, text := range []string{"norm", "value:0.1", "agc", "adagc", "stable-spam", "stable-adamw"} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		alone, step := result(s, nil)
		together, other := result(s, func(tasks int, do func(task int)) {
			var wait sync.WaitGroup
			for task := range tasks {
				wait.Add(1)
				go func() { defer wait.Done(); do(task) }()
			}
			wait.Wait()
		})
		if !slices.Equal(alone, together) || step != other {
			t.Errorf("%s gives another gradient, or does %+v instead of %+v, by many threads", text, other, step)
		}
	}
}
