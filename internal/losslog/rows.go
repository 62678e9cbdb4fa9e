package losslog

import (
	"bytes"
	"slices"

	"alrc/internal/losslog/lexicon"
)

// Some programs write a record in several lines, each with a name and its number: in boxes, "| loss | 0.5 |", or as dictionaries and
// the like, "loss: 0.5". What counts may stand below the loss, so that these rows are read as one record. It ends where a
// rule, a brace or an empty line stands, or a name comes again.

// rowStyle says how a text writes records in rows.
type rowStyle uint8

const (
	noRows   rowStyle = iota
	boxRows           // between bars
	bareRows          // a name and a number, whose counter follows the loss
)

// isBoxRow says whether a line is a row of two cells between bars.
func isBoxRow(line []byte) bool {
	line = trim(line)
	return len(line) > 4 && line[0] == '|' && line[len(line)-1] == '|' && bytes.Count(line, []byte{'|'}) == 3
}

// bareRow says whether the line that was read last holds a name and a number, and nothing else.
func (r *lineReader) bareRow() bool {
	if len(r.pairs) != 1 || r.pairs[0].first < 0 || r.pairs[0].at <= r.pairs[0].last || bytes.Contains(r.pairs[0].name, []byte(headingMark)) {
		return false
	}
	p := &r.pairs[0]
	for i := range r.tokens {
		t := &r.tokens[i]
		if i >= p.first && i <= p.last || i == p.at || t.kind == gapToken || t.kind == markToken && t.mark != '~' {
			continue
		}
		return false
	}
	return true
}

// endsRows says whether a line ends a record in rows.
func endsRows(line []byte) bool {
	line = trim(line)
	return len(line) == 0 || len(line) == 1 && (line[0] == '{' || line[0] == '[') || isRule(line)
}

// findRows tells how a text writes records in rows, and the name that most records begin with.
func findRows(sample []byte) (style rowStyle, opens string) {
	r := new(lineReader)
	boxed, numbered, bare := 0, 0, 0
	firsts := make(map[string]int)
	behind, before := 0, 0 // records in which a counter stands behind the loss, or before it
	var names []string
	flush := func() {
		if len(names) > 1 {
			firsts[names[0]]++
			at := slices.IndexFunc(names, func(name string) bool { return lexicon.MeaningOf(name).Strength == lexicon.Loss })
			counts := func(name string) bool {
				return lexicon.CounterOf(name) <= lexicon.Batches || lexicon.CounterOf(name) == lexicon.Epochs
			}
			switch {
			case at < 0:
			case slices.ContainsFunc(names[:at], counts):
				before++
			case slices.ContainsFunc(names[at:], counts):
				behind++
			}
		}
		names = names[:0]
	}
	for data := sample; len(data) > 0 && numbered < 2000 && (numbered < 200 || boxed*2+bare*2 >= numbered); {
		end, next := nextLine(data)
		line := data[:end]
		data = data[next:]
		if isBoxRow(line) {
			boxed++
		}
		if endsRows(line) {
			flush()
			continue
		}
		if len(r.read(line)) == 0 {
			continue
		}
		numbered++
		if !r.bareRow() {
			continue
		}
		bare++
		name := string(r.pairs[0].name)
		if slices.Contains(names, name) || len(names) == 100 {
			flush()
		}
		names = append(names, name)
	}
	flush()
	for name, n := range firsts {
		if n > firsts[opens] || n == firsts[opens] && name < opens {
			opens = name
		}
	}
	switch {
	case boxed >= 4 && boxed*2 >= numbered:
		return boxRows, opens
	case bare*10 >= numbered*7 && behind > 2 && before*10 <= behind:
		return bareRows, opens
	}
	return noRows, ""
}

// wholeRows is the length of data up to the beginning of its last record in rows.
func (s *textScanner) wholeRows(data []byte) int {
	end := bytes.LastIndexAny(data, "\r\n")
	opened := 0
	for last := end; last >= 0; {
		begin := bytes.LastIndexAny(data[:last], "\r\n") + 1
		line := data[begin:last]
		switch {
		case endsRows(line), s.rows == boxRows && !isBoxRow(line):
			return last + 1
		case opened == 0 && bytes.Contains(line, []byte(s.opens)):
			opened = begin
		case opened > 0 && end-begin > longestRows:
			return opened
		}
		last = begin - 1
	}
	if opened == 0 && end > longestRows {
		return end + 1
	}
	return opened
}

// longestRows is how far back the end of a record in rows is looked for.
const longestRows = 1 << 16

// inRows calls do with the pairs of each record of data, and where its lines are: those in rows, and those of other lines that are not
// skipped.
func (s *textScanner) inRows(data []byte, r *lineReader, skip func(line []byte) bool, do func(line []byte, begin, end int, pairs []pair)) {
	var rows []pair
	first, last := 0, 0
	flush := func() {
		if len(rows) > 0 {
			r.tokens = r.tokens[:0]
			do(data[first:last], first, last, rows)
			rows = rows[:0]
		}
	}
	each := func(line []byte, begin, end int) {
		if s.rows == boxRows && isBoxRow(line) || s.rows == bareRows && len(r.read(line)) > 0 && r.bareRow() {
			for _, p := range r.read(line) {
				if named(rows, p.name) || len(rows) > 0 && begin-last > longestRows {
					flush()
				}
				if len(rows) == 0 {
					first = begin
				}
				p.first, p.last = min(p.first, 0), 0
				rows, last = append(rows, p), end
			}
			return
		}
		if s.rows == boxRows || s.rows == bareRows && endsRows(line) {
			flush()
		}
		if skip(line) {
			return
		}
		eachRecord(line, begin, r.read(line), do)
	}
	if s.rows != bareRows {
		lines(data, each)
	}
	for begin := 0; s.rows == bareRows && begin < len(data); {
		end, next := nextLine(data[begin:])
		each(data[begin:begin+end], begin, begin+end)
		begin += next
	}
	flush()
}

// named says whether one of some pairs has a name.
func named(pairs []pair, name []byte) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool { return bytes.Equal(p.name, name) })
}
