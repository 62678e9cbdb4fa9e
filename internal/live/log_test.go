package live

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func logLines(from, to int, loss func(step int) float64) string {
	var b strings.Builder
	for step := from; step <= to; step++ {
		fmt.Fprintf(&b, "step %d loss %.4f\n", step, loss(step))
	}
	return b.String()
}

func calm(step int) float64 { return 2 + 0.1*math.Sin(float64(step*step)) }

func TestALogOfAnotherProgramIsDrawnAsItGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.log")
	write(t, path, "starting\n"+logLines(1, 300, calm))
	s := serve(t, Options{Places: []string{path}})
	r := s.awaitRun("train.log", "300 steps", func(r Run) bool { return r.Step == 300 && r.State == Training })
	if r.Kind != "log" || r.Episodes != 0 || r.Clip != "" {
		t.Errorf("%+v", r)
	}
	extend(t, path, "step 301 loss 40\n"+logLines(302, 500, calm)+"step 501 lo")
	s.awaitRun("train.log", "a spike", func(r Run) bool { return r.Step == 500 && r.Episodes == 1 })
	c := s.curve(r.ID, "&from=290&to=310")
	if len(c.Step) != 21 || !c.Exact || c.Max[11] != 40 || len(c.Episodes) != 1 || c.Episodes[0].Peak != 301 {
		t.Errorf("%+v", c)
	}
	var steps Steps
	s.json("/api/step?run="+r.ID+"&step=301&around=1", &steps)
	if len(steps.Rows) != 3 || steps.Rows[1][1] != 40 || !strings.Contains(steps.Note, "log does not tell") {
		t.Errorf("%+v", steps)
	}
	var b strings.Builder
	for step := 501; step < 700; step++ {
		fmt.Fprintf(&b, "step %d loss nan\n", step)
	}
	extend(t, path, "ss 2\n"+b.String())
	s.awaitRun("train.log", "that it diverged", func(r Run) bool { return r.State == Diverged && r.Words == "diverged" && r.Bad > 100 })
}

// Where the counter of a log goes back, its curve is that of a replay.
func TestLogsWhoseCounterGoesBack(t *testing.T) {
	var epochs strings.Builder
	for epoch := range 5 {
		for batch := 0; batch < 1000; batch += 10 {
			fmt.Fprintf(&epochs, "Train Epoch: %d [%d/1000]\tLoss: %.6f\n", epoch+1, batch, calm(epoch*100+batch/10))
		}
	}
	for name, test := range map[string]struct {
		first, then string
		steps       int64 // after the first part
		last, count int64
	}{
		"resumed":     {logLines(1, 200, calm), logLines(151, 400, calm), 200, 400, 400},
		"another run": {logLines(1, 300, calm), logLines(1, 120, func(int) float64 { return 5 }), 300, 120, 120},
		"epochs":      {epochs.String(), strings.ReplaceAll(epochs.String(), "Epoch: ", "Epoch: 1"), 0, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.log")
			write(t, path, test.first)
			s := serve(t, Options{Places: []string{path}})
			if test.steps == 0 {
				s.awaitRun("a.log", "steps in order", func(r Run) bool { return r.Step == 500 })
			} else {
				s.awaitRun("a.log", "its steps", func(r Run) bool { return r.Step == test.steps })
			}
			extend(t, path, test.then)
			r := s.awaitRun("a.log", "the steps that follow", func(r Run) bool { return r.Step == test.last })
			var count int64
			c := s.curve(r.ID, "")
			for _, n := range c.Steps {
				count += n
			}
			if count != test.count {
				t.Errorf("%d steps are drawn, not %d", count, test.count)
			}
		})
	}
}

func TestALogIsWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	write(t, path, "loading data\n")
	s := serve(t, Options{Places: []string{path}})
	s.awaitRun("a.log", "that it is waited for", func(r Run) bool { return r.State == Waiting && strings.HasPrefix(r.Words, "waiting for losses") })
	extend(t, path, logLines(1, 50, calm))
	s.awaitRun("a.log", "its losses", func(r Run) bool { return r.Step == 50 })
}
