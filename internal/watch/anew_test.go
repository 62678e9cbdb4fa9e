package watch

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/losslog"
)

// A run that follows another in the same log is judged by itself: its first losses are no spikes, and its own are found. A counter of
// batches begins no run.
func TestAnotherRunInTheSameLog(t *testing.T) {
	falling := func(step int) float64 { return 1 + 5*math.Exp(-float64(step)/100) + 0.05*math.Sin(float64(step*step)) }
	for name, test := range map[string]struct {
		loss   func(record int) (step int, loss float64)
		alerts []int64 // the steps at which episodes begin
		anew   []int64
	}{
		"two runs": {func(record int) (int, float64) {
			step := record%500 + 1
			if step == 300 {
				return step, 40
			}
			return step, falling(step)
		}, []int64{300, 300}, []int64{1}},
		"a run that diverged": {func(record int) (int, float64) {
			step := record%500 + 1
			if record > 400 && record < 500 {
				return step, math.NaN()
			}
			return step, falling(step)
		}, []int64{402}, []int64{1}},
		"epochs": {func(record int) (int, float64) {
			if record == 500 {
				return 1, 40
			}
			if record == 700 {
				return 1, 6
			}
			return record%100 + 1, falling(record)
		}, []int64{1, 1}, nil},
		"a resumed run": {func(record int) (int, float64) {
			if record < 600 {
				return record + 1, falling(record)
			}
			return record - 200, falling(record - 200)
		}, nil, nil},
	} {
		w := New()
		var alerts, anew []int64
		w.Alert = func(a Alert) error {
			if !a.Over {
				alerts = append(alerts, a.Episode.Start)
				if ambiguous := name == "epochs"; strings.Contains(a.String(), ", record ") != ambiguous || ambiguous && a.Record != 501 && a.Record != 701 {
					t.Errorf("%s: %s", name, a)
				}
			}
			return nil
		}
		w.Anew = func(step int64) { anew = append(anew, step) }
		kept := 0
		w.Keep = func(r *Record) error { kept++; return nil }
		stream := losslog.NewStream(losslog.Options{}, w.Steps)
		for record := range 1000 {
			step, loss := test.loss(record)
			fmt.Fprintf(stream, "step %d: loss %.4f\n", step, loss)
		}
		if err := stream.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(alerts, test.alerts) || !slices.Equal(anew, test.anew) || w.Records() != 1000 || kept != len(alerts) {
			t.Errorf("%s: alerts at %v, runs anew at %v, %d losses, %d kept", name, alerts, anew, w.Records(), kept)
		}
	}
}
