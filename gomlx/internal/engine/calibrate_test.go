package engine

import (
	"math"
	"testing"

	"alrc/internal/experiment"
	"alrc/internal/model"
	"alrc/internal/nn"
)

// Both engines calibrate the published completer alike, train it alike under mean-only batch normalisation, also where an image
// of the batch is left out, and apply it alike by its running means.
func TestPublishedCompleter(t *testing.T) {
	network := model.PublishedCompleter(0.03, 1./6)
	o := nn.Options{Batch: 2, Height: 64, Width: 64, Loss: nn.Loss{Power: 2, Scale: 1},
		Optimizer: nn.Optimizer{Kind: nn.SGD, LearningRate: 1e-3}}
	e, cpu := newTestEngine(t, network, o), newCPU(t, network, o)
	inputs, targets := batchOutputs(4, network, o)
	for _, engine := range []experiment.Engine{e, cpu} {
		engine.Initialize(5)
		if err := engine.Calibrate(inputs); err != nil {
			t.Fatal(err)
		}
	}
	sameStates(t, "calibrated", e, cpu, 1e-3)
	for _, c := range []struct {
		name   string
		scales [2]float32
	}{{"all kept", [2]float32{1, 0.5}}, {"one left out", [2]float32{0, 1}}} {
		var raw [2][2][]float32
		for i, engine := range []experiment.Engine{e, cpu} {
			raw[i] = [2][]float32{make([]float32, 2), make([]float32, 2)}
			if err := engine.StepOutputs(inputs, targets, raw[i][:], func(_ int, _, s []float32) { copy(s, c.scales[:]) }); err != nil {
				t.Fatal(err)
			}
			if dead := engine.DeadLayer(); dead != "" {
				t.Errorf("layer %s is dead", dead)
			}
		}
		// A sum within rounding of 0 may fall on either side of a ReLU: that moves one path's gradients by a few thousandths.
		sameStates(t, c.name, e, cpu, 1e-2)
	}
	var outputs [2][][]float32
	for i, engine := range []experiment.Engine{e, cpu} {
		outputs[i] = [][]float32{make([]float32, len(targets[0])), make([]float32, len(targets[1]))}
		if err := engine.EvaluateOutputs(inputs, targets, outputs[i], [][]float32{make([]float32, 2), make([]float32, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	for o := range outputs[0] {
		if d := largestDifference(outputs[0][o], outputs[1][o]); d > 1e-3 {
			t.Errorf("output %d, applied, deviates by %.2g", o, d)
		}
	}
}

// sameStates compares all tensors of two engines, relative to each one's largest value.
func sameStates(t *testing.T, when string, e, cpu experiment.Engine, tolerance float64) {
	t.Helper()
	got, want := e.SaveState(), cpu.SaveState()
	if len(got) != len(want) {
		t.Fatalf("%s: %d tensors, want %d", when, len(got), len(want))
	}
	for i := range want {
		if got[i].Name != want[i].Name {
			t.Fatalf("%s: tensor %d is %s, want %s", when, i, got[i].Name, want[i].Name)
		}
		if d := largestDifference(got[i].Data, want[i].Data); d > tolerance {
			t.Errorf("%s: %s deviates by %.2g", when, got[i].Name, d)
		}
	}
}

// largestDifference is relative to the largest value that is wanted.
func largestDifference(got, want []float32) float64 {
	var difference, largest float64
	for i := range want {
		difference = max(difference, math.Abs(float64(got[i]-want[i])))
		largest = max(largest, math.Abs(float64(want[i])))
	}
	if largest == 0 {
		return difference
	}
	return difference / largest
}

// A layer whose activations are all 0 is found, and only after a step.
func TestDeadLayer(t *testing.T) {
	network := model.Network{Name: "n", InputChannels: 1, Layers: []model.Layer{
		{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Convolution, Inputs: []int{0}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "c", Kind: model.Convolution, Inputs: []int{1}, Channels: 1, Kernel: 3, Stride: 1},
	}}
	o := nn.Options{Batch: 1, Height: 8, Width: 8, Loss: nn.Loss{Power: 2, Scale: 1}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	e := newTestEngine(t, network, o)
	e.Initialize(1)
	state := e.SaveState()
	inputs, targets := batch(1, network, o)
	for _, want := range []string{"", "b"} {
		if dead := e.DeadLayer(); dead != "" {
			t.Errorf("before a step the dead layer is %q", dead)
		}
		step(t, e, inputs, targets, 1, keepAll)
		if dead := e.DeadLayer(); dead != want {
			t.Errorf("the dead layer is %q, want %q", dead, want)
		}
		for i := range state {
			if state[i].Name == "b.bias" {
				state[i].Data = []float32{-1e6, -1e6, -1e6, -1e6}
			}
		}
		if err := e.LoadState(state); err != nil {
			t.Fatal(err)
		}
	}
}
