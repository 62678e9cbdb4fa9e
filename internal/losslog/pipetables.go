package losslog

import (
	"bytes"
	"io"
	"slices"

	"alrc/internal/csvfield"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// A document may hold several tables as Markdown writes them, with other names above their columns, as of an evaluation and of the
// training. Those that hold losses become one table, if the document is not too large: each row has the columns of its own names.

// pipeTable is a table with bars between its cells and a rule below their names.
type pipeTable struct {
	names []string
	rows  [][][]byte
}

// tellsLosses says whether a table counts something, and holds losses.
func (t *pipeTable) tellsLosses() bool {
	return slices.ContainsFunc(t.names, isCounterName) &&
		slices.ContainsFunc(t.names, func(name string) bool { return lexicon.MeaningOf(name).Strength == lexicon.Loss })
}

// holdsPipeTables says whether a text holds several tables, of which one tells losses and another has other names, and hardly more
// losses elsewhere.
func holdsPipeTables(head []byte) bool {
	if !bytes.Contains(head, []byte("|--")) && !bytes.Contains(head, []byte("|:")) && !bytes.Contains(head, []byte("| -")) && !bytes.Contains(head, []byte("| :")) {
		return false
	}
	all, others := pipeTables(head)
	rows, telling, differ := 0, 0, false
	for i := range all {
		differ = differ || !slices.Equal(all[i].names, all[0].names)
		if all[i].tellsLosses() {
			telling++
			rows += len(all[i].rows)
		}
	}
	if !differ || rows < fewestRows {
		return false
	}
	strength, n := clearestOf(&textScanner{}, others)
	return strength < lexicon.Loss || n*2 < rows
}

// pipeTables returns the tables of a text, and its other lines.
func pipeTables(text []byte) (all []pipeTable, others []byte) {
	var above []byte
	open := false
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, newline)
		text = rest
		cells := splitEdges(line)
		switch {
		case len(cells) < 2:
			open = false
			others = append(append(others, line...), '\n')
		case plaintext.IsRule(plaintext.Trim(line)):
			if names := splitEdges(above); len(names) == len(cells) && areNames(names) {
				open = true
				all = append(all, pipeTable{names: fieldTexts(names)})
			}
		case open && len(cells) == len(all[len(all)-1].names):
			t := &all[len(all)-1]
			t.rows = append(t.rows, cells)
		}
		above = line
	}
	return all, others
}

func fieldTexts(cells [][]byte) (texts []string) {
	for _, cell := range cells {
		texts = append(texts, fieldText(cell))
	}
	return texts
}

// tableOfPipes makes one table of those in a text that tell losses.
func tableOfPipes(r io.Reader) (io.Reader, error) {
	return remade(r, func(text []byte) []byte {
		all, _ := pipeTables(text)
		all = slices.DeleteFunc(all, func(t pipeTable) bool { return !t.tellsLosses() })
		var names []string
		for _, t := range all {
			for _, name := range t.names {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
		var out []byte
		row := func(cell func(name string) []byte) {
			for i, name := range names {
				if i > 0 {
					out = append(out, ',')
				}
				out = csvfield.Append(out, cell(name))
			}
			out = append(out, '\n')
		}
		row(func(name string) []byte { return []byte(name) })
		for _, t := range all {
			for _, cells := range t.rows {
				row(func(name string) []byte {
					if i := slices.Index(t.names, name); i >= 0 {
						return ownCell(cells[i], name)
					}
					return nil
				})
			}
		}
		return out
	})
}

// ownCell returns what a cell holds, without the remark that may stand behind a number that counts: "250 (best)".
func ownCell(cell []byte, name string) []byte {
	if i := bytes.IndexByte(cell, ' '); i > 0 && isCounterName(name) && isCellNumber(cell[:i]) {
		return cell[:i]
	}
	return cell
}
