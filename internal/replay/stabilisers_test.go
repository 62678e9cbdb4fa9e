package replay

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/clipping"
	"alrc/internal/losslog"
)

// methodsOf replays a log of 2,000 steps whose losses, about 2, and norms, about 0.5, are noisy; change makes them what a test needs.
func methodsOf(t *testing.T, norms bool, change func(step int, loss, norm float64) (float64, float64)) (*Report, map[string]StabiliserResult) {
	t.Helper()
	var text strings.Builder
	text.WriteString("step,loss,grad_norm\n")
	if !norms {
		text.Reset()
		text.WriteString("step,loss\n")
	}
	for step := 1; step <= 2000; step++ {
		noise := math.Sin(float64(step*step)) / 10
		loss, norm := change(step, 2+noise, 0.5+noise)
		if fmt.Fprintf(&text, "%d,%v", step, loss); norms {
			fmt.Fprintf(&text, ",%v", norm)
		}
		text.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := Run(Options{Log: losslog.Options{Inputs: []string{path}}, Clips: []clipping.Spec{{Kind: "none"}, {Kind: "alrc", N: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]StabiliserResult{}
	for _, m := range report.Stabilisers.Methods {
		name, _, _ := strings.Cut(m.Method, ":")
		methods[name] = m
	}
	return report, methods
}

func planted(step int, loss, norm float64) (float64, float64) {
	if step%500 == 0 {
		return 10 * loss, 10 * norm
	}
	return loss, norm
}

// Methods that look for outliers act on the planted spikes and on nothing else; those that act on everything are told as such.
func TestStabilisersOnSpikes(t *testing.T) {
	report, methods := methodsOf(t, true, planted)
	if report.Stabilisers.GradientNorm != "grad_norm" || report.Stabilisers.Episodes != 4 {
		t.Fatalf("%+v", report.Stabilisers)
	}
	for _, name := range []string{"alrc", "norm", "skip"} {
		if m := methods[name]; m.Acted != 4 || m.FalseAlarms != 0 || m.Missed != 0 || m.Note != "" {
			t.Errorf("%+v", m)
		}
	}
	if m := methods["skip"]; m.LongestStop != 1 || m.LongestStopFrom != 500 || m.Sees != "both" {
		t.Errorf("%+v", m)
	}
	if m := methods["autoclip"]; m.ActedShare < 0.85 || m.FalseAlarms < 1700 {
		t.Errorf("%+v", m)
	}
	var text strings.Builder
	if err := report.Print(&text, Appearance{Columns: 80}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "0 of 4") {
		t.Errorf("the table is not printed:\n%s", &text)
	}
	for line := range strings.Lines(text.String()) {
		if len([]rune(line)) > 81 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

// Without norms, those methods alone are there that losses are enough for, and by the losses they find the same.
func TestStabilisersWithoutNorms(t *testing.T) {
	report, methods := methodsOf(t, false, planted)
	if _, ok := methods["norm"]; ok || report.Stabilisers.GradientNorm != "" {
		t.Errorf("%+v", report.Stabilisers)
	}
	for _, name := range []string{"alrc", "skip"} {
		if m := methods[name]; m.Acted != 4 || m.FalseAlarms != 0 || m.Missed != 0 || m.Sees != "losses" {
			t.Errorf("%+v", m)
		}
	}
}

// A number that is not finite shows what public code does with it: lose the weights, skip a window of steps, never act again.
func TestStabilisersOnNaN(t *testing.T) {
	_, methods := methodsOf(t, true, func(step int, loss, norm float64) (float64, float64) {
		if step == 300 {
			return math.NaN(), math.NaN()
		}
		return planted(step, loss, norm)
	})
	for name, want := range map[string]string{
		"norm": "the weights are lost", "autoclip": "the weights are lost", "skip": "it stops 129 steps",
		"outlier": "never acts again", "ratio": "never acts again", "zclip": "its fixed maximum alone acts", "alrc": "",
	} {
		if m := methods[name]; !strings.Contains(m.Note, want) || want == "" && m.Note != "" {
			t.Errorf("%s: %q, not %q", name, m.Note, want)
		}
	}
	if m := methods["alrc"]; m.Acted != 5 || m.FalseAlarms != 0 || m.Missed != 0 || m.LongestStop != 1 {
		t.Errorf("%+v", m)
	}
}

// A method whose threshold would have stopped nearly every step says so.
func TestStabiliserThatStopsTraining(t *testing.T) {
	_, methods := methodsOf(t, false, func(step int, loss, norm float64) (float64, float64) {
		if step > 20 {
			loss += 3
		}
		return loss, norm
	})
	if m := methods["rise"]; !strings.Contains(m.Note, "nearly every step") || m.LongestStop < 1900 {
		t.Errorf("%+v", m)
	}
	if m := methods["alrc"]; m.Note != "" {
		t.Errorf("%+v", m)
	}
}

// A limit that is below nearly all norms says so, and which one would not be.
func TestNormBelowNearlyAll(t *testing.T) {
	_, methods := methodsOf(t, true, func(step int, loss, norm float64) (float64, float64) { return loss, 10 * norm })
	if m := methods["norm"]; m.Acted != 2000 || !strings.Contains(m.Note, "norm:6 would have acted on one in a hundred") {
		t.Errorf("%+v", m)
	}
}
