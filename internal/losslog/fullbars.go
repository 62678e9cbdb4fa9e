package losslog

import "alrc/internal/losslog/lexicon"

// epochOfBars returns what counts the epochs on lines before bars of a series, where nearly each epoch ends in a full bar and few others
// were kept: of these, only the full ones tell the loss of an epoch. It is "" elsewhere.
func (s *survey) epochOfBars(t *tally) string {
	const (
		fewest  = 2
		mostFew = 3 // bars an epoch
	)
	bar, ok := s.byName[string(lexicon.OfTotal)]
	if !ok {
		return ""
	}
	epoch := -1
	bars, full, last, fresh := 0, 0, -1.0, false
	for _, r := range s.records {
		own, at := false, sampledValue{total: -1}
		for _, v := range s.values[r.begin:r.end] {
			switch {
			case s.fields[v.field].counter == lexicon.Epochs && (epoch < 0 || v.field == epoch):
				epoch = v.field
				fresh = fresh || v.number > last
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
		if at.total <= 0 || epoch < 0 {
			return ""
		}
		if bars++; at.number == at.total {
			if !fresh {
				return "" // two full bars of an epoch
			}
			full, fresh = full+1, false
		}
	}
	if full < fewest || bars == full || bars > mostFew*full {
		return ""
	}
	return s.fields[epoch].name
}
