package watch

import (
	"fmt"
	"math"
	"strconv"

	"alrc/internal/spike"
	"alrc/internal/words"
)

// Alert is an episode that begins or is over.
type Alert struct {
	Episode spike.Episode
	Over    bool
	// Loss is that of the step that began it, or the largest by now, and Sigmas its distance from the level before, in
	// robust standard deviations.
	Loss, Sigmas float64
	// Record is the number of the record that began it, counted from 1, where steps are counted anew in each epoch; else 0.
	Record int64
}

func newAlert(e *spike.Episode, over bool) Alert {
	a := Alert{Episode: *e, Over: over, Loss: e.PeakLoss, Sigmas: e.Deviations}
	if math.IsInf(a.Loss, 0) {
		a.Loss = math.NaN() // no loss was finite
	}
	return a
}

// String is a line for a terminal or a log.
func (a Alert) String() string {
	e := a.Episode
	if !a.Over {
		at := "step " + words.Count(e.Start)
		if a.Record > 0 {
			at += ", record " + words.Count(a.Record)
		}
		if a.Loss-a.Loss != 0 {
			return fmt.Sprintf("ALERT %s: the loss is not finite (level before %s)", at, words.Short(e.Baseline, 4))
		}
		return fmt.Sprintf("ALERT %s: loss %s is %s standard deviations above its level of %s", at, words.Short(a.Loss, 4),
			words.Sigmas(a.Sigmas), words.Short(e.Baseline, 4))
	}
	text := fmt.Sprintf("over  step %s: ", words.Count(e.End))
	peak := fmt.Sprintf("its peak of %s at step %s", words.Short(e.PeakLoss, 4), words.Count(e.Peak))
	if math.IsInf(e.PeakLoss, 1) {
		peak = fmt.Sprintf("step %s", words.Count(e.Peak))
	}
	switch {
	case e.Back:
		return text + fmt.Sprintf("the loss is back, %s after %s", words.Counted(e.Recovery, "step"), peak)
	case e.Kind == spike.Shift:
		return text + fmt.Sprintf("the loss stays at another level since step %s", words.Count(e.Start))
	case e.Kind == spike.Diverged:
		return text + fmt.Sprintf("the run has diverged since step %s", words.Count(e.Start))
	}
	return text + "the log ends before the loss is back"
}

// Environment is the alert for a command that it starts.
func (a Alert) Environment() []string {
	number := func(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
	return []string{
		"ALRC_ALERT=" + a.String(),
		"ALRC_STEP=" + strconv.FormatInt(a.Episode.Start, 10),
		"ALRC_LOSS=" + number(a.Loss),
		"ALRC_SIGMAS=" + number(a.Sigmas),
	}
}
