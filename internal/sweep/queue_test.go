package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/place"
)

// testQueue starts the server of a sweep, and opens its queue.
func testQueue(t *testing.T, f *Folder) (*localServer, *Queue) {
	t.Helper()
	server, err := f.startServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.stop)
	connection, err := server.connection().dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	js, err := connectJetStream(connection)
	if err != nil {
		t.Fatal(err)
	}
	q, err := createQueue(context.Background(), js, f.Plan.ID(), f.Plan.Title, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.enqueue(context.Background(), q, true); err != nil {
		t.Fatal(err)
	}
	return server, q
}

// work lets a worker work until stop says so of the records.
func work(t *testing.T, server *localServer, q *Queue, w *Worker, stop func(map[string]record) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if w.Folder == "" {
		w.Folder = t.TempDir()
	}
	w.Report = func(line string) { t.Log(line) }
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx, server.Access.Connection()) }()
	for {
		records, err := q.all(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if stop(records) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func shortPlan(t *testing.T) *Plan {
	return planOf(t, strings.Replace(tinyRun, `clip: [none, "alrc:2"]`, "clip: none", 1))
}

func TestWhatFailsIsSetAside(t *testing.T) {
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, q := testQueue(t, f)
	run := f.Plan.Runs[0]
	// The worker cannot write into its folder of runs, which is a file.
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, run.ID), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	blocked := func() { os.WriteFile(filepath.Join(folder, run.ID), nil, 0o644) }
	work(t, server, q, &Worker{Name: "broken", Folder: folder}, func(records map[string]record) bool {
		blocked()
		return records[run.ID].State == Failed
	})
	records, err := q.all(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	status, err := f.status(records)
	if err != nil {
		t.Fatal(err)
	}
	failed := status.Failed()
	if len(failed) != 1 || len(failed[0].Failures) != maxFailures || failed[0].Failures[0].Worker != "broken" ||
		!strings.Contains(failed[0].Failures[0].Error, "not a directory") {
		t.Errorf("set aside: %+v", failed)
	}
	for { // the server drops the message a moment later
		if info, err := q.stream.Info(context.Background()); err != nil {
			t.Fatal(err)
		} else if info.State.Msgs == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	// Running the sweep again tries again.
	if err := f.enqueue(context.Background(), q, true); err != nil {
		t.Fatal(err)
	}
	work(t, server, q, &Worker{Name: "sound"}, func(records map[string]record) bool { return records[run.ID].State == Done })
}

func TestADivergedRunIsAResult(t *testing.T) {
	plan := planOf(t, tinyRun+"optimizer: {kind: sgd, learning-rate: 1.0e20}\nexclude: [{clip: 'alrc:2'}]")
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), plan)
	status := f.run(t, Options{Jobs: 1, Name: "here"})
	if r := status.Runs[0]; r.State != Done || !r.Result.Diverged || len(r.Failures) > 0 {
		t.Errorf("%+v", r)
	}
	var csv strings.Builder
	if err := f.WriteCSV(&csv); err != nil || !strings.Contains(csv.String(), ",diverged,") {
		t.Errorf("%s %v", csv.String(), err)
	}
}

func TestMalformedMessagesAreSetAside(t *testing.T) {
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, q := testQueue(t, f)
	id := f.Plan.Runs[0].ID
	message, err := q.next(context.Background(), time.Second)
	if err != nil || message == nil {
		t.Fatal(message, err)
	}
	for _, garbage := range []string{"", "{", `{"id":"` + id + `","label":"x","specification":"steps: 3"}`, `{"id":"` + id + `","label":"../x"}`} {
		if err := message.Term(); err != nil {
			t.Fatal(err)
		}
		// The old message is gone a moment later.
		for {
			if _, err = q.js.Publish(context.Background(), q.subject(id), []byte(garbage)); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		work(t, server, q, &Worker{Name: "worker"}, func(records map[string]record) bool { return records[id].State == Failed })
		r, err := q.get(context.Background(), id)
		if err != nil || !strings.Contains(r.Failures[0].Error, "malformed") {
			t.Fatalf("%q: %+v, %v", garbage, r, err)
		}
		for message = nil; message == nil; time.Sleep(10 * time.Millisecond) {
			if err := f.enqueue(context.Background(), q, true); err != nil {
				t.Fatal(err)
			}
			if message, err = q.next(context.Background(), time.Second); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
	}
	// A record that nobody can read is told, and not taken for one.
	if _, err := q.records.Put(context.Background(), id, []byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err := q.all(context.Background()); err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("the error is %v", err)
	}
}

func TestWorkersDeclineWhatTheyLack(t *testing.T) {
	kernels := shortPlan(t).Runs[0].Specification.Kernels
	other := "portable"
	if kernels == other {
		t.Skip("there is no other kernel set on this machine than the portable one")
	}
	for name, test := range map[string]struct{ text, want string }{
		"another kernel set": {"kernels: imaginary", "imaginary"},
		"other images":       {"data: {kind: procedural, size: 8, hash: 0123}", "the images here have the hash"},
		"no images":          {"data: {kind: cifar10, hash: 0123}", "--data-dir"},
	} {
		s, err := Parse([]byte(tinyRun[:strings.Index(tinyRun, "data:")] + test.text + "\nclip: none\nsteps: 10"))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Expand(nil)
		if err != nil {
			t.Fatal(err)
		}
		f := openIn(t, filepath.Join(t.TempDir(), "sweep"), plan)
		if _, err := f.Run(context.Background(), Options{Jobs: 1}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: run on this machine alone: %v", name, err)
		}
		server, q := testQueue(t, f)
		id := plan.Runs[0].ID
		work(t, server, q, &Worker{Name: "worker"}, func(records map[string]record) bool { return records[id].Declined != "" })
		r, err := q.get(context.Background(), id)
		if err != nil || r.State != Waiting || len(r.Failures) > 0 || !strings.Contains(r.Declined, test.want) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// Image files are named by their content: workers have them where they like.
func TestImagesLieElsewhereOnEachMachine(t *testing.T) {
	machines := [2]string{t.TempDir(), t.TempDir()}
	for i := range 4 {
		picture := image.NewGray(image.Rect(0, 0, 9, 9))
		for at := range picture.Pix {
			picture.Pix[at] = byte(at * (i + 3))
		}
		var content bytes.Buffer
		if err := png.Encode(&content, picture); err != nil {
			t.Fatal(err)
		}
		for _, dir := range machines {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.png", i)), content.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := Parse([]byte("data: {kind: images, size: 8, test: 3.png}\nwidth: 0.05\nsteps: 20\ntest-images: 1\nclip: none"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(Resolver(machines[0], nil))
	if err != nil {
		t.Fatal(err)
	}
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), plan)
	server, q := testQueue(t, f)
	run := plan.Runs[0]
	work(t, server, q, &Worker{Name: "elsewhere", Data: place.Opener{Dir: machines[1]}}, func(records map[string]record) bool { return records[run.ID].State == Done })
	r, err := q.get(context.Background(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.takeIn(context.Background(), q, run, r); err != nil {
		t.Fatal(err)
	}
	text := read(t, filepath.Join(f.RunDir(run), "run.yaml"))
	if strings.Contains(text, machines[1]) || !strings.Contains(text, "test: 3.png") || !strings.Contains(text, "hash: ") {
		t.Errorf("the result's specification names a place:\n%s", text)
	}
}

func TestARunFinishedTwiceCountsOnce(t *testing.T) {
	f := openIn(t, filepath.Join(t.TempDir(), "sweep"), shortPlan(t))
	server, q := testQueue(t, f)
	run := f.Plan.Runs[0]
	// The first worker has the run, and is cut off; the second finishes it, and then the first delivers as well.
	first := &Worker{Name: "first", Folder: t.TempDir()}
	message, err := q.next(context.Background(), time.Second)
	if err != nil || message == nil {
		t.Fatal(message, err)
	}
	if ready, err := first.claim(context.Background(), q, message, run); err != nil || !ready {
		t.Fatal(ready, err)
	}
	work(t, server, q, &Worker{Name: "second"}, func(records map[string]record) bool { return records[run.ID].State == Done })
	before, err := q.get(context.Background(), run.ID)
	if err != nil || before.Worker != "second" || len(before.Failures) != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
	placed, data, err := first.prepare(run.Specification)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(first.Folder, run.ID)
	if _, err := first.trainIn(context.Background(), q, run, placed, dir, data, newProgress()); err != nil {
		t.Fatal(err)
	}
	if err := first.deliver(context.Background(), q, message, run, dir); err != nil {
		t.Fatal(err)
	}
	after, err := q.get(context.Background(), run.ID)
	if err != nil || after.Result != before.Result || after.Worker != "second" {
		t.Errorf("the second result replaced the first: %+v", after)
	}
	objects, err := q.objects.List(context.Background())
	if err != nil || len(objects) != 1 {
		t.Errorf("%d objects are left, %v", len(objects), err)
	}
	records, err := q.all(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.takeIn(context.Background(), q, run, records[run.ID]); err != nil {
		t.Fatal(err)
	}
	checkAlone(t, f)
}
