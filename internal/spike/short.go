package spike

import (
	"math"
	"slices"

	"alrc/internal/statistics"
)

const (
	// longestShort is the number of records up to which a series is short: the levels of a long one's windows would say too
	// little about it.
	longestShort = 512
	// fewestShort is the number of finite losses from which on levels tell anything.
	fewestShort = 30
	// shortLevels is the number of levels of a short series.
	shortLevels = 40
)

// short keeps the finite losses of a series that is short as yet.
type short struct {
	steps  []int64
	losses []float64
}

func (s *short) add(step int64, loss float64) {
	s.steps, s.losses = append(s.steps, step), append(s.losses, loss)
}

// levels looks at the levels of a short series anew, now that it is all there, with windows in proportion to its length.
func (s *short) levels(l *levels) {
	n := len(s.losses)
	if n < fewestShort {
		return
	}
	every := max(1, n/shortLevels)
	reach := 3 * every
	l.kept, l.changes, l.count, l.short = nil, nil, 0, true
	window := make([]float64, 2*reach+1)
	for i := reach; i+reach < n; i += every {
		copy(window, s.losses[i-reach:])
		slices.Sort(window)
		now := level{step: s.steps[i], median: window[reach]}
		for k, loss := range window {
			window[k] = math.Abs(loss - now.median)
		}
		slices.Sort(window)
		now.spread = consistent * window[reach]
		l.kept = append(l.kept, now)
		// The change, if there is one, is in the middle of the last levels.
		if known := len(l.changes); l.follow(now) && !s.sharp(i-around/2*every, every) {
			l.changes = l.changes[:known]
		}
	}
}

// sharp says whether the losses change about record i, from one to the one that comes so many records later, by much more than
// they do before and after.
func (s *short) sharp(i, every int) bool {
	const clearly, reach = 3.5, 10
	var differences []float64
	most := 0.0
	for k := max(0, i-reach*every); k+every < min(len(s.losses), i+reach*every+1); k++ {
		difference := s.losses[k+every] - s.losses[k]
		differences = append(differences, difference)
		if k >= i-2*every && k <= i+every && math.Abs(difference) > math.Abs(most) {
			most = difference
		}
	}
	trend := statistics.MedianOfFinite(differences)
	for k, difference := range differences {
		differences[k] = math.Abs(difference - trend)
	}
	return math.Abs(most-trend) >= clearly*consistent*statistics.MedianOfFinite(differences)
}
