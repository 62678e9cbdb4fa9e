package watch

import (
	"math"

	"alrc/internal/statistics"
)

// opening is how a run began, by which another one is known in the same log: as where a program is started again and goes on writing to
// one file.
type opening struct {
	first, last int64 // steps
	losses      []float64
	records     int
	// inEpochs says that steps are counted anew in each epoch.
	inEpochs bool
}

const (
	// openingLosses are so many losses of a run's beginning, and as many of its last ones, that are compared.
	openingLosses = 20
	// openingRise is how far above the last losses another run begins, in median absolute deviations of these.
	openingRise = 7.5
)

func (o *opening) add(step int64, loss float64) {
	if o.records++; o.records == 1 {
		o.first = step
	}
	if o.last = step; len(o.losses) < openingLosses {
		o.losses = append(o.losses, loss)
	}
}

// isBack says whether the counter of steps is back at its beginning.
func (o *opening) isBack(step int64) bool {
	return o.records >= openingLosses && step < o.last && step <= o.first && !o.inEpochs
}

// again says of a step at which the counter is back whether another run begins: the loss is back at its beginning, too, or it is a number
// again after none was. Where the loss goes on as it was, steps are counted anew in each epoch.
func (o *opening) again(loss float64, before []Loss) bool {
	var last, away []float64
	for _, l := range before[max(0, len(before)-openingLosses):] {
		last = append(last, float64(l.Loss))
	}
	begin, level := statistics.MedianOfFinite(o.losses), statistics.MedianOfFinite(last)
	if loss-loss != 0 || level-level != 0 {
		return loss-loss == 0
	}
	for _, l := range last {
		away = append(away, math.Abs(l-level))
	}
	o.inEpochs = !(loss > level+openingRise*statistics.MedianOfFinite(away) && math.Abs(loss-begin) < math.Abs(loss-level))
	return !o.inEpochs
}
