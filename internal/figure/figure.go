package figure

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is one or more plots in a grid, with one legend above them all, where it covers no data.
type Figure struct {
	Title string
	Plots []Plot
	// Columns is the number of plots beside each other; 0 puts all in one row.
	Columns int
	// SharedX and SharedY give all plots the same range, so that they can be compared by eye.
	SharedX, SharedY bool
	// WideFirst gives the first plot a row of its own, over all columns, and SharedRest gives the others the same
	// ranges.
	WideFirst, SharedRest bool
}

// pixelsPerPoint makes a text of 11 points 22 pixels high: figures are for screens of high density and for paper.
const pixelsPerPoint = 2

// WritePNG draws the figure in a PNG image of the given size in pixels; text is sized for 2 pixels a point.
func (f Figure) WritePNG(w io.Writer, width, height int) error { return writePNG(f, w, width, height) }

// WriteSVG draws the figure as SVG, laid out as WritePNG does for the same size.
func (f Figure) WriteSVG(w io.Writer, width, height int) error { return writeSVG(f, w, width, height) }

// Drawing is what pages and files show: a Figure, or Heatmaps.
type Drawing interface {
	// draw draws; points, where it is not 0, is how many points all lines may have together.
	draw(canvas vg.CanvasSizer, points int) error
}

func writePNG(f Drawing, w io.Writer, width, height int) error {
	if err := checkSize(width, height); err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(width)/pixelsPerPoint, vg.Length(height)/pixelsPerPoint),
		vgimg.UseDPI(72*pixelsPerPoint))
	if err := f.draw(canvas, 0); err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	return encoder.Encode(w, canvas.Image())
}

func writeSVG(f Drawing, w io.Writer, width, height int) error {
	// About 500 kB: more makes browsers slow, and is not seen.
	const points = 40_000
	text, err := svgOf(f, width, height, points)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// svgOf draws a figure as SVG, in which points take room; all lines have about so many together.
func svgOf(f Drawing, width, height, points int) (string, error) {
	if err := checkSize(width, height); err != nil {
		return "", err
	}
	canvas := vgsvg.New(vg.Length(width)/pixelsPerPoint, vg.Length(height)/pixelsPerPoint)
	if err := f.draw(canvas, points); err != nil {
		return "", err
	}
	var buffer bytes.Buffer
	if _, err := canvas.WriteTo(&buffer); err != nil {
		return "", fmt.Errorf("write SVG: %w", err)
	}
	// Most machines lack the Liberation fonts, and have one of the fonts whose widths they share.
	return strings.ReplaceAll(buffer.String(), "font-family:Liberation Sans;",
		"font-family:Liberation Sans,Arimo,Arial,Helvetica,sans-serif;"), nil
}

func checkSize(width, height int) error {
	const least, most = 160, 20000
	if width < least || width > most || height < least || height > most {
		return fmt.Errorf("a figure of %dx%d pixels: width and height must be %d to %d", width, height, least, most)
	}
	return nil
}

var (
	ink        = color.NRGBA{0x22, 0x22, 0x22, 0xFF}
	frameColor = color.NRGBA{0x77, 0x77, 0x77, 0xFF}
	gridColor  = color.NRGBA{0xE4, 0xE4, 0xE4, 0xFF}
	paper      = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
)

// Sizes of the layout, in points.
const (
	textSize   = 11
	titleSize  = 13
	lineHeight = 15
	margin     = 8
	gap        = 18
	tickLength = 4
)

func (f Figure) draw(canvas vg.CanvasSizer, points int) error {
	if len(f.Plots) == 0 {
		return errors.New("a figure without a plot")
	}
	for i := range f.Plots {
		if err := f.Plots[i].validate(); err != nil {
			return err
		}
	}
	c, err := newPainter(canvas)
	if err != nil {
		return err
	}
	if points > 0 {
		lines := 0
		for i := range f.Plots {
			for _, s := range f.Plots[i].Series {
				lines++
				if s.Low != nil {
					lines += 2
				}
			}
		}
		c.points = max(24, points/max(lines, 1))
	}
	width, height := canvas.Size()
	area := rectangle{margin, margin, width.Points() - margin, height.Points() - margin}
	if f.Title != "" {
		area.top -= titleSize
		c.text(c.fonts.bold, titleSize, ink, area.left, area.top, f.Title, 0)
		area.top -= 8
	}
	area.top = c.legend(f.legend(), area)

	columns := f.Columns
	if columns <= 0 || columns > len(f.Plots) {
		columns = len(f.Plots)
	}
	wide := 0
	if f.WideFirst {
		wide = 1
		columns = max(1, min(columns, len(f.Plots)-1))
	}
	rows := wide + (len(f.Plots)-wide+columns-1)/columns
	sharedX, sharedY := noLimits(), noLimits()
	for i := range f.Plots {
		if f.SharedRest && i < wide {
			continue
		}
		x, y := f.Plots[i].extent()
		sharedX.grow(x.low)
		sharedX.grow(x.high)
		sharedY.grow(y.low)
		sharedY.grow(y.high)
	}
	cellWidth := (area.right - area.left - gap*float64(columns-1)) / float64(columns)
	cellHeight := (area.top - area.bottom - gap*float64(rows-1)) / float64(rows)
	for i := range f.Plots {
		column, row := float64((i-wide)%columns), float64(wide+(i-wide)/columns)
		if i < wide {
			column, row = 0, 0
		}
		cell := rectangle{left: area.left + column*(cellWidth+gap), top: area.top - row*(cellHeight+gap)}
		cell.right, cell.bottom = cell.left+cellWidth, cell.top-cellHeight
		if i < wide {
			cell.right = area.right
		}
		x, y := f.Plots[i].extent()
		if f.SharedX || f.SharedRest && i >= wide {
			x = sharedX
		}
		if f.SharedY || f.SharedRest && i >= wide {
			y = sharedY
		}
		c.plot(&f.Plots[i], cell, x, y)
	}
	return nil
}

// entry is a line of the legend.
type entry struct {
	name  string
	color color.Color
	// symbol is how the entry's sample is drawn.
	symbol symbol
}

type symbol int

const (
	line symbol = iota
	dashes
	thinLine
	circle
	cross
	patch
)

// legend lists what the plots show, each name once.
func (f Figure) legend() []entry {
	var entries []entry
	places := make(map[string]int)
	add := func(name string, c color.Color, s symbol) {
		if name == "" {
			return
		}
		if k, ok := places[name]; ok {
			// What has one name in several colours is of the kind that the name says, and of no one colour.
			if entries[k].color != c {
				entries[k].color = Gray
			}
			return
		}
		places[name] = len(entries)
		entries = append(entries, entry{name, c, s})
	}
	for i := range f.Plots {
		p := &f.Plots[i]
		for k, s := range p.Series {
			kind := line
			switch {
			case s.Dashed:
				kind = dashes
			case s.Faint:
				kind = thinLine
			}
			add(s.Name, p.seriesColor(k), kind)
		}
		for _, m := range p.Marks {
			kind := circle
			if m.Cross {
				kind = cross
			}
			add(m.Name, orGray(m.Color), kind)
		}
		for _, s := range p.Spans {
			add(s.Name, orGray(s.Color), patch)
		}
	}
	return entries
}

// legend draws the entries in as many rows as they need and returns the top of the area left below.
func (c *painter) legend(entries []entry, area rectangle) (top float64) {
	if len(entries) == 0 {
		return area.top
	}
	const sample, space, between = 24, 5, 16
	x, y := area.left, area.top-lineHeight/2
	for _, e := range entries {
		width := sample + space + c.room(c.fonts.regular, textSize, e.name)
		if x > area.left && x+width > area.right {
			x, y = area.left, y-lineHeight
		}
		middle := x + sample/2
		switch e.symbol {
		case line:
			c.stroke(e.color, 2, nil, [][2]float64{{x, y}, {x + sample, y}})
		case thinLine:
			c.stroke(faint(e.color), 1, nil, [][2]float64{{x, y}, {x + sample, y}})
		case dashes:
			c.stroke(e.color, 1.2, []vg.Length{4, 3}, [][2]float64{{x, y}, {x + sample, y}})
		case circle:
			c.circle(e.color, middle, y)
		case cross:
			c.cross(e.color, middle, y)
		case patch:
			c.fill(shade(e.color), [][2]float64{{x, y - 5}, {x + sample, y - 5}, {x + sample, y + 5}, {x, y + 5}})
		}
		c.text(c.fonts.regular, textSize, ink, x+sample+space, y-0.35*textSize, e.name, 0)
		x += width + between
	}
	return y - lineHeight/2 - 8
}
