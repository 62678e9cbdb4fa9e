package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/curve"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(loadVariable); dir != "" {
		fmt.Fprintln(os.Stderr, serveForLoad(dir))
		os.Exit(1)
	}
	pollEvery, findEvery, settledEvery = 20*time.Millisecond, 40*time.Millisecond, 60*time.Millisecond
	os.Exit(m.Run())
}

// served is a server with its address, which answers until the test ends.
type served struct {
	*Server
	t   *testing.T
	url string
}

func serve(t *testing.T, o Options) *served {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	server, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &served{server, t, "http://" + u.Host}
}

// get asks for something, and returns the answer's status and body.
func (s *served) get(path string) (int, string) {
	s.t.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (s *served) json(path string, to any) {
	s.t.Helper()
	status, body := s.get(path)
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), to); err != nil {
		s.t.Fatalf("%s: %v in %.300s", path, err, body)
	}
}

func (s *served) overview() (o Overview) {
	s.t.Helper()
	s.json("/api/overview", &o)
	return o
}

func (s *served) curve(id, more string) (c curve.Curve) {
	s.t.Helper()
	s.json("/api/curve?run="+id+more, &c)
	return c
}

// await waits until the overview is as it should be.
func (s *served) await(what string, holds func(Overview) bool) Overview {
	s.t.Helper()
	var o Overview
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(10 * time.Millisecond) {
		if o = s.overview(); holds(o) {
			return o
		}
	}
	text, _ := json.MarshalIndent(o, "", " ")
	s.t.Fatalf("never seen: %s; last %.3000s", what, text)
	return o
}

// awaitRun waits until a run of some name is as it should be.
func (s *served) awaitRun(name, what string, holds func(Run) bool) Run {
	s.t.Helper()
	o := s.await(name+": "+what, func(o Overview) bool {
		r := o.run(name)
		return r != nil && holds(*r)
	})
	return *o.run(name)
}

func (o *Overview) run(name string) *Run {
	for i := range o.Runs {
		if o.Runs[i].Name == name {
			return &o.Runs[i]
		}
	}
	return nil
}

// events listens to a stream.
func (s *served) events(after string) <-chan event {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Last-Event-ID", after)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	events := make(chan event, 1000)
	go func() {
		defer response.Body.Close()
		defer close(events)
		lines := bufio.NewReader(response.Body)
		var e event
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
			switch {
			case name == "id":
				e.id = value
			case name == "data":
				e.problem = json.Unmarshal([]byte(value), &e.update)
			case name == "" && e.id != "":
				events <- e
				e = event{}
			}
		}
	}()
	return events
}

type event struct {
	id      string
	update  Update
	problem error
}

// next returns the next event that is as it should be.
func next(t *testing.T, events <-chan event, what string, holds func(Update) bool) event {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case e, ok := <-events:
			if !ok || e.problem != nil {
				t.Fatalf("the stream ended before %s: %v", what, e.problem)
			}
			if holds(e.update) {
				return e
			}
		case <-deadline:
			t.Fatalf("never told: %s", what)
		}
	}
}

const (
	header        = "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n"
	specification = "task: supersample\nclip: %s\nseed: 1\nsteps: 1000\nbatch-size: 1\n"
)

// rows are those of a table of steps.
func rows(from, to int) string {
	var b strings.Builder
	for step := from; step <= to; step++ {
		loss := 1 + float64(step%7)/8
		fmt.Fprintf(&b, "%d,%v,%v,2.5,,1,1,1,0,100,\n", step, loss, loss)
	}
	return b.String()
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func extend(t testing.TB, path, content string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.WriteString(content)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// makeRun makes a run's folder with so many steps.
func makeRun(t testing.TB, dir, clip string, steps int) {
	t.Helper()
	write(t, filepath.Join(dir, "run.yaml"), fmt.Sprintf(specification, clip))
	if steps > 0 {
		write(t, filepath.Join(dir, "metrics.csv"), header+rows(1, steps))
	}
}
