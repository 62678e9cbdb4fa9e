package replay

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alrc/internal/spike"
	"alrc/internal/statistics"
	"alrc/internal/words"
)

// judge says in plain words what the log shows: first what matters most.
func (r *Report) judge() {
	found := r.analysis.found
	r.Condition = found.Condition
	var say []string
	add := func(sentence string) {
		if sentence != "" {
			say = append(say, sentence)
		}
	}
	switch found.Condition {
	case spike.Short:
		add(fmt.Sprintf("%s %s too few to tell: a loss is judged by those around it.", words.Counted(r.Steps, "step"), words.Verb(r.Steps, "is", "are")))
		add(r.went())
	case spike.Divergent:
		add(r.divergence())
	case spike.Stuck:
		s := found.Standstill
		add(fmt.Sprintf("The loss no longer changes: from step %s to the end, %s, it is %s.", words.Count(s.From), words.Counted(s.Records, "record"),
			words.Short(s.Loss, 4)))
	}
	if found.Condition == spike.Tailed {
		add(r.tail())
	} else if found.Spikes > 0 {
		add(r.spiked())
		add(r.inEpisodes())
		if r.Period > 0 {
			add(fmt.Sprintf("They come every %s.", words.Counted(r.Period, "step")))
		}
	} else if found.Condition == spike.Steady {
		add(fmt.Sprintf("No step of %s spiked: none was %d or more standard deviations above the losses around it.", words.Count(r.Steps), spike.Limit))
		add(fmt.Sprintf("The largest loss was %s, at step %s.", words.Short(float64(r.Most), 4), words.Count(r.MostStep)))
	}
	if r.NonFinite > 0 && found.Condition != spike.Divergent {
		add(fmt.Sprintf("%s not finite (NaN or infinite), in %s.", words.Agreeing(r.NonFinite, "loss was", "losses were"), words.Counted(r.analysis.badSteps, "step")))
	}
	if found.Shifts > 0 && found.Condition != spike.Divergent {
		add(fmt.Sprintf("%s the loss rose to another level and stayed there%s, as after a change of the data or of the learning rate.",
			words.Capital(words.Times(int(found.Shifts))), r.firstShift()))
	}
	add(r.dropped())
	if c := r.anew(); c != nil {
		add(fmt.Sprintf("About step %s the loss went back from %s to %s at once, and fell anew.", words.Count(c.Step), words.Short(c.From, 4), words.Short(c.To, 4)))
	} else if r.Drift != nil {
		loss := "The loss"
		if r.Spikes > 0 {
			loss = "Apart from spikes the loss"
		}
		add(fmt.Sprintf("%s drifted up, from %s about step %s to %s at the end.", loss, words.Short(float64(r.Drift.Lowest), 4),
			words.Count(r.Drift.From), words.Short(float64(r.Drift.End), 4)))
	}
	if s := r.Scatter; s != nil {
		add(fmt.Sprintf("The losses scatter more and more: by a standard deviation of %s about step %s, of %s at the end.", words.Short(float64(s.Lowest), 3),
			words.Count(s.From), words.Short(float64(s.End), 3)))
	}
	r.Verdict = strings.Join(say, " ")
}

// went says what a log that is too short to be judged shows all the same.
func (r *Report) went() string {
	var finite []bucket
	for _, b := range r.analysis.loss.buckets {
		if b.count > 0 {
			finite = append(finite, b)
		}
	}
	if len(finite) < 2 {
		return ""
	}
	first, last := finite[0], finite[len(finite)-1]
	if r.Least == r.Most {
		return fmt.Sprintf("The loss is %s at all of them.", words.Short(float64(r.Most), 4))
	}
	text := fmt.Sprintf("The loss went from %s at step %s to %s at step %s", words.Short(first.mean(), 4), words.Count(first.first),
		words.Short(last.mean(), 4), words.Count(last.first))
	if r.MostStep != first.first && r.MostStep != last.first {
		text += fmt.Sprintf("; the largest was %s, at step %s", words.Short(float64(r.Most), 4), words.Count(r.MostStep))
	}
	return text + "." + leaps(finite)
}

// leaps tells of steps where the loss of a short log rose many times over.
func leaps(finite []bucket) string {
	const times = 5
	levels := make([]float64, len(finite))
	for i, b := range finite {
		levels[i] = b.mean()
	}
	most := slices.Max(levels)
	var at []string
	for i, level := range levels[1:] {
		if before := levels[i]; before > 0 && level > times*before && level*1000 > most {
			at = append(at, words.Count(finite[i+1].first))
		}
	}
	switch len(at) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" At step %s it was more than %d times what it was just before.", at[0], times)
	}
	return fmt.Sprintf(" At %d steps it was more than %d times what it was just before, at step %s first.", len(at), times, at[0])
}

// divergence says how the run ended.
func (r *Report) divergence() string {
	found := r.analysis.found
	if r.analysis.count == 0 {
		return fmt.Sprintf("None of %s has a finite loss: look at the data, the loss and the learning rate.", words.Counted(r.Steps, "step"))
	}
	if found.EndsNonFinite() {
		text := fmt.Sprintf("The run diverged: from step %s to the end, %s, no loss was finite.", words.Count(found.BadTailFrom), words.Counted(found.BadTail, "step"))
		if found.DivergedAt < found.BadTailFrom {
			text += fmt.Sprintf(" It began with a spike at step %s that the loss did not come back from.", words.Count(found.DivergedAt))
		}
		return text
	}
	if e := r.divergedEpisode(); e != nil {
		return fmt.Sprintf("The run diverged: at step %s the loss left its level of %s, and it did not come back; the log ends at %s.",
			words.Count(e.Start), words.Short(float64(e.Baseline), 4), words.Short(found.Final, 4))
	}
	return fmt.Sprintf("The run diverged: from about step %s on the loss rose, slowly at first, from %s to %s at the end.", words.Count(found.DivergedAt),
		words.Short(found.Drift.Lowest, 4), words.Short(found.Final, 4))
}

// divergedEpisode is the episode that a run ends in which left its level, or nil.
func (r *Report) divergedEpisode() *Episode {
	for _, e := range r.Episodes {
		if e.Kind == spike.Diverged && e.Start == r.analysis.found.DivergedAt {
			return e
		}
	}
	return nil
}

// spiked counts the spikes and tells of the worst.
func (r *Report) spiked() string {
	text := fmt.Sprintf("%s of %s (%s) spiked", words.Count(r.Spikes), words.Counted(r.Steps, "step"), words.Percent(float64(r.SpikeShare)))
	worst := r.analysis.found.Worst
	if worst == nil {
		return text + "."
	}
	e := newEpisode(worst)
	text += fmt.Sprintf("; the worst, step %s, was ", words.Count(e.Peak))
	if sigmas := float64(e.Sigmas); sigmas < 1e9 {
		text += fmt.Sprintf("%s standard deviations above the losses around it", words.Sigmas(sigmas))
	} else {
		text += fmt.Sprintf("%s where the losses around it were all %s", words.Short(float64(e.PeakLoss), 4), words.Short(float64(e.Baseline), 4))
	}
	switch {
	case e.Back && e.quick && e.Recovery > 1:
		text += fmt.Sprintf("; the loss was back at the next record, %s later", words.Counted(e.Recovery, "step"))
	case e.Back && e.quick:
		text += "; the loss was back at the next step"
	case e.Back:
		text += fmt.Sprintf("; after it the loss needed %s to come back", words.Counted(e.Recovery, "step"))
	case e.Kind == spike.Shift:
		text += "; after it the loss stayed at another level"
	case r.Condition != spike.Divergent:
		text += "; the log ends before the loss had come back"
	}
	return text + "."
}

// tail tells of losses the largest of which are no outliers.
func (r *Report) tail() string {
	return fmt.Sprintf("These losses have a long tail: %s of %s (%s) lie %d or more standard deviations above those around them, the largest %s, at step %s. By"+
		" their logarithms they are no outliers: losses that differ by orders of magnitude from one step to the next reach so far now and then.",
		words.Count(r.Spikes), words.Counted(r.Steps, "step"), words.Percent(float64(r.SpikeShare)), spike.Limit, words.Short(float64(r.Most), 4),
		words.Count(r.MostStep))
}

// inEpisodes tells what spikes together make.
func (r *Report) inEpisodes() string {
	episodes := r.EpisodeCount - r.analysis.found.Shifts
	if episodes <= 1 || episodes == r.Spikes && r.quickly {
		return ""
	}
	text := fmt.Sprintf("They make %s", words.Counted(episodes, "episode"))
	if !r.quickly && r.MedianRecovery > 0 {
		text += fmt.Sprintf(", half of which took %s or more to come back from", words.Counted(r.MedianRecovery, "step"))
	}
	if share := float64(r.AreaShare); share >= 0.001 {
		text += fmt.Sprintf("; what the loss was above its level in them is %s of the whole run's", words.Percent(share))
	}
	return text + "."
}

// firstShift says where the first shift was, if it is kept.
func (r *Report) firstShift() string {
	for _, e := range r.Episodes {
		if e.Kind == spike.Shift {
			return fmt.Sprintf(", first at step %s", words.Count(e.Start))
		}
	}
	return ""
}

// dropped tells of levels that fell at once.
func (r *Report) dropped() string {
	var drops []spike.Change
	for _, c := range r.analysis.found.Changes {
		if c.To < c.From {
			drops = append(drops, c)
		}
	}
	if len(drops) == 0 {
		return ""
	}
	first := drops[0]
	text := fmt.Sprintf("About step %s the loss fell from %s to %s at once, as after a drop of the learning rate", words.Count(first.Step),
		words.Short(first.From, 4), words.Short(first.To, 4))
	if more := len(drops) - 1; more > 0 {
		text += fmt.Sprintf("; %s more it fell so", words.Times(more))
	}
	return text + "."
}

// anew is where the loss went back, at once, to where it had begun or half of the way, and from where it fell again; nil if there is
// no such place.
func (r *Report) anew() *spike.Change {
	found := r.analysis.found
	if found.Condition == spike.Divergent {
		return nil
	}
	for i, c := range found.Changes {
		if rise := c.To - c.From; rise > 0 && rise >= (found.Initial-c.From)/2 && found.Final-c.From < 0.6*rise {
			return &found.Changes[i]
		}
	}
	return nil
}

// periodOf returns the number of steps from the start of one episode to that of the next, where that is nearly always the same, or
// else 0. Episodes may be missing in between.
func periodOf(found *spike.Summary, gap int64) int64 {
	const fewest = 5
	episodes := found.Episodes
	if int64(len(episodes)) < found.EpisodeCount || len(episodes) < fewest {
		return 0
	}
	var distances []int64
	long := 0
	for i, e := range episodes[1:] {
		distances = append(distances, e.Start-episodes[i].Start)
		if 2*(e.Start-episodes[i].End) < e.Start-episodes[i].Start {
			long++
		}
	}
	if 2*long > len(distances) {
		return 0 // one hardly ends before the next begins
	}
	period := statistics.Median(distances)
	regular := 0
	for _, d := range distances {
		if times := (d + period/2) / max(period, 1); times >= 1 && abs(d-times*period) <= max(gap, period/50) {
			regular++
		}
	}
	if period < 20*gap || regular*10 < len(distances)*9 {
		return 0
	}
	return period
}

func abs(n int64) int64 { return max(n, -n) }

// episodeOf returns the episode that a step is in, if it was kept.
func (r *Report) episodeOf(step int64) *Episode {
	for _, e := range r.Episodes {
		if e.Start <= step && step <= e.End {
			return e
		}
	}
	return nil
}

// worst is the step of the worst spike, or the first of the log.
func (r *Report) worst() int64 {
	if worst := r.analysis.found.Worst; worst != nil {
		return worst.Peak
	}
	return math.MinInt64
}

// caveat is what a replay cannot show.
const caveat = "A replay tells which losses would have been clipped, not how a clipped run would have gone on: clipping changes the" +
	" weights, and with them the losses that follow."
