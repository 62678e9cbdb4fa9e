package replay

import (
	"math"
	"slices"
	"sort"

	"alrc"
)

const (
	// referenceN is the clipping whose running moments say what is normal.
	referenceN = 3
	// spikeLevel is how many standard deviations above the running mean a loss counts as a spike. It lies well above
	// the usual thresholds of clipping, beyond which there are always a few ordinary losses.
	spikeLevel = 5
	// calm is the number of losses whose median must be normal for an episode to be over.
	calm = 9
	// settleSteps is the number of steps without a spike after which a loss that did not come back is at a new level.
	settleSteps = 1000
	// keptEpisodes bounds the episodes that are kept; the largest stay.
	keptEpisodes = 200
)

// Episode is one disturbance of the loss: a spike, or several that follow one another before it has calmed down.
type Episode struct {
	Start int64 `json:"start"`
	Peak  int64 `json:"peak"`
	// End is the first step at which the loss was normal again; for an episode that is not over, the log's last step.
	End int64 `json:"end"`
	// PeakLoss is the largest finite loss, and Sigmas its distance from the running mean before the episode, in
	// running standard deviations.
	PeakLoss Number `json:"peak_loss"`
	Sigmas   Number `json:"sigmas"`
	// Baseline is that running mean.
	Baseline Number `json:"baseline"`
	// Spikes is the number of steps that spiked, and NonFinite that of steps with a loss that is not finite.
	Spikes    int `json:"spikes"`
	NonFinite int `json:"not_finite,omitempty"`
	// Recovery is the number of steps from the peak until the loss had come back; 0 where Came is false.
	Recovery int64 `json:"recovery,omitempty"`
	// Back says that the loss came back to where it was before.
	Back bool `json:"came_back"`
	// Area is the sum, over the episode's steps, of what the loss was above the baseline.
	Area Number `json:"area"`
	// Kind is "spike", "shift" (the loss stayed at another level) or "open" (the log ends in it).
	Kind string `json:"kind"`

	level  float64   // below which the loss is normal
	window []float64 // the last losses, up to calm of them
	steps  []int64
	quiet  int  // steps since the last spike
	count  int  // of steps
	peaked int  // of steps up to the peak
	quick  bool // back at the first step after the peak
}

// analysis finds what is out of the ordinary in a series of losses.
type analysis struct {
	steps, losses int64
	nonFinite     int64 // losses
	badSteps      int64 // steps with one
	spikes        int64 // steps
	first, last   int64
	least, most   float64
	mostStep      int64
	sum           float64
	count         int64

	// worst is the step that lay farthest above the mean.
	worst       int64
	worstSigmas float64
	worstLoss   float64

	open         *Episode
	episodes     []*Episode
	episodeCount int64
	back, shifts int64
	quick        int64   // of those that came back, at once
	recoveries   []int64 // a sample is not needed: one number an episode, bounded
	area         float64

	badTail      int64 // steps at the end without a finite loss
	badTailStart int64

	loss *curve

	start     alrc.Moments // when the automatic start was over
	started   bool
	onEpisode func(e *Episode, over bool)
}

func newAnalysis() *analysis {
	return &analysis{loss: newCurve(), least: math.Inf(1), most: math.Inf(-1), worstSigmas: math.Inf(-1)}
}

// step takes the losses of a step, with what the reference clipping made of them and its moments from before.
func (a *analysis) step(step int64, losses []float64, before alrc.Moments, s alrc.Statistics) {
	mean := before.Mu1
	if a.steps == 0 {
		a.first = step
	}
	a.last = step
	a.steps++
	a.losses += int64(len(losses))
	settled := !math.IsInf(s.Limits.Upper, 1)
	if settled && !a.started {
		a.started = true
		a.start = before
	}

	// The level of a step is the mean of its losses; whether it spiked, its highest one says.
	var sum, high float64
	if len(losses) == 1 && s.NonFinite == 0 {
		sum, high = losses[0], losses[0]
	} else {
		high = math.Inf(-1)
		for _, loss := range losses {
			if loss-loss == 0 {
				sum += loss
				high = max(high, loss)
			}
		}
	}
	level := sum
	if s.Count != 1 {
		level = sum / float64(s.Count)
	}
	if s.NonFinite > 0 {
		a.nonFinite += int64(s.NonFinite)
		a.badSteps++
	}
	a.loss.add(step, level)
	if s.Count == 0 {
		if a.badTail++; a.badTail == 1 {
			a.badTailStart = step
		}
	} else {
		a.badTail = 0
		a.sum += level
		a.count++
		if high > a.most {
			a.most, a.mostStep = high, step
		}
		if level < a.least {
			a.least = level
		}
	}
	if !settled {
		return
	}
	sigma := (s.Limits.Upper - mean) / referenceN
	spiked := s.NonFinite > 0 || high > mean+spikeLevel*sigma
	if spiked {
		a.spikes++
		if sigmas := (high - mean) / sigma; s.Count > 0 && sigmas > a.worstSigmas {
			a.worst, a.worstSigmas, a.worstLoss = step, sigmas, high
		}
		if a.open == nil {
			a.open = &Episode{Start: step, Peak: step, PeakLoss: Number(math.Inf(-1)), Baseline: Number(mean), level: mean + sigma,
				Sigmas: Number(math.NaN()), peaked: 1}
			if a.onEpisode != nil {
				defer func() { a.onEpisode(a.open, false) }()
			}
		}
	}
	if a.open != nil {
		a.follow(step, level, high, sigma, spiked, s)
	}
}

// follow adds a step to the open episode.
func (a *analysis) follow(step int64, level, high, sigma float64, spiked bool, s alrc.Statistics) {
	e := a.open
	e.End = step
	e.count++
	if s.Count > 0 && level > float64(e.Baseline) {
		e.Area += Number(level) - e.Baseline
	}
	if spiked {
		e.Spikes++
		e.quiet = 0
		e.window, e.steps = e.window[:0], e.steps[:0]
		if s.NonFinite > 0 {
			e.NonFinite++
		}
		if s.Count > 0 && high > float64(e.PeakLoss) {
			e.PeakLoss, e.Peak, e.peaked = Number(high), step, e.count
			e.Sigmas = Number((high - float64(e.Baseline)) / sigma)
		}
		return
	}
	e.quiet++
	if len(e.window) == calm {
		copy(e.window, e.window[1:])
		copy(e.steps, e.steps[1:])
		e.window, e.steps = e.window[:calm-1], e.steps[:calm-1]
	}
	e.window = append(e.window, level)
	e.steps = append(e.steps, step)
	if len(e.window) == calm && e.isBack() {
		a.close()
		return
	}
	if e.quiet >= settleSteps {
		e.Kind = "shift"
		a.close()
	}
}

// isBack says whether most of the last losses are normal again, and since when.
func (e *Episode) isBack() bool {
	var sorted [calm]float64
	n := copy(sorted[:], e.window)
	slices.Sort(sorted[:n])
	if n == 0 || sorted[n/2] > e.level {
		return false
	}
	for i, value := range e.window {
		if value <= e.level {
			e.End = e.steps[i]
			e.quick = e.count-(len(e.window)-1-i) <= e.peaked+1
			break
		}
	}
	e.Back, e.Kind = true, "spike"
	e.Recovery = max(e.End-e.Peak, 0)
	return true
}

// close ends the open episode.
func (a *analysis) close() {
	e := a.open
	a.open = nil
	if math.IsInf(float64(e.PeakLoss), -1) {
		e.PeakLoss = Number(math.Inf(1)) // no loss of it was finite
	}
	a.episodeCount++
	a.area += float64(e.Area)
	if e.Back {
		a.back++
		if e.quick {
			a.quick++
		}
		if len(a.recoveries) < 100_000 {
			a.recoveries = append(a.recoveries, e.Recovery)
		}
	}
	if e.Kind == "shift" {
		a.shifts++
	}
	if a.onEpisode != nil {
		a.onEpisode(e, true)
	}
	e.window, e.steps = nil, nil
	a.episodes = append(a.episodes, e)
	if len(a.episodes) >= 2*keptEpisodes {
		a.prune()
	}
}

// prune keeps the largest episodes, in order of time.
func (a *analysis) prune() { a.pruneTo(keptEpisodes) }

func (a *analysis) pruneTo(most int) {
	sort.SliceStable(a.episodes, func(i, j int) bool { return a.episodes[i].weight() > a.episodes[j].weight() })
	a.episodes = a.episodes[:min(len(a.episodes), most)]
	sort.SliceStable(a.episodes, func(i, j int) bool { return a.episodes[i].Start < a.episodes[j].Start })
}

// weight orders episodes by how far they went.
func (e *Episode) weight() float64 {
	if e.Kind != "spike" || e.NonFinite > 0 {
		return math.Inf(1)
	}
	return float64(e.Sigmas)
}

// finish ends the log.
func (a *analysis) finish() {
	if a.open != nil {
		// After a spike among the last few steps, these have to do to tell whether the loss came back.
		if a.open.quiet >= calm || !a.open.isBack() {
			a.open.Kind = "open"
		}
		a.close()
	}
	a.prune()
}

// drift looks for a slow rise: the loss at the end lies clearly above the lowest level that it had, by parts of the
// log of which spikes are left out.
func (a *analysis) drift() (d Drift, ok bool) {
	const parts = 20
	buckets := a.loss.buckets
	if len(buckets) < 5*parts {
		return d, false
	}
	levels := make([]float64, parts)
	steps := make([]int64, parts)
	var noise float64
	for i := range parts {
		part := buckets[i*len(buckets)/parts : (i+1)*len(buckets)/parts]
		var means []float64
		for j := range part {
			if part[j].count > 0 {
				means = append(means, part[j].mean())
			}
		}
		if len(means) < 3 {
			return d, false
		}
		slices.Sort(means)
		levels[i] = means[len(means)/2]
		steps[i] = part[0].first
		// The spread of a part's median, from the middle half of its buckets.
		spread := (means[len(means)*3/4] - means[len(means)/4]) / 1.35 * 1.25 / math.Sqrt(float64(len(means)))
		noise = max(noise, spread)
	}
	lowest := 0
	for i, level := range levels {
		if level < levels[lowest] {
			lowest = i
		}
	}
	end := levels[parts-1]
	rise := end - levels[lowest]
	if lowest >= parts-2 || rise < 4*noise || rise < 0.2*math.Abs(levels[lowest]) {
		return d, false
	}
	return Drift{From: steps[lowest], Lowest: Number(levels[lowest]), End: Number(end)}, true
}
