package losslog

import (
	"math"
	"slices"

	"alrc/internal/losslog/lexicon"
)

// behaviour is what a field does from one record of a series to the next.
type behaviour struct {
	field           int
	name            string
	kind            lexicon.CounterKind
	count, whole    int
	up, down, same  int
	restarts        int // times that it did not go up, but was where it began
	returns         int // of these, times that it went down to there
	distinct        int
	first, last     float64
	own, beforehand int
	still           int // the last times that it neither rose nor fell
	ends            int // such times before it fell, few each
}

// mostOfEnd is how many losses that are none of training may stand below a run's last step, as those of a test.
const mostOfEnd = 3

func (b *behaviour) see(value float64, own bool) {
	if b.count > 0 {
		switch {
		case value > b.last:
			b.up++
			b.still = 0
		case value < b.last:
			b.down++
			b.ends += b.end()
			b.still = 0
		default:
			b.same++
			b.still++
		}
		b.restarts += flagOf(value <= b.last && value == b.first)
		b.returns += flagOf(value < b.last && value == b.first)
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

// moves is how often its value may have changed.
func (b *behaviour) moves() int { return b.count - 1 }

// end is how often it stood still just now, if that may be the end of a run.
func (b *behaviour) end() int {
	if b.still > mostOfEnd || b.up < mostOfEnd {
		return 0
	}
	return b.still
}

// steps is how often its value may have changed but for what stands below the last step of a run.
func (b *behaviour) steps() int {
	if !b.carried() {
		return b.moves()
	}
	return b.moves() - b.ends - b.end()
}

// carried says whether it stands on lines before the records rather than in them.
func (b *behaviour) carried() bool { return b.beforehand > b.own }

// rises says whether its value goes up nearly each time.
func (b *behaviour) rises() bool { return b.up*10 >= b.steps()*9 }

// behaviours are those of the fields in the records of a series.
type behaviours struct {
	fields []*behaviour // but for the losses, in the order in which they came
	losses behaviour
	twice  bool // two loggers tell each loss
}

// behavioursOf returns what the fields do in the records of a series. On lines for people, what may count is carried on to the records below.
func (s *survey) behavioursOf(t *tally) *behaviours {
	all := new(behaviours)
	byField := make([]*behaviour, len(s.fields))
	see := func(v sampledValue, own bool) {
		b := byField[v.field]
		if b == nil {
			f := s.fields[v.field]
			b = &behaviour{field: v.field, name: f.name, kind: f.counter}
			byField[v.field] = b
			all.fields = append(all.fields, b)
		}
		b.see(v.number, own)
	}
	last := make([]sampledValue, len(s.fields)) // of each field that may count; valid where there is one
	there := make([]bool, len(s.fields))
	inPairs := 0
	var before []sampledValue
	for _, r := range s.records {
		values := s.values[r.begin:r.end]
		if s.isOwn(t, r) {
			loss, _ := valueOf(values, t.field)
			if s.tellsNothingNew(before, values) {
				continue
			}
			before = values
			if n := all.losses.count; n > 0 && (loss.number == all.losses.last) == (n%2 == 1) {
				inPairs++
			}
			all.losses.see(loss.number, true)
			seen := make(map[int]bool, len(values))
			for _, v := range values {
				if v.field != t.field && !v.unit && !seen[v.field] {
					seen[v.field] = true
					see(v, true)
				}
			}
			for field, v := range last {
				if there[field] && !seen[field] && field != t.field {
					see(v, false)
				}
			}
		}
		for _, v := range values {
			if !v.unit && s.text && s.fields[v.field].counter.IsNamed() {
				last[v.field], there[v.field] = v, true
			}
		}
	}
	all.twice = s.text && all.losses.distinct > 5 && inPairs*20 >= (all.losses.count-1)*19
	return all
}

// tellsNothingNew says whether a record tells nothing but what the one before told, and both have a counter with a name, and no bar, as where a
// spinner turns.
func (s *survey) tellsNothingNew(before, values []sampledValue) bool {
	has := func(is func(lexicon.CounterKind) bool) bool {
		return slices.ContainsFunc(values, func(v sampledValue) bool { return is(s.fields[v.field].counter) })
	}
	return s.text && slices.Equal(before, values) && has(lexicon.CounterKind.IsNamed) && !has(func(k lexicon.CounterKind) bool { return k == lexicon.Positions })
}

// epoch returns what counts the epochs of the losses, or nil: what moves rather than a setting, as of how many there are to be, and
// what stands in the records themselves rather than on lines before.
func (all *behaviours) epoch() (best *behaviour) {
	rank := func(b *behaviour) int { return 2*flagOf(b.distinct > 1) + flagOf(b.own > b.beforehand) }
	for _, b := range all.fields {
		if b.kind == lexicon.Epochs && b.count*10 >= all.losses.count*9 && (best == nil || rank(b) > rank(best) ||
			rank(b) == rank(best) && b.distinct > 2*best.distinct && (b.down < 2 || b.down > best.up)) {
			best = b
		}
	}
	return best
}

// grows says whether a field goes up from record to record, or, on lines before these, begins anew where other runs follow.
func (all *behaviours) grows(b *behaviour) bool {
	moves := b.steps()
	restarting := b.carried() && (b.kind == lexicon.Counts || b.kind == lexicon.Epochs) && b.restarts > 0 && (b.up+b.restarts)*20 >= moves*19 && b.up*2 >= moves
	return b.rises() || restarting || all.twice && b.carried() && b.down == b.returns && (b.up+b.down)*20 >= b.moves()*9
}

// hasSteadier says whether another field of the same kind counts in the same records, and begins anew far less often, as what counts
// the steps of all epochs does beside what counts those of one.
func (all *behaviours) hasSteadier(b *behaviour) bool {
	return !b.carried() && slices.ContainsFunc(all.fields, func(other *behaviour) bool {
		return other.kind == b.kind && !other.carried() && other.own >= b.own && other.whole == other.count && other.rises() && 2*other.down < b.down
	})
}

// isShared says whether a field counts steps that several workers tell, or that rows tell that are drawn again and again.
func (b *behaviour) isShared(drawn bool) bool {
	moves := b.moves()
	drawn = drawn && b.kind == lexicon.Epochs
	return !b.carried() && b.up+b.same >= moves-moves/33 && (b.distinct >= 2 || moves < 3) &&
		(b.up*20 >= moves || (b.kind == lexicon.Counts || drawn) && b.up > 0 || moves < 3) &&
		(b.kind <= lexicon.Positions || b.kind == lexicon.Batches && b.down == 0 || drawn)
}

// named returns an epoch that counts as a number without a name does, which comes before that, as in "2/10 Epoch 3", or the number.
func (all *behaviours) named(place *behaviour) *behaviour {
	for _, b := range all.fields {
		if b.kind == lexicon.Epochs && b.own == place.own && b.up == b.moves() && place.up == b.up && b.last-b.first == place.last-place.first {
			return b
		}
	}
	return place
}
