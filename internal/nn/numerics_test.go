package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
)

// rms is the root mean square of the differences over that of the values wanted.
func rms(got, want []float64) float64 {
	var differences, squares float64
	for i := range want {
		differences += (got[i] - want[i]) * (got[i] - want[i])
		squares += want[i] * want[i]
	}
	return math.Sqrt(differences / squares)
}

// The errors of the widest convolution of experiment 1, 3x3 from 128 to 128 channels at 32x32, on values from a normal distribution.
//
// The image has a channel for each pixel and is 1 in the channel of a pixel at that pixel, so that the first layer,
// of 1x1, puts out its weights, one pixel each: they are the convolution's input, and their gradient is the gradient of
// that input, all exactly.
func TestConvolutionErrors(t *testing.T) {
	const side, channels, pixels = 32, 128, 32 * 32
	network := chain(pixels, convolve(channels, 1, 1, model.Linear), convolve(channels, 3, 1, model.Linear))
	options := Options{Batch: 1, Height: side, Width: side, Loss: Loss{Power: 2, Scale: side * side * channels / 2},
		Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-30}}
	random := rand.New(rand.NewPCG(1, 1))
	normal := func(size int, deviation float64) []float64 {
		values := make([]float64, size)
		for i := range values {
			values[i] = float64(float32(deviation * random.NormFloat64()))
		}
		return values
	}
	x := normal(pixels*channels, 1)
	// The gradient of the output is the output less the target. A small output adds little of its own error to it.
	weight, gradient := normal(channels*channels*9, 1e-3), normal(pixels*channels, 1)

	single := newReference(t, chain(channels, convolve(channels, 3, 1, model.Linear)), options)
	copy(single.weights[0].value, weight)
	values := single.forward(x)
	output := values[0]
	gradients := single.backward(x, values, gradient)
	wantInput, wantWeight := gradients[1], single.weights[0].gradient

	image := make([]float32, pixels*pixels)
	for i := range pixels {
		image[i*pixels+i] = 1
	}
	target := make([]float32, len(output))
	for i := range target {
		target[i] = float32(output[i] - gradient[i])
	}
	// The first layer's weight is [out,pixel,1,1]: x with its axes exchanged.
	first := make([]float32, len(x))
	for i, value := range x {
		first[i%channels*pixels+i/channels] = float32(value)
	}
	state := []safetensors.Tensor{
		{Name: "layer0.weight", Shape: []int{channels, pixels, 1, 1}, Data: first},
		{Name: "layer0.bias", Shape: []int{channels}, Data: make([]float32, channels)},
		{Name: "layer1.weight", Shape: []int{channels, channels, 3, 3}, Data: singles(weight)},
		{Name: "layer1.bias", Shape: []int{channels}, Data: make([]float32, channels)},
	}
	eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
		if err := e.LoadState(state); err != nil {
			t.Fatal(err)
		}
		got, raw := make([]float32, len(output)), make([]float32, 1)
		if err := e.Evaluate(image, target, got, raw); err != nil {
			t.Fatal(err)
		}
		if err := e.Step(image, target, raw, func(_, scales []float32) { scales[0] = 1 }); err != nil {
			t.Fatal(err)
		}
		found := weightsOf(e.Gradients())
		gotInput := make([]float64, len(x))
		for i := range x {
			gotInput[i] = float64(found["layer0.weight"][i%channels*pixels+i/channels])
		}
		limit := tolerance / 2 // 5e-6 for direct convolution, 5e-5 for Winograd's F(4x4).
		for _, part := range []struct {
			name      string
			got, want []float64
		}{{"forward", doubles(got), output}, {"data gradient", gotInput, wantInput}, {"weight gradient", doubles(found["layer1.weight"]), wantWeight}} {
			r := rms(part.got, part.want)
			t.Logf("%-15s %.2g", part.name, r)
			if !(r <= limit) {
				t.Errorf("the error of %s is %.2g of the values, more than %v", part.name, r, limit)
			}
		}
	})
}

// A weight gradient sums over all pixels of the batch, 65,536 here, where plain summation in float32 loses digits.
func TestWeightGradientErrorOfLargeBatch(t *testing.T) {
	const side, channels, batch = 32, 16, 64
	network := chain(channels, convolve(channels, 3, 1, model.Linear))
	options := Options{Batch: batch, Height: side, Width: side, Loss: Loss{Power: 2, Scale: 1}, Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-30}}
	r := newReference(t, network, options)
	random := rand.New(rand.NewPCG(2, 2))
	inputs, targets := r.batch(random)
	// Values with a mean of their own, as after a ReLU, let the sum grow with the number of its terms.
	for i := range inputs {
		inputs[i] = max(inputs[i], 0)
		targets[i] -= 1
	}
	r.differentiate(doubles(inputs), doubles(targets), func(_, scales []float64) {
		copy(scales, slices.Repeat([]float64{1}, batch))
	})
	eachEngine(t, network, options, func(t *testing.T, e *Engine, tolerance float64) {
		if err := e.LoadState(r.state()); err != nil {
			t.Fatal(err)
		}
		err := e.Step(inputs, targets, make([]float32, batch), func(_, scales []float32) {
			for i := range scales {
				scales[i] = 1
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range weightsOf(e.Gradients()) {
			error := rms(doubles(got), r.gradients()[name])
			t.Logf("%-14s %.2g", name, error)
			if !(error <= tolerance/2) {
				t.Errorf("the error of %s is %.2g of the values, more than %v", name, error, tolerance/2)
			}
		}
	})
}
