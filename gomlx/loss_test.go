package gomlx

import (
	"math"
	"strings"
	"testing"

	"alrc"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// line is the model weight * x, with a weight of 1 to start from.
func line(scope *model.Scope, x *graph.Node) *graph.Node {
	weight := scope.VariableWithValue("weight", float32(1)).NodeValue(x.Graph())
	return graph.Mul(x, weight)
}

func squared(labels, predictions []*graph.Node) *graph.Node {
	return graph.Square(graph.Sub(predictions[0], labels[0]))
}

func weightOf(t *testing.T, store *model.Store) float32 {
	t.Helper()
	value, err := store.GetVariable("/weight").Value()
	if err != nil {
		t.Fatal(err)
	}
	return value.Value().(float32)
}

func trainLine(t *testing.T, backend compute.Backend, modelFn func(*model.Scope, *graph.Node) *graph.Node, lossFn train.LossFn) (*train.Trainer, *model.Store) {
	t.Helper()
	store := model.NewStore()
	sgd := optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(0.01).Done()
	trainer := train.NewTrainer(backend, store, modelFn, lossFn, sgd,
		[]metric.Interface{Threshold("/alrc"), ClippedShare("/alrc")}, nil)
	return trainer, store
}

func batch(x, y []float32) train.Batch {
	return train.Batch{
		Inputs: []*tensors.Tensor{tensors.FromValue(x)}, Labels: []*tensors.Tensor{tensors.FromValue(y)},
	}
}

func TestLossInTrainer(t *testing.T) {
	backend := testBackend(t)
	m := must(t)(OneSided(alrc.Options{N: 1, Moments: &alrc.Moments{Mu1: 3, Mu2: 10}}))
	trainer, store := trainLine(t, backend, line, m.Loss("/alrc", squared))
	// Losses 1 and 100, gradients 2 and 200; the threshold is 3 + 1.
	metrics, err := trainer.TrainStep(batch([]float32{1, 10}, []float32{0, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := weightOf(t, store), 1-0.01*(2+0.04*200)/2; !near(float64(got), want, 1e-6) {
		t.Errorf("the weight is %v, want %v", got, want)
	}
	names := make([]string, len(metrics))
	for i, m := range trainer.TrainMetrics() {
		names[i] = m.ShortName() + "=" + m.PrettyPrint(metrics[i])
	}
	if got := strings.Join(names, " "); got != "loss=2.5 ~loss=2.5 threshold=4 ~clipped=0.5" {
		t.Errorf("metrics %s", got)
	}
	evaluated, err := trainer.EvalStep(batch([]float32{1, 10}, []float32{0, 0}))
	if err != nil {
		t.Fatal(err)
	}
	w := float64(weightOf(t, store))
	if got := evaluated[0].Value().(float32); !near(float64(got), (w*w+100*w*w)/2, 1e-5) {
		t.Errorf("the evaluated loss is %v, want it unclipped", got)
	}
	if state, err := m.State(store, "/alrc"); err != nil || state.Steps != 1 || state.Clipped != 1 {
		t.Errorf("state %+v (%v)", state, err)
	}
}

// A prediction or label that is not a number sends nothing into the weights, and the other examples still train.
func TestLossStopsNaN(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	m := must(t)(OneSided(alrc.Options{Moments: alrc.Published()}))
	for _, label := range []float32{inf, nan, math.MaxFloat32} {
		trainer, store := trainLine(t, testBackend(t), line, m.Loss("/alrc", squared))
		if _, err := trainer.TrainStep(batch([]float32{1, 2}, []float32{0, label})); err != nil {
			t.Fatal(err)
		}
		if got := weightOf(t, store); !near(float64(got), 1-0.01*2/2, 1e-6) {
			t.Errorf("label %v: the weight is %v, want 0.99", label, got)
		}
	}
	// Several losses an example, and one for all.
	for name, lossFn := range map[string]train.LossFn{
		"two an example": func(labels, predictions []*graph.Node) *graph.Node {
			both := squared(labels, predictions)
			return graph.Stack([]*graph.Node{both, both}, 1)
		},
		"one for all": func(labels, predictions []*graph.Node) *graph.Node {
			return graph.ReduceAllMean(squared(labels, predictions))
		},
	} {
		trainer, store := trainLine(t, testBackend(t), line, m.Loss("/alrc", lossFn))
		if _, err := trainer.TrainStep(batch([]float32{1, 2}, []float32{0, nan})); err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{"two an example": 0.99, "one for all": 1}[name]
		if got := weightOf(t, store); !near(float64(got), want, 1e-6) {
			t.Errorf("%s: the weight is %v, want %v", name, got, want)
		}
	}
}

func TestGuardKeepsNaNOut(t *testing.T) {
	m := must(t)(OneSided(alrc.Options{Moments: alrc.Published()}))
	guarded := func(scope *model.Scope, x *graph.Node) *graph.Node {
		return Guard([]*graph.Node{x}, func(inputs []*graph.Node) []*graph.Node {
			return []*graph.Node{line(scope, inputs[0])}
		})[0]
	}
	for _, input := range []float64{math.Inf(-1), math.NaN()} {
		trainer, store := trainLine(t, testBackend(t), guarded, m.Loss("/alrc", squared))
		if _, err := trainer.TrainStep(batch([]float32{1, float32(input)}, []float32{0, 0})); err != nil {
			t.Fatal(err)
		}
		if got := weightOf(t, store); !near(float64(got), 0.99, 1e-6) {
			t.Errorf("input %v: the weight is %v, want 0.99", input, got)
		}
		if state, err := m.State(store, "/alrc"); err != nil || state.NonFinite != 1 {
			t.Errorf("input %v: state %+v (%v)", input, state, err)
		}
	}
}

func TestMetricsWithoutClipping(t *testing.T) {
	trainer, _ := trainLine(t, testBackend(t), line, squared)
	_, err := trainer.TrainStep(batch([]float32{1}, []float32{0}))
	if err == nil || !strings.Contains(err.Error(), "no loss is clipped in scope") {
		t.Errorf("error %v", err)
	}
}
