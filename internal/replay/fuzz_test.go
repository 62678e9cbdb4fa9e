package replay

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"alrc/internal/losslog"
)

// FuzzRun replays any file without a flag, as a new user does.
func FuzzRun(f *testing.F) {
	for _, content := range []string{"step,loss\n1,0.5\n2,0.25\n", `{"log_history":[{"loss":1,"step":1}]}`, "step 1: loss 0.5\n", "1\n2\n3\n",
		"s loss\n0,0", "\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7f\x4b\x22"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		report, err := Run(Options{Log: losslog.Options{Inputs: []string{path}}})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := report.Print(&out, Appearance{Columns: 80, Plot: true}); err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&out); err != nil {
			t.Fatal(err)
		}
	})
}
