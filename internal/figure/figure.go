package figure

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot/font"
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
	draw(canvas vg.CanvasSizer) error
}

func writePNG(f Drawing, w io.Writer, width, height int) error {
	if err := checkSize(width, height); err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(width)/pixelsPerPoint, vg.Length(height)/pixelsPerPoint),
		vgimg.UseDPI(72*pixelsPerPoint))
	if err := f.draw(canvas); err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	return encoder.Encode(w, canvas.Image())
}

func writeSVG(f Drawing, w io.Writer, width, height int) error {
	text, err := svgOf(f, width, height)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

func svgOf(f Drawing, width, height int) (string, error) {
	if err := checkSize(width, height); err != nil {
		return "", err
	}
	canvas := vgsvg.New(vg.Length(width)/pixelsPerPoint, vg.Length(height)/pixelsPerPoint)
	if err := f.draw(canvas); err != nil {
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

// painter draws on a canvas whose origin is at the bottom left.
type painter struct {
	vg.Canvas
	fonts fonts
}

// rectangle is an area of the canvas, in points.
type rectangle struct{ left, bottom, right, top float64 }

func (f Figure) draw(canvas vg.CanvasSizer) error {
	if len(f.Plots) == 0 {
		return errors.New("a figure without a plot")
	}
	for i := range f.Plots {
		if err := f.Plots[i].validate(); err != nil {
			return err
		}
	}
	loaded, err := loadFonts()
	if err != nil {
		return err
	}
	c := &painter{Canvas: canvas, fonts: loaded}
	width, height := canvas.Size()
	area := rectangle{margin, margin, width.Points() - margin, height.Points() - margin}
	c.fill(paper, [][2]float64{{0, 0}, {width.Points(), 0}, {width.Points(), height.Points()}, {0, height.Points()}})
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

// plot draws one plot into a cell.
func (c *painter) plot(p *Plot, cell rectangle, xLimits, yLimits limits) {
	inner := cell
	if p.Title != "" {
		inner.top -= textSize
		c.text(c.fonts.bold, textSize, ink, cell.left, inner.top, p.Title, 0)
		inner.top -= 7
	}
	inner.bottom += lineHeight + tickLength
	if p.XLabel != "" {
		inner.bottom += lineHeight
	}
	if p.YLabel != "" {
		inner.left += lineHeight + 3
	}
	y := newAxis(yLimits, p.LogY, true, int((inner.top-inner.bottom)/40))
	widest := 0.
	for _, t := range y.ticks {
		widest = max(widest, c.room(c.fonts.regular, textSize, t.label))
	}
	inner.left += widest + tickLength + 4
	// The last label of the X axis reaches half its width beyond the end.
	inner.right -= 14
	x := newAxis(xLimits, false, false, int((inner.right-inner.left)/80))
	if inner.right-inner.left < 20 || inner.top-inner.bottom < 20 {
		return
	}
	toX := func(value float64) float64 { return inner.left + x.place(value)*(inner.right-inner.left) }
	toY := func(value float64) float64 { return inner.bottom + y.place(value)*(inner.top-inner.bottom) }

	for _, s := range p.Spans {
		left := min(max(toX(s.From), inner.left), inner.right)
		right := min(max(toX(s.To), inner.left), inner.right)
		// A span too short to be seen still happened.
		if right-left < 1 {
			left, right = left-0.5, left+0.5
		}
		if s.To >= x.low && s.From <= x.high {
			c.fill(shade(orGray(s.Color)), [][2]float64{{left, inner.bottom}, {right, inner.bottom}, {right, inner.top}, {left, inner.top}})
		}
	}
	for _, t := range y.ticks {
		at := toY(t.value)
		length := float64(tickLength)
		if t.label == "" {
			length /= 2
		} else {
			c.stroke(gridColor, 0.6, nil, [][2]float64{{inner.left, at}, {inner.right, at}})
			c.text(c.fonts.regular, textSize, ink, inner.left-tickLength-3, at-0.35*textSize, t.label, 1)
		}
		c.stroke(frameColor, 0.7, nil, [][2]float64{{inner.left - length, at}, {inner.left, at}})
	}
	for _, t := range x.ticks {
		at := toX(t.value)
		c.stroke(gridColor, 0.6, nil, [][2]float64{{at, inner.bottom}, {at, inner.top}})
		c.stroke(frameColor, 0.7, nil, [][2]float64{{at, inner.bottom - tickLength}, {at, inner.bottom}})
		c.text(c.fonts.regular, textSize, ink, at, inner.bottom-tickLength-textSize, t.label, 0.5)
	}

	line := func(values, at []float64, clr color.Color, width float64, pattern []vg.Length, step bool) {
		for _, part := range p.lines(values, at, 2*int(inner.right-inner.left)*pixelsPerPoint, step) {
			for i := range part {
				part[i] = [2]float64{toX(part[i][0]), toY(part[i][1])}
			}
			for _, piece := range clip(part, inner) {
				c.stroke(clr, width, pattern, piece)
			}
		}
	}
	for i, s := range p.Series {
		if s.Low != nil {
			c.band(p, s, shade(p.seriesColor(i)), inner, toX, toY)
		}
	}
	// Raw data goes behind everything drawn from it.
	for _, behind := range []bool{true, false} {
		for i, s := range p.Series {
			if s.Faint != behind {
				continue
			}
			clr, width, pattern := p.seriesColor(i), 1.6, []vg.Length(nil)
			if s.Faint {
				clr, width = faint(clr), 0.6
			}
			if s.Dashed {
				width, pattern = 1.2, []vg.Length{4, 3}
			}
			line(s.X, s.Y, clr, width, pattern, s.Step)
		}
	}
	for _, m := range p.Marks {
		for i := range m.X {
			if !finite(m.X[i]) || m.X[i] < x.low || m.X[i] > x.high || math.IsNaN(m.Y[i]) {
				continue
			}
			// A mark beyond the range, such as one of an infinite loss, stands at the edge: it happened.
			value := min(max(m.Y[i], y.low), y.high)
			if m.Cross {
				c.cross(orGray(m.Color), toX(m.X[i]), toY(value))
			} else {
				c.circle(orGray(m.Color), toX(m.X[i]), toY(value))
			}
		}
	}
	c.stroke(frameColor, 0.8, nil, [][2]float64{{inner.left, inner.top}, {inner.left, inner.bottom}, {inner.right, inner.bottom}})
	if p.XLabel != "" {
		c.text(c.fonts.regular, textSize, ink, (inner.left+inner.right)/2, cell.bottom+2, p.XLabel, 0.5)
	}
	if p.YLabel != "" {
		c.Push()
		c.Translate(vg.Point{X: vg.Length(cell.left + textSize - 1), Y: vg.Length((inner.bottom + inner.top) / 2)})
		c.Rotate(math.Pi / 2)
		c.text(c.fonts.regular, textSize, ink, 0, 0, p.YLabel, 0.5)
		c.Pop()
	}
}

// lines returns the connected parts of a series, thinned to what can be seen.
func (p *Plot) lines(x, y []float64, points int, step bool) [][][2]float64 {
	var parts [][][2]float64
	for begin := 0; begin < len(x); {
		if !p.visible(y[begin]) || !finite(x[begin]) {
			begin++
			continue
		}
		end := begin
		for end < len(x) && p.visible(y[end]) && finite(x[end]) {
			end++
		}
		shortX, shortY := Downsample(x[begin:end], y[begin:end], max(8, points))
		part := make([][2]float64, 0, len(shortX))
		for i := range shortX {
			if step && i > 0 {
				part = append(part, [2]float64{shortX[i], shortY[i-1]})
			}
			part = append(part, [2]float64{shortX[i], shortY[i]})
		}
		if len(part) == 1 {
			part = append(part, part[0])
		}
		parts = append(parts, part)
		begin = end
	}
	return parts
}

// clip cuts a line at the top and bottom of an area, and drops what is left or right of it.
func clip(points [][2]float64, area rectangle) [][][2]float64 {
	var pieces [][][2]float64
	var piece [][2]float64
	flush := func() {
		if len(piece) > 1 {
			pieces = append(pieces, piece)
		}
		piece = nil
	}
	for i := 1; i < len(points); i++ {
		a, b, ok := clipSegment(points[i-1], points[i], area)
		if !ok {
			flush()
			continue
		}
		if len(piece) == 0 || piece[len(piece)-1] != a {
			flush()
			piece = append(piece, a)
		}
		piece = append(piece, b)
	}
	flush()
	return pieces
}

// clipSegment is Liang and Barsky's algorithm (1984).
func clipSegment(a, b [2]float64, area rectangle) (from, to [2]float64, ok bool) {
	low, high := 0., 1.
	dx, dy := b[0]-a[0], b[1]-a[1]
	for _, edge := range [4][2]float64{{-dx, a[0] - area.left}, {dx, area.right - a[0]}, {-dy, a[1] - area.bottom}, {dy, area.top - a[1]}} {
		direction, distance := edge[0], edge[1]+1e-6
		switch {
		case direction == 0 && distance < 0:
			return a, b, false
		case direction < 0:
			low = max(low, distance/direction)
		case direction > 0:
			high = min(high, distance/direction)
		}
	}
	if low > high {
		return a, b, false
	}
	from, to = a, b
	if low > 0 {
		from = [2]float64{a[0] + low*dx, a[1] + low*dy}
	}
	if high < 1 {
		to = [2]float64{a[0] + high*dx, a[1] + high*dy}
	}
	return from, to, true
}

// band fills the area between a series' limits.
func (c *painter) band(p *Plot, s Series, clr color.Color, area rectangle, toX, toY func(float64) float64) {
	inside := func(x, y float64) [2]float64 {
		return [2]float64{min(max(toX(x), area.left), area.right), min(max(toY(y), area.bottom), area.top)}
	}
	stride := max(1, len(s.X)/2000)
	for begin := 0; begin < len(s.X); {
		var upper, lower [][2]float64
		i := begin
		for ; i < len(s.X) && finite(s.Low[i]) && p.visible(s.High[i]); i += stride {
			upper = append(upper, inside(s.X[i], s.High[i]))
			low := s.Low[i]
			if p.LogY && low <= 0 {
				lower = append(lower, [2]float64{upper[len(upper)-1][0], area.bottom})
				continue
			}
			lower = append(lower, inside(s.X[i], low))
		}
		for k := len(lower) - 1; k >= 0; k-- {
			upper = append(upper, lower[k])
		}
		c.fill(clr, upper)
		begin = i + 1
	}
}

// faint is a colour for raw data behind its smoothed line, and shade one for areas.
func faint(c color.Color) color.Color { return translucent(c, 0x59) }
func shade(c color.Color) color.Color { return translucent(c, 0x2E) }

func translucent(c color.Color, alpha uint8) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = alpha
	return n
}

func (c *painter) stroke(clr color.Color, width float64, pattern []vg.Length, points [][2]float64) {
	// The rasterizer's time grows with the square of the number of points that share a row of pixels, so long lines
	// are drawn a piece at a time. Dashes would begin anew with each piece.
	const piece = 64
	if _, raster := c.Canvas.(*vgimg.Canvas); raster && len(pattern) == 0 && len(points) > piece {
		for ; len(points) > piece; points = points[piece-1:] {
			c.stroke(clr, width, nil, points[:piece])
		}
	}
	var path vg.Path
	for i, point := range points {
		at := vg.Point{X: vg.Length(point[0]), Y: vg.Length(point[1])}
		if i == 0 {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	c.SetColor(clr)
	c.SetLineWidth(vg.Length(width))
	c.SetLineDash(pattern, 0)
	c.Stroke(path)
}

func (c *painter) fill(clr color.Color, points [][2]float64) {
	if len(points) < 3 {
		return
	}
	var path vg.Path
	for i, point := range points {
		at := vg.Point{X: vg.Length(point[0]), Y: vg.Length(point[1])}
		if i == 0 {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	path.Close()
	c.SetColor(clr)
	c.Fill(path)
}

const markRadius = 2.6

func (c *painter) circle(clr color.Color, x, y float64) {
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(x + markRadius), Y: vg.Length(y)})
	path.Arc(vg.Point{X: vg.Length(x), Y: vg.Length(y)}, markRadius, 0, 2*math.Pi)
	path.Close()
	c.SetColor(clr)
	c.SetLineWidth(1.3)
	c.SetLineDash(nil, 0)
	c.Stroke(path)
}

func (c *painter) cross(clr color.Color, x, y float64) {
	const r = markRadius + 1
	c.stroke(clr, 1.6, nil, [][2]float64{{x - r, y - r}, {x + r, y + r}})
	c.stroke(clr, 1.6, nil, [][2]float64{{x - r, y + r}, {x + r, y - r}})
}

// text writes a line of text whose baseline begins at x, ends there (align 1) or is centred on it (align 0.5).
func (c *painter) text(face font.Face, size float64, clr color.Color, x, y float64, text string, align float64) {
	if text == "" {
		return
	}
	face.Font.Size = vg.Length(size)
	c.SetColor(clr)
	c.FillString(face, vg.Point{X: vg.Length(x - align*c.width(face, size, text)), Y: vg.Length(y)}, text)
}

func (c *painter) width(face font.Face, size float64, text string) float64 {
	face.Font.Size = vg.Length(size)
	return face.Width(text).Points()
}

// room is the width to leave for a text. A reader of SVG may lack the font, and see one as wide as DejaVu Sans instead.
func (c *painter) room(face font.Face, size float64, text string) float64 {
	width := c.width(face, size, text)
	if _, raster := c.Canvas.(*vgimg.Canvas); !raster {
		width *= 1.15
	}
	return width
}
