package cli

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/experiment"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

// checkLayout checks that text fits a layout: no line is wider than it unless it is a single word, and all is ASCII where that is
// all there is.
func checkLayout(t *testing.T, what string, l words.Layout, text string) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if utf8.RuneCountInString(line) > l.Width && strings.ContainsRune(strings.TrimSpace(line), ' ') {
			t.Errorf("%s: at %d columns a line has %d: %q", what, l.Width, utf8.RuneCountInString(line), line)
		}
		if l.ASCII && strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) {
			t.Errorf("%s: %q is not ASCII", what, line)
		}
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	measured := &experiment.Benchmark{Kernels: "avx512", Width: 1, Loss: "squared", FirstStepMilliseconds: 123}
	for _, size := range []int{1, 4, 16, 64} {
		measured.Results = append(measured.Results, experiment.Measurement{BatchSize: size, MillisecondsPerStep: 12345.678, ImagesPerSecond: 12.3,
			EffectiveGFLOPS: 456.7, Threads: 2, PeakGFLOPS: 321.5, Bandwidth: 5e9, FloorMilliseconds: 1234, PeakMemory: 123e6,
			Parts: []experiment.PartTime{{Name: "convolution 12, gradient of the data", Milliseconds: 1234.567}}})
	}
	status := &sweep.Status{}
	for i, state := range []sweep.State{sweep.Running, sweep.Waiting, sweep.Failed} {
		run := sweep.RunStatus{Run: sweep.Run{Label: strings.Repeat("learning-rate=0.0001,", i) + "clip=alrc-2,seed=0", Specification: experiment.Specification{Steps: 10000, Width: 1, BatchSize: 1}}}
		run.State, run.Worker, run.Step, run.Rate = state, "a-machine-with-a-long-name.example.org-12345", 1200, 3.5
		if state == sweep.Failed {
			run.Failures = []sweep.Failure{{Worker: "another-machine", Step: 5, Error: "the images here have the hash 0123 — and it asks for those of 4567", Time: time.Now()}}
		}
		status.Runs = append(status.Runs, run)
	}
	folder := &sweep.Folder{Dir: "sweeps/name", Plan: &sweep.Plan{Title: "CIFAR-10 supersampling: quartic and squared losses – with and without clipping"}}
	for _, l := range []words.Layout{{Width: 80}, {Width: 40}, {Width: 80, ASCII: true}, {Width: 40, ASCII: true}} {
		var text strings.Builder
		if err := writeBenchmark(&text, l, measured); err != nil {
			t.Fatal(err)
		}
		checkLayout(t, "bench", l, text.String())
		for _, want := range []string{"1234.567", "convolution", "waiting"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("bench: %q is missing at %d columns:\n%s", want, l.Width, text.String())
			}
		}
		text.Reset()
		if err := writeStatus(&text, l, folder, status); err != nil {
			t.Fatal(err)
		}
		checkLayout(t, "sweep status", l, text.String())
		for _, want := range []string{"running", "1,200", "another-machine", "4567"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("status: %q is missing at %d columns:\n%s", want, l.Width, text.String())
			}
		}
	}
}

// Help is ASCII, no line of a command's own text is wider than 110 columns, and none of its flags wider than 80.
func TestHelpIsPlain(t *testing.T) {
	walk(newRootCommand(nil), func(command *cobra.Command) {
		text := command.Short + "\n" + command.Long + "\n" + command.Example
		command.Flags().VisitAll(func(flag *pflag.Flag) { text += "\n" + strings.Join(strings.Fields(flag.Usage), "") })
		checkLayout(t, command.CommandPath(), words.Layout{Width: 110, ASCII: true}, text)
		usage := command.UsageString()
		if i := strings.Index(usage, "\n      --"); i >= 0 {
			checkLayout(t, "flags of "+command.CommandPath(), words.Layout{Width: 80, ASCII: true}, usage[i:])
		}
	})
}
