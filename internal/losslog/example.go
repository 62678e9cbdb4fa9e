package losslog

import (
	"bytes"
	"io"
	"slices"
	"sort"

	"alrc/internal/decimal"
	"alrc/internal/losslog/console"
	"alrc/internal/losslog/plaintext"
)

// Example shows what was taken from one record: lines of the log, without what terminals and loggers add to them, and
// where in them the numbers stand that were read as the loss and its step.
type Example []ExampleLine

// ExampleLine is a line of an [Example]. Loss and Step are the first byte and the end of these in Text; both are 0 where
// the line does not hold them.
type ExampleLine struct {
	Text string `json:"text"`
	Loss [2]int `json:"loss"`
	Step [2]int `json:"step"`
}

// firstLoss is the first one of a log that is finite, and its step.
type firstLoss struct {
	step int64
	loss float64
}

func (l *Log) noteFirst(c *Chunk) {
	for i := 0; i < c.Len() && l.first == nil; i++ {
		for _, loss := range c.Losses(i) {
			if loss-loss == 0 {
				l.first = &firstLoss{c.Step(i), loss}
				return
			}
		}
	}
}

// Example returns what was taken from the record of the first loss that is finite, once the log was read. It is empty
// where the log is no text, or where the record stands far from its beginning.
//
// No scanner has to keep account of places for that. The record ends where the shortest beginning of the text ends that
// gives its row, and a number in it is the loss if with another digit in it the loss is another.
func (l *Log) Example() Example {
	if l.pattern != nil || l.source.Format == Events || l.first == nil {
		return nil
	}
	step, loss := l.first.step, l.first.loss
	f := l.run.files[0]
	kind, err := f.sniff(l.source.Format)
	if err != nil {
		return nil
	}
	table, err := kind.table.choose(l.chosen)
	if err != nil {
		return nil
	}
	r, err := f.open()
	if err != nil {
		return nil
	}
	defer r.Close()
	numbered := !l.order.Plan.Ordinal && l.source.Step != ""
	var found Example
	const farthest = 16 << 20
	// An error here is of the reading, which has told it already.
	_ = pieces(io.LimitReader(r, farthest), int64(kind.start), table, false, func(data []byte, _ int64) error {
		var b block
		b.reset()
		table.scan(data, &b)
		for i, value := range b.Losses {
			if value != loss {
				continue
			}
			if l.chosen.before > 0 && step == l.chosen.before && b.Steps[i] < 0 {
				step, numbered = b.Steps[i], false // it is told by what comes behind
			}
			if !numbered || b.Steps[i] == step {
				found = newAttribution(table, b.Steps[i], loss, numbered).example(data, i)
				return errStopped
			}
		}
		return nil
	})
	return found
}

// attribution finds in a text what a row was made of.
type attribution struct {
	table    scanner
	step     int64
	loss     float64
	numbered bool // the step is the log's own
	byLine   bool // records end with lines
	behind   int  // rows of the record from this one on: more than one where it has several losses
	b        block
}

func newAttribution(table scanner, step int64, loss float64, numbered bool) *attribution {
	document, isJSON := table.(*jsonScanner)
	return &attribution{table: table, step: step, loss: loss, numbered: numbered, byLine: !isJSON || document.lines}
}

// example shows what row i of the text was made of.
func (a *attribution) example(data []byte, i int) Example {
	end := a.end(data, func() bool { return len(a.b.Losses) > i && a.b.Losses[i] == a.loss && a.b.Steps[i] == a.step })
	a.behind = a.rows(data[:end]) - i
	begin := a.begin(data[:end], i)
	record := bytes.TrimRight(data[begin:end], "\r\n")
	numbers := numbersOf(record)
	loss := a.source(record, numbers, a.loss, func(_ int64, loss float64) bool { return loss != a.loss })
	var step [2]int
	numbers = slices.DeleteFunc(numbers, func(n number) bool { return n.at[0] < loss[1] && loss[0] < n.at[1] })
	if a.numbered {
		step = a.source(record, numbers, float64(a.step), func(step int64, loss float64) bool { return step != a.step && loss == a.loss })
	}
	return exampleOf(record, loss, step)
}

// rows reads a text and returns how many rows it gives.
func (a *attribution) rows(data []byte) int {
	a.b.reset()
	a.table.scan(data, &a.b)
	return len(a.b.Losses)
}

// row reads a record and returns its row; ok is false where it gives fewer or more than it should.
func (a *attribution) row(data []byte) (step int64, loss float64, ok bool) {
	i := a.rows(data) - a.behind
	if i < 0 {
		return 0, 0, false
	}
	return a.b.Steps[i], a.b.Losses[i], true
}

// end is the length of the shortest beginning of data whose rows, once read, are enough.
func (a *attribution) end(data []byte, enough func() bool) int {
	// cut ends data with a whole record. The last one of a file may have no end of its own.
	cut := func(length int) int {
		switch {
		case length == len(data):
			return length
		case a.byLine:
			return bytes.LastIndexAny(data[:length], "\r\n") + 1
		}
		return a.table.whole(data[:length])
	}
	holds := func(length int) bool {
		a.rows(data[:cut(length)])
		return enough()
	}
	most := min(1<<10, len(data))
	for most < len(data) && !holds(most) {
		most = min(2*most, len(data))
	}
	return cut(sort.Search(most, holds))
}

// begin is where the shortest end of data begins that gives row i: one line, or two, four, as many as it takes.
func (a *attribution) begin(data []byte, i int) int {
	holds := func(begin int) bool {
		step, loss, ok := a.row(data[begin:])
		return ok && step == a.step && loss == a.loss
	}
	if !a.byLine {
		if begin := a.end(data, func() bool { return len(a.b.Losses) >= i }); holds(begin) {
			return begin
		}
		return 0
	}
	for lines, begin := 1, len(data); begin > 0; lines *= 2 {
		for n := 0; n < lines && begin > 0; n++ {
			begin = bytes.LastIndexAny(data[:begin-1], "\r\n") + 1
		}
		if holds(begin) {
			return begin
		}
	}
	return 0
}

// number is one that stands in a text.
type number struct {
	at     [2]int // its first byte and its end
	values []float64
	joined bool // of parts that may be numbers themselves
}

// numbersOf returns the numbers in a text. Digits with commas and points between them come as a whole, with what they may stand for,
// before their parts.
func numbersOf(text []byte) (numbers []number) {
	for i := 0; i < len(text); {
		if !decimal.IsDigit(text[i]) {
			i++
			continue
		}
		if i > 0 && text[i-1] == '-' && (i == 1 || !decimal.IsDigit(text[i-2])) {
			i--
		}
		value, n := decimal.Parse(text[i:])
		if power, more := console.WithExponent(text, i, i+n); more > 0 {
			value, n = power, n+more
		}
		whole := i + 1
		for whole < len(text) && (decimal.IsDigit(text[whole]) || (text[whole] == '.' || text[whole] == ',') && decimal.DigitAt(text, whole+1)) {
			whole++
		}
		if whole > i+n {
			numbers = append(numbers, number{[2]int{i, whole}, readings(text[i:whole]), true})
		}
		numbers = append(numbers, number{[2]int{i, i + n}, []float64{value}, false})
		i += n
	}
	return numbers
}

// readings are what digits with commas and points may stand for: the one or the other parts thousands, the other fractions.
func readings(text []byte) (values []float64) {
	for _, thousands := range []string{",", "."} {
		plain := bytes.ReplaceAll(text, []byte(thousands), nil)
		if value, ok := decimal.Whole(bytes.Replace(plain, []byte{','}, []byte{'.'}, 1)); ok {
			values = append(values, value)
		}
	}
	return values
}

// source finds the number in a record with which its row changes, as changes says; those that have the value come first.
func (a *attribution) source(record []byte, numbers []number, value float64, changes func(step int64, loss float64) bool) [2]int {
	const most = 100 // trials
	tried := 0
	for _, first := range []bool{true, false} {
		for _, n := range numbers {
			if slices.Contains(n.values, value) != first {
				continue
			}
			if tried++; tried > most {
				return [2]int{}
			}
			differs := func(i int) bool {
				step, loss, ok := a.row(otherDigit(record, i))
				return ok && changes(step, loss)
			}
			if n.joined { // by a comma or a point, and may be two numbers
				if differs(n.at[0]+slices.IndexFunc(record[n.at[0]:n.at[1]], decimal.IsDigit)) && differs(n.at[1]-1) {
					return n.at
				}
			} else if differs(firstDigit(record, n.at)) {
				return n.at
			}
		}
	}
	return [2]int{}
}

// firstDigit is the place of the first digit of a number, but for zeros before it.
func firstDigit(record []byte, at [2]int) int {
	text := record[at[0]:at[1]]
	i := slices.IndexFunc(text, func(c byte) bool { return decimal.IsDigit(c) && c != '0' })
	if i < 0 {
		i = slices.IndexFunc(text, decimal.IsDigit)
	}
	return at[0] + i
}

// otherDigit returns a record in which a digit is another one, as a line.
func otherDigit(record []byte, i int) []byte {
	changed := slices.Clone(record)
	changed[i] = '1' + (changed[i]-'0')%9
	return append(changed, '\n')
}

// exampleOf keeps the lines of a record that hold the loss or its step.
func exampleOf(record []byte, loss, step [2]int) (e Example) {
	for begin := 0; begin < len(record); {
		end, next := plaintext.NextLine(record[begin:])
		inside := func(at [2]int) ([2]int, bool) {
			if at[1] == 0 || at[0] < begin || at[1] > begin+end {
				return [2]int{}, false
			}
			return [2]int{at[0] - begin, at[1] - begin}, true
		}
		lossAt, hasLoss := inside(loss)
		stepAt, hasStep := inside(step)
		if hasLoss || hasStep {
			e = append(e, ExampleLine{Text: string(record[begin : begin+end]), Loss: lossAt, Step: stepAt})
		}
		begin += next
	}
	return e
}
