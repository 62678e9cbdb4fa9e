package losslog

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/sequence"
)

// csvScanner reads a table of lines: fields that a delimiter separates, or white space. Bars may stand at both edges.
type csvScanner struct {
	delimiter byte // ' ': runs of white space; '|' with bars at the edges where edges is true
	edges     bool
	sure      bool     // a table it is, whatever its fields hold: a rule stands below the names, as in Markdown, or types, or all lines are filled
	header    [][]byte // its lines, and those of settings above, which a resumed run may write again
	names     []string
	// fields is the number of fields of a row, where tables with others stand among them; else 0.
	fields int
	// loose says that lines which do not fit are others', and no malformed records.
	loose bool
	// numeric are the columns that hold numbers in the first row: in a loose table they do so in each.
	numeric []bool
	// bars says that progress bars follow the rows, which are drawn again and again.
	bars bool
	// gaps says that several spaces, or a tab, separate fields; these may hold lists of numbers, the parts of a whole.
	gaps bool
	// places are those of the names, where rows leave fields empty.
	places []place
	// spaced says that fields may hold spaces, and end where the names in places do.
	spaced bool
	// decimalComma says that fields hold "0,5".
	decimalComma bool
	// long is the column that names the number in column value, in tables with a row a number; -1 where there is none.
	long, value int

	selection
	lossColumn, stepColumn, batchColumn, epochColumn int
	series                                           string // the name in column long
	whereColumns                                     []int
	wanted                                           []bool // by column
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

// choose returns the scanner of a selection.
func (s *csvScanner) choose(chosen selection) (scanner, error) {
	c := *s
	c.selection = chosen
	c.wanted = make([]bool, len(s.names))
	c.whereColumns = nil
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
	if c.long >= 0 {
		if _, err := s.column(chosen.loss); err != nil {
			c.series = chosen.loss
			c.selection.loss = s.names[s.value]
			c.wanted[c.long] = true
		} else {
			c.long = -1
		}
	}
	c.lossColumn, c.stepColumn, c.batchColumn = find(c.selection.loss), find(chosen.step), find(chosen.batch)
	c.epochColumn = find(chosen.epoch)
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
	return &c, nil
}

func (s *csvScanner) whole(data []byte) int { return wholeLines(data) }

func (s *csvScanner) scan(data []byte, b *block) {
	b.InEpoch, b.Modal = s.epochColumn >= 0, s.modes != nil
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
	if len(s.where) > 0 || s.batchColumn >= 0 || s.delimiter == ' ' || s.edges || s.loose || s.decimalComma || s.long >= 0 {
		return begin
	}
	step, loss := int64(sequence.MissingStep), 0.0
	i := begin
	for column, wanted := range s.wanted {
		if wanted {
			value, n := decimal.Parse(data[i:])
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
			if column == s.epochColumn {
				b.Epoch = value
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
	b.Add(step, loss)
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
	if mode := s.modes.of(line); mode != lexicon.Unsaid {
		b.Mode = mode
		return
	}
	if s.skips(line) {
		return
	}
	var cells [][]byte
	if line = bytes.TrimRight(line, "\r"); s.edges || s.gaps || s.places != nil {
		cells = s.cells(line)
	} else {
		b.cells = appendFields(b.cells[:0], line, s.delimiter)
		cells = b.cells
	}
	if s.isOther(cells) {
		return
	}
	if len(cells) < len(s.wanted) {
		b.malform(data, begin, end, fmt.Sprintf("has %d fields where at least %d belong", len(cells), len(s.wanted)))
		return
	}
	cell := func(column int) []byte {
		if column < 0 {
			return nil
		}
		return unquote(cells[column])
	}
	if s.long >= 0 && string(cell(s.long)) != s.series {
		return
	}
	text, step := cell(s.lossColumn), cell(s.stepColumn)
	value := math.NaN()
	if len(text) > 0 || !s.emptyIsNonFinite {
		if plaintext.IsNothing(text) {
			return // another kind of record, which has other columns
		}
		var ok bool
		if value, ok = s.cellNumber(text); !ok {
			if !s.loose {
				b.malform(data, begin, end, fmt.Sprintf("has %q for a loss", shorten(text)))
			}
			return
		}
	}
	at := int64(sequence.MissingStep)
	if len(step) > 0 {
		number, _, ok := s.position(step)
		if ok {
			at, ok = stepOf(number)
		}
		if !ok {
			if !s.loose {
				b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(step)))
			}
			return
		}
	}
	b.records++
	for j, where := range s.whereColumns {
		if !s.where[j].holds(cell(where)) {
			b.leftOut++
			return
		}
	}
	if s.epochColumn >= 0 {
		if epoch, _, ok := s.position(cell(s.epochColumn)); ok {
			b.Epoch = epoch
		}
	}
	if s.batchColumn >= 0 {
		b.AddGrouped(at, value, hash(cell(s.batchColumn)))
		return
	}
	b.Add(at, value)
}

// skips says whether a line of a table is none of its rows: empty, a comment, a rule, the header again.
func (s *csvScanner) skips(line []byte) bool {
	text := plaintext.Trim(line)
	if len(text) == 0 || text[0] == '#' {
		return true
	}
	line = bytes.TrimRight(line, "\r")
	for _, header := range s.header {
		if bytes.Equal(line, header) {
			return true
		}
	}
	return s.edges && plaintext.IsRule(text)
}

// cells returns the fields of a row.
func (s *csvScanner) cells(line []byte) [][]byte {
	if s.gaps {
		return splitGaps(line)
	}
	if s.edges {
		return splitEdges(line)
	}
	if s.spaced {
		if cells := fillSpaced(line, s.places); cells != nil {
			return cells
		}
	} else if s.places != nil {
		if cells := fill(line, s.places); cells != nil {
			return cells
		}
	}
	cells := splitFields(line, s.delimiter)
	if s.delimiter == ' ' {
		cells = withoutMark(cells)
	}
	return cells
}

// cellNumber reads the number of a cell.
func (s *csvScanner) cellNumber(cell []byte) (float64, bool) {
	if s.gaps && len(cell) > 0 && cell[0] == '[' {
		return listSum(cell)
	}
	if s.decimalComma || bytes.IndexByte(cell, ',') > 0 {
		cell = plainNumber(cell, s.decimalComma)
	}
	if n := len(cell); n > 1 && cell[n-1] == ':' {
		cell = cell[:n-1] // "10: 0.5"
	}
	if value, ok := wholeNumber(cell); ok {
		return value, true
	}
	return wholeNumber(heldNumber(cell))
}

// position reads the number of a cell that may count: also the 10 of "10/600".
func (s *csvScanner) position(cell []byte) (value, total float64, ok bool) {
	if value, ok = s.cellNumber(cell); ok {
		return value, -1, true
	}
	return partOf(cell)
}

func (s *csvScanner) survey(data []byte, visit *survey) {
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, newline)
		data = rest
		line = bytes.TrimRight(line, "\r")
		if visit.skips(line); s.skips(line) {
			continue
		}
		cells := s.cells(line)
		if s.isOther(cells) {
			continue
		}
		for i, cell := range cells {
			if i == len(s.names) {
				break
			}
			cell = unquote(cell)
			if len(cell) == 0 || i == s.long {
				continue
			}
			name := s.names[i]
			if i == s.value && s.long >= 0 && s.long < len(cells) {
				name = string(unquote(cells[s.long]))
			}
			value, total, ok := s.position(cell)
			if total >= 0 && lexicon.CounterOf(name) > lexicon.Epochs {
				value, total, ok = 0, -1, false
			}
			visit.add([]byte(name), cell, value, ok, false, total)
		}
		visit.endRecord()
	}
}

// isOther says whether fields are no row's, but of what else stands in a text.
func (s *csvScanner) isOther(cells [][]byte) bool {
	return s.loose && !s.fits(cells) || s.delimiter == ' ' && s.header != nil && s.places == nil && len(cells) < len(s.names)
}

// fits says whether a line's fields are a row's.
func (s *csvScanner) fits(cells [][]byte) bool {
	if len(cells) != len(s.names) {
		if len(cells) < len(s.names) || !s.rowBefore(cells, len(s.names)) {
			return false
		}
		cells = cells[:len(s.names)]
	}
	for i, numeric := range s.numeric {
		if text := unquote(cells[i]); numeric && !isCellNumber(text) && !plaintext.IsNothing(text) {
			return false
		}
	}
	return s.isRow(cells)
}
