package spike

import (
	"math"

	"alrc/internal/statistics"
)

const (
	// every is the number of records between two looks at the level.
	every = 32
	// mostLevels bounds the levels that are kept: where there are more, every other one is left out.
	mostLevels = 512
	// around is the number of levels that a change of level is looked for in.
	around = 11
	// initial is the number of finite losses whose median is the level at the beginning or the end.
	initial = 15
	// mostChanges bounds the changes that are kept.
	mostChanges = 32
)

// level is the median of the losses in the window, and their spread, at the step in the window's middle.
type level struct {
	step           int64
	median, spread float64
}

// levels follows the level of the loss over the whole run.
type levels struct {
	kept   []level
	stride int // records between two that are kept
	skip   int

	last  [around]level
	count int

	first   []float64
	changes []Change
	short   bool // the levels are of a short series
}

// add looks at the level, every so many records.
func (l *levels) add(d *Detector) {
	if d.window.n < initial {
		return
	}
	median, spread := d.window.level()
	if median-median != 0 { // the window is too short for a bound
		return
	}
	now := level{d.at((d.window.low + d.window.high) / 2).step, median, spread}
	l.keep(now)
	if d.window.n < span*3/4 {
		l.count = 0
		return
	}
	l.follow(now)
}

// follow takes the next level and says whether it changed at once in the middle of the last ones; see look.
func (l *levels) follow(now level) bool {
	l.last[l.count%around] = now
	l.count++
	return l.count >= around && l.look()
}

func (l *levels) keep(now level) {
	if l.skip > 0 {
		l.skip--
		return
	}
	if len(l.kept) == mostLevels {
		for i := range mostLevels / 2 {
			l.kept[i] = l.kept[2*i]
		}
		l.kept = l.kept[:mostLevels/2]
		l.stride = 2*l.stride + 1
	}
	l.kept = append(l.kept, now)
	l.skip = l.stride
}

// look tells whether the level changed at once in the middle of the last levels: most of the change of all of them,
// which do not overlap at their ends, lies between three. It keeps the change.
func (l *levels) look() bool {
	at := func(i int) level { return l.last[(l.count+i)%around] }
	const middle = around / 2
	near := func(i int) float64 { return math.Abs(at(i+1).median - at(i-1).median) }
	from, to := at(0), at(around-1)
	whole := math.Abs(to.median - from.median)
	change := near(middle)
	if !(whole > 0) || change < 0.7*whole || whole < 3*max(from.spread, to.spread) || whole < 0.02*math.Abs(l.start()-to.median) || whole < 2*min(lastDigit(from.median), lastDigit(to.median)) ||
		change < near(middle-1) || change <= near(middle+1) {
		return false
	}
	if len(l.changes) < mostChanges {
		l.changes = append(l.changes, Change{Step: at(middle).step, From: from.median, To: to.median})
	}
	return true
}

// start is the level at the beginning.
func (l *levels) start() float64 { return statistics.MedianOfFinite(l.first) }

// parts divides the run into parts, long enough that levels which go up and down do not make a trend, and returns the median
// over each part's levels of what of a level gives. There are none of a short run.
func (l *levels) parts(of func(level) float64) (parts []level, medians []float64) {
	fewest, most := 10, 20
	if l.short {
		most = 8 // each of more windows than one
	}
	n := len(l.kept)
	if n < fewest {
		return nil, nil
	}
	parts = make([]level, min(n/2, most))
	values := make([]float64, 0, n)
	for i := range parts {
		part := l.kept[i*n/len(parts) : (i+1)*n/len(parts)]
		parts[i] = part[0]
		values = values[:0]
		for _, level := range part {
			values = append(values, of(level))
		}
		medians = append(medians, statistics.MedianOfFinite(values))
	}
	return parts, medians
}

// scatter tells that the losses scatter several times as much at the end as they did in a part before, and clearly so beside
// their level: from the step at which they scattered least.
func (l *levels) scatter() *Drift {
	const times, clear = 5, 0.05
	parts, spreads := l.parts(func(l level) float64 { return l.spread })
	if parts == nil {
		return nil
	}
	least := 0
	for i, spread := range spreads {
		if spread < spreads[least] {
			least = i
		}
	}
	end := spreads[len(spreads)-1]
	if least >= len(parts)-2 || end < times*spreads[least] || end < clear*math.Abs(l.kept[len(l.kept)-1].median) {
		return nil
	}
	return &Drift{From: parts[least].step, Lowest: spreads[least], End: end}
}

// drift looks for a slow rise: the level of the last part of the run lies clearly above that of the lowest, by more than
// shifts account for.
func (l *levels) drift(shifted float64) *Drift {
	parts, medians := l.parts(func(l level) float64 { return l.median })
	if parts == nil {
		return nil
	}
	for i := range parts {
		parts[i].median = medians[i]
	}
	lowest := 0
	for i, part := range parts {
		if part.median < parts[lowest].median {
			lowest = i
		}
	}
	low, end := parts[lowest], parts[len(parts)-1]
	if lowest >= len(parts)-2 {
		return nil // too short to be slow
	}
	// How much the levels go up and down by themselves, from one part to the next but one.
	steps, from := medians[:0], 2
	if l.short {
		from = max(from, min(lowest+2, len(parts)-1)) // of the rise alone: of few parts the fall before would be most
	}
	for i := from; i < len(parts); i++ {
		steps = append(steps, math.Abs(parts[i].median-2*parts[i-1].median+parts[i-2].median))
	}
	rise := end.median - low.median - shifted
	spread := low.spread
	if l.short {
		_, spreads := l.parts(func(l level) float64 { return l.spread })
		spread = 2 * statistics.MedianOfFinite(spreads)
	}
	// Neither where 0 is nor the unit counts, but how the losses scatter, to how many digits, and what had been learnt.
	digit := min(lastDigit(low.median), lastDigit(end.median))
	if !(rise > digit) || rise < max(spread, 4*statistics.MedianOfFinite(steps), 0.1*(l.start()-low.median)) {
		return nil
	}
	middle := parts[(lowest+len(parts)-1)/2].median
	return &Drift{From: low.step, Lowest: low.median, End: l.kept[len(l.kept)-1].median, levelsOff: middle-low.median > 0.4*(end.median-low.median)}
}
