package console

import (
	"bytes"
	"slices"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// Layout says how a text writes records: in lines, or in rows. Some programs write a record in several lines, each with a name and its
// number: in boxes, "| loss | 0.5 |", or as dictionaries and the like, "loss: 0.5". What counts may stand below the loss, so that these
// rows are read as one record. It ends where a rule, a brace or an empty line stands, or a name comes again.
//
// The zero Layout is of lines.
type Layout struct {
	rows  rowStyle
	opens string // the name that most records in rows begin with
	roles string // the words above columns of training and validation, parted by bars
}

// rowStyle says how a text writes records in rows.
type rowStyle uint8

const (
	noRows     rowStyle = iota
	boxRows             // between bars
	bareRows            // a name and a number, whose counter follows the loss
	belowRows           // numbers stand below their names
	columnRows          // numbers of training and validation stand side by side
)

// isBoxRow says whether a line is a row of two cells between bars.
func isBoxRow(line []byte) bool {
	line = plaintext.Trim(line)
	return len(line) > 4 && line[0] == '|' && line[len(line)-1] == '|' && bytes.Count(line, []byte{'|'}) == 3
}

// bareRow says whether the line that was read last holds a name and a number, and nothing else.
func (r *Reader) bareRow() bool {
	if len(r.pairs) != 1 || r.pairs[0].first < 0 || r.pairs[0].at <= r.pairs[0].last || bytes.Contains(r.pairs[0].Name, []byte(headingMark)) {
		return false
	}
	p := &r.pairs[0]
	behind := r.heldUntil(p.at)
	for i := range r.tokens {
		t := &r.tokens[i]
		if i > p.at && i < behind || i == p.at-2 && behind > p.at {
			continue
		}
		if i >= p.first && i <= p.last || i == p.at || t.kind == gapToken || t.kind == markToken && t.mark != '~' {
			continue
		}
		return false
	}
	return true
}

// heldUntil returns the token of the parenthesis that closes what holds number i, as in "Array(0.5, dtype=float32)"; i where nothing does.
func (r *Reader) heldUntil(i int) int {
	if !r.opensOne(i - 1) {
		return i
	}
	for k := i + 1; k < len(r.tokens); k++ {
		if t := &r.tokens[k]; t.kind == markToken && t.mark == ')' {
			return k
		}
	}
	return i
}

// endsRows says whether a line ends a record in rows.
func endsRows(line []byte) bool {
	line = plaintext.Trim(line)
	return len(line) == 0 || len(line) == 1 && (line[0] == '{' || line[0] == '[') || plaintext.IsRule(line)
}

// FindLayout tells how a text writes records, from a sample; ok is false where no number of it has a name.
func FindLayout(sample []byte) (l Layout, ok bool) {
	r := new(Reader)
	boxed, numbered, bare := 0, 0, 0
	firsts := make(map[string]int)
	behind, before := 0, 0 // records in which a counter stands behind the loss, or before it
	ended, all := 0, 0     // of those with a loss: those that a rule or an empty line ends
	var names []string
	opened, losses := make(map[string]bool), false // what counts and stands before the first loss counts what follows it
	flush := func(end bool) {
		if len(names) > 1 {
			firsts[names[0]]++
			at := slices.IndexFunc(names, func(name string) bool { return lexicon.MeaningOf(name).Strength == lexicon.Loss })
			counts := func(name string) bool {
				return lexicon.CounterOf(name) <= lexicon.Batches || lexicon.CounterOf(name) == lexicon.Epochs
			}
			if at >= 0 {
				ahead := slices.ContainsFunc(names[:at], counts)
				after := slices.ContainsFunc(names[at:], func(name string) bool { return counts(name) && !opened[name] })
				all++
				before += one(ahead)
				behind += one(after && (!ahead || end))
				ended += one(end)
			}
		}
		names = names[:0]
	}
	for data := sample; len(data) > 0 && numbered < 2000 && (numbered < 200 || boxed*2+bare*2 >= numbered); {
		end, next := plaintext.NextLine(data)
		line := data[:end]
		data = data[next:]
		isBox := isBoxRow(line)
		boxed += one(isBox)
		if endsRows(line) {
			flush(true)
			continue
		}
		if len(r.Read(line)) == 0 {
			continue
		}
		numbered++
		isBare := r.bareRow()
		if bare += one(isBare); !isBare && !isBox {
			continue
		}
		name := string(r.pairs[0].Name)
		if slices.Contains(names, name) || len(names) == 100 {
			flush(false)
		}
		names = append(names, name)
		if losses = losses || lexicon.MeaningOf(name).Strength == lexicon.Loss; !losses {
			opened[name] = true
		}
	}
	flush(false)
	opens := ""
	for name, n := range firsts {
		if n > firsts[opens] || n == firsts[opens] && name < opens {
			opens = name
		}
	}
	roles := findColumns(sample)
	switch {
	case roles != "":
		return Layout{rows: columnRows, roles: roles}, true
	case boxed >= 4 && boxed*2 >= numbered:
		l = Layout{rows: boxRows, opens: opens}
	case numbersBelow(sample):
		l = Layout{rows: belowRows}
	case bare*10 >= numbered*7 && behind > 2 && (before*10 <= behind || ended*10 >= (all-1)*9):
		l = Layout{rows: bareRows, opens: opens}
	}
	return l, numbered > 0
}

// Whole is the length of text up to the end of its last whole record, as far as that can be seen.
func (l Layout) Whole(text []byte) int {
	end := bytes.LastIndexAny(text, "\r\n")
	switch l.rows {
	case noRows, columnRows:
		return end + 1
	case belowRows:
		return wholeBelow(text)
	}
	opened := 0
	for last := end; last >= 0; {
		begin := bytes.LastIndexAny(text[:last], "\r\n") + 1
		line := text[begin:last]
		switch {
		case endsRows(line), l.rows == boxRows && !isBoxRow(line):
			return last + 1
		case opened == 0 && bytes.Contains(line, []byte(l.opens)):
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

// Records calls do with the pairs of each record of text and where its lines are: those in rows, and those of other lines that are not
// skipped. Where labels are given, what was found in a line serves for others that differ in their digits alone.
func (l Layout) Records(text []byte, r *Reader, labels *Labels, skip func(line []byte) bool, do func(begin, end int, pairs []Pair)) {
	if l.rows == belowRows {
		text, l.rows = joinBelow(text), noRows
	}
	var roles []string
	if l.rows == columnRows {
		roles, l.rows = strings.Split(l.roles, "|"), noRows
	}
	var rows []Pair
	first, last := 0, 0
	flush := func() {
		if len(rows) > 0 {
			r.tokens = r.tokens[:0]
			do(first, last, rows)
			rows = rows[:0]
		}
	}
	for begin, next := 0, 0; begin < len(text); begin += next {
		var end int
		end, next = plaintext.NextLine(text[begin:])
		line := text[begin : begin+end]
		end += begin
		if roles != nil {
			line = joinRoles(line, roles)
		}
		switch {
		case l.rows == noRows:
		case len(line) == 0 && l.rows == boxRows:
			continue
		case l.isRow(line, r):
			for _, p := range r.Read(line) {
				if named(rows, p.Name) || len(rows) > 0 && begin-last > longestRows {
					flush()
				}
				if len(rows) == 0 {
					first = begin
				}
				p.first, p.last = min(p.first, 0), 0
				rows, last = append(rows, p), end
			}
			continue
		case l.rows == boxRows || endsRows(line):
			flush()
		}
		if len(line) == 0 && l.rows == noRows || skip(line) {
			continue
		}
		var pairs []Pair
		if labels != nil && l.rows == noRows {
			pairs = r.readAlike(line, labels)
		} else {
			pairs = r.Read(line)
		}
		for len(pairs) > 0 {
			n := oneRecord(pairs)
			do(begin, end, pairs[:n])
			pairs = pairs[n:]
		}
	}
	flush()
}

// isRow says whether a line is a row of a record.
func (l Layout) isRow(line []byte, r *Reader) bool {
	return l.rows == boxRows && isBoxRow(line) || l.rows == bareRows && len(r.Read(line)) > 0 && r.bareRow()
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// named says whether one of some pairs has a name.
func named(pairs []Pair, name []byte) bool {
	return slices.ContainsFunc(pairs, func(p Pair) bool { return bytes.Equal(p.Name, name) })
}

// oneRecord returns how many of a line's pairs are of its first record: all, but where the names of the first two come again.
func oneRecord(pairs []Pair) int {
	for i := 2; i+1 < len(pairs); i++ {
		if !bytes.Equal(pairs[i].Name, pairs[0].Name) || !bytes.Equal(pairs[i+1].Name, pairs[1].Name) {
			continue
		}
		if pairs[0].first < 0 || !counterOfLine(pairs[0].Name) || bytes.Equal(pairs[0].Name, pairs[1].Name) {
			break
		}
		return i
	}
	return len(pairs)
}
