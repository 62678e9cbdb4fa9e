package spike

import (
	"math"
	"sort"
)

const (
	// half is the number of neighbours on either side.
	half = 100
	// span is the number of records in the window: a record and its neighbours, or what was before a new one.
	span = 2*half + 1
	// consistent makes a median absolute deviation the standard deviation of normal losses.
	consistent = 1.4826
)

// window holds the finite losses of the last records in ascending order. What is beyond them is +Inf, so that a search
// takes the same steps for any number of them.
type window struct {
	v [256]float64
	n int
}

func newWindow() *window {
	w := new(window)
	for i := range w.v {
		w.v[i] = math.Inf(1)
	}
	return w
}

// below counts the losses that are lower than x. The difference's sign stands for a comparison, which the processor would
// guess wrongly every other time.
func (w *window) below(x float64) int {
	at := 0
	for step := 128; step > 0; step >>= 1 {
		lower := int(math.Float64bits(w.v[(at+step-1)&255]-x) >> 63)
		at += step & -lower
	}
	return at
}

func (w *window) insert(x float64) {
	at := w.below(x)
	copy(w.v[at+1:w.n+1], w.v[at:w.n])
	w.v[at] = x
	w.n++
}

// remove takes out a loss that is there.
func (w *window) remove(x float64) {
	at := w.below(x)
	copy(w.v[at:w.n-1], w.v[at+1:w.n])
	w.n--
	w.v[w.n] = math.Inf(1)
}

// replace is remove and insert in one.
func (w *window) replace(old, x float64) {
	from, to := w.below(old), w.below(x)
	if to > from {
		to--
		copy(w.v[from:to], w.v[from+1:to+1])
	} else {
		copy(w.v[to+1:from+1], w.v[to:from])
	}
	w.v[to] = x
}

// median is that of the n lowest losses. n must be positive.
func (w *window) median(n int) float64 {
	low, high := w.v[(n-1)/2], w.v[n/2]
	return low + (high-low)/2
}

// reaches says whether x lies limit robust deviations or more above the median of the n lowest losses, of which n is all,
// or all but one that is x itself and among the highest. It returns the median and the deviation where it does.
func (w *window) reaches(x float64, n int, limit float64) (median, deviation float64, ok bool) {
	median = w.median(n)
	above := x - median
	if !(above > 0) {
		return median, 0, false
	}
	// Less than half of the losses lie between the quartiles, so the median absolute deviation is at least the distance of
	// the nearer one. For nearly every loss this decides.
	quarter := n / 4
	if nearer := min(w.v[n-1-quarter]-median, median-w.v[quarter]); above < limit*consistent*nearer {
		return median, 0, false
	}
	deviation = w.deviation(n, median)
	return median, deviation, above >= limit*deviation
}

// deviation is the robust standard deviation of the n lowest losses about their median.
func (w *window) deviation(n int, median float64) float64 {
	v := w.v[:n]
	right := sort.SearchFloat64s(v, median)
	left := right - 1
	var last, before float64
	for range n/2 + 1 {
		before = last
		if right == n || left >= 0 && median-v[left] <= v[right]-median {
			last = median - v[left]
			left--
		} else {
			last = v[right] - median
			right++
		}
	}
	mad := last
	if n%2 == 0 {
		mad = before + (last-before)/2
	}
	if mad > 0 {
		return consistent * mad
	}
	// More than half of the losses are equal. Where others are more than a few, their distance is the noise.
	others := make([]float64, 0, len(w.v))
	for _, value := range v {
		if value != median {
			others = append(others, math.Abs(value-median))
		}
	}
	least := math.Max(1e-4*math.Abs(median), math.SmallestNonzeroFloat64)
	if 10*len(others) < n {
		return least
	}
	sort.Float64s(others)
	return math.Max(least, consistent*others[len(others)/2])
}

// spread is the deviation by the quartiles: cheaper, and as good where nothing is decided by it.
func (w *window) spread() float64 {
	quarter := w.n / 4
	return (w.v[w.n-1-quarter] - w.v[quarter]) / 1.349
}
