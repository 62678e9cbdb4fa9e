package replay

import (
	"math"
	"slices"

	"alrc/internal/losslog"
	"alrc/internal/spike"
)

// Episode is a [spike.Episode] in a report: what is not finite is null in JSON.
type Episode struct {
	Start int64 `json:"start"`
	Peak  int64 `json:"peak"`
	// End is the first step at which the loss was back; for an episode that is not over, the log's last step.
	End int64 `json:"end"`
	// PeakLoss is the largest finite loss, and Sigmas its distance from Baseline, the level of the loss before the
	// episode, in units of Deviation, the robust standard deviation about it.
	PeakLoss  Number `json:"peak_loss"`
	Sigmas    Number `json:"sigmas"`
	Baseline  Number `json:"baseline"`
	Deviation Number `json:"deviation"`
	// Spikes is the number of steps that spiked, and NonFinite that of them with a loss that is not finite.
	Spikes    int `json:"spikes"`
	NonFinite int `json:"not_finite,omitempty"`
	// Recovery is the number of steps from the peak until the loss had come back; 0 where Back is false.
	Recovery int64 `json:"recovery,omitempty"`
	// Back says that the loss came back to where it was before.
	Back bool `json:"came_back"`
	// Area is the sum, over the episode's steps, of what the loss was above the baseline.
	Area Number `json:"area"`
	// Kind is "spike", "shift" (the loss stayed at another level), "open" (the log ends in it) or "diverged".
	Kind spike.Kind `json:"kind"`

	records int
	quick   bool // back at the first step after the peak
}

func newEpisode(e *spike.Episode) *Episode {
	return &Episode{Start: e.Start, Peak: e.Peak, End: e.End, PeakLoss: Number(e.PeakLoss), Sigmas: Number(e.Deviations),
		Baseline: Number(e.Baseline), Deviation: Number(e.Deviation), Spikes: e.Spikes, NonFinite: e.NonFinite,
		Recovery: e.Recovery, Back: e.Back, Area: Number(e.Area), Kind: e.Kind, records: e.Records, quick: e.Quick}
}

func newEpisodes(found []*spike.Episode) []*Episode {
	episodes := make([]*Episode, len(found))
	for i, e := range found {
		episodes[i] = newEpisode(e)
	}
	return episodes
}

// analysis counts the losses of a series, keeps its curve, and has its spikes found.
type analysis struct {
	steps, losses int64
	nonFinite     int64 // losses
	badSteps      int64 // steps with one
	first, last   int64
	least, most   float64
	mostStep      int64
	sum           float64 // of the steps' means
	count         int64   // of steps with a finite loss
	loss          *curve

	levels   []float64 // of a chunk's steps
	detector *spike.Detector
	closeups closeups
	found    *spike.Summary // at the end
}

func newAnalysis(steps pace) *analysis {
	a := &analysis{loss: newCurve(), least: math.Inf(1), most: math.Inf(-1), detector: spike.New()}
	a.detector.OnEpisode = a.closeups.found
	a.detector.Apart = steps.epochs
	return a
}

func (a *analysis) push(c *losslog.Chunk) error {
	if losses := c.Singles(); len(losses) > 0 {
		a.singles(c.Steps(), losses)
		return nil
	}
	for i := range c.Len() {
		a.step(c.Step(i), c.Losses(i))
	}
	return nil
}

// singles takes steps with one loss each, as step does.
func (a *analysis) singles(steps []int64, losses []float64) {
	if a.steps == 0 {
		a.first = steps[0]
	}
	n := len(losses)
	a.last = steps[n-1]
	a.steps += int64(n)
	a.losses += int64(n)
	a.levels = slices.Grow(a.levels[:0], n)[:n]
	for i, loss := range losses {
		if loss-loss != 0 {
			a.levels[i] = math.NaN()
			a.nonFinite++
			a.badSteps++
			continue
		}
		loss += 0 // no mean is -0
		a.levels[i] = loss
		a.sum += loss
		a.count++
		a.least = min(a.least, loss)
		if loss > a.most {
			a.most, a.mostStep = loss, steps[i]
		}
	}
	a.loss.addAll(steps, a.levels)
	for i, level := range a.levels {
		a.judge(steps[i], level)
	}
}

// judge takes the level of a step, NaN where one of its losses is not finite.
func (a *analysis) judge(step int64, level float64) {
	a.closeups.add(step, level)
	a.detector.Add(step, level)
	if len(a.closeups.open) > 0 {
		a.closeups.look(false)
	}
}

// step takes the losses of a step. It is judged by their mean, and by none if one of them is not finite.
func (a *analysis) step(step int64, losses []float64) {
	if a.steps == 0 {
		a.first = step
	}
	a.last = step
	a.steps++
	a.losses += int64(len(losses))
	var sum float64
	finite := 0
	for _, loss := range losses {
		if loss-loss != 0 {
			continue
		}
		finite++
		sum += loss
		if loss > a.most {
			a.most, a.mostStep = loss, step
		}
	}
	level := sum / float64(finite)
	a.loss.add(step, level)
	if finite > 0 {
		a.sum += level
		a.count++
		a.least = min(a.least, level)
	}
	if bad := len(losses) - finite; bad > 0 {
		a.nonFinite += int64(bad)
		a.badSteps++
		level = math.NaN()
	}
	a.judge(step, level)
}

func (a *analysis) finish() {
	a.found = a.detector.Close()
	a.closeups.look(true)
}
