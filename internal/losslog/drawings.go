package losslog

import (
	"math"

	"alrc/internal/losslog/lexicon"
)

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
}

// drawnWith counts the drawings of a series and its counter.
func (s *survey) drawnWith(t *tally, step int) (d drawings) {
	lastLoss, lastStep := math.NaN(), math.NaN()
	first, told, again := 0.0, 0.0, 0.0
	isStale := false
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		same := loss == lastLoss
		if !(at >= lastStep) {
			first, told, again, isStale = at, 0, 0, false
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

// runsAhead says whether there are several losses for each count of the bar.
func (d drawings) runsAhead() bool { return d.ahead*10 > d.moves }

// hasEqual says whether a loss that a bar shows again may be an equal one: its counter tells how many there were, and where it stands
// still there is another loss most of the time.
func (d drawings) hasEqual() bool { return d.again < d.fresh && d.strides*10 <= d.moves }
