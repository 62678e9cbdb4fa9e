package replay

import (
	"fmt"
	"math"

	"alrc/internal/chart"
	"alrc/internal/figure"
	"alrc/internal/spike"
)

// chart is the losses of the log, with the threshold of the recommended clipping and the peaks of spikes, to be zoomed.
func (r *Report) chart(logY bool) *chart.Data {
	d := &chart.Data{ID: "losses", Title: "Losses of " + r.title(), XLabel: "step", YLabel: "loss", Log: logY,
		Window: int(min(max((r.Last-r.First)/200, 1), 500))}
	line := chart.Line{Name: "loss", Color: chart.Hex(figure.Palette[0])}
	const most = 200
	largest := spike.Largest(r.analysis.found.Episodes, most)
	points := chartPoints{limit: math.NaN()}
	limits := map[int64]float64{}
	if c := r.shown(); c != nil {
		for i := range c.threshold.buckets {
			if b := &c.threshold.buckets[i]; b.count > 0 {
				limits[b.first] = b.mean()
			}
		}
	}
	single := r.analysis.closeups.steps(largest)
	buckets := r.analysis.loss.buckets
	for i, b := range buckets {
		if limit, ok := limits[b.first]; ok {
			points.limit = limit
		}
		next := int64(math.MaxInt64)
		if i+1 < len(buckets) {
			next = buckets[i+1].first
		}
		within := 0
		for within < len(single) && single[within].step < next {
			within++
		}
		if b.steps == 1 {
			points.add(b.first, 1, &b)
		} else {
			rest := b.without(single[:within])
			if rest.steps > 0 {
				points.add(b.first, rest.steps, &rest)
			}
			for _, l := range single[:within] {
				points.add(l.step, 1, &bucket{count: 1, sum: l.value})
			}
		}
		single = single[within:]
	}
	line.Steps, line.Mean = points.steps, *chart.NewColumn(points.mean)
	if points.high != nil {
		line.Low, line.High = chart.NewColumn(points.low), chart.NewColumn(points.high)
	}
	if len(limits) > 0 {
		line.Threshold = chart.NewColumn(points.limits)
		line.Name = fmt.Sprintf("loss, and the threshold for n = %v", r.Recommendation.N)
	}
	line.Stretch()
	for _, e := range largest {
		mark := chart.Mark{Kind: chart.Spike, Step: e.Peak, Loss: chart.Finite(e.PeakLoss)}
		if mark.Loss == nil {
			mark.Kind = chart.NonFinite
		}
		line.Marks = append(line.Marks, mark)
	}
	d.Lines = []chart.Line{line}
	return d
}

// chartPoints are the bins of a chart's line, and the threshold that they have by now.
type chartPoints struct {
	steps                   [][2]int64
	mean, low, high, limits []float64
	limit                   float64
}

func (p *chartPoints) add(step int64, records int, b *bucket) {
	p.steps = append(p.steps, [2]int64{step, int64(records)})
	p.mean = append(p.mean, b.mean()) // NaN without a finite loss
	p.limits = append(p.limits, p.limit)
	if records > 1 {
		p.low, p.high = append(p.low, b.least), append(p.high, b.most)
	}
}

// without is a bucket without steps that are shown by themselves. If its extremes may be among those, it has none but its mean.
func (b bucket) without(single []loss) bucket {
	if len(single) == 0 {
		return b
	}
	whole := math.Abs(b.sum)
	b.steps -= len(single)
	for _, l := range single {
		if l.value-l.value == 0 {
			b.count--
			b.sum -= l.value
		}
	}
	// A sum beside a huge peak has lost the digits of what else was in it.
	if math.Abs(b.sum) < 1e-12*whole {
		b.steps = 0
	}
	b.least, b.most = b.mean(), b.mean()
	return b
}
