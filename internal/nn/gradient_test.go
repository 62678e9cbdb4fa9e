package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

// eachVariant runs a test with every kernel set that this machine has, with and without Winograd's algorithm, and gives
// it the deviation that rounding may cause.
func eachVariant(t *testing.T, options Options, test func(t *testing.T, options Options, tolerance float64)) {
	t.Helper()
	for _, kernels := range kernel.Names() {
		for _, direct := range []bool{true, false} {
			options.Kernels, options.Direct = kernels, direct
			name, tolerance := kernels+" direct", 1e-5
			if !direct {
				name, tolerance = kernels, 1e-4
			}
			t.Run(name, func(t *testing.T) { test(t, options, tolerance) })
		}
	}
}

// eachEngine is eachVariant with the engine made.
func eachEngine(t *testing.T, network model.Network, options Options, test func(t *testing.T, e *Engine, tolerance float64)) {
	t.Helper()
	eachVariant(t, options, func(t *testing.T, options Options, tolerance float64) {
		test(t, newEngine(t, network, options), tolerance)
	})
}

// newEngine makes an engine that is closed at the test's end.
func newEngine(t *testing.T, network model.Network, options Options) *Engine {
	t.Helper()
	e, err := New(network, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// settled returns a reference with random weights and a random batch by which no ReLU's input is so near to zero that
// rounding could move it to the other side, as far as a few draws allow.
func settled(t *testing.T, network model.Network, options Options) (r *reference, inputs, targets []float32) {
	best, seed := 0.0, uint64(0)
	for attempt := uint64(0); attempt <= 8; attempt++ {
		candidate := attempt
		if attempt == 8 || best > 1e-4 {
			candidate, attempt = seed, 8
		}
		random := rand.New(rand.NewPCG(candidate, 7))
		r = newReference(t, network, options)
		r.randomize(random)
		inputs, targets = r.batch(random)
		if attempt == 8 {
			break
		}
		for i := range options.Batch {
			r.forward(doubles(inputs[i*r.input.Size() : (i+1)*r.input.Size()]))
		}
		if r.nearest > best {
			best, seed = r.nearest, candidate
		}
	}
	return r, inputs, targets
}

// weighing returns rules that give the reference and the engine the same scale for the same image, however many images at a time
// the engine asks for.
func weighing() (double func(losses, scales []float64), single func(losses, scales []float32)) {
	scale := func(image int) float32 { return 1 / float32(1+image%4) }
	double = func(losses, scales []float64) {
		for i := range scales {
			scales[i] = float64(scale(i))
		}
	}
	image := 0
	single = func(losses, scales []float32) {
		for i := range scales {
			scales[i] = scale(image)
			image++
		}
	}
	return double, single
}

func compareTensors(t *testing.T, what string, got []safetensors.Tensor, want map[string][]float64, tolerance float64) {
	t.Helper()
	found := 0
	for _, tensor := range got {
		values, ok := want[tensor.Name]
		if !ok {
			continue
		}
		found++
		if d := deviation(doubles(tensor.Data), values); d > tolerance {
			t.Errorf("%s of %s %v deviates by %.2g, more than %v", what, tensor.Name, tensor.Shape, d, tolerance)
		}
	}
	if found != len(want) {
		t.Errorf("%s: %d of %d tensors", what, found, len(want))
	}
}

func (r *reference) gradients() map[string][]float64 {
	gradients := map[string][]float64{}
	for _, p := range r.parameters() {
		gradients[p.name] = p.gradient
	}
	return gradients
}

// holdAgainstReference compares output, losses and gradients of one step.
func holdAgainstReference(t *testing.T, network model.Network, options Options) {
	if options.Loss.Power == 0 {
		options.Loss = Loss{Power: 2, Scale: 25}
	}
	options.Optimizer.LearningRate = 1e-3
	r, inputs, targets := settled(t, network, options)
	in, out := r.input.Size(), r.shapes[len(r.shapes)-1].Size()
	var outputs []float64
	for i := range options.Batch {
		values := r.forward(doubles(inputs[i*in : (i+1)*in]))
		outputs = append(outputs, values[len(values)-1]...)
	}
	double, _ := weighing()
	losses := r.differentiate(doubles(inputs), doubles(targets), double)
	state := r.state()
	eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
		if err := e.LoadState(state); err != nil {
			t.Fatal(err)
		}
		got, raw := make([]float32, options.Batch*out), make([]float32, options.Batch)
		if err := e.Evaluate(inputs, targets, got, raw); err != nil {
			t.Fatal(err)
		}
		if d := deviation(doubles(got), outputs); d > tolerance {
			t.Errorf("the output deviates by %.2g", d)
		}
		if d := deviation(doubles(raw), losses); d > tolerance {
			t.Errorf("evaluated losses are %v, want %v", raw, losses)
		}
		clear(raw)
		_, single := weighing()
		if err := e.Step(inputs, targets, raw, single); err != nil {
			t.Fatal(err)
		}
		if d := deviation(doubles(raw), losses); d > tolerance {
			t.Errorf("losses are %v, want %v", raw, losses)
		}
		compareTensors(t, "the gradient", e.Gradients(), r.gradients(), tolerance)
	})
}

func TestLayers(t *testing.T) {
	for name, c := range layerCases() {
		t.Run(name, func(t *testing.T) {
			for _, batch := range []int{1, 3} {
				holdAgainstReference(t, c.network, Options{Batch: batch, Height: c.height, Width: c.width})
			}
		})
	}
}

// Networks drawn at random meet each other's plans: layers taken by several others or by none, sums of sums, a layer
// added to itself or joined twice.
func TestRandomNetworks(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 5))
		network, height, width := model.Network{InputChannels: 1 + random.IntN(5)}, 4+random.IntN(6), 4+random.IntN(6)
		for len(network.Layers) < 3+int(seed%7) {
			longer := network
			longer.Layers = append(longer.Layers, randomLayer(random, len(network.Layers)))
			if shapes, err := longer.Shapes(height, width); err == nil && shapes[len(shapes)-1].Height < 20 {
				network = longer
			}
		}
		if !trained(network, len(network.Layers)-1) {
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			holdAgainstReference(t, network, Options{Batch: 1 + random.IntN(3), Height: height, Width: width})
			if t.Failed() {
				t.Logf("%d by %d: %+v", height, width, network)
			}
		})
	}
}

// randomLayer may be wrong for the layers before it.
func randomLayer(random *rand.Rand, before int) model.Layer {
	earlier := func() int { return max(model.Input, before-1-random.IntN(4)) }
	layer := model.Layer{Name: fmt.Sprint("layer", before), Inputs: []int{earlier()}}
	switch layer.Kind = model.Kind(random.IntN(int(model.Doubling) + 1)); layer.Kind {
	case model.Convolution, model.TransposedConvolution:
		layer.Channels, layer.Kernel, layer.Stride = []int{1, 3, 4, 5, 17, 32}[random.IntN(6)], 1+2*random.IntN(3), 1+random.IntN(2)
		layer.Activation, layer.Slope = model.Activation(random.IntN(3)), 0.25
	case model.Addition, model.Concatenation:
		layer.Inputs = append(layer.Inputs, earlier())
	}
	return layer
}

// trained reports whether a layer's output depends on weights.
func trained(network model.Network, place int) bool {
	return place != model.Input && (network.Layers[place].Convolves() ||
		slices.ContainsFunc(network.Layers[place].Inputs, func(input int) bool { return trained(network, input) }))
}

// More images than pass through the network at once leave the sum of their gradients.
func TestBatchInParts(t *testing.T) {
	network, options := partedCase()
	eachEngine(t, network, trainingOptions(options.Batch, options.Height, options.Width), func(t *testing.T, e *Engine, _ float64) {
		if e.chunk != 2 {
			t.Fatalf("%d images pass at once; this test needs a network by which 2 of 3 do", e.chunk)
		}
	})
	holdAgainstReference(t, network, options)
}

// partedCase is a network that is too large for three images at once, with few ReLUs.
func partedCase() (model.Network, Options) {
	return chain(1, convolve(32, 3, 1, model.Linear), convolve(5, 3, 1, model.LeakyReLU), convolve(2, 3, 1, model.Linear)),
		Options{Batch: 3, Height: 32, Width: 30}
}

func TestConventions(t *testing.T) {
	for _, c := range conventions {
		t.Run(c.name, func(t *testing.T) {
			network := chain(1, c.layer)
			options := Options{Batch: 1, Height: 1, Width: c.width, Loss: Loss{Power: 2, Scale: 1}, Optimizer: Optimizer{LearningRate: 1}}
			eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
				r := newReference(t, network, options)
				if c.weights != nil {
					copy(r.weights[0].value, c.weights)
				}
				if err := e.LoadState(r.state()); err != nil {
					t.Fatal(err)
				}
				output := make([]float32, len(c.want))
				if err := e.Evaluate(singles(c.input), make([]float32, len(c.want)), output, make([]float32, 1)); err != nil {
					t.Fatal(err)
				}
				if deviation(doubles(output), c.want) > tolerance {
					t.Errorf("%v, want %v", output, c.want)
				}
			})
		})
	}
}

func TestSupersampler(t *testing.T) {
	for _, c := range []struct {
		width                float64
		height, across, size int
	}{
		{0.125, 7, 9, 3},
		{0.125, 13, 10, 5},
		{0.25, 13, 10, 1},
		{0.25, 8, 20, 3},
		{0.25, 32, 32, 1},
	} {
		t.Run(fmt.Sprintf("width %v, %d by %d, batch %d", c.width, c.height, c.across, c.size), func(t *testing.T) {
			holdAgainstReference(t, model.Supersampler(c.width), Options{Batch: c.size, Height: c.height, Width: c.across})
		})
	}
}

func TestLosses(t *testing.T) {
	for _, loss := range []Loss{{Power: 1, Scale: 1}, {Power: 2, Scale: 25}, {Power: 4, Scale: 25}, {Power: 1.5, Scale: 3}, {Power: 3, Scale: 1},
		// The first has losses on both sides of where it sets in, the second all above.
		{Power: 2, Scale: 25, Huber: 62}, {Power: 4, Scale: 200, Huber: 1}} {
		t.Run(fmt.Sprintf("power %v, scale %v, huber %v", loss.Power, loss.Scale, loss.Huber), func(t *testing.T) {
			holdAgainstReference(t, chain(2, convolve(5, 3, 1, model.LeakyReLU), convolve(3, 3, 1, model.Linear)),
				Options{Batch: 5, Height: 7, Width: 5, Loss: loss})
		})
	}
}

// What weigh is asked about are the losses that are clipped: Huberised where that is on.
func TestWeighSeesHuberisedLosses(t *testing.T) {
	network := chain(1, convolve(1, 1, 1, model.Linear))
	options := Options{Batch: 2, Height: 1, Width: 1, Loss: Loss{Power: 2, Scale: 1, Huber: 50}, Optimizer: Optimizer{LearningRate: 1}}
	eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
		state := []safetensors.Tensor{{Name: "layer0.weight", Shape: []int{1, 1, 1, 1}, Data: []float32{1}}, {Name: "layer0.bias", Shape: []int{1}, Data: []float32{0}}}
		if err := e.LoadState(state); err != nil {
			t.Fatal(err)
		}
		var seen []float32
		raw := make([]float32, 2)
		err := e.Step([]float32{3, 20}, []float32{0, 0}, raw, func(losses, scales []float32) {
			seen = append(seen, losses...)
			for i := range scales {
				scales[i] = 1
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(raw, seen) != "[9 400] [9 20]" {
			t.Errorf("raw losses %v and losses to clip %v; want [9 400] and [9 20]", raw, seen)
		}
		// The gradients: (2 * 3 * 3 + 2 * 20 * 20 / (2 * 20)) / 2 of the weight, (2 * 3 + 1) / 2 of the bias.
		compareTensors(t, "the gradient", e.Gradients(), map[string][]float64{"layer0.weight": {19}, "layer0.bias": {3.5}}, 1e-6)
	})
}

func TestOptimizers(t *testing.T) {
	network := chain(3, convolve(5, 3, 1, model.LeakyReLU), convolve(2, 3, 1, model.Linear))
	for name, o := range map[string]Optimizer{
		"adam":                   {LearningRate: 0.01},
		"adam, large epsilon":    {LearningRate: 0.01, Epsilon: 0.3, Beta1: 0.5, Beta2: 0.9},
		"adam, corrected":        {LearningRate: 0.01, Epsilon: 0.3, Beta1: 0.5, Beta2: 0.9, CorrectedEpsilon: true},
		"adam, decay, cosine":    {LearningRate: 0.01, Epsilon: 0.1, WeightDecay: 0.1, Schedule: Schedule{Kind: Cosine, Steps: 9}},
		"adamw, cosine":          {Kind: AdamW, LearningRate: 0.01, Epsilon: 0.1, WeightDecay: 0.5, Schedule: Schedule{Kind: Cosine, Steps: 9}},
		"sgd":                    {Kind: SGD, LearningRate: 0.003},
		"sgd, momentum, warm-up": {Kind: SGD, LearningRate: 0.003, Momentum: 0.9, Schedule: Schedule{Warmup: 4}},
		"sgd, nesterov, decay":   {Kind: SGD, LearningRate: 0.003, Momentum: 0.8, Nesterov: true, WeightDecay: 0.5, Schedule: Schedule{Kind: StepDecay, Every: 2, Factor: 0.5}},
	} {
		t.Run(name, func(t *testing.T) {
			options := Options{Batch: 2, Height: 5, Width: 6, Loss: Loss{Power: 2, Scale: 1}, Optimizer: o}
			r, inputs, targets := settled(t, network, options)
			state := r.state()
			double, _ := weighing()
			const steps = 6
			for range steps {
				r.step(doubles(inputs), doubles(targets), double)
			}
			want := map[string][]float64{}
			for _, p := range r.parameters() {
				want[p.name] = p.value
			}
			eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
				if err := e.LoadState(state); err != nil {
					t.Fatal(err)
				}
				raw := make([]float32, 2)
				for range steps {
					_, single := weighing()
					if err := e.Step(inputs, targets, raw, single); err != nil {
						t.Fatal(err)
					}
				}
				compareTensors(t, "the weight after six steps", e.SaveState(), want, 10*tolerance)
			})
		})
	}
}

func TestInitialize(t *testing.T) {
	network := chain(16, convolve(32, 3, 1, model.ReLU), transpose(8, 5, model.Linear))
	options := Options{Batch: 1, Height: 4, Width: 4, Loss: Loss{Power: 2, Scale: 1}, Optimizer: Optimizer{LearningRate: 1}}
	e := newEngine(t, network, options)
	e.Initialize(1)
	first := weightsOf(e.SaveState())
	// Xavier uniform: +-sqrt(6 / (fan in + fan out)), the fans being channels times the kernel's size.
	for name, bound := range map[string]float64{"layer0.weight": math.Sqrt(6.0 / (9 * (16 + 32))), "layer1.weight": math.Sqrt(6.0 / (25 * (32 + 8)))} {
		sum, squares := 0.0, 0.0
		for _, value := range first[name] {
			sum += float64(value)
			squares += float64(value) * float64(value)
		}
		n := float64(len(first[name]))
		if l := largest(doubles(first[name])); l > bound || l < 0.99*bound {
			t.Errorf("%s reaches to %v, want %v", name, l, bound)
		}
		if mean := sum / n; math.Abs(mean) > 4*bound/math.Sqrt(3*n) {
			t.Errorf("%s has mean %v", name, mean)
		}
		if variance := squares / n; math.Abs(variance/(bound*bound/3)-1) > 0.1 {
			t.Errorf("%s has variance %v, want %v", name, variance, bound*bound/3)
		}
	}
	if largest(doubles(first["layer0.bias"])) != 0 || len(first["layer0.bias"]) != 32 {
		t.Errorf("the biases are %v, want 32 zeros", first["layer0.bias"])
	}
	e.Initialize(2)
	if second := weightsOf(e.SaveState()); fmt.Sprint(second) == fmt.Sprint(first) {
		t.Error("two seeds give the same weights")
	}
	e.Initialize(1)
	if again := weightsOf(e.SaveState()); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Error("a seed gives other weights the second time")
	}
}

func weightsOf(state []safetensors.Tensor) map[string][]float32 {
	weights := map[string][]float32{}
	for _, tensor := range state {
		weights[tensor.Name] = append([]float32{}, tensor.Data...)
	}
	return weights
}
