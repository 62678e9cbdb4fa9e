package replay

import (
	"fmt"
	"strings"
	"testing"

	"alrc/internal/losslog"
)

// A few records, as people paste them, are not judged, but what they show is said, and no run's length is made of them.
func TestShortLog(t *testing.T) {
	var log, page strings.Builder
	for i, loss := range []float64{0.5, 0.48, 41, 0.6, 0.7} {
		fmt.Fprintf(&log, "step %d loss %v\n", 78500+20*i, loss)
	}
	r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "pasted.txt", log.String())}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "The loss went from 0.5 at step 78,500 to 0.7 at step 78,580; the largest was 41, at step 78,540. At step 78,540 it was more than 5 times what it was just before."; !strings.Contains(r.Verdict, want) {
		t.Errorf("%q lacks %q", r.Verdict, want)
	}
	if r.Recommendation.Decay != usualDecay {
		t.Errorf("a decay of %v is called the published default", r.Recommendation.Decay)
	}
	if err := r.Print(&page, Appearance{Columns: 80}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "clipping would have done") {
		t.Errorf("what moments that have not started would have clipped is told:\n%s", &page)
	}
}

// A part of a run is as long as the run up to there.
func TestPartOfARun(t *testing.T) {
	for first, want := range map[int]float64{0: fastDecay, 13_104: usualDecay} {
		var log strings.Builder
		for i := range 40 {
			fmt.Fprintf(&log, "step %d loss %v\n", first+i, 1+0.1*float64(i%7))
		}
		r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "part.txt", log.String())}}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Recommendation.Decay != want {
			t.Errorf("from step %d: a decay of %v: %s", first, r.Recommendation.Decay, r.Recommendation.Reason)
		}
	}
}

// Where an epoch is a record, its length in steps is not known, and no run is called short.
func TestEpochs(t *testing.T) {
	for counter, want := range map[string]float64{"epoch": usualDecay, "step": fastDecay} {
		var log strings.Builder
		for i := range 30 {
			fmt.Fprintf(&log, "%s %d loss %v\n", counter, i+1, 1+0.1*float64(i%7))
		}
		r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "log.txt", log.String())}}})
		if err != nil {
			t.Fatal(err)
		}
		note := strings.Join(r.Source.Notes, " ")
		if r.Recommendation.Decay != want || strings.Contains(note, "one record an epoch") != (counter == "epoch") {
			t.Errorf("%s: a decay of %v: %s %s", counter, r.Recommendation.Decay, r.Recommendation.Reason, note)
		}
	}
}

// Spikes at the beginning of a part of a run are none of the run's first steps.
func TestSpikesWhereAPartBegins(t *testing.T) {
	for first, want := range map[int]string{0: "in the first 20 steps", 73_200: "A run that began before step 73,200 has its moments by then"} {
		var log strings.Builder
		for i := range 60 {
			loss := 1 + 0.1*float64(i*7%11)
			if i == 4 {
				loss = 90
			}
			fmt.Fprintf(&log, "step %d loss %v\n", first+i, loss)
		}
		r, err := Run(Options{Log: losslog.Options{Inputs: []string{write(t, "part.txt", log.String())}}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(r.Recommendation.Reason, want) {
			t.Errorf("from step %d: %s", first, r.Recommendation.Reason)
		}
	}
}
