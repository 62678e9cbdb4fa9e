package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
)

// drawn returns values from a normal distribution.
func drawn(seed uint64, size int) []float32 {
	random := rand.New(rand.NewPCG(seed, 3))
	values := make([]float32, size)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	return values
}

func train(t *testing.T, e *Engine, options Options, channels, from, to int) {
	t.Helper()
	size := options.Batch * options.Height * options.Width * channels
	raw := make([]float32, options.Batch)
	for step := from; step < to; step++ {
		err := e.Step(drawn(uint64(step), size), drawn(uint64(1000+step), size), raw, halveLarge)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// halveLarge scales the losses that are not finite by 0 and those above 20 by a half.
func halveLarge(losses, scales []float32) {
	for i, loss := range losses {
		scales[i] = 1
		if loss > 20 {
			scales[i] = 0.5
		}
		if math.IsNaN(float64(loss)) || math.IsInf(float64(loss), 0) {
			scales[i] = 0
		}
	}
}

// bits writes a state so that equal text means equal bits.
func bits(state []safetensors.Tensor) map[string]string {
	out := map[string]string{}
	for _, tensor := range state {
		var b strings.Builder
		for _, value := range tensor.Data {
			fmt.Fprintf(&b, "%08x ", math.Float32bits(value))
		}
		out[tensor.Name] = b.String()
	}
	return out
}

func mustEqual(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%s: %d tensors, want %d", what, len(got), len(want))
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

func trainingOptions(batch, height, width int) Options {
	return Options{Batch: batch, Height: height, Width: width, Loss: Loss{Power: 2, Scale: 25}, Optimizer: Optimizer{LearningRate: 1e-3}, manyThreads: true}
}

func TestThreadsDoNotChangeResults(t *testing.T) {
	for _, c := range []struct {
		network               model.Network
		batch, height, across int
	}{
		{model.Supersampler(0.25), 1, 9, 16},
		{model.Supersampler(0.125), 5, 13, 10},
		{model.Supersampler(0.125), 2, 4, 4},
		// So many channels that how threads share transformed weights depends on their number.
		{chain(3, convolve(64, 3, 1, model.ReLU), convolve(64, 3, 1, model.ReLU), convolve(3, 3, 1, model.Linear)), 2, 9, 10},
	} {
		eachVariant(t, trainingOptions(c.batch, c.height, c.across), func(t *testing.T, options Options, _ float64) {
			steps := 20
			if options.Kernels == "portable" { // which is slow
				steps = 4
			}
			var want map[string]string
			for _, threads := range []int{1, 2, 3, 5} {
				options.Threads = threads
				e := newEngine(t, c.network, options)
				e.Initialize(4)
				train(t, e, options, 3, 0, steps)
				got := bits(e.SaveState())
				if want == nil {
					want = got
				}
				mustEqual(t, fmt.Sprint(threads, " threads"), got, want)
			}
		})
	}
}

func TestStateContinues(t *testing.T) {
	network, options := model.Supersampler(0.125), trainingOptions(2, 9, 6)
	for _, optimizer := range []Optimizer{{LearningRate: 1e-3, Schedule: Schedule{Kind: Cosine, Steps: 12, Warmup: 7}}, {Kind: SGD, LearningRate: 1e-5, Momentum: 0.9}} {
		options.Optimizer = optimizer
		eachVariant(t, options, func(t *testing.T, options Options, _ float64) {
			e := newEngine(t, network, options)
			e.Initialize(4)
			train(t, e, options, 3, 0, 5)
			middle := e.SaveState()
			saved := bits(middle)
			train(t, e, options, 3, 5, 10)
			want := bits(e.SaveState())
			mustEqual(t, "the saved state after more steps", bits(middle), saved)

			other := newEngine(t, network, options)
			other.Initialize(9)
			train(t, other, options, 3, 20, 23)
			if err := other.LoadState(middle); err != nil {
				t.Fatal(err)
			}
			train(t, other, options, 3, 5, 10)
			mustEqual(t, "the state after loading and going on", bits(other.SaveState()), want)
		})
	}
}

// A float32 cannot count so far.
func TestStateKeepsLongCounts(t *testing.T) {
	network, options := chain(1, convolve(1, 1, 1, model.Linear)), trainingOptions(1, 2, 2)
	e, other := newEngine(t, network, options), newEngine(t, network, options)
	e.optimizer.steps = 5<<24 + 3
	if err := other.LoadState(e.SaveState()); err != nil {
		t.Fatal(err)
	}
	if other.optimizer.steps != e.optimizer.steps {
		t.Errorf("%d steps became %d", e.optimizer.steps, other.optimizer.steps)
	}
}

// Weights alone, as other programs write them, start a fresh optimizer.
func TestLoadsWeightsAlone(t *testing.T) {
	network, options := model.Supersampler(0.125), trainingOptions(1, 6, 6)
	fresh, used := newEngine(t, network, options), newEngine(t, network, options)
	fresh.Initialize(4)
	weights := fresh.SaveState()
	names := map[string]bool{}
	for _, p := range newReference(t, network, options).parameters() {
		names[p.name] = true
	}
	weights = slices.DeleteFunc(weights, func(tensor safetensors.Tensor) bool { return !names[tensor.Name] })
	used.Initialize(8)
	train(t, used, options, 3, 0, 3)
	if err := used.LoadState(weights); err != nil {
		t.Fatal(err)
	}
	train(t, fresh, options, 3, 0, 3)
	train(t, used, options, 3, 0, 3)
	mustEqual(t, "after loading weights alone", bits(used.SaveState()), bits(fresh.SaveState()))
}

func TestLoadStateErrors(t *testing.T) {
	options := trainingOptions(1, 6, 6)
	e := newEngine(t, model.Supersampler(0.125), options)
	e.Initialize(4)
	train(t, e, options, 3, 0, 2)
	before := bits(e.SaveState())
	place := func(state []safetensors.Tensor, name string) int {
		return slices.IndexFunc(state, func(tensor safetensors.Tensor) bool { return tensor.Name == name })
	}
	for name, change := range map[string]func(state []safetensors.Tensor) []safetensors.Tensor{
		"missing": func(state []safetensors.Tensor) []safetensors.Tensor {
			i := place(state, "narrow.weight")
			return slices.Delete(state, i, i+1)
		},
		"transposed": func(state []safetensors.Tensor) []safetensors.Tensor {
			i := place(state, "narrow.weight")
			state[i].Shape = []int{16, 8, 3, 3}
			return state
		},
		"short": func(state []safetensors.Tensor) []safetensors.Tensor {
			i := place(state, "narrow.weight")
			state[i].Data = state[i].Data[1:]
			return state
		},
	} {
		err := e.LoadState(change(e.SaveState()))
		if err == nil || !strings.Contains(err.Error(), "narrow.weight") {
			t.Errorf("%s: got %v, want an error with narrow.weight", name, err)
		}
		mustEqual(t, "after a refused state", bits(e.SaveState()), before)
	}
	if err := e.LoadState(nil); err == nil {
		t.Error("no tensors at all are accepted")
	}
}

func TestWeightsFinite(t *testing.T) {
	e := newEngine(t, model.Supersampler(0.125), trainingOptions(1, 6, 6))
	e.Initialize(4)
	if !e.WeightsFinite() {
		t.Error("fresh weights are not finite")
	}
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, name := range []string{"first.weight", "last.bias"} {
			state := e.SaveState()
			for _, tensor := range state {
				if tensor.Name == name {
					tensor.Data[len(tensor.Data)-1] = float32(value)
				}
			}
			other := newEngine(t, model.Supersampler(0.125), trainingOptions(1, 6, 6))
			if err := other.LoadState(state); err != nil {
				t.Fatal(err)
			}
			if other.WeightsFinite() {
				t.Errorf("%v in %s goes unnoticed", value, name)
			}
		}
	}
}

// An image with scale 0 leaves no trace, not even where its values are not finite; the mean is still over all images.
func TestScaleZeroLeavesOut(t *testing.T) {
	t.Run("supersampler", func(t *testing.T) {
		testScaleZero(t, model.Supersampler(0.125), trainingOptions(3, 9, 6))
	})
	t.Run("batch in parts", func(t *testing.T) {
		network, options := partedCase()
		testScaleZero(t, network, trainingOptions(options.Batch, options.Height, options.Width))
	})
}

func testScaleZero(t *testing.T, network model.Network, options Options) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	r := newReference(t, network, options)
	r.randomize(rand.New(rand.NewPCG(4, 4)))
	start, size := r.state(), r.input.Size()
	inputs, targets := r.batch(rand.New(rand.NewPCG(5, 5)))
	for image := range options.Batch {
		scales := []float32{1, 0.5, 0.25}
		scales[image] = 0
		r.differentiate(doubles(inputs), doubles(targets), func(_, out []float64) { copy(out, doubles(scales)) })
		eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
			var want map[string]string
			for name, poison := range map[string]func(input, target []float32){
				"finite": func(_, _ []float32) {},
				"nan":    func(input, _ []float32) { input[7] = nan },
				"inf":    func(input, _ []float32) { input[7] = inf },
				"target": func(_, target []float32) { target[7] = nan },
				"large":  func(input, _ []float32) { input[7] = 1e30 },
			} {
				inputs, targets := slices.Clone(inputs), slices.Clone(targets)
				poison(inputs[image*size:], targets[image*len(targets)/options.Batch:])
				if err := e.LoadState(start); err != nil {
					t.Fatal(err)
				}
				raw, next := make([]float32, options.Batch), 0
				err := e.Step(inputs, targets, raw, func(losses, out []float32) { next += copy(out, scales[next:]) })
				if err != nil {
					t.Fatal(err)
				}
				compareTensors(t, fmt.Sprintf("image %d left out, %s: the gradient", image, name), e.Gradients(), r.gradients(), tolerance)
				got := bits(e.SaveState())
				if want == nil {
					want = got
				}
				mustEqual(t, fmt.Sprintf("image %d left out, %s", image, name), got, want)
				finite := !math.IsNaN(float64(raw[image])) && !math.IsInf(float64(raw[image]), 0)
				if poisoned := name != "finite"; finite == poisoned {
					t.Errorf("image %d, %s: its raw loss is %v", image, name, raw[image])
				}
			}
		})
	}
}

func TestStepWithoutFiniteLossMovesNothing(t *testing.T) {
	network, options := model.Supersampler(0.125), trainingOptions(3, 9, 6)
	eachEngine(t, network, options, func(t *testing.T, e *Engine, _ float64) {
		e.Initialize(4)
		train(t, e, options, 3, 0, 2)
		before := bits(e.SaveState())
		inputs := slices.Repeat([]float32{float32(math.NaN())}, 3*3*9*6)
		if err := e.Step(inputs, drawn(2, len(inputs)), make([]float32, 3), halveLarge); err != nil {
			t.Fatal(err)
		}
		after := bits(e.SaveState())
		for _, p := range newReference(t, network, options).parameters() {
			for _, moment := range []string{"", "adam.first_moment.", "adam.second_moment."} {
				if name := moment + p.name; before[name] == "" || before[name] != after[name] {
					t.Errorf("a step without a finite loss moves %s", name)
				}
			}
		}
	})
}

// Evaluating takes part of a batch, leaves training as it was, and gives what a full batch gives.
func TestEvaluate(t *testing.T) {
	network, options := model.Supersampler(0.125), trainingOptions(3, 8, 10)
	size := 3 * 8 * 10
	eachEngine(t, network, options, func(t *testing.T, e *Engine, _ float64) {
		e.Initialize(4)
		train(t, e, options, 3, 0, 1)
		before := bits(e.SaveState())
		inputs, targets := drawn(1, 3*size), drawn(2, 3*size)
		outputs, raw := make([]float32, 3*size), make([]float32, 3)
		if err := e.Evaluate(inputs, targets, outputs, raw); err != nil {
			t.Fatal(err)
		}
		two, part := make([]float32, 2*size), make([]float32, 2)
		if err := e.Evaluate(inputs[size:], targets[size:], two, part); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(two, outputs[size:]) || !slices.Equal(part, raw[1:]) {
			t.Error("two of three images give other outputs or losses by themselves")
		}
		clear(part)
		if err := e.Evaluate(inputs[size:], targets[size:], nil, part); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(part, raw[1:]) {
			t.Error("without outputs the losses are others")
		}
		mustEqual(t, "after evaluating", bits(e.SaveState()), before)
	})
}

func TestWrongLengthsAreErrors(t *testing.T) {
	options := trainingOptions(2, 8, 10)
	size := 2 * 3 * 8 * 10
	e := newEngine(t, model.Supersampler(0.125), options)
	e.Initialize(4)
	full, two := make([]float32, size), make([]float32, 2)
	for name, err := range map[string]error{
		"step, inputs":       e.Step(full[1:], full, two, halveLarge),
		"step, targets":      e.Step(full, full[1:], two, halveLarge),
		"step, raw":          e.Step(full, full, two[1:], halveLarge),
		"evaluate, inputs":   e.Evaluate(full[1:], full, full, two),
		"evaluate, targets":  e.Evaluate(full, full[1:], full, two),
		"evaluate, outputs":  e.Evaluate(full, full, full[1:], two),
		"evaluate, raw":      e.Evaluate(full, full, full, two[1:]),
		"evaluate, too many": e.Evaluate(make([]float32, 2*size), make([]float32, 2*size), nil, make([]float32, 4)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	options := trainingOptions(2, 8, 10)
	size := 2 * 3 * 8 * 10
	inputs, targets, raw := drawn(1, size), drawn(2, size), make([]float32, 2)
	eachEngine(t, model.Supersampler(0.125), options, func(t *testing.T, e *Engine, _ float64) {
		e.Initialize(4)
		step := func() {
			if err := e.Step(inputs, targets, raw, halveLarge); err != nil {
				t.Error(err)
			}
		}
		if allocations := testing.AllocsPerRun(5, step); allocations != 0 {
			t.Errorf("a step allocates %v times", allocations)
		}
	})
}
