package losslog

import (
	"bytes"
	"io"

	"alrc/internal/losslog/plaintext"
)

// Tables of LaTeX, "1 & 2.5 \\", are read as those of Markdown.

// holdsLaTeXTables says whether a text holds a table of LaTeX that names a loss.
func holdsLaTeXTables(head []byte) bool {
	if !bytes.Contains(head, []byte(`\begin{`)) || !bytes.Contains(head, []byte(`\\`)) {
		return false
	}
	table, ok := sniffTable(pipesOfLaTeX(head))
	return ok && table.namesLoss()
}

// pipesOfLaTeX returns the tables in a text of LaTeX as Markdown writes them.
func pipesOfLaTeX(text []byte) (out []byte) {
	var names []byte // the row above the others
	heads := false   // it comes next
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, newline)
		text = rest
		if line = plaintext.Trim(line); bytes.HasPrefix(line, []byte(`\begin{`)) {
			heads, names, out = true, nil, append(out, '\n')
		}
		end := bytes.LastIndex(line, []byte(`\\`))
		if end < 0 || bytes.IndexByte(line, '&') < 0 {
			continue
		}
		row := []byte{'|'}
		cells := bytes.Split(bytes.ReplaceAll(line[:end], []byte(`\&`), []byte("and")), []byte("&"))
		for _, cell := range cells {
			row = append(append(append(row, ' '), plainLaTeX(cell)...), " |"...)
		}
		row = append(row, '\n')
		if bytes.Equal(row, names) {
			continue // as above the next page
		}
		if out = append(out, row...); heads {
			names, heads = row, false
			out = append(append(out, bytes.Repeat([]byte("|---"), len(cells))...), "|\n"...)
		}
	}
	return out
}

// plainLaTeX returns the text of a cell without what says how it looks: "\textbf{0.5}", "$0.5$", "Val.\ loss", "\hline 1".
func plainLaTeX(cell []byte) []byte {
	var plain []byte
	for i := 0; i < len(cell); i++ {
		switch c := cell[i]; {
		case c == '\\':
			begin := i + 1
			for i+1 < len(cell) && (cell[i+1]|0x20 >= 'a' && cell[i+1]|0x20 <= 'z') {
				i++
			}
			if i+1 == begin { // of a sign: "\%", "\ "
				continue
			}
		case c == '$' || c == '{' || c == '}' || c == '|':
		case c == '~':
			plain = append(plain, ' ')
		default:
			plain = append(plain, c)
		}
	}
	return plaintext.Trim(plain)
}

// tablesOfLaTeX makes tables of Markdown of those in a text of LaTeX.
func tablesOfLaTeX(r io.Reader) (io.Reader, error) { return remade(r, pipesOfLaTeX) }
