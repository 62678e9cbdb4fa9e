package curve

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"alrc/internal/figure"
)

// Query says what part of a curve is asked for, and how.
type Query struct {
	// Loss names one of the run's losses; "" is the first.
	Loss string
	// From and To are the first and the last step; a To of 0 is the last that there is.
	From, To int64
	// Points is the most points that the answer may have.
	Points int
	// Smooth is the number of steps to smooth over; 0 stands for [Window].
	Smooth int64
}

// Window is the number of steps over which the curves of a run of so many steps are smoothed: 500, as in the paper, and fewer
// for short runs.
func Window(steps int64) int64 { return min(max(steps/40, 1), 500) }

// Reader reads rows of a run again, those between two places, the second of which is -1 for the end of what was read.
type Reader func(from, to int64, do func(*Row)) error

// span is bins from the first up to, but without, the end.
type span struct{ first, end int }

// Part is a part of a curve on its way to be drawn.
type Part struct {
	query  Query
	losses int  // which of them
	again  bool // its rows are to be read again
	finer  *bins

	from, to int64 // places
}

// Part begins to answer a query. While the part is read, the index may go on.
func (x *Index) Part(q Query) (*Part, error) {
	p := &Part{query: q}
	if q.Loss != "" {
		if p.losses = slices.Index(x.names, q.Loss); p.losses < 0 {
			return nil, fmt.Errorf("the run has no losses named %q", q.Loss)
		}
	}
	p.query.To = cmp.Or(q.To, x.last)
	p.query.Smooth = cmp.Or(q.Smooth, Window(x.steps))
	b := x.bins
	s := b.span(q.From, p.query.To)
	n := s.end - s.first
	if p.again = b.size > 1 && (n < q.Points/3 || n*b.size <= q.Points); p.again {
		// Smoothing near the ends needs what is beyond them.
		wide := b.span(q.From-p.query.Smooth, p.query.To+p.query.Smooth)
		p.from, p.to = b.places(wide)
		p.finer = newBins(mostBins, len(x.names))
		p.finer.seconds = b.before(wide.first)
	}
	return p, nil
}

// Read reads the rows of the part again where the index has too few points of it. It needs no lock of the index.
func (p *Part) Read(read Reader) error {
	if !p.again || read == nil {
		p.finer = nil
		return nil
	}
	return read(p.from, p.to, p.finer.add)
}

// Curve answers the query.
func (x *Index) Curve(p *Part) Curve {
	b, s := x.bins, x.bins.span(p.query.From, p.query.To)
	if p.finer != nil {
		b, s = p.finer, p.finer.span(p.query.From, p.query.To)
	}
	c := b.curve(p.losses, s, p.query.Points, p.query.Smooth)
	x.name(&c, x.names[p.losses])
	for _, t := range x.tests {
		if t.Step >= p.query.From && t.Step <= p.query.To {
			c.Tests = append(c.Tests, t)
		}
	}
	for _, e := range x.episodes {
		if e.End >= p.query.From && e.Start <= p.query.To {
			c.Episodes = append(c.Episodes, x.describe(e))
		}
	}
	return c
}

// Get returns a part of the curve. Where the bins do not have enough points of it, it is read again, unless read is nil.
func (x *Index) Get(q Query, read Reader) (Curve, error) {
	p, err := x.Part(q)
	if err == nil {
		err = p.Read(read)
	}
	if err != nil {
		return Curve{}, err
	}
	return x.Curve(p), nil
}

// span finds the bins with steps from one step to another.
func (b *bins) span(from, to int64) span {
	n := len(b.all)
	first := sort.Search(n, func(i int) bool { return b.all[i].step >= from })
	end := sort.Search(n, func(i int) bool { return b.all[i].step >= to })
	// The bin that ends at or after the last step has it, unless all of its steps come later.
	if end < n && (end == 0 || b.all[end-1].step < to) && b.all[end].step-b.all[end].steps < to {
		end++
	}
	return span{first, max(first, end)}
}

// places are those of the rows of some bins.
func (b *bins) places(s span) (from, to int64) {
	from, to = 0, -1
	if s.first < len(b.all) {
		from = b.all[s.first].place
	}
	if s.end < len(b.all) {
		to = b.all[s.end].place
	}
	return from, to
}

// before is the time before a bin.
func (b *bins) before(i int) float64 {
	if i == 0 {
		return 0
	}
	return b.all[i-1].seconds
}

// curve makes at most so many points of some bins. Without smooth, nothing is smoothed.
func (b *bins) curve(k int, s span, points int, smooth int64) Curve {
	n := s.end - s.first
	c := Curve{Exact: b.size == 1, Step: []int64{}, Steps: []int64{}, Min: Numbers{}, Max: Numbers{}, Mean: Numbers{}}
	if n == 0 {
		return c
	}
	each := (n + points - 1) / points
	var smoothed []float64
	first := s.first
	if smooth > 0 {
		smoothed, first = b.smooth(k, s, smooth)
		c.Window = smooth
	}
	for i := s.first; i < s.end; i += each {
		end := min(i+each, s.end)
		var total bin
		loss, within := nothing, unlimited
		var clipped, bad int64
		for j := i; j < end; j++ {
			total.steps += b.all[j].steps
			clipped += b.all[j].clipped
			bad += b.all[j].bad
			loss = loss.with(b.losses[k][j])
			if b.limits[k] != nil {
				within = within.with(b.limits[k][j])
			}
		}
		c.Step = append(c.Step, b.all[end-1].step)
		c.Steps = append(c.Steps, total.steps)
		c.Min = append(c.Min, float64(loss.min))
		c.Max = append(c.Max, float64(loss.max))
		c.Mean = append(c.Mean, loss.mean)
		if b.seconds > 0 {
			c.Seconds = append(c.Seconds, b.all[end-1].seconds)
		}
		if smooth > 0 {
			c.Smoothed = append(c.Smoothed, smoothed[(i+end-1)/2-first])
		}
		if b.limits[k] != nil {
			c.Threshold = append(c.Threshold, float64(within.upper))
			c.Lower = append(c.Lower, float64(within.lower))
		}
		c.Clipped, c.Bad = append(c.Clipped, clipped), append(c.Bad, bad)
	}
	c.Exact = c.Exact && each == 1
	c.tidy()
	return c
}

// smooth returns the smoothed losses of some bins and of those around them, and the first of these.
func (b *bins) smooth(k int, s span, window int64) (smoothed []float64, first int) {
	// Bins have about the same number of steps.
	n := len(b.all)
	width := int(window * int64(n) / max(1, b.steps()))
	first = max(0, s.first-width)
	end := min(n, s.end+width)
	means := make([]float64, end-first)
	for i := range means {
		means[i] = b.losses[k][first+i].mean
	}
	if width <= 1 {
		return means, first
	}
	return figure.Smooth(means, width), first
}

func (b *bins) steps() (steps int64) {
	for i := range b.all {
		steps += b.all[i].steps
	}
	return steps
}

// tidy leaves out what there is nothing of.
func (c *Curve) tidy() {
	some := func(n int64) bool { return n != 0 }
	if !slices.ContainsFunc(c.Clipped, some) {
		c.Clipped = nil
	}
	if !slices.ContainsFunc(c.Bad, some) {
		c.Bad = nil
	}
	finite := func(value float64) bool { return value-value == 0 }
	if !slices.ContainsFunc(c.Threshold, finite) {
		c.Threshold = nil
	}
	if !slices.ContainsFunc(c.Lower, finite) {
		c.Lower = nil
	}
}
