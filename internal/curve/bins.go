package curve

import "math"

// Row is a step of a run, or several that are known together.
type Row struct {
	// Step is the last of its Steps.
	Step, Steps int64
	// Place is where the run's file has the row, for whoever reads it again.
	Place int64
	// Seconds is the time that it took, 0 where not known.
	Seconds float64
	// Clipped counts the losses clipped, and Bad the steps whose loss is not finite.
	Clipped, Bad int64
	// Test is the loss of held-out examples after it, NaN where there is none.
	Test float64
	// Losses are in the order of the run's names of losses.
	Losses []Loss
}

// Loss is one of the losses of a row; those that are not known are NaN.
type Loss struct {
	// Min, Max and Mean are the same for a single step.
	Min, Max, Mean float64
	// Upper and Lower are its limits.
	Upper, Lower float64
}

// Single makes a loss of a single step.
func Single(loss, upper, lower float64) Loss { return Loss{loss, loss, loss, upper, lower} }

// bins are rows, put together so that there are never more than an even number of them, each of as many rows.
type bins struct {
	most    int
	size    int // rows of a bin
	last    int // rows of the last bin
	rows    int64
	seconds float64 // of all rows

	all    []bin
	losses [][]extent // for each of the losses, for each bin
	limits [][]limit  // nil for losses without limits
}

type bin struct {
	step    int64 // the last one
	place   int64 // of the first row
	seconds float64
	steps   int64
	clipped int64
	bad     int64
}

// extent is of a bin's finite losses. Its means are summed in float64 while the bin is the last one.
type extent struct {
	min, max float32
	mean     float64
	n        int64
}

type limit struct{ upper, lower float32 }

func newBins(most, losses int) *bins {
	return &bins{most: most, size: 1, losses: make([][]extent, losses), limits: make([][]limit, losses)}
}

var (
	nothing   = extent{min: float32(math.NaN()), max: float32(math.NaN()), mean: math.NaN()}
	unlimited = limit{float32(math.NaN()), float32(math.NaN())}
)

// narrow is a number as float32, whose range it may exceed.
func narrow(value float64) float32 {
	return float32(max(-math.MaxFloat32, min(math.MaxFloat32, value)))
}

func (b *bins) add(r *Row) {
	if len(b.all) == 0 || b.last == b.size {
		if len(b.all) == b.most {
			b.halve()
		}
		b.begin(r)
	}
	i := len(b.all) - 1
	b.last++
	b.rows++
	b.seconds += r.Seconds
	at := &b.all[i]
	at.step, at.seconds = r.Step, b.seconds
	at.steps += r.Steps
	at.clipped += r.Clipped
	at.bad += r.Bad
	for k := range b.losses {
		loss := &r.Losses[k]
		b.losses[k][i].add(loss, r.Steps)
		b.limit(k, i, loss)
	}
}

func (b *bins) begin(r *Row) {
	b.all = append(b.all, bin{place: r.Place})
	b.last = 0
	for k := range b.losses {
		b.losses[k] = append(b.losses[k], nothing)
		if b.limits[k] != nil {
			b.limits[k] = append(b.limits[k], unlimited)
		}
	}
}

func (e *extent) add(l *Loss, n int64) {
	if l.Mean-l.Mean != 0 {
		return
	}
	if e.n == 0 {
		*e = extent{narrow(l.Min), narrow(l.Max), l.Mean, n}
		return
	}
	e.min, e.max = min(e.min, narrow(l.Min)), max(e.max, narrow(l.Max))
	e.n += n
	e.mean += (l.Mean - e.mean) * float64(n) / float64(e.n)
}

// limit takes limits in. A bin has those of its last row that has some, since they move slowly.
func (b *bins) limit(k, i int, l *Loss) {
	upper, lower := l.Upper-l.Upper == 0, l.Lower-l.Lower == 0
	if !upper && !lower {
		return
	}
	if b.limits[k] == nil {
		b.limits[k] = make([]limit, len(b.all), cap(b.all))
		for j := range b.limits[k] {
			b.limits[k][j] = unlimited
		}
	}
	to := &b.limits[k][i]
	if upper {
		to.upper = narrow(l.Upper)
	}
	if lower {
		to.lower = narrow(l.Lower)
	}
}

// halve puts full bins together, two by two, of which there is an even number.
func (b *bins) halve() {
	half := len(b.all) / 2
	for i := range half {
		x, y := b.all[2*i], b.all[2*i+1]
		b.all[i] = bin{y.step, x.place, y.seconds, x.steps + y.steps, x.clipped + y.clipped, x.bad + y.bad}
		for k, losses := range b.losses {
			losses[i] = losses[2*i].with(losses[2*i+1])
			if limits := b.limits[k]; limits != nil {
				limits[i] = limits[2*i].with(limits[2*i+1])
			}
		}
	}
	b.all = b.all[:half]
	for k := range b.losses {
		b.losses[k] = b.losses[k][:half]
		if b.limits[k] != nil {
			b.limits[k] = b.limits[k][:half]
		}
	}
	b.size *= 2
	b.last = b.size
}

func (e extent) with(other extent) extent {
	switch {
	case e.n == 0:
		return other
	case other.n == 0:
		return e
	}
	n := e.n + other.n
	return extent{min(e.min, other.min), max(e.max, other.max), e.mean + (other.mean-e.mean)*float64(other.n)/float64(n), n}
}

func (l limit) with(later limit) limit {
	if later.upper == later.upper {
		l.upper = later.upper
	}
	if later.lower == later.lower {
		l.lower = later.lower
	}
	return l
}
