package spike

import (
	"math"
	"slices"

	"alrc/internal/statistics"
)

// ground is what lies just before a record: the level, the deviation of the losses nearby, and the number of differences
// that it is from.
type ground struct {
	level, deviation float64
	wide             float64 // the deviation by the third quartile of the differences
	differences      int
	rising           float64 // how much losses nearby rise from one to the next
	climbed          float64 // the largest rise of the level, over a few records each, in what comes before
	fallen           float64 // how much higher the third quartile of what comes before is
	upper            float64 // the third quartile of the last few records
	still            bool    // level and deviation are those of the window: losses neither fall nor wander
}

// nearby looks at the records around record i: those before it, and those after it up to end. The deviation is that of the
// differences between successive records, on which a trend has little influence.
func (d *Detector) nearby(i, end int64) ground {
	g := ground{level: math.Inf(1), upper: math.Inf(-1)}
	var values, sorted [half]float64
	first := max(d.window.low, i-half)
	n := 0
	for j := i - 1; j >= first; j-- {
		r := d.at(j)
		if r.loss-r.loss == 0 && !r.episode {
			values[n] = r.loss
			n++
		}
		// Of the median just before and those of longer stretches, the lowest: the near one follows a fall, and the far
		// ones tell a slow rise.
		if n == 12 {
			copy(sorted[:n], values[:n])
			g.upper = nth(sorted[:n], n*3/4)
		}
		if n > 0 && (n == 5 || n == 25 || n == half || j == first) {
			copy(sorted[:n], values[:n])
			g.level = min(g.level, nth(sorted[:n], n/2))
		}
		if n == half {
			break
		}
	}
	g.climbed = climb(values[:n])
	g.upper = max(g.upper, g.level)
	if n > 0 {
		g.fallen = nth(values[:n], n*3/4) - g.level
	}
	if math.IsInf(g.level, 1) {
		// Nothing comes before: what follows must not go on falling.
		g.level = d.flat(i+1, end)
	}
	const reach = 12
	from, to := i-reach, min(end, i+reach+1)
	if end <= i {
		from = i - 2*reach
	}
	previous := math.NaN()
	for j := max(first, from); j < to; j++ {
		r := d.at(j)
		if j == i || r.episode {
			previous = math.NaN()
			continue
		}
		if difference := r.loss - previous; difference-difference == 0 {
			values[g.differences] = difference
			g.differences++
		}
		previous = r.loss
	}
	if n := g.differences; n > 0 {
		// A trend is in all differences: their own level is taken away.
		slices.Sort(values[:n])
		trend := statistics.Percentile(values[:n], 0.5)
		g.rising = max(0, trend)
		for j, difference := range values[:n] {
			values[j] = math.Abs(difference - trend)
		}
		slices.Sort(values[:n])
		g.wide = values[n*3/4] / (1.1503 * math.Sqrt2)
		if g.deviation = statistics.Percentile(values[:n], 0.5) * consistent / math.Sqrt2; g.deviation == 0 {
			g.deviation = g.wide // every other loss is told twice
		}
	}
	return g
}

// climb is the largest rise of the level in some losses, the last of which comes first.
func climb(losses []float64) float64 {
	const few = 5
	most, highest := 0.0, math.Inf(-1)
	var sorted [few]float64
	for ; len(losses) >= few; losses = losses[few:] {
		copy(sorted[:], losses)
		slices.Sort(sorted[:])
		highest = max(highest, sorted[few/2])
		most = max(most, highest-sorted[few/2])
	}
	return most
}

// flat returns the level of the records from first to end if they do not fall from the beginning on, as losses do, and
// +Inf otherwise.
func (d *Detector) flat(first, end int64) float64 {
	var early, late []float64
	for j := first; j < min(end, first+half); j++ {
		if r := d.at(j); r.loss-r.loss == 0 {
			if len(early) < calm {
				early = append(early, r.loss)
			} else {
				late = append(late, r.loss)
			}
		}
	}
	if len(late) < calm || d.Apart || d.at(first).step-d.at(first-1).step > 1 {
		// Between records that leave out steps the loss may have fallen.
		return math.Inf(1)
	}
	slices.Sort(late)
	lower := 0
	for _, loss := range early {
		if loss <= late[len(late)*3/4] {
			lower++
		}
	}
	if 2*lower < len(early) {
		return math.Inf(1)
	}
	return statistics.Percentile(late, 0.5)
}

// returns says whether most of the records after record i are at a level or below it. That cannot be told of the last few.
func (d *Detector) returns(i, end int64, level float64) bool {
	back, n := 0, int64(0)
	for j := i + 1; j < end && n < half/2; j++ {
		if n++; d.at(j).loss <= level {
			back++
		}
	}
	return n >= calm && int64(2*back) > n
}
