package console

import (
	"bytes"

	"alrc/internal/losslog/lexicon"
)

// behind returns the name that stands behind number i, up to a mark: "0.5 loss,".
func (r *Reader) behind(i int) (name []byte, first, last int) {
	j := i + 1
	for j < len(r.tokens) && r.tokens[j].kind == wordToken && r.tokens[j].begin == r.tokens[j-1].end+1 && j-i <= 5 {
		// "0.5 loss (train) at 100 steps"
		if j+3 < len(r.tokens) && r.tokens[j+1].kind == markToken && r.tokens[j+1].mark == '(' && r.tokens[j+2].kind == wordToken &&
			r.tokens[j+3].kind == markToken && r.tokens[j+3].mark == ')' && r.tokens[j+1].begin == r.tokens[j].end+1 {
			j += 3
		}
		// "0.5 C.E. Loss"
		if j++; j+1 < len(r.tokens) && r.isPoint(j) && r.tokens[j+1].kind == wordToken && r.tokens[j+1].begin == r.tokens[j].end+1 {
			j++
		}
	}
	if j == i+1 {
		return nil, -1, -1
	}
	if j < len(r.tokens) && r.tokens[j].kind == numberToken && r.tokens[j].begin == r.tokens[j-1].end+1 {
		// "0.5 loss at epoch 3", "0.5 loss after 300 steps"
		phrase := r.line[r.tokens[i+1].begin:r.tokens[j-1].end]
		head, _, ok := cutPreposition(phrase)
		if last := lastWord(phrase); !ok && len(last) < len(phrase) && lexicon.IsPreposition(last) && r.wordBehind(j) && counterOfLine(r.word(j+1)) {
			head, ok = phrase[:len(phrase)-len(last)-1], true
		}
		if !ok {
			return nil, -1, -1
		}
		for last = i + 1; r.tokens[last].end < r.tokens[i+1].begin+len(head); last++ {
		}
		return head, i + 1, last
	}
	if j < len(r.tokens) {
		t := &r.tokens[j]
		if t.kind != gapToken && (t.kind != markToken || t.mark != ',' && t.mark != ';' && t.mark != '|' && t.mark != ')') {
			return nil, -1, -1
		}
	}
	return r.line[r.tokens[i+1].begin:r.tokens[j-1].end], i + 1, j - 1
}

// namedBehind says whether the words from token first on are the name of the last number before them.
func (r *Reader) namedBehind(first int) bool {
	k := len(r.pairs) - 1
	return k >= 0 && r.pairs[k].first == first && r.pairs[k].at < first
}

func (r *Reader) wordBehind(i int) bool {
	return i+1 < len(r.tokens) && r.tokens[i+1].kind == wordToken
}

func (r *Reader) colonBehind(i int) bool { return r.isMark(i+1, ':') }

// barBehind says whether a bar is the next mark behind number i.
func (r *Reader) barBehind(i int) bool {
	if i++; i < len(r.tokens) && r.tokens[i].kind == gapToken {
		i++
	}
	return r.isMark(i, '|')
}

// measures says whether a word behind number i, which counts, leads to another number: "300 batches = 0.5".
func (r *Reader) measures(i int) bool {
	if !r.counts(i) || i+3 >= len(r.tokens) || r.tokens[i+1].kind != wordToken || r.tokens[i+3].kind != numberToken {
		return false
	}
	if t := &r.tokens[i+2]; t.kind == markToken {
		return t.mark == ':' || t.mark == '='
	}
	return bytes.EqualFold(r.word(i+2), []byte("is"))
}

// trailingTotal is the length of "/600", or " of 600", behind "10".
func trailingTotal(text []byte) int {
	i := bytes.IndexByte(text, '/')
	if i < 0 {
		i = bytes.Index(text, []byte(" of "))
	}
	if i < 0 {
		return 0
	}
	return len(text) - len(bytes.TrimRight(text[:i], " "))
}
