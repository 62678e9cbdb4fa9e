package figure

import (
	"gonum.org/v1/plot/vg"
	"image/color"
	"math"
)

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
		for _, part := range p.lines(values, at, min(2*int(inner.right-inner.left)*pixelsPerPoint, c.points), step) {
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

// band fills the area between a series' limits.
func (c *painter) band(p *Plot, s Series, clr color.Color, area rectangle, toX, toY func(float64) float64) {
	inside := func(x, y float64) [2]float64 {
		return [2]float64{min(max(toX(x), area.left), area.right), min(max(toY(y), area.bottom), area.top)}
	}
	stride := max(1, len(s.X)/min(2000, c.points))
	for begin := 0; begin < len(s.X); {
		var upper, lower [][2]float64
		i := begin
		for ; i < len(s.X) && finite(s.Low[i]) && p.visible(s.High[i]); i += stride {
			low, high := s.Low[i], s.High[i]
			for k := i + 1; k < min(i+stride, len(s.X)); k++ {
				if finite(s.Low[k]) && p.visible(s.High[k]) {
					low, high = min(low, s.Low[k]), max(high, s.High[k])
				}
			}
			upper = append(upper, inside(s.X[i], high))
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
