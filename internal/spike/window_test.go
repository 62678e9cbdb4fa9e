package spike

import (
	"math"
	"slices"
	"testing"
)

// deviates says by sorting whether x lies limit robust deviations or more above the median of the n lowest losses. Of losses
// of which more than half are equal, which have no such deviation, it says so by known.
func deviates(losses []float64, x float64, n int, limit float64) (median, deviation float64, ok, known bool) {
	middle := func(values []float64) float64 {
		slices.Sort(values)
		if n%2 == 1 {
			return values[n/2]
		}
		return values[n/2-1] + (values[n/2]-values[n/2-1])/2
	}
	values := slices.Clone(losses)
	median = middle(values)
	for i, loss := range values {
		values[i] = math.Abs(loss - median)
	}
	deviation = consistent * middle(values)
	return median, deviation, x > median && x-median >= limit*deviation, deviation > 0
}

// TestBoundsAgreeWithSorting judges losses of many kinds by bounds, bins and counts, and by sorting.
func TestBoundsAgreeWithSorting(t *testing.T) {
	r := random(11)
	for name, next := range map[string]func(i int) float64{
		"exponential": func(int) float64 { return 1 + r.ExpFloat64() },
		"cauchy":      func(int) float64 { return math.Tan(math.Pi * (r.Float64() - 0.5)) },
		"ties":        func(int) float64 { return math.Round(2*r.ExpFloat64()) / 2 },
		"zeros":       func(int) float64 { return math.Copysign(max(0, r.ExpFloat64()-0.6), r.Float64()-0.5) },
		"negative":    func(int) float64 { return -1e9 - r.ExpFloat64() },
		"fine":        func(int) float64 { return 1e9 + 1e-6*r.ExpFloat64() },
		"falling":     func(i int) float64 { return 100*math.Exp(-float64(i%1000)/50) + r.NormFloat64() },
		"huge":        func(int) float64 { return 1e307 * r.NormFloat64() },
		"tiny":        func(int) float64 { return 1e-322 * math.Round(4*r.ExpFloat64()) },
		"gaps": func(int) float64 {
			return []float64{r.ExpFloat64(), r.NormFloat64(), math.NaN(), math.Inf(1), math.Inf(-1)}[r.IntN(5)]
		},
	} {
		t.Run(name, func(t *testing.T) {
			*r = *random(11) // the same whatever comes before
			var w window
			told, asked := 0, 0
			judge := func(x float64, n int, limit float64) {
				median, deviation, ok, known := deviates(w.finite(), x, n, limit)
				if !known {
					return
				}
				asked++
				if w.ordinary(x, limit) {
					told++
					if ok {
						t.Fatalf("loss %v is called ordinary, %v deviations of %v above the median, %v", x, limit, deviation, median)
					}
				}
				gotMedian, gotDeviation, got := w.reaches(x, n, limit)
				if got != ok || ok && (gotMedian != median || gotDeviation != deviation) {
					t.Fatalf("loss %v, limit %v, %d losses: %v, %v, %v by bounds, and %v, %v, %v by sorting", x, limit, n,
						gotMedian, gotDeviation, got, median, deviation, ok)
				}
			}
			for i := range 1500 {
				x := next(i)
				if w.n >= fewest && x-x == 0 {
					judge(x, w.n, atOnce*(1+10/float64(w.n)))
				}
				if w.high-w.low == span {
					w.pop()
				}
				w.push(x)
				if w.n <= fewest || i%3 > 0 {
					continue
				}
				v := w.finite()
				highest := slices.Max(v)
				judge(highest, w.n-1, Limit)
				// Losses at the limit itself, and a little below and above.
				median, deviation, _, _ := deviates(v, 0, w.n, Limit)
				for _, share := range []float64{0.5, 0.9, 1 - 1e-9, 1 - 1e-15, 1, 1 + 1e-15, 1 + 1e-9, 1.1, 2} {
					if x := median + share*Limit*deviation; x-x == 0 {
						judge(x, w.n, Limit)
					}
				}
			}
			t.Logf("%d of %d told by bounds", told, asked)
		})
	}
}

// TestBoundsTellMostLosses sees that few losses of a heavy tail need a search for the median.
func TestBoundsTellMostLosses(t *testing.T) {
	r := random(12)
	var w window
	searched := 0
	const losses = 20_000
	for range losses {
		x := r.ExpFloat64()
		if w.high-w.low == span {
			w.pop()
			if !w.ordinary(x, Limit) {
				searched++
			}
		}
		w.push(x)
	}
	// One in 600 lies 8 deviations above the median.
	if searched > losses/100 {
		t.Errorf("%d of %d losses were searched for", searched, losses)
	}
}
