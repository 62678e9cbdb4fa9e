package engine

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"alrc"
	"alrc/internal/experiment"
	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn"

	"github.com/gomlx/compute"
)

var _ experiment.Engine = (*Engine)(nil)

// goBackend is the pure-Go backend, whatever the environment names.
var goBackend = sync.OnceValue(func() compute.Backend {
	backend, err := compute.NewWithConfig(sequential("go"))
	if err != nil {
		panic(err)
	}
	return backend
})

func newTestEngine(t *testing.T, network model.Network, o nn.Options) *Engine {
	t.Helper()
	e, err := newEngine(goBackend(), network, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func newCPU(t *testing.T, network model.Network, o nn.Options) *nn.Engine {
	t.Helper()
	o.Threads, o.Kernels, o.Direct = 1, "portable", true
	e, err := nn.New(network, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// batch draws images and targets.
func batch(seed uint64, network model.Network, o nn.Options) (inputs, targets []float32) {
	inputs, all := batchOutputs(seed, network, o)
	return inputs, all[0]
}

// batchOutputs draws images and the targets of every output.
func batchOutputs(seed uint64, network model.Network, o nn.Options) (inputs []float32, targets [][]float32) {
	shapes, _ := network.Shapes(o.Height, o.Width)
	random := rand.New(rand.NewPCG(seed, 3))
	draw := func(size int) []float32 {
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(random.NormFloat64())
		}
		return values
	}
	inputs = draw(o.Batch * o.Height * o.Width * network.InputChannels)
	for _, place := range network.OutputPlaces() {
		targets = append(targets, draw(o.Batch*shapes[place].Size()))
	}
	return inputs, targets
}

// step takes a step and fails on errors.
func step(t *testing.T, e experiment.Engine, inputs, targets []float32, batch int, weigh func(losses, scales []float32)) []float32 {
	t.Helper()
	raw := make([]float32, batch)
	err := e.StepOutputs(inputs, [][]float32{targets}, [][]float32{raw}, func(_ int, losses, scales []float32) { weigh(losses, scales) })
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func keepAll(_, scales []float32) {
	for i := range scales {
		scales[i] = 1
	}
}

// clip is a fresh clipping, to be called for one batch at a time. It clips often.
func clip(t *testing.T) (weigh func(losses, scales []float32), observe func(), clipped func() int64) {
	t.Helper()
	clipper, err := alrc.New(alrc.Options{N: 0.5, Decay: 0.9, Moments: &alrc.Moments{Mu1: 20, Mu2: 500}})
	if err != nil {
		t.Fatal(err)
	}
	var statistics alrc.Statistics
	weigh = func(losses, scales []float32) { statistics = statistics.Merge(clipper.Scales32(losses, scales)) }
	observe = func() {
		clipper.Observe(statistics)
		statistics = alrc.Statistics{}
	}
	return weigh, observe, func() int64 { return clipper.State().Clipped }
}

// start gives both engines the same weights, and biases that are not 0.
func start(t *testing.T, e *Engine, cpu *nn.Engine) {
	t.Helper()
	cpu.Initialize(5)
	random := rand.New(rand.NewPCG(1, 2))
	var weights []safetensors.Tensor
	for _, tensor := range cpu.SaveState() {
		if _, ok := e.places[tensor.Name]; !ok {
			continue
		}
		for i := range tensor.Data {
			if strings.HasSuffix(tensor.Name, ".bias") {
				tensor.Data[i] = float32(0.1 * random.NormFloat64())
			}
			if strings.HasSuffix(tensor.Name, ".weight_g") {
				tensor.Data[i] *= float32(1 + random.Float64())
			}
		}
		weights = append(weights, tensor)
	}
	for _, engine := range []experiment.Engine{e, cpu} {
		if err := engine.LoadState(weights); err != nil {
			t.Fatal(err)
		}
	}
}

// The same seed gives both engines the same start, also where a run was before.
func TestInitializesAsTheCPUEngine(t *testing.T) {
	network := model.Supersampler(0.0625)
	o := nn.Options{Batch: 1, Height: 6, Width: 6, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	e, cpu := newTestEngine(t, network, o), newCPU(t, network, o)
	cpu.Initialize(7)
	e.Initialize(6)
	inputs, targets := batch(1, network, o)
	step(t, e, inputs, targets, 1, keepAll)
	e.Initialize(7)
	if bits(e.SaveState()) != bits(cpu.SaveState()) {
		t.Error("the start is not the CPU engine's")
	}
}

// The two engines, which share no arithmetic, train alike.
func TestTrainsAsTheCPUEngine(t *testing.T) {
	schedule := nn.Schedule{Kind: nn.Cosine, Steps: 25, Warmup: 4}
	for name, c := range map[string]struct {
		power     float64
		optimizer nn.Optimizer
	}{
		"squared, adam":         {2, nn.Optimizer{LearningRate: 1e-3}},
		"quartic, adam":         {4, nn.Optimizer{LearningRate: 1e-3, WeightDecay: 10, Schedule: schedule}},
		"cubic, PyTorch adam":   {3, nn.Optimizer{LearningRate: 1e-3, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-2, CorrectedEpsilon: true}},
		"quartic, wide epsilon": {4, nn.Optimizer{LearningRate: 1e-3, Epsilon: 1e-2}},
		"quartic, adamw":        {4, nn.Optimizer{Kind: nn.AdamW, LearningRate: 1e-3, WeightDecay: 10, Schedule: schedule}},
		"squared, sgd":          {2, nn.Optimizer{Kind: nn.SGD, LearningRate: 1e-3}},
		"quartic, momentum":     {4, nn.Optimizer{Kind: nn.SGD, LearningRate: 1e-4, Momentum: 0.9, WeightDecay: 10}},
		"absolute, Nesterov": {1, nn.Optimizer{Kind: nn.SGD, LearningRate: 1e-3, Momentum: 0.9, Nesterov: true,
			Schedule: nn.Schedule{Kind: nn.StepDecay, Every: 7, Factor: 0.5}}},
	} {
		t.Run(name, func(t *testing.T) {
			network := model.Supersampler(0.0625)
			o := nn.Options{Batch: 3, Height: 6, Width: 7, Loss: nn.Loss{Power: c.power, Scale: 25, Huber: 50}, Optimizer: c.optimizer}
			e, cpu := newTestEngine(t, network, o), newCPU(t, network, o)
			start(t, e, cpu)
			weigh, observe, clipped := clip(t)
			weighCPU, observeCPU, clippedCPU := clip(t)
			for i := range 20 {
				inputs, targets := batch(uint64(i), network, o)
				got := step(t, e, inputs, targets, o.Batch, weigh)
				want := step(t, cpu, inputs, targets, o.Batch, weighCPU)
				observe()
				observeCPU()
				for j := range want {
					if !near(float64(got[j]), float64(want[j]), 1e-4) {
						t.Fatalf("step %d, image %d: loss %v, and the CPU engine's is %v", i, j, got[j], want[j])
					}
				}
			}
			if clipped() == 0 || clipped() != clippedCPU() {
				t.Errorf("%d losses were clipped, and %d by the CPU engine", clipped(), clippedCPU())
			}
		})
	}
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }

// cases are networks that together have every kind of layer.
func cases() map[string]struct {
	network       model.Network
	height, width int
} {
	type c = struct {
		network       model.Network
		height, width int
	}
	chain := func(layers ...model.Layer) model.Network {
		n := model.Network{Name: "chain", InputChannels: 3}
		for i, layer := range layers {
			layer.Inputs, layer.Name = []int{i - 1}, fmt.Sprint("layer", i)
			n.Layers = append(n.Layers, layer)
		}
		return n
	}
	convolution := func(channels, kernel, stride int, a model.Activation) model.Layer {
		return model.Layer{Kind: model.Convolution, Channels: channels, Kernel: kernel, Stride: stride, Activation: a, Slope: 0.2}
	}
	transposed := func(channels, kernel int, a model.Activation) model.Layer {
		return model.Layer{Kind: model.TransposedConvolution, Channels: channels, Kernel: kernel, Stride: 2, Activation: a, Slope: 0.2}
	}
	halving, doubling := model.Layer{Kind: model.Halving}, model.Layer{Kind: model.Doubling}
	all := map[string]c{
		"halving":       {chain(convolution(4, 3, 1, model.Linear), halving, convolution(2, 3, 1, model.LeakyReLU)), 7, 10},
		"doubling":      {chain(convolution(4, 3, 1, model.ReLU), doubling, convolution(2, 1, 1, model.Linear)), 3, 5},
		"single pixels": {chain(convolution(4, 3, 2, model.LeakyReLU), halving, doubling, transposed(3, 3, model.Linear)), 2, 3},
		"joins": {model.Network{Name: "joins", InputChannels: 3, Layers: []model.Layer{
			{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 4, Kernel: 3, Stride: 2, Activation: model.LeakyReLU, Slope: 0.1},
			{Name: "b", Kind: model.TransposedConvolution, Inputs: []int{0}, Channels: 5, Kernel: 3, Stride: 2, Activation: model.ReLU},
			{Name: "c", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 5, Kernel: 1, Stride: 1},
			{Kind: model.Addition, Inputs: []int{1, 2}},
			{Kind: model.Addition, Inputs: []int{3, 3}},
			{Kind: model.Concatenation, Inputs: []int{4, model.Input, 1, 4}},
			{Name: "d", Kind: model.Convolution, Inputs: []int{5}, Channels: 2, Kernel: 3, Stride: 1},
		}}, 6, 8},
	}
	normalized := func(l model.Layer) model.Layer {
		l.Normalized = true
		return l
	}
	all["normalized"] = c{chain(normalized(convolution(4, 3, 2, model.ReLU)), normalized(transposed(5, 3, model.LeakyReLU)), normalized(convolution(2, 1, 1, model.Linear))), 7, 6}
	all["two outputs"] = c{model.Network{Name: "two outputs", InputChannels: 3, Outputs: []int{2, 1}, Layers: []model.Layer{
		{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 4, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "b", Kind: model.Convolution, Inputs: []int{0}, Channels: 2, Kernel: 3, Stride: 2},
		{Name: "c", Kind: model.Convolution, Inputs: []int{0}, Channels: 1, Kernel: 5, Stride: 1},
	}}, 6, 5}
	all["completer"] = c{model.Completer(1./64, 0.1), 32, 32}
	for _, kernel := range []int{1, 3, 5} {
		for _, size := range [][2]int{{6, 8}, {7, 5}} {
			name := fmt.Sprintf("kernel %d at %v", kernel, size)
			all[name+", stride 1"] = c{chain(convolution(4, kernel, 1, model.ReLU), convolution(2, kernel, 1, model.Linear)), size[0], size[1]}
			all[name+", stride 2"] = c{chain(convolution(4, kernel, 2, model.LeakyReLU), convolution(2, kernel, 2, model.Linear)), size[0], size[1]}
			all[name+", transposed"] = c{chain(transposed(4, kernel, model.LeakyReLU), transposed(2, kernel, model.Linear)), size[0], size[1]}
		}
	}
	return all
}

// Every layer's outputs and gradients are the CPU engine's. Gradient descent without momentum leaves the gradient as its
// velocity.
func TestLayersAsTheCPUEngine(t *testing.T) {
	all := cases()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			c := all[name]
			o := nn.Options{Batch: 2, Height: c.height, Width: c.width, Loss: nn.Loss{Power: 2, Scale: 25},
				Optimizer: nn.Optimizer{Kind: nn.SGD, LearningRate: 1e-6}}
			e, cpu := newTestEngine(t, c.network, o), newCPU(t, c.network, o)
			start(t, e, cpu)
			inputs, targets := batchOutputs(9, c.network, o)
			room := func() (outputs, losses [][]float32) {
				for _, target := range targets {
					outputs, losses = append(outputs, make([]float32, len(target))), append(losses, make([]float32, o.Batch))
				}
				return outputs, losses
			}
			got, raw := room()
			want, rawCPU := room()
			if err := e.EvaluateOutputs(inputs, targets, got, raw); err != nil {
				t.Fatal(err)
			}
			if err := cpu.EvaluateOutputs(inputs, targets, want, rawCPU); err != nil {
				t.Fatal(err)
			}
			for i := range targets {
				compare(t, fmt.Sprint("output ", i), got[i], want[i])
				compare(t, fmt.Sprint("the losses of output ", i), raw[i], rawCPU[i])
			}
			weigh := func(output int, _, scales []float32) { scales[0], scales[1] = 1-0.25*float32(output), 0.5 }
			if err := e.StepOutputs(inputs, targets, raw, weigh); err != nil {
				t.Fatal(err)
			}
			if err := cpu.StepOutputs(inputs, targets, rawCPU, weigh); err != nil {
				t.Fatal(err)
			}
			gradients := named(cpu.SaveState())
			for name, tensor := range named(e.SaveState()) {
				if strings.HasPrefix(name, "sgd.velocity.") {
					compare(t, "the gradient "+name, tensor.Data, gradients[name].Data)
				}
			}
		})
	}
}

func named(list []safetensors.Tensor) map[string]safetensors.Tensor {
	all := map[string]safetensors.Tensor{}
	for _, tensor := range list {
		all[tensor.Name] = tensor
	}
	return all
}

// compare allows for 1e-5 of the largest value.
func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
	}
	if len(got) != len(want) || largest == 0 || !(worst <= 1e-5*largest) {
		t.Errorf("%s deviates by %v from the CPU engine's, whose largest value is %v", what, worst, largest)
	}
}

// A checkpoint of either engine goes on in the other.
func TestStateMovesBetweenEngines(t *testing.T) {
	network := model.Supersampler(0.0625)
	for _, optimizer := range []nn.Optimizer{{LearningRate: 1e-3}, {Kind: nn.SGD, LearningRate: 1e-3, Momentum: 0.9}} {
		o := nn.Options{Batch: 2, Height: 6, Width: 6, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: optimizer}
		train := func(e experiment.Engine, from, to int) (losses []float32) {
			for i := from; i < to; i++ {
				inputs, targets := batch(uint64(i), network, o)
				losses = append(losses, step(t, e, inputs, targets, o.Batch, keepAll)...)
			}
			return losses
		}
		engines := map[string]func() experiment.Engine{
			"gomlx": func() experiment.Engine { return newTestEngine(t, network, o) },
			"cpu":   func() experiment.Engine { return newCPU(t, network, o) },
		}
		for name, build := range engines {
			for other, buildOther := range engines {
				if name == other {
					continue
				}
				e := build()
				e.Initialize(3)
				train(e, 0, 4)
				var file bytes.Buffer
				if err := safetensors.Write(&file, e.SaveState(), nil); err != nil {
					t.Fatal(err)
				}
				want := train(e, 4, 8)
				state, _, err := safetensors.Read(&file)
				if err != nil {
					t.Fatal(err)
				}
				next := buildOther()
				if err := next.LoadState(state); err != nil {
					t.Fatal(err)
				}
				for i, got := range train(next, 4, 8) {
					if !near(float64(got), float64(want[i]), 1e-4) {
						t.Errorf("from %s to %s: loss %d is %v, want %v", name, other, i, got, want[i])
					}
				}
			}
		}
	}
}

// bits writes a state so that equal text means equal bits.
func bits(state []safetensors.Tensor) string {
	var b strings.Builder
	for _, tensor := range state {
		fmt.Fprintf(&b, "%s %v", tensor.Name, tensor.Shape)
		for _, value := range tensor.Data {
			fmt.Fprintf(&b, " %08x", math.Float32bits(value))
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// A run that was saved and goes on in another engine, on another number of threads, ends in the same bits.
func TestResumesBitForBit(t *testing.T) {
	network := model.Supersampler(0.0625)
	o := nn.Options{Batch: 3, Height: 8, Width: 8, Loss: nn.Loss{Power: 4, Scale: 25, Huber: 50}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	train := func(e *Engine, from, to int) {
		for i := from; i < to; i++ {
			inputs, targets := batch(uint64(i), network, o)
			step(t, e, inputs, targets, o.Batch, func(losses, scales []float32) {
				for j, loss := range losses {
					scales[j] = min(1, 7/loss)
				}
			})
		}
	}
	before := runtime.GOMAXPROCS(0)
	o.Threads = 1
	whole := newTestEngine(t, network, o)
	whole.Initialize(4)
	train(whole, 0, 3)
	state := whole.SaveState()
	train(whole, 3, 6)
	want := bits(whole.SaveState())
	whole.Close()
	if after := runtime.GOMAXPROCS(0); after != before {
		t.Errorf("closing leaves GOMAXPROCS at %d, and it was %d", after, before)
	}

	o.Threads = 4
	resumed := newTestEngine(t, network, o)
	resumed.Initialize(8)
	if err := resumed.LoadState(state); err != nil {
		t.Fatal(err)
	}
	train(resumed, 3, 6)
	if got := bits(resumed.SaveState()); got != want {
		t.Error("the resumed run ends in other weights than the unbroken one")
	}
}
