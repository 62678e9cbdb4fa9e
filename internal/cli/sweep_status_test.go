package cli

import (
	"math"
	"testing"

	"alrc/internal/sweep"
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
