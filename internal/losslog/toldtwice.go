package losslog

import "math"

// lately holds the last records of a log, to know them again where they are told twice, as by two loggers of which one writes blocks.
type lately struct {
	steps  [1024]float64
	losses [1024]float64
	count  int
	most   float64 // the highest step
}

// told says whether a record, which is not of a higher step than all before, was there before.
func (l *lately) told(step, loss float64) bool {
	if l.count == 0 || step > l.most {
		return false
	}
	for i := range min(l.count, len(l.steps)) {
		if l.steps[i] == step && (l.losses[i] == loss || loss != loss && l.losses[i] != l.losses[i]) {
			return true
		}
	}
	return false
}

func (l *lately) add(step, loss float64) {
	if l.count == 0 || step > l.most {
		l.most = step
	}
	i := l.count % len(l.steps)
	l.steps[i], l.losses[i] = step, loss
	l.count++
}

// toldTwice says whether the records of a series whose counter goes back are nearly all there before, with losses of several values.
func (s *survey) toldTwice(t *tally, name string) bool {
	step, ok := s.byName[name]
	if !ok {
		return false
	}
	var before lately
	back, told, distinct := 0, 0, 0
	last := math.NaN()
	s.own(t, func(values []sampledValue) {
		loss, at := firstOf(values, t.field), firstOf(values, step)
		if before.count > 0 && at <= before.most {
			back++
			if before.told(at, loss) {
				told++
				distinct += flagOf(loss != last)
				last = loss
				return
			}
		}
		before.add(at, loss)
	})
	return distinct >= 3 && told*20 >= back*19
}
