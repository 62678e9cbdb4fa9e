package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Runs that are no comparison are not averaged: those of other experiments, and a copy, which would count as another seed.
func TestUnlikeRunsAreNoComparison(t *testing.T) {
	for name, test := range map[string]struct {
		change func(dir string) error
		want   string // "" is no error
	}{
		"another width": {func(dir string) error {
			return rewrite(filepath.Join(dir, "alrc-2-seed0", "run.yaml"), "width: 0.25", "width: 0.5")
		}, "differ in width (0.25 and 0.5)"},
		"another learning rate": {func(dir string) error {
			return rewrite(filepath.Join(dir, "alrc-2-seed0", "run.yaml"), "rate: 0.00078125", "rate: 0.1")
		}, "differ in optimizer.learning-rate"},
		"a copy": {func(dir string) error {
			return os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(filepath.Join(dir, "none-seed0")))
		}, "both no clipping, of seed 0"},
		"a run that was extended": {func(dir string) error {
			return rewrite(filepath.Join(dir, "alrc-2-seed0", "run.yaml"), "steps: 400\nwidth", "steps: 800\nwidth")
		}, ""},
	} {
		dir := t.TempDir()
		for _, run := range append(seeds("none", 0, 1), seeds("alrc:2", 2, 1)...) {
			writeRun(t, dir, run)
		}
		if err := test.change(dir); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir)
		if err == nil {
			err = errors.New("")
		}
		if test.want == "" && err.Error() != "" || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func rewrite(path, from, to string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed := strings.Replace(string(content), from, to, 1)
	if changed == string(content) {
		return errors.New(path + " has no " + from)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}
