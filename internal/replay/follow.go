package replay

import (
	"context"
	"fmt"
	"strconv"

	"alrc/internal/losslog"
	"alrc/internal/spike"
)

// Alert is an episode that begins or is over.
type Alert struct {
	Episode Episode
	Over    bool
	// Loss and Sigmas are of the step that began it.
	Loss, Sigmas float64
}

// String is a line for a terminal or a log.
func (a Alert) String() string {
	e := a.Episode
	if !a.Over {
		if a.Loss-a.Loss != 0 {
			return fmt.Sprintf("ALERT step %s: the loss is not finite (level before %s)", grouped(e.Start), short(float64(e.Baseline)))
		}
		return fmt.Sprintf("ALERT step %s: loss %s is %s standard deviations above its level of %s", grouped(e.Start), short(a.Loss),
			rounded(a.Sigmas), short(float64(e.Baseline)))
	}
	text := fmt.Sprintf("over  step %s: ", grouped(e.End))
	if e.Back {
		text += fmt.Sprintf("the loss is back, %s after its peak of %s at step %s", counted(e.Recovery, "step"), short(float64(e.PeakLoss)), grouped(e.Peak))
	} else {
		text += fmt.Sprintf("the loss stays at a new level since step %s", grouped(e.Start))
	}
	return text
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

// Follow reads a log as [losslog.Follow] does and calls alert with each episode as it begins and as it is over, until
// the context ends or alert returns an error.
func Follow(ctx context.Context, o Options, waiting func(error), alert func(Alert) error) error {
	return losslog.Follow(ctx, o.Log, waiting, newWatcher(alert).push)
}

// watcher passes steps through the analysis.
type watcher struct {
	analysis *analysis
	failed   error
}

func newWatcher(alert func(Alert) error) *watcher {
	w := &watcher{analysis: newAnalysis()}
	w.analysis.detector.OnEpisode = func(e *spike.Episode, over bool) {
		if w.failed == nil {
			w.failed = alert(Alert{Episode: *newEpisode(e), Over: over, Loss: e.PeakLoss, Sigmas: e.Deviations})
		}
	}
	return w
}

func (w *watcher) push(c *losslog.Chunk) error {
	if err := w.analysis.push(c); err != nil {
		return err
	}
	return w.failed
}
