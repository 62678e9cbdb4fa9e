package watch

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/format/eventlog"
	"alrc/internal/losslog"
)

// follow starts following a log and returns its alerts; stop ends it.
func follow(t *testing.T, o losslog.Options) (alerts chan Alert, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	alerts = make(chan Alert, 100)
	done := make(chan error, 1)
	go func() {
		w := New()
		w.Alert = func(a Alert) error { alerts <- a; return nil }
		done <- Follow(ctx, o, w, func(error) {})
	}()
	return alerts, func() {
		cancel()
		<-done
	}
}

func receive(t *testing.T, alerts chan Alert) Alert {
	t.Helper()
	select {
	case a := <-alerts:
		return a
	case <-time.After(20 * time.Second):
		t.Fatal("no alert")
		return Alert{}
	}
}

func TestFollow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, format := range []string{"table", "text", "pattern"} {
		path := filepath.Join(t.TempDir(), "log")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		line := func(step int, loss float64) {
			switch format {
			case "table":
				fmt.Fprintf(file, "%d,%v\n", step, loss)
			default:
				fmt.Fprintf(file, "step %d: loss %v\n", step, loss)
			}
		}
		o := losslog.Options{Inputs: []string{path}}
		switch format {
		case "table":
			fmt.Fprintln(file, "step,loss")
		case "pattern":
			o.Pattern = `step (?P<step>\d+): loss ([0-9.]+)`
		}
		for i := 1; i <= 200; i++ {
			line(i, 1+0.1*random.NormFloat64())
		}
		alerts, stop := follow(t, o)
		line(201, 9)
		line(202, 1) // after which the line before is whole for sure
		first := receive(t, alerts)
		if first.Over || first.Episode.Start != 201 || first.Loss != 9 || first.Sigmas < 20 {
			t.Errorf("%s: %+v", format, first)
		}
		if text := first.String(); !strings.Contains(text, "ALERT step 201: loss 9 is") {
			t.Errorf("%s: %s", format, text)
		}
		for i := 203; i <= 230; i++ {
			line(i, 1)
		}
		if second := receive(t, alerts); !second.Over || !second.Episode.Back || second.Episode.Recovery != 1 {
			t.Errorf("%s: %+v", format, second)
		}
		stop()
		file.Close()
	}
}

func TestFollowEvents(t *testing.T) {
	dir := t.TempDir()
	w, err := eventlog.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range int64(100) {
		w.Scalars(i, eventlog.Scalar{Tag: "loss", Value: 1 + 0.1*random.NormFloat64()})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	alerts, stop := follow(t, losslog.Options{Inputs: []string{dir}})
	defer stop()
	time.Sleep(100 * time.Millisecond)
	w.Scalars(100, eventlog.Scalar{Tag: "loss", Value: 9})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if first := receive(t, alerts); first.Episode.Start != 100 {
		t.Errorf("%+v", first)
	}
}

// A log that is not there, or holds no loss yet, is waited for, and the user is told so.
func TestFollowWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.log")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	w := New()
	w.Alert = func(a Alert) error {
		if a.Episode.Start != 31 {
			t.Errorf("an alert at step %d", a.Episode.Start)
		}
		return io.EOF
	}
	var told []error
	err := Follow(ctx, losslog.Options{Inputs: []string{path}}, w, func(err error) {
		told = append(told, err)
		if err := os.WriteFile(path, []byte("starting\n"), 0o644); err != nil {
			t.Error(err)
		}
		go func() {
			time.Sleep(2 * time.Second / 3)
			var log strings.Builder
			for step := 1; step <= 30; step++ {
				fmt.Fprintf(&log, "step %d: loss %v\n", step, 1+0.01*float64(step%3))
			}
			log.WriteString("step 31: loss nan\nstep 32: loss 1\n")
			if err := os.WriteFile(path, []byte(log.String()), 0o644); err != nil {
				t.Error(err)
			}
		}()
	})
	if err != io.EOF || len(told) != 1 || !strings.Contains(told[0].Error(), "train.log is not there yet") {
		t.Errorf("told %v; ended with %v", told, err)
	}
}

func TestFollowStandardInput(t *testing.T) {
	reader, writer := io.Pipe()
	alerts, stop := follow(t, losslog.Options{Inputs: []string{"-"}, Stdin: reader})
	random := rand.New(rand.NewPCG(1, 1))
	for i := 1; i <= 100; i++ {
		fmt.Fprintf(writer, "step=%d loss=%v\n", i, 1+0.1*random.NormFloat64())
	}
	fmt.Fprintf(writer, "step=101 loss=nan\n")
	if first := receive(t, alerts); first.Episode.Start != 101 || !strings.Contains(first.String(), "not finite") {
		t.Errorf("%+v", first)
	}
	writer.Close()
	stop()
}
