package figure

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Terminal draws a plot as text of the given size in characters, lines of braille dots with axes and a legend. With color, series
// have the terminal's own colours by ANSI escape sequences; without, several series have a character each, since dots are all alike.
func Terminal(w io.Writer, p Plot, columns, rows int, color bool) error {
	s := &braille
	if !color && p.severalSeries() {
		s = &symbols
	}
	return drawText(w, p, columns, rows, s, color)
}

// severalSeries says that there are series to be told apart.
func (p *Plot) severalSeries() bool {
	for _, s := range p.Series {
		if s.Name != "" && s.Name != p.Series[0].Name {
			return true
		}
	}
	return false
}

// ASCII is Terminal for places that show nothing but ASCII: each series has a character of its own.
func ASCII(w io.Writer, p Plot, columns, rows int) error {
	return drawText(w, p, columns, rows, &ascii, false)
}

// style is how a plot is made of characters.
type style struct {
	dotsWide, dotsHigh int
	// character is that of a cell's dots, of the series drawn last.
	character                func(dots uint8, series int) rune
	vertical, horizontal     rune
	corner, tickUp, tickSide rune
	// symbols says that each series has a character of its own, and plain that all is ASCII.
	symbols, plain bool
}

var braille = style{
	dotsWide: 2, dotsHigh: 4,
	character: func(dots uint8, _ int) rune { return rune(0x2800 + int(dots)) },
	vertical:  '│', horizontal: '─', corner: '└', tickUp: '┬', tickSide: '┤',
}

const seriesSymbols = "*o+#@%"

func seriesSymbol(_ uint8, series int) rune { return rune(seriesSymbols[series%len(seriesSymbols)]) }

var symbols = style{
	dotsWide: 1, dotsHigh: 1, character: seriesSymbol,
	vertical: '│', horizontal: '─', corner: '└', tickUp: '┬', tickSide: '┤',
	symbols: true,
}

var ascii = style{
	dotsWide: 1, dotsHigh: 1, character: seriesSymbol,
	vertical: '|', horizontal: '-', corner: '+', tickUp: '+', tickSide: '+',
	symbols: true, plain: true,
}

// brailleBits is the bit of each dot of a braille character, by row and column.
var brailleBits = [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// ansi are the terminal's colours nearest to the palette's.
var ansi = []string{"\x1b[34m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[36m", "\x1b[31m"}

const ansiReset, ansiDim = "\x1b[0m", "\x1b[2m"

type cell struct {
	dots   uint8
	series int
	mark   rune // of a mark in the cell, which is what matters there, or 0
}

func drawText(w io.Writer, p Plot, columns, rows int, s *style, color bool) error {
	const leastColumns, leastRows = 20, 6
	if columns < leastColumns || rows < leastRows {
		return fmt.Errorf("a plot of %d columns and %d rows: it needs at least %d and %d", columns, rows, leastColumns, leastRows)
	}
	if err := p.validate(); err != nil {
		return err
	}
	xLimits, yLimits := p.extent()
	entries := p.textLegend(s, color)
	legend := wrapLegend(entries, columns)
	// Title, legend, labels of Y and X and the X axis take their rows first.
	height := rows - len(legend) - 2
	if p.Title != "" {
		height--
	}
	if p.YLabel != "" || p.XLabel != "" {
		height--
	}
	if height < 3 {
		// Too few rows for words: the curve matters most.
		legend, height = nil, rows-2
		p.Title, p.XLabel, p.YLabel = "", "", ""
	}
	y := newAxis(yLimits, p.LogY, false, max(2, height/4))
	labels := make(map[int]string)
	widest := 0
	for _, t := range y.ticks {
		row := height - 1 - int(min(max(y.place(t.value), 0), 1)*float64(height*s.dotsHigh-1))/s.dotsHigh
		if t.label != "" && labels[row] == "" {
			labels[row] = s.text(t.label)
			widest = max(widest, utf8.RuneCountInString(labels[row]))
		}
	}
	width := columns - widest - 2
	if width < 4 {
		return fmt.Errorf("a plot of %d columns has no room beside its labels", columns)
	}
	x := newAxis(xLimits, false, false, max(2, width/14))
	cells := p.rasterize(x, y, width, height, s)

	out := bufio.NewWriter(w)
	if p.Title != "" {
		fmt.Fprintln(out, s.text(cut(p.Title, columns)))
	}
	for _, line := range legend {
		fmt.Fprintln(out, line)
	}
	if p.YLabel != "" || p.XLabel != "" {
		left, right := s.text(p.YLabel), s.text(p.XLabel)
		if right != "" {
			right = "by " + right
		}
		label := left
		if label != "" && right != "" {
			label += " "
		}
		fmt.Fprintln(out, cut(label+right, columns))
	}
	for row := range height {
		label, side := labels[row], s.vertical
		if label != "" {
			side = s.tickSide
		}
		fmt.Fprintf(out, "%s %c", pad(label, widest), side)
		blank, painted := 0, -1
		for _, c := range cells[row*width : (row+1)*width] {
			if c.dots == 0 && c.mark == 0 {
				blank++
				continue
			}
			if color && painted >= 0 && (painted != c.series || blank > 0) {
				out.WriteString(ansiReset)
				painted = -1
			}
			out.WriteString(strings.Repeat(" ", blank))
			blank = 0
			if color && painted != c.series {
				out.WriteString(p.ansiColor(c.series))
				painted = c.series
			}
			if c.mark != 0 {
				out.WriteRune(c.mark)
			} else {
				out.WriteRune(s.character(c.dots, c.series))
			}
		}
		if color && painted >= 0 {
			out.WriteString(ansiReset)
		}
		out.WriteByte('\n')
	}
	p.writeTextAxis(out, x, widest, width, s)
	return out.Flush()
}

// rasterize sets the dots of all series. Of several in one cell the earlier series of the plot wins the colour only
// where the later has no dot there.
func (p *Plot) rasterize(x, y axis, width, height int, s *style) []cell {
	cells := make([]cell, width*height)
	wide, high := width*s.dotsWide, height*s.dotsHigh
	dot := func(column, row, series int) {
		c := &cells[row/s.dotsHigh*width+column/s.dotsWide]
		bit := uint8(1)
		if s.dotsHigh > 1 {
			bit = brailleBits[row%s.dotsHigh][column%s.dotsWide]
		}
		c.dots |= bit
		c.series = series
	}
	area := rectangle{0, 0, float64(wide - 1), float64(high - 1)}
	for i, series := range p.Series {
		for _, part := range p.lines(series.X, series.Y, 4*wide, series.Step) {
			for k := range part {
				part[k] = [2]float64{x.place(part[k][0]) * area.right, y.place(part[k][1]) * area.top}
			}
			for _, piece := range clip(part, area) {
				for k := 1; k < len(piece); k++ {
					from, to := piece[k-1], piece[k]
					steps := int(max(abs(to[0]-from[0]), abs(to[1]-from[1]))) + 1
					for t := range steps + 1 {
						f := float64(t) / float64(steps)
						column := min(max(int(from[0]+f*(to[0]-from[0])+0.5), 0), wide-1)
						row := high - 1 - min(max(int(from[1]+f*(to[1]-from[1])+0.5), 0), high-1)
						if series.Dashed && column%6 > 2 {
							continue
						}
						dot(column, row, i)
					}
				}
			}
		}
	}
	for _, m := range p.Marks {
		for k := range m.X {
			if !finite(m.X[k]) || m.X[k] < x.low || m.X[k] > x.high || !p.visible(m.Y[k]) {
				continue
			}
			column := min(max(int(x.place(m.X[k])*area.right+0.5), 0), wide-1)
			row := high - 1 - min(max(int(y.place(m.Y[k])*area.top+0.5), 0), high-1)
			cells[row/s.dotsHigh*width+column/s.dotsWide] = cell{mark: s.mark(m.Cross, len(p.Series)), series: len(p.Series)}
		}
	}
	return cells
}

func abs(v float64) float64 { return max(v, -v) }

// ansiColor is that of a series; faint ones take none of the colours. Marks are in red.
func (p *Plot) ansiColor(series int) string {
	if series >= len(p.Series) {
		return ansi[len(ansi)-1]
	}
	if p.Series[series].Faint {
		return ansiDim
	}
	place := 0
	for _, before := range p.Series[:series] {
		if !before.Faint {
			place++
		}
	}
	return ansi[place%len(ansi)]
}

// mark is the character of a mark; of ASCII, the one after those of so many series.
func (s *style) mark(cross bool, series int) rune {
	switch {
	case s.plain:
		return s.character(1, series)
	case cross:
		return '×'
	}
	return '•'
}

// legendText is one entry, and its width without colours.
type legendText struct {
	text  string
	width int
}

func (p *Plot) textLegend(s *style, color bool) []legendText {
	var entries []legendText
	seen := make(map[string]bool)
	add := func(name, sample string, series int) {
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		name = s.text(name)
		width := utf8.RuneCountInString(sample) + 1 + utf8.RuneCountInString(name)
		if color {
			sample = p.ansiColor(series) + sample + ansiReset
		}
		entries = append(entries, legendText{sample + " " + name, width})
	}
	for i, series := range p.Series {
		sample := "⠒⠒⠒"
		switch {
		case s.symbols:
			sample = string(s.character(1, i))
		case series.Dashed:
			sample = "⠒ ⠒"
		}
		add(series.Name, sample, i)
	}
	for _, m := range p.Marks {
		add(m.Name, string(s.mark(m.Cross, len(p.Series))), len(p.Series))
	}
	return entries
}

func wrapLegend(entries []legendText, columns int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	for _, e := range entries {
		if used > 0 && used+3+e.width > columns {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
		if used > 0 {
			line.WriteString("   ")
			used += 3
		}
		line.WriteString(e.text)
		used += e.width
	}
	if used > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

func (p *Plot) writeTextAxis(out *bufio.Writer, x axis, labelWidth, width int, s *style) {
	line := []rune(strings.Repeat(string(s.horizontal), width))
	text := []rune(strings.Repeat(" ", labelWidth+2+width))
	free := 0
	for _, t := range x.ticks {
		column := min(max(int(x.place(t.value)*float64(width-1)+0.5), 0), width-1)
		label := []rune(s.text(t.label))
		begin := min(max(labelWidth+2+column-len(label)/2, 0), len(text)-len(label))
		if t.label == "" || begin < free {
			continue
		}
		line[column] = s.tickUp
		copy(text[begin:], label)
		free = begin + len(label) + 1
	}
	fmt.Fprintf(out, "%s %c%s\n%s\n", strings.Repeat(" ", labelWidth), s.corner, string(line), strings.TrimRight(string(text), " "))
}

// text is what the style can show of a text.
func (s *style) text(text string) string {
	if !s.plain {
		return text
	}
	text = strings.NewReplacer("·10", "e", "−", "-", "–", "-", "±", "+/-", "⁻", "-", "⁰", "0", "¹", "1", "²", "2", "³", "3",
		"⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9").Replace(asciiPower(text))
	return strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, text)
}

// asciiPower writes "10⁵" as "1e5".
func asciiPower(text string) string {
	rest, ok := strings.CutPrefix(text, "10")
	if first, _ := utf8.DecodeRuneInString(rest); ok && strings.ContainsRune("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", first) {
		return "1e" + rest
	}
	return text
}

func pad(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))) + text
}

func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width])
}
