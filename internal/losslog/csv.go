package losslog

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// csvScanner reads a table of lines: fields that a delimiter separates, or white space.
type csvScanner struct {
	delimiter byte // ' ': runs of white space
	header    []byte
	names     []string

	selection
	lossColumn, stepColumn, batchColumn int
	whereColumns                        []int
	wanted                              []bool // by column
}

// sniffCSV recognises a table by its first lines. The header, where there is one, begins at the first line that is
// no comment.
func sniffCSV(sample []byte) (*csvScanner, bool) {
	lines := sampleLines(sample)
	if len(lines) == 0 {
		return nil, false
	}
	for _, delimiter := range []byte{'\t', ',', ';', '|', ' '} {
		count := len(splitFields(lines[0], delimiter))
		if count < 2 && !(delimiter == ' ' && count == 1) {
			continue
		}
		same, numeric := 0, 0
		for _, line := range lines[1:] {
			fields := splitFields(line, delimiter)
			if len(fields) == count {
				same++
			}
			for _, field := range fields {
				if _, ok := wholeNumber(field); ok || len(trim(field)) == 0 {
					numeric++
					break
				}
			}
		}
		rest := len(lines) - 1
		first := splitFields(lines[0], delimiter)
		named := true
		for _, field := range first {
			if _, ok := wholeNumber(field); ok {
				named = false
			}
		}
		if allProse(lines, delimiter) || same*10 < rest*6 || numeric*2 < rest || rest == 0 && (named || count == 1 && delimiter != ' ') {
			continue
		}
		if delimiter == ' ' && !allNumbers(lines[1:]) {
			continue
		}
		s := &csvScanner{delimiter: delimiter}
		if named {
			s.header = lines[0]
			for _, field := range first {
				s.names = append(s.names, fieldText(field))
			}
		} else {
			for i := range first {
				s.names = append(s.names, strconv.Itoa(i+1))
			}
		}
		return s, true
	}
	return nil, false
}

// allProse says whether the fields hold keys beside their values, as text logs do ("step 1, loss 2"): such a log is
// no table though commas separate it.
func allProse(lines [][]byte, delimiter byte) bool {
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
		if keyed > whole {
			prose++
		}
	}
	return prose*2 > len(lines)
}

// allNumbers says whether nearly all lines hold nothing but numbers, as tables separated by space do.
func allNumbers(lines [][]byte) bool {
	numbers := 0
	for _, line := range lines {
		whole := true
		for _, field := range bytes.Fields(line) {
			if _, ok := wholeNumber(field); !ok {
				whole = false
			}
		}
		if whole {
			numbers++
		}
	}
	return numbers*10 >= len(lines)*9
}

// sampleLines returns up to 200 whole lines that are neither empty nor comments.
func sampleLines(sample []byte) [][]byte {
	var lines [][]byte
	for len(sample) > 0 && len(lines) < 200 {
		line, rest, _ := bytes.Cut(sample, newline)
		sample = rest
		if line = bytes.TrimRight(line, "\r"); len(trim(line)) > 0 && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

// splitFields splits a line; quoted fields may hold the delimiter.
func splitFields(line []byte, delimiter byte) [][]byte {
	var fields [][]byte
	if delimiter == ' ' {
		return bytes.Fields(line)
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

// fieldEnd returns where the field at i ends: at a delimiter, or at the end of the line.
func fieldEnd(line []byte, i int, delimiter byte) int {
	if i < len(line) && line[i] == '"' {
		for i++; i < len(line); i++ {
			if line[i] != '"' {
				continue
			}
			if i+1 < len(line) && line[i+1] == '"' {
				i++
				continue
			}
			break
		}
	}
	if i >= len(line) {
		return len(line)
	}
	if end := bytes.IndexByte(line[i:], delimiter); end >= 0 {
		return i + end
	}
	return len(line)
}

// unquote takes quotes off a field.
func unquote(field []byte) []byte {
	field = trim(field)
	if len(field) >= 2 && field[0] == '"' && field[len(field)-1] == '"' {
		return field[1 : len(field)-1]
	}
	return field
}

func fieldText(field []byte) string {
	return strings.ReplaceAll(string(unquote(field)), `""`, `"`)
}

func (s *csvScanner) column(name string) (int, error) {
	for i, known := range s.names {
		if known == name {
			return i, nil
		}
	}
	for i, known := range s.names {
		if strings.EqualFold(known, name) {
			return i, nil
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 1 && i <= len(s.names) {
		return i - 1, nil
	}
	return 0, fmt.Errorf("there is no column %q; the columns are %s", name, list(s.names))
}

// list joins names for a message.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// choose returns the scanner of a selection.
func (s *csvScanner) choose(chosen selection) (scanner, error) {
	c := &csvScanner{delimiter: s.delimiter, header: s.header, names: s.names, selection: chosen}
	c.wanted = make([]bool, len(s.names))
	var failed error
	find := func(name string) int {
		if name == "" {
			return -1
		}
		i, err := s.column(name)
		if err != nil {
			failed = err
			return -1
		}
		c.wanted[i] = true
		return i
	}
	c.lossColumn, c.stepColumn, c.batchColumn = find(chosen.loss), find(chosen.step), find(chosen.batch)
	for _, condition := range chosen.where {
		c.whereColumns = append(c.whereColumns, find(condition.Field))
	}
	if failed != nil {
		return nil, failed
	}
	last := len(c.wanted)
	for last > 0 && !c.wanted[last-1] {
		last--
	}
	c.wanted = c.wanted[:last]
	return c, nil
}

func (s *csvScanner) whole(data []byte) int { return wholeLines(data) }

func (s *csvScanner) scan(data []byte, b *block) {
	for begin := 0; begin < len(data); {
		next := s.scanLine(data, begin, b)
		if next <= begin { // a line off the beaten track
			end := len(data)
			if n := bytes.IndexByte(data[begin:], '\n'); n >= 0 {
				end = begin + n
			}
			s.slowLine(data, begin, end, b)
			next = end + 1
		}
		begin = next
	}
	b.lines += bytes.Count(data, newline)
}

// scanLine reads the line at begin, without looking at it twice, and returns where the next begins. It returns
// begin for a line that is not just numbers where they are wanted.
func (s *csvScanner) scanLine(data []byte, begin int, b *block) int {
	if len(s.where) > 0 || s.batchColumn >= 0 || s.delimiter == ' ' {
		return begin
	}
	step, loss := int64(missingStep), 0.0
	i := begin
	for column, wanted := range s.wanted {
		if wanted {
			value, n := number(data[i:])
			if n == 0 {
				return begin
			}
			i += n
			if column == s.lossColumn {
				loss = value
			}
			if column == s.stepColumn {
				var ok bool
				if step, ok = stepOf(value); !ok {
					return begin
				}
			}
			if i == len(data) {
				if column != len(s.wanted)-1 {
					return begin
				}
				break
			}
			if column == len(s.wanted)-1 && (data[i] == '\n' || data[i] == '\r') {
				break
			}
			if data[i] != s.delimiter {
				return begin
			}
			i++
			continue
		}
		for i < len(data) && data[i] != s.delimiter {
			if c := data[i]; c == '\n' || c == '"' {
				return begin
			}
			i++
		}
		if i == len(data) {
			return begin
		}
		i++
	}
	b.records++
	b.add(step, loss)
	end := bytes.IndexByte(data[i:], '\n')
	if i > begin && data[i-1] == '\n' {
		return i
	}
	if end < 0 {
		return len(data)
	}
	return i + end + 1
}

// slowLine reads the line data[begin:end].
func (s *csvScanner) slowLine(data []byte, begin, end int, b *block) {
	line := data[begin:end]
	if text := trim(line); len(text) == 0 || text[0] == '#' {
		return
	}
	if s.header != nil && bytes.Equal(bytes.TrimRight(line, "\r"), s.header) {
		return // a resumed run may write the header again
	}
	var loss, step, batch []byte
	met, seen := true, false
	column := 0
	for i := 0; column < len(s.wanted); column++ {
		var field []byte
		if s.delimiter == ' ' {
			for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
				i++
			}
			if i >= len(line) {
				break
			}
			first := i
			for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' {
				i++
			}
			field = line[first:i]
		} else {
			if i > len(line) {
				break
			}
			stop := fieldEnd(line, i, s.delimiter)
			field = unquote(line[i:stop])
			i = stop + 1
		}
		if column == s.lossColumn {
			loss, seen = field, true
		}
		if column == s.stepColumn {
			step = field
		}
		if column == s.batchColumn {
			batch = field
		}
		for j, where := range s.whereColumns {
			if where == column && !s.where[j].holds(field) {
				met = false
			}
		}
	}
	if column < len(s.wanted) || !seen {
		b.malform(data, begin, end, fmt.Sprintf("has %d fields where at least %d belong", column, len(s.wanted)))
		return
	}
	value := math.NaN()
	if len(loss) > 0 || !s.emptyIsNonFinite {
		if len(loss) == 0 || string(loss) == "null" || string(loss) == "None" {
			return // another kind of record, which has other columns
		}
		var ok bool
		if value, ok = wholeNumber(loss); !ok {
			b.malform(data, begin, end, fmt.Sprintf("has %q for a loss", shorten(loss)))
			return
		}
	}
	at := int64(missingStep)
	if len(step) > 0 {
		number, ok := wholeNumber(step)
		if ok {
			at, ok = stepOf(number)
		}
		if !ok {
			b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(step)))
			return
		}
	}
	b.records++
	if !met {
		b.leftOut++
		return
	}
	if s.batchColumn >= 0 {
		b.addGrouped(at, value, hash(batch))
		return
	}
	b.add(at, value)
}

func (s *csvScanner) survey(data []byte, visit visitor) {
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, newline)
		data = rest
		line = bytes.TrimRight(line, "\r")
		if text := trim(line); len(text) == 0 || text[0] == '#' || s.header != nil && bytes.Equal(line, s.header) {
			continue
		}
		for i, field := range splitFields(line, s.delimiter) {
			if i == len(s.names) {
				break
			}
			field = unquote(field)
			if len(field) == 0 {
				continue
			}
			value, ok := wholeNumber(field)
			visit.field([]byte(s.names[i]), field, value, ok)
		}
		visit.endRecord()
	}
}
