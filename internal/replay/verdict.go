package replay

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// judge says in plain words what the log shows: first what matters most.
func (r *Report) judge() {
	var say []string
	add := func(format string, arguments ...any) { say = append(say, fmt.Sprintf(format, arguments...)) }
	a := r.analysis
	r.Condition = "calm"

	open := r.openEpisode()
	diverged := a.badTail > 0 && (a.badTail >= 3 || a.badTail == a.badSteps)
	if !a.started && a.count > 0 {
		r.Condition = "short"
		add("%s %s too few to tell: clipping watches the first 20 before it clips anything.", counted(a.count, "step"), isAre(a.count))
	}
	switch {
	case a.count == 0:
		r.Condition = "diverged"
		add("None of %s has a finite loss: look at the data, the loss and the learning rate.", counted(r.Steps, "step"))
	case diverged:
		r.Condition = "diverged"
		add("The run diverged: from step %s to the end, %s, no loss was finite.", grouped(a.badTailStart), counted(a.badTail, "step"))
		if open != nil && open.Start < a.badTailStart {
			add("It began with a spike at step %s that the loss did not come back from.", grouped(open.Start))
		}
	case open != nil && r.farAbove(open):
		r.Condition = "diverged"
		add("The run diverged: at step %s the loss left its mean of %s, and it did not come back; the log ends at %s.",
			grouped(open.Start), short(float64(open.Baseline)), short(r.endLevel()))
	}

	if r.Spikes > 0 {
		if r.Condition == "calm" {
			r.Condition = "spikes"
		}
		sentence := fmt.Sprintf("%s of %s (%s) spiked", grouped(r.Spikes), counted(r.Steps, "step"), percent(float64(r.SpikeShare)))
		if !math.IsInf(a.worstSigmas, -1) {
			sentence += fmt.Sprintf("; the worst, step %s, was %s standard deviations above the mean", grouped(a.worst), rounded(a.worstSigmas))
			if e := r.episodeOf(a.worst); e != nil {
				switch {
				case e.Back && e.quick && e.Recovery > 1:
					sentence += fmt.Sprintf("; the loss was back at the next record, %s later", counted(e.Recovery, "step"))
				case e.Back && e.quick:
					sentence += "; the loss was back at the next step"
				case e.Back:
					sentence += fmt.Sprintf("; after it the loss needed %s to come back", counted(e.Recovery, "step"))
				case e.Kind == "shift":
					sentence += "; after it the loss stayed at a new level"
				case r.Condition != "diverged":
					sentence += "; the log ends before the loss had come back"
				}
			}
		}
		add("%s.", sentence)
		if r.EpisodeCount > 1 && (r.EpisodeCount < r.Spikes || !r.quickly) {
			text := fmt.Sprintf("They make %s", counted(r.EpisodeCount, "episode"))
			if !r.quickly {
				text += fmt.Sprintf(", half of which took %s or more to come back from", counted(r.MedianRecovery, "step"))
			}
			if share := float64(r.AreaShare); share >= 0.001 {
				text += fmt.Sprintf("; what the loss was above its mean in them is %s of the whole run's", percent(share))
			}
			add("%s.", text)
		}
	} else if a.started && r.Condition == "calm" {
		add("No step of %s spiked: none was more than %d standard deviations above the running mean.", grouped(r.Steps), spikeLevel)
		if r.MostStep != 0 || r.Steps > 0 {
			add("The largest loss was %s, at step %s.", short(float64(r.Most)), grouped(r.MostStep))
		}
	}
	if r.NonFinite > 0 && !diverged {
		add("%s not finite (NaN or infinite), in %s.", verb(r.NonFinite, "loss was", "losses were"), counted(a.badSteps, "step"))
	}
	if a.shifts > 0 {
		if r.Condition == "calm" || r.Condition == "spikes" && a.shifts*2 > r.EpisodeCount {
			r.Condition = "shift"
		}
		add("%s the loss went to a new level and stayed there, as after a change of data or of the learning rate; clipping is not for that.",
			capital(times(int(a.shifts))))
	}
	if r.Drift != nil && r.Condition != "diverged" {
		if r.Condition == "calm" {
			r.Condition = "drift"
		}
		add("Apart from spikes the loss drifted up, from %s about step %s to %s at the end: that is not for clipping but for the learning"+
			" rate or the data.", short(float64(r.Drift.Lowest)), grouped(r.Drift.From), short(float64(r.Drift.End)))
	}
	r.Verdict = strings.Join(say, " ")
}

// openEpisode is the one that the log ends in, or nil.
func (r *Report) openEpisode() *Episode {
	if n := len(r.Episodes); n > 0 && r.Episodes[n-1].Kind == "open" {
		return r.Episodes[n-1]
	}
	return nil
}

// endLevel is the mean of the log's last part.
func (r *Report) endLevel() float64 {
	buckets := r.analysis.loss.buckets
	last := segment(buckets[len(buckets)-max(1, len(buckets)/50):])
	return last.mean()
}

// farAbove says that an episode went on for a while and that the loss ended many times above where it was.
func (r *Report) farAbove(e *Episode) bool {
	end := r.endLevel()
	deviation := (float64(e.PeakLoss) - float64(e.Baseline)) / float64(e.Sigmas)
	return e.count > 2*calm && end > float64(e.Baseline)+10*deviation && end > float64(e.Baseline)+2*math.Abs(float64(e.Baseline))
}

// episodeOf returns the episode that a step is in, if it was kept.
func (r *Report) episodeOf(step int64) *Episode {
	for _, e := range r.Episodes {
		if e.Start <= step && step <= e.End {
			return e
		}
	}
	return nil
}

// caveat is what a replay cannot show.
const caveat = "A replay tells which losses would have been clipped, not how a clipped run would have gone on: clipping changes the" +
	" weights, and with them the losses that follow."

func median(values []int64) int64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return grouped(int64(n)) + " times"
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// percent writes a share with two digits that tell something.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0:
		return "0 %"
	case p >= 10:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 1:
		return fmt.Sprintf("%.1f %%", p)
	case p >= 0.01:
		return fmt.Sprintf("%.2f %%", p)
	default:
		return strconv.FormatFloat(p, 'g', 2, 64) + " %"
	}
}

// rounded writes a number of standard deviations.
func rounded(value float64) string {
	switch {
	case value < 10:
		return fmt.Sprintf("%.1f", value)
	case value < 1e15:
		return grouped(int64(math.Round(value)))
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}

// short writes a loss with four digits.
func short(value float64) string { return strconv.FormatFloat(value, 'g', 4, 64) }
