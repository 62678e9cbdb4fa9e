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
