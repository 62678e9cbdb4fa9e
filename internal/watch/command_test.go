//go:build unix

package watch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"alrc/internal/losslog"
)

// The tests watch this test's own program, as one that trains.
func TestMain(m *testing.M) {
	if kind := os.Getenv("ALRC_TEST_PROGRAM"); kind != "" {
		if left, ok := strings.CutPrefix(kind, "launches "); ok {
			launch(left)
		} else if strings.HasPrefix(kind, "left ") {
			leave(kind)
		} else {
			train(kind)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// train writes what a training program writes, of some kind.
func train(kind string) {
	interrupts := make(chan os.Signal, 1)
	switch kind {
	case "stubborn":
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
	default:
		signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	}
	fmt.Println("device: cpu, 4 workers")
	fmt.Fprintln(os.Stderr, "warning: no GPU")
	if path := os.Getenv("ALRC_TEST_LOG"); path != "" {
		trainInto(path, kind, interrupts)
		return
	}
	for i := range 100_000 {
		loss := 2 + 0.1*math.Sin(float64(i*i))
		switch {
		case kind == "short" && i == 120:
			fmt.Print("done\r\xff\x00 without a line end")
			os.Exit(5)
		case kind != "diverging" && kind != "calm" && i == 80:
			loss = 9
		case kind == "diverging" && i >= 80:
			loss = math.NaN()
		}
		fmt.Printf("step %d loss %.4f\n", i, loss)
		if kind == "stalling" && i == 50 {
			<-interrupts
			os.Exit(0)
		}
		if kind != "short" {
			select {
			case s := <-interrupts:
				fmt.Printf("saved on %v\n", s)
				os.Exit(0)
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// watched runs a training of some kind under a watch.
type watched struct {
	stdout, stderr bytes.Buffer
	said           []string
	alerts         []Alert
	records        []*Record
	Result
}

func run(t *testing.T, kind string, c Command) *watched {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALRC_TEST_PROGRAM", kind)
	r := new(watched)
	c.Arguments, c.Stdout, c.Stderr = []string{program}, &r.stdout, &r.stderr
	c.Say = func(text string) { r.said = append(r.said, text) }
	if c.Grace == 0 {
		c.Grace = 20 * time.Second
	}
	w := New()
	w.Alert = func(a Alert) error { r.alerts = append(r.alerts, a); return nil }
	w.Keep = func(record *Record) error { r.records = append(r.records, record); return nil }
	if r.Result, err = c.Run(w); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOutputPassesThrough(t *testing.T) {
	r := run(t, "short", Command{})
	var want strings.Builder
	want.WriteString("device: cpu, 4 workers\n")
	for i := range 120 {
		loss := 2 + 0.1*math.Sin(float64(i*i))
		if i == 80 {
			loss = 9
		}
		fmt.Fprintf(&want, "step %d loss %.4f\n", i, loss)
	}
	want.WriteString("done\r\xff\x00 without a line end")
	if r.stdout.String() != want.String() || r.stderr.String() != "warning: no GPU\n" {
		t.Errorf("%q and %q came through", r.stdout.String(), r.stderr.String())
	}
	if r.Code != 5 || r.Stopped != "" || r.Losses != 120 {
		t.Errorf("%+v", r.Result)
	}
	if len(r.alerts) != 2 || r.alerts[0].Over || !r.alerts[1].Over || r.alerts[0].Episode.Start != 80 || !r.alerts[1].Episode.Back {
		t.Fatalf("alerts: %+v", r.alerts)
	}
}

func TestWhatWasLoggedIsKept(t *testing.T) {
	r := run(t, "short", Command{})
	if len(r.records) != 1 {
		t.Fatalf("%d records", len(r.records))
	}
	path := filepath.Join(t.TempDir(), "spikes.jsonl")
	for range 2 {
		if err := r.records[0].Append(path); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("%d lines of two records", len(lines))
	}
	var kept struct {
		Kind        string
		Start, Peak int64
		PeakLoss    float64 `json:"peak_loss"`
		Losses      []struct {
			Step int64
			Loss float64
		}
		WordsBefore []string `json:"words_before"`
		WordsAfter  []string `json:"words_after"`
	}
	if err := json.Unmarshal(lines[0], &kept); err != nil {
		t.Fatal(err)
	}
	if kept.Kind != "spike" || kept.Start != 80 || kept.Peak != 80 || kept.PeakLoss != 9 {
		t.Errorf("%+v", kept)
	}
	if first, last := kept.Losses[0].Step, kept.Losses[len(kept.Losses)-1].Step; first != 30 || last < 100 {
		t.Errorf("losses from step %d to %d", first, last)
	}
	if n := len(kept.WordsBefore); n != 20 || !strings.HasPrefix(kept.WordsBefore[n-1], "step 79 ") {
		t.Errorf("words before: %q", kept.WordsBefore)
	}
	if n := len(kept.WordsAfter); n < 20 || kept.WordsAfter[0] != "step 80 loss 9.0000" {
		t.Errorf("words after: %q", kept.WordsAfter)
	}
}

func TestStopOn(t *testing.T) {
	for _, test := range []struct {
		kind, stop, why string
	}{
		{"spiky", "spike", "a spike"},
		{"diverging", "diverged", "it has diverged"},
		{"stalling", "stalled:300ms", "no loss for 300ms"},
	} {
		stop, err := ParseStop([]string{test.stop})
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, test.kind, Command{Stop: stop})
		if r.Stopped != test.why || r.Code != 0 || r.Losses < 50 || r.Losses > 20_000 {
			t.Errorf("%s: %+v", test.stop, r.Result)
		}
		if test.kind != "stalling" && !strings.HasSuffix(r.stdout.String(), "saved on interrupt\n") {
			t.Errorf("%s: the program could not save: %q", test.stop, r.stdout.String()[r.stdout.Len()-40:])
		}
	}
}

// A program that does not listen is killed.
func TestStubbornProgramIsKilled(t *testing.T) {
	r := run(t, "stubborn", Command{Stop: Stop{Spike: true}, Grace: 50 * time.Millisecond})
	if r.Stopped != "a spike" || r.Code != 128+9 {
		t.Errorf("%+v", r.Result)
	}
}

func TestSignalsArePassedOn(t *testing.T) {
	signals := make(chan os.Signal, 1)
	go func() {
		time.Sleep(300 * time.Millisecond)
		signals <- syscall.SIGTERM
	}()
	r := run(t, "calm", Command{Signals: signals})
	if !strings.HasSuffix(r.stdout.String(), "saved on terminated\n") || r.Stopped != "" || len(r.alerts) != 0 {
		t.Errorf("%+v, %q", r.Result, r.stdout.String())
	}
}

func TestParseStop(t *testing.T) {
	s, err := ParseStop([]string{"diverged", "stalled:1h30m"})
	if err != nil || !s.Diverged || s.Spike || s.Stalled != 90*time.Minute {
		t.Errorf("%+v, %v", s, err)
	}
	for _, wrong := range []string{"spikes", "stalled", "stalled:soon", "stalled:-1s", ""} {
		if _, err := ParseStop([]string{wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestNotifier(t *testing.T) {
	posted := make(chan map[string]string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		var said map[string]string
		if err := json.Unmarshal(body, &said); err != nil || request.Method != http.MethodPost {
			t.Errorf("%s %q: %v", request.Method, body, err)
		}
		posted <- said
		if strings.Contains(said["text"], "over") {
			http.Error(w, "no such channel", http.StatusNotFound)
		}
	}))
	defer server.Close()
	var out bytes.Buffer
	var problems []error
	n := NewNotifier(`echo "$ALRC_STEP $ALRC_LOSS $ALRC_ALERT"`, server.URL, &out, func(err error) { problems = append(problems, err) })
	w := New()
	w.Alert = func(a Alert) error { n.Tell(a); return nil }
	stream := losslog.NewStream(losslog.Options{}, w.Steps)
	for i := range 60 {
		loss := 1 + 0.1*math.Sin(float64(i*i))
		if i == 40 {
			loss = 5
		}
		fmt.Fprintf(stream, "{\"step\": %d, \"loss\": %v}\n", i, loss)
	}
	n.Close()
	if !strings.HasPrefix(out.String(), "40 5 ALERT step 40: loss 5 is ") {
		t.Errorf("the command wrote %q", out.String())
	}
	if len(posted) != 2 {
		t.Fatalf("%d posts", len(posted))
	}
	first := <-posted
	if !strings.HasPrefix(first["text"], "ALERT step 40: loss 5 is ") || first["content"] != first["text"] {
		t.Errorf("posted %v", first)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "404 Not Found: no such channel") {
		t.Errorf("problems: %v", problems)
	}
}

// A server that cannot be reached is told of without the address, which is a secret, and without how it was asked.
func TestAWebhookThatCannotBeReached(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	var problems []error
	n := NewNotifier("", server.URL+"/secret", io.Discard, func(err error) { problems = append(problems, err) })
	n.Tell(Alert{Loss: 5})
	n.Close()
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), "the webhook: dial ") || strings.Contains(problems[0].Error(), "secret") {
		t.Errorf("problems: %v", problems)
	}
}
