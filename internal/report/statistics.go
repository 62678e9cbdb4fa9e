package report

import (
	"math"
	"sort"
)

func sortedFinite(values []float64) []float64 {
	var kept []float64
	for _, value := range values {
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			kept = append(kept, value)
		}
	}
	sort.Float64s(kept)
	return kept
}

func mean(values []float64) float64 {
	var sum float64
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}

// count is the sum of counts, some of which may not be known.
func count(counts []float64) (sum float64) {
	for _, n := range counts {
		if n > 0 {
			sum += n
		}
	}
	return sum
}

// meanAndSpread returns the mean and the standard deviation, which is 0 for a single value.
func meanAndSpread(values []float64) (average, spread float64) {
	average = mean(values)
	if len(values) < 2 {
		return average, 0
	}
	for _, value := range values {
		spread += (value - average) * (value - average)
	}
	return average, math.Sqrt(spread / float64(len(values)-1))
}
