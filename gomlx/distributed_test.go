package gomlx

import (
	"testing"

	"alrc"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// twins is a backend of one device for SPMD graphs, whose AllReduce adds what a second replica with the same losses
// would have sent.
type twins struct{ compute.Backend }

func (b twins) Builder(name string) compute.Builder { return twinBuilder{b.Backend.Builder(name)} }

type twinBuilder struct{ compute.Builder }

func (twinBuilder) DistributedSPMD(int) error { return nil }

func (b twinBuilder) Main() compute.Function { return twinFunction{b.Builder.Main()} }

type twinFunction struct{ compute.Function }

func (f twinFunction) AllReduce(operands []compute.Value, _ compute.ReduceOpType, _ [][]int) ([]compute.Value, error) {
	sums := make([]compute.Value, len(operands))
	for i, x := range operands {
		sum, err := f.Function.Add(x, x)
		if err != nil {
			return nil, err
		}
		sums[i] = sum
	}
	return sums, nil
}

// Parameter and Return leave out how a tensor lies on the devices: it is all on the one.
func (f twinFunction) Parameter(name string, shape shapes.Shape, _ *compute.ShardingSpec) (compute.Value, error) {
	return f.Function.Parameter(name, shape, nil)
}

func (f twinFunction) Return(outputs []compute.Value, _ []*compute.ShardingSpec) error {
	return f.Function.Return(outputs, nil)
}

func TestSPMDSumsOverReplicas(t *testing.T) {
	mesh, err := distributed.NewDeviceMesh([]int{1}, []string{"data"})
	if err != nil {
		t.Fatal(err)
	}
	o := alrc.Options{N: 1, Moments: &alrc.Moments{Mu1: 2, Mu2: 5}}
	m := must(t)(OneSided(o))
	store := model.NewStore()
	exec, err := model.NewExec(twins{testBackend(t)}, store, func(scope *model.Scope, losses *graph.Node) *graph.Node {
		scope.Store().SetTraining(losses.Graph(), true)
		return m.Clip(scope, losses)
	})
	if err != nil {
		t.Fatal(err)
	}
	losses := []float64{1, 2, 30}
	if _, err := exec.SPMD(mesh).Call(losses); err != nil {
		t.Fatal(err)
	}
	clipper, err := alrc.New(o)
	if err != nil {
		t.Fatal(err)
	}
	part := clipper.Scales(losses, make([]float64, 3))
	clipper.Observe(part.Merge(part))
	want := clipper.State()
	got, err := m.State(store, "/")
	if err != nil {
		t.Fatal(err)
	}
	if got.Losses != 6 || got.Clipped != 2 || !near(got.Mu1, want.Mu1, 1e-12) || !near(got.Mu2, want.Mu2, 1e-12) {
		t.Errorf("state %+v, the library's of both parts %+v", got, want)
	}
}
