package sweep

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A worker that is told to stop while the server is away keeps what it has, also of a run that is done, and goes on from there.
func TestStoppedWhileTheServerIsAway(t *testing.T) {
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, q := testQueue(t, f)
	run := f.Plan.Runs[0]
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var kept atomic.Bool
	w := &Worker{Name: "stopped", Folder: t.TempDir(), Threads: 1, grace: 300 * time.Millisecond, Report: func(line string) {
		t.Log(line)
		kept.Store(kept.Load() || strings.Contains(line, "the work is kept in"))
	}}
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx, server.Access.Connection()) }()
	await := func(name string) (path string) {
		path = filepath.Join(w.Folder, run.ID, name)
		for _, err := os.Stat(path); err != nil && ctx.Err() == nil; _, err = os.Stat(path) {
			time.Sleep(time.Millisecond)
		}
		return path
	}
	await("run.yaml")
	server.stop()
	result := await("result.json")
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	done, err := os.Stat(result)
	if err != nil || !kept.Load() {
		t.Fatalf("the worker said that it kept the run: %v; %v", kept.Load(), err)
	}
	server, q = testQueue(t, f)
	again := &Worker{Name: "again", Folder: w.Folder, Threads: 1}
	work(t, server, q, again, func(records map[string]record) bool {
		if now, err := os.Stat(result); err == nil && !now.ModTime().Equal(done.ModTime()) {
			t.Error("the run was trained again")
		}
		return records[run.ID].State == Done
	})
}
