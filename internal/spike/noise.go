package spike

import "math"

// noise is a cheap estimate of the differences between successive losses, to tell which losses are worth a closer look.
type noise struct {
	mean, last float64
	n          int
}

// add takes a finite loss. Differences are limited, so that a spike does not make the next one look small.
func (s *noise) add(loss float64) {
	difference := math.Abs(loss - s.last)
	s.last = loss
	s.n++
	if s.n > 4 && s.mean > 0 && difference > 4*s.mean {
		difference = 4 * s.mean
	}
	const most = 32 // a power of two: to multiply by its inverse gives the quotient, sooner
	switch {
	case s.n > most:
		s.mean += (difference - s.mean) * (1. / most)
	case s.n > 1:
		s.mean += (difference - s.mean) / float64(s.n-1)
	}
}

// jumps says whether a loss may lie plainly above the last one, or above one a few records ago, for a rise that takes a
// few. Of the first few losses, each that rises may.
func (s *noise) jumps(loss, ago float64) bool {
	if s.n < 11 {
		return s.n > 0 && loss > s.last
	}
	// The mean absolute difference of normal losses is 2/√π deviations.
	least := plainly / 2 * math.Sqrt(math.Pi) / 2 * s.mean
	return loss-s.last >= least && loss > s.last || loss-ago >= least && loss > ago
}
