package statistics

import (
	"math"
	"slices"
	"testing"
)

// Percentiles are values that occur, and their ranks are symmetric.
func TestPercentile(t *testing.T) {
	for _, test := range []struct {
		n           int
		share, want float64
	}{{1, 0.99, 1}, {2, 0.5, 2}, {3, 0.5, 2}, {100, 0.99, 99}, {2500, 0.99, 2475}, {2000, 0.05, 101}, {4, 0, 1}, {4, 1, 4}} {
		values := make([]float64, test.n)
		for i := range values {
			values[i] = float64(i + 1)
		}
		if got := Percentile(values, test.share); got != test.want {
			t.Errorf("of %d values, the %v percentile is %v, want %v", test.n, test.share, got, test.want)
		}
	}
}

func TestMedian(t *testing.T) {
	values := []int64{5, 1, 9, 7}
	if got := Median(values); got != 7 || !slices.Equal(values, []int64{5, 1, 9, 7}) {
		t.Errorf("the median is %d, and leaves %v", got, values)
	}
	inf, nan := math.Inf(1), math.NaN()
	if got := MedianOfFinite([]float64{inf, 3, nan, 1, 2, -inf}); got != 2 {
		t.Errorf("the median of the finite values is %v, not 2", got)
	}
	if got := MedianOfFinite([]float32{float32(inf)}); got == got {
		t.Errorf("the median of no finite value is %v", got)
	}
}

func TestMeanStd(t *testing.T) {
	values := []float32{2, 4, 4, 4, 5, 5, 7, 9}
	if mean, std := PopulationMeanStd(values); mean != 5 || std != 2 {
		t.Errorf("%v ± %v, not 5 ± 2", mean, std)
	}
	if mean, std := MeanStd(values); mean != 5 || std != math.Sqrt(32/7.) {
		t.Errorf("of a sample: %v ± %v, not 5 ± √(32/7)", mean, std)
	}
	if mean, std := MeanStd([]float64{3}); mean != 3 || std != 0 {
		t.Errorf("of one value: %v ± %v", mean, std)
	}
	if mean := Mean[float64](nil); mean == mean {
		t.Errorf("the mean of nothing is %v", mean)
	}
}
