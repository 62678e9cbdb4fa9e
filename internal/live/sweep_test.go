package live

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/place"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
)

// newSweep begins a sweep of two clippings and two seeds.
func newSweep(t *testing.T, dir string, steps int) (*sweep.Folder, *sweep.Plan) {
	t.Helper()
	specification, err := sweep.Parse([]byte(fmt.Sprintf(`
data: {kind: procedural, size: 8}
width: 0.05
test-images: 2
clip: [none, "alrc:2"]
seed: [1, 2]
steps: %d
`, steps)))
	if err != nil {
		t.Fatal(err)
	}
	plan := must[*sweep.Plan](t)(specification.Expand(sweep.Resolver("", nil)))
	return must[*sweep.Folder](t)(sweep.Open(dir, plan, "alrc sweep run test")), plan
}

// Every run of a sweep is seen while it trains, whoever trains it.
func TestASweepIsSeenWhileItTrains(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	folder, _ := newSweep(t, dir, 10_000_000)
	s := serve(t, Options{Places: []string{dir}})
	o := s.await("the plan", func(o Overview) bool { return len(o.Runs) == 4 && len(o.Sweeps) == 1 && o.Sweeps[0].Waiting == 4 })
	if g := o.Sweeps[0]; g.Live || len(g.Axes) != 2 || !strings.Contains(g.Words, "0 of 4 runs done, 4 waiting") {
		t.Errorf("before it runs: %+v", g)
	}
	colors := map[int]string{}
	for _, r := range o.Runs {
		if r.Sweep != o.Sweeps[0].ID || len(r.Settings) != 2 || r.Steps != 10_000_000 {
			t.Errorf("%+v", r)
		}
		if group := colors[r.Color]; group != "" && group != r.Group || r.Clip == "none" && r.Color != 1 {
			t.Errorf("the colour %d is of two groups, or not that of runs without clipping", r.Color)
		}
		colors[r.Color] = r.Group
	}
	if len(colors) != 2 {
		t.Errorf("colours: %v", colors)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() {
		_, err := folder.Run(ctx, sweep.Options{Jobs: 1, Threads: 1, Name: "here", Silence: time.Second})
		ended <- err
	}()
	go func() {
		for ctx.Err() == nil {
			if access, err := folder.Access(); err == nil {
				w := sweep.Worker{Name: "elsewhere", Jobs: 1, Threads: 1, Folder: filepath.Join(filepath.Dir(dir), "work"), Data: place.Opener{}}
				w.Work(ctx, access.Connection())
			}
			time.Sleep(10 * time.Millisecond)
		}
		ended <- nil
	}()
	here, elsewhere := false, false
	s.await("runs that are trained here and elsewhere", func(o Overview) bool {
		for _, r := range o.Runs {
			if r.State != Training || r.Step == 0 || len(o.Small[r.ID].Step) == 0 {
				continue
			}
			switch {
			case r.Worker == "elsewhere" && r.Thinned:
				elsewhere = true
			case strings.HasSuffix(r.Worker, "here") && !r.Thinned:
				here = true
			}
			if !strings.HasPrefix(r.Words, "training on ") {
				t.Errorf("%+v", r)
			}
		}
		return here && elsewhere && o.Sweeps[0].Live && o.Sweeps[0].Running == 2
	})
	for _, r := range s.overview().Runs {
		var steps Steps
		if r.Thinned && r.Step > 0 {
			s.json("/api/step?step=7&run="+r.ID, &steps)
			if len(steps.Rows) > 0 || !strings.Contains(steps.Note, "thinned") {
				t.Errorf("%+v", steps)
			}
		}
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	s.await("that its server is gone", func(o Overview) bool {
		return !o.Sweeps[0].Live && o.Sweeps[0].Waiting == 4 && strings.Contains(o.Sweeps[0].Words, "its server is not up")
	})
}

// A sweep's results are there when it is done.
func TestASweepThatIsDone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	folder, plan := newSweep(t, dir, 60)
	if _, err := folder.Run(context.Background(), sweep.Options{Jobs: 2, Threads: 1, Name: "here"}); err != nil {
		t.Fatal(err)
	}
	// It is found in a folder with others, too, and its own folders are not taken for runs.
	for _, place := range []string{dir, filepath.Dir(dir)} {
		s := serve(t, Options{Places: []string{place}})
		o := s.await("its results", func(o Overview) bool {
			for _, r := range o.Runs {
				if r.State != Done || r.Step != 60 || len(o.Small[r.ID].Step) == 0 {
					return false
				}
			}
			return len(o.Sweeps) == 1 && o.Sweeps[0].Done == 4 && len(o.Runs) == 4
		})
		if g := o.Sweeps[0]; g.Share != 1 || !strings.Contains(g.Words, "4 of 4 runs done") {
			t.Errorf("in the end: %+v", g)
		}
		if c := s.curve(o.Runs[0].ID, "&points=50"); c.Last != 60 || len(c.Step) != 30 && len(c.Step) != 50 {
			t.Errorf("%d points to step %d", len(c.Step), c.Last)
		}
	}
	if !runfolder.Done(folder.RunDir(plan.Runs[0])) {
		t.Error("the results are gone")
	}
}
