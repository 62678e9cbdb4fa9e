package losslog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/format/eventlog"
)

func TestFolders(t *testing.T) {
	events := func(dir string, first int64, values ...float64) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		w, err := eventlog.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, value := range values {
			w.Scalars(first+int64(i), eventlog.Scalar{Tag: "loss", Value: value})
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	resumed := t.TempDir()
	events(resumed, 1, 1, 2, 3, 4)
	events(resumed, 3, 30, 40, 50)
	source, steps := pairs(t, Options{Inputs: []string{resumed}})
	if got := steps; got != "1:1 2:2 3:30 4:40 5:50" || source.Superseded != 2 || source.Resumes != 1 {
		t.Errorf("a resumed run: %s, %d superseded", got, source.Superseded)
	}

	// Of two runs of this program the one without clipping is read.
	own := t.TempDir()
	for _, run := range []struct{ label, clip, loss string }{{"alrc-2-seed0", "alrc:2", "2"}, {"none-seed0", "none", "1"}, {"none-seed1", "none", "3"}} {
		dir := filepath.Join(own, run.label)
		events(dir, 1, 9)
		if err := os.WriteFile(filepath.Join(dir, "run.yaml"), []byte("task: supersample\nclip: "+run.clip+"\nhuber: true\nseed: "+run.label[len(run.label)-1:]+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		header := "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n"
		if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte(header+"1,"+run.loss+",3,,,,,1,0,9,\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	source, steps = pairs(t, Options{Inputs: []string{own}})
	if notes := strings.Join(source.Notes, "\n"); steps != "1:1" || !strings.Contains(notes, "read from none-seed0") ||
		!strings.Contains(notes, "--column picks another: raw_loss") {
		t.Errorf("a folder of runs: %s; notes: %s", steps, notes)
	}
	if _, steps := pairs(t, Options{Inputs: []string{filepath.Join(own, "alrc-2-seed0")}}); steps != "1:2" {
		t.Errorf("a run: %s", steps)
	}

	// Runs without clipping that differ in more than their seeds are asked about.
	if err := os.WriteFile(filepath.Join(own, "none-seed1", "run.yaml"), []byte("task: supersample\nclip: none\nhuber: true\noptimizer:\n  kind: sgd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var choice *ChoiceError
	if err := readError(Options{Inputs: []string{own}}); !errors.As(err, &choice) || len(choice.Candidates) != 3 {
		t.Errorf("runs of several kinds: %v, %+v", err, choice)
	}

	several := t.TempDir()
	events(filepath.Join(several, "a"), 1, 1, 2)
	events(filepath.Join(several, "b"), 1, 1, 2)
	if err := readError(Options{Inputs: []string{several}}); !errors.As(err, &choice) || len(choice.Candidates) != 2 ||
		choice.Candidates[1].Run != filepath.Join(several, "b") {
		t.Errorf("two runs: %v, %+v", err, choice)
	}
}
