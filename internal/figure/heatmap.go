package figure

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot/vg"
)

// Heatmap is a grid of coloured cells, each with a text.
type Heatmap struct {
	Title, XLabel, YLabel string
	// Columns and Rows name the cells' places, from the left and from the top.
	Columns, Rows []string
	// Values decide the colours, [row][column]; NaN leaves a cell empty. Texts stand in the cells.
	Values [][]float64
	Texts  [][]string
}

// Heatmaps is one or more heat maps beside each other, with one scale of colours: blue for values below 0, orange for
// those above, deepest at Limit from 0 and beyond.
type Heatmaps struct {
	Maps  []Heatmap
	Limit float64
	// Columns is the number of maps beside each other; 0 puts all in one row.
	Columns int
}

// WritePNG draws the heat maps in a PNG image of the given size in pixels; text is sized for 2 pixels a point.
func (h Heatmaps) WritePNG(w io.Writer, width, height int) error {
	return writePNG(h, w, width, height)
}

// WriteSVG draws the heat maps as SVG, laid out as WritePNG does for the same size.
func (h Heatmaps) WriteSVG(w io.Writer, width, height int) error {
	return writeSVG(h, w, width, height)
}

func (h Heatmaps) draw(canvas vg.CanvasSizer, _ int) error {
	if len(h.Maps) == 0 {
		return errors.New("heat maps without a map")
	}
	for i := range h.Maps {
		if err := h.Maps[i].validate(); err != nil {
			return err
		}
	}
	c, err := newPainter(canvas)
	if err != nil {
		return err
	}
	width, height := canvas.Size()
	columns := h.Columns
	if columns <= 0 || columns > len(h.Maps) {
		columns = len(h.Maps)
	}
	rows := (len(h.Maps) + columns - 1) / columns
	cellWidth := (width.Points() - 2*margin - gap*float64(columns-1)) / float64(columns)
	cellHeight := (height.Points() - 2*margin - gap*float64(rows-1)) / float64(rows)
	for i := range h.Maps {
		left := margin + float64(i%columns)*(cellWidth+gap)
		top := height.Points() - margin - float64(i/columns)*(cellHeight+gap)
		c.heatmap(&h.Maps[i], rectangle{left, top - cellHeight, left + cellWidth, top}, h.Limit)
	}
	return nil
}

func (m *Heatmap) validate() error {
	ok := len(m.Values) == len(m.Rows) && len(m.Texts) == len(m.Rows) && len(m.Rows) > 0 && len(m.Columns) > 0
	for i := range m.Values {
		ok = ok && len(m.Values[i]) == len(m.Columns) && len(m.Texts[i]) == len(m.Columns)
	}
	if !ok {
		return fmt.Errorf("heat map %q: %d rows and %d columns do not belong to its values and texts", m.Title, len(m.Rows), len(m.Columns))
	}
	return nil
}

func (c *painter) heatmap(m *Heatmap, area rectangle, limit float64) {
	c.text(c.fonts.bold, textSize, ink, area.left, area.top-textSize, m.Title, 0)
	area.top -= 2 * lineHeight
	c.text(c.fonts.regular, textSize, ink, area.left, area.top, m.YLabel, 0)
	area.top -= 6
	labels := 0.
	for _, name := range m.Rows {
		labels = max(labels, c.width(c.fonts.regular, textSize, name))
	}
	area.left += labels + 6
	c.text(c.fonts.regular, textSize, ink, (area.left+area.right)/2, area.bottom+2, m.XLabel, 0.5)
	area.bottom += 2*lineHeight + 4
	width := (area.right - area.left) / float64(len(m.Columns))
	height := (area.top - area.bottom) / float64(len(m.Rows))
	for i, name := range m.Columns {
		c.text(c.fonts.regular, textSize, ink, area.left+(float64(i)+0.5)*width, area.bottom-lineHeight+1, name, 0.5)
	}
	for i, name := range m.Rows {
		top := area.top - float64(i)*height
		middle := top - height/2 - textSize/3
		c.text(c.fonts.regular, textSize, ink, area.left-6, middle, name, 1)
		for j := range m.Columns {
			left := area.left + float64(j)*width
			const seam = 0.5
			c.fill(heat(m.Values[i][j]/limit), [][2]float64{{left + seam, top - seam}, {left + width - seam, top - seam},
				{left + width - seam, top - height + seam}, {left + seam, top - height + seam}})
			var written color.Color = cellInk
			if math.IsNaN(m.Values[i][j]) {
				written = ink // the cell is gray, which a dark page changes
			}
			c.text(c.fonts.regular, textSize, written, left+width/2, middle, m.Texts[i][j], 0.5)
		}
	}
}

// cellInk is the colour of texts on coloured cells, on dark pages too.
var cellInk = color.NRGBA{0x1A, 0x1A, 0x1A, 0xFF}

// heat is the colour of a value from -1 to 1: pale enough for dark text at either end, and no colour that a dark page
// changes.
func heat(value float64) color.Color {
	if math.IsNaN(value) {
		return gridColor
	}
	deep := color.NRGBA{0xF0, 0x9A, 0x52, 0xFF}
	if value < 0 {
		deep = color.NRGBA{0x6F, 0xB1, 0xDE, 0xFF}
	}
	share := min(math.Abs(value), 1)
	blend := func(to uint8) uint8 { return uint8(math.Round(254 + share*(float64(to)-254))) }
	return color.NRGBA{blend(deep.R), blend(deep.G), blend(deep.B), 0xFF}
}
