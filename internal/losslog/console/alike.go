package console

import (
	"bytes"
	"encoding/binary"

	"alrc/internal/decimal"
)

// A log says the same things again with other numbers. Lines that differ only in the digits of their numbers and times have the
// same pairs and labels, so what was found in one line serves for those alike, of which only the numbers are read.

const (
	// alikeSets and alikeWays lay out the lines that are kept: a line is looked for among those of its set.
	alikeSets, alikeWays = 128, 4
	longestAlike         = 512
)

// alikes are the lines that a reader keeps for some labels.
type alikes struct {
	of     *Labels
	kept   [alikeSets][alikeWays]alike
	next   [alikeSets]uint8
	values []float64
	// looked counts lines, and found those of them that were like one before.
	looked, found int
}

// alike is a line that was read, for others of its kind.
type alike struct {
	length int
	// text is the line, eight bytes a word, of which the last one overlaps the one before. mask has 0xf0 for a digit that may differ,
	// which is 0 in text, and 0xff for any other byte.
	text, mask []uint64
	numbers    []alikeNumber
	pairs      []alikePair
}

// alikeNumber is a number of the line, and whether it is whole.
type alikeNumber struct {
	at           int
	whole, total bool
}

// alikePair is a pair whose texts are places in the line.
type alikePair struct {
	Pair
	nameAt        int // -1: the name is not in the line as it is
	textAt        int
	number, total int // of numbers; -1: none
}

// readAlike returns the pairs of a line, as Read does. The first pair of a record may have its label.
func (r *Reader) readAlike(line []byte, labels *Labels) []Pair {
	line = printed(bytes.TrimRight(line, " \t"))
	if len(line) < 8 || len(line) > longestAlike || labels.By == ByTotals {
		return r.Read(line)
	}
	if r.alikes == nil || r.alikes.of != labels {
		r.alikes = &alikes{of: labels}
	}
	a := r.alikes
	if a.looked > 2000 && a.found*4 < a.looked {
		return r.Read(line) // few lines are alike
	}
	a.looked++
	set := shapeOf(line) % alikeSets
	for i := range a.kept[set] {
		if k := &a.kept[set][i]; k.length == len(line) && k.like(line) && a.read(k, line) {
			a.found++
			return r.again(k, line)
		}
	}
	pairs := r.Read(line)
	if r.keep(&a.kept[set][a.next[set]%alikeWays]) {
		a.next[set]++
	}
	return pairs
}

const everyByte = 0x0101010101010101

func wordAt(line []byte, i int) uint64 { return binary.LittleEndian.Uint64(line[i:]) }

// shapeOf is a hash of a line but for its digits. The line has 8 bytes or more.
func shapeOf(line []byte) uint64 {
	h := uint64(len(line))
	take := func(i int) {
		word := wordAt(line, i)
		h = (h ^ word&(decimal.NonDigits(word)>>7*0xff)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	i := 0
	for ; i+8 <= len(line); i += 8 {
		take(i)
	}
	take(len(line) - 8)
	return h
}

// like says whether a line of the same length differs in digits only that may differ.
func (k *alike) like(line []byte) bool {
	same := func(i, at int) bool {
		x := wordAt(line, at) ^ k.text[i]
		// Of a digit less than 10 is left.
		return x&k.mask[i]|(x+6*everyByte)&(0x10*everyByte) == 0
	}
	last := len(k.text) - 1
	for i := range last {
		if !same(i, 8*i) {
			return false
		}
	}
	return same(last, len(line)-8)
}

// read reads the numbers of a line that is like k. It says no where one is whole that was not, or the other way round.
func (a *alikes) read(k *alike, line []byte) bool {
	a.values = a.values[:0]
	for _, n := range k.numbers {
		value, _ := decimal.Parse(line[n.at:])
		if !n.total && decimal.IsWhole(value) != n.whole {
			return false
		}
		a.values = append(a.values, value)
	}
	return true
}

// again returns the pairs of a line that is like k, whose numbers were read.
func (r *Reader) again(k *alike, line []byte) []Pair {
	r.pairs = r.pairs[:0]
	for i := range k.pairs {
		from := &k.pairs[i]
		p := from.Pair
		if from.nameAt >= 0 {
			p.Name = line[from.nameAt : from.nameAt+len(p.Name)]
		}
		p.Text = line[from.textAt : from.textAt+len(p.Text)]
		p.Value = r.alikes.values[from.number]
		if from.total >= 0 {
			p.Total = r.alikes.values[from.total]
		}
		r.pairs = append(r.pairs, p)
	}
	return r.pairs
}

// keep keeps the line that was read last, unless its pairs hang on more of its digits than whether numbers are whole.
func (r *Reader) keep(k *alike) bool {
	line := r.line
	k.length = 0
	if r.unlike {
		return false
	}
	text, mask := bytes.Clone(line), bytes.Repeat([]byte{0xff}, len(line))
	of := make(map[int]int) // numbers by token
	k.numbers, k.pairs = k.numbers[:0], k.pairs[:0]
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.kind != numberToken && t.kind != timeToken {
			continue
		}
		for j := t.begin; j < t.end; j++ {
			// A zero before a comma is told from other digits.
			if decimal.IsDigit(line[j]) && !(j+1 < len(line) && line[j+1] == ',' && (j == 0 || !decimal.IsDigit(line[j-1]))) {
				text[j], mask[j] = '0', 0xf0
			}
		}
		if t.kind == timeToken {
			continue
		}
		of[i] = len(k.numbers)
		k.numbers = append(k.numbers, alikeNumber{at: t.begin, whole: decimal.IsWhole(t.value)})
		end := t.unit
		if t.total >= 0 {
			behind := trailingTotal(line[t.begin:t.end])
			end = t.end - behind
			at := end
			for !decimal.IsDigit(line[at]) {
				at++
			}
			if value, n := decimal.Parse(line[at:]); value != t.total || at+n != t.end {
				return false
			}
			k.numbers = append(k.numbers, alikeNumber{at: at, total: true})
		}
		if _, n := decimal.Parse(line[t.begin:]); t.begin+n != end {
			return false // thousands, ranges
		}
	}
	for i := range r.pairs {
		p := &r.pairs[i]
		from := alikePair{Pair: *p, nameAt: placeIn(line, p.Name), textAt: r.tokens[p.at].begin, number: of[p.at], total: -1}
		if from.nameAt < 0 {
			from.Name = bytes.Clone(p.Name)
		}
		if p.Total >= 0 {
			from.total = from.number + 1
		}
		k.pairs = append(k.pairs, from)
	}
	for pairs, first := r.pairs, 0; len(pairs) > 0; {
		n := oneRecord(pairs)
		k.pairs[first].label = append([]byte{}, r.Label(pairs[:n], r.alikes.of)...)
		pairs, first = pairs[n:], first+n
	}
	if r.unlike { // a label hangs on a number
		return false
	}
	k.text, k.mask = k.text[:0], k.mask[:0]
	for i := 0; i+8 <= len(line); i += 8 {
		k.text, k.mask = append(k.text, wordAt(text, i)), append(k.mask, wordAt(mask, i))
	}
	k.text, k.mask = append(k.text, wordAt(text, len(line)-8)), append(k.mask, wordAt(mask, len(line)-8))
	k.length = len(line)
	return true
}

// placeIn is the place of a part in a line of which it is a slice; -1 where it is none.
func placeIn(line, part []byte) int {
	if at := cap(line) - cap(part); len(part) > 0 && at >= 0 && at < len(line) && &line[at] == &part[0] {
		return at
	}
	return -1
}
