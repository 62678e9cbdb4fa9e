package words

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Layout lays text out for a terminal or a file of text.
type Layout struct {
	// Width is the number of columns to stay within; 0 sets no bound.
	Width int
	// ASCII says that nothing but ASCII can be shown.
	ASCII bool
}

// ascii has plain forms of the characters that this program writes.
var ascii = strings.NewReplacer("±", "+-", "−", "-", "–", "-", "—", "-", "×", "x", "·", ".", "…", "...", "“", `"`, "”", `"`, "‘", "'",
	"’", "'", "µ", "u", "μ", "u", "≤", "<=", "≥", ">=", "→", "->", "\u00a0", " ", "²", "^2", "³", "^3", "°", " deg", "σ", "sigma",
	"█", "#", "░", ".", "│", "|", "─", "-", "ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e")

// Plain returns text as the layout can show it: in ASCII if that is all it can show.
func (l Layout) Plain(text string) string {
	if !l.ASCII {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return '?'
		}
		return r
	}, ascii.Replace(text))
}

// Wrap breaks text into lines, of which all but the first are indented, at spaces alone: a word that is too long
// has a line of its own. Line breaks in the text stay.
func (l Layout) Wrap(text, indent string) string {
	var b strings.Builder
	for i, paragraph := range strings.Split(l.Plain(text), "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Join(l.lines(paragraph, l.Width, utf8.RuneCountInString(indent)), "\n"+indent))
	}
	return b.String()
}

// Message is Wrap for a message: only lines that are too long are broken, and rows of tables, which hold several spaces, stay as
// they are.
func (l Layout) Message(text string) string {
	lines := strings.Split(l.Plain(text), "\n")
	for i, line := range lines {
		if l.Width > 0 && utf8.RuneCountInString(line) > l.Width && !strings.Contains(strings.TrimSpace(line), "  ") {
			begin := line[:len(line)-len(strings.TrimLeft(line, " "))]
			lines[i] = begin + Layout{Width: l.Width - len(begin)}.Wrap(line, begin)
		}
	}
	return strings.Join(lines, "\n")
}

// lines breaks text into lines of a width, less the indent from the second line on.
func (l Layout) lines(text string, width, indent int) []string {
	if width <= 0 {
		return []string{text}
	}
	lines := []string{""}
	length := 0
	for _, word := range pieces(text) {
		size := utf8.RuneCountInString(word)
		if length > 0 && length+1+size > width {
			lines, length = append(lines, ""), 0
			width -= indent
			indent = 0
		}
		if length > 0 {
			lines[len(lines)-1] += " "
			length++
		}
		lines[len(lines)-1] += word
		length += size
	}
	return lines
}

// pieces splits text at the spaces at which it may be broken: not around ± and before %.
func pieces(text string) (pieces []string) {
	join := false
	for _, word := range strings.Fields(text) {
		sign := word == "±" || word == "+-"
		if n := len(pieces); n > 0 && (join || sign || strings.HasPrefix(word, "%")) {
			pieces[n-1] += " " + word
		} else {
			pieces = append(pieces, word)
		}
		join = sign
	}
	return pieces
}

// gap is the space between columns.
const gap = 2

// Table aligns rows below the heads of columns, names to the left and what follows to the right. Where that is wider
// than the layout, heads and cells are broken into lines at their spaces; where it is still wider, each row becomes
// a block of lines, one for each cell.
func (l Layout) Table(header []string, rows [][]string) string {
	all := make([][]string, 0, 1+len(rows))
	for _, row := range append([][]string{header}, rows...) {
		fields := make([]string, len(row))
		for i, field := range row {
			fields[i] = l.Plain(field)
		}
		all = append(all, fields)
	}
	// The widths of columns, those at which heads are broken but no cell is, and the least.
	n := len(header)
	widths, heads, least := make([]int, n), make([]int, n), make([]int, n)
	for k, row := range all {
		for i, field := range row {
			length := utf8.RuneCountInString(field)
			widths[i] = max(widths[i], length)
			if k > 0 {
				heads[i] = max(heads[i], length)
			}
			for _, word := range pieces(field) {
				least[i] = max(least[i], utf8.RuneCountInString(word))
			}
		}
	}
	total := func(widths []int) (sum int) {
		for _, width := range widths {
			sum += width + gap
		}
		return sum - gap
	}
	if l.Width > 0 && total(widths) > l.Width {
		if total(least) > l.Width {
			return l.blocks(all[0], all[1:])
		}
		for i := range heads {
			heads[i] = max(heads[i], least[i])
		}
		// The widest column that can be made narrower is, until all fit.
		for _, floor := range [][]int{heads, least} {
			for total(widths) > l.Width {
				widest := -1
				for i := range widths {
					if widths[i] > floor[i] && (widest < 0 || widths[i] > widths[widest]) {
						widest = i
					}
				}
				if widest < 0 {
					break
				}
				widths[widest]--
			}
		}
	}
	var b strings.Builder
	for k, row := range all {
		l.writeRow(&b, row, widths, k == 0)
	}
	return b.String()
}

// List aligns rows without heads, all to the left, the last field of each broken into lines where the row is wider than the layout.
// Where there is no room for that, it begins on a line of its own.
func (l Layout) List(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, field := range row[:max(0, len(row)-1)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(l.Plain(field)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line, column := "", 0
		for i, field := range row[:max(0, len(row)-1)] {
			field = l.Plain(field)
			line += field + strings.Repeat(" ", widths[i]+gap-utf8.RuneCountInString(field))
			column += widths[i] + gap
		}
		last := row[len(row)-1]
		const least = 20 // columns that are worth beginning in
		if indent := strings.Repeat(" ", gap); l.Width > 0 && l.Width-column < least {
			line = l.Wrap(strings.Join(strings.Fields(line), " "), indent)
			if last != "" {
				line += "\n" + indent + Layout{max(l.Width-gap, 1), l.ASCII}.Wrap(last, indent)
			}
		} else {
			if l.Width > 0 {
				below := Layout{l.Width - column, l.ASCII}
				last = below.Wrap(last, "")
			}
			line += strings.ReplaceAll(l.Plain(last), "\n", "\n"+strings.Repeat(" ", column))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// writeRow writes the lines of a row; those of heads stand at the bottom.
func (l Layout) writeRow(b *strings.Builder, row []string, widths []int, head bool) {
	cells := make([][]string, len(row))
	height := 1
	for i, field := range row {
		if utf8.RuneCountInString(field) <= widths[i] {
			cells[i] = []string{field} // as it is, with all its spaces
		} else {
			cells[i] = l.lines(field, widths[i], 0)
		}
		height = max(height, len(cells[i]))
	}
	for k := range height {
		var line strings.Builder
		for i, lines := range cells {
			text := ""
			if at := k; head {
				if at -= height - len(lines); at >= 0 {
					text = lines[at]
				}
			} else if at < len(lines) {
				text = lines[at]
			}
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if i == 0 {
				line.WriteString(text + space)
			} else {
				line.WriteString(strings.Repeat(" ", gap) + space + text)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// blocks writes each row as its name and a line for each other cell that is not empty.
func (l Layout) blocks(header []string, rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		name := row[0]
		if name == "" && slices.ContainsFunc(row, func(field string) bool { return field != "" }) {
			name = "-"
		}
		b.WriteString(l.Wrap(name, "  ") + "\n")
		for i, field := range row[1:] {
			if field != "" {
				b.WriteString("  " + Layout{Width: max(l.Width-2, 1)}.Wrap(header[i+1]+": "+field, "    ") + "\n")
			}
		}
	}
	return b.String()
}
