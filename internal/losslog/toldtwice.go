package losslog

import (
	"math"

	"alrc/internal/losslog/sequence"
)

// toldTwice says whether the records of a series whose counter goes back are nearly all there before, with losses of several values.
func (s *survey) toldTwice(t *tally, name string) bool {
	step, ok := s.byName[name]
	if !ok {
		return false
	}
	var before sequence.Recent
	back, told, distinct := 0, 0, 0
	last := math.NaN()
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		if before.GoesBack(at) {
			back++
			if before.Told(at, loss) {
				told++
				distinct += flagOf(loss != last)
				last = loss
				return
			}
		}
		before.Add(at, loss)
	})
	return distinct >= 3 && told*20 >= back*19
}
