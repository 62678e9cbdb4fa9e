package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"alrc/internal/model"
)

// chain is a network of layers that each take the one before.
func chain(channels int, layers ...model.Layer) model.Network {
	n := model.Network{Name: "chain", InputChannels: channels}
	for i, layer := range layers {
		layer.Inputs = []int{i - 1}
		if layer.Convolves() {
			layer.Name = fmt.Sprint("layer", i)
		}
		n.Layers = append(n.Layers, layer)
	}
	return n
}

func convolve(channels, kernel, stride int, activation model.Activation) model.Layer {
	return model.Layer{Kind: model.Convolution, Channels: channels, Kernel: kernel, Stride: stride, Activation: activation, Slope: 0.25}
}

func transpose(channels, kernel int, activation model.Activation) model.Layer {
	return model.Layer{Kind: model.TransposedConvolution, Channels: channels, Kernel: kernel, Stride: 2, Activation: activation, Slope: 0.25}
}

// layerCases are networks that together have every kind of layer, at odd sizes and numbers of channels.
func layerCases() map[string]layerCase {
	relu, leaky := model.ReLU, model.LeakyReLU
	cases := map[string]layerCase{
		"halving":  {chain(5, model.Layer{Kind: model.Halving}, convolve(3, 3, 1, relu)), 7, 10},
		"doubling": {chain(3, convolve(5, 3, 1, leaky), model.Layer{Kind: model.Doubling}), 5, 4},
		// A branch of one pixel, where every corner is the same pixel.
		"one pixel": {chain(2, convolve(3, 3, 1, relu), model.Layer{Kind: model.Halving}, model.Layer{Kind: model.Doubling}, transpose(2, 3, leaky)), 2, 3},
		"residual": {model.Network{InputChannels: 3, Layers: []model.Layer{
			{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 17, Kernel: 3, Stride: 1, Activation: relu},
			{Name: "b", Kind: model.Convolution, Inputs: []int{0}, Channels: 17, Kernel: 3, Stride: 1, Activation: leaky, Slope: 0.1},
			{Kind: model.Addition, Inputs: []int{1, 0}},
			{Kind: model.Addition, Inputs: []int{2, 2}},
			{Name: "c", Kind: model.Convolution, Inputs: []int{3}, Channels: 3, Kernel: 1, Stride: 1},
			{Kind: model.Addition, Inputs: []int{4, model.Input}},
		}}, 9, 6},
		// As in experiment 3: down, up, and joined with what came before.
		"joined": {model.Network{InputChannels: 2, Layers: []model.Layer{
			{Name: "a", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 5, Kernel: 5, Stride: 1, Activation: relu},
			{Name: "down", Kind: model.Convolution, Inputs: []int{0}, Channels: 7, Kernel: 3, Stride: 2, Activation: relu},
			{Name: "up", Kind: model.TransposedConvolution, Inputs: []int{1}, Channels: 4, Kernel: 3, Stride: 2, Activation: relu},
			{Kind: model.Concatenation, Inputs: []int{2, 0, model.Input}},
			{Name: "b", Kind: model.Convolution, Inputs: []int{3}, Channels: 3, Kernel: 3, Stride: 1, Activation: leaky, Slope: 0.25},
			{Kind: model.Halving, Inputs: []int{4}},
			{Kind: model.Concatenation, Inputs: []int{5, 1}},
		}}, 6, 10},
	}
	for _, kernel := range []int{1, 3, 5, 7} {
		cases[fmt.Sprintf("convolution %d", kernel)] = layerCase{chain(5, convolve(17, kernel, 1, relu), convolve(3, kernel, 1, model.Linear)), 7, 9}
		cases[fmt.Sprintf("stride 2, %d", kernel)] = layerCase{chain(3, convolve(5, kernel, 2, leaky), convolve(2, kernel, 2, model.Linear)), 7, 10}
		cases[fmt.Sprintf("transposed %d", kernel)] = layerCase{chain(3, transpose(5, kernel, leaky), convolve(2, 3, 1, model.Linear)), 3, 4}
	}
	for _, channels := range []int{1, 33} {
		cases[fmt.Sprintf("%d channels", channels)] = layerCase{
			chain(channels, convolve(channels, 3, 1, relu), transpose(channels, 5, leaky), convolve(channels, 3, 2, relu), convolve(channels, 3, 1, model.Linear)), 5, 6}
	}
	return cases
}

type layerCase struct {
	network       model.Network
	height, width int
}

// batch draws inputs and targets that float32 holds exactly.
func (r *reference) batch(random *rand.Rand) (inputs, targets []float32) {
	draw := func(size int) []float32 {
		values := make([]float32, r.options.Batch*size)
		for i := range values {
			values[i] = float32(random.NormFloat64())
		}
		return values
	}
	return draw(r.input.Size()), draw(r.shapes[len(r.shapes)-1].Size())
}

// The gradients of the reference are those of its losses, by every weight and every value of the input.
func TestReferenceGradients(t *testing.T) {
	check := func(name string, network model.Network, options Options) {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			r := newReference(t, network, options)
			r.randomize(random)
			single, singleTargets := r.batch(random)
			inputs, targets := doubles(single), doubles(singleTargets)
			scale := func(i int) float64 { return 1 / float64(i+1) }
			in, out, last := r.input.Size(), r.shapes[len(r.shapes)-1].Size(), len(r.shapes)-1
			loss := func() (mean float64) {
				for i := range options.Batch {
					output := r.forward(inputs[i*in : (i+1)*in])[last]
					_, loss, _ := options.Loss.reference(output, targets[i*out:(i+1)*out])
					mean += scale(i) * loss / float64(options.Batch)
				}
				return mean
			}
			r.differentiate(inputs, targets, func(losses, scales []float64) {
				for i := range scales {
					scales[i] = scale(i)
				}
			})
			compare := func(name string, values, gradient []float64) {
				tolerance := 1e-6 * (1 + largest(gradient))
				for range min(12, len(values)) {
					j := random.IntN(len(values))
					const h = 1e-5
					value := values[j]
					values[j] = value + h
					above := loss()
					values[j] = value - h
					below := loss()
					values[j] = value
					if difference := (above - below) / (2 * h); math.Abs(difference-gradient[j]) > tolerance {
						t.Errorf("%s[%d]: the gradient is %v, by differences %v", name, j, gradient[j], difference)
					}
				}
			}
			for _, p := range r.parameters() {
				compare(p.name, p.value, p.gradient)
			}
			values := r.forward(inputs[:in])
			_, _, g := r.options.Loss.reference(values[last], targets[:out])
			for j := range g {
				g[j] *= scale(0) / float64(options.Batch)
			}
			gradients := r.backward(inputs[:in], values, g)
			compare("input", inputs[:in], gradients[len(gradients)-1])
		})
	}
	for name, c := range layerCases() {
		check(name, c.network, Options{Batch: 2, Height: c.height, Width: c.width, Loss: Loss{Power: 2, Scale: 25}})
	}
	for _, loss := range []Loss{{Power: 1, Scale: 1}, {Power: 4, Scale: 25}, {Power: 1.5, Scale: 3}, {Power: 2, Scale: 200, Huber: 1}} {
		check(fmt.Sprint("loss ", loss), chain(2, convolve(3, 3, 1, model.ReLU)), Options{Batch: 3, Height: 4, Width: 3, Loss: loss})
	}
}

func largest(values []float64) float64 {
	max := 0.0
	for _, value := range values {
		max = math.Max(max, math.Abs(value))
	}
	return max
}

// conventions are layers with outputs worked out by hand.
var conventions = []struct {
	name    string
	layer   model.Layer
	weights []float64
	width   int
	input   []float64
	want    []float64
}{
	{"convolution", convolve(1, 3, 1, model.Linear), []float64{0, 0, 0, 100, 10, 1, 0, 0, 0}, 4, []float64{1, 2, 3, 4}, []float64{12, 123, 234, 340}},
	{"stride 2, even", convolve(1, 3, 2, model.Linear), []float64{0, 0, 0, 100, 10, 1, 0, 0, 0}, 4, []float64{1, 2, 3, 4}, []float64{12, 234}},
	{"stride 2, odd", convolve(1, 3, 2, model.Linear), []float64{0, 0, 0, 100, 10, 1, 0, 0, 0}, 3, []float64{1, 2, 3}, []float64{12, 230}},
	// Output pixel 2*i + k - 1 gets kernel place k of pixel i; the lower row stays outside the kernel's middle row.
	{"transposed", transpose(1, 3, model.Linear), []float64{0, 0, 0, 100, 10, 1, 0, 0, 0}, 3, []float64{1, 2, 3},
		[]float64{10, 201, 20, 302, 30, 3, 0, 0, 0, 0, 0, 0}},
	{"halving", model.Layer{Kind: model.Halving}, nil, 4, []float64{0, 1, 2, 9}, []float64{0, 9}},
	{"halving to one", model.Layer{Kind: model.Halving}, nil, 3, []float64{5, 6, 7}, []float64{5}},
	{"doubling", model.Layer{Kind: model.Doubling}, nil, 2, []float64{0, 3}, []float64{0, 1, 2, 3, 0, 1, 2, 3}},
	{"leaky", convolve(1, 1, 1, model.LeakyReLU), []float64{1}, 3, []float64{-10, 0, 10}, []float64{-2.5, 0, 10}},
	{"relu", convolve(1, 1, 1, model.ReLU), []float64{1}, 3, []float64{-10, 0, 10}, []float64{0, 0, 10}},
}

func TestReferenceConventions(t *testing.T) {
	for _, c := range conventions {
		r := newReference(t, chain(1, c.layer), Options{Batch: 1, Height: 1, Width: c.width})
		if c.weights != nil {
			copy(r.weights[0].value, c.weights)
		}
		got := r.forward(c.input)[0]
		if len(got) != len(c.want) {
			t.Fatalf("%s: %d values, want %d", c.name, len(got), len(c.want))
		}
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-12 {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}
