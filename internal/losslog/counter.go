package losslog

import (
	"math"
	"slices"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// counter is what numbers the steps of a series.
type counter struct {
	step    string // its name; empty: nothing does
	carried bool   // it stands on lines before those of the losses
	epoch   string
	// epochAhead says that the epoch stands on lines before those of the losses, and total, if not 0, is that of the counter.
	epochAhead bool
	total      float64
	// blank says that a loss of 0 at the beginning of a bar, "0/60", is none: nothing was trained there.
	blank bool
	// always says that it stands in nearly all records of the series, so that others are none of its steps.
	always bool
	// ofLast says that it is that of the last of several trainings alone.
	ofLast bool
	// redrawn says that each loss stands in two records: before and after the counter moved, as in progress bars, or, where nothing
	// counts, as two loggers tell it.
	redrawn bool
	// countsLosses says that the counter of bars that are drawn again tells how many losses there were, and equalLosses that a few of these
	// are equal to the one before.
	countsLosses, equalLosses bool
	// full, if not empty, counts within the bars of which only full ones count, and of a step the last one: they show the loss of the
	// epoch before until its own is there.
	full string
	// fullOf, if not 0, is the total of these bars: those of another one, as of a validation, and losses without a bar do not count.
	fullOf float64
	// before, if not 0, is the step of losses that stand before what counts.
	before int64
}

// counter finds what counts the steps of a series.
func (s *survey) counter(t *tally) (c counter) {
	if last := s.lastCounter(t); last != "" {
		c.step, c.always, c.ofLast = last, true, true
		return c
	}
	all := s.behavioursOf(t)
	epoch := all.epoch()
	if epoch != nil {
		if c.epoch = epoch.name; !epoch.carried() && s.barsOfOne(t) {
			c.step, c.epoch, c.full = epoch.name, "", string(lexicon.OfTotal)
			return c
		}
	}
	best := s.bestCounter(t, all, epoch)
	if best == nil {
		c.redrawn = all.twice
		return c
	}
	if best.kind == lexicon.Positions {
		best = all.named(best)
	}
	if inner := s.innerOf(t, all, best); inner != nil {
		best, c.epoch = inner, best.name
	} else if outer := s.outerOf(t, all, best); outer != nil && c.epoch == "" {
		c.epoch = outer.name
	}
	for _, b := range all.fields {
		c.epochAhead = c.epochAhead || b.name == c.epoch && b.carried()
	}
	losses := &all.losses
	c.total = s.ownTotal(t, best.field)
	c.blank = s.beginsBlank(t, best.field)
	c.step = best.name
	c.carried = best.carried()
	c.always = !c.carried && best.own*10 >= losses.count*8
	if losses.distinct <= 4 {
		return c // no bar that is drawn again and again
	}
	drawn := s.drawnWith(t, best.field)
	isStill := best.up*10 < best.moves()*8
	c.redrawn = isStill && c.step == string(lexicon.OfTotal) && losses.same*10 >= losses.moves()*4 || !c.carried && (drawn.movesAfterLosses() || c.step == string(lexicon.OfTotal) && drawn.endsTwice())
	if c.redrawn && c.epoch != "" && !c.epochAhead && s.movesByEpoch(t, best.field) {
		c.step, c.epoch, c.full, c.total, c.redrawn = c.epoch, "", c.step, 0, false
	}
	c.countsLosses = c.redrawn && !drawn.runsAhead()
	c.equalLosses = drawn.hasEqual()
	return c
}

// lastCounter returns the name of what counts the steps of the last of several trainings which a log for people tells one below the other, each
// with a counter by a name of its own that begins anew; empty where nothing does.
func (s *survey) lastCounter(t *tally) string {
	const fewest = 5
	type run struct {
		field, n    int
		first, last float64
	}
	var runs []run
	ok := s.text
	s.own(t, func(values []sampledValue) {
		i := slices.IndexFunc(values, func(v sampledValue) bool {
			kind := s.fields[v.field].counter
			return kind == lexicon.Counts || kind == lexicon.Epochs
		})
		if ok = ok && i >= 0; !ok {
			return
		}
		v := values[i]
		if k := len(runs) - 1; k >= 0 && runs[k].field == v.field {
			ok = v.number > runs[k].last
			runs[k].n, runs[k].last = runs[k].n+1, v.number
			return
		}
		ok = !slices.ContainsFunc(runs, func(r run) bool { return r.field == v.field })
		if k := len(runs) - 1; k >= 0 {
			ok = ok && runs[k].n >= fewest && v.number <= runs[k].first+(runs[k].last-runs[k].first)/10
		}
		runs = append(runs, run{v.field, 1, v.number, v.number})
	})
	if k := len(runs) - 1; ok && k > 0 && runs[k].n >= fewest {
		return s.fields[runs[k].field].name
	}
	return ""
}

// beginsBlank says whether bars of a series show a loss of 0 at their beginning, and at no other place.
func (s *survey) beginsBlank(t *tally, step int) bool {
	blanks, zeros := 0, 0
	s.own(t, func(values []sampledValue) {
		if firstOf(values, t.field) != 0 {
			return
		}
		at, _ := valueOf(values, step)
		zeros++
		blanks += flagOf(at.number == 0 && at.total > 0)
	})
	return blanks > 0 && zeros == blanks
}

// bestCounter returns the field that counts the steps of a series best, or nil. epoch is what counts epochs; nil: nothing does.
func (s *survey) bestCounter(t *tally, all *behaviours, epoch *behaviour) *behaviour {
	var best, cyclic *behaviour // the latter begins anew again and again
	bestRank, cyclicRank := math.MaxInt, math.MaxInt
	for i, b := range all.fields {
		if !s.mayCount(t, b, all.losses.count, epoch != nil) {
			continue
		}
		growing := all.grows(b)
		rank := countRank(b.kind, b.carried(), growing)*1000 + min(i, 99) + 100*min(strings.Count(b.name, "."), 3) // what lies deep in a record comes last
		if loss := s.name(t); isWithin(b.name, loss) || isWithin(b.name, loss[:max(0, strings.LastIndexByte(loss, '.'))]) {
			rank -= 300 // "loss.train.step" is of "loss.train" and of "loss.train.y"
		}
		if lexicon.CountsTimesteps(b.name) {
			rank -= 100 // "iterations 2 total_timesteps 4096"
		}
		if b.distinct < 2 && b.moves() > 0 {
			rank += 400 // "steps: 316" of each epoch counts nothing where something else does
		}
		if b.carried() && (!b.rises() || b.restarts > 0) {
			rank += 500 // of two, what does not begin anew counts: "STEP: 25/400 -- GLOBAL_STEP: 425"
		}
		if all.hasSteadier(b) {
			rank += 200 // "step 100, global_step 4100"
		}
		if !b.carried() && b.own*100 < all.losses.count*97 {
			rank += 300 // of two, what stands in all records itself counts
		}
		switch {
		case b.moves() == 0 && (b.kind > lexicon.Positions || b.carried()):
		case (growing || b.isShared(s.bars)) && rank < bestRank:
			best, bestRank = b, rank
		case (b.kind <= lexicon.Batches || b.kind == lexicon.Epochs) && !b.carried() && (b.up*10 >= b.moves()*6 || s.drawnInEpochs(t, b, epoch) || s.fills(t, b)) && rank < cyclicRank:
			cyclic, cyclicRank = b, rank
		}
	}
	// A counter that starts again, of batches most often, makes an epoch none of steps.
	if cyclic != nil && (best == nil || best.kind >= lexicon.Strangers) {
		return cyclic
	}
	return best
}

// isWithin says whether a field stands in one of a name that is not empty: "loss.train.step" in "loss.train".
func isWithin(field, name string) bool {
	return name != "" && len(field) > len(name) && field[len(name)] == '.' && field[:len(name)] == name
}

// drawnInEpochs says whether a field counts within epochs, in records that are drawn again and again.
func (s *survey) drawnInEpochs(t *tally, b, epoch *behaviour) bool {
	if epoch == nil || epoch == b || epoch.carried() || b.kind != lexicon.Positions || epoch.distinct < 2 || b.up*4 < b.moves() {
		return false
	}
	moves, within, back := 0, 0, 0
	lastEpoch, last := math.Inf(-1), math.Inf(-1)
	s.own(t, func(values []sampledValue) {
		e, at := firstOf(values, epoch.field), firstOf(values, b.field)
		moves++
		within += flagOf(e == lastEpoch)
		back += flagOf(e < lastEpoch || e == lastEpoch && at < last)
		lastEpoch, last = e, at
	})
	return within*2 > moves && back*33 <= moves
}

// mayCount says whether a field can count steps, of n losses: it stands beside most of these and is whole, and it is no time.
func (s *survey) mayCount(t *tally, b *behaviour, n int, inEpochs bool) bool {
	enough := n*8/10 + flagOf(n*8%10 > 0) // figures of epochs may lack it
	if b.kind == lexicon.Counts && !s.text {
		enough = (n + 1) / 2 // rows of other kinds may lack it
	}
	switch {
	case b.kind == lexicon.Amounts && inEpochs: // of what was seen, and no steps
	case (b.kind == lexicon.Strangers || b.kind == lexicon.Positions && !b.carried()) && b.first > 9e8 && b.last > 9e8: // a time, in seconds or less since 1970
	case b.kind == lexicon.NotACounter || b.count < enough || b.whole*100 < b.count*97:
	case b.carried() && b.count < n: // it may stand behind the losses
	case b.kind == lexicon.Positions && !b.carried() && b.beforehand*10 > n*2: // of a bar, behind which some of the losses stand
	case b.moves() > 0 && b.distinct < 2 && b.kind == lexicon.Positions && b.name == string(lexicon.OfTotal) && s.onlyFull(t): // the total of each epoch
	default:
		return true
	}
	return false
}

// innerOf returns what counts within the values of a field that moves seldom, as epochs do; nil where nothing does.
func (s *survey) innerOf(t *tally, all *behaviours, outer *behaviour) *behaviour {
	if outer.own <= outer.beforehand || outer.rises() {
		return nil
	}
	for _, b := range all.fields {
		if outer.kind == lexicon.Counts && (b.name == string(lexicon.Bracketed) || b.name == string(lexicon.Leading)) {
			continue // of a worker
		}
		if b.own == b.count && b.own*10 >= all.losses.count*9 && b.down > 0 && b.kind <= lexicon.Batches && s.nested(t, outer.field, b.field) {
			return b
		}
	}
	return nil
}

// outerOf returns the column without a name that rises each time that another one, which counts, begins anew, and at no other; nil where none does.
func (s *survey) outerOf(t *tally, all *behaviours, inner *behaviour) *behaviour {
	if inner.kind != lexicon.Strangers || inner.down == 0 || inner.carried() {
		return nil
	}
	for _, b := range all.fields {
		if b.kind == lexicon.Strangers && b.own == b.count && b.whole == b.count && b.down == 0 && b.up == inner.down && s.nested(t, b.field, inner.field) {
			return b
		}
	}
	return nil
}

// nested says whether a field counts within another, and moves, as where it begins anew, when that rises.
func (s *survey) nested(t *tally, outer, inner int) bool {
	moves, onward, rises, stays := 0, 0, 0, 0
	lastOuter, lastInner := math.Inf(-1), math.Inf(-1)
	s.own(t, func(values []sampledValue) {
		a, b := firstOf(values, outer), firstOf(values, inner)
		moves++
		if a > lastOuter {
			rises++
			stays += flagOf(b == lastInner) // as what both only lag behind
		}
		if a > lastOuter || a == lastOuter && b > lastInner {
			onward++
		}
		lastOuter, lastInner = a, b
	})
	return moves > 2 && onward*100 >= moves*95 && stays*2 <= rises
}

// ownTotal returns the total that the counter of a series has, where records with another total stand between again and again, as
// those of a validation: "10/600" and "10/80". It is 0 elsewhere.
func (s *survey) ownTotal(t *tally, step int) float64 {
	first, last := 0.0, 0.0
	own, all, returns := 0, 0, 0
	s.own(t, func(values []sampledValue) {
		for _, v := range values {
			if v.field != step {
				continue
			}
			all++
			if first == 0 {
				first, last = v.total, v.total
			}
			if v.total == first {
				own++
				returns += flagOf(last != first)
			}
			last = v.total
			break
		}
	})
	if first > 0 && returns > 1 && own < all && own*2 > all {
		return first
	}
	return 0
}

// firstOf returns the first number of a field in a record; NaN where there is none.
func firstOf(values []sampledValue, field int) float64 {
	if v, ok := valueOf(values, field); ok {
		return v.number
	}
	return math.NaN()
}

// valueOf returns the first value of a field in a record.
func valueOf(values []sampledValue, field int) (v sampledValue, ok bool) {
	for _, v := range values {
		if v.field == field {
			return v, true
		}
	}
	return v, false
}

// holds says whether a field stands in a record.
func holds(values []sampledValue, field int) bool {
	_, ok := valueOf(values, field)
	return ok
}

// own calls do with the values of each record of a series.
func (s *survey) own(t *tally, do func([]sampledValue)) {
	for _, r := range s.records {
		if s.isOwn(t, r) {
			do(s.values[r.begin:r.end])
		}
	}
}

// isOwn says whether a record is one of a series.
func (s *survey) isOwn(t *tally, r sampledRecord) bool {
	return r.label == t.label && holds(s.values[r.begin:r.end], t.field)
}

// countRank orders what may count steps, best first: what stands in the records themselves before what stands on lines before
// these, and the epoch, where each record has another one, before names that say nothing.
func countRank(kind lexicon.CounterKind, carried, growing bool) int {
	switch {
	case kind <= lexicon.Batches && !carried:
		return int(kind)
	case kind == lexicon.Epochs && growing && !carried:
		return 10
	case kind <= lexicon.Batches:
		return 20 + int(kind)
	}
	return 30 + int(kind)*2 + flagOf(carried)
}

func flagOf(is bool) int {
	if is {
		return 1
	}
	return 0
}
