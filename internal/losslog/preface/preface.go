// Package preface takes away what loggers, containers and schedulers add to a log: before every line the time, how severe the message
// is, where in the source it comes from, whose output it is; and every line once more, where there are two of them. What is left reads
// as the program printed it.
package preface

import (
	"bytes"
	"math"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
)

// Preface is what stands before the lines of one log, part by part, or spaces alone.
type Preface struct {
	parts   []slot
	spaces  int  // at most so many are part of it, behind the rest
	mixed   bool // places in a source say which lines are of a validation
	Doubled bool // each line is written twice
}

// slot is a part that lines have in common.
type slot struct {
	kind kind
	text string // of marks, and of words that are always the same; empty: any
	last bool   // the preface may end here
}

const (
	mostLines = 500
	mostParts = 24
	fewest    = 4 // lines that show a preface
)

// line is one of those that a preface is looked for in.
type line struct {
	text []byte
	at   int   // how far it agrees
	ends []int // of its parts
	now  part  // what follows
	out  bool  // it no longer agrees
}

// Find returns what is to be taken away from all lines, as a log's beginning shows, or nil.
func Find(head []byte) *Preface {
	lines := sample(head)
	if len(lines) < fewest {
		return nil
	}
	p := &Preface{}
	p.number(lines)
	for len(p.parts) < mostParts && p.extend(lines) {
	}
	p.trim(lines)
	if len(p.parts) > 0 && !p.suits(lines) {
		p.parts = nil
	}
	p.spaces = len(head)
	for _, l := range lines {
		if i := l.end(len(p.parts)); i < len(l.text) && (i > 0 || len(p.parts) == 0) {
			p.spaces = min(p.spaces, len(l.text)-i-len(bytes.TrimLeft(l.text[i:], " \t")))
		}
	}
	p.Doubled, p.mixed = p.doubles(lines), p.mixes(lines)
	if len(p.parts) == 0 && p.spaces == 0 && !p.Doubled {
		return nil
	}
	return p
}

// number takes the numbers of lines for the first part, where lines begin with these, and some hold no others or begin with other words than
// most: what counts steps is beside numbers, and does not count the lines between.
func (p *Preface) number(lines []*line) {
	follow, bare, last := 0, 0, math.NaN()
	firsts := make(map[string]int)
	for _, l := range lines {
		end, n := ordinalEnd(l.text)
		if end == 0 {
			return
		}
		if n == last+1 {
			follow++
		}
		last = n
		rest := l.text[end:]
		if !bytes.ContainsAny(rest, "0123456789") {
			bare++
		}
		if first := next(rest, 0); first.kind == word && !decimal.IsDigit(rest[first.begin]) {
			firsts[string(rest[first.begin:first.end])]++
		} else {
			firsts[""]++
		}
		l.now = part{kind: ordinal, end: end}
	}
	most := 0
	for _, n := range firsts {
		most = max(most, n)
	}
	if follow < len(lines)-1 || bare == 0 && most*4 > len(lines)*3 {
		return
	}
	for _, l := range lines {
		l.at = l.now.end
		l.ends = append(l.ends, l.at)
	}
	p.parts = append(p.parts, slot{kind: ordinal})
}

// doubles says whether nearly all lines stand there twice, as where two loggers write to one file.
func (p *Preface) doubles(lines []*line) bool {
	const fewest = 6 // pairs
	pairs, changes, singles := 0, 0, 0
	var before []byte
	for i := 0; i+1 < len(lines); i++ {
		text := p.Strip(lines[i].text)
		if !bytes.Equal(text, p.Strip(lines[i+1].text)) {
			singles++
			continue
		}
		pairs++
		i++
		if !bytes.Equal(text, before) {
			changes++
		}
		before = text
	}
	return pairs >= fewest && singles*20 <= pairs && changes*2 >= pairs
}

// sample returns the whole lines of a beginning that hold anything.
func sample(head []byte) (lines []*line) {
	for len(lines) < mostLines {
		text, rest, whole := bytes.Cut(head, []byte{'\n'})
		if !whole {
			return lines
		}
		head = rest
		if text = bytes.TrimRight(text, "\r \t"); len(text) > 0 {
			lines = append(lines, &line{text: text})
		}
	}
	return lines
}

// end returns where the first n parts of a line end; 0 where it has fewer.
func (l *line) end(n int) int {
	if n == 0 || len(l.ends) < n {
		return 0
	}
	return l.ends[n-1]
}

// extend adds the part that nearly all lines have next, if there is one.
func (p *Preface) extend(lines []*line) bool {
	var kinds [mark + 1]int
	texts := make(map[string]int)
	agree := 0
	for _, l := range lines {
		if l.out {
			continue
		}
		agree++
		l.now = next(l.text, l.at)
		kinds[l.now.kind]++
		if l.now.kind == word || l.now.kind == mark {
			texts[string(l.text[l.now.begin:l.now.end])]++
		}
	}
	found := slot{}
	for k := clock; k <= word; k++ {
		if kinds[k]*10 >= agree*9 {
			found.kind = k
		}
	}
	for text, n := range texts {
		isMark := len(text) == 1 && strings.Contains(marks, text)
		if isMark && n*10 >= agree*9 {
			found = slot{kind: mark, text: text}
		} else if !isMark && found.kind == word && n*50 >= agree*49 {
			found.text = text
		}
	}
	if found.kind == nothing || len(p.parts) == 0 && found.text == "|" {
		return false // the first cell of a table
	}
	if found.kind == word {
		for text := range texts {
			if found.text != "" && found.text != text {
				continue
			}
			if tells([]byte(text)) || found.text == "" && counts(text) {
				return false
			}
		}
	}
	left := 0
	for _, l := range lines {
		if l.out = l.out || !found.is(l.text, l.now); !l.out {
			l.at = l.now.end
			l.ends = append(l.ends, l.at)
			left++
		}
	}
	p.parts = append(p.parts, found)
	return left*10 >= len(lines)*8
}

// is says whether a part of a line is the slot's.
func (s slot) is(text []byte, p part) bool {
	return p.kind == s.kind && (s.text == "" || string(text[p.begin:p.end]) == s.text)
}

// end returns the end of the slot's part at i of a line, or 0 where another part stands there.
func (s *slot) end(text []byte, i int) int {
	switch s.kind {
	case ordinal:
		end, _ := ordinalEnd(text)
		return end
	case mark:
		if i = pastSpaces(text, i); i < len(text) && text[i] == s.text[0] {
			return i + 1
		}
		return 0
	case clock:
		if i = pastSpaces(text, i); i < len(text) {
			return clockEnd(text, i)
		}
		return 0
	case word:
		// Before a space it is nothing but the word.
		i = pastSpaces(text, i)
		if end := i + len(s.text); s.text != "" && bytes.HasPrefix(text[i:], []byte(s.text)) && end < len(text) && (text[end] == ' ' ||
			text[end] == ':' && end+1 < len(text) && text[end+1] == ' ') {
			return end
		}
	}
	if now := next(text, i); s.is(text, now) {
		return now.end
	}
	return 0
}

// trim takes away the last parts, which belong to what lines say, and marks where the preface may end: behind an anchor and the
// marks that close it, and behind words that are always the same and the mark, or the objects of JSON, behind these.
func (p *Preface) trim(lines []*line) {
	for i := range p.parts {
		s := &p.parts[i]
		switch {
		case s.kind.anchor():
			s.last = true
		case p.constant(i) && p.headsObjects(lines, i):
			s.last = true
		case s.kind == mark && i == 0 && s.text == ">":
			s.last = true // a quotation
		case s.kind == mark && i > 0 && p.parts[i-1].last && strings.Contains("])>", s.text):
			s.last = true
		case s.kind == mark && strings.Contains("|:-]>", s.text) && i > 0 && (p.parts[i-1].last || p.constant(i-1)) && p.parts[i-1].text != s.text:
			s.last = !p.opensBox(lines, i)
		}
	}
	for len(p.parts) > 0 && !p.parts[len(p.parts)-1].last {
		p.parts = p.parts[:len(p.parts)-1]
	}
}

// constant says whether part i is a word that is always the same, and no number but behind such a word: "Chain 1".
func (p *Preface) constant(i int) bool {
	return p.parts[i].kind == word && p.parts[i].text != "" && (!isNumber([]byte(p.parts[i].text)) || i > 0 && p.constant(i-1))
}

// headsObjects says whether nearly all lines have an object of JSON behind part i, and nothing else.
func (p *Preface) headsObjects(lines []*line, i int) bool {
	objects := 0
	for _, l := range lines {
		rest := bytes.TrimLeft(l.text[l.end(i+1):], " \t")
		if bytes.HasPrefix(rest, []byte("{\"")) && bytes.HasSuffix(rest, []byte("}")) && l.end(i+1) > 0 {
			objects++
		}
	}
	return objects*10 >= len(lines)*9
}

// opensBox says whether the bar that is part i is the first of a table's row.
func (p *Preface) opensBox(lines []*line, i int) bool {
	if p.parts[i].text != "|" {
		return false
	}
	boxes, all := 0, 0
	for _, l := range lines {
		end := l.end(i + 1)
		if end == 0 {
			continue
		}
		all++
		rest := bytes.TrimLeft(l.text[end:], " \t")
		if bytes.HasSuffix(rest, []byte("|")) && !bytes.HasPrefix(rest, []byte("|")) {
			boxes++
		}
	}
	return boxes*2 > all
}

// suits says whether what lines have in common is a preface, and not the first columns of a table, or the name of their numbers.
func (p *Preface) suits(lines []*line) bool {
	numbers, all := 0, 0
	for _, l := range lines {
		end := l.end(len(p.parts))
		if end == 0 {
			if first := next(l.text, 0); all == 0 && first.kind == word && lexicon.TimeWords[strings.ToLower(string(l.text[first.begin:first.end]))] {
				return false // the head of a column of times
			}
			continue
		}
		all++
		rest := l.text[end:]
		if bytes.HasPrefix(rest, []byte(",")) || bytes.HasPrefix(rest, []byte(";")) {
			return false
		}
		if rest = bytes.TrimLeft(rest, " \t-+."); len(rest) > 0 && decimal.IsDigit(rest[0]) {
			numbers++
		}
	}
	named := true
	for _, s := range p.parts {
		// No number is called "worker-1", nor is one quoted.
		named = named && !s.kind.anchor() && !(s.kind == word && strings.ContainsAny(s.text, "0123456789")) && s.text != ">"
	}
	return all*10 >= len(lines)*8 && !(named && numbers*2 >= all)
}

// mixes says whether functions that validate wrote some of the lines, and others the rest.
func (p *Preface) mixes(lines []*line) bool {
	told, all := 0, 0
	for _, l := range lines {
		rest, place := p.strip(l.text)
		all += min(1, len(l.text)-len(rest))
		told += min(1, len(validating(place)))
	}
	return told > 0 && told < all
}

// Strip returns a line without as much of the preface as it has, but for the name of a function that validates, where others do not.
func (p *Preface) Strip(text []byte) []byte {
	rest, place := p.strip(text)
	if p.mixed {
		if function := validating(place); function != nil {
			return append(append(bytes.Clone(function), ' '), rest...)
		}
	}
	return rest
}

// strip returns a line without the preface, and the place in a source that this tells.
func (p *Preface) strip(text []byte) (rest, place []byte) {
	at, end := 0, 0
	for i := range p.parts {
		s, begin := &p.parts[i], at
		if at = s.end(text, at); at == 0 {
			break
		}
		if s.last {
			end = at
		}
		if s.kind == source {
			place = text[begin:at]
		}
	}
	if end == 0 && len(p.parts) > 0 {
		return text, nil
	}
	text = text[end:]
	for n := 0; n < p.spaces && len(text) > 0 && (text[0] == ' ' || text[0] == '\t'); n++ {
		text = text[1:]
	}
	return text, place
}

// validating returns the name of a function in a place in a source, "__main__:evaluate:233", if it says that the function validates; nil
// elsewhere. The names of files and modules say nothing.
func validating(place []byte) []byte {
	parts := bytes.Split(place, []byte{':'})
	if len(parts) < 3 {
		return nil
	}
	if function := parts[len(parts)-2]; lexicon.LabelOf(function) == lexicon.OfValidation {
		return function
	}
	return nil
}
