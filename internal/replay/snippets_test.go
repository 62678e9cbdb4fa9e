package replay

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alrc"
)

var testRecommendation = Recommendation{N: 2.5, Decay: 0.99, Mu1: 3, Mu2: 12}

// The lines for this library compile, and scale as they say.
func TestGoSnippet(t *testing.T) {
	imports, body, _ := strings.Cut(snippets(testRecommendation)["go"], "\n")
	program := "package main\n\n" + imports + "\nimport \"fmt\"\n\nfunc run() error {\n\tlosses, scales := []float64{1}, []float64{0}\n" + body +
		"\tfmt.Println(scales)\n\treturn nil\n}\n\nfunc main() {\n\tif err := run(); err != nil {\n\t\tpanic(err)\n\t}\n}\n"
	dir := t.TempDir()
	path := filepath.Join(dir, "main.go")
	if err := os.WriteFile(path, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// The program is put into the module without touching it.
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "cmd", "snippet", "main.go"): path}})
	if err != nil {
		t.Fatal(err)
	}
	overlayPath := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayPath, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "run", "-overlay", overlayPath, "./cmd/snippet")
	command.Dir = root
	out, err := command.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "[1]" {
		t.Errorf("%v\n%s\n%s", err, out, program)
	}
}

// pythonWith returns a Python that can import a module.
func pythonWith(t *testing.T, module string) string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	t.Skipf("no python3 with %s", module)
	return ""
}

// python runs a snippet on the batches of losses, and returns what it prints: for each batch a list of numbers.
func python(t *testing.T, interpreter, program string, batches [][]float64) (out [][]float64) {
	t.Helper()
	var list []string
	for _, batch := range batches {
		var items []string
		for _, loss := range batch {
			items = append(items, fmt.Sprintf("float('%v')", loss))
		}
		list = append(list, "["+strings.Join(items, ",")+"]")
	}
	program = strings.Replace(program, "BATCHES", "["+strings.Join(list, ",")+"]", 1)
	command := exec.Command(interpreter, "-c", program)
	var stderr strings.Builder
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(printed, &out); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	return out
}

// snippetBatches has spikes, negative and zero losses, and one that is not finite.
func snippetBatches() [][]float64 {
	return [][]float64{{1, 2, 3, 4}, {5, 100, 2, 1}, {0, -1, 50, 2}, {math.NaN(), 1e4, 1, 1}, {math.Inf(1), 2, 3, 1}, {1e-3, 30, 20, 8},
		{-50, -60, -40, -70}, {1, 1, 1, 1}}
}

// wantGradients are what the library makes of the batches: the gradient of each loss in the mean.
func wantGradients(t *testing.T) (want [][]float64) {
	r := testRecommendation
	clipper, err := alrc.New(alrc.Options{N: r.N, Decay: r.Decay, Moments: &alrc.Moments{Mu1: r.Mu1, Mu2: r.Mu2}})
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range snippetBatches() {
		scales := make([]float64, len(batch))
		clipper.Step(batch, scales)
		for i := range scales {
			scales[i] /= float64(len(scales))
		}
		want = append(want, scales)
	}
	return want
}

func compare(t *testing.T, got, want [][]float64, tolerance float64) {
	t.Helper()
	for i := range want {
		for j := range want[i] {
			if math.Abs(got[i][j]-want[i][j]) > tolerance*max(want[i][j], 1e-3) {
				t.Errorf("batch %d, loss %d: gradient %v; the library says %v", i, j, got[i][j], want[i][j])
			}
		}
	}
}

func TestPyTorchSnippet(t *testing.T) {
	interpreter := pythonWith(t, "torch")
	got := python(t, interpreter, snippets(testRecommendation)["pytorch"]+`
import json
alrc, out = ALRC(), []
for batch in BATCHES:
    losses = torch.tensor(batch, dtype=torch.float64, requires_grad=True)
    total = alrc(losses)
    assert torch.isfinite(total)
    total.backward()
    out.append(losses.grad.tolist())
print(json.dumps(out))
`, snippetBatches())
	compare(t, got, wantGradients(t), 1e-12)
}

func TestJAXSnippet(t *testing.T) {
	interpreter := pythonWith(t, "jax")
	got := python(t, interpreter, snippets(testRecommendation)["jax"]+`
import json
moments, out = ALRC_START, []
for batch in BATCHES:
    gradient, moments = jax.grad(alrc, has_aux=True)(jnp.array(batch, dtype=jnp.float32), moments)
    out.append(gradient.tolist())
print(json.dumps(out))
`, snippetBatches())
	compare(t, got, wantGradients(t), 1e-4)
}
