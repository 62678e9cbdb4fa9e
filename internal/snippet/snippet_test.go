package snippet

import (
	"encoding/json"
	"fmt"
	"go/format"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alrc"
)

// The module for this library compiles.
func TestGoSnippet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clip.go")
	if err := os.WriteFile(path, []byte(Text("go", 2.5, 0.99)), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "vet", path)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Those in Go are formatted, and have the settings that are asked for.
func TestSettings(t *testing.T) {
	for _, framework := range Frameworks {
		text := Text(framework, 2, 0.99)
		if !strings.Contains(text, "2.0") || !strings.Contains(text, "0.99") || strings.Contains(text, "$") {
			t.Errorf("%s: the settings are not filled in:\n%s", framework, text)
		}
		if formatted, err := format.Source([]byte(text)); strings.HasPrefix(framework, "go") && (err != nil || string(formatted) != text) {
			t.Errorf("%s: not formatted (%v)", framework, err)
		}
	}
}

// The modules in Python are that, whether or not their frameworks are there.
func TestPythonSyntax(t *testing.T) {
	interpreter := pythonWith(t, "ast")
	for _, framework := range []string{"pytorch", "jax"} {
		command := exec.Command(interpreter, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
		command.Stdin = strings.NewReader(Text(framework, 3, 0.999))
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", framework, err, out)
		}
	}
}

// pythonWith returns a Python that has a module.
func pythonWith(t *testing.T, module string) string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		// To import it would take as long as a test.
		if exec.Command(python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('"+module+"') is None)").Run() == nil {
			return python
		}
	}
	t.Skipf("no python3 with %s", module)
	return ""
}

// series is losses, and what the library makes of them.
type series struct {
	name          string
	N, Decay      float64
	Mu1, Mu2      float64 // both 0 for an automatic start
	Losses        [][]float64
	Scales        [][]float64
	Means, Sigmas []float64 // after each step
}

// allSeries are the library's own vectors, and harder losses.
func allSeries(t *testing.T) (all []*series) {
	content, err := os.ReadFile("../../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		series
		Variant  string
		Distance bool
	}
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if v.Variant == "one-sided" && !v.Distance {
			v.series.name = fmt.Sprintf("vector %d", i)
			all = append(all, &v.series)
		}
	}
	if len(all) < 2 {
		t.Fatal("there are no vectors")
	}
	nan, inf := math.NaN(), math.Inf(1)
	hard := [][]float64{{1, 2, 3, 4}, {5, 100, 2, 1}, {0, -1, 50, 2}, {nan, 1e4, 1, 1}, {nan, inf, nan, -inf}, {inf, 2, 3, 1},
		{1e-3, 30, 20, 8}, {-50, -60, -40, -70}, {1, 1, 1, 1}, {1e36, 1, 2, 1}, {3, 1, 2, 1}}
	all = append(all, &series{name: "given moments", N: 2.5, Decay: 0.99, Mu1: 3, Mu2: 12, Losses: hard})
	var automatic [][]float64
	for step := range 120 {
		wave := math.Sin(float64(step*step)) / 4
		batch := []float64{3 + wave, 2.5 - wave*wave, 3 + wave/2}
		switch step {
		case 3, 11, 60:
			batch[1] = 400
		case 4, 70:
			batch[0] = nan
		case 5, 71:
			batch = []float64{nan, nan, inf}
		}
		automatic = append(automatic, batch)
	}
	all = append(all, &series{name: "automatic start", N: 3, Decay: 0.99, Losses: automatic})
	zeros := make([][]float64, 60)
	for step := range zeros {
		zeros[step] = []float64{0, max(0, float64(step%4-2)), float64(step % 2)}
	}
	all = append(all, &series{name: "mostly zero", N: 2, Decay: 0.9, Losses: zeros})
	for _, s := range all {
		s.compute(t)
	}
	return all
}

// compute makes the results with the library. (Its own tests hold it against the vectors.)
func (s *series) compute(t *testing.T) {
	options := alrc.Options{N: s.N, Decay: s.Decay}
	if s.Mu2 != 0 {
		options.Moments = &alrc.Moments{Mu1: s.Mu1, Mu2: s.Mu2}
	}
	clipper, err := alrc.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Scales = nil
	for _, batch := range s.Losses {
		scales := make([]float64, len(batch))
		clipper.Step(batch, scales)
		s.Scales = append(s.Scales, scales)
		m := clipper.Moments()
		s.Means = append(s.Means, m.Mu1)
		s.Sigmas = append(s.Sigmas, math.Sqrt(max(m.Mu2-m.Mu1*m.Mu1, 0)+alrc.Epsilon))
	}
}

// python runs the module and a program after it, in which SERIES is a list of series, and returns what it prints.
func python(t *testing.T, interpreter, module, program string, all []*series) (printed []byte) {
	t.Helper()
	dir := t.TempDir()
	var list strings.Builder
	list.WriteString("nan, inf = float('nan'), float('inf')\nSERIES = [")
	for _, s := range all {
		moments := "None, None"
		if s.Mu2 != 0 {
			moments = fmt.Sprintf("%v, %v", s.Mu1, s.Mu2)
		}
		fmt.Fprintf(&list, "(%v, %v, %s, [", s.N, s.Decay, moments)
		for _, batch := range s.Losses {
			items := strings.NewReplacer("[", "", "]", "", " ", ", ", "NaN", "nan", "+Inf", "inf", "-Inf", "-inf").Replace(fmt.Sprint(batch))
			fmt.Fprintf(&list, "[%s], ", items)
		}
		list.WriteString("]),\n")
	}
	list.WriteString("]\n")
	for name, text := range map[string]string{"alrc.py": module, "series.py": list.String(), "main.py": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(interpreter, "main.py")
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return printed
}

// result is what a module made of one series.
type result struct {
	Gradients     [][]float64
	Means, Sigmas []float64
}

func compare(t *testing.T, kind string, printed []byte, all []*series, tolerance float64) {
	t.Helper()
	var got []result
	if err := json.Unmarshal(printed, &got); err != nil {
		t.Fatalf("%s: %v: %s", kind, err, printed)
	}
	if len(got) != len(all) {
		t.Fatalf("%s: %d results of %d", kind, len(got), len(all))
	}
	for i, s := range all {
		for step, scales := range s.Scales {
			for j, scale := range scales {
				gradient := got[i].Gradients[step][j] * float64(len(scales))
				if math.Abs(gradient-scale) > tolerance*scale || (gradient == 0) != (scale == 0) {
					t.Fatalf("%s, %s, step %d, loss %d: the gradient is %v times that without clipping; the library says %v",
						kind, s.name, step, j, gradient, scale)
				}
			}
			mean, sigma := got[i].Means[step], got[i].Sigmas[step]
			if math.IsNaN(s.Means[step]) { // there are none yet
				continue
			}
			if math.Abs(mean-s.Means[step]) > tolerance*(math.Abs(s.Means[step])+s.Sigmas[step]) || math.Abs(sigma-s.Sigmas[step]) > tolerance*s.Sigmas[step]*100 {
				t.Fatalf("%s, %s, step %d: mean %v and deviation %v; the library says %v and %v", kind, s.name, step, mean, sigma,
					s.Means[step], s.Sigmas[step])
			}
		}
	}
}

// In double precision, stopped and loaded anew at every step, and in single precision alone.
func TestPyTorchSnippet(t *testing.T) {
	t.Parallel()
	interpreter := pythonWith(t, "torch")
	all := allSeries(t)
	module := Text("pytorch", 3, 0.999)
	printed := python(t, interpreter, module, `
import json, sys
import torch
from alrc import ALRC
from series import SERIES

def run(dtype, reload):
    out = []
    for n, decay, mu1, mu2, batches in SERIES:
        make = lambda: ALRC(n, decay, mu1, mu2, dtype=dtype)
        alrc, gradients, means, sigmas = make(), [], [], []
        for batch in batches:
            losses = torch.tensor(batch, dtype=dtype, requires_grad=True)
            total = alrc(losses)
            assert torch.isfinite(total)
            total.backward()
            gradients.append(losses.grad.tolist())
            state = alrc.get_extra_state().tolist()
            means.append(state[0])
            sigmas.append((state[1] + 1e-8) ** 0.5)
            if reload:
                old, alrc = alrc, make().half()
                alrc.load_state_dict(old.state_dict())
        alrc.eval()
        before = alrc.get_extra_state()
        alrc(torch.tensor([1.0, 2.0]))
        assert torch.equal(before, alrc.get_extra_state())
        out.append({"gradients": gradients, "means": means, "sigmas": sigmas})
    return out

print(json.dumps({"double": run(torch.float64, False), "reloaded": run(torch.float64, True), "single": run(torch.float32, True)}))
`, all)
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(printed, &kinds); err != nil {
		t.Fatal(err)
	}
	compare(t, "double", kinds["double"], all, 1e-10)
	compare(t, "reloaded", kinds["reloaded"], all, 1e-10)
	compare(t, "single", kinds["single"], all, 2e-5)
}

// Compiled, it is what it is otherwise, and is not compiled anew at every step of the start.
func TestPyTorchSnippetCompiled(t *testing.T) {
	t.Parallel()
	interpreter := pythonWith(t, "torch")
	all := allSeries(t)
	printed := python(t, interpreter, Text("pytorch", 3, 0.999), `
import json
import torch
from alrc import ALRC
from series import SERIES

try:
    torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1))
except (AttributeError, RuntimeError):
    print("null")
    raise SystemExit
out = []
for n, decay, mu1, mu2, batches in SERIES:
    torch._dynamo.reset()
    frames = 0
    def count(graph, inputs):
        global frames
        frames += 1
        return graph
    alrc, gradients, means, sigmas = ALRC(n, decay, mu1, mu2), [], [], []
    compiled = torch.compile(alrc, backend=count)
    for batch in batches:
        losses = torch.tensor(batch, dtype=torch.float64, requires_grad=True)
        compiled(losses).backward()
        gradients.append(losses.grad.tolist())
        state = alrc.get_extra_state().tolist()
        means.append(state[0])
        sigmas.append((state[1] + 1e-8) ** 0.5)
    assert 0 < frames < 12, f"{frames} compilations"
    out.append({"gradients": gradients, "means": means, "sigmas": sigmas})
print(json.dumps(out))
`, all)
	if strings.TrimSpace(string(printed)) == "null" {
		t.Skip("this PyTorch compiles nothing")
	}
	compare(t, "compiled", printed, all, 1e-10)
}

// Two ranks, one of which may have no finite loss, move as one clipper that sees both their batches.
func TestPyTorchSnippetOnRanks(t *testing.T) {
	t.Parallel()
	interpreter := pythonWith(t, "torch")
	all := allSeries(t)
	printed := python(t, interpreter, Text("pytorch", 3, 0.999), `
import json, os
import torch
import torch.distributed as dist
from alrc import ALRC
from series import SERIES

rank = 0 if os.fork() else 1
dist.init_process_group("gloo", init_method="file://" + os.path.abspath("store"), rank=rank, world_size=2)
torch.set_num_threads(1)
out = []
for n, decay, mu1, mu2, batches in SERIES:
    alrc, gradients, means, sigmas = ALRC(n, decay, mu1, mu2), [], [], []
    for batch in batches:
        losses = torch.tensor(batch, dtype=torch.float64)
        scales = torch.zeros_like(losses)
        scales[rank::2] = alrc.scales(losses[rank::2])
        dist.all_reduce(scales)
        gradients.append((scales / len(batch)).tolist())
        state = alrc.get_extra_state()
        both = [torch.zeros_like(state), torch.zeros_like(state)]
        dist.all_gather(both, state)
        assert torch.equal(both[0], both[1])
        means.append(state[0].item())
        sigmas.append((state[1].item() + 1e-8) ** 0.5)
    out.append({"gradients": gradients, "means": means, "sigmas": sigmas})
if rank == 0:
    print(json.dumps(out), flush=True)
    assert os.wait()[1] == 0
else:
    os._exit(0)
`, all)
	compare(t, "two ranks", printed, all, 1e-10)
}

// With JAX, where it is there, and with a stand-in on NumPy.
func TestJAXSnippet(t *testing.T) {
	t.Run("itself", func(t *testing.T) { testJAX(t, pythonWith(t, "jax"), "") })
	t.Run("stand-in", func(t *testing.T) { testJAX(t, pythonWith(t, "numpy"), "testdata/standin") })
}

// testJAX tests the module with the JAX that lies in a folder, or with the one that is installed.
func testJAX(t *testing.T, interpreter, folder string) {
	t.Parallel()
	all := allSeries(t)
	program := ""
	if folder != "" {
		path, err := filepath.Abs(folder)
		if err != nil {
			t.Fatal(err)
		}
		program = fmt.Sprintf("import sys\nsys.path.insert(0, %q)\nsys.dont_write_bytecode = True\n", path)
	}
	printed := python(t, interpreter, Text("jax", 3, 0.999), program+`
import json
import jax
import jax.numpy as jnp
from alrc import alrc, alrc_start
from series import SERIES

out = []
for n, decay, mu1, mu2, batches in SERIES:
    state, gradients, means, sigmas = alrc_start(mu1, mu2), [], [], []
    step = jax.jit(jax.grad(lambda losses, state: alrc(losses, state, n, decay), has_aux=True))
    for batch in batches:
        gradient, state = step(jnp.array(batch, dtype=jnp.float32), state)
        gradients.append(gradient.tolist())
        means.append(state.mean.item())
        sigmas.append((state.variance.item() + 1e-8) ** 0.5)
    out.append({"gradients": gradients, "means": means, "sigmas": sigmas})
print(json.dumps(out))
`, all)
	compare(t, "jax", printed, all, 1e-4)
}
