package losslog

import (
	"bytes"
	"math"
	"slices"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// epochOfBars returns what counts the epochs on lines before bars of a series, where nearly each epoch ends in a full bar, which may be drawn
// twice, and few others were kept, or where the log begins within an epoch: only the last full bar tells the loss of an epoch. It is false
// elsewhere.
func (s *survey) epochOfBars(t *tally) (c counter, ok bool) {
	const (
		fewest  = 2
		mostFew = 3 // bars an epoch
	)
	bar, ok := s.byName[string(lexicon.OfTotal)]
	epoch := s.movingEpoch()
	if !ok || epoch < 0 {
		return c, false
	}
	began, first := false, 0.0
	bars, bare, full, again := 0, 0, 0, 0
	last, fresh, anew := -1.0, true, false
	others, total, mixed, within := 0, 0.0, false, false
	for _, r := range s.records {
		own, at := false, sampledValue{total: -1}
		for _, v := range s.values[r.begin:r.end] {
			switch {
			case v.field == epoch:
				if !began {
					began, first = true, v.number
				}
				fresh, anew = fresh || v.number != last, anew || v.number < last
				last = v.number
			case v.field == t.field && r.label == t.label:
				own = true
			case v.field == bar && at.total < 0:
				at = v
			}
		}
		if !own {
			continue
		}
		if at.total <= 0 {
			bare++ // as of the whole training
			continue
		}
		switch bars++; {
		case at.number != at.total:
		case fresh:
			mixed = mixed || total > 0 && at.total != total && !anew // another training may have another total
			within = within || !began
			total, full, fresh, anew = at.total, full+1, false, false
		case at.total == total:
			again++
		default:
			others++ // as of a validation behind the last epoch
		}
	}
	if full < fewest || !began || again > full || bare*10 > bars || others > 0 && mixed || bars == full && !within || bars-others > mostFew*full {
		return c, false
	}
	c = counter{step: s.fields[epoch].name, carried: true, full: string(lexicon.OfTotal)}
	if others+bare > 0 {
		c.fullOf = total
	}
	if within {
		c.before = int64(first) - 1
	}
	return c, true
}

// movingEpoch returns the field that counts epochs and changes most often, which a setting such as "Number of epochs" does not; -1 where
// none counts them.
func (s *survey) movingEpoch() int {
	best := -1
	changes, last := make([]int, len(s.fields)), make([]float64, len(s.fields))
	for _, v := range s.values {
		if s.fields[v.field].counter != lexicon.Epochs {
			continue
		}
		changes[v.field] += flagOf(v.number != last[v.field] || changes[v.field] == 0)
		if last[v.field] = v.number; best < 0 || changes[v.field] > changes[best] {
			best = v.field
		}
	}
	return best
}

// movesByEpoch says whether the losses of a bar that is drawn again and again are those of epochs: they change at one place of the bar, and
// it has moved on in between.
func (s *survey) movesByEpoch(t *tally, step int) bool {
	changes, alike, moved := 0, 0, false
	lastLoss, lastStep := math.NaN(), math.NaN()
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		moved = moved || at != lastStep
		if loss != lastLoss {
			changes++
			alike += flagOf(at == lastStep && moved)
			lastLoss, lastStep, moved = loss, at, false
		}
	})
	return changes > 3 && alike*10 >= (changes-1)*8
}

// fills says whether a field is the counter of bars that are drawn again and again, and begins anew only when it has come to its total.
func (s *survey) fills(t *tally, b *behaviour) bool {
	if b.name != string(lexicon.OfTotal) || b.up < 4 || b.down == 0 {
		return false
	}
	drawn, full, early := 0, 0, 0
	var last sampledValue
	s.own(t, func(values []sampledValue) {
		v, _ := valueOf(values, b.field)
		drawn++
		full += flagOf(v.number == v.total)
		early += flagOf(v.number < last.number && last.number < last.total)
		last = v
	})
	return early == 0 && full*2 < drawn
}

// drawings count what the drawings of a bar show that is drawn when its loss is known, and when its counter moves.
type drawings struct {
	moves, stale int // of its counter, and those with the loss before
	renewed      int // of these, those that the next loss follows before the counter moves again
	fresh, again int // where it stands still, with another loss, and with the loss before
	ahead        int // moves before which there were more losses than it counts
	strides      int // moves by more than losses may have come
	bars, full   int // bars that begin at 0, and those that are full in the end and show the last loss again
}

// drawnWith counts the drawings of a series and its counter.
func (s *survey) drawnWith(t *tally, step int) (d drawings) {
	lastLoss, lastStep := math.NaN(), math.NaN()
	first, told, again := 0.0, 0.0, 0.0
	isStale := false
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		same := loss == lastLoss
		if counter, ok := valueOf(values, step); ok {
			d.bars += flagOf(at == 0 && lastStep != 0)
			d.full += flagOf(same && at == counter.total && at > lastStep)
		}
		if !(at >= lastStep) {
			first, told, again, isStale = at, 0, 0, same
		}
		switch {
		case at > lastStep:
			d.moves++
			if isStale && told+again < at-first {
				again++ // what was drawn as it moved was a loss of its own
			}
			d.stale += flagOf(same)
			isStale = same
			d.ahead += flagOf(told > at-first+1)
			d.strides += flagOf(told+again < at-first)
			told, again = max(told, at-first), 0
		case at == lastStep:
			d.again += flagOf(same)
			again += float64(flagOf(same))
			d.fresh += flagOf(!same)
			if !same {
				d.renewed += flagOf(isStale)
				isStale = false
			}
		}
		told += float64(flagOf(!same))
		lastLoss, lastStep = loss, at
	})
	return d
}

// movesAfterLosses says whether a bar is drawn once when its loss is known, and again when it has moved on, if it was not drawn just before:
// where its counter moves and the loss is the one before, the next loss follows before it moves again, and hardly anywhere else.
func (d drawings) movesAfterLosses() bool {
	return d.moves > 3 && (d.stale*10 >= d.moves*9 && d.fresh >= d.stale || d.renewed > 3 && d.renewed*20 >= d.moves && d.fresh*10 <= d.renewed*11)
}

// endsTwice says whether bars count the losses before the one that they show, and are drawn once more at their end.
func (d drawings) endsTwice() bool {
	return d.bars > 0 && d.full > 0 && d.full*10 >= d.bars*8 && d.fresh*10 <= d.moves && d.strides*10 <= d.moves
}

// runsAhead says whether there are several losses for each count of the bar.
func (d drawings) runsAhead() bool { return d.ahead*10 > d.moves }

// hasEqual says whether a loss that a bar shows again may be an equal one: its counter tells how many there were, and where it stands
// still there is another loss most of the time, or there is another one nearly each time that it moves.
func (d drawings) hasEqual() bool {
	return (d.again == 0 || d.again < d.fresh || d.fresh <= d.moves && d.fresh*4 > d.moves*3) && d.strides*10 <= d.moves
}

// barsOfOne says whether the records of a series are bars of one batch each.
func (s *survey) barsOfOne(t *tally) bool {
	bar, ok := s.byName[string(lexicon.OfTotal)]
	n := 0
	s.own(t, func(values []sampledValue) {
		n++
		i := slices.IndexFunc(values, func(v sampledValue) bool { return v.field == bar })
		ok = ok && i >= 0 && values[i].total == 1
	})
	return ok && n > 2
}

// onlyFull says whether all bars of a series are full, so that each is of an epoch, and not of a step.
func (s *survey) onlyFull(t *tally) bool {
	full := true
	s.own(t, func(values []sampledValue) {
		for _, v := range values {
			full = full && (v.total < 0 || v.number == v.total || s.fields[v.field].counter == lexicon.Epochs)
		}
	})
	return full
}

// drawsBars says whether the lines that hold a name are progress bars.
func (v *look) drawsBars(name string) bool {
	bars, all := 0, 0
	plaintext.Lines(v.records(), func(line []byte) {
		if bytes.Contains(line, []byte(name)) {
			all++
			bars += flagOf(bytes.Contains(line, []byte("%|")))
		}
	})
	return bars*10 > all*9
}
