package spike

import (
	"math"
	"slices"
)

const (
	// fewestTail is the number of episodes from which on they may be called a tail.
	fewestTail = 5
	// ofTail is the number of standard deviations of logarithms that a tail's episodes lie above the median at most, half of
	// them and nine in ten.
	ofTail, mostOfTail = 3, 6
	// together is the number of spikes of an episode, a third of its records or more, that no tail has.
	together = 20
)

// among notes how the logarithms of the losses around an episode are spread, where these lie still.
func (d *Detector) among(e *Episode, g ground) *Episode {
	if g.still {
		e.logMedian, e.logDeviation = d.window.logarithmic()
	}
	return e
}

// tailed says that what spiked is the long tail of losses that are spread over orders of magnitude: by their logarithms, the
// peaks are no outliers, and they come one by one.
func (s *Summary) tailed() bool {
	var above []float64
	for _, e := range s.Episodes {
		if e.Kind != Spike || e.NonFinite > 0 || e.Spikes >= together && 3*e.Spikes >= e.Records {
			return false
		}
		deviations := (math.Log(e.PeakLoss) - e.logMedian) / e.logDeviation
		if deviations != deviations {
			deviations = math.Inf(1)
		}
		above = append(above, deviations)
	}
	n := len(above)
	if n < fewestTail {
		return false
	}
	slices.Sort(above)
	return above[n/2] <= ofTail && above[n*9/10] <= mostOfTail
}
