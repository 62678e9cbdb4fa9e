package spike

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"alrc/internal/statistics"
)

const (
	// half is the number of neighbours on either side.
	half = 100
	// span is the number of records in the window: a record and its neighbours, or what was before a new one.
	span = 2*half + 1
	// consistent makes a median absolute deviation the standard deviation of normal losses.
	consistent = 1.4826
	// ofDigit is the standard deviation of normal losses half of which are rounded to one number, in units of its last digit.
	ofDigit = 0.74
)

// window holds the losses of the last records. Their median and deviation are found only when a loss needs them; nearly
// all lie below a bound that a few counts show to hold, from one search to the next.
type window struct {
	loss      [256]float64 // a ring by record; +Inf for what is not finite
	low, high int64        // records in the window
	n         int          // finite losses

	// The bound holds while the median lies between from and to, and less than half of the losses lie between least, which
	// is from-reach, and most, to+reach, so that the median absolute deviation is more than reach.
	from, to, reach float64
	least, most     float64
	// room is how far the counts that show this are from not showing it, and share what each loss adds to it; see shareOf.
	room  int64
	share [256]int64 // a ring by record; 0 for what is not finite
	bins  bins
	// aboveZero is the least deviation where most losses are 0.
	aboveZero float64
	scratch   [span + 1]float64
}

// lower is 1 if a is lower than b, and 0 otherwise. It compares by the difference's sign, which the processor need not
// guess.
func lower(a, b float64) int { return int(math.Float64bits(a-b) >> 63) }

// The room of a bound is three numbers in one, of 16 bits each, none of which may be less than 0 where the bound holds: n-2 less
// twice the losses below from, twice those up to to less n+2, and n-2 less twice those between least and most. Each is
// kept more by enough, so that a bit tells.
const (
	enoughBit  = 1 << 14
	roomFields = 1 + 1<<16 + 1<<32
	noRoom     = (enoughBit - 2) * roomFields
	hasRoom    = enoughBit * roomFields
)

// shareOf is what a finite loss adds to the room.
func (w *window) shareOf(x float64) int64 {
	below, upTo, inside := lower(x, w.from), 1-lower(w.to, x), (1-lower(x, w.least))*(1-lower(w.most, x))
	return int64(1-2*below) + int64(2*upTo-1)<<16 + int64(1-2*inside)<<32
}

// push takes the next record's loss.
func (w *window) push(x float64) {
	if x == 0 {
		x = 0 // not -0, which lower would call lower than 0
	}
	if x-x == 0 {
		w.n++
		share := w.shareOf(x)
		w.room += share
		w.share[w.high&255] = share
		if w.bins.made {
			w.bins.add(w.high, x)
		}
	} else {
		x = math.Inf(1) // not NaN, which lower does not order
		w.share[w.high&255] = 0
	}
	w.loss[w.high&255] = x
	w.high++
}

// pop removes the first record.
func (w *window) pop() {
	if share := w.share[w.low&255]; share != 0 {
		w.n--
		w.room -= share
		if w.bins.made {
			w.bins.remove(w.low)
		}
	}
	w.low++
}

// finite copies the losses that are finite to scratch.
func (w *window) finite() []float64 {
	v := w.scratch[:0]
	for i := w.low; i < w.high; i++ {
		if x := w.loss[i&255]; x-x == 0 {
			v = append(v, x)
		}
	}
	return v
}

// ordinary says that a loss, whether it is one of the window or a further one, is surely not as many robust deviations
// above the median. It may say no of a loss that is not.
func (w *window) ordinary(x, limit float64) bool {
	w.check()
	// First by what holds of nearly all losses: by which side of the median they are on a processor cannot guess.
	if x < w.from+limit*consistent*w.reach || x <= w.from {
		return true
	}
	if !(w.reach > 0) {
		return false
	}
	if !w.bins.made {
		w.bins.make(w)
	}
	return w.bins.ordinary(x, limit, w.n)
}

// check finds another bound if the counts do not show any more that this one holds.
func (w *window) check() {
	if w.room&hasRoom != hasRoom {
		w.bind()
	}
}

// bind finds a bound with enough room for the counts to change.
func (w *window) bind() {
	w.bins.made = false
	v := w.finite()
	n := len(v)
	room := n / 12
	if room < 2 {
		w.from, w.reach = math.Inf(-1), 0
		return
	}
	w.from = nth(v, n/2-room)
	w.to = nth(v[n/2-room:], 2*room) // none before is higher
	for i, x := range v {
		v[i] = max(w.from-x, x-w.to, 0)
	}
	w.reach = nth(v, n/2-room)
	w.least, w.most = w.from-w.reach, w.to+w.reach
	w.room = noRoom
	if w.reach == 0 {
		w.room += enoughBit / 2 << 32 // a reach of 0 always holds
	}
	for i := w.low; i < w.high; i++ {
		if x := w.loss[i&255]; x-x == 0 {
			share := w.shareOf(x)
			w.room += share
			w.share[i&255] = share
		}
	}
}

// level is about the median of the losses, and their spread about the standard deviation.
func (w *window) level() (median, spread float64) {
	// Between least and most, five twelfths of the losses lay when they were found: 0.55 deviations on either side.
	spread = (w.most - w.least) / 1.1
	if w.to-w.from > 0.6*spread && w.n > 0 {
		// The losses are at two levels: the window is where one follows the other.
		median = w.median(w.n)
		return median, w.deviation(w.n, median)
	}
	return w.from + (w.to-w.from)/2, spread
}

// median is that of the n lowest losses. n must be positive.
func (w *window) median(n int) float64 {
	v := w.finite()
	high := nth(v, n/2)
	if n%2 == 1 {
		return high
	}
	low := slices.Max(v[:n/2])
	return low + (high-low)/2
}

// reaches says whether x lies limit robust deviations or more above the median of the n lowest losses, of which n is all,
// or all but one that is x itself and among the highest. It returns the median and the deviation where it does.
func (w *window) reaches(x float64, n int, limit float64) (median, deviation float64, ok bool) {
	w.check()
	// If less than half of the losses lie within so far of the median, the median absolute deviation is more. First by
	// where the median may be at most.
	reach := (x - w.from) / (limit * consistent)
	if w.from > math.Inf(-1) && w.within(w.from-reach, w.to+reach) < n/2 {
		return 0, 0, false
	}
	if median = w.from; w.from != w.to {
		median = w.median(n)
	}
	above := x - median
	if !(above > 0) {
		return median, 0, false
	}
	reach = above / (limit * consistent)
	within := w.within(median-reach, median+reach)
	if within < n/2 {
		return median, 0, false
	}
	// Where most losses are equal, the others' distances count; see deviation.
	if equal := w.within(median, median); equal > n/2+1 {
		reach = above / (limit * ofDigit)
		if others := n - equal; 10*others >= n && w.within(median-reach, median+reach)-equal <= others/2 {
			return median, 0, false
		}
	}
	deviation = w.deviation(n, median)
	return median, deviation, above >= limit*deviation
}

// common says whether losses of least or more are no outliers since a quarter of all are, in the first half of the window and
// in the last, as where batches come from two sources. In one half alone it is losses that fall, or a spike of many records.
func (w *window) common(least float64) bool {
	middle := (w.low + w.high) / 2
	return w.quarter(w.low, middle, least) && w.quarter(middle, w.high, least)
}

// quarter says whether a quarter of the finite losses of some records are least or more.
func (w *window) quarter(first, end int64, least float64) bool {
	high, n := 0, 0
	for i := first; i < end; i++ {
		if x := w.loss[i&255]; x-x == 0 {
			n++
			high += 1 - lower(x, least)
		}
	}
	return 4*high >= n
}

// within counts the losses from least to most.
func (w *window) within(least, most float64) (n int) {
	most = min(most, math.MaxFloat64) // what is not finite is outside
	begin, end := w.low&255, w.high&255
	if begin < end {
		return within(w.loss[begin:end], least, most)
	}
	return within(w.loss[begin:], least, most) + within(w.loss[:end], least, most)
}

func within(v []float64, least, most float64) int {
	n := 0
	for _, x := range v {
		n += 1 - (lower(x, least) | lower(most, x))
	}
	return n
}

// deviation is the robust standard deviation of the n lowest losses about their median.
func (w *window) deviation(n int, median float64) float64 {
	v := w.finite()
	for i, loss := range v {
		v[i] = math.Abs(loss - median)
	}
	mad := nth(v, n/2)
	if n%2 == 0 {
		low := slices.Max(v[:n/2])
		mad = low + (mad-low)/2
	}
	if mad > 0 {
		return consistent * mad
	}
	// More than half of the losses are equal. Where others are more than a few, their distance is the noise.
	slices.Sort(v)
	equal := 0
	for equal < n && v[equal] == 0 {
		equal++
	}
	least := max(1e-4*math.Abs(median), math.SmallestNonzeroFloat64)
	if median == 0 {
		least = max(least, w.aboveZero)
	}
	if others := v[equal:n]; 10*len(others) >= n {
		distance := statistics.Percentile(others, 0.5)
		if distance <= others[0]*(1+1e-6) {
			// Losses that are rounded to few digits: most others are one of the last digit away.
			return max(least, ofDigit*distance)
		}
		return max(least, consistent*distance)
	}
	// Of losses that are rounded to few digits some differ by the last one, without any more to it.
	digit := lastDigit(median)
	for i := w.low; i < w.high && digit > 0; i++ {
		if x := w.loss[i&255]; x != median && x-x == 0 {
			digit = min(digit, lastDigit(x))
		}
	}
	return max(least, digit/2)
}

// logarithmic returns the median of the losses' logarithms and the robust standard deviation about it; NaN where losses are
// below 0, or most are 0.
func (w *window) logarithmic() (median, deviation float64) {
	v := w.finite()
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	for i, loss := range v {
		if loss < 0 {
			return math.NaN(), math.NaN()
		}
		v[i] = math.Log(max(loss, math.SmallestNonzeroFloat64)) // finite, since nth orders no infinities
	}
	if median = nth(v, len(v)/2); median == math.Log(math.SmallestNonzeroFloat64) {
		return math.NaN(), math.NaN()
	}
	for i, x := range v {
		v[i] = math.Abs(x - median)
	}
	return median, consistent * nth(v, len(v)/2)
}

// lastDigit is the unit of the last decimal digit of a number, as it is written for short; 0 for more than six digits.
func lastDigit(x float64) float64 {
	var buffer [32]byte
	text := strconv.AppendFloat(buffer[:0], x, 'e', -1, 64)
	mantissa, exponent, _ := bytes.Cut(text, []byte{'e'})
	mantissa = bytes.TrimPrefix(mantissa, []byte{'-'})
	power, err := strconv.Atoi(string(exponent))
	if err != nil || len(mantissa) > 7 {
		return 0
	}
	if len(mantissa) > 1 {
		power -= len(mantissa) - 2
	}
	return math.Pow10(power)
}

// nth puts the value of rank k of v, from 0, at v[k], none higher before it and none lower after it, and returns it.
func nth(v []float64, k int) float64 {
	low, high := 0, len(v)
	for high-low > 12 {
		a, b, c := v[low], v[low+(high-low)/2], v[high-1]
		pivot := max(min(a, b), min(max(a, b), c))
		// Lower ones go to the front, and then equal ones.
		at := low
		for i := low; i < high; i++ {
			x := v[i]
			v[i] = v[at]
			v[at] = x
			at += lower(x, pivot)
		}
		if k < at {
			high = at
			continue
		}
		low = at
		for i := low; i < high; i++ {
			x := v[i]
			v[i] = v[at]
			v[at] = x
			at += 1 - lower(pivot, x)
		}
		if k < at {
			return pivot
		}
		low = at
	}
	slices.Sort(v[low:high])
	return v[k]
}
