package console

import (
	"bytes"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
)

// Numbers that only their place in a line names.

// onlyCounted says whether number i has a point and stands behind nothing but what counts, and before nothing of matter: "epoch 1, 0.5",
// "1 tensor(0.5)".
func (r *Reader) onlyCounted(i int) bool {
	if r.counts(i) || len(r.pairs) != 1 {
		return false
	}
	counter := &r.pairs[0]
	if i > 2 && counter.at == i-3 && (bytes.Equal(counter.Name, lexicon.Leading) || counterOfLine(counter.Name)) {
		return r.opensOne(i - 1)
	}
	if i < len(r.tokens)-1 || counter.first < 0 || !counterOfLine(counter.Name) {
		return false
	}
	for k := range r.tokens[:i] {
		t := &r.tokens[k]
		if t.kind != gapToken && (k > counter.at && (t.kind != markToken || t.mark != ',' && t.mark != '|' && t.mark != '-' && t.mark != ';') ||
			k < counter.at && (k < counter.first || k > counter.last) && t.kind != markToken) {
			return false
		}
	}
	return true
}

// isShared says whether the share of all steps stands right behind number i, which counts them: "500 5%".
func (r *Reader) isShared(i int) bool {
	if i+1 >= len(r.tokens) || !r.counts(i) {
		return false
	}
	share := &r.tokens[i+1]
	return share.kind == numberToken && share.begin == r.tokens[i].end+1 && share.end == share.unit+1 && r.line[share.unit] == '%'
}

// isAfterShare says whether a step with its share is what was found last in the line.
func (r *Reader) isAfterShare() bool {
	k := len(r.pairs) - 1
	return k >= 0 && bytes.Equal(r.pairs[k].Name, lexicon.Shared)
}

// inBrackets says whether number i is the last of brackets that hold nothing but whole numbers.
func (r *Reader) inBrackets(i int) bool {
	if !r.isMark(i+1, ']') {
		return false
	}
	for j := i - 1; j >= 0; j-- {
		switch t := &r.tokens[j]; {
		case t.kind == numberToken && decimal.IsWhole(t.value), t.kind == gapToken, t.kind == markToken && t.mark == ',':
		case t.kind == markToken && t.mark == '[':
			return decimal.IsWhole(r.tokens[i].value)
		default:
			return false
		}
	}
	return false
}

// leads says whether number i begins the line, but for a mark, "10 loss", "#10 loss", "(10) loss", and for what a logger adds.
func (r *Reader) leads(i int) bool {
	marks, from := 0, r.logged(i)
	for _, t := range r.tokens[from:i] {
		if t.kind == markToken && (t.mark == '#' || t.mark == '(' || t.mark == '|' && r.barBehind(i)) {
			marks++
		} else if t.kind != gapToken {
			return false
		}
	}
	return marks == 0 && (from == 0 || r.counts(i)) || marks == 1 && r.counts(i)
}

// logged returns the token behind the level in brackets that a logger begins the line with, before token i; 0 where there is none.
func (r *Reader) logged(i int) int {
	for k := 1; k+1 < i && k < 6; k++ {
		if r.tokens[k].kind == wordToken && r.isPrefix(k) && r.tokens[k-1].kind == markToken && r.tokens[k-1].mark == '[' && r.tokens[k+1].kind == markToken &&
			r.tokens[k+1].mark == ']' {
			return k + 2
		}
	}
	return 0
}

// isOfRange says whether number i is the least or the largest of so many, as summaries of trackers tell them: "loss [400] : (0.1, 2.3)".
func (r *Reader) isOfRange(i int) bool {
	first := i
	if r.isMark(i-1, ',') && r.isMark(i+1, ')') {
		first = i - 2
	}
	if !r.isMark(first-1, '(') || !r.isMark(first+1, ',') || !r.isMark(first+3, ')') {
		return false
	}
	k := first - 2
	for k > 0 && (r.isMark(k, ':') || r.tokens[k].kind == gapToken) {
		k--
	}
	return k < first-2 && k > 2 && r.isMark(k, ']') && r.isMark(k-2, '[') && r.isWord(k-3)
}

// timed says whether number i, which counts, is the first in brackets that hold a time besides: "[10 | 28.4]".
func (r *Reader) timed(i int) bool {
	if !r.isMark(i-1, '[') || !r.counts(i) {
		return false
	}
	var shape []byte
	for k := i + 1; k < len(r.tokens) && len(shape) < 3; k++ {
		switch t := &r.tokens[k]; t.kind {
		case gapToken:
		case markToken:
			shape = append(shape, t.mark)
		case numberToken, timeToken:
			shape = append(shape, '0')
		default:
			return false
		}
	}
	return string(shape) == "|0]"
}

// counts says whether the number of token i is whole and without a unit.
func (r *Reader) counts(i int) bool {
	t := &r.tokens[i]
	return t.unit == t.end && decimal.IsWhole(t.value)
}

// lossFarBefore returns the word that says that number i is a loss, where nothing nearer names it: the number ends the line behind a colon or
// an equals sign, and no other word there is one of a loss, as in "Tensor loss of type float. Dims: (): 0.5". It is -1 elsewhere.
func (r *Reader) lossFarBefore(i int, left *before) int {
	if !left.separated || left.number >= 0 || i != len(r.tokens)-1 || r.counts(i) {
		return -1
	}
	word := -1
	for k := range r.tokens[:i] {
		if !r.isWord(k) || !lossLike(r.word(k)) {
			continue
		}
		if word >= 0 || r.tokens[k].used {
			return -1
		}
		word = k
	}
	return word
}
