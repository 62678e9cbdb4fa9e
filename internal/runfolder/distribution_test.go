package runfolder

import (
	"math"
	"testing"
)

func TestDistribute(t *testing.T) {
	values := make([]float64, 101)
	for i := range values {
		values[i] = float64((i * 37) % 101)
	}
	got := *Distribute(values)
	want := Distribution{Images: 101, Mean: 50, Std: Number(math.Sqrt(101 * 102 / 12.)), P5: 5, Median: 50, P95: 95, P99: 99, Max: 100}
	if math.Abs(float64(got.Std-want.Std)) > 1e-9 {
		t.Errorf("standard deviation %v, not %v", got.Std, want.Std)
	}
	if got.Std = want.Std; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if one := Distribute([]float64{3}); one.Mean != 3 || one.Std != 0 || one.P99 != 3 {
		t.Errorf("of one value: %+v", one)
	}
	if none := Distribute(nil); none != nil {
		t.Errorf("of no value: %+v", none)
	}
}

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
