package losslog

import (
	"bytes"
	"maps"
	"slices"

	"alrc/internal/losslog/lexicon"
)

// fewestRows is how many rows a table among other lines has at least.
const fewestRows = 3

// sniffTable recognises a table with names above its columns among other lines: of several, the one whose names tell most of losses.
// It may begin behind much else.
func sniffTable(sample []byte) (*csvScanner, bool) {
	lines, rest := sampleLines(sample)
	s, ok := tableAmong(lines)
	if ok && s.namesLoss() {
		return s, true
	}
	if later := lossHeader(rest); later != nil {
		lines, _ = sampleLines(later)
		if t, found := tableAmong(lines); found && t.namesLoss() {
			return t, true
		}
	}
	return s, ok
}

// lossHeader returns text from the first line on that holds nothing but names, of a loss and of what counts among them; nil if there is none.
func lossHeader(text []byte) []byte {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, newline)
		if !bytes.ContainsAny(line, "0123456789:=") {
			if names := bytes.FieldsFunc(line, func(r rune) bool { return r == '|' || r == ' ' || r == '\t' || r == ',' }); len(names) > 2 && len(names) < 50 &&
				slices.ContainsFunc(names, isLossName) && slices.ContainsFunc(names, func(name []byte) bool { return isCounterName(string(name)) }) {
				return text
			}
		}
		text = rest
	}
	return nil
}

// tableAmong is sniffTable for some lines.
func tableAmong(lines [][]byte) (*csvScanner, bool) {
	var best *csvScanner
	most, mostRows := 0, 0
	add := func(s *csvScanner, rows int) {
		if s == nil || rows < fewestRows || s.header == nil {
			return
		}
		tells := 0 // of losses, and what counts their steps
		for _, name := range s.names {
			tells = max(tells, 2*int(lexicon.MeaningOf(name).Strength))
		}
		for _, name := range s.names {
			if isCounterName(name) {
				tells |= 1
			}
		}
		if tells < 2*int(lexicon.Measure) && tells&1 == 0 {
			return // of neither
		}
		if s.loose = true; best == nil || tells > most || tells == most && rows > mostRows {
			best, most, mostRows = s, tells, rows
		}
	}
	if s, rows := openTable(lines); s != nil {
		add(s, rows) // its rows are below its names, which other rows may only seem to be
	}
	for _, delimiter := range []byte{'|', '\t', ' '} {
		add(readTable(lines, delimiter))
	}
	counts, _ := (&csvScanner{delimiter: ' '}).countFields(lines)
	for _, n := range slices.Sorted(maps.Keys(counts)) {
		if counts[n] >= fewestRows && n > 2 {
			add(readFields(lines, &csvScanner{delimiter: ' ', long: -1, value: -1, fields: n}))
		}
	}
	if holdLists(lines) {
		add(gapTable(lines))
	}
	if s, rows := readTable(lines, ','); s != nil && len(s.names) > 2 {
		add(s, rows)
	}
	if best == nil {
		add(gapTable(lines))
	}
	return best, best != nil
}

// holdLists says whether several lines have fields that are lists, as "[0.5, 0.1]".
func holdLists(lines [][]byte) bool {
	lists := 0
	for _, line := range lines {
		if slices.ContainsFunc(splitGaps(line), func(cell []byte) bool { _, ok := listSum(cell); return ok }) {
			lists++
		}
	}
	return lists >= 3
}

// gapTable recognises a table whose fields hold lists, or numbers with units, so that only several spaces part them.
func gapTable(lines [][]byte) (*csvScanner, int) {
	s, rows := readFields(lines, &csvScanner{delimiter: ' ', gaps: true, long: -1, value: -1})
	if s == nil || s.header == nil || len(s.names) < 2 {
		return nil, 0
	}
	s.loose = true
	return s, rows
}

// openTable looks for names above rows that have more fields than there are names: the rest is a progress bar. Of several lines that may be
// the names, the last one above the first row is.
func openTable(lines [][]byte) (*csvScanner, int) {
	s := &csvScanner{delimiter: ' ', long: -1, value: -1, loose: true}
	all, named := make([][][]byte, len(lines)), make([]bool, len(lines))
	for i, line := range lines {
		all[i] = s.cells(line)
		named[i] = len(all[i]) >= 3 && areNames(all[i])
	}
	for i, line := range lines {
		names := all[i]
		if !named[i] {
			continue
		}
		rows := 0
		s.numeric = nil
		for j, cells := range all[i+1:] {
			if rows == 0 && len(cells) == len(names) && named[i+1+j] {
				names, line = cells, lines[i+1+j]
			}
			if len(cells) > len(names) && s.rowBefore(cells, len(names)) {
				if rows++; rows == 1 {
					s.learn(cells[:len(names)])
				}
			}
		}
		if rows >= 3 {
			for _, name := range names {
				s.names = append(s.names, string(name))
			}
			s.header, s.bars = [][]byte{line}, true
			return s, rows
		}
	}
	return nil, 0
}

// rowBefore says whether the first n fields are a row's, and others of no matter follow: the last ends with a colon.
func (s *csvScanner) rowBefore(cells [][]byte, n int) bool {
	return bytes.HasSuffix(cells[n-1], []byte(":")) && s.isRow(cells[:n])
}
