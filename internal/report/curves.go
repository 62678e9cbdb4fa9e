package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"sort"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// window is the number of steps over which curves are smoothed: 500, as in the paper, and fewer for short runs.
func (c *Comparison) window() int {
	var steps int64
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			steps = max(steps, run.done())
		}
	}
	return int(min(max(steps/40, 1), 500))
}

// color keeps a clipping's colour the same in every figure: no clipping is the palette's second, the warning one.
func (c *Comparison) color(index int) int { return clipColor(c.clips(), index) }

// clipColor is the place in the palette of one of several clippings.
func clipColor(clips []string, index int) int { return clipPlace(clips, index) % len(figure.Palette) }

// clipPlace is clipColor for those who have more colours than the palette.
func clipPlace(clips []string, index int) int {
	if clips[index] == "none" {
		return 1
	}
	if none := slices.Index(clips, "none"); none >= 0 && none < index {
		index--
	}
	if index >= 1 {
		index++
	}
	return index
}

// curves is the smoothed raw losses of each clipping.
func (c *Comparison) curves() figure.Plot {
	return c.smoothed(func(r *Run) []float64 { return r.metrics.RawLoss })
}

// smoothed is smoothed losses of each clipping: the mean over seeds, and a band from the lowest to the highest.
func (c *Comparison) smoothed(losses func(*Run) []float64) figure.Plot {
	window := c.window()
	p := figure.Plot{
		Title:  "Learning curves",
		XLabel: "step",
		YLabel: "raw loss" + smoothedOver(window),
	}
	var all []float64
	for i, g := range c.Groups {
		s := figure.Series{Name: g.Name, Color: figure.Palette[c.color(i)]}
		var curves [][]float64
		for _, run := range g.Runs {
			if len(run.metrics.Step) > len(s.X) {
				s.X = run.metrics.Step
			}
			curves = append(curves, figure.Smooth(losses(run), window))
		}
		s.Y = make([]float64, len(s.X))
		low, high := make([]float64, len(s.X)), make([]float64, len(s.X))
		for k := range s.X {
			var values []float64
			for _, curve := range curves {
				if k < len(curve) && !math.IsNaN(curve[k]) {
					values = append(values, curve[k])
				}
			}
			s.Y[k] = mean(values)
			low[k], high[k] = figure.Extent(values)
		}
		if len(g.Runs) > 1 {
			s.Low, s.High = low, high
			s.Name += fmt.Sprintf(" (%d seeds, lowest to highest)", len(g.Runs))
		}
		all = append(all, s.Y...)
		p.Series = append(p.Series, s)
	}
	low, high := figure.Extent(all)
	p.LogY = low > 0 && high > 6*low
	return p
}

// detail is the single losses of one run, as the clipping saw them, with its threshold and what it clipped.
func (c *Comparison) detail(index int) figure.Plot {
	g := c.Groups[index]
	run := g.Runs[0]
	m := &run.metrics
	color := figure.Palette[c.color(index)]
	title := words.Capital(g.with())
	if len(g.Runs) > 1 {
		title += fmt.Sprintf(", seed %d", run.Seed)
	}
	p := figure.Plot{Title: title, XLabel: "step", YLabel: run.seenLoss()}
	p.Series = append(p.Series,
		figure.Series{Name: "losses of single steps", X: m.Step, Y: m.Loss, Color: color, Faint: true},
		figure.Series{X: m.Step, Y: figure.Smooth(m.Loss, c.window()), Color: color})
	if _, high := figure.Extent(m.Threshold); !math.IsNaN(high) {
		p.Series = append(p.Series, figure.Series{Name: "threshold", X: m.Step, Y: m.Threshold, Color: figure.Gray, Dashed: true})
	}
	if _, high := figure.Extent(m.LowerThreshold); high > 0 {
		p.Series = append(p.Series, figure.Series{Name: "lower threshold", X: m.Step, Y: m.LowerThreshold, Color: figure.Gray, Dashed: true})
	}
	clipped := figure.Mark{Name: "clipped", Color: figure.Palette[3]}
	bad := figure.Mark{Name: "not finite", Color: figure.Ink, Cross: true}
	// More marks than this hide each other; the hardest clipped are the ones to see.
	const most = 300
	for _, event := range hardest(run.clips, most) {
		if math.IsNaN(event.Loss) {
			bad.X, bad.Y = append(bad.X, float64(event.Step)), append(bad.Y, math.Inf(1))
		} else {
			clipped.X, clipped.Y = append(clipped.X, float64(event.Step)), append(clipped.Y, event.Loss)
		}
	}
	if run.diverged() {
		p.Marks = append(p.Marks, figure.Mark{Name: "diverged", X: []float64{float64(run.result.DivergedStep)},
			Y: []float64{math.Inf(1)}, Color: figure.Ink, Cross: true})
	}
	for _, mark := range []figure.Mark{clipped, bad} {
		if len(mark.X) > 0 {
			p.Marks = append(p.Marks, mark)
		}
	}
	return p
}

// seenLoss names the loss that clipping sees.
func (r *Run) seenLoss() string {
	if r.settings.Huber() {
		return "Huberised loss"
	}
	return "raw loss"
}

// hardest returns the clips of smallest scale, without those of losses that were raised.
func hardest(clips []runfolder.Clip, most int) []runfolder.Clip {
	var kept []runfolder.Clip
	for _, event := range clips {
		if !(event.Scale > 1) {
			kept = append(kept, event)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].Scale < kept[j].Scale })
	return kept[:min(len(kept), most)]
}

// details are the plots of all clippings, on axes that can be compared.
func (c *Comparison) details() []figure.Plot {
	plots := make([]figure.Plot, len(c.Groups))
	lowest, highest := math.Inf(1), math.Inf(-1)
	for i := range c.Groups {
		plots[i] = c.detail(i)
		for _, s := range plots[i].Series {
			for _, y := range s.Y {
				if y > 0 {
					lowest, highest = min(lowest, y), max(highest, y)
				}
			}
		}
	}
	for i := range plots {
		plots[i].LogY = highest > 15*lowest
	}
	return plots
}

// figure is the curves over the details, and its height in pixels at the report's width.
func (c *Comparison) figure() (figure.Figure, int) {
	columns := min(len(c.Groups), 2)
	rows := (len(c.Groups) + columns - 1) / columns
	return figure.Figure{
		Plots:      append([]figure.Plot{c.curves()}, c.details()...),
		Columns:    columns,
		WideFirst:  true,
		SharedRest: true,
	}, 660 + 560*rows
}

// TerminalPlot writes the smoothed learning curves as text of the given size; with color, in the terminal's colours.
func (c *Comparison) TerminalPlot(w io.Writer, columns, rows int, color bool) error {
	plot := c.curves()
	plot.Title = ""
	return figure.Terminal(w, plot, columns, rows, color)
}

// ASCIIPlot is TerminalPlot for places that show nothing but ASCII.
func (c *Comparison) ASCIIPlot(w io.Writer, columns, rows int) error {
	plot := c.curves()
	plot.Title = ""
	return figure.ASCII(w, plot, columns, rows)
}
