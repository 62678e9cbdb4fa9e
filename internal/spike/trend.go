package spike

import (
	"math"

	"alrc/internal/statistics"
)

// trend is what the loss does in an episode that has not come back.
type trend int

const (
	unsettled trend = iota
	rising          // it has not fallen for fifty records, and more are to come
	falling         // it is on its way back
	flat            // it stays where it is, as far as a few records tell
	settled         // it stays where it is, as hundreds of records tell
)

// trend tells what the loss does in the episode that the series ends in: whether at the end it is as high as in the first half
// of the episode, or of the last records.
func (d *Detector) trend(e *Episode) trend {
	first := max(e.Record, d.n-int64(len(d.ring)))
	var early []float64
	for i := first; i < (first+d.n)/2; i++ {
		early = append(early, d.at(i).loss)
	}
	was, is := statistics.MedianOfFinite(early)-e.Baseline, d.sum.end()-e.Baseline
	switch {
	case is <= 0.6*was:
		return falling
	case math.Abs(is-was) < max(e.Deviation, 0.1*is):
		return flat
	}
	return unsettled
}
