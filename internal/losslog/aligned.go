package losslog

import (
	"bytes"
	"slices"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// place is where a name stands in the header of a table whose columns white space parts.
type place struct{ begin, end int }

// placesOf returns where the words of a line stand.
func placesOf(line []byte) (all []place) {
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		begin := i
		for i < len(line) && line[i] != ' ' {
			i++
		}
		all = append(all, place{begin, i})
	}
	return all
}

// placesOfNames returns where the names stand in a line that holds those of a table's columns, of which one is a loss or a measure; nil
// where it does not.
func placesOfNames(line []byte) []place {
	const fewest = 3
	names, cells := placesOf(line), splitFields(line, ' ')
	if len(names) < fewest || bytes.IndexByte(line, '\t') >= 0 || !areNames(cells) || !slices.ContainsFunc(cells, func(name []byte) bool {
		return lexicon.MeaningOf(string(name)).Strength >= lexicon.Measure
	}) {
		return nil
	}
	return names
}

// aligned returns where the names of a table stand above whose rows some leave fields empty, and each field begins or ends as its name
// does; nil where there is no such table.
func aligned(lines [][]byte) []place {
	const (
		farthest = 30
		looked   = 100
		fewest   = 3
	)
	lines = lines[:min(len(lines), farthest+looked)]
	fields, words := make([]int, len(lines)), make([]bool, len(lines)) // how many fields each line that may be a row has, and whether one is a word
	for i, line := range lines {
		cells := splitFields(line, ' ')
		numbers, others := 0, 0
		for _, cell := range cells {
			if isCellNumber(cell) {
				numbers++
			} else if !plaintext.IsNothing(cell) {
				others++
			}
		}
		if numbers > 0 && others <= 1 {
			fields[i], words[i] = len(cells), others > 0
		}
	}
	below := func(i int, columns []place) bool {
		rows, short, full := 0, 0, 0
		for j := i + 1; j < min(len(lines), i+1+looked); j++ {
			if fields[j] == 0 {
				continue
			}
			filled := fill(lines[j], columns)
			if filled == nil && words[j] {
				continue // another kind of line
			}
			if rows++; filled == nil {
				return false
			}
			short += flagOf(fields[j] < len(columns))
			full += flagOf(fields[j] == len(columns))
		}
		return rows >= fewest && short > 0 && full > 0
	}
	for i, line := range lines[:min(len(lines), farthest)] {
		if names := placesOfNames(line); names != nil && below(i, names) {
			return names
		}
		// Names may stand to the left of their columns, and numbers to the right.
		names := splitGaps(line)
		if len(names) < fewest || bytes.IndexByte(line, '\t') >= 0 || !areNames(names) || !slices.ContainsFunc(names, func(name []byte) bool { return tellsLoss(string(name)) || isCounterName(string(name)) }) {
			continue
		}
		for j := i + 1; j < min(len(lines), i+1+looked); j++ {
			if fields[j] == len(names) && !words[j] {
				if columns := placesOf(bytes.TrimRight(lines[j], "\r")); below(i, columns) {
					return columns
				}
				break
			}
		}
	}
	return nil
}

// fill returns the fields of a row, with empty ones under the names that it leaves out; nil where a field stands under no name, or there
// are more fields than names.
func fill(row []byte, names []place) [][]byte {
	cells := make([][]byte, len(names))
	next := 0
	for _, at := range placesOf(row) {
		column := -1
		for j := next; j < len(names) && column < 0; j++ {
			if at.begin == names[j].begin || at.end == names[j].end {
				column = j
			}
		}
		if column < 0 {
			return nil
		}
		cells[column] = row[at.begin:at.end]
		next = column + 1
	}
	return cells
}

// spacedNames returns where the names of a table stand above whose rows have more fields than there are names, since some hold spaces, as
// dates with times do, and each ends where its name does; nil where there is no such table.
func spacedNames(lines [][]byte) []place {
	const (
		farthest = 30
		fewest   = 3
	)
	for i, line := range lines[:min(len(lines), farthest)] {
		names := placesOfNames(line)
		if names == nil {
			continue
		}
		rows := 0
		for rows < fewest && i+1+rows < len(lines) && fillSpaced(lines[i+1+rows], names) != nil {
			rows++
		}
		if rows == fewest {
			return names
		}
	}
	return nil
}

// fillSpaced returns the fields of such a row, with what stands before the first name in the first; nil where it is none, or has no more
// than an index before the names.
func fillSpaced(row []byte, names []place) [][]byte {
	fields := placesOf(row)
	if len(fields) <= len(names) {
		return nil
	}
	if _, ok := wholeNumber(row[fields[0].begin:fields[0].end]); ok && len(fields) == len(names)+1 && fields[1].end == names[0].end {
		return nil
	}
	cells := make([][]byte, len(names))
	begin, next := 0, 0
	for j, name := range names {
		i := slices.IndexFunc(fields[next:], func(field place) bool { return field.end == name.end })
		if i < 0 {
			return nil
		}
		cells[j] = plaintext.Trim(row[begin:name.end])
		begin, next = name.end, next+i+1
	}
	if next < len(fields) {
		return nil
	}
	return cells
}
