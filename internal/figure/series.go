package figure

import "math"

// Smooth returns the moving average of values with weights that fall evenly to both sides, as smooth as a plain mean of
// window values. A plain moving mean draws one huge value as a plateau as wide as its window; here it is a peak at its
// own place. At the ends, and around values that are not finite, the average is of those that there are; where there is
// none it is NaN.
func Smooth(y []float64, window int) []float64 {
	n := len(y)
	// Two plain means over half values each make weights that fall evenly. The noise that is left is that of one over
	// 3/2 half.
	half := min(max(1, (2*window+1)/3), n+1)
	sums, counts := make([]float64, n+2*half), make([]float64, n+2*half)
	for i, value := range y {
		if finite(value) {
			sums[half+i], counts[half+i] = value, 1
		}
	}
	twice := func(values []float64) []float64 {
		return movingSum(movingSum(values, half, half/2), half, (half-1)/2)[half : half+n]
	}
	sums, counts = twice(sums), twice(counts)
	for i := range sums {
		sums[i] /= counts[i]
	}
	return sums
}

// movingSum adds up y[i+ahead-window+1 : i+ahead+1], with zeros beyond the ends. Sums over windows are put together
// from sums over parts of fixed blocks, never by subtracting, so that one huge value leaves no rounding error in later
// sums.
func movingSum(y []float64, window, ahead int) []float64 {
	n := len(y)
	// Padding on both sides makes every window a whole one.
	length := n + 2*window
	padded := make([]float64, length)
	copy(padded[window:], y)
	head, tail := make([]float64, length), make([]float64, length)
	for i := range length {
		head[i] = padded[i]
		if i%window != 0 {
			head[i] += head[i-1]
		}
		j := length - 1 - i
		tail[j] = padded[j]
		if j%window != window-1 && j != length-1 {
			tail[j] += tail[j+1]
		}
	}
	sums := make([]float64, n)
	for i := range sums {
		last := i + window + ahead
		first := last - window + 1
		sums[i] = head[last]
		if first%window != 0 {
			sums[i] += tail[first]
		}
	}
	return sums
}

// downsample returns at most about n points that look the same when drawn n/2 pixels wide: of each run of
// neighbouring points the lowest and the highest, and the first and last of all. Points whose y is not finite are left out.
func downsample(x, y []float64, n int) (shortX, shortY []float64) {
	if len(x) <= n {
		return x, y
	}
	d := newDownsampler(n)
	// The number of points is known, so every run can be of the same length.
	d.run = (len(x) + d.capacity - 1) / d.capacity
	for i := range x {
		d.Add(x[i], y[i])
	}
	return d.Points()
}

// downsampler thins a stream of points of unknown length in bounded memory, keeping extremes. Make one with
// [newDownsampler].
type downsampler struct {
	capacity int // of buckets
	run      int // points in a whole bucket
	buckets  []bucket
	inLast   int // points in the last bucket
	first    point
	last     point
	count    int64
}

type point struct{ x, y float64 }

// bucket keeps the extremes of a run of points, in the order in which they came.
type bucket struct {
	low, high point
	lowFirst  bool
}

// newDownsampler returns a downsampler that keeps at most about n points, at least 8.
func newDownsampler(n int) *downsampler {
	capacity := max(n, 8) / 2
	return &downsampler{capacity: capacity, run: 1, buckets: make([]bucket, 0, capacity)}
}

// Add takes a point; one whose y is not finite is left out.
func (d *downsampler) Add(x, y float64) {
	if y-y != 0 { // NaN or infinite
		return
	}
	p := point{x, y}
	if d.count == 0 {
		d.first = p
	}
	d.last = p
	d.count++
	if len(d.buckets) > 0 && d.inLast < d.run {
		d.inLast++
		b := &d.buckets[len(d.buckets)-1]
		if y > b.high.y {
			b.high, b.lowFirst = p, true
		}
		if y < b.low.y {
			b.low, b.lowFirst = p, false
		}
		return
	}
	if len(d.buckets) == d.capacity {
		d.merge()
		if d.inLast < d.run {
			d.count--
			d.Add(x, y)
			return
		}
	}
	d.buckets = append(d.buckets, bucket{low: p, high: p, lowFirst: true})
	d.inLast = 1
}

// merge halves the number of buckets by joining neighbours.
func (d *downsampler) merge() {
	half := 0
	for i := 0; i < len(d.buckets); i += 2 {
		b := d.buckets[i]
		if i+1 < len(d.buckets) {
			next := d.buckets[i+1]
			lowNext, highNext := next.low.y < b.low.y, next.high.y > b.high.y
			switch {
			case lowNext && highNext:
				b = next
			case lowNext:
				b.low, b.lowFirst = next.low, false
			case highNext:
				b.high, b.lowFirst = next.high, true
			}
		}
		d.buckets[half] = b
		half++
	}
	if len(d.buckets)%2 == 0 {
		d.inLast += d.run
	}
	d.buckets = d.buckets[:half]
	d.run *= 2
}

// Points returns the points kept so far, in the order in which they came.
func (d *downsampler) Points() (x, y []float64) {
	add := func(p point) {
		if k := len(x) - 1; k >= 0 && x[k] == p.x && y[k] == p.y {
			return
		}
		x, y = append(x, p.x), append(y, p.y)
	}
	if d.count == 0 {
		return nil, nil
	}
	add(d.first)
	for _, b := range d.buckets {
		if b.lowFirst {
			add(b.low)
			add(b.high)
		} else {
			add(b.high)
			add(b.low)
		}
	}
	add(d.last)
	return x, y
}

// Extent returns the lowest and highest finite value; both are NaN if there is none.
func Extent(y []float64) (low, high float64) {
	l := noLimits()
	for _, value := range y {
		l.grow(value)
	}
	if l.empty() {
		return math.NaN(), math.NaN()
	}
	return l.low, l.high
}
