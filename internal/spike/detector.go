package spike

import (
	"math"

	"alrc/internal/statistics"
)

const (
	// Limit is the number of robust deviations above its neighbourhood at which a loss is a spike.
	Limit = 8
	// atOnce is the number above the records before it at which it is one without waiting for those after.
	atOnce = 10
	// fewest is the number of finite losses that a judgement at once needs, and enough the number from which on a
	// deviation can be relied on: with fewer, limits are raised.
	fewest, enough = 20, 30
	// local is the number of deviations, of the losses nearby, that a spike in a fall rises above those just before it. With
	// plainly of them a loss is a spike whatever the window holds, which in a fall is too wide.
	local, plainly = 5.5, 20
	// Delay is the number of records after which a record's verdict is final.
	Delay = half
)

// record is one in the ring. Its losses are kept for as long as they are in the window.
type record struct {
	step    int64
	loss    float64
	jump    bool // it lies far above the one before
	episode bool // it is part of one
}

// Detector judges losses as they come. It keeps a bounded number of records and episodes, and soon allocates only for
// episodes. A verdict is final [Delay] records later; a loss that leaves no doubt is judged at once. The zero
// value is not ready; see [New].
type Detector struct {
	// OnEpisode, if not nil, is told of every episode when it is found and when it is over. An episode that is found
	// only by the records after it may be told of when one that began later already was.
	OnEpisode func(e *Episode, over bool)
	// Apart says that there is more between two records than their steps tell, as between epochs.
	Apart bool

	ring   [256]record
	n      int64 // records that came
	judged int64 // records whose verdict is final
	window window
	noise  noise
	open   *Episode
	levels levels
	short  short
	sum    Summary
	recent []int64 // recoveries, up to 100,000
	closed bool
	gone   bool // the last episode is a divergence
}

// New returns a detector for a series that begins.
func New() *Detector { return new(Detector) }

// Find judges losses that are all there. Steps may be nil for losses that are numbered from 0.
func Find(steps []int64, losses []float64) *Summary {
	d := New()
	for i, loss := range losses {
		step := int64(i)
		if steps != nil {
			step = steps[i]
		}
		d.Add(step, loss)
	}
	return d.Close()
}

func (d *Detector) at(i int64) *record { return &d.ring[i&255] }

// Add takes the next record: a step, which is only a name here, and its loss.
func (d *Detector) Add(step int64, loss float64) {
	i := d.n
	r := d.at(i)
	*r = record{step: step, loss: loss}
	r.jump = d.noise.jumps(loss, d.at(i-8).loss)
	d.n++
	finite := loss-loss == 0
	d.sum.count(step, loss, finite)

	switch {
	case d.open != nil:
		r.episode = true
		if d.open.add(step, loss) {
			d.end(d.open)
		} else if d.open.Records == d.open.look {
			d.settle()
		} else if d.open.Records%markEvery == 0 {
			d.mark()
		}
	case !finite:
		baseline, deviation := math.NaN(), math.NaN()
		if d.window.n > 0 {
			baseline = d.window.median(d.window.n)
			deviation = d.window.deviation(d.window.n, baseline)
		}
		d.begin(newEpisode(i, step, baseline, deviation), i)
	default:
		d.now(i)
	}
	if finite {
		d.noise.add(loss)
	}

	if d.n-d.window.low > span {
		d.window.pop()
	}
	d.window.push(loss)
	if i >= half {
		d.judge()
	}
	switch {
	case i == longestShort:
		d.short = short{}
	case i < longestShort && finite:
		d.short.add(step, loss)
	}
	if finite && len(d.levels.first) < initial {
		if d.levels.first = append(d.levels.first, loss); len(d.levels.first) == initial {
			d.window.aboveZero = math.Abs(d.levels.start()) / 100
		}
	}
	if d.n%every == 0 {
		d.levels.add(d)
	}
}

// now judges the newest record, which is not in the window, by those before it.
func (d *Detector) now(i int64) {
	n, r := d.window.n, d.at(i)
	if n < fewest || d.window.ordinary(r.loss, atOnce) && !r.jump {
		return
	}
	if g, ok := d.rises(i, n, atOnce*(1+10/float64(n)), i); ok {
		d.begin(d.among(newEpisode(i, r.step, g.level, g.deviation), g), i)
	}
}

// judge looks at the first record without a final verdict, now that its neighbours are in the window.
func (d *Detector) judge() {
	i := d.judged
	d.judged++
	r := d.at(i)
	if r.episode {
		return
	}
	if n := d.window.n - 1; n >= calm && !(d.window.ordinary(r.loss, Limit) && !r.jump) {
		most := float64(Limit)
		if n < enough {
			most *= 1 + (enough-float64(n))/10
		}
		if g, ok := d.rises(i, n, most, d.n); ok {
			d.begin(d.among(newEpisode(i, r.step, g.level, g.deviation), g), d.n-1)
			return
		}
	}
	if len(d.sum.Beginning) < fewest {
		d.sum.Beginning = append(d.sum.Beginning, r.loss)
	}
}

// rises says whether record i is a spike, and what it rises from. The window has n losses besides it; end is the first
// record that is not there yet.
func (d *Detector) rises(i int64, n int, most float64, end int64) (ground, bool) {
	r := d.at(i)
	median, deviation, ok := d.window.reaches(r.loss, n, most)
	if !ok && !r.jump {
		return ground{}, false
	}
	if ok && d.window.common(median+Limit/2*deviation) {
		return ground{}, false
	}
	g := d.nearby(i, end)
	if ok && g.level <= median+2*deviation {
		return ground{level: median, deviation: deviation, still: true}, true
	}
	if ok {
		// Losses fall: the level just before it lies clearly above the window's, by more than a few percent of which it rises.
		rises := r.loss-g.level >= max(local*g.deviation, (g.level-median)/20)
		g.deviation = min(max(g.deviation, deviation), (r.loss-g.level)/Limit)
		return g, rises
	}
	// The window is too wide where losses fall, and only there.
	median = d.window.median(n)
	wide := d.window.deviation(n, median)
	if math.Abs(g.level-median) <= wide/4 || g.level < median && g.fallen <= wide/4 {
		return g, false
	}
	g.deviation = max(g.deviation, g.wide)
	rise := r.loss - g.level
	if g.differences < 10 || !(g.deviation > 0) || rise < max(plainly/2*max(g.deviation, g.rising), 1.5*g.climbed, 2*(g.upper-g.level), (g.level-median)/20) {
		return g, false
	}
	if rise < plainly*g.deviation && (rise < 4*g.climbed || !d.returns(i, end, g.level+rise/4)) {
		return g, false
	}
	// What is near is too narrow for what follows, where losses wander.
	g.deviation = max(g.deviation, min(wide, rise/plainly))
	return g, true
}

// begin opens an episode and follows it through the records up to last that are there already.
func (d *Detector) begin(e *Episode, last int64) {
	over := false
	next := e.Record
	for ; next <= last && !over; next++ {
		r := d.at(next)
		if r.episode {
			break
		}
		r.episode = true
		over = e.add(r.step, r.loss)
		if next == e.Record && d.OnEpisode != nil {
			d.OnEpisode(e, false)
		}
	}
	switch {
	case over:
	case next > last && d.open == nil:
		d.open = e
		return
	default:
		// It ran into an episode that was found before it.
		if !e.between() {
			e.Back, e.Kind, e.Recovery = true, Spike, e.End-e.Peak
		}
	}
	d.end(e)
}

// settle ends the open episode if the loss stays where it is now. It looks after 200 records, 400, 800 and so on, so that
// a loss that comes back ever so slowly is given the time.
func (d *Detector) settle() {
	e := d.open
	if 4*e.backs >= e.Records {
		// Spikes follow one another so closely that nine calm records never came.
		if e.look = e.Records + 1; e.between() {
			d.end(e)
		}
		return
	}
	e.look *= 2
	if d.window.n < half {
		return
	}
	level := d.window.median(d.window.n)
	was := e.settled
	e.settled = level
	// After 800 records a loss that comes back has lost half of what it was too high 400 before.
	stays := e.Records >= 8*half && level-e.Baseline > (was-e.Baseline)/2 && level > e.Baseline+backWithin*e.Deviation
	if stays || math.Abs(level-was) < max(e.Deviation/4, 0.05*math.Abs(level-e.Baseline)) {
		e.Kind = Shift
		if d.sum.left(e, d.levels.start(), settled) {
			e.Kind = Diverged
		}
		d.end(e)
	}
}

// markEvery is the number of records of an episode between two looks at whether it comes back.
const markEvery = half / 2

func (d *Detector) mark() {
	e, level := d.open, d.sum.end()
	e.stays = e.Records > markEvery && level-e.Baseline >= 0.9*(e.mark-e.Baseline)
	e.mark = level
}

// Diverged says that, as far as can be told by now, the loss has left for good: its last ten records are not finite, or
// it has been far above its level for 100 and is not coming back.
func (d *Detector) Diverged() bool {
	if d.sum.BadTail >= 10 {
		return true
	}
	if e := d.open; e != nil {
		return e.stays && d.sum.left(e, d.levels.start(), rising)
	}
	return d.gone
}

// end closes an episode.
func (d *Detector) end(e *Episode) {
	if d.open == e {
		d.open = nil
	}
	d.gone = e.Kind == Diverged
	// Records of the calm that ended it are judged by their own neighbours: it may have been begun by a deviation that is too wide.
	for i := e.Record + int64(e.Records-e.calmed); i < e.Record+int64(e.Records); i++ {
		d.at(i).episode = false
	}
	e.finished()
	d.sum.add(e)
	if e.Back && len(d.recent) < 100_000 {
		d.recent = append(d.recent, e.Recovery)
	}
	if d.OnEpisode != nil {
		d.OnEpisode(e, true)
	}
}

// Close judges the records that wait, now that no more will come, and sums up.
func (d *Detector) Close() *Summary {
	if d.closed {
		return &d.sum
	}
	d.closed = true
	for d.judged < d.n {
		for d.window.low < d.judged-half {
			d.window.pop()
		}
		d.judge()
	}
	if e := d.open; e != nil {
		// After a spike among the last few records, these have to do to tell whether the loss came back.
		if e.quiet >= calm || !e.back() {
			switch trend := d.trend(e); {
			case d.sum.EndsNonFinite() || trend != falling && d.sum.left(e, d.levels.start(), trend):
				e.Kind = Diverged
			case trend != falling && e.Records >= half || trend == flat && e.Records >= 2*calm:
				e.Kind, e.settled = Shift, d.sum.end()
			default:
				e.Kind = Open
			}
		}
		d.end(e)
	}
	d.sum.Episodes = Largest(d.sum.Episodes, keptEpisodes)
	if len(d.recent) > 0 {
		d.sum.MedianRecovery = statistics.Median(d.recent)
	}
	d.short.levels(&d.levels)
	d.sum.conclude(&d.levels)
	return &d.sum
}
