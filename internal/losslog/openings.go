package losslog

import (
	"bytes"
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/sequence"
)

// openings are lines from before a log's first loss. Where one of them comes again and the loss is back at its beginning, another
// run begins, though nothing that counts begins anew.
type openings struct {
	lines  []string
	shapes []uint64
	leads  []uint64 // of the first words; 0 where there are too few
	// lengths and letters tell most other lines at once: lengths of shapes, nearly, and first letters.
	lengths [mostOpening + 1]bool
	letters [256]bool
}

// mostOpening is how many bytes of a line count.
const mostOpening = 120

// openingsOf returns the last lines before the first one that holds a pattern.
func openingsOf(sample, pattern []byte) *openings {
	o := new(openings)
	if len(pattern) == 0 {
		return o
	}
	end := bytes.Index(sample, pattern)
	if end < 0 {
		return o
	}
	plaintext.Lines(sample[:bytes.LastIndexAny(sample[:end], "\r\n")+1], func(line []byte) {
		shape, lead, first, letters := outline(line)
		if letters == 0 || len(line) > mostOpening || slices.Contains(o.shapes, shape) || opensEpoch(line) {
			return
		}
		if len(o.shapes) == sequence.MostOpenings {
			o.lines, o.shapes, o.leads = o.lines[1:], o.shapes[1:], o.leads[1:]
		}
		o.lines, o.shapes, o.leads = append(o.lines, shorten(line)), append(o.shapes, shape), append(o.leads, lead)
		for n := max(0, len(line)-8); n <= min(mostOpening, len(line)+8); n++ {
			o.lengths[n] = true
		}
		o.letters[first] = true
	})
	return o
}

// opensEpoch says whether a line is a bar of an epoch, which comes again with each one.
func opensEpoch(line []byte) bool {
	return bytes.Contains(line, []byte("%|")) && slices.ContainsFunc(lexicon.Words(string(line)), func(word string) bool { return lexicon.EpochWords[word] })
}

// outline returns what lines alike have in common: their text but for numbers and spaces, and their first words, of which there are
// more.
func outline(line []byte) (shape, lead uint64, first byte, letters int) {
	shape = 14695981039346656037
	words := 0
	within := false
	var leads [3]uint64 // after 0, 1 and 2 words
	leads[0] = shape
	for i, c := range line[:min(len(line), mostOpening)] {
		isLetter := decimal.IsLetter(c)
		if isLetter {
			if first == 0 {
				first = c
			}
			letters++
		}
		if c >= '0' && c <= '9' || c == ' ' || c == '\t' || c == '.' || c == '-' || c == '+' ||
			c == 'e' && i > 0 && decimal.DigitAt(line, i-1) && i+1 < len(line) && (decimal.DigitAt(line, i+1) || line[i+1] == '-') {
			within = within && decimal.DigitAt(line, i)
			continue
		}
		shape = (shape ^ uint64(c)) * 1099511628211
		if isLetter && !within {
			words++
			if words <= 2 {
				leads[words] = leads[words-1]
			}
		}
		if within = isLetter; within && words <= 2 {
			leads[words] = (leads[words] ^ uint64(c)) * 1099511628211
		}
	}
	if words > 1 {
		lead = leads[min(2, words-1)]
	}
	return shape, lead, first, letters
}

// match returns a bit for each opening that a line is like: by its shape, and, 16 bits further, by its first words.
func (o *openings) match(line []byte) (alike uint32) {
	if len(line) > mostOpening || !o.lengths[len(line)] && !o.mayLead(line) {
		return 0
	}
	shape, lead, _, _ := outline(line)
	for i := range o.shapes {
		if o.shapes[i] == shape {
			alike |= 1 << i
		}
		if o.leads[i] == lead && lead != 0 {
			alike |= 1 << (sequence.MostOpenings + i)
		}
	}
	return alike
}

// mayLead says whether a line's first letter is that of an opening.
func (o *openings) mayLead(line []byte) bool {
	for _, c := range line {
		if decimal.IsLetter(c) {
			return o.letters[c]
		}
	}
	return false
}
