package nn

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
)

// readPublished reads what testdata/published_completer.py computed by PyTorch in float64.
func readPublished(t *testing.T) map[string]safetensors.Tensor {
	t.Helper()
	content, err := os.ReadFile("testdata/published_completer.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := safetensors.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]safetensors.Tensor{}
	for _, tensor := range list {
		tensors[tensor.Name] = tensor
	}
	return tensors
}

// The published completer agrees with PyTorch: what the calibration makes of the starting weights, outputs and gradients
// of a training step under mean-only batch normalisation, the running means after it, and the network applied by them.
func TestPublishedCompleter(t *testing.T) {
	golden := readPublished(t)
	options := Options{Batch: 2, Height: 64, Width: 64, Threads: 2, Loss: Loss{Power: 2, Scale: 1},
		Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-20}}
	eachEngine(t, model.PublishedCompleter(0.03, 1./6), options, func(t *testing.T, e *Engine, tolerance float64) {
		// Layers that only have 8 values to a channel, and gains in the hundreds, enlarge the roundings of those before.
		tolerance *= 20
		e.Initialize(0)
		state := e.SaveState()
		for i, tensor := range state {
			if start, ok := golden["start/"+tensor.Name]; ok {
				copy(state[i].Data, start.Data)
			}
		}
		if err := e.LoadState(state); err != nil {
			t.Fatal(err)
		}
		if err := e.Calibrate(golden["calibration"].Data); err != nil {
			t.Fatal(err)
		}
		compareGolden(t, golden, "calibrated/", e.SaveState(), tolerance)

		inputs := golden["inputs"].Data
		targets := [][]float32{golden["targets.0"].Data, golden["targets.1"].Data}
		raw := [][]float32{make([]float32, 2), make([]float32, 2)}
		one := func(_ int, _, scales []float32) { scales[0], scales[1] = 1, 1 }
		if err := e.StepOutputs(inputs, targets, raw, one); err != nil {
			t.Fatal(err)
		}
		for o, output := range e.outputs {
			name := "outputs." + string(rune('0'+o))
			values := make([]float32, len(targets[o]))
			for i := range 2 {
				output.value.unload(i, values[i*len(values)/2:(i+1)*len(values)/2])
			}
			if d := deviation(doubles(values), doubles(golden[name].Data)); d > tolerance {
				t.Errorf("%s deviate by %.2g, more than %v", name, d, tolerance)
			}
		}
		compareGolden(t, golden, "gradient/", e.Gradients(), tolerance)
		compareGolden(t, golden, "stepped/", e.SaveState(), tolerance)

		outputs := [][]float32{make([]float32, len(targets[0])), make([]float32, len(targets[1]))}
		if err := e.EvaluateOutputs(inputs, targets, outputs, raw); err != nil {
			t.Fatal(err)
		}
		for o, values := range outputs {
			name := "applied." + string(rune('0'+o))
			if d := deviation(doubles(values), doubles(golden[name].Data)); d > tolerance {
				t.Errorf("%s deviate by %.2g, more than %v", name, d, tolerance)
			}
		}
	})
}

// compareGolden compares the tensors that the golden file has under a prefix.
func compareGolden(t *testing.T, golden map[string]safetensors.Tensor, prefix string, got []safetensors.Tensor, tolerance float64) {
	t.Helper()
	want := map[string][]float64{}
	for name, tensor := range golden {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			want[rest] = doubles(tensor.Data)
		}
	}
	compareTensors(t, prefix, got, want, tolerance)
}

// centeredNetwork has centered layers of all three ways to compute a convolution.
func centeredNetwork() model.Network {
	return model.Network{Name: "centered", InputChannels: 2, Layers: []model.Layer{
		{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 18, Kernel: 3, Stride: 2, Activation: model.ReLU, Normalized: true, Centered: true},
		{Name: "b", Kind: model.TransposedConvolution, Inputs: []int{0}, Channels: 17, Kernel: 3, Stride: 2, Activation: model.LeakyReLU, Slope: 0.2, Normalized: true, Centered: true},
		{Name: "c", Kind: model.Convolution, Inputs: []int{1}, Channels: 19, Kernel: 3, Stride: 1, Normalized: true, Centered: true},
		{Kind: model.Addition, Inputs: []int{2, 2}},
		{Name: "d", Kind: model.Convolution, Inputs: []int{3}, Channels: 2, Kernel: 3, Stride: 1, Normalized: true},
	}}
}

// wave fills a slice with numbers that repeat late.
func wave(n int, step float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(math.Sin(step*float64(i)) + 0.3)
	}
	return values
}

// Gradients of centered layers are those of the loss: the loss falls by the learning rate times the square of their norm, to
// the first order, along each kind of weight.
func TestCenteredGradients(t *testing.T) {
	const height, width, batch = 6, 8, 3
	options := Options{Batch: batch, Height: height, Width: width, Threads: 2, Loss: Loss{Power: 2, Scale: 10},
		Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-20}}
	inputs, targets := wave(batch*height*width*2, 2.3), wave(batch*height*width*2, 0.7)
	eachEngine(t, centeredNetwork(), options, func(t *testing.T, e *Engine, _ float64) {
		e.Initialize(3)
		raw := make([]float32, batch)
		scales := []float32{1, 0.5, 0.25}
		loss := func(state []safetensors.Tensor) float64 {
			if err := e.LoadState(state); err != nil {
				t.Fatal(err)
			}
			if err := e.Step(inputs, targets, raw, func(_, s []float32) { copy(s, scales) }); err != nil {
				t.Fatal(err)
			}
			total := 0.0
			for i := range raw {
				total += e.raw64[0][i] * float64(scales[i]) / batch
			}
			return total
		}
		start := e.SaveState()
		loss(start)
		for _, gradient := range e.Gradients() {
			var square, largest float64
			for _, value := range gradient.Data {
				square += float64(value) * float64(value)
				largest = max(largest, math.Abs(float64(value)))
			}
			if square == 0 {
				t.Errorf("%s has no gradient", gradient.Name)
				continue
			}
			const step = 2e-3
			moved := func(by float64) float64 {
				state := e.SaveState()
				for i := range state {
					state[i] = start[i]
					if state[i].Name == gradient.Name {
						state[i].Data = append([]float32(nil), state[i].Data...)
						for j, value := range gradient.Data {
							state[i].Data[j] += float32(by * float64(value) / math.Sqrt(square))
						}
					}
				}
				return loss(state)
			}
			slope := (moved(step) - moved(-step)) / (2 * step)
			if want := math.Sqrt(square); math.Abs(slope-want) > 0.01*want {
				t.Errorf("%s: along its gradient the loss rises by %v, and the gradient says %v", gradient.Name, slope, want)
			}
		}
	})
}

// A batch of one image passes as it does when others are left out of it, running means among the results; a step that
// leaves all out moves none. Results are the same on one thread and on three, and after a state was saved and loaded.
func TestCenteredState(t *testing.T) {
	const height, width, batch = 6, 8, 2
	options := Options{Batch: batch, Height: height, Width: width, Loss: Loss{Power: 2, Scale: 10},
		Optimizer: Optimizer{LearningRate: 0.01}}
	inputs, targets := wave(batch*height*width*2, 2.3), wave(batch*height*width*2, 0.7)
	run := func(threads int, images int, scales ...float32) []safetensors.Tensor {
		options.Threads = threads
		e := newEngine(t, centeredNetwork(), options)
		e.Initialize(3)
		for range 3 {
			size := height * width * 2 * images
			if err := e.Step(inputs[:size], targets[:size], make([]float32, images), func(_, s []float32) { copy(s, scales) }); err != nil {
				t.Fatal(err)
			}
			again := newEngine(t, centeredNetwork(), options)
			if err := again.LoadState(e.SaveState()); err != nil {
				t.Fatal(err)
			}
			e = again
		}
		return e.SaveState()
	}
	same := func(what string, a, b []safetensors.Tensor) {
		t.Helper()
		if d := differences(a, b); d != "" {
			t.Errorf("%s: %s differs", what, d)
		}
	}
	whole := run(1, 2, 1, 1)
	same("three threads", whole, run(3, 2, 1, 1))
	// One step of one image, alone and beside one that is left out: the means are its own.
	alone, beside := means(t, options, inputs, targets, 1, 1), means(t, options, inputs, targets, 2, 1, 0)
	same("beside an image that is left out", alone, beside)
	e := newEngine(t, centeredNetwork(), options)
	e.Initialize(3)
	before := e.SaveState()
	if err := e.Step(inputs, targets, make([]float32, batch), func(_, s []float32) { clear(s) }); err != nil {
		t.Fatal(err)
	}
	same("nothing kept", before, e.SaveState())
}

// means are the running means after a step.
func means(t *testing.T, options Options, inputs, targets []float32, images int, scales ...float32) []safetensors.Tensor {
	t.Helper()
	e := newEngine(t, centeredNetwork(), options)
	e.Initialize(3)
	size := options.Height * options.Width * 2 * images
	if err := e.Step(inputs[:size], targets[:size], make([]float32, images), func(_, s []float32) { copy(s, scales) }); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(e.SaveState(), func(tensor safetensors.Tensor) bool { return !strings.HasSuffix(tensor.Name, ".running_mean") })
}

// differences names the first tensor in which two states differ.
func differences(a, b []safetensors.Tensor) string {
	if len(a) != len(b) {
		return "the number of tensors"
	}
	for i := range a {
		for j := range a[i].Data {
			if math.Float32bits(a[i].Data[j]) != math.Float32bits(b[i].Data[j]) {
				return a[i].Name
			}
		}
	}
	return ""
}

// With constant input the running means become those of training, and applying the network gives what training does.
func TestAppliedAsTrained(t *testing.T) {
	const height, width = 6, 8
	options := Options{Batch: 1, Height: height, Width: width, Threads: 1, Loss: Loss{Power: 2, Scale: 1},
		Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-20}}
	e := newEngine(t, centeredNetwork(), options)
	e.Initialize(3)
	inputs, targets := wave(height*width*2, 2.3), wave(height*width*2, 0.7)
	trained, applied := make([]float32, 1), make([]float32, 1)
	for step := range 1500 {
		if err := e.Step(inputs, targets, trained, func(_, s []float32) { s[0] = 1 }); err != nil {
			t.Fatal(err)
		}
		if step != 0 {
			continue
		}
		if err := e.Evaluate(inputs, targets, nil, applied); err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(applied[0]/trained[0])-1) < 0.01 {
			t.Errorf("after one step the loss is %v applied and %v in training: the running means play no part", applied[0], trained[0])
		}
	}
	if err := e.Evaluate(inputs, targets, nil, applied); err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(applied[0]/trained[0])-1) > 1e-4 {
		t.Errorf("the loss is %v applied and %v in training", applied[0], trained[0])
	}
}

func TestDeadLayer(t *testing.T) {
	network := model.Network{Name: "n", InputChannels: 1, Layers: []model.Layer{
		{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Convolution, Inputs: []int{0}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "c", Kind: model.Convolution, Inputs: []int{1}, Channels: 1, Kernel: 3, Stride: 1},
	}}
	e := newEngine(t, network, Options{Batch: 1, Height: 8, Width: 8, Threads: 1, Loss: Loss{Power: 2, Scale: 1}, Optimizer: Optimizer{LearningRate: 0.1}})
	e.Initialize(1)
	images := wave(64, 1.7)
	look := func(want string) {
		t.Helper()
		if err := e.Evaluate(images, images, nil, make([]float32, 1)); err != nil {
			t.Fatal(err)
		}
		if dead := e.DeadLayer(); dead != want {
			t.Errorf("the dead layer is %q, want %q", dead, want)
		}
	}
	look("")
	state := e.SaveState()
	for i := range state {
		if state[i].Name == "b.bias" {
			for j := range state[i].Data {
				state[i].Data[j] = -1e6
			}
		}
	}
	if err := e.LoadState(state); err != nil {
		t.Fatal(err)
	}
	look("b")
}

// A branch of a residual block that is dead leaves the network alive.
func TestDeadBranch(t *testing.T) {
	network := model.Network{Name: "n", InputChannels: 4, Layers: []model.Layer{
		{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Convolution, Inputs: []int{0}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Kind: model.Addition, Inputs: []int{0, 1}},
		{Name: "c", Kind: model.Convolution, Inputs: []int{2}, Channels: 4, Kernel: 3, Stride: 1},
	}}
	for dead, want := range map[int]string{0: "a", 1: "", 3: ""} {
		if got := network.DeadLayer(func(place int) bool { return place == dead }); got != want {
			t.Errorf("with layer %d dead, the network's dead layer is %q, want %q", dead, got, want)
		}
	}
}
