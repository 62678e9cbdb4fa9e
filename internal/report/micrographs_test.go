package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Runs of the task micrographs have a second output, and errors beside those of linear interpolation.
func TestMicrographsReport(t *testing.T) {
	out := t.TempDir()
	for _, m := range []madeRun{{clip: "none", steps: 400, level: 1.2}, {clip: "alrc:3", steps: 400, level: 1.1, threshold: 3}} {
		writeRun(t, out, m)
		dir := filepath.Join(out, m.label())
		lines := strings.Split(strings.TrimSpace(read(t, filepath.Join(dir, "metrics.csv"))), "\n")
		lines[0] += ",half_loss,half_threshold,half_scale"
		for i := range lines[1:] {
			lines[i+1] += fmt.Sprintf(",%d,,1", 7+i)
		}
		write(t, filepath.Join(dir, "metrics.csv"), strings.Join(lines, "\n")+"\n")
		var result map[string]any
		if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "result.json"))), &result); err != nil {
			t.Fatal(err)
		}
		result["test_mse"] = map[string]any{"images": 2000, "mean": 0.0123, "std": 0.0456, "median": 0.0078}
		result["bilinear_mse"] = map[string]any{"images": 2000, "mean": 0.0321}
		content, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "result.json"), string(content))
	}
	c, err := Load(out)
	if err != nil {
		t.Fatal(err)
	}
	if half := c.Groups[0].Runs[0].metrics.half; len(half) != 400 || half[0] != 7 || half[399] != 406 {
		t.Errorf("the losses of the second output are %.40v", half)
	}
	var page bytes.Buffer
	if err := c.page().Write(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"clipped by itself", "held-out crops", "2,000", "0.0123", "0.0456", "linear interpolation", "0.0321"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
