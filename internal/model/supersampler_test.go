package model

import "testing"

// The expected sizes are the published network's: 1,042,819 parameters and 1.067e9 multiply-adds an image.
func TestSupersampler(t *testing.T) {
	for _, test := range []struct {
		width                    float64
		parameters, multiplyAdds int
		widest                   int
	}{
		{1, 1_042_819, 1_066_795_008, 128},
		{0.125, 17_459, 17_743_872, 16},
	} {
		network := Supersampler(test.width)
		shapes, err := network.Shapes(32, 32)
		if err != nil {
			t.Fatal(err)
		}
		parameters, multiplyAdds, widest := 0, 0, 0
		for i, layer := range network.Layers {
			widest = max(widest, shapes[i].Channels)
			if !layer.Convolves() {
				continue
			}
			input := network.InputChannels
			if layer.Inputs[0] != Input {
				input = shapes[layer.Inputs[0]].Channels
			}
			weights := layer.Kernel * layer.Kernel * input * layer.Channels
			parameters += weights + layer.Channels
			multiplyAdds += weights * shapes[i].Height * shapes[i].Width
		}
		if parameters != test.parameters || multiplyAdds != test.multiplyAdds || widest != test.widest {
			t.Errorf("width %v: %d parameters, %d multiply-adds, at most %d channels; want %d, %d, %d",
				test.width, parameters, multiplyAdds, widest, test.parameters, test.multiplyAdds, test.widest)
		}
		last := len(network.Layers) - 1
		if shapes[last] != (Shape{32, 32, 3}) || network.Layers[last].Activation != Linear {
			t.Errorf("width %v: the output is %v, with activation %d", test.width, shapes[last], network.Layers[last].Activation)
		}
	}
}
