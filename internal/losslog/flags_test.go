package losslog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// threeRuns is a log of three runs, the second of which was resumed, each with other losses.
func threeRuns() string {
	var b strings.Builder
	line := func(run, step int, loss float64) { fmt.Fprintf(&b, "run %d: step %d, loss %v\n", run, step, loss) }
	for step := range 6 {
		line(0, step, 10-float64(step)/10)
	}
	for _, step := range []int{0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 8, 9} {
		line(1, step, 20-float64(step)/10)
	}
	for step := range 4 {
		line(2, step, 30-float64(step)/10)
	}
	return b.String()
}

// Of several runs in a log the last is read, or the one that is asked for.
func TestRuns(t *testing.T) {
	path := write(t, "log", threeRuns())
	for _, test := range []struct {
		run, want string
		others    int64
	}{
		{"", "0:30 1:29.9 2:29.8 3:29.7", 20},
		{"last", "0:30 1:29.9 2:29.8 3:29.7", 20},
		{"1", "0:10 1:9.9 2:9.8 3:9.7 4:9.6 5:9.5", 18},
		{"2", "0:20 1:19.9 2:19.8 3:19.7 4:19.6 5:19.5 6:19.4 7:19.3 8:19.2 9:19.1", 10},
	} {
		source, steps := pairs(t, Options{Inputs: []string{path}, Run: test.run})
		if steps != test.want || source.OtherRuns != test.others || source.Runs != 3 {
			t.Errorf("run %q: %s; %d records of others", test.run, steps, source.OtherRuns)
		}
	}
	if source, steps := pairs(t, Options{Inputs: []string{path}, Run: "all"}); count(steps) != 24 || !strings.HasPrefix(steps, "1:10 2:9.9") {
		t.Errorf("all runs: %s, %+v", steps, source)
	}
	for _, run := range []string{"4", "0", "first"} {
		if err := readError(Options{Inputs: []string{path}, Run: run}); err == nil || !strings.Contains(err.Error(), "3 runs") {
			t.Errorf("run %q: %v", run, err)
		}
	}
}

// Lines of training are read, or those that are asked for.
func TestLines(t *testing.T) {
	path := write(t, "log", "[train] step 1 loss 1.5\n[train] step 2 loss 1.25\n[valid] step 2 loss 1.75\n[train] step 3 loss 1.125\n")
	if source, steps := pairs(t, Options{Inputs: []string{path}}); steps != "1:1.5 2:1.25 3:1.125" || source.LeftOut != 1 || source.Lines != "train" {
		t.Errorf("%s; %+v", steps, source)
	}
	if _, steps := pairs(t, Options{Inputs: []string{path}, Lines: "valid"}); steps != "2:1.75" {
		t.Errorf("of validation: %s", steps)
	}
	named := write(t, "log", "step 1 train loss 1.5\nstep 2 train loss 1.25\nstep 2 val loss 1.75\nstep 3 train loss 1.125\nstep 3 val loss 1.625\n")
	plain := write(t, "log", "step 1 loss 1.5\nstep 2 loss 1.25\nstep 3 loss 1.125\n")
	for _, test := range []struct{ path, word, want string }{
		{path, "tests", `they have "train", "valid"`},
		{named, "val", `--column "val loss"`},
		{plain, "val", "no words that tell them apart"},
	} {
		if err := readError(Options{Inputs: []string{test.path}, Lines: test.word}); err == nil || !strings.Contains(err.Error(), "--lines "+test.word) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("--lines %s: %v, want %s", test.word, err, test.want)
		}
	}
}

// What a flag names must be there, in every format.
func TestMistypedSteps(t *testing.T) {
	for _, content := range []string{"step,loss\n1,2\n2,1\n", "step 1: loss 2\nstep 2: loss 1\n", "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"loss\": 1}\n",
		"| step | loss |\n|---|---|\n| 1 | 2.5 |\n| 2 | 1.5 |\n| 3 | 1.5 |\n"} {
		path := write(t, "log", content)
		if err := readError(Options{Inputs: []string{path}, Step: "stpe"}); err == nil || !strings.Contains(err.Error(), "--step-column stpe") {
			t.Errorf("%q: %v", content, err)
		}
		if err := readError(Options{Inputs: []string{path}, Step: "STEP", Loss: "LOSS"}); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
	path := write(t, "log", "step 1: loss 2\n")
	if err := readError(Options{Inputs: []string{path}, Step: "step", Pattern: "loss ([0-9])"}); err == nil {
		t.Error("a pattern has groups, and no step column")
	}
}

func TestEncodings(t *testing.T) {
	content := "step,loss\n1,0.5\n2,0.25\n"
	var wide []byte
	for _, c := range []byte(content) {
		wide = append(wide, 0, c)
	}
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string]string{"UTF-16, big end first": "\xfe\xff" + string(wide), "the same without a mark": string(wide), "zstd": packed.String()} {
		if _, steps := pairs(t, Options{Inputs: []string{write(t, "log", encoded)}}); steps != "1:0.5 2:0.25" {
			t.Errorf("%s: %s", name, steps)
		}
	}
	for want, content := range map[string]string{"'git lfs pull'": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
		"notebook whose cells have printed nothing, and holds no losses of a training; run its cells": `{"cells": [{"cell_type": "code", "source": "loss = 1"}]}`} {
		if err := readError(Options{Inputs: []string{write(t, "log", content)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// A message shows what the user wrote, and what may be done.
func TestMessagesSayWhatToDo(t *testing.T) {
	for _, test := range []struct {
		content        string
		options        Options
		want, wantless string
	}{
		{"loss 5\n", Options{Pattern: "loss ("}, "missing closing ): `loss (`; a character that is meant as it is", "(?m)"},
		{"loss 5\n", Options{Pattern: "loss"}, "put the number in parentheses", ""},
		{"loss: 5\n", Options{}, `"loss" is named like one, but its numbers do not look like losses of a training; --column 'loss' reads them all the same`, "they are"},
	} {
		test.options.Inputs = []string{write(t, "log", test.content)}
		err := readError(test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) || test.wantless != "" && strings.Contains(err.Error(), test.wantless) {
			t.Errorf("%+v: %v", test.options, err)
		}
	}
}
