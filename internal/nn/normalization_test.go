package nn

import (
	"math"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn/kernel"
)

func byName(list []safetensors.Tensor) map[string][]float32 {
	tensors := map[string][]float32{}
	for _, t := range list {
		tensors[t.Name] = t.Data
	}
	return tensors
}

// normalizedPair returns two engines for networks that differ in weight normalisation alone, with the same weights.
func normalizedPair(t *testing.T, layers []model.Layer, options Options) (plain, normalized *Engine) {
	engines := make([]*Engine, 2)
	for i := range engines {
		network := model.Network{Name: "pair", InputChannels: 2, Layers: append([]model.Layer(nil), layers...)}
		for j := range network.Layers {
			network.Layers[j].Normalized = i == 1
		}
		e, err := New(network, options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		e.Initialize(3)
		engines[i] = e
	}
	return engines[0], engines[1]
}

// A normalized layer computes as one whose weights are gain * v / |v|, and its gradients are that layer's, by the chain
// rule in float64. The gains are moved first, so that they are not |v| any more.
func TestNormalizedLayers(t *testing.T) {
	layers := []model.Layer{
		{Name: "wide", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 19, Kernel: 5, Stride: 1, Activation: model.ReLU},
		{Name: "winograd", Kind: model.Convolution, Inputs: []int{0}, Channels: 37, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "strided", Kind: model.Convolution, Inputs: []int{1}, Channels: 20, Kernel: 3, Stride: 2, Activation: model.LeakyReLU, Slope: 0.5},
		{Name: "up", Kind: model.TransposedConvolution, Inputs: []int{2}, Channels: 18, Kernel: 3, Stride: 2, Activation: model.ReLU},
		{Name: "narrow", Kind: model.Convolution, Inputs: []int{3}, Channels: 2, Kernel: 3, Stride: 1},
	}
	for _, set := range kernel.Names() {
		t.Run(set, func(t *testing.T) {
			options := Options{Batch: 1, Height: 8, Width: 12, Threads: 2, Kernels: set, Loss: Loss{Power: 2, Scale: 1},
				Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-9}, manyThreads: true}
			plain, normalized := normalizedPair(t, layers, options)
			state := normalized.SaveState()
			effective := map[string]safetensors.Tensor{}
			for i := range state {
				if name := state[i].Name; len(name) > 9 && name[len(name)-9:] == ".weight_g" && name[:3] != "sgd" {
					for channel := range state[i].Data {
						state[i].Data[channel] *= 0.5 + 0.1*float32(channel%7)
					}
				}
			}
			if err := normalized.LoadState(state); err != nil {
				t.Fatal(err)
			}
			tensors := byName(state)
			var weights []safetensors.Tensor
			for _, layer := range layers {
				v, g, bias := tensors[layer.Name+".weight_v"], tensors[layer.Name+".weight_g"], tensors[layer.Name+".bias"]
				w := make([]float32, len(v))
				for channel, gain := range g {
					norm := norm(channelOf(v, channel, len(g)))
					for i, value := range channelOf(v, channel, len(g)) {
						w[channel*len(v)/len(g)+i] = float32(float64(gain) * float64(value) / norm)
					}
				}
				in := len(v) / len(g) / layer.Kernel / layer.Kernel
				effective[layer.Name] = safetensors.Tensor{Name: layer.Name + ".weight", Shape: []int{len(g), in, layer.Kernel, layer.Kernel}, Data: w}
				weights = append(weights, effective[layer.Name], safetensors.Tensor{Name: layer.Name + ".bias", Shape: []int{len(g)}, Data: bias})
			}
			if err := plain.LoadState(weights); err != nil {
				t.Fatal(err)
			}
			images := make([]float32, 8*12*2)
			for i := range images {
				images[i] = float32(math.Sin(float64(3*i))) + 0.1
			}
			var raw [2][1]float32
			for i, e := range []*Engine{plain, normalized} {
				if err := e.Step(images, images, raw[i][:], func(_, scales []float32) { scales[0] = 1 }); err != nil {
					t.Fatal(err)
				}
			}
			if math.Abs(float64(raw[0][0]-raw[1][0])) > 1e-5*float64(raw[0][0]) {
				t.Errorf("the loss is %v with normalisation, and %v without", raw[1][0], raw[0][0])
			}
			want, got := byName(plain.Gradients()), byName(normalized.Gradients())
			for _, layer := range layers {
				dw, v, g := want[layer.Name+".weight"], tensors[layer.Name+".weight_v"], tensors[layer.Name+".weight_g"]
				wantV, wantG := make([]float64, len(v)), make([]float64, len(g))
				for channel, gain := range g {
					dw, v := channelOf(dw, channel, len(g)), channelOf(v, channel, len(g))
					norm, along := norm(v), 0.0
					for i := range v {
						along += float64(dw[i]) * float64(v[i])
					}
					wantG[channel] = along / norm
					for i := range v {
						wantV[channel*len(v)+i] = float64(gain)/norm*float64(dw[i]) - float64(gain)*along/norm/norm/norm*float64(v[i])
					}
				}
				for name, list := range map[string][]float64{".weight_v": wantV, ".weight_g": wantG} {
					if d := deviation(doubles(got[layer.Name+name]), list); d > 1e-4 {
						t.Errorf("the gradient of %s%s deviates by %v", layer.Name, name, d)
					}
				}
				if d := deviation(doubles(got[layer.Name+".bias"]), doubles(want[layer.Name+".bias"])); d > 1e-4 {
					t.Errorf("the gradient of %s.bias deviates by %v", layer.Name, d)
				}
			}
		})
	}
}

func channelOf(list []float32, channel, channels int) []float32 {
	size := len(list) / channels
	return list[channel*size : (channel+1)*size]
}

func norm(list []float32) float64 {
	sum := 0.0
	for _, value := range list {
		sum += float64(value) * float64(value)
	}
	return math.Sqrt(sum)
}

// Of a network with two outputs, the gradient is the sum of the gradients that each output alone has; an image that is
// left out in one is left out in both.
func TestTwoOutputs(t *testing.T) {
	layers := []model.Layer{
		{Name: "shared", Kind: model.Convolution, Inputs: []int{model.Input}, Channels: 20, Kernel: 3, Stride: 1, Activation: model.ReLU},
		{Name: "down", Kind: model.Convolution, Inputs: []int{0}, Channels: 18, Kernel: 3, Stride: 2, Activation: model.ReLU},
		{Name: "half", Kind: model.Convolution, Inputs: []int{1}, Channels: 1, Kernel: 3, Stride: 1},
		{Name: "full", Kind: model.Convolution, Inputs: []int{0}, Channels: 2, Kernel: 3, Stride: 1},
	}
	options := Options{Batch: 2, Height: 8, Width: 6, Loss: Loss{Power: 2, Scale: 1}, Optimizer: Optimizer{Kind: SGD, LearningRate: 1e-9}}
	images, half := make([]float32, 2*8*6*2), make([]float32, 2*4*3)
	for i := range images {
		images[i] = float32(math.Cos(float64(5 * i)))
	}
	gradients := func(outputs []int, keep func(output, image int) float32) (map[string][]float32, [][]float32) {
		e, err := New(model.Network{Name: "two", InputChannels: 2, Layers: layers, Outputs: outputs}, options)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		e.Initialize(5)
		var targets, raw [][]float32
		for _, place := range outputs {
			targets = append(targets, map[int][]float32{2: half, 3: images}[place])
			raw = append(raw, make([]float32, 2))
		}
		seen := map[int]int{}
		if err := e.StepOutputs(images, targets, raw, func(output int, _, scales []float32) {
			for i := range scales {
				scales[i] = keep(output, seen[output])
				seen[output]++
			}
		}); err != nil {
			t.Fatal(err)
		}
		return byName(e.Gradients()), raw
	}
	all := func(int, int) float32 { return 1 }
	both, raw := gradients([]int{3, 2}, all)
	full, rawFull := gradients([]int{3}, all)
	small, rawHalf := gradients([]int{2}, all)
	if raw[0][1] != rawFull[0][1] || raw[1][1] != rawHalf[0][1] {
		t.Errorf("the losses of two outputs are %v; alone they are %v and %v", raw, rawFull, rawHalf)
	}
	for name, got := range both {
		want := make([]float64, len(got))
		for i := range want {
			want[i] = float64(full[name][i]) + float64(small[name][i])
		}
		if d := deviation(doubles(got), want); d > 1e-4 {
			t.Errorf("the gradient of %s deviates by %v", name, d)
		}
	}
	// The first output's second image is left out: what remains is the first image's, in both outputs.
	left, _ := gradients([]int{3, 2}, func(output, image int) float32 {
		if output == 0 && image == 1 {
			return 0
		}
		return 1
	})
	first, _ := gradients([]int{3, 2}, func(_, image int) float32 { return float32(1 - image) })
	for name, got := range left {
		if d := deviation(doubles(got), doubles(first[name])); d != 0 {
			t.Errorf("with an image left out, the gradient of %s deviates by %v", name, d)
		}
	}
}

// The network of experiment 3 trains.
func TestCompleterTrains(t *testing.T) {
	options := Options{Batch: 1, Height: 64, Width: 32, Loss: Loss{Power: 2, Scale: 200}, Optimizer: Optimizer{LearningRate: 1e-3}}
	e, err := New(model.Completer(0.03, 0.2), options)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.Initialize(1)
	inputs, targets := make([]float32, 64*32*2), [][]float32{make([]float32, 64*32), make([]float32, 32*16)}
	for i := range inputs {
		inputs[i] = float32(i%5) - 2
	}
	for _, target := range targets {
		for i := range target {
			target[i] = float32(math.Sin(float64(i) / 40))
		}
	}
	raw := [][]float32{make([]float32, 1), make([]float32, 1)}
	var first [2]float32
	for step := range 150 {
		if err := e.StepOutputs(inputs, targets, raw, func(_ int, _, scales []float32) { scales[0] = 1 }); err != nil {
			t.Fatal(err)
		}
		if step == 0 {
			first = [2]float32{raw[0][0], raw[1][0]}
		}
	}
	for i := range first {
		if !(raw[i][0] < first[i]/4) {
			t.Errorf("output %d: the loss went from %v to %v only", i, first[i], raw[i][0])
		}
	}
}
