package sweep

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A worker that is told to stop while the server is away keeps what it has, also of a run that is done, and goes on from there.
func TestStoppedWhileTheServerIsAway(t *testing.T) {
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, _ := testQueue(t, f)
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
	server, q := testQueue(t, f)
	again := &Worker{Name: "again", Folder: w.Folder, Threads: 1}
	work(t, server, q, again, func(records map[string]record) bool {
		if now, err := os.Stat(result); err == nil && !now.ModTime().Equal(done.ModTime()) {
			t.Error("the run was trained again")
		}
		return records[run.ID].State == Done
	})
}

func TestWrongTokenAndNoServer(t *testing.T) {
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, _ := testQueue(t, f)
	wrong := server.Access
	wrong.Token = "guess"
	err := (&Worker{Name: "w", Folder: t.TempDir()}).Work(context.Background(), wrong.Connection())
	if err == nil || !strings.Contains(err.Error(), "the token, password or credentials are not the server's") {
		t.Errorf("with a wrong token the error is %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "guess") {
		t.Errorf("the error tells the token: %v", err)
	}
	_, err = f.Status(context.Background(), Connection{URL: "nats://user:secret@127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1: ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("without a server the error is %v", err)
	}
	if host := server.server.Addr().String(); !strings.HasPrefix(host, "127.0.0.1:") {
		t.Errorf("the server listens on %s", host)
	}
}

// A server that vanishes in mid-run and comes back with its store loses nothing.
func TestServerGoesAndComesBack(t *testing.T) {
	plan := planOf(t, strings.NewReplacer("steps: 300", "steps: 3000", `clip: [none, "alrc:2"]`, "clip: none").Replace(tinyRun))
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), plan)
	server, q := testQueue(t, f)
	run := plan.Runs[0]
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	var away, back atomic.Bool
	w := &Worker{Name: "patient", Folder: t.TempDir(), Threads: 1, Report: func(line string) {
		t.Log(line)
		away.Store(away.Load() || strings.Contains(line, "went away"))
		back.Store(back.Load() || strings.Contains(line, "is back"))
	}}
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx, server.Access.Connection()) }()
	for r := (record{}); r.State != Running; {
		var err error
		if r, err = q.get(ctx, run.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	server.stop()
	time.Sleep(2 * time.Second)
	again, err := f.startServer()
	if err != nil {
		t.Fatal(err)
	}
	defer again.stop()
	if again.Access != server.Access {
		t.Fatalf("the server came back as another: %s, not %s", again.URL, server.URL)
	}
	connection, err := again.connection().dial()
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	js, err := connectJetStream(connection)
	if err != nil {
		t.Fatal(err)
	}
	if q, err = openQueue(ctx, js, plan.ID()); err != nil {
		t.Fatal(err)
	}
	var r record
	for r.State != Done {
		if r, err = q.get(ctx, run.ID); err != nil && !errors.Is(err, jetstream.ErrNoStreamResponse) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !away.Load() || !back.Load() || len(r.Failures) > 0 {
		t.Errorf("the worker reported that the server went: %v, and came: %v; failures: %+v", away.Load(), back.Load(), r.Failures)
	}
	if err := f.takeIn(context.Background(), q, run, r); err != nil {
		t.Fatal(err)
	}
	checkAlone(t, f)
}
