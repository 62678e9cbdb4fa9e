package losslog

import (
	"bufio"
	"bytes"
	"io"

	"alrc/internal/decimal"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/timestamp"
)

// Consoles of clouds, and those who look at the end of a log first, write the newest line first. Such a file is read from its end to its
// beginning, if it is not too large.

// course is how times, or numbers that may be such, follow one another.
type course struct {
	last     []byte
	up, down int
}

// see takes the next text, if it is a time: of one length and shape, the greater one is later.
func (c *course) see(text []byte) {
	isTime := timestamp.End(text, 0) > 0 || decimal.Digits(text, 0) >= 10
	if !isTime {
		return
	}
	if len(text) == len(c.last) {
		switch cmp := bytes.Compare(text, c.last); {
		case cmp > 0:
			c.up++
		case cmp < 0:
			c.down++
		}
	}
	c.last = append(c.last[:0], text...)
}

// falls says whether times go down, and hardly ever up.
func (c *course) falls() bool {
	const fewest = 8
	return c.down >= fewest && c.up*20 <= c.down
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
