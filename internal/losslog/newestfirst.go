package losslog

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/timestamp"
)

// Consoles of clouds, and those who look at the end of a log first, write the newest line first. Such a file is read from its end to its
// beginning, if it is not too large.

// course is how times, or numbers that may be such, follow one another.
type course struct {
	counts   bool // whole numbers do, as steps
	left     bool // they are of what is left to the end
	last     []byte
	up, down int
}

// see takes the next text, if it is a time: of one length and shape, the greater one is later. Of numbers that count the longer one is greater.
func (c *course) see(text []byte) {
	digits := decimal.Digits(text, 0)
	if c.counts && digits < len(text) || !c.counts && digits < 10 && timestamp.End(text, 0) == 0 {
		return
	}
	if longer := len(text) - len(c.last); len(c.last) > 0 && (longer == 0 || c.counts) {
		order := cmp.Or(longer, bytes.Compare(text, c.last))
		c.up += flagOf(order > 0)
		c.down += flagOf(order < 0)
	}
	c.last = append(c.last[:0], text...)
}

// fewestTimes is how often times go on at least that tell which way.
const fewestTimes = 8

// falls says whether times go down, and hardly ever up.
func (c *course) falls() bool { return c.down >= fewestTimes && c.up*20 <= c.down }

// rises says whether they go up, and hardly ever down.
func (c *course) rises() bool { return c.up >= fewestTimes && c.down*20 <= c.up }

// fall says whether one of several courses falls, and none rises. What is left to the end falls in any case.
func fall[Key comparable](courses map[Key]*course) (falls bool) {
	for _, c := range courses {
		if c.rises() {
			return false
		}
		falls = falls || c.falls() && !c.left
	}
	return falls
}

// newestFirst says whether a text's lines come with the newest first, by the times that they begin with, or by what counts in a table;
// from is where those lines begin.
func newestFirst(head []byte) (from int, ok bool) {
	var times course
	for rest := head; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, newline)
		if rest = after; !whole {
			break
		}
		const farthest = 4
		for i := 0; i < len(line) && i < farthest; i++ {
			if !decimal.IsDigit(line[i]) {
				continue
			}
			end := timestamp.End(line, i)
			if end > 0 && end < len(line) && line[end] == ' ' {
				end = max(end, timestamp.End(line, end+1)) // a date and a time
			}
			if end > 0 {
				times.see(line[i:end])
			}
			break
		}
	}
	if times.falls() {
		return 0, true
	}
	return countsDown(head)
}

// rowsNewestFirst says whether rows of a table come with the newest first, by the times in its columns.
func rowsNewestFirst(head []byte) bool {
	courses := make(map[int]*course)
	plaintext.Lines(head, func(line []byte) {
		for i, cell := range splitFields(line, ',') {
			if courses[i] == nil {
				courses[i] = new(course)
			}
			courses[i].see(unquote(cell))
		}
	})
	return fall(courses)
}

// recordsNewestFirst says whether objects, of lines or of an array, come with the newest first, by the times in them and by what counts; found
// is how they are kept.
func recordsNewestFirst(head []byte) (found sniffed, ok bool) {
	text := plaintext.TrimStart(head)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return found, false
	}
	found, isJSON := sniffJSON(head, text, "")
	if !isJSON {
		return found, false
	}
	records := head[found.start:]
	if found.format == JSON {
		records = records[:arrayEnd(records, 0)]
	}
	courses := make(map[string]*course)
	s := jsonstream.Stream{R: bufio.NewReader(bytes.NewReader(records))}
	var c *course // of the key at hand
	for {
		event, err := s.Next()
		if err != nil {
			break
		}
		switch {
		case event == jsonstream.Key:
			if c = courses[string(s.Text)]; c == nil {
				kind := lexicon.CounterOf(string(s.Text))
				c = &course{counts: kind == lexicon.Counts || kind == lexicon.Epochs, left: lexicon.CountsDown(string(s.Text))}
				courses[string(s.Text)] = c
			}
			continue
		case c != nil && (event == jsonstream.String || event == jsonstream.Other):
			c.see(s.Text)
		}
		c = nil
	}
	return found, fall(courses)
}

// turnedRecords returns the objects that follow one another in a text from a place on, to the end of their array, as lines in the opposite
// order; nil where their end is missing.
func turnedRecords(text []byte, from int) []byte {
	var records [][]byte
	for at := from; ; {
		begin := nextObject(text[at:])
		if begin < 0 || begin == len(text)-at {
			break
		}
		end := jsonstream.ObjectEnd(text, at+begin)
		if end < 0 {
			return nil
		}
		records = append(records, bytes.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, text[at+begin:end]))
		at = end
	}
	slices.Reverse(records)
	return append(bytes.Join(records, newline), '\n')
}

// countsDown says whether what counts the rows of a table goes down by each row.
func countsDown(head []byte) (from int, ok bool) {
	table, isTable := sniffCSV(head)
	if !isTable || table.header == nil || len(table.header) > 1 || !table.namesLoss() {
		return 0, false
	}
	column := -1
	for i, name := range table.names {
		if column < 0 && isCounterName(name) {
			column = i
		}
	}
	if column < 0 {
		return 0, false
	}
	const fewest = 8
	rows, last := 0, 0.0
	for begin := 0; begin < len(head); {
		end := bytes.IndexByte(head[begin:], '\n')
		if end < 0 {
			break
		}
		line := bytes.TrimRight(head[begin:begin+end], "\r")
		if begin += end + 1; len(line) == 0 {
			continue
		}
		if from == 0 {
			if bytes.Equal(line, table.header[0]) {
				from = begin
			}
			continue
		}
		if rows == 0 && plaintext.IsRule(line) {
			from = begin
			continue
		}
		cells := table.cells(line)
		if len(cells) <= column {
			return 0, false
		}
		value, isNumber := wholeNumber(unquote(cells[column]))
		if !isNumber || rows > 0 && value >= last {
			return 0, false
		}
		rows, last = rows+1, value
	}
	return from, rows >= fewest
}

// reversed returns a reader of a text whose lines, behind its first ones, are in the opposite order. One that is too large stays as it is.
func reversed(r *bufio.Reader, from int) (io.Reader, error) {
	first := make([]byte, from)
	if _, err := io.ReadFull(r, first); err != nil {
		return nil, err
	}
	rest, err := remade(r, func(data []byte) []byte {
		lines := bytes.Split(bytes.TrimRight(data, "\r\n"), newline)
		turned := make([]byte, 0, len(data)+1)
		for i := len(lines) - 1; i >= 0; i-- {
			turned = append(append(turned, lines[i]...), '\n')
		}
		return turned
	})
	if err != nil {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(first), rest), nil
}
