package report

import (
	"fmt"
	"math"
	"strings"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// window is the number of steps over which curves are smoothed: 500, as published, and fewer for short runs.
func (s *Sweep) window() int { return int(min(max(s.steps/40, 1), 500)) }

// smooth returns a run's curve, smoothed over the sweep's window.
func (s *Sweep) smooth(c runfolder.Curve) []float64 {
	return figure.Smooth(c.RawLoss, s.bins(c))
}

// bins is the sweep's window in bins of a curve.
func (s *Sweep) bins(c runfolder.Curve) int {
	if len(c.Step) == 0 {
		return 1
	}
	return max(1, int(math.Round(float64(s.window())/c.Step[0])))
}

// figureName is the name of a block's figure, without its ending.
func (s *Sweep) figureName(b *Block) string {
	if len(s.Blocks) == 1 {
		return "curves"
	}
	return "curves-" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.':
			return r
		}
		return '-'
	}, strings.ReplaceAll(b.Name, ", ", "-"))
}

// figure is a block's learning curves: a plot for each clipping beside the others, with a line for each column.
func (s *Sweep) figure(b *Block) (f figure.Figure, width, height int) {
	clips := b.clips()
	f = figure.Figure{SharedX: true, SharedY: true, Columns: len(clips)}
	if f.Columns > 3 {
		f.Columns = 2
	}
	for _, at := range clips {
		p := figure.Plot{Title: words.Capital(describe(s.Clips[at])), XLabel: "step", YLabel: fmt.Sprintf("loss, mean over %s steps", words.Count(s.window())), LogY: true}
		diverged := figure.Mark{Name: "a run diverged", Color: figure.Ink, Cross: true}
		for k, column := range b.Columns {
			cell := column.Cells[at]
			if cell == nil {
				continue
			}
			name := column.Name
			if name == "" {
				name = "raw loss"
			}
			series := s.series(cell)
			series.Name, series.Color = name, figure.Palette[k%len(figure.Palette)]
			p.Series = append(p.Series, series)
			for _, run := range cell.Runs {
				if run.result != nil && run.result.Diverged {
					diverged.X, diverged.Y = append(diverged.X, float64(run.result.DivergedStep)), append(diverged.Y, math.Inf(1))
				}
			}
		}
		if len(diverged.X) > 0 {
			p.Marks = append(p.Marks, diverged)
		}
		f.Plots = append(f.Plots, p)
	}
	rows := (len(f.Plots) + f.Columns - 1) / f.Columns
	return f, 2000, 140 + 640*rows
}

// series is the mean of a cell's smoothed curves, with a band from the lowest to the highest.
func (s *Sweep) series(c *Cell) figure.Series {
	var series figure.Series
	var curves [][]float64
	for _, run := range c.Runs {
		if len(run.curve.Step) > len(series.X) {
			series.X = run.curve.Step
		}
		curves = append(curves, s.smooth(run.curve))
	}
	n := len(series.X)
	series.Y, series.Low, series.High = make([]float64, n), make([]float64, n), make([]float64, n)
	for k := range n {
		var values []float64
		for _, curve := range curves {
			if k < len(curve) && !math.IsNaN(curve[k]) {
				values = append(values, curve[k])
			}
		}
		series.Y[k] = mean(values)
		series.Low[k], series.High[k] = figure.Extent(values)
	}
	if len(c.Runs) < 2 {
		series.Low, series.High = nil, nil
	}
	return series
}
