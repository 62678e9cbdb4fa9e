package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"alrc"
	"alrc/internal/format/safetensors"
	"alrc/internal/golden"
	"alrc/internal/model"
)

const goldenSteps, goldenBatch = 2, 3

// readGolden reads what PyTorch made of experiment 1's network at an eighth of the channels, in float64.
func readGolden(t *testing.T) map[string]golden.Tensor {
	g, err := golden.Read("../../testdata/supersampler.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// channelsLast turns images [...,C,H,W] into [...,H,W,C].
func channelsLast(tensor golden.Tensor) []float64 {
	n := len(tensor.Shape)
	channels, pixels := tensor.Shape[n-3], tensor.Shape[n-2]*tensor.Shape[n-1]
	out := make([]float64, len(tensor.Data))
	for i, value := range tensor.Data {
		image, c, pixel := i/(channels*pixels), i/pixels%channels, i%pixels
		out[(image*pixels+pixel)*channels+c] = value
	}
	return out
}

func goldenOptions(power float64) Options {
	return Options{Batch: goldenBatch, Height: 32, Width: 32, Loss: Loss{Power: power, Scale: 25},
		Optimizer: Optimizer{LearningRate: 1e-3, CorrectedEpsilon: true}}
}

func goldenClipper(t *testing.T) *alrc.OneSided {
	clipper, err := alrc.New(alrc.Options{N: 0.3, Decay: 0.9, Moments: &alrc.Moments{Mu1: 24, Mu2: 580}})
	if err != nil {
		t.Fatal(err)
	}
	return clipper
}

// lowResolution halves images and doubles them again.
func lowResolution(t *testing.T, images []float64) []float64 {
	r := newReference(t, chain(3, model.Layer{Kind: model.Halving}, model.Layer{Kind: model.Doubling}), Options{Height: 32, Width: 32})
	var low []float64
	for size := r.input.Size(); len(images) > 0; images = images[size:] {
		low = append(low, r.forward(images[:size])[1]...)
	}
	return low
}

// deviation is the largest difference over the largest value that is wanted.
func deviation(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	difference := 0.0
	for i := range got {
		d := math.Abs(got[i] - want[i])
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		difference = max(difference, d)
	}
	return difference / largest(want)
}

// The reference agrees with PyTorch's float64 to rounding, so that what agrees with the one agrees with the other.
func TestReferenceGolden(t *testing.T) {
	g := readGolden(t)
	images := channelsLast(g["images"])
	low := lowResolution(t, images)
	size := len(images) / goldenSteps
	if d := deviation(low[:size/goldenBatch], channelsLast(g["step0.low"])); d > 1e-14 {
		t.Errorf("the resized image deviates by %v", d)
	}
	for _, power := range []float64{2, 4} {
		prefix := fmt.Sprintf("p%v.", power)
		r := newReference(t, model.Supersampler(0.125), goldenOptions(power))
		for _, p := range r.parameters() {
			copy(p.value, g["start."+p.name].Data)
		}
		output := r.forward(low[:size/goldenBatch])
		if d := deviation(output[len(output)-1], channelsLast(g["step0.output"])); d > 1e-12 {
			t.Errorf("the output deviates by %v", d)
		}
		clipper := goldenClipper(t)
		for step := range goldenSteps {
			name := fmt.Sprintf("%sstep%d.", prefix, step)
			batch := images[step*size : (step+1)*size]
			raw := r.step(low[step*size:(step+1)*size], batch, func(losses, scales []float64) {
				clipper.Step(losses, scales)
				if d := deviation(scales, g[name+"scales"].Data); d > 1e-9 {
					t.Errorf("%sscales are %v, want %v", name, scales, g[name+"scales"].Data)
				}
			})
			if d := deviation(raw, g[name+"losses"].Data); d > 1e-9 {
				t.Errorf("%slosses are %v, want %v", name, raw, g[name+"losses"].Data)
			}
			for _, p := range r.parameters() {
				if step > 0 {
					break
				}
				if d := deviation(p.gradient, g[name+"gradient."+p.name].Data); d > 1e-11 {
					t.Errorf("%sgradient.%s deviates by %v", name, p.name, d)
				}
			}
		}
	}
}

// Two steps are PyTorch's: output, gradients, the weights that the first makes of them, and losses and scales of both.
//
// An input of a ReLU that is within rounding of 0 may fall on its other side, and then gradients are others. That is
// allowed where it is the reason: such an input must be within rounding of 0, and the gradients must be those of a
// network in which these inputs are on the side that the engine found.
func TestGolden(t *testing.T) {
	g := readGolden(t)
	images := channelsLast(g["images"])
	low, targets := singles(lowResolution(t, images)), singles(images)
	size := len(images) / goldenSteps
	network := model.Supersampler(0.125)
	r := newReference(t, network, goldenOptions(2))
	for _, p := range r.parameters() {
		copy(p.value, g["start."+p.name].Data)
	}
	start, usual := r.state(), r.sidesOf(low[:size])
	for _, power := range []float64{2, 4} {
		r.options = goldenOptions(power)
		eachEngine(t, network, goldenOptions(power), func(t *testing.T, e *Engine, tolerance float64) {
			prefix := fmt.Sprintf("p%v.", power)
			if err := e.LoadState(start); err != nil {
				t.Fatal(err)
			}
			output, raw := make([]float32, size), make([]float32, goldenBatch)
			if err := e.Evaluate(low[:size], targets[:size], output, raw); err != nil {
				t.Fatal(err)
			}
			if d := deviation(doubles(output[:size/goldenBatch]), channelsLast(g["step0.output"])); d > tolerance {
				t.Errorf("the output deviates by %v", d)
			}
			gradients := map[string][]float64{}
			for _, p := range r.parameters() {
				gradients[p.name] = g[prefix+"step0.gradient."+p.name].Data
			}
			if found := sidesOf(e); !reflect.DeepEqual(found, usual) {
				gradients = r.gradientsOn(t, found, low[:size], targets[:size], tolerance)
			}
			clipper := goldenClipper(t)
			for step := range goldenSteps {
				name := fmt.Sprintf("%sstep%d.", prefix, step)
				var scales []float64
				var statistics alrc.Statistics
				err := e.Step(low[step*size:(step+1)*size], targets[step*size:(step+1)*size], raw, func(losses, factors []float32) {
					statistics = statistics.Merge(clipper.Scales32(losses, factors))
					scales = append(scales, doubles(factors)...)
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := clipper.Observe(statistics); err != nil {
					t.Fatal(err)
				}
				for i, want := range g[name+"losses"].Data {
					if math.Abs(float64(raw[i])-want) > 1e-4*want {
						t.Errorf("%slosses[%d] is %v, want %v", name, i, raw[i], want)
					}
				}
				if d := deviation(scales, g[name+"scales"].Data); d > 1e-4 {
					t.Errorf("%sscales are %v, want %v", name, scales, g[name+"scales"].Data)
				}
				if step == 0 {
					compareTensors(t, name+"gradient", e.Gradients(), gradients, tolerance)
					compareFirstStep(t, e, start, gradients, tolerance)
				}
			}
		})
	}
}

// compareFirstStep holds the weights after Adam's first step, which moves each by the learning rate against its gradient's
// sign, against those that the gradients make of the start. A gradient within rounding of 0 may have either sign.
func compareFirstStep(t *testing.T, e *Engine, start []safetensors.Tensor, gradients map[string][]float64, tolerance float64) {
	t.Helper()
	rate := e.options.Optimizer.LearningRate
	after := weightsOf(e.SaveState())
	weights, unclear := 0, 0
	for _, tensor := range start {
		all := gradients[tensor.Name]
		rounding := 2 * tolerance * largest(all)
		for i, gradient := range all {
			weights++
			if math.Abs(gradient) <= rounding {
				unclear++
				continue
			}
			want := float64(tensor.Data[i]) - rate*gradient/(math.Abs(gradient)+1e-8)
			if got := float64(after[tensor.Name][i]); !(math.Abs(got-want) <= 1e-6) {
				t.Errorf("%s[%d] is %v after the first step, want %v", tensor.Name, i, got, want)
			}
		}
	}
	if weights != 17_459 || unclear > weights/8 {
		t.Errorf("of %d weights %d have a gradient within rounding of 0", weights, unclear)
	}
}

// sides says for each image of a pass and each layer which inputs of a ReLU are above 0.
type sides [][][]bool

// sidesOf are those of the engine's latest pass.
func sidesOf(e *Engine) (all sides) {
	for image := range e.images {
		var layers [][]bool
		for i := range e.layers {
			var above []bool
			if l := &e.layers[i]; l.layer.Activation != model.Linear {
				value := l.output.value
				values := make([]float32, value.height*value.width*value.used)
				value.unload(image, values)
				for _, v := range values {
					above = append(above, v > 0)
				}
			}
			layers = append(layers, above)
		}
		all = append(all, layers)
	}
	return all
}

// sidesOf are those of the reference, for images one after the other.
func (r *reference) sidesOf(images []float32) (all sides) {
	for size := r.input.Size(); len(images) > 0; images = images[size:] {
		var layers [][]bool
		for i, values := range r.forward(doubles(images[:size])) {
			var above []bool
			if r.network.Layers[i].Activation != model.Linear {
				for _, v := range values {
					above = append(above, v > 0)
				}
			}
			layers = append(layers, above)
		}
		all = append(all, layers)
	}
	return all
}

// gradientsOn returns the gradients of a step if the inputs of ReLUs were on given sides of 0. One that has to be put there
// and is not within rounding of 0 is an error.
func (r *reference) gradientsOn(t *testing.T, given sides, inputs, targets []float32, tolerance float64) map[string][]float64 {
	t.Helper()
	r.sides, r.moved, r.movedMost = given, 0, 0
	defer func() { r.sides = nil }()
	r.differentiate(doubles(inputs), doubles(targets), func(losses, scales []float64) { goldenClipper(t).Scales(losses, scales) })
	t.Logf("%d inputs of ReLUs are on the other side of 0, at most %.1e of their layer's largest from it", r.moved, r.movedMost)
	if r.movedMost > tolerance {
		t.Errorf("an input of a ReLU that is %.1e of its layer's largest from 0 is on the other side", r.movedMost)
	}
	gradients := map[string][]float64{}
	for name, values := range r.gradients() {
		gradients[name] = slices.Clone(values)
	}
	return gradients
}

// Other weights and images, in which rounding puts some inputs of ReLUs on the other side of 0 as a rule.
func TestGradientsButForSidesOfReLUs(t *testing.T) {
	network, options := model.Supersampler(0.125), goldenOptions(4)
	random := rand.New(rand.NewPCG(3, 21))
	for range 3 {
		r := newReference(t, network, options)
		r.randomize(random)
		start := r.state()
		inputs, targets := r.batch(random)
		usual := r.sidesOf(inputs)
		unmoved := r.gradientsOn(t, usual, inputs, targets, 0)
		eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
			if err := e.LoadState(start); err != nil {
				t.Fatal(err)
			}
			raw := make([]float32, goldenBatch)
			if err := e.Evaluate(inputs, targets, nil, raw); err != nil {
				t.Fatal(err)
			}
			gradients := unmoved
			if found := sidesOf(e); !reflect.DeepEqual(found, usual) {
				gradients = r.gradientsOn(t, found, inputs, targets, tolerance)
			}
			if err := e.Step(inputs, targets, raw, func(losses, scales []float32) { goldenClipper(t).Scales32(losses, scales) }); err != nil {
				t.Fatal(err)
			}
			compareTensors(t, "the gradient", e.Gradients(), gradients, tolerance)
		})
	}
}
