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
}

// nearby looks at the records around record i: those before it, and those after it up to end. The deviation is that of the
// differences between successive records, on which a trend has little influence.
func (d *Detector) nearby(i, end int64) ground {
	g := ground{level: math.Inf(1)}
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
		if n > 0 && (n == 5 || n == 25 || n == half || j == first) {
			copy(sorted[:n], values[:n])
			g.level = min(g.level, nth(sorted[:n], n/2))
		}
		if n == half {
			break
		}
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
		if difference := math.Abs(r.loss - previous); difference-difference == 0 {
			values[g.differences] = difference
			g.differences++
		}
		previous = r.loss
	}
	if g.differences > 0 {
		slices.Sort(values[:g.differences])
		g.deviation = statistics.Percentile(values[:g.differences], 0.5) * consistent / math.Sqrt2
		g.wide = values[g.differences*3/4] / (1.1503 * math.Sqrt2)
	}
	return g
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
	if len(late) < calm {
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
