package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/statistics"
	"alrc/internal/words"
)

// gradientPair is a tensor's gradient at a step, without clipping and as it was clipped.
type gradientPair struct{ plain, clipped runfolder.Gradient }

// loadGradients reads those of a run, for each tensor; a run without clipping has its gradients twice.
func (r *Run) loadGradients() error {
	pairs := map[string][]gradientPair{}
	for row, err := range runfolder.Gradients(r.Dir) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		list, known := pairs[row.Tensor]
		if !known {
			r.tensors = append(r.tensors, row.Tensor)
		}
		if row.Clipped && len(list) > 0 {
			list[len(list)-1].clipped = row
		} else {
			list = append(list, gradientPair{row, row})
		}
		pairs[row.Tensor] = list
	}
	r.gradients = pairs
	return nil
}

// medianOf is the median of what a function makes of pairs, of those where it is finite.
func medianOf(pairs []gradientPair, f func(gradientPair) float64) float64 {
	values := make([]float64, len(pairs))
	for i, p := range pairs {
		values[i] = f(p)
	}
	return statistics.MedianOfFinite(values)
}

func leastOf(pairs []gradientPair, f func(gradientPair) float64) float64 {
	least := math.Inf(1)
	for _, p := range pairs {
		if v := f(p); v < least {
			least = v
		}
	}
	return least
}

// histogramShares is the share of entries in each bin, over all steps.
func histogramShares(pairs []gradientPair, of func(gradientPair) runfolder.Gradient) []float64 {
	shares := make([]float64, runfolder.HistogramBins)
	var total float64
	for _, p := range pairs {
		for bin, count := range of(p).Histogram {
			shares[bin] += float64(count)
			total += float64(count)
		}
	}
	for bin := range shares {
		shares[bin] /= total
	}
	return shares
}

// overlap is the share that two distributions have in common: 1 where they are the same.
func overlap(a, b []float64) float64 {
	var common float64
	for i := range a {
		common += min(a[i], b[i])
	}
	return common
}

func plainGradient(p gradientPair) runfolder.Gradient   { return p.plain }
func clippedGradient(p gradientPair) runfolder.Gradient { return p.clipped }

// gradientReport is what clipping did to the distribution of gradients: a figure, a table of runs, and one of tensors for
// each run that was clipped.
type gradientReport struct {
	figure figure.Figure
	runs   figure.Table
	layers []figure.Table
}

// gradients reports on the runs that measured their gradients, one of each clipping; nil where there is none.
func (c *Comparison) gradients() *gradientReport {
	shares := figure.Plot{Title: "Entries by magnitude", XLabel: "power of ten of the magnitude", YLabel: "share of entries", LogY: true}
	norms := figure.Plot{Title: "Norm of the gradient of a batch", XLabel: "step", YLabel: "norm", LogY: true}
	table := figure.Table{Caption: "Gradients of the same batches at the same weights, without clipping and as they were clipped. Kurtosis is" +
		" the median over the steps that were measured; the overlap is the share that the two distributions of entries have in common.",
		Header: []string{"", "steps", "clipped", "least cosine", "least factor of the norm", "kurtosis", "as clipped", "overlap"}}
	var layers []figure.Table
	place := 0
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			all := run.gradients[runfolder.AllTensors]
			if len(all) == 0 {
				continue
			}
			color := figure.Palette[place%len(figure.Palette)]
			place++
			before, after := histogramShares(all, plainGradient), histogramShares(all, clippedGradient)
			shares.Series = append(shares.Series, histogramSeries(run.Label+", not clipped", before, true), histogramSeries(run.Label, after, false))
			norm := figure.Series{Name: run.Label, Color: color}
			plain := figure.Series{Name: run.Label + ", not clipped", Color: color, Dashed: true}
			clipped := 0
			for _, p := range all {
				x := float64(p.plain.Step)
				norm.X, norm.Y = append(norm.X, x), append(norm.Y, p.clipped.Norm)
				plain.X, plain.Y = append(plain.X, x), append(plain.Y, p.plain.Norm)
				if p.clipped.Norm != p.plain.Norm {
					clipped++
				}
			}
			norms.Series = append(norms.Series, plain, norm)
			for i := range 2 {
				shares.Series[len(shares.Series)-1-i].Color = color
			}
			cosine := func(p gradientPair) float64 { return p.clipped.Cosine }
			ratio := func(p gradientPair) float64 { return p.clipped.Norm / p.plain.Norm }
			table.Rows = append(table.Rows, []string{run.Label, words.Count(len(all)), words.Percent(float64(clipped) / float64(len(all))),
				words.Number(leastOf(all, cosine)), words.Number(leastOf(all, ratio)),
				words.Number(medianOf(all, func(p gradientPair) float64 { return p.plain.Kurtosis })),
				words.Number(medianOf(all, func(p gradientPair) float64 { return p.clipped.Kurtosis })), words.Percent(overlap(before, after))})
			if clipped > 0 {
				layers = append(layers, layerTable(run.Label, run.tensors, run.gradients))
			}
			break // one seed of a clipping is enough to see
		}
	}
	if len(table.Rows) == 0 {
		return nil
	}
	return &gradientReport{figure.Figure{Plots: []figure.Plot{shares, norms}, Columns: 2}, table, layers}
}

// Width and height of the figure of gradients, in pixels.
const gradientWidth, gradientHeight = 1900, 700

// addGradients shows the report on gradients on a page, where there is one.
func (c *Comparison) addGradients(page *figure.Page) {
	r := c.gradients()
	if r == nil {
		return
	}
	page.Heading(2, "Gradients")
	page.Figure(r.figure, gradientWidth, gradientHeight,
		"Distribution of the magnitudes of gradients' entries, and norms of gradients, without clipping and with it.",
		"Gradients of the same batches at the same weights. Dashed is what they are without clipping.")
	page.Table(r.runs)
	for _, t := range r.layers {
		page.Table(t)
	}
}

// histogramSeries draws the bins that have entries.
func histogramSeries(name string, shares []float64, dashed bool) figure.Series {
	s := figure.Series{Name: name, Dashed: dashed}
	for bin, share := range shares {
		if share > 0 {
			s.X, s.Y = append(s.X, math.Log10(runfolder.HistogramEdge(bin))), append(s.Y, share)
		}
	}
	return s
}

// layerTable has a row for each tensor of a run.
func layerTable(label string, tensors []string, pairs map[string][]gradientPair) figure.Table {
	t := figure.Table{Caption: fmt.Sprintf("Gradients of %s, tensor by tensor: medians over the steps that were measured", label),
		Header: []string{"tensor", "standard deviation", "as clipped", "kurtosis", "as clipped", "least cosine"}}
	for _, tensor := range tensors {
		list := pairs[tensor]
		median := func(f func(runfolder.Gradient) float64, of func(gradientPair) runfolder.Gradient) string {
			return words.Number(medianOf(list, func(p gradientPair) float64 { return f(of(p)) }))
		}
		deviation := func(g runfolder.Gradient) float64 { return g.Deviation }
		kurtosis := func(g runfolder.Gradient) float64 { return g.Kurtosis }
		t.Rows = append(t.Rows, []string{tensor, median(deviation, plainGradient), median(deviation, clippedGradient),
			median(kurtosis, plainGradient), median(kurtosis, clippedGradient),
			words.Number(leastOf(list, func(p gradientPair) float64 { return p.clipped.Cosine }))})
	}
	return t
}
