package spike

import (
	"math"
	"slices"

	"alrc/internal/statistics"
)

const (
	// calm is the number of records whose median must be back for an episode to be over.
	calm = 9
	// backWithin is how far above the level from before, in deviations, a loss may lie that is back.
	backWithin = 2
	// keptEpisodes is how many episodes are kept; the largest stay.
	keptEpisodes = 200
)

// Kind is what became of an episode.
type Kind string

const (
	// Spike: the loss rose and came back.
	Spike Kind = "spike"
	// Shift: the loss rose and stayed at another level. None of its records counts as a spike, since their
	// neighbourhood is at that level, too.
	Shift Kind = "shift"
	// Open: the log ends before the loss had come back.
	Open Kind = "open"
	// Diverged: the log ends with losses that are not finite, or that left their level and did not come back.
	Diverged Kind = "diverged"
)

// Episode is one disturbance of the loss: a spike, or several that follow one another before the loss has calmed down.
type Episode struct {
	// Record counts the records before the first spike.
	Record int64
	// Start is the step of the first spike, and Peak that of the largest finite loss, or Start if there is none.
	Start, Peak int64
	// End is the first step at which the loss was back. Where it did not come back, it is the last step at which the
	// episode was followed.
	End int64
	// PeakLoss is the loss at Peak, +Inf if none was finite, and Deviations is its distance from Baseline, in units of
	// Deviation; NaN if PeakLoss is not finite.
	PeakLoss, Deviations float64
	// Baseline is the level of the loss before the episode, and Deviation the robust standard deviation about it. Both
	// are NaN where no loss was before.
	Baseline, Deviation float64
	// Records counts the episode's records, Spikes those that were spikes, and NonFinite those of them that were not
	// finite.
	Records, Spikes, NonFinite int
	// Recovery is the number of steps from the peak until the loss had come back; 0 where it did not.
	Recovery int64
	// Back says that the loss came back, and Quick that it did at the first record after the peak.
	Back, Quick bool
	// Area is the sum, over the episode's records, of what the loss was above Baseline.
	Area float64
	Kind Kind

	// logMedian and logDeviation are those of the logarithms of the losses around, and NaN where these are of no use.
	logMedian, logDeviation float64

	peaked  int   // records up to the peak
	backs   int   // records that were back
	since   int   // the first record after the peak that was back, counted like peaked; 0: none
	sinceAt int64 // its step
	last    [calm]float64
	steps   [calm]int64
	quiet   int     // records since the last spike
	calmed  int     // records after the first that was back, where the episode is over
	settled float64 // the level when it was last looked at
	look    int     // records after which it is looked at next
	mark    float64 // the level at the last 50th record
	stays   bool    // it has not fallen since the 50th record before
}

// newEpisode begins one at a record with the level and the deviation from before.
func newEpisode(record, step int64, baseline, deviation float64) *Episode {
	return &Episode{Start: step, Peak: step, PeakLoss: math.Inf(-1), Deviations: math.NaN(), Baseline: baseline,
		Deviation: deviation, peaked: 1, Record: record, settled: math.NaN(), look: 2 * half,
		logMedian: math.NaN(), logDeviation: math.NaN()}
}

// add follows the episode with the next record and says whether it is over.
func (e *Episode) add(step int64, loss float64) bool {
	e.Records++
	e.End = step
	finite := loss-loss == 0
	if finite && loss > e.Baseline {
		e.Area += loss - e.Baseline
	}
	switch {
	case !finite:
		e.NonFinite++
		e.Spikes++
		e.quiet = 0
		return false
	case e.Records == 1 || loss >= e.Baseline+Limit*e.Deviation:
		e.Spikes++
		e.quiet = 0
		if loss > e.PeakLoss {
			e.PeakLoss, e.Peak, e.peaked, e.since = loss, step, e.Records, 0
			e.Deviations = (loss - e.Baseline) / e.Deviation
		}
		return false
	}
	if loss <= e.Baseline+backWithin*e.Deviation {
		if e.backs++; e.since == 0 {
			e.since, e.sinceAt = e.Records, step
		}
	}
	e.last[e.quiet%calm], e.steps[e.quiet%calm] = loss, step
	e.quiet++
	return e.quiet >= calm && e.back()
}

// back says whether most of the last records, all since the last spike or as many as calm, are back, and then
// notes since when.
func (e *Episode) back() bool {
	n := min(e.quiet, calm)
	if n == 0 {
		return false
	}
	// Without anything before, what is finite is back.
	level := math.Inf(1)
	if e.Baseline == e.Baseline {
		level = e.Baseline + backWithin*e.Deviation
	}
	var sorted [calm]float64
	copy(sorted[:n], e.last[:n])
	slices.Sort(sorted[:n])
	if statistics.Percentile(sorted[:n], 0.5) > level {
		return false
	}
	for k := range n {
		i := (e.quiet - n + k) % calm
		if e.last[i] <= level {
			e.End, e.calmed = e.steps[i], n-1-k
			e.Quick = e.Records-(n-1-k) <= e.peaked+1
			break
		}
	}
	e.Back, e.Kind = true, Spike
	e.Recovery = max(e.End-e.Peak, 0)
	return true
}

// between ends an episode of many spikes after each of which the loss came back, unless the last record is one.
func (e *Episode) between() bool {
	if e.since == 0 || e.quiet == 0 {
		return false
	}
	e.Back, e.Kind = true, Spike
	e.Recovery, e.Quick = e.sinceAt-e.Peak, e.since == e.peaked+1
	return true
}

// finished tidies up an episode that nothing is added to any more.
func (e *Episode) finished() {
	if math.IsInf(e.PeakLoss, -1) {
		e.PeakLoss = math.Inf(1)
	}
	if e.Kind == Shift {
		e.Spikes = 0
	}
}

// weight orders episodes by how far they went.
func (e *Episode) weight() float64 {
	if e.Kind != Spike || e.NonFinite > 0 {
		return math.Inf(1)
	}
	return e.Deviations
}

// Largest returns the n largest of some episodes, in order of time.
func Largest(episodes []*Episode, n int) []*Episode {
	kept := slices.Clone(episodes)
	slices.SortStableFunc(kept, func(a, b *Episode) int {
		switch x, y := a.weight(), b.weight(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	kept = kept[:min(len(kept), n)]
	slices.SortStableFunc(kept, func(a, b *Episode) int {
		switch {
		case a.Record < b.Record:
			return -1
		case a.Record > b.Record:
			return 1
		}
		return 0
	})
	return kept
}
