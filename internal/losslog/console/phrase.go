package console

import (
	"bytes"
	"slices"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
)

// phrase returns the words, one space apart, that end with token j.
func (r *Reader) phrase(j int) (name []byte, first, last int) {
	const longest = 8
	first = j
	for k := j - 1; k >= 0 && j-k < longest; k-- {
		t := &r.tokens[k]
		if t.kind == markToken && t.mark == ')' && t.end+1 == r.start(k+1) {
			// What stands in parentheses belongs to the words before: "loss (of a batch) at step".
			open := k - 1
			for open > 0 && k-open < 6 && r.tokens[open].kind == wordToken {
				open--
			}
			if open > 0 && r.tokens[open].mark == '(' && r.tokens[open].kind == markToken && r.tokens[open-1].kind == wordToken &&
				r.tokens[open-1].end+1 == r.tokens[open].begin {
				k = open
				continue
			}
			break
		}
		if k > 0 && r.isPoint(k) && t.end+1 == r.start(k+1) && r.tokens[k-1].kind == wordToken &&
			lexicon.RoleOf(strings.ToLower(string(r.word(k-1)))) != lexicon.Unsaid {
			k-- // "Val. loss"
			first = k
			continue
		}
		if t.kind != wordToken && t.kind != quotedToken || t.end+1 != r.start(k+1) || r.line[t.end] != ' ' {
			break
		}
		if t.kind == wordToken {
			if r.isPrefix(k) || r.isUnit(k) {
				break // "INFO loss", "GPU0 loss", "61.2 Hz loss"
			}
			first = k
		}
	}
	return r.line[r.tokens[first].begin:r.tokens[j].end], first, j
}

// isPrefix says whether word k tells how a line is logged, or by which worker.
func (r *Reader) isPrefix(k int) bool {
	word := r.word(k)
	if decimal.DigitAt(word, len(word)-1) {
		_, _, ok := workerWord(word)
		return ok
	}
	// An error may be a loss.
	return lexicon.IsLevel(word) && bytes.Equal(word, bytes.ToUpper(word)) && string(word) != "ERROR"
}

// isUnit says whether word k is the unit of a number before it, which may stand in parentheses.
func (r *Reader) isUnit(k int) bool {
	if k == 0 || r.tokens[k-1].end+1 != r.tokens[k].begin || len(r.word(k)) > 8 {
		return false
	}
	if t := &r.tokens[k-1]; t.kind != numberToken && (t.kind != markToken || t.mark != ')' || k < 2 || r.tokens[k-2].kind != numberToken) {
		return false
	}
	return lexicon.IsUnit(r.word(k))
}

// start is where token i begins, with its quotes.
func (r *Reader) start(i int) int {
	if r.tokens[i].kind == quotedToken {
		return r.tokens[i].begin - 1
	}
	return r.tokens[i].begin
}

// parenthesised returns the name that ends with the parenthesis at j: "time (ms)", "cross_entropy <loss>".
func (r *Reader) parenthesised(j int) (name []byte, first, last int) {
	opening := byte('(')
	if r.tokens[j].mark == '>' {
		opening = '<'
	}
	settings := false // "loss(alpha=0.5)", "loss(x, y)"
	counted := false  // "loss (epoch 3)"
	for k := j - 1; k >= 0 && j-k < 8; k-- {
		t := &r.tokens[k]
		if t.kind == markToken && t.mark == opening {
			if k == 0 || r.tokens[k-1].kind != wordToken {
				return nil, -1, -1
			}
			last, end := k-1, j
			if name, first, _ = r.phrase(last); counted {
				return name, first, last
			}
			if settings {
				if counterOfLine(name) || r.tokens[last].end != t.begin {
					return nil, -1, -1
				}
				r.dropPairs(k)
				end = last
			}
			return r.line[r.tokens[first].begin:r.tokens[end].end], first, last
		}
		if t.kind == numberToken && k > 0 && k+1 == j && r.counts(k) && r.tokens[k-1].kind == wordToken && counterOfLine(r.word(k-1)) {
			counted = true
			continue
		}
		if opening == '(' && (t.kind == numberToken || t.kind == markToken && (t.mark == '=' || t.mark == ',')) {
			settings = true
			continue
		}
		if t.kind != wordToken && t.kind != gapToken && (t.kind != markToken || t.mark != '/') && !r.isPoint(k) {
			return nil, -1, -1
		}
	}
	return nil, -1, -1
}

// labelled returns the name that ends with the mark at j, right before a number: "Error(Train) 0.5", `train_loss{run="12"} 0.5`.
func (r *Reader) labelled(j int) (name []byte, first, last int) {
	if r.isMark(j, ')') {
		if !r.isWord(j-1) || lexicon.RoleOf(strings.ToLower(string(r.word(j-1)))) == lexicon.Unsaid || !r.isMark(j-2, '(') || !r.isWord(j-3) ||
			r.tokens[j-3].end != r.tokens[j-2].begin {
			return nil, -1, -1
		}
		_, first, _ = r.phrase(j - 3)
		return r.line[r.tokens[first].begin:r.tokens[j].end], first, j
	}
	const longest = 40
	for k := j - 1; r.isMark(j, '}') && k > 0 && j-k < longest; k-- {
		if r.isMark(k, '{') {
			if k == 1 && r.isWord(0) && r.tokens[0].end == r.tokens[1].begin {
				return r.word(0), 0, 0
			}
			break
		}
	}
	return nil, -1, -1
}

// enclosed returns the words that are all there is between two marks, of which the second is token j: "{train loss}", "[loss]", "**loss**".
func (r *Reader) enclosed(j int) (name []byte, first, last int) {
	const longest = 6
	opening := r.tokens[j].mark
	switch opening {
	case '}', ']', '>':
		opening -= 2
	case ')':
		opening = '('
	case '*', '_', '`', '~':
	default:
		return nil, -1, -1
	}
	k := j - 1
	for k > 0 && j-k < longest && r.tokens[k].kind == wordToken {
		k--
	}
	if k < 0 || k == j-1 || r.tokens[k].kind != markToken || r.tokens[k].mark != opening || r.tokens[k+1].begin != r.tokens[k].end ||
		opening == '~' && r.line[r.tokens[k].begin] != '*' || k > 0 && r.tokens[k-1].kind == wordToken && r.tokens[k-1].end == r.tokens[k].begin {
		return nil, -1, -1
	}
	return r.line[r.tokens[k+1].begin:r.tokens[j-1].end], k + 1, j - 1
}

// isPoint says whether token i is a point that ends an abbreviation.
func (r *Reader) isPoint(i int) bool {
	t := &r.tokens[i]
	return i > 0 && t.kind == markToken && t.mark == '.' && t.end == t.begin+1 && t.begin == r.tokens[i-1].end
}

// withoutRecent returns what stands before "over the last"; nil where a name does not end so.
func withoutRecent(name []byte) []byte {
	word := lastWord(name)
	if !lexicon.SaysRecent(word) {
		return nil
	}
	rest := bytes.TrimSuffix(bytes.TrimRight(name[:len(name)-len(word)], " "), []byte(" the"))
	word = lastWord(rest)
	if !lexicon.IsPreposition(word) {
		return nil
	}
	return bytes.TrimRight(rest[:len(rest)-len(word)], " ")
}

// cutPreposition parts "loss at step" into "loss" and "step".
func cutPreposition(name []byte) (head, tail []byte, ok bool) {
	for end := len(name); ; {
		space := bytes.LastIndexByte(name[:end], ' ')
		if space <= 0 {
			return nil, nil, false
		}
		if end < len(name) && lexicon.IsPreposition(name[space+1:end]) {
			tail = name[end+1:]
			return name[:space], tail, counterOfLine(tail)
		}
		end = space
	}
}

// counterOfLine says whether the last word of a name is of what counts in a line.
func counterOfLine(name []byte) bool {
	return lexicon.CountsLine(lastWord(name))
}

// lastWord is the last of the words of a name.
func lastWord(name []byte) []byte { return name[bytes.LastIndexByte(name, ' ')+1:] }

// told returns the name that a sentence gives number i, before which left stands, in a line that counts: "epoch 3 got a loss of 0.5 and",
// "accuracy and a 0.5 loss". It is nil where this is no sentence, or not about losses.
func (r *Reader) told(i int, left *before) (name []byte, first, last int) {
	if left.name == nil || left.separated || left.opened || !r.isWord(left.last) || !lexicon.IsLink(r.word(left.last)) || bytes.IndexByte(r.tokenText(i), '.') < 0 ||
		!slices.ContainsFunc(r.pairs, func(p Pair) bool { return counterOfLine(p.Name) }) {
		return nil, -1, -1
	}
	if name, first, last = r.behind(i); name != nil && lossLike(lastWord(name)) {
		return name, first, last
	}
	last = left.last
	for last > left.first && r.isWord(last) && lexicon.IsLink(r.word(last)) {
		last--
	}
	if !r.isWord(last) || !lossLike(r.word(last)) {
		return nil, -1, -1
	}
	for first = last; first > left.first && r.isWord(first-1) && !lexicon.IsLink(r.word(first-1)); first-- {
	}
	return r.line[r.tokens[first].begin:r.tokens[last].end], first, last
}

func (r *Reader) tokenText(i int) []byte { return r.line[r.tokens[i].begin:r.tokens[i].end] }
