package sweep

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/runfolder"
)

// tinyRun is a network and images small enough for tests.
const tinyRun = `
data: {kind: procedural, size: 8}
width: 0.05
test-images: 4
batch-size: 1
clip: [none, "alrc:2"]
decay: 0.97
steps: 300
`

func planOf(t testing.TB, text string) *Plan {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(Resolver("", nil))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func openIn(t testing.TB, dir string, plan *Plan) *Folder {
	t.Helper()
	f, err := Open(dir, plan, "alrc sweep run test")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *Folder) run(t testing.TB, o Options) *Status {
	t.Helper()
	o.Report = func(line string) { t.Log(line) }
	status, err := f.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// checkAlone compares every result of a sweep with that of the same run done alone.
func checkAlone(t testing.TB, f *Folder) {
	t.Helper()
	entries, err := os.ReadDir(f.path(runfolder.RunsFolder))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(f.Plan.Runs) {
		t.Errorf("there are %d results of %d runs", len(entries), len(f.Plan.Runs))
	}
	for _, run := range f.Plan.Runs {
		s := run.Specification
		_, images, err := new(place.Opener).Open(s.Data)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "alone")
		if err := experiment.Create(dir, s, nil); err != nil {
			t.Fatal(err)
		}
		want, err := experiment.Train(context.Background(), dir, images, experiment.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Result(run)
		if err != nil {
			t.Fatalf("%s: %v", run.Label, err)
		}
		if got.Mean != want.Mean || got.Std != want.Std || got.TestLoss != want.TestLoss || got.Clipped != want.Clipped ||
			got.Losses != want.Losses || got.DivergedStep != want.DivergedStep {
			t.Errorf("%s: its result is %+v, and alone it is %+v", run.Label, got, want)
		}
		for _, step := range []func(string) error{writeCheckpointHash, func(dir string) error { return runfolder.WriteCurve(dir, s.Steps) }} {
			if err := step(dir); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{runfolder.CheckpointHashFile, runfolder.CurveFile} {
			a, b := read(t, filepath.Join(dir, name)), read(t, filepath.Join(f.RunDir(run), name))
			if a != b {
				t.Errorf("%s: its %s differs from that of the run done alone", run.Label, name)
			}
		}
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestSweepOnOneMachine(t *testing.T) {
	plan := planOf(t, tinyRun+"loss: [squared, quartic]\nrepeats: 2")
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), plan)
	status := f.run(t, Options{Jobs: 2, Threads: 1, Name: "here"})
	if counts := status.Counts(); counts[Done] != 8 {
		t.Fatalf("the states are %v", counts)
	}
	checkAlone(t, f)
	for _, name := range []string{storeFolder, workFolder, serverFile} {
		if _, err := os.Stat(f.path(name)); err == nil {
			t.Errorf("%s is left over", name)
		}
	}
	// A sweep that is done stays as it is.
	before := read(t, filepath.Join(f.RunDir(plan.Runs[0]), "result.json"))
	f.run(t, Options{Jobs: 1, Name: "here"})
	if read(t, filepath.Join(f.RunDir(plan.Runs[0]), "result.json")) != before {
		t.Error("a run that was done was done again")
	}
	var csv strings.Builder
	if err := f.WriteCSV(&csv); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(csv.String()), "\n")
	if len(lines) != 9 || !strings.HasPrefix(lines[0], "id,loss,clip,seed,state,") || !strings.Contains(csv.String(), ",quartic,alrc:2,1,done,") {
		t.Errorf("the table is\n%s", csv.String())
	}
}

func TestStoppedSweepGoesOn(t *testing.T) {
	plan := planOf(t, strings.Replace(tinyRun, "steps: 300", "steps: 10000", 1))
	dir := filepath.Join(t.TempDir(), "sweep")
	f := openIn(t, dir, plan)
	ctx, stop := context.WithCancel(context.Background())
	var token Access
	var handedBack atomic.Bool
	_, err := f.Run(ctx, Options{Jobs: 2, Threads: 1, Name: "here", Silence: time.Second, Report: func(line string) {
		t.Log(line)
		if strings.Contains(line, "handed back at step ") {
			handedBack.Store(true)
		}
	}, Observe: func(s *Status) {
		if s.steps() > 0 {
			info, err := os.Stat(f.path(serverFile))
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("the server's token lies in a file of mode %v (%v)", info.Mode(), err)
			}
			token, _ = f.Access()
			stop()
		}
	}})
	if err == nil || ctx.Err() == nil || !handedBack.Load() {
		t.Fatalf("stopped, the sweep returned %v", err)
	}
	// Nothing but the folder is left; the status is known from there.
	status, err := f.Status(context.Background(), Connection{})
	if err != nil || status.Live || status.Counts()[Waiting] != 2 {
		t.Fatalf("status %+v, %v", status, err)
	}
	again, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range plan.Runs {
		if err := os.RemoveAll(filepath.Join(dir, "work", run.ID)); err != nil {
			t.Fatal(err)
		}
	}
	status = again.run(t, Options{Jobs: 1, Threads: 2, Name: "there", Silence: time.Second, Observe: func(*Status) {
		if now, err := again.Access(); err == nil && now.Token != token.Token {
			t.Error("the token is another one: workers that wait for the server do not get in")
		}
	}})
	for _, run := range status.Runs {
		if len(run.Failures) > 0 {
			t.Errorf("%+v did not go on at once", run)
		}
	}
	checkAlone(t, again)
}
