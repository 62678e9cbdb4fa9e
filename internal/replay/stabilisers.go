package replay

import (
	"math"

	"alrc"
	"alrc/internal/clipping"
	"alrc/internal/losslog"
	"alrc/internal/spike"
	"alrc/internal/stabiliser"
	"alrc/internal/statistics"
	"alrc/internal/words"
)

// Stabilisers is what other published methods would have done to the run, beside clipping: those that act on losses, and those
// that act on the norm of the gradient, where the log has it.
type Stabilisers struct {
	// GradientNorm is the log's name for the norm; "" where it has none, and methods that need one are left out.
	GradientNorm string `json:"gradient_norm,omitempty"`
	// Episodes is the number of spike episodes that there were to act on.
	Episodes int64              `json:"episodes"`
	Methods  []StabiliserResult `json:"methods"`
	// Notes say which methods were left out, and why.
	Notes []string `json:"notes,omitempty"`
}

// StabiliserResult is what one method would have done. A step counts as acted on where the method leaves it less than 99.9 % of its
// weight, and as stopped below 1 %; a weight that is not a number is less than any.
type StabiliserResult struct {
	Method string `json:"method"`
	// Sees is what the method judges by: losses, norm, or both.
	Sees       string `json:"sees"`
	Acted      int64  `json:"acted"`
	ActedShare Number `json:"acted_share"`
	// FalseAlarms are the steps acted on that are in no episode, and Missed the episodes on none of whose steps it acted.
	FalseAlarms int64 `json:"false_alarms"`
	Missed      int64 `json:"missed_episodes"`
	// Stopped is the number of steps stopped, and LongestStop that of the longest run of them, from LongestStopFrom on.
	Stopped         int64  `json:"stopped"`
	LongestStop     int64  `json:"longest_stop"`
	LongestStopFrom int64  `json:"longest_stop_from,omitempty"`
	Note            string `json:"note,omitempty"`
}

const (
	// longestForStabilisers is the number of records up to which methods are replayed: the log is read once more for them, and
	// they take longer than clipping.
	longestForStabilisers = longestForNorm
	// longestForHistory is that for AutoClip, which keeps all norms in order: a step takes the longer the more there are.
	longestForHistory = 50_000

	actsBelow, stopsBelow = 0.999, 0.01
)

// stabilisers replays the methods on a log that was read before, whose norm of the gradient is nil where it is not known. It
// returns nil where the log is too long or too short for it.
func stabilisers(log *losslog.Log, norm *norms, clips []clipping.Spec, loss *analysis) (*Stabilisers, error) {
	if loss.steps > longestForStabilisers || loss.steps < 20 {
		return nil, nil
	}
	t := &trial{report: &Stabilisers{}, detector: spike.New()}
	t.detector.Apart = loss.detector.Apart
	t.detector.OnEpisode = func(e *spike.Episode, over bool) {
		if over {
			t.episodes = append(t.episodes, e)
		}
	}
	if norm != nil {
		t.report.GradientNorm, t.normSteps, t.norms = norm.field, norm.steps, norm.values
	}
	if err := t.enter(clips, loss.steps); err != nil {
		return nil, err
	}
	chunk := new(losslog.Chunk)
	next := func() *losslog.Chunk { chunk.Reset(); return chunk }
	if _, err := log.Read(next, t.push); err != nil {
		return nil, err
	}
	return t.finish(), nil
}

// level is the mean of a step's numbers, which is none where one of them is not finite.
func level(values []float64) float64 {
	mean := statistics.Mean(values)
	if mean-mean != 0 {
		return math.NaN()
	}
	return mean
}

// trial is methods at work on one log.
type trial struct {
	report    *Stabilisers
	entrants  []*entrant
	detector  *spike.Detector
	episodes  []*spike.Episode
	normSteps []int64
	norms     []float64
	at        int // in normSteps
	records   int64
}

// entrant is a method, with what it did.
type entrant struct {
	StabiliserResult
	// weigh returns the weight that the method leaves a step: all is 1.
	weigh  func(losses []float64, mean, norm float64) float64
	method stabiliser.Method // nil for clipping
	acted  []bool
	stop   int64 // steps stopped up to now, without one that was not
	from   int64
	last   int64 // step acted on
	lost   int64 // first step whose weight is no number
	isLost bool
	// spoilt is the first step with a number that was not finite among what the method sees.
	spoilt   int64
	isSpoilt bool
}

// enter builds the methods: the clippings, and each stabiliser at its defaults that what the log has is enough for.
func (t *trial) enter(clips []clipping.Spec, steps int64) error {
	add := func(e *entrant) { t.entrants = append(t.entrants, e) }
	for _, spec := range clips {
		clipper, err := spec.New()
		if err != nil {
			return err
		}
		if clipper != nil {
			add(&entrant{StabiliserResult: StabiliserResult{Method: spec.String(), Sees: "losses"}, weigh: clipWeight(clipper)})
		}
	}
	known := t.report.GradientNorm != ""
	for _, name := range stabiliser.Names() {
		spec, err := stabiliser.Parse(name)
		if err != nil {
			return err
		}
		method := spec.Methods()[0]
		e := &entrant{StabiliserResult: StabiliserResult{Method: spec.String()}, method: method}
		switch m := method.(type) {
		case stabiliser.Judge:
			if s, ok := m.(*stabiliser.Skip); ok {
				s.LossOnly = !known
			}
			e.Sees = "losses"
			if known && judgesNorms(m) {
				e.Sees = "both"
			}
			e.weigh = func(_ []float64, mean, norm float64) float64 { return m.Judge(mean, norm) }
		case stabiliser.Scaler:
			if !known {
				continue
			}
			if _, ok := m.(*stabiliser.AutoClip); ok && steps > longestForHistory {
				t.report.Notes = append(t.report.Notes, "AutoClip keeps the norms of all steps, and is replayed on logs of up to "+
					words.Count(longestForHistory)+" records")
				continue
			}
			e.Sees = "norm"
			e.weigh = func(_ []float64, _, norm float64) float64 { return m.Scale(norm) }
		default:
			continue // it needs the gradient itself
		}
		add(e)
	}
	return nil
}

// judgesNorms says whether a judge looks at the norm of the gradient, too.
func judgesNorms(j stabiliser.Judge) bool {
	switch j.(type) {
	case *stabiliser.Rise, *stabiliser.Ratio:
		return false
	}
	return true
}

// clipWeight is the mean scale that clipping gives the losses of a step.
func clipWeight(clipper alrc.Clipper) func(losses []float64, mean, norm float64) float64 {
	var scales []float64
	return func(losses []float64, _, _ float64) float64 {
		if cap(scales) < len(losses) {
			scales = make([]float64, 2*len(losses))
		}
		clipper.Step(losses, scales[:len(losses)])
		return statistics.Mean(scales[:len(losses)])
	}
}

func (t *trial) push(c *losslog.Chunk) error {
	for i := range c.Len() {
		step, losses := c.Step(i), c.Losses(i)
		mean := level(losses)
		t.records++
		t.detector.Add(step, mean)
		norm := t.norm(step)
		for _, e := range t.entrants {
			e.take(step, losses, mean, norm)
		}
	}
	return nil
}

// norm is the norm of the gradient at a step, which is no number where the log has none for it.
func (t *trial) norm(step int64) float64 {
	for t.at < len(t.normSteps) && t.normSteps[t.at] < step {
		t.at++
	}
	if t.at < len(t.normSteps) && t.normSteps[t.at] == step {
		return t.norms[t.at]
	}
	return math.NaN()
}

// take lets the method judge a step.
func (e *entrant) take(step int64, losses []float64, mean, norm float64) {
	if e.method != nil && !e.isSpoilt && (e.Sees != "norm" && math.IsNaN(mean) || e.Sees != "losses" && math.IsNaN(norm)) {
		e.spoilt, e.isSpoilt = step, true
	}
	weight := e.weigh(losses, mean, norm)
	acts := !(weight >= actsBelow)
	if e.acted = append(e.acted, acts); acts {
		e.Acted++
		e.last = step
	}
	if math.IsNaN(weight) && !e.isLost {
		e.lost, e.isLost = step, true
	}
	if weight >= stopsBelow {
		e.stop = 0
		return
	}
	if e.Stopped++; e.stop == 0 {
		e.from = step
	}
	if e.stop++; e.stop > e.LongestStop {
		e.LongestStop, e.LongestStopFrom = e.stop, e.from
	}
}

// finish compares what the methods acted on with the episodes.
func (t *trial) finish() *Stabilisers {
	t.detector.Close()
	inside := make([]bool, t.records)
	var spikes []*spike.Episode
	for _, e := range t.episodes {
		for i := e.Record; i < min(e.Record+int64(e.Records), t.records); i++ {
			inside[i] = true
		}
		if e.Kind != spike.Shift {
			spikes = append(spikes, e)
		}
	}
	t.report.Episodes = int64(len(spikes))
	for _, e := range t.entrants {
		for i, acted := range e.acted {
			if acted && !inside[i] {
				e.FalseAlarms++
			}
		}
		for _, episode := range spikes {
			caught := false
			for i := episode.Record; i < min(episode.Record+int64(episode.Records), t.records); i++ {
				caught = caught || e.acted[i]
			}
			if !caught {
				e.Missed++
			}
		}
		e.ActedShare = Number(float64(e.Acted) / float64(t.records))
		e.Note = t.note(e)
		t.report.Methods = append(t.report.Methods, e.StabiliserResult)
	}
	return t.report
}
