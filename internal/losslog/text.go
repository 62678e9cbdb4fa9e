package losslog

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/sequence"
)

// textScanner reads lines made for people, in which numbers have names: "step 10: loss 0.5, lr=1e-3".
type textScanner struct {
	selection
	// pattern and epochPattern are the names of the loss and the epoch.
	pattern, epochPattern []byte
	// rows says how records are written in rows, and opens the name that most of them begin with.
	rows  rowStyle
	opens string
}

// readers are used again by the goroutines that scan.
var readers = sync.Pool{New: func() any { return new(lineReader) }}

// nextLine returns the end of the line at the beginning of data, without its end, and the beginning of the next.
// Progress bars end lines with a carriage return.
func nextLine(data []byte) (end, next int) {
	// Carriage returns are looked for in so much at a time, since a file may have no other line ends.
	const most = 256
	for begin := 0; begin < len(data); begin += most {
		part := data[begin:min(begin+most, len(data))]
		n := bytes.IndexByte(part, '\n')
		if n < 0 {
			n = len(part)
		}
		if i := bytes.IndexByte(part[:n], '\r'); i >= 0 {
			n = i
		}
		if n < len(part) {
			return begin + n, begin + n + 1
		}
	}
	return len(data), len(data)
}

// lines calls do with each line of data.
func lines(data []byte, do func(line []byte, begin, end int)) {
	for begin := 0; begin < len(data); {
		end, next := nextLine(data[begin:])
		if end > 0 {
			do(data[begin:begin+end], begin, begin+end)
		}
		begin += next
	}
}

func (s *textScanner) whole(data []byte) int {
	if s.rows != noRows {
		return s.wholeRows(data)
	}
	return bytes.LastIndexAny(data, "\r\n") + 1
}

func (s *textScanner) scan(data []byte, b *block) {
	b.InEpoch, b.Modal = s.epoch != "", s.modes != nil
	r := readers.Get().(*lineReader)
	defer readers.Put(r)
	do := func(line []byte, begin, end int, pairs []pair) { s.scanRecord(data, line, begin, end, pairs, r, b) }
	if s.rows != noRows {
		s.inRows(data, r, func(line []byte) bool { return s.skips(line, b) }, do)
		b.lines += bytes.Count(data, newline)
		return
	}
	for begin := 0; begin < len(data); {
		end, next := nextLine(data[begin:])
		if line := data[begin : begin+end]; end > 0 && !s.skips(line, b) {
			eachRecord(line, begin, r.pairsOf(line, s), do)
		}
		begin += next
	}
	b.lines += bytes.Count(data, newline)
}

// skips says whether a line need not be read.
func (s *textScanner) skips(line []byte, b *block) bool {
	if bytes.Contains(line, s.pattern) {
		return false
	}
	if mode := s.modes.of(line); mode != lexicon.Unsaid {
		b.Mode = mode
	}
	if s.openings != nil {
		b.Reopen(s.openings.match(line))
	}
	return !s.carried && !(s.epochAhead && bytes.Contains(line, s.epochPattern))
}

// eachRecord calls do with the pairs of each record of a line: of several, where these run together on it.
func eachRecord(line []byte, begin int, pairs []pair, do func(line []byte, begin, end int, pairs []pair)) {
	for len(pairs) > 0 {
		n := oneRecord(pairs)
		do(line, begin, begin+len(line), pairs[:n])
		pairs = pairs[n:]
	}
}

// oneRecord returns how many of a line's pairs are of its first record: all, but where the names of the first two come again.
func oneRecord(pairs []pair) int {
	for i := 2; i+1 < len(pairs); i++ {
		if !bytes.Equal(pairs[i].name, pairs[0].name) || !bytes.Equal(pairs[i+1].name, pairs[1].name) {
			continue
		}
		if pairs[0].first < 0 || !counterOfLine(pairs[0].name) || bytes.Equal(pairs[0].name, pairs[1].name) {
			break
		}
		return i
	}
	return len(pairs)
}

func (s *textScanner) scanRecord(data, line []byte, begin, end int, pairs []pair, r *lineReader, b *block) {
	var lossPair, stepPair, epochPair, batchPair *pair
	beside, unfinished := s.beside == "", false
	for i := range pairs {
		p := &pairs[i]
		switch name := p.name; {
		case lossPair == nil && string(name) == s.loss:
			lossPair = p
		case stepPair == nil && string(name) == s.step:
			stepPair = p
		}
		beside = beside || string(p.name) == s.beside
		unfinished = unfinished || s.full != "" && p.total > p.value && string(p.name) == s.full
		if s.epoch != "" && epochPair == nil && string(p.name) == s.epoch {
			epochPair = p
		}
		if s.batch != "" && batchPair == nil && string(p.name) == s.batch {
			batchPair = p
		}
	}
	if epochPair != nil {
		b.Epoch = epochPair.value
	}
	if stepPair != nil && s.carried && !stepPair.unit {
		if step, ok := stepOf(stepPair.value); ok {
			b.Carry, b.Carries = step, true
		}
	}
	if lossPair == nil {
		return
	}
	step := int64(sequence.MissingStep)
	switch {
	case s.carried && b.Carries:
		step = b.Carry
	case s.carried:
		step = sequence.CarriedStep
	case stepPair != nil:
		var ok bool
		if step, ok = stepOf(stepPair.value); !ok {
			b.malform(data, begin, end, fmt.Sprintf("has %q for a step", shorten(stepPair.text)))
			return
		}
	}
	b.records++
	if s.labelled && !s.hasLabel(s.labelOf(r, pairs)) || s.always && stepPair == nil || !beside || unfinished ||
		s.total > 0 && (stepPair == nil || stepPair.total != s.total) {
		b.leftOut++
		return
	}
	for i := range s.where {
		if !s.meets(&s.where[i], pairs, line) {
			b.leftOut++
			return
		}
	}
	if s.batch != "" {
		var text []byte
		if batchPair != nil {
			text = batchPair.text
		}
		b.AddGrouped(step, lossPair.value, hash(text))
		return
	}
	b.Add(step, lossPair.value)
}

// labelOf returns the label of a record of the line at hand.
func (s *textScanner) labelOf(r *lineReader, pairs []pair) []byte {
	if label := pairs[0].label; label != nil {
		return label
	}
	return r.labelBy(s.by, s.loss, pairs)
}

func (s *textScanner) hasLabel(label []byte) bool {
	if string(label) == s.label {
		return true
	}
	for _, also := range s.alsoLabels {
		if string(label) == also {
			return true
		}
	}
	return false
}

func (s *textScanner) meets(c *Condition, pairs []pair, line []byte) bool {
	for i := range pairs {
		if string(pairs[i].name) == c.Field {
			return c.holds(pairs[i].text)
		}
	}
	return c.meets(line)
}

// survey visits the numbers of all lines.
func (s *textScanner) survey(data []byte, visit *survey) {
	r := readers.Get().(*lineReader)
	defer readers.Put(r)
	s.inRows(data, r, visit.skips, func(_ []byte, _, _ int, pairs []pair) {
		for i := range pairs {
			p := &pairs[i]
			visit.add(p.name, p.text, p.value, true, p.unit, p.total)
		}
		visit.endLine(string(r.labelBy(visit.by, visit.loss, pairs)))
	})
}

// sniffText says whether any number of a text has a name.
func sniffText(sample []byte) (chooser, bool) {
	if s, ok := sniffRunTogether(sample); ok {
		return s, true
	}
	r := new(lineReader)
	any := false
	lines(sample, func(line []byte, _, _ int) {
		if !any {
			any = len(r.read(line)) > 0
		}
	})
	style, opens := findRows(sample)
	return &textScanner{rows: style, opens: opens}, any
}

func (s *textScanner) choose(chosen selection) (scanner, error) {
	c := &textScanner{rows: s.rows, opens: s.opens, selection: chosen, pattern: []byte(chosen.loss), epochPattern: []byte(chosen.epoch)}
	if _, name, ok := strings.Cut(chosen.loss, headingMark); ok {
		c.pattern = []byte(name)
	}
	if lexicon.IsPosition(chosen.loss) || chosen.loss == string(lexicon.Nameless) {
		c.pattern = nil
	}
	return c, nil
}
