package report

import (
	"fmt"
	"math"
	"slices"
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

// figure is a block's learning curves: a plot for each column, in which a line for each clipping can be compared with
// the others at the same batch size.
func (s *Sweep) figure(b *Block) (f figure.Figure, width, height int) {
	f = figure.Figure{SharedX: true, SharedY: true, Columns: min(len(b.Columns), 2)}
	for _, column := range b.Columns {
		p := figure.Plot{Title: words.Capital(column.Name), XLabel: "step",
			YLabel: "raw loss" + smoothedOver(s.window()), LogY: true}
		diverged := figure.Mark{Name: "a run diverged", Color: figure.Ink, Cross: true}
		drawn := column.drawn()
		for at, cell := range column.Cells {
			if cell == nil || cell.Done == 0 || !slices.Contains(drawn, cell) {
				continue
			}
			series := s.series(cell)
			series.Name, series.Color = describe(cell.Clip), figure.Palette[clipColor(s.Clips, at)]
			if len(s.Clips) > mostLines {
				series.Color = figure.Palette[slices.Index(drawn, cell)%len(figure.Palette)]
			}
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
	if rows == 1 && f.Columns == 1 {
		return f, 2000, 900
	}
	return f, 2000, 140 + 640*rows
}

// mostLines is the largest number of lines in a plot that can be told apart.
const mostLines = 6

// drawn are the cells whose learning curves are drawn: all, or that without a method, and of the others those that end lowest on
// held-out images.
func (c *Column) drawn() []*Cell {
	cells := slices.DeleteFunc(slices.Clone(c.Cells), func(cell *Cell) bool { return cell == nil || cell.Done == 0 })
	slices.SortStableFunc(cells, func(a, b *Cell) int {
		switch {
		case (a.Clip == "none") != (b.Clip == "none"):
			return map[bool]int{true: -1, false: 1}[a.Clip == "none"]
		case a.better(b, testLoss):
			return -1
		case b.better(a, testLoss):
			return 1
		}
		return 0
	})
	return cells[:min(len(cells), mostLines)]
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

// drawnNote says that not all methods are drawn, where that is so.
func (s *Sweep) drawnNote() string {
	if len(s.Clips) <= mostLines {
		return ""
	}
	return fmt.Sprintf(" Beside no method, the %d that end lowest on held-out images.", mostLines-1)
}
