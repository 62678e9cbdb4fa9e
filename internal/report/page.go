package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"alrc/internal/figure"
	"alrc/internal/words"
)

// page is the report.
func (c *Comparison) page() *figure.Page {
	page := &figure.Page{Title: c.title()}
	page.Paragraph(c.origin())
	sentences := c.Sentences()
	for i, sentence := range sentences {
		switch {
		case strings.HasPrefix(sentence, "Diverged"), strings.HasPrefix(sentence, "Dead"), strings.HasPrefix(sentence, "Lost"):
			page.Warning(sentence)
		case i == 0:
			page.Lead(sentence)
		default:
			page.Paragraph(sentence)
		}
	}

	page.Heading(2, "Learning curves")
	curves := c.curves()
	curves.Title = ""
	raw := func(r *Run) []float64 { return r.metrics.RawLoss }
	page.Chart(c.chart(raw, "losses", "Learning curves", "raw loss", curves.LogY), figure.Figure{Plots: []figure.Plot{curves}}, 1900, 800,
		"Smoothed learning curves of every clipping. "+strings.Join(sentences, " "),
		"Raw training losses, that is before any clipping"+smoothedOver(c.window())+".")
	if c.halved() {
		half := c.smoothed(func(r *Run) []float64 { return r.half })
		half.Title = ""
		data := c.chart(func(r *Run) []float64 { return r.half }, "half", "Losses of the output of half the size", "loss, half the size", half.LogY)
		page.Chart(data, figure.Figure{Plots: []figure.Plot{half}}, 1900, 600, "Smoothed losses of the output of half the size.",
			"The same of the network's output of half the size, which is clipped by itself: its losses before clipping"+
				" (Huberised, where that is on)"+smoothedOver(c.window())+".")
	}
	columns := min(len(c.Groups), 2)
	rows := (len(c.Groups) + columns - 1) / columns
	details := c.details()
	page.Chart(c.detailChart(details[0].LogY), figure.Figure{Plots: details, Columns: columns, SharedX: true, SharedY: true}, 1900, 120+640*rows,
		"Single losses of one run of each clipping, with the threshold and the clipped losses marked.",
		fmt.Sprintf("Losses as the clipping sees them (large ones Huberised, where that is on), step by step and smoothed over"+
			" %s. Circles are clipped losses, the 300 hardest at most; dashed is the threshold.", words.Counted(c.window(), "step")))

	page.Heading(2, "Results")
	header, cells := c.table()
	page.Table(figure.Table{
		Caption: "Raw losses of the last steps; ± is the standard deviation over seeds, and “largest” is over all seeds." +
			" The lowest mean is in bold type where all runs are done and it differs from all others.",
		Header: header, Rows: cells, Emphasis: c.best()})
	page.Paragraph("A difference is called one where it is at least 1 %, has the same direction for every seed, and, with two seeds or more," +
		" has p < 0.05 by a two-sided paired t-test on the logarithms of the runs' means." +
		" The test loss is the mean raw loss of held-out images at the end.")
	header, cells = c.peakTable()
	page.Table(figure.Table{Caption: "The largest losses, and spikes", Header: header, Rows: cells})
	page.Paragraph(peaksExplanation)
	page.Table(c.runTable())
	if speed := c.speed(); speed != "" {
		page.Paragraph(speed)
	}
	for _, table := range c.errorTables() {
		page.Table(table)
	}
	c.addGradients(page)
	c.addSamples(page)
	c.addWorst(page)
	c.addSettings(page)
	return page
}

// runTable is the runs one by one, with links to their folders.
func (c *Comparison) runTable() figure.Table {
	t := figure.Table{Caption: "Every run; a name leads to its folder", Header: []string{"run", "seed", "mean of last losses",
		"largest after the start", "step", "clipped", "test loss", "end"}, Text: []int{7}}
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			f := run.figures
			end := fmt.Sprintf("at step %s of %s", words.Count(run.done()), words.Count(run.Steps))
			if run.result != nil {
				end = cmp.Or(run.result.Ending(), "done")
			}
			clipped := words.Percent(f.clipped)
			if clip, _ := parts(g.Clip); clip == "none" {
				clipped = words.Unknown
			}
			t.Rows = append(t.Rows, []string{run.Label, strconv.FormatUint(run.Seed, 10), words.Number(f.mean), words.Number(run.peaks.largest.loss),
				stepText(run.peaks.largest.step), clipped, words.Number(f.test), end})
			t.Links = append(t.Links, link(c.Dir, run.Dir))
		}
	}
	return t
}

// halved says whether all runs have losses of an output of half the size.
func (c *Comparison) halved() bool {
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if len(run.half) == 0 {
				return false
			}
		}
	}
	return true
}

// addSettings shows what the runs have in common, what they ran on, and the command.
func (c *Comparison) addSettings(page *figure.Page) {
	first := c.Groups[0].Runs[0].settings
	var common [][2]string
	command := ""
	for _, pair := range first {
		if pair[0] == "environment.command" {
			command = pair[1]
			continue
		}
		same := true
		for _, g := range c.Groups {
			for _, run := range g.Runs {
				value, ok := run.settings.Get(pair[0])
				same = same && ok && value == pair[1]
			}
		}
		if same {
			common = append(common, [2]string{strings.TrimPrefix(pair[0], "environment."), pair[1]})
		}
	}
	page.Heading(2, "Settings")
	page.Paragraph("What all runs share; the rest is in the run.yaml of each.")
	page.Definitions(common)
	page.Heading(2, "Do it again")
	if command != "" {
		page.Code(command)
	}
	page.Paragraph("The same seed and kernel set give the same result, bit for bit. Each run's folder also has a run.yaml that" +
		" 'alrc train --config' takes.")
}
