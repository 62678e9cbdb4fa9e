package nn

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/stabiliser"
)

// stabilisers are every method, at settings at which it acts in a few steps, and some together.
var stabilisers = []string{"norm:0.5", "value:0.01", "agc:0.05", "autoclip", "zclip:1,0.5", "adagc", "spam:50,4", "stable-spam:0.9,4",
	"stable-adamw", "skip", "outlier", "rise:0.01", "ratio", "agc:0.1+stable-adamw", "norm:1+rise:0.02+spam"}

func parsed(t testing.TB, text string) stabiliser.Spec {
	t.Helper()
	s, err := stabiliser.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stabilisedNetworks have tensors that lie in memory in each way that there is: channels to pad, kernels that go up, and layers
// that are normalized and centered.
func stabilisedNetworks() map[string]model.Network {
	layers := func(normalized bool) []model.Layer {
		list := []model.Layer{convolve(17, 3, 1, model.ReLU), convolve(34, 3, 2, model.ReLU), transpose(18, 3, model.LeakyReLU), convolve(17, 5, 1, model.LeakyReLU),
			convolve(3, 3, 1, model.Linear)}
		for i := range list {
			list[i].Normalized, list[i].Centered = normalized, normalized && i > 0 && i < 4
		}
		return list
	}
	return map[string]model.Network{"plain": chain(3, layers(false)...), "normalized": chain(3, layers(true)...)}
}

func stabilisedOptions(t testing.TB, text string) Options {
	return Options{Batch: 2, Height: 8, Width: 6, Threads: 1, Loss: Loss{Power: 4, Scale: 25, Huber: 50}, Stabiliser: parsed(t, text),
		Optimizer: Optimizer{Kind: AdamW, LearningRate: 0.01, WeightDecay: 0.1}, manyThreads: true}
}

// batchOf is a batch of random images for an engine, larger in some steps than in others.
func batchOf(e *Engine, step int) (inputs []float32, targets, raw [][]float32) {
	o := e.options
	inputs = drawn(uint64(step), o.Batch*o.Height*o.Width*e.network.InputChannels)
	for i, output := range e.outputs {
		to := drawn(uint64(1000*i+step), o.Batch*output.value.height*output.value.width*output.value.used)
		for j := range to {
			to[j] *= float32(1 + step%3)
		}
		targets, raw = append(targets, to), append(raw, make([]float32, o.Batch))
	}
	return inputs, targets, raw
}

func weighOutputs(_ int, losses, scales []float32) { halveLarge(losses, scales) }

func stepOn(t testing.TB, e *Engine, step int) {
	t.Helper()
	inputs, targets, raw := batchOf(e, step)
	if err := e.StepOutputs(inputs, targets, raw, weighOutputs); err != nil {
		t.Fatal(err)
	}
}

// unstabilised is a network's state in float64, [output,input,row,column], to which a chain and plain loops do what the engine does.
type unstabilised struct {
	names                          []string
	value, gradient, first, second [][]float64
	decays                         []bool
	buffer                         *stabiliser.Buffer[float64]
	chain                          *stabiliser.Chain
	adam                           []stabiliser.Adam
	steps, skipped                 int64
}

func newUnstabilised(t *testing.T, e *Engine, spec stabiliser.Spec) *unstabilised {
	u := &unstabilised{}
	var tensors []stabiliser.Tensor[float64]
	outputs := map[int]bool{}
	for _, place := range e.network.OutputPlaces() {
		outputs[place] = true
	}
	for _, p := range e.layout.Parameters {
		numbers := func() []float64 { return make([]float64, p.Size()) }
		u.names = append(u.names, p.Name)
		u.value, u.gradient = append(u.value, numbers()), append(u.gradient, numbers())
		u.first, u.second = append(u.first, numbers()), append(u.second, numbers())
		u.decays = append(u.decays, len(p.Shape) > 1)
		n := len(u.value) - 1
		groups := stabiliser.Whole(p.Size())
		if len(p.Shape) > 1 {
			groups = stabiliser.OutputFirst(p.Shape[0], p.Size())
		}
		tensors = append(tensors, stabiliser.Tensor[float64]{Gradient: u.gradient[n], Weights: u.value[n], Second: u.second[n],
			Groups: groups, Output: outputs[p.Layer]})
	}
	u.buffer = stabiliser.NewBuffer(tensors, nil)
	u.chain = stabiliser.NewChain(spec.Methods(), len(tensors))
	u.adam = make([]stabiliser.Adam, len(tensors))
	return u
}

// take copies an engine's numbers.
func (u *unstabilised) take(state, gradients []safetensors.Tensor) {
	byName := map[string][]float32{}
	for _, tensor := range state {
		byName[tensor.Name] = tensor.Data
	}
	for i, name := range u.names {
		copy(u.value[i], doubles(byName[name]))
		copy(u.gradient[i], doubles(gradients[i].Data))
		copy(u.first[i], doubles(byName["adam.first_moment."+name]))
		copy(u.second[i], doubles(byName["adam.secondmoment."+name]))
	}
	u.buffer.Changed()
}

// step does what the engine's optimizer and stabiliser are to do.
func (u *unstabilised) step(o Optimizer, loss float64) stabiliser.Step {
	s := u.chain.Apply(u.buffer, loss)
	if s.Rate == 0 {
		u.skipped++
		return s
	}
	rate := s.Rate * o.LearningRate * o.Schedule.reference(float64(u.steps+u.skipped))
	u.steps++
	if u.chain.Optimizer() != nil {
		s = u.chain.Begin(u.buffer, rate, o.WeightDecay, u.adam)
	} else {
		for i := range u.adam {
			t := float64(u.steps)
			u.adam[i] = stabiliser.Adam{Keep1: 0.9, New1: 0.1, Keep2: 0.999, New2: 0.001, Epsilon: 1e-8, Before: 1 - rate*o.WeightDecay, After: 1,
				Rate: rate / (1 - math.Pow(0.9, t)), RootScale: 1 / math.Sqrt(1-math.Pow(0.999, t))}
		}
	}
	for i, a := range u.adam {
		before, after := 1., 1.
		if u.decays[i] {
			before, after = a.Before, a.After
		}
		w, g, m, v := u.value[i], u.gradient[i], u.first[i], u.second[i]
		if a.ResetBefore {
			clear(m)
			clear(v)
		}
		for j := range w {
			m[j] = a.Keep1*m[j] + a.New1*g[j]
			v[j] = a.Keep2*v[j] + a.New2*g[j]*g[j]
			w[j] = (w[j]*before - a.Rate*m[j]/(a.RootScale*math.Sqrt(v[j])+a.Epsilon)) * after
		}
		if a.ResetAfter {
			clear(m)
			clear(v)
		}
	}
	return s
}

// Each step of an engine with a stabiliser is that of the same methods in float64 on tensors as PyTorch lays them out: so a unit
// of AGC is an output channel, a tensor of AdaGC is a kernel or a bias, and nothing that fills up memory counts.
func TestStabilisersOnTensors(t *testing.T) {
	for name, network := range stabilisedNetworks() {
		for _, text := range stabilisers {
			t.Run(name+", "+text, func(t *testing.T) { holdAgainstTensors(t, network, text) })
		}
	}
}

func holdAgainstTensors(t *testing.T, network model.Network, text string) {
	options := stabilisedOptions(t, text)
	options.Optimizer.Schedule = Schedule{Kind: Cosine, Steps: 20}
	e := newEngine(t, network, options)
	u := newUnstabilised(t, e, options.Stabiliser)
	options.Stabiliser = stabiliser.Spec{}
	plain := newEngine(t, network, options)
	e.Initialize(3)
	for step := range 9 {
		// The other engine, with the same weights, has the gradient as it is without a stabiliser.
		if err := plain.LoadState(e.SaveState()); err != nil {
			t.Fatal(err)
		}
		inputs, targets, raw := batchOf(e, step)
		loss := 0.
		err := plain.Backpropagate(inputs, targets, raw, func(o int, losses, scales []float32) {
			for _, l := range losses {
				loss += float64(l) / float64(len(raw[o]))
			}
			halveLarge(losses, scales)
		})
		if err != nil {
			t.Fatal(err)
		}
		u.take(e.SaveState(), plain.Gradients())
		want := u.step(options.Optimizer, loss)
		stepOn(t, e, step)
		got := e.Stabilised()
		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-4*math.Abs(b) }
		if !near(got.Norm, want.Norm) || !near(got.Stabilised, want.Stabilised) || !near(got.Rate, want.Rate) || got.Acted != want.Acted {
			t.Errorf("step %d: the engine did %+v, want %+v", step, got, want)
		}
		u.compare(t, e, options.Optimizer.LearningRate)
	}
}

// compare compares the weights with those of an engine; the optimizer's moments follow in the next step.
func (u *unstabilised) compare(t *testing.T, e *Engine, rate float64) {
	t.Helper()
	byName := map[string][]float32{}
	for _, tensor := range e.SaveState() {
		byName[tensor.Name] = tensor.Data
	}
	for i, name := range u.names {
		bad := 0
		for j, want := range u.value[i] {
			// Where a gradient is nearly 0, Adam makes much of its rounding.
			if got := float64(byName[name][j]); math.Abs(got-want) > 1e-3*rate+1e-6*math.Abs(want) {
				bad++
			}
		}
		if allowed := len(u.value[i]) / 100; bad > allowed {
			t.Errorf("%d of %d numbers of %s are others", bad, len(u.value[i]), name)
		}
	}
}

// The number of threads changes nothing, and an engine that is restored goes on as if nothing had been.
func TestStabilisersResume(t *testing.T) {
	network := stabilisedNetworks()["normalized"]
	for _, text := range stabilisers {
		options := stabilisedOptions(t, text)
		whole := newEngine(t, network, options)
		whole.Initialize(5)
		options.Threads = 3
		other := newEngine(t, network, options)
		other.Initialize(5)
		for step := range 4 {
			stepOn(t, whole, step)
			stepOn(t, other, step)
		}
		other.Close()
		options.Threads = 2
		again := newEngine(t, network, options)
		if err := again.LoadState(other.SaveState()); err != nil {
			t.Fatal(err)
		}
		if err := again.RestoreStabiliser(other.StabiliserState()); err != nil {
			t.Fatal(err)
		}
		for step := 4; step < 9; step++ {
			stepOn(t, whole, step)
			stepOn(t, again, step)
		}
		mustEqual(t, text+", resumed, with other numbers of threads", bits(again.SaveState()), bits(whole.SaveState()))
		if !reflect.DeepEqual(again.StabiliserState(), whole.StabiliserState()) {
			t.Errorf("%s: the stabiliser's state differs", text)
		}
		if err := again.RestoreStabiliser([][]float64{{1}}); err == nil {
			t.Errorf("%s: a state that is none is taken", text)
		}
		again.Close()
	}
}

// A stabiliser that never acts changes no bit of what plain layers learn.
func TestIdleStabiliser(t *testing.T) {
	network := stabilisedNetworks()["plain"]
	for _, kind := range []OptimizerKind{Adam, AdamW, SGD} {
		options := stabilisedOptions(t, "norm:1e30+value:1e30")
		options.Optimizer = Optimizer{Kind: kind, LearningRate: 1e-4, WeightDecay: 0.1}
		idle := newEngine(t, network, options)
		options.Stabiliser = stabiliser.Spec{}
		plain := newEngine(t, network, options)
		for _, e := range []*Engine{plain, idle} {
			e.Initialize(1)
			for step := range 5 {
				stepOn(t, e, step)
			}
		}
		mustEqual(t, "an idle stabiliser", bits(idle.SaveState()), bits(plain.SaveState()))
	}
}

// A step that is skipped moves nothing, and one without a finite loss is not shown to the stabiliser.
func TestSkippedSteps(t *testing.T) {
	e := newEngine(t, stabilisedNetworks()["normalized"], stabilisedOptions(t, "rise:0.001"))
	e.Initialize(1)
	stepOn(t, e, 0)
	before := bits(e.SaveState())
	stepOn(t, e, 2) // its targets are three times as large
	if s := e.Stabilised(); s.Rate != 0 || s.Acted != 1 {
		t.Fatalf("a loss that has risen is not skipped: %+v", s)
	}
	mustEqual(t, "a skipped step", bits(e.SaveState()), before)
	state := e.StabiliserState()
	inputs, targets, raw := batchOf(e, 0)
	inputs[0] = float32(math.NaN())
	inputs[len(inputs)/2] = float32(math.NaN())
	if err := e.StepOutputs(inputs, targets, raw, weighOutputs); err != nil {
		t.Fatal(err)
	}
	if s := e.Stabilised(); !math.IsNaN(s.Norm) || s.Acted != 0 || !reflect.DeepEqual(state, e.StabiliserState()) {
		t.Errorf("without a finite loss, the stabiliser did %+v", s)
	}
}

// Stabilisers that are an Adam of their own take the place of one.
func TestStabilisersOptimizer(t *testing.T) {
	options := Options{Batch: 1, Height: 8, Width: 8, Loss: Loss{Power: 2, Scale: 1}, Stabiliser: parsed(t, "norm+spam")}
	for _, c := range []struct {
		optimizer Optimizer
		taken     bool
	}{
		{Optimizer{Kind: Adam, LearningRate: 1}, true},
		{Optimizer{Kind: AdamW, LearningRate: 1, WeightDecay: 1}, true},
		{Optimizer{Kind: Adam, LearningRate: 1, WeightDecay: 1}, false},
		{Optimizer{Kind: SGD, LearningRate: 1}, false},
	} {
		options.Optimizer = c.optimizer
		_, err := options.Resolve(model.Supersampler(0.125))
		if (err == nil) != c.taken || err != nil && !strings.Contains(err.Error(), "spam") {
			t.Errorf("%+v: error %v", c.optimizer, err)
		}
	}
}

// A step with a stabiliser allocates nothing.
func TestStabilisersAllocate(t *testing.T) {
	for _, text := range []string{"norm", "agc", "adagc", "stable-spam", "stable-adamw", "skip+value"} {
		e := newEngine(t, stabilisedNetworks()["normalized"], stabilisedOptions(t, text))
		e.Initialize(1)
		inputs, targets, raw := batchOf(e, 1)
		if n := testing.AllocsPerRun(20, func() { e.StepOutputs(inputs, targets, raw, weighOutputs) }); n > 0 {
			t.Errorf("%s: a step allocates %v times", text, n)
		}
	}
}
