package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/model"
	"alrc/internal/nn"
	"alrc/internal/runfolder"
)

// withFake are the engines of tests.
var withFake = Engines{{
	Name:    "fake",
	New:     func(_ model.Network, o nn.Options) (Engine, error) { return &fake{options: o}, nil },
	Kernels: func(model.Network, nn.Options) (string, error) { return "fake", nil },
}}

// fake is an engine small enough for tests of the loop that take thousands of steps: a factor and an offset for each
// colour, trained by gradient descent. It weighs its batches in parts of two images.
type fake struct {
	options nn.Options
	weights [6]float32
	step    int64
	dead    string

	losses, scales [2]float32 // of a part
}

func (f *fake) Calibrate([]float32) error { return nil }

func (f *fake) DeadLayer() string { return f.dead }

func (f *fake) Initialize(seed uint64) {
	for i := range f.weights {
		f.weights[i] = float32(i)/8 + float32(seed%16)/64
	}
	f.step = 0
}

func (f *fake) StepOutputs(inputs []float32, allTargets, allRaw [][]float32, weigh func(output int, losses, scales []float32)) error {
	targets, raw := allTargets[0], allRaw[0]
	n := len(raw)
	size := len(inputs) / n
	var gradient [6]float64
	losses, scales := &f.losses, &f.scales
	for first := 0; first < n; first += 2 {
		part := min(2, n-first)
		for i := range part {
			f.forward(inputs[(first+i)*size:][:size], targets[(first+i)*size:][:size], nil, &raw[first+i])
			if losses[i] = raw[first+i]; f.options.Loss.Huber > 0 && float64(losses[i]) >= f.options.Loss.Huber {
				losses[i] = float32(math.Sqrt(float64(losses[i])))
			}
		}
		weigh(0, losses[:part], scales[:part])
		for i := range part {
			if scales[i] == 0 {
				continue
			}
			x, y := inputs[(first+i)*size:][:size], targets[(first+i)*size:][:size]
			for p := range x {
				c := p % 3
				d := float64(f.weights[2*c]*x[p] + f.weights[2*c+1] - y[p])
				g := float64(scales[i]) * 2 * d / float64(size*n)
				gradient[2*c] += g * float64(x[p])
				gradient[2*c+1] += g
			}
		}
	}
	for i := range f.weights {
		f.weights[i] -= float32(f.options.Optimizer.LearningRate * f.options.Optimizer.Schedule.At(f.step) * gradient[i])
	}
	f.step++
	return nil
}

func (f *fake) forward(x, y, out []float32, loss *float32) {
	var sum float64
	for p := range x {
		value := f.weights[2*(p%3)]*x[p] + f.weights[2*(p%3)+1]
		if out != nil {
			out[p] = value
		}
		d := float64(value - y[p])
		sum += d * d
	}
	*loss = float32(f.options.Loss.Scale * sum / float64(len(x)))
}

func (f *fake) EvaluateOutputs(inputs []float32, allTargets, allOutputs, allRaw [][]float32) error {
	targets, outputs, raw := allTargets[0], allOutputs[0], allRaw[0]
	size := len(inputs) / len(raw)
	for i := range raw {
		var out []float32
		if outputs != nil {
			out = outputs[i*size:][:size]
		}
		f.forward(inputs[i*size:][:size], targets[i*size:][:size], out, &raw[i])
	}
	return nil
}

func (f *fake) WeightsFinite() bool {
	for _, w := range f.weights {
		if w-w != 0 {
			return false
		}
	}
	return true
}

func (f *fake) SaveState() []safetensors.Tensor {
	return []safetensors.Tensor{
		{Name: "fake.weight", Shape: []int{3, 2}, Data: f.weights[:]},
		{Name: "optimizer.step", Shape: []int{1}, Data: []float32{float32(f.step)}},
	}
}

func (f *fake) LoadState(tensors []safetensors.Tensor) error {
	if len(tensors) != 2 || len(tensors[0].Data) != 6 || len(tensors[1].Data) != 1 {
		return errors.New("these are not the fake's tensors")
	}
	copy(f.weights[:], tensors[0].Data)
	f.step = int64(tensors[1].Data[0])
	return nil
}

func (f *fake) Kernels() string { return "fake" }
func (f *fake) Arithmetic() int { return 7 }
func (f *fake) Close()          {}

// photographs are images of a test's own.
type photographs struct {
	count int
	read  func(i int, pixels []float32)
}

func (p photographs) Len() int             { return p.count }
func (p photographs) Shape() (_, _, _ int) { return 4, 4, 3 }
func (p photographs) ID(i int) string      { return fmt.Sprintf("picture:%d", i) }
func (p photographs) Name() string         { return "pictures of a test" }
func (p photographs) Hash() string         { return "pictures" }

func (p photographs) Read(i int, pixels []float32) error {
	if i < 0 || i >= p.count {
		return fmt.Errorf("there is no picture %d", i)
	}
	for at := range pixels {
		pixels[at] = float32((i*31 + at*(17+i%5) + at*at*3) % 256)
	}
	if p.read != nil {
		p.read(i, pixels)
	}
	return nil
}

func testData() *DataSet {
	return &DataSet{Train: photographs{count: 40}, Test: photographs{count: 10}, Hash: "test"}
}

// fakeSpecification is a short run of the fake.
func fakeSpecification(clip string, steps int64) Specification {
	s := Default()
	s.Engine, s.Clip, s.Steps = "fake", clip, steps
	s.Optimizer = Optimizer{Kind: "sgd", LearningRate: 0.05, Schedule: "constant"}
	s.Decay = 0.97
	return s
}

// begin makes a run's folder.
func begin(t testing.TB, s Specification, data *DataSet) string {
	t.Helper()
	if err := Resolve(&s, data, withFake); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if err := Create(dir, s, Here("test", 0, "")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func train(t testing.TB, dir string, data *DataSet) *runfolder.Result {
	t.Helper()
	result, err := Train(context.Background(), dir, data, Options{Engines: withFake})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func contents(t testing.TB, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
