package losslog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alrc/internal/format/eventlog"
)

// The scalars of an event file may begin behind a large graph, or in a later file.
func TestLossBehindTheSample(t *testing.T) {
	dir := t.TempDir()
	for i, tags := range [][]string{{"lr"}, {"loss", "accuracy", "extra"}} {
		alone := t.TempDir()
		w, err := eventlog.Create(alone)
		if err != nil {
			t.Fatal(err)
		}
		for step := range int64(50_000) {
			for _, tag := range tags {
				w.Scalars(step, eventlog.Scalar{Tag: tag, Value: float64(step + 1)})
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(onlyFile(t, alone), filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "events.out.tfevents.0")); err != nil || info.Size() < sampleSize {
		t.Fatalf("the first file is no longer than the sample: %v", err)
	}
	source, steps := pairs(t, Options{Inputs: []string{dir}})
	if source.Loss != "loss" || count(steps) != 50_000 {
		t.Errorf("%+v", source)
	}
}

// A file's name or title says what numbers without names are, where the names in it do not.
func TestTitles(t *testing.T) {
	rows := ""
	for i := range 12 {
		rows += fmt.Sprintf("%d\t%.3f\n", 5+i/5, 2/float64(1+i))
	}
	if source, steps := pairs(t, Options{Inputs: []string{write(t, "loss_history.txt", rows)}}); source.Loss != "2" || !strings.HasPrefix(steps, "1:2 2:1 ") {
		t.Errorf("%+v: %s", source, steps)
	}
	if got := outcomeOf(write(t, "numbers.txt", rows)); !strings.Contains(got.refused, "rows of numbers") {
		t.Errorf("without a title: %+v", got)
	}
	columns := strings.ReplaceAll(rows, "\t", ".25\t")
	for name, text := range map[string]string{"train_error.txt": columns, "out.txt": "seed: 5\nLoss: 1.5\n\n" + columns} {
		if got := outcomeOf(write(t, name, text)); len(got.asked) != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	epochs := strings.NewReplacer("5\t", "epoch1 ", "6\t", "epoch2 ", "7\t", "epoch3 ")
	if source, steps := pairs(t, Options{Inputs: []string{write(t, "train_loss.txt", epochs.Replace("5\t0.5\n6\t0.25\n7\t0.125\n"))}}); steps != "1:0.5 2:0.25 3:0.125" {
		t.Errorf("%+v: %s", source, steps)
	}
}

// What counts the steps may begin behind the part of a log by which its loss is chosen.
func TestCounterBehindTheSample(t *testing.T) {
	for _, kind := range []struct{ loss, filler, counted string }{
		{"loss 2.5\n", "shard 17 of the data is read in 0.5 s\n", "step %d loss 0.%d\n"},
		{`{"loss": 2.5}` + "\n", `{"shards": 17, "lr": 0.001}` + "\n", `{"step": %d, "loss": 0.%d}` + "\n"},
	} {
		var log strings.Builder
		log.WriteString(kind.loss + kind.loss + strings.Repeat(kind.filler, sampleSize/len(kind.filler)))
		for i := range 40 {
			fmt.Fprintf(&log, kind.counted, 100+10*i, 10+i)
		}
		source, steps := pairs(t, Options{Inputs: []string{write(t, "log", log.String())}})
		if source.Step != "step" || count(steps) != 42 || !strings.HasPrefix(steps, "1:2.5 2:2.5 100:0.1 110:0.11 ") {
			t.Errorf("%s: %+v, %.80s", kind.loss, source, steps)
		}
	}
}

// A number whose name says nothing is asked about where it counts no steps of a training, and none where it rises.
func TestLoneNumbers(t *testing.T) {
	for _, format := range []string{"Episode %d: %.3f\n", "episode: %d/500, e: %.3f\n", "Generation %d best %.3f\n"} {
		log := ""
		for i := range 20 {
			log += fmt.Sprintf(format, i, 1/float64(i+1))
		}
		if got := outcomeOf(write(t, "log", log)); got.losses > 0 {
			t.Errorf("%s is read as %+v", format, got)
		}
	}
	rising := ""
	for i := range 20 {
		rising += fmt.Sprintf("step %d value %.3f\n", i, 1-1/float64(i+1))
	}
	if got := outcomeOf(write(t, "log", rising)); !strings.Contains(got.refused, "holds no loss") {
		t.Errorf("what rises is read as %+v", got)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name, content string
		options       Options
		want          string
	}{
		{"empty", "", Options{}, "is empty"},
		{"binary", "\x00\x01\x02", Options{}, "binary file"},
		{"prose", "nothing to see here\nnor here\n", Options{}, "--pattern"},
		{"no such column", "step,loss\n1,2\n", Options{Loss: "lost"}, `has no column "lost"; it has loss`},
		{"no match", "error 5\nerror 6\n", Options{Pattern: "mistake ([0-9])"}, "--column 'error'"},
		{"no group", "error 5\n", Options{Pattern: "error"}, "no group"},
		{"bad pattern", "error 5\n", Options{Pattern: "("}, "the pattern"},
		{"condition", "step,loss\n1,2\n", Options{Where: []Condition{{Field: "step", Value: "7"}}}, "none of 1 records"},
		{"xz", "\xfd7zXZ\x00....", Options{}, "xz -dc"},
	} {
		test.options.Inputs = []string{write(t, "log", test.content)}
		if err := readError(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v does not say %q", test.name, err, test.want)
		}
	}
	var choice *ChoiceError
	path := write(t, "log", "step,a,b\n1,0.5,3\n2,0.25,nan\n")
	if err := readError(Options{Inputs: []string{path}}); !errors.As(err, &choice) {
		t.Fatalf("two columns that may be losses: %v", err)
	}
	want := []Candidate{{Loss: "a", Count: 2, Least: 0.25, Most: 0.5}, {Loss: "b", Count: 2, Least: 3, Most: 3, NaN: 1}}
	if diff := cmp.Diff(want, choice.Candidates); diff != "" {
		t.Error(diff)
	}
}
