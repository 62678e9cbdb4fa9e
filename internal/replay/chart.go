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
	buckets := r.analysis.loss.buckets
	var mean, low, high, threshold []float64
	limits := map[int64]float64{}
	if c := r.shown(); c != nil {
		for i := range c.threshold.buckets {
			if b := &c.threshold.buckets[i]; b.count > 0 {
				limits[b.first] = b.mean()
			}
		}
	}
	limit := math.NaN()
	for i := range buckets {
		b := &buckets[i]
		line.Steps = append(line.Steps, [2]int64{b.first, int64(b.steps)})
		if t, ok := limits[b.first]; ok {
			limit = t
		}
		threshold = append(threshold, limit)
		if b.count == 0 {
			mean = append(mean, math.NaN())
		} else {
			mean = append(mean, b.mean())
		}
		if b.steps > 1 {
			low, high = append(low, b.least), append(high, b.most)
		}
	}
	line.Mean = *chart.NewColumn(mean)
	if high != nil {
		line.Low, line.High = chart.NewColumn(low), chart.NewColumn(high)
	}
	if len(limits) > 0 {
		line.Threshold = chart.NewColumn(threshold)
		line.Name = fmt.Sprintf("loss, and the threshold for n = %v", r.Recommendation.N)
	}
	line.Stretch()
	const most = 200
	for _, e := range spike.Largest(r.analysis.found.Episodes, most) {
		mark := chart.Mark{Kind: chart.Spike, Step: e.Peak, Loss: chart.Finite(e.PeakLoss)}
		if mark.Loss == nil {
			mark.Kind = chart.NonFinite
		}
		line.Marks = append(line.Marks, mark)
	}
	d.Lines = []chart.Line{line}
	return d
}
