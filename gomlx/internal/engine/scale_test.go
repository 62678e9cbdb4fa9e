package engine

import (
	"math"
	"slices"
	"testing"

	"alrc/internal/model"
	"alrc/internal/nn"
)

// An image of scale 0 leaves no trace, not even where its numbers are not finite, nor does one whose loss is not.
func TestScaleZeroLeavesOut(t *testing.T) {
	network := model.Supersampler(0.0625)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, power := range []float64{2, 4, 3} {
		o := nn.Options{Batch: 3, Height: 6, Width: 6, Loss: nn.Loss{Power: power, Scale: 25, Huber: 50}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
		e := newTestEngine(t, network, o)
		inputs, targets := batch(1, network, o)
		size := len(inputs) / o.Batch
		var want string
		for _, poison := range []func(input, target []float32) (left float32){
			func(_, _ []float32) float32 { return 0 },
			func(input, _ []float32) float32 { input[7] = nan; return 0 },
			func(input, _ []float32) float32 { input[7] = inf; return 1 },
			func(_, target []float32) float32 { target[7] = nan; return 1 },
			func(_, target []float32) float32 { target[7] = 3e38; return 0 },
		} {
			inputs, targets := slices.Clone(inputs), slices.Clone(targets)
			left := poison(inputs[size:2*size], targets[size:2*size])
			e.Initialize(2)
			step(t, e, inputs, targets, o.Batch, func(_, scales []float32) { scales[0], scales[1], scales[2] = 1, left, 0.5 })
			got := bits(e.SaveState())
			if want == "" {
				want = got
			}
			if got != want || !e.WeightsFinite() {
				t.Errorf("power %v: the image that is left out leaves a trace", power)
			}
		}
	}
}

// With several outputs, the image that is left out in one is left out in all.
func TestScaleZeroInOneOutput(t *testing.T) {
	network := cases()["two outputs"].network
	o := nn.Options{Batch: 3, Height: 6, Width: 6, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	e := newTestEngine(t, network, o)
	inputs, targets := batchOutputs(1, network, o)
	raw := [][]float32{make([]float32, o.Batch), make([]float32, o.Batch)}
	nan := float32(math.NaN())
	var states []string
	for _, without := range []func() (output int){
		func() int { return 0 },
		func() int { return 1 },
		func() int { targets[0][len(targets[0])/2] = nan; return -1 },
		func() int { inputs[len(inputs)/2] = nan; return 1 },
	} {
		output := without()
		e.Initialize(2)
		err := e.StepOutputs(inputs, targets, raw, func(of int, _, scales []float32) {
			if keepAll(nil, scales); of == output {
				scales[1] = 0
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, bits(e.SaveState()))
	}
	if len(slices.Compact(states)) != 1 || !e.WeightsFinite() {
		t.Error("by which output an image is left out makes a difference")
	}
}

func TestStepWithoutKeptImageMovesNothing(t *testing.T) {
	network := model.Supersampler(0.0625)
	o := nn.Options{Batch: 2, Height: 6, Width: 6, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	e := newTestEngine(t, network, o)
	e.Initialize(2)
	inputs, targets := batch(1, network, o)
	step(t, e, inputs, targets, o.Batch, keepAll)
	before := bits(e.SaveState())
	step(t, e, inputs, targets, o.Batch, func(_, scales []float32) { clear(scales) })
	for i := range targets {
		targets[i] = float32(math.Inf(-1))
	}
	raw := step(t, e, inputs, targets, o.Batch, keepAll)
	if bits(e.SaveState()) != before {
		t.Error("a step without an image moves the optimizer")
	}
	if !math.IsInf(float64(raw[0]), 1) {
		t.Errorf("the raw loss of an infinite target is %v", raw[0])
	}
}

// What float32 cannot hold is found: a loss whose root is clipped is not.
func TestHugeLossIsHuberised(t *testing.T) {
	network := model.Supersampler(0.0625)
	o := nn.Options{Batch: 1, Height: 4, Width: 4, Loss: nn.Loss{Power: 4, Scale: 25, Huber: 50}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	e := newTestEngine(t, network, o)
	inputs, targets := batch(1, network, o)
	for i := range targets {
		targets[i] = 1e12
	}
	raw := step(t, e, inputs, targets, 1, func(losses, scales []float32) {
		if !near(float64(losses[0]), 5e24, 1e-3) {
			t.Errorf("the loss to be clipped is %v, want 5e24", losses[0])
		}
		scales[0] = 1e-24
	})
	if !math.IsInf(float64(raw[0]), 1) || !e.WeightsFinite() {
		t.Errorf("the raw loss is %v; weights finite: %v", raw[0], e.WeightsFinite())
	}
}

func TestWeightsFinite(t *testing.T) {
	o := nn.Options{Batch: 1, Height: 4, Width: 4, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	e := newTestEngine(t, model.Supersampler(0.0625), o)
	e.Initialize(1)
	if !e.WeightsFinite() {
		t.Error("fresh weights are not finite")
	}
	state := e.SaveState()
	named(state)["last.bias"].Data[2] = float32(math.NaN())
	if err := e.LoadState(state); err != nil {
		t.Fatal(err)
	}
	if e.WeightsFinite() {
		t.Error("NaN in last.bias goes unnoticed")
	}
}
