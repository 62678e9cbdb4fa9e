package figure

import (
	"errors"
	"fmt"
	"image/color"
	"math"
)

// Series is one line of a plot.
type Series struct {
	// Name stands in the legend; a series without one, or with the name of an earlier one, has no entry of its own.
	Name string
	// X and Y are the points, in the order in which the line joins them. A Y that is not finite breaks the line.
	X, Y []float64
	// Low and High, where given, are the limits of a shaded band, one for each X.
	Low, High []float64
	// Color is the next of the palette where it is nil.
	Color color.Color
	// Faint draws a thin pale line, for raw data behind a smoothed line.
	Faint bool
	// Dashed draws a dashed line, for thresholds.
	Dashed bool
	// Step draws a staircase instead of joining the points.
	Step bool
}

// Mark is a set of points, each drawn as a small symbol.
type Mark struct {
	Name  string
	X, Y  []float64
	Color color.Color
	// Cross draws crosses in place of open circles.
	Cross bool
}

// Span is a shaded range of X over the whole height, such as an episode of spikes.
type Span struct {
	Name     string
	From, To float64
	Color    color.Color
}

// Plot is what to draw on one pair of axes.
type Plot struct {
	Title, XLabel, YLabel string
	// LogY makes the Y axis logarithmic; values that are not positive are then left out.
	LogY   bool
	Series []Series
	Marks  []Mark
	Spans  []Span
	// XRange limits the X axis; where both ends are 0 it comes from the data. What lies beyond is cut off.
	XRange [2]float64
}

// Palette is the colours of series in turn, after Okabe and Ito (2008): they stay apart for colour-blind readers,
// and are read on white and on black.
var Palette = []color.Color{
	color.NRGBA{0x00, 0x72, 0xB2, 0xFF}, // blue
	color.NRGBA{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	color.NRGBA{0x00, 0x9E, 0x73, 0xFF}, // green
	color.NRGBA{0xCC, 0x79, 0xA7, 0xFF}, // purple
	color.NRGBA{0xE6, 0x9F, 0x00, 0xFF}, // orange
	color.NRGBA{0x56, 0xB4, 0xE9, 0xFF}, // sky
}

// Gray is for what is not a series of its own, such as thresholds.
var Gray color.Color = color.NRGBA{0x80, 0x80, 0x80, 0xFF}

// Ink is the colour of text: dark on light pages, light on dark ones.
var Ink color.Color = ink

// seriesColor is the colour of series i: its own, or that of its place in the palette.
func (p *Plot) seriesColor(i int) color.Color {
	if c := p.Series[i].Color; c != nil {
		return c
	}
	return Palette[i%len(Palette)]
}

func orGray(c color.Color) color.Color {
	if c == nil {
		return Gray
	}
	return c
}

// validate finds series whose slices do not belong together.
func (p *Plot) validate() error {
	var errs []error
	for i, s := range p.Series {
		if len(s.X) != len(s.Y) || (s.Low != nil || s.High != nil) && (len(s.Low) != len(s.X) || len(s.High) != len(s.X)) {
			errs = append(errs, fmt.Errorf("plot %q, series %d (%q): %d X, %d Y, %d Low and %d High values do not"+
				" belong together", p.Title, i, s.Name, len(s.X), len(s.Y), len(s.Low), len(s.High)))
		}
	}
	for i, m := range p.Marks {
		if len(m.X) != len(m.Y) {
			errs = append(errs, fmt.Errorf("plot %q, mark %d (%q): %d X and %d Y values do not belong together",
				p.Title, i, m.Name, len(m.X), len(m.Y)))
		}
	}
	return errors.Join(errs...)
}

// limits are the ends of an axis. They start empty and grow by what they are shown.
type limits struct{ low, high float64 }

func noLimits() limits { return limits{math.Inf(1), math.Inf(-1)} }

func (l *limits) grow(value float64) {
	if !finite(value) {
		return
	}
	l.low, l.high = min(l.low, value), max(l.high, value)
}

func (l limits) empty() bool { return !(l.low <= l.high) }

func finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// visible reports whether the plot can show a Y value.
func (p *Plot) visible(y float64) bool { return finite(y) && !(p.LogY && y <= 0) }

// extent returns the ranges of the data, before any rounding to ticks.
func (p *Plot) extent() (x, y limits) {
	x, y = noLimits(), noLimits()
	growY := func(value float64) {
		if p.visible(value) {
			y.grow(value)
		}
	}
	for _, s := range p.Series {
		for i := range s.X {
			x.grow(s.X[i])
			growY(s.Y[i])
			if s.Low != nil {
				growY(s.Low[i])
				growY(s.High[i])
			}
		}
	}
	for _, m := range p.Marks {
		for i := range m.X {
			x.grow(m.X[i])
			growY(m.Y[i])
		}
	}
	// Steps count from 1; an axis of them begins at 0 all the same, with a tick there.
	if x.low > 0 && x.low < 0.02*x.high {
		x.low = 0
	}
	if p.XRange != [2]float64{} {
		x = limits{p.XRange[0], p.XRange[1]}
	}
	return x, y
}
