package losslog

import "alrc/internal/losslog/lexicon"

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
