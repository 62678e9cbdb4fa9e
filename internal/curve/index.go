package curve

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"alrc/internal/spike"
)

const (
	// mostBins bounds the memory of a run's index where it is not told otherwise, and mostTests and mostEpisodes what it has
	// besides.
	mostBins     = 8192
	mostTests    = 2048
	mostEpisodes = 200
	// mostNew is how many points tell of what was added since someone last asked.
	mostNew = 16
	// late is the number of steps over which the last losses are smoothed.
	late = 500
)

// Index is a run's losses, read once, in bins of which it keeps a bounded number however long the run is. It judges the
// raw losses, which are the first of the run's losses, as they come.
type Index struct {
	names []string
	bins  *bins
	fresh *bins // rows since [Index.New]

	detector *spike.Detector
	episodes []*spike.Episode
	count    int64 // of all episodes
	over     map[*spike.Episode]bool
	changed  map[*spike.Episode]bool // since [Index.New]
	summary  *spike.Summary

	tests      []Test
	testStride int
	testCount  int
	newTests   []Test

	first, last  int64
	steps        int64
	clipped, bad int64
	smoothed     float64
	finite       int64
}

// NewIndex returns an index for a run with losses of these names, raw_loss first, in at most so many bins, an even number; 0
// stands for 8192.
func NewIndex(most int, names ...string) *Index {
	x := &Index{names: names, bins: newBins(cmp.Or(most, mostBins), len(names)), fresh: newBins(mostNew, len(names)), detector: spike.New(),
		over: map[*spike.Episode]bool{}, changed: map[*spike.Episode]bool{}, testStride: 1}
	x.detector.OnEpisode = x.episode
	return x
}

func (x *Index) episode(e *spike.Episode, over bool) {
	x.over[e], x.changed[e] = over, true
	if !over {
		x.count++
		if x.episodes = append(x.episodes, e); len(x.episodes) >= 2*mostEpisodes {
			x.forget()
		}
	}
}

// forget keeps the largest episodes.
func (x *Index) forget() {
	x.episodes = spike.Largest(x.episodes, mostEpisodes)
	over, changed := map[*spike.Episode]bool{}, map[*spike.Episode]bool{}
	for _, e := range x.episodes {
		over[e] = x.over[e]
		if x.changed[e] {
			changed[e] = true
		}
	}
	x.over, x.changed = over, changed
}

// Add takes the next row.
func (x *Index) Add(r *Row) {
	if x.steps == 0 {
		x.first = r.Step - r.Steps + 1
	}
	x.last = r.Step
	x.steps += r.Steps
	x.clipped += r.Clipped
	x.bad += r.Bad
	x.bins.add(r)
	x.fresh.add(r)
	raw := &r.Losses[0]
	// Of several steps, the largest loss stands for all.
	x.detector.Add(r.Step, raw.Max)
	if raw.Mean-raw.Mean == 0 {
		x.finite += r.Steps
		x.smoothed += max(min(1, float64(r.Steps)/late), float64(r.Steps)/float64(x.finite)) * (raw.Mean - x.smoothed)
	}
	if r.Test == r.Test {
		x.test(Test{r.Step, Number(r.Test)})
	}
}

func (x *Index) test(t Test) {
	if len(x.newTests) == mostTests {
		x.newTests = x.newTests[:copy(x.newTests, x.newTests[mostTests/2:])]
	}
	x.newTests = append(x.newTests, t)
	if x.testCount++; x.testCount%x.testStride != 0 {
		return
	}
	x.tests = append(x.tests, t)
	if len(x.tests) == mostTests {
		for i := range mostTests / 2 {
			x.tests[i] = x.tests[2*i+1]
		}
		x.tests = x.tests[:mostTests/2]
		x.testStride *= 2
	}
}

// AddCurve takes a thinned curve, up to a step. It is an error where its arrays do not fit together, as those that come from
// elsewhere may.
func (x *Index) AddCurve(c *Curve, upTo int64) error {
	n := len(c.Step)
	some := func(length int) bool { return length == n || length == 0 }
	if len(c.Steps) != n || len(c.Min) != n || len(c.Max) != n || len(c.Mean) != n || !some(len(c.Clipped)) || !some(len(c.Bad)) ||
		!some(len(c.Seconds)) {
		return errors.New("a curve's arrays are not of the same length")
	}
	nan := math.NaN()
	before := 0.
	r := Row{Losses: make([]Loss, len(x.names)), Test: nan}
	for i := range c.Step {
		if c.Step[i] <= x.last || c.Steps[i] < 1 {
			return errors.New("a curve's steps are out of order")
		}
		if c.Step[i] > upTo {
			break
		}
		r.Step, r.Steps, r.Clipped, r.Bad = c.Step[i], c.Steps[i], 0, 0
		if len(c.Clipped) > 0 {
			r.Clipped = c.Clipped[i]
		}
		if len(c.Bad) > 0 {
			r.Bad = c.Bad[i]
		}
		if len(c.Seconds) > 0 {
			r.Seconds, before = c.Seconds[i]-before, c.Seconds[i]
		}
		r.Losses[0] = Loss{c.Min[i], c.Max[i], c.Mean[i], nan, nan}
		x.Add(&r)
	}
	return nil
}

// Close judges the last losses, now that no more will come.
func (x *Index) Close() {
	if x.summary == nil {
		x.summary = x.detector.Close()
	}
}

// Places returns the places of the rows of a range of steps and of some around it; to is -1 for the end of what was read.
func (x *Index) Places(first, last int64) (from, to int64) {
	return x.bins.places(x.bins.span(first, last))
}

// Last returns the last step, 0 without one.
func (x *Index) Last() int64 { return x.last }

// Late returns the raw loss smoothed over the last steps, NaN without a finite one.
func (x *Index) Late() float64 {
	if x.finite == 0 {
		return math.NaN()
	}
	return x.smoothed
}

// LastTest returns the last loss of held-out examples, NaN without one.
func (x *Index) LastTest() float64 {
	if n := len(x.newTests); n > 0 {
		return float64(x.newTests[n-1].Loss)
	}
	if n := len(x.tests); n > 0 {
		return float64(x.tests[n-1].Loss)
	}
	return math.NaN()
}

// Counts returns how many spike episodes there were, losses clipped, and steps without a finite loss.
func (x *Index) Counts() (episodes, clipped, bad int64) { return x.count, x.clipped, x.bad }

// Size returns about how many bytes of memory the index takes.
func (x *Index) Size() int {
	const each, limits, besides = 48, 8, 40_000 // a bin, its limits, and the detector
	size := besides + cap(x.bins.all)*each + len(x.episodes)*400 + cap(x.tests)*16
	for k := range x.names {
		size += cap(x.bins.losses[k])*24 + cap(x.bins.limits[k])*limits
	}
	return size
}

// Seconds returns the time of all rows.
func (x *Index) Seconds() float64 { return x.bins.seconds }

// Diverged says that the loss has left for good, as far as can be told by now.
func (x *Index) Diverged() bool {
	if x.summary != nil {
		return x.summary.Condition == spike.Divergent
	}
	return x.detector.Diverged()
}

// Small returns the steps and means of the raw losses in at most n bins.
func (x *Index) Small(n int) (steps []int64, means Numbers) {
	c := x.bins.curve(0, span{0, len(x.bins.all)}, n, 0)
	return c.Step, c.Mean
}

// New returns what was added to each of the run's losses since it was last asked, in a few points, and the episodes that
// changed; nil where nothing was.
func (x *Index) New() []Curve {
	if x.fresh.rows == 0 && len(x.changed) == 0 {
		return nil
	}
	curves := make([]Curve, len(x.names))
	for k, name := range x.names {
		c := x.fresh.curve(k, span{0, len(x.fresh.all)}, mostNew, 0)
		x.name(&c, name)
		if offset := x.bins.seconds - x.fresh.seconds; c.Seconds != nil {
			for i := range c.Seconds {
				c.Seconds[i] += offset
			}
		}
		curves[k] = c
	}
	curves[0].Tests = x.newTests
	for _, e := range x.episodes {
		if x.changed[e] {
			curves[0].Episodes = append(curves[0].Episodes, x.describe(e))
		}
	}
	x.fresh = newBins(mostNew, len(x.names))
	x.newTests = nil
	clear(x.changed)
	return curves
}

func (x *Index) name(c *Curve, loss string) {
	c.Loss, c.Losses, c.First, c.Last = loss, x.names, x.first, x.last
	if slices.ContainsFunc(c.Steps, func(n int64) bool { return n != 1 }) {
		c.Exact = false
	}
}

func (x *Index) describe(e *spike.Episode) Episode {
	d := Episode{Start: e.Start, Peak: e.Peak, End: e.End, PeakLoss: Number(e.PeakLoss), Sigmas: Number(e.Deviations),
		Baseline: Number(e.Baseline), Spikes: e.Spikes, NonFinite: e.NonFinite, Kind: e.Kind, Back: e.Back}
	if !x.over[e] {
		d.Kind = ""
	}
	return d
}
