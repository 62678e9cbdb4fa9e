package gomlx

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"alrc"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// testBackend is the backend that $GOMLX_BACKEND names, or GoMLX's pure Go backend.
func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := compute.NewWithConfig(cmp.Or(os.Getenv(compute.ConfigEnvVar), gobackend.BackendName))
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// withoutDouble makes the moments single precision for the length of a test.
func withoutDouble(t *testing.T) {
	before := hasDouble
	hasDouble = func(compute.Backend) bool { return false }
	t.Cleanup(func() { hasDouble = before })
}

// A stepper clips losses, and returns the clipped losses and the gradient of their sum.
type stepper struct {
	t     *testing.T
	store *model.Store
	exec  *model.Exec
}

func newStepper(t *testing.T, backend compute.Backend, m *Method, training bool) *stepper {
	t.Helper()
	store := model.NewStore()
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, losses *graph.Node) (clipped, gradient, upper *graph.Node) {
		g := losses.Graph()
		scope.Store().SetTraining(g, training)
		clipped = m.Clip(scope, losses)
		return clipped, graph.Gradient(graph.ReduceAllSum(clipped), losses)[0], resultIn(g, "/").upper
	})
	if err != nil {
		t.Fatal(err)
	}
	return &stepper{t: t, store: store, exec: exec}
}

func (s *stepper) step(losses any) (clipped, gradient any, upper float64) {
	s.t.Helper()
	a, b, c, err := s.exec.Call3(losses)
	if err != nil {
		s.t.Fatal(err)
	}
	switch x := c.Value().(type) {
	case float64:
		upper = x
	case float32:
		upper = float64(x)
	}
	return a.Value(), b.Value(), upper
}

func must(t *testing.T) func(*Method, error) *Method {
	return func(m *Method, err error) *Method {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// near is whether got equals want within a relative tolerance.
func near(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*math.Abs(want)
}

func TestGoldenVectors(t *testing.T) {
	file, err := os.Open("../testdata/one-sided.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Kind   string
			N      float64
			Decay  float64
			Mu1    float64 `json:"mu1_start"`
			Mu2    float64 `json:"mu2_start"`
			Losses [][]float64
			Steps  []struct {
				Threshold, Mu1, Mu2 float64
				Scales              []float64
			}
		}
	}
	if err := json.NewDecoder(unzipped).Decode(&golden); err != nil {
		t.Fatal(err)
	}
	backend := testBackend(t)
	for i, c := range golden.Cases {
		o := alrc.Options{N: c.N, Decay: c.Decay, Moments: &alrc.Moments{Mu1: c.Mu1, Mu2: c.Mu2}}
		m := must(t)(OneSided(o))
		s := newStepper(t, backend, m, true)
		for j, want := range c.Steps {
			losses := make([]float32, len(c.Losses[j]))
			for k, loss := range c.Losses[j] {
				losses[k] = float32(loss)
			}
			_, gradient, upper := s.step(losses)
			if !near(upper, want.Threshold, 1e-5) {
				t.Fatalf("case %d (%s), step %d: threshold %v, want %v", i, c.Kind, j, upper, want.Threshold)
			}
			for k, scale := range gradient.([]float32) {
				if !near(float64(scale), want.Scales[k], 1e-5) {
					t.Fatalf("case %d (%s), step %d, loss %d: scale %v, want %v", i, c.Kind, j, k, scale, want.Scales[k])
				}
			}
		}
		last := c.Steps[len(c.Steps)-1]
		state, err := m.State(s.store, "/")
		if err != nil {
			t.Fatal(err)
		}
		// A moment can decay to nothing, where the relative error of its float32 losses says nothing.
		if !near(state.Mu1, last.Mu1, 1e-5) || !near(state.Mu2, last.Mu2, 1e-5) && math.Abs(state.Mu2-last.Mu2) > 1e-12 {
			t.Errorf("case %d (%s): moments %v and %v, want %v and %v", i, c.Kind, state.Mu1, state.Mu2, last.Mu1, last.Mu2)
		}
	}
}

// spiky returns losses about a level that drifts down, one in fifty of them a spike.
func spiky(random *rand.Rand, step int, losses []float32) {
	level := 8 + 20*math.Exp(-float64(step)/2000)
	for i := range losses {
		loss := level * (1 + 0.01*random.NormFloat64())
		if random.IntN(50) == 0 {
			loss *= 5 + 20*random.Float64()
		}
		losses[i] = float32(loss)
	}
}

// The losses' deviation is a hundredth of their mean, so that mu2 - mu1^2 loses four digits.
func TestAgreesWithLibrary(t *testing.T) {
	published := alrc.Published()
	cases := []struct {
		name    string
		method  func() (*Method, error)
		clipper func() (alrc.Clipper, error)
		shift   float32
	}{
		{"published", func() (*Method, error) { return OneSided(alrc.Options{Moments: published}) },
			func() (alrc.Clipper, error) { return alrc.New(alrc.Options{Moments: published}) }, 0},
		{"automatic", func() (*Method, error) { return OneSided(alrc.Options{}) },
			func() (alrc.Clipper, error) { return alrc.New(alrc.Options{}) }, 0},
		{"negative losses", func() (*Method, error) { return OneSided(alrc.Options{N: 2}) },
			func() (alrc.Clipper, error) { return alrc.New(alrc.Options{N: 2}) }, -50},
		{"distance", func() (*Method, error) { return OneSided(alrc.Options{Rule: alrc.RuleDistance}) },
			func() (alrc.Clipper, error) { return alrc.New(alrc.Options{Rule: alrc.RuleDistance}) }, 0},
		{"ratio", func() (*Method, error) { return OneSided(alrc.Options{Rule: alrc.RuleRatio}) },
			func() (alrc.Clipper, error) { return alrc.New(alrc.Options{Rule: alrc.RuleRatio}) }, -15},
		{"two-sided", func() (*Method, error) { return TwoSided(alrc.TwoSidedOptions{NDown: 2}) },
			func() (alrc.Clipper, error) { return alrc.NewTwoSided(alrc.TwoSidedOptions{NDown: 2}) }, 0},
		{"two-sided published", func() (*Method, error) {
			return TwoSided(alrc.TwoSidedOptions{Moments: published, NUp: math.Inf(1), NDown: 0.5})
		}, func() (alrc.Clipper, error) {
			return alrc.NewTwoSided(alrc.TwoSidedOptions{Moments: published, NUp: math.Inf(1), NDown: 0.5})
		}, 0},
		{"constant", func() (*Method, error) { return Constant(40) },
			func() (alrc.Clipper, error) { return alrc.NewConstant(40) }, 0},
	}
	backend := testBackend(t)
	for _, precision := range []string{"double", "single"} {
		for _, c := range cases {
			steps := 1000
			if c.name == "published" || c.name == "automatic" {
				steps = 10000
			}
			if testing.Short() {
				steps = 300
			}
			t.Run(precision+"/"+c.name, func(t *testing.T) {
				if precision == "single" {
					withoutDouble(t)
				}
				clipper, err := c.clipper()
				if err != nil {
					t.Fatal(err)
				}
				m := must(t)(c.method())
				s := newStepper(t, backend, m, true)
				random := rand.New(rand.NewPCG(1, 2))
				losses, scales := make([]float32, 4), make([]float32, 4)
				worst := 0.0
				for step := range steps {
					spiky(random, step, losses)
					for i := range losses {
						losses[i] += c.shift
					}
					if step%97 == 5 {
						losses[step%4] = float32(math.Inf(1))
						losses[(step+1)%4] = float32(math.NaN())
					}
					if step == 200 {
						for i := range losses {
							losses[i] = float32(math.NaN())
						}
					}
					want := clipper.Limits().Upper
					clipper.Step32(losses, scales)
					clipped, gradient, upper := s.step(losses)
					if !near(upper, want, 1e-5) {
						t.Fatalf("step %d: threshold %v, the library's %v", step, upper, want)
					}
					if !math.IsInf(want, 0) && want != 0 {
						worst = max(worst, math.Abs(upper/want-1))
					}
					for i, scale := range gradient.([]float32) {
						// A float32 loss next to the threshold may be on either side of it.
						if !near(float64(scale), float64(scales[i]), 2e-4) {
							t.Fatalf("step %d: scales %v of losses %v, the library's %v", step, gradient, losses, scales)
						}
						value := clipped.([]float32)[i]
						if scale == 0 && value != 0 || scale > 0 && !near(float64(value), float64(scale*losses[i]), 1e-6) {
							t.Fatalf("step %d: clipped losses %v of losses %v with scales %v", step, clipped, losses, gradient)
						}
					}
				}
				t.Logf("largest relative error of a threshold in %d steps: %.1e", steps, worst)
				got, err := m.State(s.store, "/")
				if err != nil {
					t.Fatal(err)
				}
				want := clipper.State()
				if got.Steps != want.Steps || got.Losses != want.Losses || got.Clipped != want.Clipped ||
					got.Raised != want.Raised || got.NonFinite != want.NonFinite {
					t.Errorf("counts %+v, the library's %+v", got, want)
				}
				if err := clipper.Restore(got); err != nil {
					t.Errorf("the library does not take the state: %v", err)
				}
			})
		}
	}
}

// Under an automatic start the state is the library's from the first step on.
func TestAutomaticStartState(t *testing.T) {
	m := must(t)(OneSided(alrc.Options{}))
	clipper, _ := alrc.New(alrc.Options{})
	s := newStepper(t, testBackend(t), m, true)
	random := rand.New(rand.NewPCG(3, 4))
	losses, scales := make([]float32, 2), make([]float32, 2)
	for step := range 30 {
		spiky(random, step, losses)
		clipper.Step32(losses, scales)
		s.step(losses)
		got, err := m.State(s.store, "/")
		if err != nil {
			t.Fatal(err)
		}
		want := clipper.State()
		if !near(got.Mu1, want.Mu1, 1e-12) || !near(got.Mu2, want.Mu2, 1e-12) || !near(got.Bias, want.Bias, 1e-9) ||
			len(got.Start) != len(want.Start) {
			t.Fatalf("step %d: state %+v, the library's %+v", step, got, want)
		}
	}
}

func TestGradientIsScaledGradient(t *testing.T) {
	// The clipped loss of w is scale * (w*x - y)^2, with the scale a constant. Finite differences are of the loss.
	backend := testBackend(t)
	m := must(t)(OneSided(alrc.Options{N: 1, Moments: &alrc.Moments{Mu1: 2, Mu2: 5}}))
	x, y := []float64{1, -2, 3, 30}, []float64{0.5, 1, -1, 4}
	const w = 0.7
	loss := func(w float64, i int) float64 { return (w*x[i] - y[i]) * (w*x[i] - y[i]) }
	for i := range x {
		store := model.NewStore()
		out, err := model.CallOnceN(backend, store, func(scope *model.Scope, w, x, y *graph.Node) (a, b *graph.Node) {
			clipped := m.Clip(scope, graph.Square(graph.Sub(graph.Mul(w, x), y)))
			return clipped, graph.Gradient(clipped, w)[0]
		}, w, x[i], y[i])
		if err != nil {
			t.Fatal(err)
		}
		scale := min(1, 3/loss(w, i)) // mu1 + n*sigma = 2 + 1
		const h = 1e-5
		want := scale * (loss(w+h, i) - loss(w-h, i)) / (2 * h)
		if got := out[1].Value().(float64); got == 0 || !near(got, want, 1e-6) {
			t.Errorf("loss %v: gradient %v, want %v", loss(w, i), got, want)
		}
		if got := out[0].Value().(float64); !near(got, scale*loss(w, i), 1e-7) {
			t.Errorf("loss %v: clipped %v, want %v", loss(w, i), got, scale*loss(w, i))
		}
	}
}

func TestNonFiniteLosses(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, method := range []func() (*Method, error){
		func() (*Method, error) { return OneSided(alrc.Options{Moments: alrc.Published()}) },
		func() (*Method, error) { return OneSided(alrc.Options{}) },
		func() (*Method, error) { return TwoSided(alrc.TwoSidedOptions{Moments: alrc.Published()}) },
		func() (*Method, error) { return Constant(40) },
	} {
		m := must(t)(method())
		s := newStepper(t, testBackend(t), m, true)
		s.step([]float64{1, 20, 3, 1e-9})
		state, _ := m.State(s.store, "/")
		clipped, gradient, _ := s.step([]float64{nan, inf, -inf, nan})
		for i := range 4 {
			if c, g := clipped.([]float64)[i], gradient.([]float64)[i]; c != 0 || g != 0 {
				t.Errorf("%s: clipped loss %v with gradient %v, want 0 and 0", m.variant(), c, g)
			}
		}
		after, _ := m.State(s.store, "/")
		if after.Mu1 != state.Mu1 || after.Mu2 != state.Mu2 || after.Up != state.Up || after.NonFinite != 4 {
			t.Errorf("%s: state %+v, before the non-finite step %+v", m.variant(), after, state)
		}
		clipped, gradient, _ = s.step([]float64{0, -0.0, -5, 1e300})
		for i := range 4 {
			if c, g := clipped.([]float64)[i], gradient.([]float64)[i]; math.IsNaN(c) || !(g > 0) {
				t.Errorf("%s: clipped loss %v with gradient %v", m.variant(), c, g)
			}
		}
	}
}

func TestShapesAndTypes(t *testing.T) {
	m := must(t)(Constant(4))
	s := newStepper(t, testBackend(t), m, true)
	if _, gradient, _ := s.step(float32(8)); gradient.(float32) != 0.5 {
		t.Errorf("a scalar loss has gradient %v, want 0.5", gradient)
	}
	_, gradient, _ := s.step([][]float64{{1, 8}, {16, 2}})
	if got := gradient.([][]float64); got[0][0] != 1 || got[0][1] != 0.5 || got[1][0] != 0.25 || got[1][1] != 1 {
		t.Errorf("losses of shape [2,2] have gradients %v", got)
	}
	for _, dtype := range []dtypes.DType{dtypes.Float16, dtypes.BFloat16} {
		store := model.NewStore()
		got, err := model.CallOnce(testBackend(t), store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			scope.Store().SetTraining(x.Graph(), true)
			half := graph.ConvertDType(x, dtype)
			clipped := m.Clip(scope, half)
			if clipped.DType() != dtype {
				t.Errorf("losses of %s become %s", dtype, clipped.DType())
			}
			return graph.Gradient(graph.ConvertDType(graph.ReduceAllSum(clipped), dtypes.Float32), x)[0]
		}, []float32{1, 8})
		if err != nil {
			t.Fatalf("%s: %v", dtype, err)
		}
		if g := got.Value().([]float32); g[0] != 1 || g[1] != 0.5 {
			t.Errorf("%s: gradients %v", dtype, g)
		}
	}
	_, err := model.CallOnce(testBackend(t), model.NewStore(), func(scope *model.Scope, x *graph.Node) *graph.Node {
		return Clip(scope, x)
	}, []int32{1, 2})
	if err == nil || !strings.Contains(err.Error(), "float") {
		t.Errorf("integer losses: error %v", err)
	}
}

func TestMomentsMoveInTrainingOnly(t *testing.T) {
	m := must(t)(OneSided(alrc.Options{Moments: alrc.Published()}))
	s := newStepper(t, testBackend(t), m, false)
	_, gradient, upper := s.step([]float32{1, 1150})
	if g := gradient.([]float32); g[0] != 1 || !near(float64(g[1]), upper/1150, 1e-6) {
		t.Errorf("gradients %v at threshold %v", g, upper)
	}
	state, err := m.State(s.store, "/")
	if err != nil {
		t.Fatal(err)
	}
	if state.Mu1 != 25 || state.Mu2 != 900 || state.Steps != 0 {
		t.Errorf("an evaluation moved the state to %+v", state)
	}
}

func TestScopesAreApart(t *testing.T) {
	m := must(t)(OneSided(alrc.Options{Moments: alrc.Published()}))
	store := model.NewStore()
	_, err := model.CallOnce(testBackend(t), store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		scope.Store().SetTraining(x.Graph(), true)
		return graph.Add(m.Clip(scope, x), m.Clip(scope.At("other"), graph.MulScalar(x, 2.0)))
	}, []float64{10})
	if err != nil {
		t.Fatal(err)
	}
	a, errA := m.State(store, "/")
	b, errB := m.State(store, "/other")
	if errA != nil || errB != nil || !near(a.Mu1, 24.985, 1e-12) || !near(b.Mu1, 24.995, 1e-12) {
		t.Errorf("means %v (%v) and %v (%v), want 24.985 and 24.995", a.Mu1, errA, b.Mu1, errB)
	}
	_, err = model.CallOnce(testBackend(t), model.NewStore(), func(scope *model.Scope, x *graph.Node) *graph.Node {
		return graph.Add(m.Clip(scope, x), m.Clip(scope, x))
	}, []float64{10})
	if err == nil || !strings.Contains(err.Error(), "scope of its own") {
		t.Errorf("a scope used twice: error %v", err)
	}
	if _, err := m.State(model.NewStore(), "/"); err == nil {
		t.Error("a model without a clipped loss has a state")
	}
}

// The sums of two replicas' parts of a batch, added as AllReduce does, are the library's merged statistics.
func TestReplicas(t *testing.T) {
	for name, makes := range map[string]struct {
		method  func() (*Method, error)
		clipper func() (alrc.Clipper, error)
	}{
		"one-sided": {func() (*Method, error) { return OneSided(alrc.Options{N: 1}) },
			func() (alrc.Clipper, error) { return alrc.New(alrc.Options{N: 1}) }},
		"two-sided": {func() (*Method, error) { return TwoSided(alrc.TwoSidedOptions{NUp: 1}) },
			func() (alrc.Clipper, error) { return alrc.NewTwoSided(alrc.TwoSidedOptions{NUp: 1}) }},
	} {
		m := must(t)(makes.method())
		clipper, err := makes.clipper()
		if err != nil {
			t.Fatal(err)
		}
		store := model.NewStore()
		exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, a, b *graph.Node) *graph.Node {
			g := a.Graph()
			s := m.variables(scope.At(scopeName), dtypes.Float64)
			thresholds := m.thresholds(g, s)
			local := func(x *graph.Node) []*graph.Node {
				finite := graph.IsFinite(x)
				x = graph.Where(finite, x, graph.ZerosLike(x))
				scale, limited := thresholds.limit(m, x)
				return m.sums(thresholds, x, limited, scale, finite)
			}
			sums := local(a)
			for i, sum := range local(b) {
				sums[i] = graph.Add(sums[i], sum)
			}
			r := m.result(thresholds, dtypes.Float64, sums)
			m.observe(g, s, r)
			return r.upper
		})
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(5, 6))
		for step := range 100 {
			parts := [2][]float64{make([]float64, 3), make([]float64, 5)}
			var merged alrc.Statistics
			for i, losses := range parts {
				for j := range losses {
					losses[j] = 10 * random.ExpFloat64()
				}
				if step%9 == 4 {
					losses[i] = math.NaN()
				}
				merged = merged.Merge(clipper.Scales(losses, make([]float64, len(losses))))
			}
			want := clipper.Limits().Upper
			clipper.Observe(merged)
			upper, err := exec.Call1(parts[0], parts[1])
			if err != nil {
				t.Fatal(err)
			}
			if got := upper.Value().(float64); !near(got, want, 1e-10) {
				t.Fatalf("%s, step %d: threshold %v, the library's %v", name, step, got, want)
			}
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := OneSided(alrc.Options{Decay: 2}); err == nil {
		t.Error("decay 2 is taken")
	}
	if _, err := TwoSided(alrc.TwoSidedOptions{MaxRaise: 0.5}); err == nil {
		t.Error("a raise of at most 0.5 is taken")
	}
	if _, err := Constant(-1); err == nil {
		t.Error("a negative threshold is taken")
	}
}
