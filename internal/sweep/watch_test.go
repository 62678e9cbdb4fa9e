package sweep

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/curve"
	"alrc/internal/experiment"
)

// Who watches a sweep sees the losses of runs that a worker elsewhere trains, and, once the server is gone, what the folder has.
func TestWatchersSeeRunsThatWorkersTrain(t *testing.T) {
	long := strings.Replace(strings.Replace(tinyRun, `clip: [none, "alrc:2"]`, "clip: none", 1), "steps: 300", "steps: 1000000", 1)
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), planOf(t, long))
	server, q := testQueue(t, f)
	watched, err := Read(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	seen := make(chan Status, 100)
	go watched.Watch(ctx, Connection{}, func(s *Status, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		select {
		case seen <- *s:
		default:
		}
	})
	next := func(what string, holds func(Status) bool) Status {
		for {
			select {
			case s := <-seen:
				if holds(s) {
					return s
				}
			case <-ctx.Done():
				t.Fatalf("never seen: %s", what)
			}
		}
	}
	next("a run that waits", func(s Status) bool { return s.Live && s.Runs[0].State == Waiting })
	var first, later int64
	work(t, server, q, &Worker{Name: "elsewhere"}, func(map[string]record) bool {
		for {
			select {
			case s := <-seen:
				run := s.Runs[0]
				if run.State != Running || run.Curve == nil || run.Worker != "elsewhere" {
					return false
				}
				if first == 0 {
					first = run.Curve.Last
				}
				later = run.Curve.Last
				text, err := json.Marshal(run.Curve)
				if err != nil || len(text) > 8<<10 || len(run.Curve.Step) > curvePoints || !(run.Curve.Mean[0] > 0) {
					t.Errorf("the curve has %d points in %d bytes: %v", len(run.Curve.Step), len(text), err)
				}
			default:
				return later > first
			}
		}
	})
	server.stop()
	if s := next("the folder alone", func(s Status) bool { return !s.Live }); s.Runs[0].State != Waiting {
		t.Errorf("without a server the run is %s", s.Runs[0].State)
	}
}

// A worker that takes a run over goes on with the losses that were told before, up to its checkpoint.
func TestLossesGoOnWithTheRun(t *testing.T) {
	first := newProgress()
	clipped := int64(0)
	for step := int64(1); step <= 1000; step++ {
		if step%10 == 0 {
			clipped++
		}
		first.observe(experiment.Progress{Step: step, Loss: 3, Clipped: clipped})
	}
	_, told := first.told()
	text, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	var received curve.Curve
	if err := json.Unmarshal(text, &received); err != nil {
		t.Fatal(err)
	}
	second := newProgress()
	second.resume(&received, 500)
	second.observe(experiment.Progress{Step: 501, Loss: 4, Clipped: 51})
	_, c := second.told()
	if c.First != 1 || c.Last != 501 || c.Max[len(c.Max)-1] != 4 || c.Min[0] != 3 {
		t.Errorf("from step %d to %d, %v", c.First, c.Last, c.Max)
	}
	second.resume(&curve.Curve{Step: []int64{3, 2}, Steps: []int64{1, 1}, Min: curve.Numbers{1}}, 9) // damaged: nothing changes
	if _, again := second.told(); again.Last != 501 {
		t.Errorf("a damaged curve leads to step %d", again.Last)
	}
}
