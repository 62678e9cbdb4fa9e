package spike

import (
	"math"
	"slices"
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
}

// add looks at the level, every so many records.
func (l *levels) add(d *Detector) {
	if d.window.n < initial {
		return
	}
	median, spread := d.window.level()
	now := level{d.at((d.window.low + d.window.high) / 2).step, median, spread}
	l.keep(now)
	if d.window.n < span*3/4 {
		l.count = 0
		return
	}
	l.last[l.count%around] = now
	l.count++
	if l.count >= around {
		l.look()
	}
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
// which do not overlap at their ends, lies between three.
func (l *levels) look() {
	at := func(i int) level { return l.last[(l.count+i)%around] }
	const middle = around / 2
	near := func(i int) float64 { return math.Abs(at(i+1).median - at(i-1).median) }
	from, to := at(0), at(around-1)
	whole := math.Abs(to.median - from.median)
	change := near(middle)
	if change < 0.7*whole || whole < 3*max(from.spread, to.spread) || whole < 0.02*math.Abs(from.median) ||
		change < near(middle-1) || change <= near(middle+1) {
		return
	}
	if len(l.changes) < mostChanges {
		l.changes = append(l.changes, Change{Step: at(middle).step, From: from.median, To: to.median})
	}
}

// start is the level at the beginning.
func (l *levels) start() float64 { return middleOf(l.first) }

// middleOf is the median of some losses, NaN of none.
func middleOf(losses []float64) float64 {
	if len(losses) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(losses)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// drift looks for a slow rise: the level at the end lies clearly above the lowest that there was, by more than shifts
// account for.
func (l *levels) drift(shifted float64) *Drift {
	const fewest = 10
	if len(l.kept) < fewest {
		return nil
	}
	lowest := 0
	for i, level := range l.kept {
		if level.median < l.kept[lowest].median {
			lowest = i
		}
	}
	end := l.kept[len(l.kept)-1]
	// A tenth of the run, or what overlaps in the window, is too short to be slow.
	if far := max(len(l.kept)/10, min(span/every, len(l.kept)/3)); len(l.kept)-1-lowest < far {
		return nil
	}
	low := l.kept[lowest]
	rise := end.median - low.median - shifted
	if rise < low.spread || rise < 0.1*math.Abs(low.median) {
		return nil
	}
	return &Drift{From: low.step, Lowest: low.median, End: end.median}
}
