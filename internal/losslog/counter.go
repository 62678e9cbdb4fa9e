package losslog

import (
	"math"

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
	// always says that it stands in nearly all records of the series, so that others are none of its steps.
	always bool
	// redrawn says that each loss stands in two records: before and after the counter moved, as in progress bars, or, where nothing
	// counts, as two loggers tell it.
	redrawn bool
	// full, if not empty, counts within the bars of which only full ones count, and of a step the last one: they show the loss of the
	// epoch before until its own is there.
	full string
}

// behaviour is what a field does from one record of a series to the next.
type behaviour struct {
	field           int
	count, whole    int
	up, down, same  int
	restarts        int // times that it did not go up, but was where it began
	distinct        int
	first, last     float64
	own, beforehand int
}

func (b *behaviour) see(value float64, own bool) {
	if b.count > 0 {
		switch {
		case value > b.last:
			b.up++
		case value < b.last:
			b.down++
		default:
			b.same++
		}
		b.restarts += flagOf(value <= b.last && value == b.first)
	}
	if b.count == 0 {
		b.first = value
	}
	if b.count == 0 || value != b.last && (value == value || b.last == b.last) { // NaN is NaN
		b.distinct++
	}
	b.count++
	if value == math.Trunc(value) && value >= 0 && value < 1<<53 {
		b.whole++
	}
	if own {
		b.own++
	} else {
		b.beforehand++
	}
	b.last = value
}

// counter finds what counts the steps of a series.
func (s *survey) counter(t *tally) counter {
	var fields []*behaviour
	byField := make(map[int]*behaviour)
	last := make([]sampledValue, len(s.fields)) // of each field that may count; valid where there is one
	there := make([]bool, len(s.fields))
	var losses behaviour
	n, inPairs := 0, 0
	for _, r := range s.records {
		values := s.values[r.begin:r.end]
		own := false
		if r.label == t.label {
			for _, v := range values {
				if v.field == t.field && !own {
					own = true
					if n > 0 && (v.number == losses.last) == (n%2 == 1) {
						inPairs++
					}
					losses.see(v.number, true)
				}
			}
		}
		if own {
			n++
			seen := make(map[int]bool, len(values))
			for _, v := range values {
				if v.field != t.field && !v.unit && !seen[v.field] {
					seen[v.field] = true
					fields = behave(fields, byField, v, true)
				}
			}
			for field, v := range last {
				if there[field] && !seen[field] && field != t.field {
					fields = behave(fields, byField, v, false)
				}
			}
		}
		for _, v := range values {
			if !v.unit && s.text && s.fields[v.field].counter.IsNamed() {
				last[v.field], there[v.field] = v, true
			}
		}
	}
	var c counter
	best, bestRank := (*behaviour)(nil), math.MaxInt
	cyclic, cyclicRank := (*behaviour)(nil), math.MaxInt
	twice := s.text && losses.distinct > 5 && inPairs*20 >= (n-1)*19 // two loggers tell each loss
	epoch := s.epochOf(fields, n)
	epochThere := epoch != nil
	if epochThere {
		c.epoch = s.fields[epoch.field].name
	}
	for i, b := range fields {
		kind := s.fields[b.field].counter
		if kind == lexicon.Amounts && epochThere {
			continue // of what was seen, and no steps
		}
		if kind == lexicon.Strangers && b.last > 9e8 {
			continue // a time, in seconds or less since 1970
		}
		enough := n*8/10 + flagOf(n*8%10 > 0) // figures of epochs may lack it
		if kind == lexicon.Counts && !s.text {
			enough = (n + 1) / 2 // rows of other kinds may lack it
		}
		if kind == lexicon.NotACounter || b.count < enough || b.whole*100 < b.count*97 {
			continue
		}
		carried := b.beforehand > b.own
		if carried && b.count < n {
			continue // it may stand behind the losses
		}
		moves := b.count - 1
		if moves > 0 && b.distinct < 2 && kind == lexicon.Positions && s.fields[b.field].name == string(lexicon.OfTotal) && s.onlyFull(t) {
			continue // the total of each epoch
		}
		// Runs follow one another, of which each counts from the beginning.
		restarting := carried && (kind == lexicon.Counts || kind == lexicon.Epochs) && b.restarts > 0 && (b.up+b.restarts)*20 >= moves*19 && b.up*2 >= moves
		onward := b.up*10 >= moves*9
		growing := onward || restarting || twice && carried && b.down == 0 && b.up*20 >= moves*9
		// Of two, what does not begin anew counts: "STEP: 25/400 -- GLOBAL_STEP: 425".
		rank := countRank(kind, carried, growing)*1000 + min(i, 499) + 500*flagOf(carried && (!onward || b.restarts > 0))
		// Several workers count the same steps.
		alike := b.up+b.same >= moves-moves/33 && (b.distinct >= 2 || moves < 3) && (b.up*20 >= moves || (kind == lexicon.Counts || kind == lexicon.Epochs && s.bars) && b.up > 0 || moves < 3) && (kind <= lexicon.Positions || kind == lexicon.Batches && b.down == 0 || kind == lexicon.Epochs && s.bars) && !carried
		switch {
		case moves == 0 && kind > lexicon.Positions, carried && moves == 0:
		case (growing || alike) && rank < bestRank:
			best, bestRank = b, rank
		case (kind <= lexicon.Batches || kind == lexicon.Epochs) && !carried && b.up*10 >= moves*6 && rank < cyclicRank:
			cyclic, cyclicRank = b, rank
		}
	}
	// A counter that starts again, of batches most often, makes an epoch none of steps.
	if best == nil || cyclic != nil && s.fields[best.field].counter >= lexicon.Strangers {
		if cyclic != nil {
			best = cyclic
		}
	}
	if best != nil && best == cyclic && s.fields[best.field].counter == lexicon.Epochs {
		for _, b := range fields {
			if kind := s.fields[b.field].counter; kind == lexicon.Counts && b.count >= n*8/10 && b.distinct > 1 && b.down == 0 && b.up < best.down {
				// Each of several that train in rounds counts epochs of its own: nothing counts the steps of all.
				best, c.epoch = nil, s.fields[b.field].name
				c.epochAhead = b.beforehand > b.own
				break
			}
		}
	}
	if best == nil {
		c.redrawn = twice
		return c
	}
	if s.fields[best.field].counter == lexicon.Positions {
		// A name that counts as the place does comes before it: "2/10 Epoch 3".
		for _, b := range fields {
			if kind := s.fields[b.field].counter; kind == lexicon.Epochs && b.own == best.own && b.up == b.count-1 && best.up == b.up && b.last-b.first == best.last-best.first {
				best = b
				break
			}
		}
	}
	if moves := best.count - 1; best.own > best.beforehand && best.up*10 < moves*9 {
		// What moves seldom counts epochs, where another number counts within these.
		named := s.fields[best.field].counter == lexicon.Counts
		for _, b := range fields {
			if name := s.fields[b.field].name; named && (name == string(lexicon.Bracketed) || name == string(lexicon.Leading)) {
				continue // of a worker
			}
			if b.own == b.count && b.own*10 >= n*9 && b.down > 0 && s.fields[b.field].counter <= lexicon.Batches && s.nested(t, best.field, b.field) {
				c.epoch = s.fields[best.field].name
				best = b
				break
			}
		}
	}
	for _, b := range fields {
		c.epochAhead = c.epochAhead || s.fields[b.field].name == c.epoch && b.beforehand > b.own
	}
	c.total = s.ownTotal(t, best.field)
	c.step = s.fields[best.field].name
	c.carried = best.beforehand > best.own
	c.always = !c.carried && best.own*10 >= n*8
	c.redrawn = c.step == string(lexicon.OfTotal) && losses.same*10 >= (losses.count-1)*4 && losses.distinct > 4 && best.up*10 < (best.count-1)*8
	if c.redrawn && c.epoch != "" && !c.epochAhead && s.movesByEpoch(t, best.field) {
		c.step, c.epoch, c.full, c.total, c.redrawn = c.epoch, "", c.step, 0, false
	}
	return c
}

// epochOf returns what counts the epochs of n losses, or nil: what moves rather than a setting, as of how many there are to be, and
// what stands in the records themselves rather than on lines before.
func (s *survey) epochOf(fields []*behaviour, n int) (best *behaviour) {
	rank := func(b *behaviour) int { return 2*flagOf(b.distinct > 1) + flagOf(b.own > b.beforehand) }
	for _, b := range fields {
		if s.fields[b.field].counter == lexicon.Epochs && b.count*10 >= n*9 && (best == nil || rank(b) > rank(best) ||
			rank(b) == rank(best) && b.distinct > 2*best.distinct) {
			best = b
		}
	}
	return best
}

// movesByEpoch says whether the losses of a bar that is drawn again and again are those of epochs: they change at one place of the bar.
func (s *survey) movesByEpoch(t *tally, step int) bool {
	changes, alike := 0, 0
	lastLoss, lastStep := math.NaN(), math.NaN()
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		if loss != lastLoss {
			changes++
			alike += flagOf(at == lastStep)
			lastLoss, lastStep = loss, at
		}
	})
	return changes > 3 && alike*10 >= (changes-1)*8
}

// nested says whether a field counts within another, and begins anew where that rises.
func (s *survey) nested(t *tally, outer, inner int) bool {
	moves, onward := 0, 0
	lastOuter, lastInner := math.Inf(-1), math.Inf(-1)
	s.own(t, func(values []sampledValue) {
		a, b := firstOf(values, outer), firstOf(values, inner)
		moves++
		if a > lastOuter || a == lastOuter && b > lastInner {
			onward++
		}
		lastOuter, lastInner = a, b
	})
	return moves > 2 && onward*100 >= moves*95
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
	for _, v := range values {
		if v.field == field {
			return v.number
		}
	}
	return math.NaN()
}

// own calls do with the values of each record of a series.
func (s *survey) own(t *tally, do func([]sampledValue)) {
	for _, r := range s.records {
		if r.label != t.label {
			continue
		}
		values := s.values[r.begin:r.end]
		for _, v := range values {
			if v.field == t.field {
				do(values)
				break
			}
		}
	}
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

func behave(fields []*behaviour, byField map[int]*behaviour, v sampledValue, own bool) []*behaviour {
	b := byField[v.field]
	if b == nil {
		b = &behaviour{field: v.field}
		byField[v.field] = b
		fields = append(fields, b)
	}
	b.see(v.number, own)
	return fields
}
