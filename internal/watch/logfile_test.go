//go:build unix

package watch

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alrc/internal/losslog"
)

// trainInto writes losses to a file, by ways that programs do, and others to standard output.
func trainInto(path, kind string, interrupts chan os.Signal) {
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	mode := os.O_CREATE | os.O_WRONLY
	switch kind {
	case "append", "endless":
		mode |= os.O_APPEND
	case "truncate":
		mode |= os.O_TRUNC
	case "rename":
		must(os.Remove(path))
	}
	var whole bytes.Buffer
	for i := 0; i < 120 || kind == "endless"; i++ {
		loss := 2 + 0.1*math.Sin(float64(i*i))
		if i == 80 {
			loss = 9
		}
		fmt.Printf("step %d loss 1\n", i)
		line := fmt.Sprintf("%d,%.4f\n", i, loss)
		if i == 0 && kind != "append" {
			line = "step,loss\n" + line
		}
		if kind == "rewrite" {
			whole.WriteString(line)
			must(os.WriteFile(path+"~", whole.Bytes(), 0o644))
			must(os.Rename(path+"~", path))
		} else {
			f, err := os.OpenFile(path, mode, 0o644)
			must(err)
			if kind != "append" && kind != "truncate" {
				mode |= os.O_APPEND
			}
			mode = mode&^os.O_TRUNC | os.O_APPEND
			_, err = f.WriteString(line)
			must(err)
			must(f.Close())
		}
		select {
		case s := <-interrupts:
			fmt.Printf("saved on %v\n", s)
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// A log that the program writes is read instead of its output, however it is written. What was in it before does not count.
func TestLogOfProgram(t *testing.T) {
	var before strings.Builder
	before.WriteString("step,loss\n")
	for i := range 300 {
		loss := 5 + math.Sin(float64(i*i))
		if i == 200 {
			loss = 1000
		}
		fmt.Fprintf(&before, "%d,%.4f\n", i, loss)
	}
	for _, kind := range []string{"new", "append", "truncate", "rename", "rewrite"} {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "train.csv")
			if kind != "new" {
				if err := os.WriteFile(path, []byte(before.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("ALRC_TEST_LOG", path)
			r := run(t, kind, Command{Log: losslog.Options{Inputs: []string{path}}})
			if r.Code != 0 || r.Losses != 120 || r.Missing != nil || r.Stopped != "" {
				t.Errorf("%+v, said %q", r.Result, r.said)
			}
			if len(r.alerts) != 2 || r.alerts[0].Over || r.alerts[0].Episode.Start != 80 || !r.alerts[1].Over {
				t.Errorf("alerts: %+v", r.alerts)
			}
			if lines := strings.Count(r.stdout.String(), "loss 1\n"); lines != 120 {
				t.Errorf("%d lines of output came through", lines)
			}
		})
	}
}

// A folder stands for the run in it that the program writes.
func TestFolderOfProgram(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"version_0", "version_1"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "version_0", "metrics.csv"), []byte("step,loss\n1,2\n2,1\n3,900\n4,1\n5,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALRC_TEST_LOG", filepath.Join(dir, "version_1", "metrics.csv"))
	r := run(t, "new", Command{Log: losslog.Options{Inputs: []string{dir}}})
	if r.Losses != 120 || len(r.alerts) != 2 {
		t.Errorf("%+v, said %q, alerts %+v", r.Result, r.said, r.alerts)
	}
}

func TestStopOnLogOfProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.csv")
	t.Setenv("ALRC_TEST_LOG", path)
	r := run(t, "endless", Command{Stop: Stop{Spike: true}, Log: losslog.Options{Inputs: []string{path}}})
	if r.Stopped != "a spike" || r.Code != 0 || !strings.Contains(r.stdout.String(), "saved on interrupt") {
		t.Errorf("%+v", r.Result)
	}
}

// A log that is not written is told, not passed over.
func TestLogOfProgramIsMissing(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.csv")
	if err := os.WriteFile(old, []byte("step,loss\n1,2\n2,1\n3,1\n4,1\n5,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, why := range map[string]string{filepath.Join(dir, "none.csv"): "none.csv is not there", old: "nothing was written to "} {
		r := run(t, "short", Command{Log: losslog.Options{Inputs: []string{path}}})
		if r.Code != 5 || r.Losses != 0 || r.Missing == nil || !strings.Contains(r.Missing.Error(), why) {
			t.Errorf("%+v", r.Result)
		}
	}
}
