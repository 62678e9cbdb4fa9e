package report

import "gonum.org/v1/gonum/stat"

// mean is NaN without values.
func mean(values []float64) float64 { return stat.Mean(values, nil) }

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
	if len(values) < 2 {
		return mean(values), 0
	}
	return stat.MeanStdDev(values, nil)
}
