package losslog

import (
	"bytes"
	"slices"
	"strconv"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// tableLines is how many lines of a sample are looked at.
const tableLines = 400

// sniffCSV recognises a table whose lines, but for a few at the beginning, are rows.
func sniffCSV(sample []byte) (*csvScanner, bool) {
	lines, _ := sampleLines(sample)
	delimiters := []byte{'\t', ';', ',', '|', ' '} // commas may be of decimals between semicolons
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

// sampleLines returns the first lines that are not empty, and what follows them.
func sampleLines(sample []byte) (lines [][]byte, rest []byte) {
	for len(sample) > 0 && len(lines) < tableLines {
		var line []byte
		line, sample, _ = bytes.Cut(sample, newline)
		if line = bytes.TrimRight(line, "\r"); len(plaintext.Trim(line)) > 0 {
			lines = append(lines, line)
		}
	}
	return lines, sample
}

// readTable reads lines as a table's, and returns how many are rows, or belong to it otherwise.
func readTable(lines [][]byte, delimiter byte) (*csvScanner, int) {
	return readFields(lines, &csvScanner{delimiter: delimiter, long: -1, value: -1})
}

func readFields(lines [][]byte, s *csvScanner) (*csvScanner, int) {
	delimiter := s.delimiter
	edged := 0
	for _, line := range lines {
		if text := plaintext.Trim(line); delimiter == '|' && len(text) > 2 && text[0] == '|' && text[len(text)-1] == '|' {
			edged++
		}
	}
	s.edges = edged*10 >= len(lines)*3 || edged >= 4
	s.sure = edged*10 >= len(lines)*9 && slices.ContainsFunc(lines, func(line []byte) bool { return plaintext.IsRule(line) && bytes.Count(line, []byte("|")) > 2 }) ||
		isFilled(lines, delimiter) || delimiter == ' ' && isTyped(lines)
	if delimiter == ' ' && !s.gaps && s.fields == 0 {
		if s.places = aligned(lines); s.places == nil {
			s.places = spacedNames(lines)
			s.spaced = s.places != nil
		}
	}
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
	row := s.cells(lines[begin])
	s.learn(row)
	s.findHeader(lines[:begin], row)
	if delimiter != ' ' && delimiter != '|' && !s.namesLoss() {
		if i := s.headerBelow(lines, begin); i > begin {
			begin, row = i, s.cells(lines[i])
		}
	}
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
		s.nameByRows(row, lines[begin:])
	}
	belong := begin
	for _, line := range lines[begin:] {
		cells := s.cells(line)
		if len(cells) == count && s.fits(cells) || s.skips(line) || delimiter != ' ' && delimiter != '|' && len(cells) == count {
			belong++
		}
	}
	most := 20 // lines above that are no other text
	if delimiter != ' ' && delimiter != '|' {
		most = min(most, 5+rows)
	}
	if begin > most {
		belong -= begin
	}
	if delimiter != ' ' && delimiter != '|' {
		likely := lines[begin:]
		if s.header != nil { // other lines may stand below
			likely = slices.DeleteFunc(slices.Clone(likely), func(line []byte) bool { return len(s.cells(line)) != count })
		}
		if allProse(likely, delimiter, s.header == nil) {
			return nil, 0
		}
	}
	s.findDecimalComma(lines[begin:])
	s.findLong(lines[begin:])
	s.loose = belong < len(lines)*9/10 && delimiter == '|'
	for n, at := range first {
		s.loose = s.loose || s.header != nil && n != count && at < begin // numbers of others stand above
	}
	return s, belong
}

// headerBelow looks for names that tell a loss below lines that only seem to be rows, as settings are that stand above the names: "rate,0.1,,".
// It returns the first row below them; begin where there are none.
func (s *csvScanner) headerBelow(lines [][]byte, begin int) int {
	const farthest = 20
	isRow := func(i int) bool {
		cells := s.cells(lines[i])
		return len(cells) == len(s.numeric) && s.isRow(cells)
	}
	for i := begin + 1; i < min(len(lines), begin+farthest); i++ {
		if isRow(i-1) || !isRow(i) {
			continue
		}
		t := *s
		t.header, t.names, t.numeric = nil, nil, nil
		row := s.cells(lines[i])
		t.learn(row)
		if t.findHeader(lines[:i], row); t.namesLoss() {
			t.header = append(t.header, lines[begin:i]...)
			*s = t
			return i
		}
	}
	return begin
}

// nameByRows names columns by what stands before their numbers in each row, "step,10,loss,0.5", where a loss is named so.
func (s *csvScanner) nameByRows(first [][]byte, lines [][]byte) {
	names, tells := slices.Clone(s.names), false
	for i := 1; i < len(first); i++ {
		name := unquote(first[i-1])
		if s.numeric[i] && !s.numeric[i-1] && !plaintext.IsNothing(name) {
			names[i] = string(name)
			tells = tells || isLossName(name)
		}
	}
	if !tells {
		return
	}
	for _, line := range lines {
		cells := s.cells(line)
		for i, name := range names {
			if len(cells) == len(first) && name != s.names[i] && string(unquote(cells[i-1])) != name {
				return
			}
		}
	}
	s.names = names
}

// isFilled says whether nearly all lines are parted into as many fields as the first one has names. One of the names counts, and, but for
// white space, the rows have numbers below it, and another is of a loss or of what a name beside it says.
func isFilled(lines [][]byte, delimiter byte) bool {
	if len(lines) == 0 || delimiter == '|' {
		return false
	}
	names := splitFields(lines[0], delimiter)
	counter := slices.IndexFunc(names, func(name []byte) bool { return isCounterName(fieldText(name)) })
	if len(names) < 3 || !areNames(names) || counter < 0 ||
		delimiter != ' ' && !slices.ContainsFunc(names, func(name []byte) bool { return isLossName(name) || lexicon.IsValue(fieldText(name)) }) {
		return false
	}
	filled := 1
	for _, line := range lines[1:] {
		cells := splitFields(line, delimiter)
		filled += flagOf(len(cells) == len(names) && (delimiter == ' ' || isCellNumber(unquote(cells[counter]))))
	}
	return filled*20 >= len(lines)*19
}

// isTyped says whether the types of columns stand below names that white space parts, as above the rows of a data frame.
func isTyped(lines [][]byte) bool {
	const farthest = 30
	for i := 1; i < min(len(lines), farthest); i++ {
		if areTypes(lines[i]) && !plaintext.IsRule(lines[i]) && areNames(splitFields(lines[i-1], ' ')) {
			return true
		}
	}
	return false
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

// isRow says whether fields are a row's: numbers for the most part, and no sentence.
func (s *csvScanner) isRow(cells [][]byte) bool {
	numbers, strange, bracketed := 0, 0, 0
	for _, cell := range cells {
		text := unquote(cell)
		bracketed += flagOf(len(text) > 0 && text[0] == '[')
		if i := bytes.IndexByte(text, ' '); (s.gaps || s.spaced) && i > 0 && text[0] != '[' {
			text = text[:i] // "0.5 sec", a date and a time
		}
		switch {
		case plaintext.IsNothing(text):
		case isCellNumber(text):
			numbers++
		default:
			strange++
		}
	}
	if strange > 0 && bracketed == len(cells) {
		return false // units below names: "[s];[-];[1e-3]"
	}
	if !s.sure && (s.delimiter == ' ' || s.delimiter == '|') {
		// Prose is separated by these, too.
		least := 4
		if s.edges {
			least = 3
		}
		return numbers > 0 && strange <= min(1, len(cells)/least)
	}
	return numbers > 0 && (strange <= max(1, numbers) || s.sure && s.delimiter != ' ')
}

// learn notes which columns hold numbers in the first row. NaN may stand for a text that is missing.
func (s *csvScanner) learn(cells [][]byte) {
	for _, cell := range cells {
		value, _ := wholeNumber(unquote(cell))
		s.numeric = append(s.numeric, isCellNumber(unquote(cell)) && value == value)
	}
}

// findDecimalComma looks for numbers such as "0,5". A comma before three digits parts thousands where points part fractions, or where commas
// part fields.
func (s *csvScanner) findDecimalComma(rows [][]byte) {
	commas, unclear, points := 0, 0, 0
	for _, row := range rows {
		for _, cell := range s.cells(row) {
			cell = unquote(cell)
			comma, point := bytes.IndexByte(cell, ','), bytes.IndexByte(cell, '.')
			if max(comma, point) <= 0 || cell[0] == '[' || !isCellNumber(cell) {
				continue
			}
			switch {
			case point > comma: // the last one parts the fraction
				points++
			case point < 0 && cell[0] != '0' && len(cell)-comma == len(",000"):
				unclear++
			default:
				commas++
			}
		}
	}
	s.decimalComma = commas > points || points == 0 && unclear > 0 && s.delimiter != ','
}

// allProse says whether the fields hold keys beside their values, as text logs do ("step 1, loss 2"): such a log is
// no table though commas separate it. Where no line names the columns, fewer keys are enough.
func allProse(lines [][]byte, delimiter byte, nameless bool) bool {
	prose := 0
	for _, line := range lines {
		fields := splitFields(line, delimiter)
		whole, keyed := 0, 0
		for _, field := range fields {
			if field = unquote(field); isCellNumber(field) {
				whole++
			} else if bytes.ContainsAny(field, ":=") || bytes.ContainsRune(plaintext.Trim(field), ' ') {
				keyed++
			}
		}
		if keyed > whole || nameless && keyed*2 > whole {
			prose++
		}
	}
	return prose*2 > len(lines)
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
				if !decimal.IsWhole(value) {
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
			if lexicon.MeaningOf(name).Strength >= lexicon.Measure {
				losses++
			}
		}
		if losses > 0 && (len(found) > 1 || lexicon.FieldOf(s.names[i]) == lexicon.Namer && slices.ContainsFunc(s.names, isCounterName)) && len(found) <= mostNames && rowsNamed*10 >= len(rows)*9 {
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
		if m := lexicon.MeaningOf(name); m.Strength > lexicon.Excluded || slices.Equal(lexicon.Words(name), []string{"value"}) {
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
