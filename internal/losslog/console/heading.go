package console

import (
	"bytes"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// headed is a part of a line whose numbers have names under a heading: "Losses: x 0.1, y 0.2".
type headed struct{ begin, end, until int }

// headingMark stands between a heading and a name.
const headingMark = ": "

// lossLike says whether a word is one for losses.
func lossLike(word []byte) bool {
	return len(word) >= 4 && len(word) <= 6 && word[0]|0x20 == 'l' && lexicon.LossWords[string(bytes.ToLower(word))]
}

// isHeading says whether word i heads the names of several numbers: a colon and a name follow, or a dictionary: "Losses {'x': 0.1}",
// "loss: {'x': 0.1}".
func (r *Reader) isHeading(i int) bool {
	i++
	if r.isMark(i, '{') {
		return r.opensPairs(i)
	}
	if !r.isSeparator(i) {
		return false
	}
	isColon := r.isMark(i, ':')
	if i++; i < len(r.tokens) && r.tokens[i].kind == gapToken {
		i++
	}
	if r.isMark(i, '{') || !isColon {
		return r.opensPairs(i)
	}
	if i < len(r.tokens) && r.tokens[i].kind == markToken && r.tokens[i].mark == '[' {
		i++
	}
	if i+1 >= len(r.tokens) || r.tokens[i].kind != wordToken || holdsOne(r.word(i)) {
		return false
	}
	next := &r.tokens[i+1]
	return next.kind == numberToken || next.kind == gapToken || next.kind == markToken && (next.mark == ':' || next.mark == '=')
}

// opensPairs says whether token i is a brace, and a name in quotes and a colon follow.
func (r *Reader) opensPairs(i int) bool {
	return r.isMark(i, '{') && i+2 < len(r.tokens) && r.tokens[i+1].kind == quotedToken && r.isMark(i+2, ':')
}

// isRoleHeading says whether word i says of which loss the numbers are in the parentheses that follow, or whose, where the line has others
// of other data: "train(a=0.1, b=0.2) val(a=0.3, b=0.4)".
func (r *Reader) isRoleHeading(i int) bool {
	if i+3 >= len(r.tokens) || r.tokens[i].kind != wordToken || !r.opensNames(i+1) {
		return false
	}
	if lexicon.MeaningOf(string(r.word(i))).Strength == lexicon.Loss {
		return true // "g_loss(a=0.1, b=0.2)"
	}
	role := lexicon.RoleOf(string(bytes.ToLower(r.word(i))))
	if role == lexicon.Unsaid {
		return false
	}
	for k := range r.tokens {
		if t := &r.tokens[k]; k != i && t.kind == wordToken && r.opensNames(k+1) {
			if other := lexicon.RoleOf(string(bytes.ToLower(r.word(k)))); other != lexicon.Unsaid && other != role {
				return true
			}
		}
	}
	return false
}

// opensNames says whether token i is a parenthesis, and a name with a number follows.
func (r *Reader) opensNames(i int) bool {
	return i+2 < len(r.tokens) && r.tokens[i].kind == markToken && r.tokens[i].mark == '(' && r.tokens[i].begin == r.tokens[i-1].end &&
		r.tokens[i+1].kind == wordToken && r.tokens[i+2].kind == markToken && (r.tokens[i+2].mark == '=' || r.tokens[i+2].mark == ':')
}

// headedUntil returns where what the heading at word i heads ends.
func (r *Reader) headedUntil(i int) int {
	ends := "]}|;"
	if r.opensNames(i + 1) {
		ends = ")"
	}
	for i++; i < len(r.tokens); i++ {
		if t := &r.tokens[i]; t.kind == markToken && strings.IndexByte(ends, t.mark) >= 0 {
			if t.mark == ']' && i+1 < len(r.tokens) && r.tokens[i+1].kind == markToken && r.tokens[i+1].mark == '[' && r.tokens[i+1].begin == t.end {
				continue // "[total: 0.3][box: 0.1]"
			}
			return t.begin
		}
	}
	return len(r.line)
}

// unitBehind says whether the last word of a line or of a part of it makes number i a time, as in "0.5 seconds", a mark a share, as in
// "5 %", or a word behind its mean a rate, as in "61.2 (60.8) Hz".
func (r *Reader) unitBehind(i int) bool {
	if i+1 >= len(r.tokens) {
		return false
	}
	if t := &r.tokens[i+1]; t.kind == markToken && t.mark == '%' && t.begin == r.tokens[i].end+1 {
		return true
	}
	if i+4 < len(r.tokens) && r.tokens[i+4].kind == wordToken && r.tokens[i+2].kind == numberToken && r.tokens[i+1].kind == markToken &&
		r.tokens[i+1].mark == '(' && r.isUnit(i+4) {
		return true
	}
	if r.tokens[i+1].kind != wordToken || r.tokens[i+1].begin != r.tokens[i].end+1 && !isUnspaced(r.word(i+1)) {
		return false
	}
	word := bytes.TrimSuffix(r.word(i+1), []byte("."))
	if !lexicon.IsTimeUnit(word) {
		return false
	}
	if i+2 == len(r.tokens) {
		return true
	}
	next := &r.tokens[i+2]
	return next.kind == markToken && bytes.IndexByte([]byte(".,;)|/"), next.mark) >= 0
}
