// Package statistics has the means, deviations and percentiles of results. Sums are plain ones in the order of the values, in
// float64, with every product rounded before it is added: results and checkpoints hold what follows from them, and are the same,
// bit for bit, on every machine.
package statistics

import (
	"cmp"
	"math"
	"slices"
)

// Float is a type of numbers that may be infinite or NaN.
type Float interface{ ~float32 | ~float64 }

// Mean returns the mean, NaN of no values.
func Mean[T Float](values []T) float64 {
	var sum float64
	for _, value := range values {
		sum += float64(value)
	}
	return sum / float64(len(values))
}

// MeanStd returns the mean and the standard deviation of a sample, whose squares are divided by n - 1; a single value has a
// deviation of 0.
func MeanStd[T Float](values []T) (mean, std float64) {
	mean, squares := meanSquares(values)
	return mean, math.Sqrt(squares / float64(max(1, len(values)-1)))
}

// PopulationMeanStd returns the mean and the standard deviation of all that there is, whose squares are divided by n.
func PopulationMeanStd[T Float](values []T) (mean, std float64) {
	mean, squares := meanSquares(values)
	return mean, math.Sqrt(squares / float64(len(values)))
}

// meanSquares returns the mean, and the sum of squared distances from it.
func meanSquares[T Float](values []T) (mean, squares float64) {
	mean = Mean(values)
	for _, value := range values {
		distance := float64(value) - mean
		squares += float64(distance * distance)
	}
	return mean, squares
}

// Percentile returns the value below which a share of sorted values lies, of which there is at least one: the one
// whose rank is nearest to that share of the way from the first to the last, as NumPy's method "nearest" has it.
func Percentile[T any](sorted []T, share float64) T {
	return sorted[int(math.Round(share*float64(len(sorted)-1)))]
}

// Median returns the percentile of one half of values in any order, of which there is at least one; of an even number, it is the
// larger of the two in the middle.
func Median[T cmp.Ordered](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return Percentile(sorted, 0.5)
}

// MedianOfFinite returns the median of the values that are finite, NaN where none is.
func MedianOfFinite[T Float](values []T) T {
	if values = Finite(values); len(values) > 0 {
		return Median(values)
	}
	return T(math.NaN())
}

// Finite returns the values that are neither infinite nor NaN, in a slice of its own.
func Finite[T Float](values []T) []T {
	finite := make([]T, 0, len(values))
	for _, value := range values {
		if value-value == 0 {
			finite = append(finite, value)
		}
	}
	return finite
}
