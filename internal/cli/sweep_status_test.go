package cli

import (
	"math"
	"strings"
	"testing"

	"alrc/internal/experiment"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

// A run in progress shows its loss, and what is not known of one that just began is left out.
func TestStatusOfARunningRun(t *testing.T) {
	for _, test := range []struct {
		step       int64
		loss, rate float64
		want       string
	}{
		{0, 0, 0, "just begun, on here"},
		{12, math.NaN(), 0, "step 12 of 2,000, on here"},
		{1200, 1.23456, 85.2, "step 1,200 of 2,000, loss 1.235, 85.2 steps/s, on here"},
	} {
		run := sweep.RunStatus{State: sweep.Running, Worker: "here", Step: test.step, Loss: test.loss, Rate: test.rate}
		run.Run.Specification.Steps = 2000
		if got := runningText(run); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// The status counts runs that went wrong as their results say it, each once.
func TestStatusCountsFates(t *testing.T) {
	left := &runfolder.Stability{LeftStep: 70}
	var status sweep.Status
	for _, result := range []*runfolder.Result{{}, {Diverged: true, Stability: left}, {Diverged: true}, {Stability: left},
		{Dead: &runfolder.Dead{Layer: "conv1", Step: 3}, Stability: left}} {
		status.Runs = append(status.Runs, sweep.RunStatus{Run: sweep.Run{Specification: experiment.Default()}, State: sweep.Done, Result: result})
	}
	var text strings.Builder
	if err := writeStatus(&text, words.Layout{Width: 80}, &sweep.Folder{Plan: &sweep.Plan{Title: "Five runs"}}, &status); err != nil {
		t.Fatal(err)
	}
	want := "Of 5 runs done: 2 diverged, 1 lost (the loss left its level for good), 1 dead\n(the output depends on the input no longer).\n"
	if !strings.HasSuffix(text.String(), want) {
		t.Errorf("the status is\n%s", text.String())
	}
}
