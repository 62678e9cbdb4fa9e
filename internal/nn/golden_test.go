package nn

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"alrc"
	"alrc/internal/format/safetensors"
	"alrc/internal/model"
)

// golden is what PyTorch made of experiment 1's network at an eighth of the channels, in float64.
type golden map[string]safetensors.TensorOf[float64]

const goldenSteps, goldenBatch = 10, 3

func readGolden(t *testing.T) golden {
	content, err := os.ReadFile("../../../shared/golden/supersampler.safetensors")
	if err != nil {
		t.Skipf("no golden file: %v", err)
	}
	tensors, _, err := safetensors.ReadFloat64(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	g := golden{}
	for _, tensor := range tensors {
		g[tensor.Name] = tensor
	}
	return g
}

// channelsLast turns images [...,C,H,W] into [...,H,W,C].
func channelsLast(tensor safetensors.TensorOf[float64]) []float64 {
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
	if d := deviation(low[:size], channelsLast(g["step0.low"])); d > 1e-14 {
		t.Errorf("the resized images deviate by %v", d)
	}
	for _, power := range []float64{2, 4} {
		prefix := fmt.Sprintf("p%v.", power)
		r := newReference(t, model.Supersampler(0.125), goldenOptions(power))
		for _, p := range r.parameters() {
			copy(p.value, g["start."+p.name].Data)
		}
		output := r.forward(low[:size/goldenBatch])
		if d := deviation(output[len(output)-1], channelsLast(g["step0.output"])[:size/goldenBatch]); d > 1e-12 {
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
		for _, p := range r.parameters() {
			if d := deviation(p.value, g[prefix+"end."+p.name].Data); d > 1e-7 {
				t.Errorf("%send.%s deviates by %v", prefix, p.name, d)
			}
		}
	}
}

// The tolerances are those that float32 leaves: after ten steps, which move weights by up to 1e-2, a few may be off,
// since Adam turns a gradient near zero into a step of either sign.
func TestGolden(t *testing.T) {
	g := readGolden(t)
	images := channelsLast(g["images"])
	low, targets := singles(lowResolution(t, images)), singles(images)
	size := len(images) / goldenSteps
	var start []safetensors.Tensor
	for name, tensor := range g {
		if name, ok := strings.CutPrefix(name, "start."); ok {
			start = append(start, safetensors.Tensor{Name: name, Shape: tensor.Shape, Data: singles(tensor.Data)})
		}
	}
	for _, power := range []float64{2, 4} {
		eachEngine(t, model.Supersampler(0.125), goldenOptions(power), func(t *testing.T, e *Engine, tolerance float64) {
			prefix := fmt.Sprintf("p%v.", power)
			if err := e.LoadState(start); err != nil {
				t.Fatal(err)
			}
			output, raw := make([]float32, size), make([]float32, goldenBatch)
			if err := e.Evaluate(low[:size], targets[:size], output, raw); err != nil {
				t.Fatal(err)
			}
			if d := deviation(doubles(output), channelsLast(g["step0.output"])); d > tolerance {
				t.Errorf("the output deviates by %v", d)
			}
			clipper := goldenClipper(t)
			for step := range goldenSteps {
				name := fmt.Sprintf("%sstep%d.", prefix, step)
				var scales []float64
				var statistics alrc.Statistics
				err := e.Step(low[step*size:(step+1)*size], targets[step*size:(step+1)*size], raw, func(losses, factors []float32) {
					part := clipper.Scales32(losses, factors)
					if len(scales) > 0 {
						part = statistics.Merge(part)
					}
					statistics = part
					scales = append(scales, doubles(factors)...)
				})
				if err != nil {
					t.Fatal(err)
				}
				clipper.Observe(statistics)
				for i, want := range g[name+"losses"].Data {
					if math.Abs(float64(raw[i])-want) > 1e-4*want {
						t.Errorf("%slosses[%d] is %v, want %v", name, i, raw[i], want)
					}
				}
				if d := deviation(scales, g[name+"scales"].Data); d > 1e-4 {
					t.Errorf("%sscales are %v, want %v", name, scales, g[name+"scales"].Data)
				}
				if step == 0 {
					for _, gradient := range e.Gradients() {
						if d := deviation(doubles(gradient.Data), g[name+"gradient."+gradient.Name].Data); d > tolerance {
							t.Errorf("%sgradient.%s deviates by %v", name, gradient.Name, d)
						}
					}
				}
			}
			// Winograd's errors, small as they are, move the inputs of a few ReLUs to the other side of zero in these steps, from
			// where the weights go another way. A network moved by 1e-6 of its weights does the same.
			limit := 1e-5
			if !e.options.Direct {
				limit = 1e-3
			}
			weights, off := 0, 0
			for _, tensor := range e.SaveState() {
				for i, want := range g[prefix+"end."+tensor.Name].Data {
					weights++
					if !(math.Abs(float64(tensor.Data[i])-want) <= limit) {
						off++
					}
				}
			}
			t.Logf("%d of %d weights are off by more than %v", off, weights, limit)
			if weights != 17_459 || off > weights/1000 {
				t.Errorf("%d of %d weights are off by more than %v", off, weights, limit)
			}
		})
	}
}
