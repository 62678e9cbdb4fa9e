package engine

import (
	"slices"
	"strings"
	"testing"

	"alrc/internal/model"
	"alrc/internal/nn"
	"alrc/internal/stabiliser"

	"github.com/gomlx/compute"
)

func TestErrors(t *testing.T) {
	network := model.Supersampler(0.0625)
	o := nn.Options{Batch: 2, Height: 4, Width: 5, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: nn.Optimizer{LearningRate: 1e-3}}
	for want, change := range map[string]func(o *nn.Options){
		`computes as "gomlx-go"`: func(o *nn.Options) { o.Kernels = "avx2" },
		"Direct":                 func(o *nn.Options) { o.Direct = true },
		"Batch is 0":             func(o *nn.Options) { o.Batch = 0 },
		"Threads is -1":          func(o *nn.Options) { o.Threads = -1 },
		"Loss.Power is 0":        func(o *nn.Options) { o.Loss.Power = 0 },
		"Optimizer.LearningRate": func(o *nn.Options) { o.Optimizer.LearningRate = 0 },
		"the input is 0 by 5":    func(o *nn.Options) { o.Height = 0 },
	} {
		changed := o
		change(&changed)
		if _, err := newEngine(goBackend(), network, changed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	// The backend's own name is what a resumed run asks for.
	o.Kernels = "gomlx-go"
	e := newTestEngine(t, network, o)
	full, two := make([]float32, 2*3*4*5), make([]float32, 2)
	for name, err := range map[string]error{
		"step, inputs":       e.Step(full[1:], full, two, keepAll),
		"step, targets":      e.Step(full, full[1:], two, keepAll),
		"evaluate, raw":      e.Evaluate(full, full, full, two[1:]),
		"evaluate, outputs":  e.Evaluate(full, full, full[1:], two),
		"evaluate, too many": e.Evaluate(slices.Repeat(full, 2), slices.Repeat(full, 2), nil, make([]float32, 4)),
		"load, missing":      e.LoadState(e.SaveState()[1:]),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	none := model.Network{Name: "none", InputChannels: 3, Layers: []model.Layer{{Kind: model.Doubling, Inputs: []int{model.Input}}}}
	e = newTestEngine(t, none, o)
	if err := e.Step(full, make([]float32, 4*len(full)), two, keepAll); err == nil || !strings.Contains(err.Error(), "no weights") {
		t.Errorf("a network without weights: got %v", err)
	}
}

func TestGoBackendIsSequential(t *testing.T) {
	for config, want := range map[string]string{
		"":                  "go:ops_sequential",
		"go":                "go:ops_sequential",
		"go:parallelism=1":  "go:parallelism=1,ops_sequential",
		"go:ops_parallel":   "go:ops_parallel",
		"xla:cuda,tf32=off": "xla:cuda,tf32=off",
	} {
		if got := sequential(config); got != want {
			t.Errorf("%q becomes %q, want %q", config, got, want)
		}
	}
}

type withPlugin struct {
	compute.Backend
	plugin string
}

func (p withPlugin) String() string     { return "xla" }
func (p withPlugin) PluginName() string { return p.plugin }

// A checkpoint of one device is not continued on another.
func TestKernelsNameThePlugin(t *testing.T) {
	for plugin, want := range map[string]string{"cuda": "gomlx-xla-cuda", "/opt/plugins/xla_cuda_plugin.so": "gomlx-xla-xla_cuda_plugin"} {
		if got := kernels(withPlugin{goBackend(), plugin}); got != want {
			t.Errorf("plugin %s: %q, want %q", plugin, got, want)
		}
	}
	if got := kernels(goBackend()); got != "gomlx-go" {
		t.Errorf("the Go backend is %q", got)
	}
}

func TestBackendErrors(t *testing.T) {
	for _, test := range []struct {
		config string
		known  []string
		want   string
	}{
		{"", []string{"go"}, ""},
		{"go:ops_sequential", []string{"go"}, ""},
		{"xla:cuda", []string{"go"}, "-tags xla"},
		{"tpu", []string{"xla", "go"}, `"tpu", and this build has go, xla`},
	} {
		err := checkBackend(test.config, test.known)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%q: got %v, want an error with %q", test.config, err, test.want)
		}
	}
}

// Stabilisers are refused, by name, and not passed over.
func TestStabilisersAreRefused(t *testing.T) {
	spec, err := stabiliser.Parse("norm:0.5")
	if err != nil {
		t.Fatal(err)
	}
	o := nn.Options{Batch: 1, Height: 6, Width: 6, Loss: nn.Loss{Power: 2, Scale: 25}, Optimizer: nn.Optimizer{LearningRate: 1e-3}, Stabiliser: spec}
	for name, try := range map[string]func() error{
		"New":     func() error { _, err := newEngine(goBackend(), model.Supersampler(0.02), o); return err },
		"Kernels": func() error { _, err := Kernels(model.Supersampler(0.02), o); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), "norm:0.5") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}
