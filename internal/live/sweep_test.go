package live

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/place"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
)

// Every run of a sweep is seen while it trains, whoever trains it, and its results are after it.
func TestASweepIsSeenWhileItTrains(t *testing.T) {
	specification, err := sweep.Parse([]byte(`
data: {kind: procedural, size: 8}
width: 0.05
test-images: 2
clip: [none, "alrc:2"]
seed: [1, 2]
steps: 3000
`))
	if err != nil {
		t.Fatal(err)
	}
	plan := must[*sweep.Plan](t)(specification.Expand(sweep.Resolver("", nil)))
	dir := filepath.Join(t.TempDir(), "sweep")
	folder := must[*sweep.Folder](t)(sweep.Open(dir, plan, "alrc sweep run test"))
	s := serve(t, Options{Places: []string{dir}})
	o := s.await("the plan", func(o Overview) bool { return len(o.Runs) == 4 && len(o.Sweeps) == 1 && o.Sweeps[0].Waiting == 4 })
	if g := o.Sweeps[0]; g.Live || len(g.Axes) != 2 || !strings.Contains(g.Words, "0 of 4 runs done, 4 waiting") {
		t.Errorf("before it runs: %+v", g)
	}
	colors := map[int]string{}
	for _, r := range o.Runs {
		if r.Sweep != o.Sweeps[0].ID || len(r.Settings) != 2 || r.Steps != 3000 {
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

	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	ended := make(chan error, 2)
	go func() {
		_, err := folder.Run(ctx, sweep.Options{Jobs: 1, Threads: 1, Name: "here", Silence: time.Second})
		ended <- err
	}()
	working, stop := context.WithCancel(ctx)
	go func() {
		for working.Err() == nil {
			if access, err := folder.Access(); err == nil {
				w := sweep.Worker{Name: "elsewhere", Jobs: 1, Threads: 1, Folder: filepath.Join(filepath.Dir(dir), "work"), Data: place.Opener{}}
				w.Work(working, access.Connection())
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
		return here && elsewhere
	})
	o = s.await("the end of all", func(o Overview) bool {
		for _, r := range o.Runs {
			if r.State != Done || r.Step != 3000 || len(o.Small[r.ID].Step) == 0 {
				return false
			}
		}
		return o.Sweeps[0].Done == 4
	})
	stop()
	for range 2 {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	if g := o.Sweeps[0]; g.Share != 1 || !strings.Contains(g.Words, "4 of 4 runs done") {
		t.Errorf("in the end: %+v", g)
	}
	r := o.Runs[0]
	if c := s.curve(r.ID, "&points=50"); c.Last != 3000 || len(c.Step) != 50 {
		t.Errorf("%d points to step %d", len(c.Step), c.Last)
	}
	var steps Steps
	s.json("/api/step?step=7&run="+r.ID, &steps)
	if len(steps.Rows) > 0 || !strings.Contains(steps.Note, "thinned") {
		t.Errorf("%+v", steps)
	}
	// A sweep that lies in a folder with others is found, and its own folders are not taken for runs.
	above := serve(t, Options{Places: []string{filepath.Dir(dir)}})
	above.await("the sweep", func(o Overview) bool { return len(o.Sweeps) == 1 && len(o.Runs) == 4 && o.Runs[0].State == Done })
	if !runfolder.Done(folder.RunDir(plan.Runs[0])) {
		t.Error("the results are gone")
	}
}
