package losslog

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/decimal"
)

// sniffed tables: how a text's lines are told to be a table's rows.

// tableLines is how many lines of a sample are looked at.
const tableLines = 400

// sniffCSV recognises a table whose lines, but for a few at the beginning, are rows.
func sniffCSV(sample []byte) (*csvScanner, bool) {
	lines, delimiters := sampleLines(sample), []byte{'\t', ',', ';', '|', ' '}
	if len(lines) == 0 {
		return nil, false
	}
	if first := bytes.TrimRight(lines[0], "\r"); len(first) == 5 && bytes.HasPrefix(bytes.ToLower(first), []byte("sep=")) {
		lines, delimiters = lines[1:], []byte{first[4]}
	}
	for _, delimiter := range delimiters {
		if s, rows := readTable(lines, delimiter); s != nil && rows*10 >= len(lines)*6 {
			return s, true
		}
	}
	return nil, false
}

// sampleLines returns the first whole lines that are not empty.
func sampleLines(sample []byte) [][]byte {
	var lines [][]byte
	for len(sample) > 0 && len(lines) < tableLines {
		line, rest, _ := bytes.Cut(sample, newline)
		sample = rest
		if line = bytes.TrimRight(line, "\r"); len(trim(line)) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// readTable reads lines as a table's, and returns how many are rows, or belong to it otherwise.
func readTable(lines [][]byte, delimiter byte) (*csvScanner, int) {
	return readFields(lines, &csvScanner{delimiter: delimiter, long: -1, value: -1})
}

func readFields(lines [][]byte, s *csvScanner) (*csvScanner, int) {
	delimiter := s.delimiter
	edged := 0
	for _, line := range lines {
		if text := trim(line); delimiter == '|' && len(text) > 2 && text[0] == '|' && text[len(text)-1] == '|' {
			edged++
		}
	}
	s.edges = edged*10 >= len(lines)*3 || edged >= 4
	counts, first := s.countFields(lines)
	// The most frequent number of fields among lines of numbers is that of rows.
	count := s.fields
	for n, rows := range counts {
		if s.fields == 0 && (rows > counts[count] || rows == counts[count] && n > count) {
			count = n
		}
	}
	if counts[count] == 0 {
		return nil, 0
	}
	rows, begin := counts[count], first[count]
	s.learn(s.cells(lines[begin]))
	s.findHeader(lines[:begin], count)
	if s.names == nil {
		if s.gaps {
			return nil, 0
		}
		if delimiter == ' ' && (count > 1 && rows*10 < len(lines)*9 || count == 1 && rows < len(lines)) {
			return nil, 0
		}
		for i := range count {
			s.names = append(s.names, strconv.Itoa(i+1))
		}
	}
	belong := begin
	for _, line := range lines[begin:] {
		cells := s.cells(line)
		if len(cells) == count && s.fits(cells) || s.skips(line) || delimiter != ' ' && delimiter != '|' && len(cells) == count {
			belong++
		}
	}
	if begin > 20 {
		belong -= begin
	}
	if delimiter != ' ' && delimiter != '|' && allProse(lines[begin:], delimiter, s.header == nil) {
		return nil, 0
	}
	s.findDecimalComma(lines[begin:])
	s.findLong(lines[begin:])
	s.loose = belong < len(lines)*9/10 && delimiter == '|'
	return s, belong
}

// countFields returns how many lines of numbers there are by their number of fields, and the first of these.
func (s *csvScanner) countFields(lines [][]byte) (counts, first map[int]int) {
	counts, first = make(map[int]int), make(map[int]int)
	for i, line := range lines {
		cells := s.cells(line)
		if line[0] == '#' || len(cells) < 2 && !(s.delimiter == ' ' && len(cells) == 1) || !s.isRow(cells) {
			continue
		}
		if counts[len(cells)]++; counts[len(cells)] == 1 {
			first[len(cells)] = i
		}
	}
	return counts, first
}

// findHeader looks for the names of columns in the lines right above the first row.
func (s *csvScanner) findHeader(above [][]byte, count int) {
	for i := len(above) - 1; i >= 0 && i >= len(above)-6; i-- {
		line := above[i]
		if isRule(trim(line)) {
			continue
		}
		names, ok := s.headerCells(line, count)
		if !ok {
			s.findFarHeader(above[:i], count)
			return
		}
		s.header = [][]byte{line}
		s.names = names
		// A second line above may hold the beginnings of the names.
		if i > 0 && s.delimiter != ',' && !isRule(trim(above[i-1])) && (s.delimiter != ' ' || standsAbove(above[i-1], line)) {
			if more, ok := s.headerCells(above[i-1], count); ok && (s.delimiter != ' ' || len(splitGaps(above[i-1])) == count) {
				s.header = append(s.header, above[i-1])
				for j := range names {
					s.names[j] = string(trim([]byte(more[j] + " " + names[j])))
				}
			}
		}
		for j, name := range s.names {
			if name == "" {
				s.names[j] = strconv.Itoa(j + 1) // as of an index
			}
		}
		return
	}
}

// standsAbove says whether each word of a line stands above one of the next.
func standsAbove(upper, lower []byte) bool {
	at := func(line []byte, i int) bool { return i < len(line) && line[i] > ' ' }
	for i := 0; i < len(upper); {
		covered := false
		for ; at(upper, i); i++ {
			covered = covered || at(lower, i)
		}
		if i > 0 && at(upper, i-1) && !covered {
			return false
		}
		i++
	}
	return true
}

// findFarHeader looks for the names of columns further above, of which one says what counts.
func (s *csvScanner) findFarHeader(above [][]byte, count int) {
	if s.delimiter != ' ' || count < 4 {
		return
	}
	for i := len(above) - 1; i >= 0; i-- {
		names, ok := s.headerCells(above[i], count)
		if ok && slices.ContainsFunc(names, isCounterName) {
			s.header, s.names = [][]byte{above[i]}, names
			return
		}
	}
}

// isCounterName says whether the name of a column is of what counts steps or epochs.
func isCounterName(name string) bool {
	kind := counterOf(name)
	return kind <= epochs && kind != strangers && !strings.ContainsAny(name, "[]|/")
}

// headerCells returns the names that a line holds, if there are as many as fields of rows.
func (s *csvScanner) headerCells(line []byte, count int) ([]string, bool) {
	line = bytes.TrimRight(line, "\r")
	if line[0] == '#' {
		line = trim(bytes.TrimLeft(line, "# "))
	}
	cells := s.cells(line)
	if len(cells) != count && s.delimiter == ' ' {
		cells = splitGaps(line)
	}
	var names []string
	if len(cells) == count-1 && s.delimiter == ' ' && len(line) > 0 && line[0] == ' ' {
		names = append(names, "") // the rows' index, as programs print data frames
		count--
	} else if len(cells) == count+1 && s.delimiter == ' ' && count > 2 && isCounterName(string(cells[0])) {
		cells = cells[:count] // the last column is of remarks
	}
	if len(cells) != count || !areNames(cells) {
		return nil, false
	}
	for _, cell := range cells {
		names = append(names, fieldText(cell))
	}
	return names, true
}

// areNames says whether fields may be names of columns: no numbers, and not all empty.
func areNames(cells [][]byte) bool {
	named := 0
	for _, cell := range cells {
		text := unquote(cell)
		if _, ok := wholeNumber(text); ok {
			return false
		}
		if len(text) > 0 {
			named++
		}
	}
	return named*2 >= len(cells)
}

// isRow says whether fields are a row's: numbers for the most part, and no sentence.
func (s *csvScanner) isRow(cells [][]byte) bool {
	numbers, strange := 0, 0
	for _, cell := range cells {
		text := unquote(cell)
		switch {
		case isNothing(text):
		case isCellNumber(text):
			numbers++
		default:
			strange++
		}
	}
	if s.delimiter == ' ' || s.delimiter == '|' {
		// Prose is separated by these, too.
		least := 4
		if s.edges {
			least = 3
		}
		return numbers > 0 && strange <= min(1, len(cells)/least)
	}
	return numbers > 0 && strange <= max(1, numbers)
}

// isCellNumber says whether a field is a number, a time, or a number with a unit.
func isCellNumber(text []byte) bool {
	if _, _, ok := partOf(text); ok {
		return true
	}
	if _, ok := listSum(text); ok {
		return true
	}
	if len(text) > 40 || len(text) == 0 {
		return false
	}
	if end := clock(text, 0); end == len(text) && end > 0 {
		return true
	}
	value, n := decimal.Parse(text)
	if n == 0 || value-value != 0 {
		return false
	}
	// A short unit: "0.5%", "2.3G", "640:", a decimal comma.
	rest := text[n:]
	if rest[0] == ',' {
		_, more := decimal.Parse(rest[1:])
		return more > 0 && more == len(rest)-1
	}
	for _, c := range rest {
		if classes[c]&letterClass == 0 && c != '%' && c != ':' && c != '/' {
			return false
		}
	}
	return len(rest) <= 5
}

// partOf reads a number, or the 10 of "10/600".
func partOf(text []byte) (value, total float64, ok bool) {
	if n := len(text); n > 1 && text[n-1] == ':' {
		text = text[:n-1]
	}
	if value, ok = wholeNumber(text); ok {
		return value, -1, true
	}
	if i := bytes.IndexByte(text, '/'); i > 0 {
		value, ok = wholeNumber(trim(text[:i]))
		if ok {
			total, ok = wholeNumber(trim(text[i+1:]))
		}
		return value, total, ok
	}
	return 0, -1, false
}

// isNothing says whether a field stands for none.
func isNothing(text []byte) bool {
	switch string(text) {
	case "", "-", "--", "null", "None", "none", "NULL", "NA", "N/A", "n/a", "No log":
		return true
	}
	return false
}

// isRule says whether a line is drawn, as between the header of a table and its rows.
func isRule(text []byte) bool {
	if len(text) < 2 {
		return false
	}
	for _, c := range text {
		if c != '-' && c != '=' && c != '+' && c != '|' && c != ':' && c != ' ' && c != '~' && c != '_' && c != '\t' && c != '*' {
			return false
		}
	}
	return true
}

// splitFields splits a line; quoted fields may hold the delimiter.
func splitFields(line []byte, delimiter byte) [][]byte { return appendFields(nil, line, delimiter) }

// appendFields adds the fields of a line to others.
func appendFields(fields [][]byte, line []byte, delimiter byte) [][]byte {
	if delimiter == ' ' {
		for i := 0; i < len(line); {
			for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
				i++
			}
			begin := i
			for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' {
				i++
			}
			if i > begin {
				fields = append(fields, line[begin:i])
			}
		}
		return fields
	}
	for {
		end := fieldEnd(line, 0, delimiter)
		fields = append(fields, line[:end])
		if end >= len(line) {
			return fields
		}
		line = line[end+1:]
	}
}

// splitEdges splits a row between bars.
func splitEdges(line []byte) [][]byte {
	line = trim(line)
	if len(line) == 0 || line[0] != '|' {
		return nil
	}
	line = line[1:]
	if line = trim(line); len(line) > 0 && line[len(line)-1] == '|' {
		line = line[:len(line)-1]
	}
	cells := bytes.Split(line, []byte("|"))
	for i := range cells {
		cells[i] = trim(cells[i])
	}
	return cells
}

// splitGaps splits a line where several spaces, or a tab, are.
func splitGaps(line []byte) (cells [][]byte) {
	begin := -1
	for i := 0; i <= len(line); i++ {
		gap := i == len(line) || line[i] == '\t' || line[i] == ' ' && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t')
		if gap && begin >= 0 {
			cells = append(cells, trim(line[begin:i]))
			begin = -1
		} else if !gap && begin < 0 && line[i] != ' ' {
			begin = i
		}
	}
	return cells
}

// findDecimalComma looks for numbers such as "0,5" where commas do not separate fields.
func (s *csvScanner) findDecimalComma(rows [][]byte) {
	if s.delimiter == ',' {
		return
	}
	commas, points := 0, 0
	for _, row := range rows {
		for _, cell := range s.cells(row) {
			cell = unquote(cell)
			if i := bytes.IndexByte(cell, ','); i > 0 && cell[0] != '[' && isCellNumber(cell) {
				commas++
			} else if bytes.IndexByte(cell, '.') > 0 && isCellNumber(cell) {
				points++
			}
		}
	}
	s.decimalComma = commas > points
}

// findLong looks for a column of names and one of numbers that these name.
func (s *csvScanner) findLong(rows [][]byte) {
	const mostNames = 200
	names := make(map[int]map[string]int)
	decimals := make(map[int]int)
	for _, row := range rows {
		cells := s.cells(row)
		if len(cells) != len(s.names) {
			continue
		}
		for i, cell := range cells {
			cell = unquote(cell)
			if value, ok := s.cellNumber(cell); ok {
				if value != float64(int64(value)) {
					decimals[i]++
				}
			} else if len(cell) > 0 && len(cell) < 100 {
				if names[i] == nil {
					names[i] = make(map[string]int)
				}
				names[i][string(cell)]++
			}
		}
	}
	long, value := -1, -1
	for i := range s.names {
		found := names[i]
		losses := 0
		rowsNamed := 0
		for name, n := range found {
			rowsNamed += n
			if mean(name).strength >= measure {
				losses++
			}
		}
		if losses > 0 && len(found) >= 2 && len(found) <= mostNames && rowsNamed*10 >= len(rows)*9 {
			long = i
		}
	}
	if long < 0 {
		return
	}
	for i, name := range s.names {
		if i == long || decimals[i] == 0 {
			continue
		}
		if m := mean(name); m.strength > excluded || len(words(name)) == 1 && words(name)[0] == "value" {
			if value >= 0 {
				return // which is not clear
			}
			value = i
		}
	}
	if value >= 0 {
		s.long, s.value = long, value
	}
}

// allProse says whether the fields hold keys beside their values, as text logs do ("step 1, loss 2"): such a log is
// no table though commas separate it. Where no line names the columns, fewer keys are enough.
func allProse(lines [][]byte, delimiter byte, nameless bool) bool {
	prose := 0
	for _, line := range lines {
		fields := splitFields(line, delimiter)
		whole, keyed := 0, 0
		for _, field := range fields {
			if _, ok := wholeNumber(field); ok {
				whole++
			} else if bytes.ContainsAny(field, ":=") || bytes.ContainsRune(trim(field), ' ') {
				keyed++
			}
		}
		if keyed > whole || nameless && keyed*2 > whole {
			prose++
		}
	}
	return prose*2 > len(lines)
}
