package weights

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
)

// Starting weights, and how states are saved, are what they were in the first version, to the bit: its checkpoints are
// read, and the same seed begins the same run. Gains are left out, which engines compute by their own arithmetic.
func TestStatesAreWhatTheyWere(t *testing.T) {
	for _, c := range []struct {
		network model.Network
		moments []string
		want    string
	}{
		{model.Supersampler(0.25), AdamMoments, "3799b0db9e6187c36b12a9d10e289d031f9f55c3e297f1e9b395a97412200cdb"},
		{model.Completer(0.125, 0.5), DescentMoments, "fe3aa878d715c80390c95ec8e9efc63201d6ca4978be3ec0e86fa65abd9b1131"},
	} {
		l := New(c.network, c.moments)
		s := l.Start(7)
		s.Steps = 5<<24 + 3
		for i, p := range l.Parameters {
			if p.Role == Gain {
				clear(s.Weights[i])
			}
		}
		var file bytes.Buffer
		if err := safetensors.Write(&file, l.Tensors(s), nil); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(file.Bytes())); got != c.want {
			t.Errorf("%s: the hash of a saved state is %s, want %s", c.network.Name, got, c.want)
		}
	}
}

// Weights of a calibrated network are normal.
func TestCalibratedStart(t *testing.T) {
	l := New(model.PublishedCompleter(0.0625, 0.5), AdamMoments)
	s := l.Start(3)
	var sum, squares, fourths, count float64
	for i, p := range l.Parameters {
		if p.Role != Direction {
			continue
		}
		for _, v := range s.Weights[i] {
			z := float64(v) / model.CalibratedDeviation
			sum += z
			squares += z * z
			fourths += z * z * z * z
			count++
		}
	}
	if math.Abs(sum/count) > 0.01 || math.Abs(squares/count-1) > 0.01 || math.Abs(fourths/count-3) > 0.1 {
		t.Errorf("%v directions over their deviation have mean %v, variance %v and fourth moment %v; want 0, 1 and 3", count,
			sum/count, squares/count, fourths/count)
	}
}

func TestStartingWeights(t *testing.T) {
	l := New(model.Completer(0.125, 0.5), AdamMoments)
	s := l.Start(1)
	if other := l.Start(2); reflect.DeepEqual(s.Weights, other.Weights) {
		t.Error("two seeds give the same weights")
	}
	var directions []float32
	for i, p := range l.Parameters {
		values := s.Weights[i]
		switch p.Role {
		case Weight, Direction:
			limit := float32(math.Sqrt(6 / float64(p.Shape[2]*p.Shape[3]*(p.Shape[0]+p.Shape[1]))))
			if top := max(slices.Max(values), -slices.Min(values)); top > limit || top < 0.9*limit {
				t.Errorf("%s reaches to %v, want nearly %v", p.Name, top, limit)
			}
			directions = values
		case Bias:
			if slices.Max(values) != 0 || slices.Min(values) != 0 {
				t.Errorf("%s does not begin at 0", p.Name)
			}
		case Gain:
			size := len(directions) / len(values)
			for j, gain := range values {
				var squares float64
				for _, v := range directions[j*size:][:size] {
					squares += float64(v) * float64(v)
				}
				if want := math.Sqrt(squares); math.Abs(float64(gain)-want) > 1e-6*want {
					t.Errorf("%s[%d] is %v, and the direction's length %v", p.Name, j, gain, want)
				}
			}
		}
	}
}

// filled is a state of which no two numbers are the same.
func filled(l Layout) State {
	s := l.Start(1)
	s.Steps = 1<<24 + 7
	for range l.Moments {
		s.Moments = append(s.Moments, zeros(l.Parameters))
	}
	next := float32(0)
	for _, set := range append([][][]float32{s.Weights, s.RunningMeans}, s.Moments...) {
		for _, values := range set {
			for i := range values {
				values[i] = next
				next++
			}
		}
	}
	return s
}

func TestSavedStatesComeBack(t *testing.T) {
	for _, l := range []Layout{New(model.Supersampler(0.125), AdamMoments), New(model.PublishedCompleter(0.0625, 0.5), DescentMoments)} {
		want := filled(l)
		tensors := l.Tensors(want)
		slices.Reverse(tensors) // files need not keep an order
		got, err := l.State(tensors)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: a saved state comes back as another (%v)", l.Moments, err)
		}
	}
}

// Weights alone, as PyTorch writes them, begin the optimizer anew.
func TestWeightsAlone(t *testing.T) {
	l := New(model.Supersampler(0.125), AdamMoments)
	want := filled(l)
	got, err := l.State(l.Named(want.Weights))
	if err != nil || !reflect.DeepEqual(got, State{Weights: want.Weights, RunningMeans: want.RunningMeans}) {
		t.Errorf("weights alone give another state (%v)", err)
	}
}

func TestStateErrors(t *testing.T) {
	l := New(model.Supersampler(0.125), AdamMoments)
	for name, change := range map[string]func(tensor *safetensors.Tensor){
		"narrow.weight":                   func(tensor *safetensors.Tensor) { tensor.Shape = []int{16, 8, 3, 3} },
		"narrow.bias":                     func(tensor *safetensors.Tensor) { tensor.Data = tensor.Data[1:] },
		"adam.second_moment.first.weight": func(tensor *safetensors.Tensor) { tensor.Name = "other" },
		"optimizer.step":                  func(tensor *safetensors.Tensor) { tensor.Data = []float32{0, 0.5} },
	} {
		tensors := l.Tensors(filled(l))
		at := slices.IndexFunc(tensors, func(tensor safetensors.Tensor) bool { return tensor.Name == name })
		change(&tensors[at])
		if _, err := l.State(tensors); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a wrong %s: got %v, want an error that names it", name, err)
		}
	}
}
