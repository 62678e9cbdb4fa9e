package losslog

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// findHeader looks for the names of columns in the lines right above the first row, whose fields are given.
func (s *csvScanner) findHeader(above, first [][]byte) {
	count := len(first)
	for i := len(above) - 1; i >= 0 && i >= len(above)-6; i-- {
		line := above[i]
		if plaintext.IsRule(plaintext.Trim(line)) || areTypes(line) {
			continue
		}
		names, ok := s.headerCells(line, count)
		s.header = [][]byte{line}
		if !ok && i > 0 {
			if names, ok = s.indexed(above[i-1], line, count); ok {
				i--
				s.header = append(s.header, above[i])
			}
		}
		if !ok {
			names, ok = s.namesButOne(line, first)
		}
		if !ok && i > 0 && s.delimiter == ' ' {
			if names, ok = namesInTwoLines(above[i-1], line, count); ok && !misnames(names, first) {
				s.header, s.names = [][]byte{line, above[i-1]}, names
				return
			}
		}
		if !ok || misnames(names, first) {
			if s.header = nil; !ok {
				s.findFarHeader(above[:i], first)
			}
			return
		}
		s.names = names
		s.joinAbove(above[:i], above[i])
		for j, name := range s.names {
			if name == "" {
				s.names[j] = strconv.Itoa(j + 1) // as of an index
			}
		}
		return
	}
}

// joinAbove adds lines above that of the names. They may hold the beginnings of these, "loss,loss" above "train,val", of which one may stand for
// several columns, or the names themselves, where units stand below them. Between commas these have to tell losses that the names
// do not, or do not tell apart.
func (s *csvScanner) joinAbove(above [][]byte, line []byte) {
	const most = 3
	names, header, told := s.names, s.header, tellLosses(s.names)
	for k := range most {
		if len(above) == 0 || told && s.delimiter == ',' {
			return
		}
		upper := above[len(above)-1]
		if bytes.IndexByte(upper, s.delimiter) < 0 || plaintext.IsRule(plaintext.Trim(upper)) || s.delimiter == ' ' && !standsAbove(upper, line) {
			return
		}
		more, ok := s.headerCells(upper, len(names))
		if !ok || s.delimiter == ' ' && len(splitGaps(upper)) != len(names) {
			return
		}
		whole := !told && nameAll(more, names)
		if k > 0 && s.delimiter != ',' && !whole {
			return
		}
		if !whole {
			for j, name := range names {
				if !told && more[j] == "" && name != "" && j > 0 && !isCounterName(name) {
					more[j] = more[j-1]
				}
				more[j] = string(plaintext.Trim([]byte(more[j] + " " + name)))
			}
		}
		names, header, told = more, append(header, upper), tellLosses(more)
		if s.delimiter != ',' || told {
			s.names, s.header = names, header
		}
		if told {
			return
		}
		above, line = above[:len(above)-1], upper
	}
}

// nameAll says whether names of columns need none of those below them: each has one, and what counts is among them, and a loss.
func nameAll(names, below []string) bool {
	for i, name := range names {
		if name == "" && below[i] != "" {
			return false
		}
	}
	return slices.ContainsFunc(names, isCounterName) && tellLosses(names)
}

// tellLosses says whether losses or measures are among the names of columns, and no two names of them are the same.
func tellLosses(names []string) (tell bool) {
	for i, name := range names {
		if tellsLoss(name) {
			if slices.Contains(names[:i], name) {
				return false
			}
			tell = true
		}
	}
	return tell
}

// namesInTwoLines returns the names of columns that a line begins and the one below it ends, where not all have a word in that: "average  since
// examples" above "loss  last".
func namesInTwoLines(upper, lower []byte, count int) (names []string, ok bool) {
	columns, words := placesOf(bytes.TrimRight(upper, "\r")), placesOf(bytes.TrimRight(lower, "\r"))
	if len(columns) != count || len(words) >= count || count < 3 || !areNames(splitFields(upper, ' ')) || !areNames(splitFields(lower, ' ')) {
		return nil, false
	}
	for _, at := range columns {
		name := string(upper[at.begin:at.end])
		if len(words) > 0 && words[0].begin < at.end && at.begin < words[0].end {
			name += " " + string(lower[words[0].begin:words[0].end])
			words = words[1:]
		}
		names = append(names, name)
	}
	return names, len(words) == 0
}

// namesButOne returns the names of a line where rows have one field more, which has no name: it is empty in the first of them, or their own
// name, as R writes it.
func (s *csvScanner) namesButOne(line []byte, first [][]byte) (names []string, ok bool) {
	isEmpty := func(cell []byte) bool { return len(unquote(cell)) == 0 }
	at := slices.IndexFunc(first, isEmpty)
	if last := len(first) - 1; last >= 0 && isEmpty(first[last]) {
		at = last // a delimiter ends each row
	}
	if s.delimiter == '|' || len(first) < 3 || at < 0 && line[0] == ' ' || at >= 0 && (s.delimiter == ' ' || len(first) < 4) {
		return nil, false
	}
	names, ok = s.headerCells(line, len(first)-1)
	if !ok || !slices.ContainsFunc(names, tellsLoss) || at < 0 && !namesRow(names, first) {
		return nil, false
	}
	return slices.Insert(names, max(at, 0), ""), true
}

// namesRow says whether the first field of a row, which has one more than there are names, is the row's own name: it is quoted, as the names are, or
// what the names say that it counts is a whole number behind it.
func namesRow(names []string, row [][]byte) bool {
	counter := slices.IndexFunc(names, isCounterName)
	if counter < 0 {
		return row[0][0] == '"'
	}
	value, ok := wholeNumber(row[counter+1])
	return ok && decimal.IsWhole(value)
}

// misnames says whether names are of other rows than one with these fields, in which what should count is a text.
func misnames(names []string, row [][]byte) bool {
	for i, cell := range row {
		if text := unquote(cell); isCounterName(names[i]) && !plaintext.IsNothing(text) && !isCellNumber(text) {
			return true
		}
	}
	return false
}

// typeNames are of what columns hold, as programs that print data frames say below the names.
var typeNames = lexicon.Set("int int8 int16 int32 int64 uint8 uint16 uint32 uint64 integer i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 float16 float32 float64 float" +
	" double dbl num chr char lgl fct fctr dttm posc str string bool boolean number numeric object datetime ---")

// areTypes says whether a line holds nothing but the types of columns.
func areTypes(line []byte) bool {
	cells := bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == '|' || r == ',' || r == '\r' })
	return len(cells) > 1 && !slices.ContainsFunc(cells, func(cell []byte) bool {
		return !typeNames[strings.ToLower(string(bytes.Trim(cell, "<>?")))]
	})
}

// indexed returns the names of columns above a line that names nothing but the rows' index, as data frames are printed or written.
func (s *csvScanner) indexed(above, line []byte, count int) (names []string, ok bool) {
	index := s.cells(bytes.TrimRight(line, "\r"))
	if s.delimiter == ' ' && (len(index) != 1 || line[0] == ' ') || s.delimiter != ' ' && len(index) != count {
		return nil, false
	}
	if names, ok = s.headerCells(above, count); !ok {
		return nil, false
	}
	for i, cell := range index {
		name := fieldText(cell)
		switch {
		case name == "":
			continue
		case isCounterName(names[i]) || tellsLoss(names[i]) || isCellNumber([]byte(name)):
			return nil, false
		}
		names[i] = name
	}
	return names, true
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
func (s *csvScanner) findFarHeader(above, first [][]byte) {
	count := len(first)
	if count < 2 || s.delimiter == ' ' && count < 4 {
		return
	}
	for i := len(above) - 1; i >= 0; i-- {
		names, ok := s.headerCells(above[i], count)
		if ok && slices.ContainsFunc(names, isCounterName) && !misnames(names, first) {
			s.header, s.names = [][]byte{above[i]}, names
			return
		}
	}
}

// isCounterName says whether the name of a column is of what counts steps or epochs.
func isCounterName(name string) bool {
	return lexicon.CounterOf(name).IsNamed() && !strings.ContainsAny(name, "[]|/")
}

// isLossName says whether the name of a column is a loss's.
func isLossName(cell []byte) bool { return lexicon.MeaningOf(fieldText(cell)).Strength == lexicon.Loss }

// tellsLoss says whether the name of a column is of a loss or a measure.
func tellsLoss(name string) bool { return lexicon.MeaningOf(name).Strength >= lexicon.Measure }

// headerCells returns the names that a line holds, if there are as many as fields of rows.
func (s *csvScanner) headerCells(line []byte, count int) ([]string, bool) {
	line = bytes.TrimRight(line, "\r")
	if line[0] == '#' {
		line = plaintext.Trim(bytes.TrimLeft(line, "#! "))
		if first, names, ok := bytes.Cut(line, []byte{' '}); ok && namesFields(first) {
			line = plaintext.TrimStart(names) // "#! FIELDS step loss"
		}
	}
	cells := s.cells(line)
	isIndexed := func() bool { return len(cells) == count-1 && s.delimiter == ' ' && len(line) > 0 && line[0] == ' ' }
	if len(cells) != count && s.delimiter == ' ' && (count > 1 || isTitle(line)) {
		if gaps := splitGaps(line); len(gaps) == count || !isIndexed() {
			cells = gaps
		}
	}
	var names []string
	if isIndexed() {
		names = append(names, "") // the rows' index, as programs print data frames
		count--
	} else if len(cells) > count && s.delimiter != ' ' && s.delimiter != '|' && count > 2 && areNames(cells) && slices.ContainsFunc(cells[:count], isLossName) {
		cells = cells[:count] // rows end where nothing more is to be said
	} else if len(cells) == count+1 && s.delimiter == ' ' && count > 2 && isCounterName(string(cells[0])) {
		cells = cells[:count] // the last column is of remarks
	}
	if len(cells) != count || !areNames(cells) {
		if cells = joinedWords(line, count); cells == nil {
			cells = s.otherwiseParted(line, count)
		}
		if cells == nil {
			return nil, false
		}
	}
	for _, cell := range cells {
		if name := fieldText(cell); name != "" && s.delimiter == ' ' && slices.Contains(names, name) {
			return nil, false // words of several names, as of "train loss" and "test loss", above the words of a row
		}
		names = append(names, fieldText(cell))
	}
	return names, true
}

// namesFields says whether a word stands before the names of columns.
func namesFields(word []byte) bool {
	switch strings.ToLower(strings.TrimRight(string(word), ":=")) {
	case "fields", "columns", "cols", "format":
		return true
	}
	return false
}

// joinedWords returns the names that the words of a line make if some of them, as people put them, are of one name: "epoch train loss val loss"
// above three columns. It is nil if these are not as many as the columns.
func joinedWords(line []byte, count int) (names [][]byte) {
	words := placesOf(bytes.ReplaceAll(line, []byte{'\t'}, []byte{' '}))
	if len(words) <= count || count < 2 {
		return nil
	}
	text := func(i int) string { return strings.ToLower(string(line[words[i].begin:words[i].end])) }
	for i := 0; i < len(words); i++ {
		begin := words[i].begin
		for i+1 < len(words) && lexicon.Joins(text(i), text(i+1)) {
			i++
		}
		names = append(names, line[begin:words[i].end])
	}
	if len(names) != count || !areNames(names) || !slices.ContainsFunc(names, isLossName) {
		return nil
	}
	return names
}

// otherwiseParted returns the names of a header that other marks part than its rows, as where a program writes "step,loss" above tabs.
func (s *csvScanner) otherwiseParted(line []byte, count int) [][]byte {
	for _, delimiter := range []byte("\t,; ") {
		if delimiter == s.delimiter || count < 2 {
			continue
		}
		if cells := splitFields(line, delimiter); len(cells) == count && areNames(cells) && (slices.ContainsFunc(cells, isLossName) ||
			delimiter != ' ' && slices.ContainsFunc(cells, func(cell []byte) bool { return isCounterName(fieldText(cell)) })) {
			return cells
		}
	}
	return nil
}

// isTitle says whether a line may name a column that is the only one: a few words.
func isTitle(line []byte) bool {
	const most = 4
	return len(bytes.Fields(line)) <= most && !bytes.ContainsAny(line, "0123456789:=")
}

// areNames says whether fields may be names of columns: no numbers, with names or without, and not all empty.
func areNames(cells [][]byte) bool {
	named := 0
	for _, cell := range cells {
		text := unquote(cell)
		if _, ok := wholeNumber(bytes.TrimLeft(text[bytes.LastIndex(text, []byte(": "))+1:], " [(")); ok {
			return false
		}
		if len(text) > 0 {
			named++
		}
	}
	return named*2 >= len(cells)
}
