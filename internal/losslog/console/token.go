package console

import (
	"bytes"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/timestamp"
)

// tokenKind is what a part of a line is.
type tokenKind uint8

const (
	wordToken   tokenKind = iota
	quotedToken           // words in quotes, without these
	numberToken           // also "12.5GiB", "10/600" and "0-9"
	timeToken             // times of day and dates
	markToken             // one mark, such as a colon; drawn bars are '|', rules '~'
	gapToken              // a tab, or several spaces
)

// token is a part of a line.
type token struct {
	kind       tokenKind
	mark       byte
	begin, end int
	// Of numbers: the value, of "10/600" the 10, of "0-9" the 9; the total, here 600, or -1; and where a unit begins
	// that is written together with the number, or the end.
	value, total float64
	unit         int
	quoted       bool
	used         bool // in the name of a number
}

const (
	letterClass = 1 << iota
	digitClass
	spaceClass
)

var classes = func() (table [256]uint8) {
	for c := range table {
		switch {
		case decimal.IsLetter(byte(c)):
			table[c] = letterClass
		case c >= '0' && c <= '9':
			table[c] = digitClass
		case c == ' ' || c == '\t' || c == '\r':
			table[c] = spaceClass
		}
	}
	return table
}()

func isAlnum(c byte) bool { return classes[c]&(letterClass|digitClass) != 0 }

// tokens splits a line.
func tokens(line []byte, all []token) []token {
	depth := 0 // of brackets
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case c == ' ':
			begin := i
			for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
				i++
			}
			if i-begin > 1 {
				all = append(all, token{kind: gapToken, begin: begin, end: i})
			}
		case c == '\t':
			begin := i
			for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
				i++
			}
			all = append(all, token{kind: gapToken, begin: begin, end: i})
		case c >= 0x80 && drawn(line[i:]):
			begin := i
			for i+2 < len(line) && drawn(line[i:]) {
				i += 3
			}
			i = max(i, begin+1)
			all = append(all, token{kind: markToken, mark: '|', begin: begin, end: i})
		case c >= 0x80 && wide(line[i:]) != 0:
			t := token{kind: markToken, mark: wide(line[i:]), begin: i, end: i + 3}
			if t.mark == ' ' {
				t.kind = gapToken
			}
			all = append(all, t)
			i += 3
		case c >= 0x80 && signAt(line[i:]) > 0:
			i += signAt(line[i:]) // as a space
		case c == 0xc2 && isPlusMinus(line[i:]):
			all = append(all, token{kind: markToken, mark: '~', begin: i, end: i + 2})
			i += 2
		case c == 0xe2 && isArrow(line[i:]):
			all = append(all, token{kind: markToken, mark: '=', begin: i, end: i + 3})
			i += 3
		case c == '|' && normEnd(line, i) > 0:
			all = append(all, token{kind: wordToken, begin: i, end: normEnd(line, i)})
			i = normEnd(line, i)
		case c == '_' && len(all) > 0 && all[len(all)-1].kind == wordToken && all[len(all)-1].end == i:
			i++ // "loss_-0.5"
		case classes[c]&letterClass != 0:
			t, ok := nanToken(line, i)
			if !ok {
				t = token{kind: wordToken, begin: i, end: wordEnd(line, i)}
				t.cutCounter(line, all)
			}
			all = append(all, t)
			i = t.end
		case classes[c]&digitClass != 0, (c == '.' || c == '-' || c == '+') && i+1 < len(line) && startsNumber(line, i):
			t := numeral(line, i, depth)
			if t.kind == numberToken && t.endsAtName(line) {
				t.end = t.unit // "step 0loss: 0.5"
			}
			all = append(all, t)
			i = t.end
		case c == '"' || c == '\'':
			t := quoted(line, i)
			all = append(all, t)
			i = t.end
		default:
			begin := i
			mark := c
			for i < len(line) && line[i] == c {
				i++
			}
			switch {
			case c == '[' || c == '(' || c == '{' || c == ']' || c == ')' || c == '}':
				i = begin + 1
				if c == '[' {
					depth++
				} else if c == ']' && depth > 0 {
					depth--
				}
			case c == '-' && i == begin+1 && i < len(line) && line[i] == '>':
				i++
				mark = '='
			case c == '=' && i == begin+1 && i < len(line) && line[i] == '>':
				i++
			case i-begin > 1 && c != ':' && c != '|' && !(c == '=' && i-begin == 2):
				mark = '~'
			}
			all = append(all, token{kind: markToken, mark: mark, begin: begin, end: i})
		}
	}
	return all
}

// drawn says whether text begins with a character of boxes or bars.
func drawn(text []byte) bool {
	return len(text) > 2 && text[0] == 0xe2 && text[1] >= 0x94 && text[1] <= 0x97 && !isArrow(text)
}

// signAt returns the length of a sign that text begins with and that says nothing, as pictures, ticks and the strokes of spinners do; 0 where
// none does.
func signAt(text []byte) int {
	switch {
	case len(text) > 3 && text[0] == 0xf0 && text[1] == 0x9f:
		return 4
	case len(text) < 3:
	case text[0] == 0xe2 && (text[1] >= 0x98 && text[1] <= 0x9e || text[1] >= 0xa0 && text[1] <= 0xa3) && !isArrow(text), string(text[:3]) == "\ufe0f":
		return 3
	}
	return 0
}

// wide returns the mark that text begins with as it is written among Chinese characters or by word processors, or 0.
func wide(text []byte) byte {
	switch {
	case len(text) < 3:
	case text[0] == 0xef && text[1] == 0xbc && text[2] >= 0x81 && text[2] < 0x90, text[0] == 0xef && text[1] == 0xbc && text[2] >= 0x9a && text[2] < 0xa0:
		return text[2] - 0x60
	case text[0] == 0xe3 && text[1] == 0x80 && (text[2] == 0x81 || text[2] == 0x82):
		return ','
	case text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0x93 || text[2] == 0x94 || text[2] == 0xa2):
		return '-' // dashes, a bullet
	case text[0] == 0xe3 && text[1] == 0x80 && text[2] == 0x80:
		return ' '
	}
	return 0
}

// normEnd returns the end of a norm at i, "|g|", "||grad||" or "|proj g|"; 0 where there is none.
func normEnd(line []byte, i int) int {
	if i == 0 || line[i-1] != ' ' && line[i-1] != '\t' {
		return 0
	}
	j := i
	for j < len(line) && line[j] == '|' {
		j++
	}
	bars := j - i
	for j < len(line) && (classes[line[j]]&letterClass != 0 || line[j] == ' ' && j > i+bars && line[j-1] != ' ') {
		j++
	}
	end := j + bars
	if j == i+bars || line[j-1] == ' ' || bars > 2 || end >= len(line) || string(line[j:end]) != "||"[:bars] || line[end] != ' ' && line[end] != '=' && line[end] != ':' {
		return 0
	}
	return end
}

// isArrow says whether text, whose first byte is that of arrows, begins with one, or with a triangle that points to the right.
func isArrow(text []byte) bool {
	return len(text) > 2 && text[0] == 0xe2 && (text[1] == 0x86 && text[2] >= 0x90 || text[1] == 0x87 || text[1] == 0x96 && text[2] >= 0xb6 && text[2] <= 0xbb ||
		text[1] == 0x9e && text[2] >= 0x94 && text[2] <= 0xa1)
}

// isPlusMinus says whether text begins with the sign between a number and its error.
func isPlusMinus(text []byte) bool { return len(text) > 1 && text[0] == 0xc2 && text[1] == 0xb1 }

// isUnspaced says whether text begins with a letter of a script without spaces between words.
func isUnspaced(text []byte) bool {
	return len(text) > 2 && text[0] >= 0xe3 && text[0] <= 0xed && wide(text) == 0
}

// unspacedBefore says whether such a letter ends at i.
func unspacedBefore(line []byte, i int) bool { return i > 2 && isUnspaced(line[i-3:i]) }

// cutCounter ends a word with what it says that counts, where a number is written together with that: "epoch10", and "轮" in "第10轮训练".
func (t *token) cutCounter(line []byte, before []token) {
	if isUnspaced(line[t.begin:]) {
		if k := len(before) - 1; k >= 0 && before[k].kind == numberToken && t.begin-before[k].end <= 1 {
			if n := lexicon.CounterAt(line[t.begin:t.end]); n > 0 {
				t.end = t.begin + n
			}
		}
		return
	}
	if n := lettersBeforePart(line[t.begin:t.end]); n > 0 {
		t.end = t.begin + n // "B01/40"
		return
	}
	end := t.end
	for end > t.begin && decimal.IsDigit(line[end-1]) {
		end--
	}
	if end == t.begin+1 && t.end > end && len(before) == 0 && isInitial(line, end, t.end) {
		t.end = end // "E1 B40"
		return
	}
	if n := lossAt(line[t.begin:t.end]); n > 0 {
		t.end = t.begin + n // "loss0.5", "loss_-0.5"
		return
	}
	bare := line[t.begin:end]
	if n := len(bare); n > 1 && (bare[n-1] == '_' || bare[n-1] == '-') {
		bare = bare[:n-1] // "step_10", "step-10"
	}
	if end < t.end && len(bare) > 1 && lexicon.CountsLine(bare) && string(bytes.ToLower(bare)) != "rank" {
		t.end = t.begin + len(bare)
	}
}

// isInitial says whether the letter before digits that begin a line is what an epoch, a batch, an iteration or a step begins with, and
// the digits are no date, as those of a logger are.
func isInitial(line []byte, digits, end int) bool {
	const most = 6
	if n := end - digits; n > most || n == 4 && timestamp.End(line, end+1) > 0 {
		return false
	}
	if end < len(line) && bytes.IndexByte([]byte(" :,|\t"), line[end]) < 0 {
		return false
	}
	return bytes.IndexByte([]byte("EBISebis"), line[digits-1]) >= 0
}

// lettersBeforePart returns how many letters stand before a part of a total in a word, "B01/40"; 0 where it is no such word.
func lettersBeforePart(word []byte) int {
	const most = 5
	n := 0
	for n < len(word) && n <= most && classes[word[n]]&letterClass != 0 {
		n++
	}
	digits := decimal.Digits(word, n)
	if slash := n + digits; n == 0 || n > most || digits == 0 || slash == len(word) || word[slash] != '/' || slash+1+decimal.Digits(word, slash+1) != len(word) || slash+1 == len(word) {
		return 0
	}
	return n
}

// lossAt returns the length of the word of a loss that a word begins with, where the rest is a number with a point.
func lossAt(word []byte) int {
	n := 0
	for n < len(word) && classes[word[n]]&letterClass != 0 && word[n] != '_' {
		n++
	}
	if n == len(word) || !lossLike(word[:n]) || bytes.IndexByte(word[n:], '.') < 0 {
		return 0
	}
	number := bytes.TrimPrefix(word[n:], []byte{'_'})
	if _, m := decimal.Parse(number); m == 0 || m < len(number) {
		return 0
	}
	return n
}

// startsNumber says whether the sign or point at i begins a number.
func startsNumber(line []byte, i int) bool {
	if i > 0 && (isAlnum(line[i-1]) && line[i-1] != '_' || line[i-1] == ')' || line[i-1] == line[i]) {
		return false
	}
	if line[i] != '.' {
		i++
	}
	if i < len(line) && line[i] == '.' {
		i++
	}
	if i >= len(line) {
		return false
	}
	if classes[line[i]]&digitClass != 0 {
		return true
	}
	_, ok := nanToken(line, i)
	return ok
}

// nanToken reads nan or inf where they stand alone.
func nanToken(line []byte, i int) (token, bool) {
	if c := line[i] | 0x20; c != 'n' && c != 'i' {
		return token{}, false
	}
	value, n := decimal.Parse(line[i:])
	if n == 0 || i+n < len(line) && (isAlnum(line[i+n]) || line[i+n] == '-' || line[i+n] == '/') || i > 0 && isAlnum(line[i-1]) {
		return token{}, false
	}
	return token{kind: numberToken, begin: i, end: i + n, value: value, total: -1, unit: i + n}, true
}

// isForeignMark says whether text begins with a mark beyond ASCII that is none of a word's letters.
func isForeignMark(text []byte) bool {
	return text[0] >= 0x80 && (drawn(text) || wide(text) != 0 || isArrow(text) || isPlusMinus(text) || signAt(text) > 0)
}

// beginsUnit says whether text begins with a letter of a unit.
func beginsUnit(text []byte) bool {
	return classes[text[0]]&letterClass != 0 && !isForeignMark(text) && !isUnspaced(text)
}

// wordEnd returns the end of the word at i. Points, dashes, slashes and the like belong to a word between its parts.
func wordEnd(line []byte, i int) int {
	for i < len(line) {
		c := line[i]
		switch {
		case c >= 0x80 && isForeignMark(line[i:]):
			return i
		case decimal.IsDigit(c) && unspacedBefore(line, i):
			return i
		case isAlnum(c):
			i++
		case (c == '.' || c == '-' || c == '/' || c == '@' || c == '%') && i+1 < len(line) && isAlnum(line[i+1]):
			i += 2
		case c == '\'' && i+1 < len(line) && classes[line[i+1]]&letterClass != 0:
			i += 2
		default:
			return i
		}
	}
	return i
}

// quoted reads what stands in quotes at i; a quotation mark of its own is a mark.
func quoted(line []byte, i int) token {
	const longest = 100
	q := line[i]
	rest := line[i+1 : min(len(line), i+1+longest)]
	end := bytes.IndexByte(rest, q)
	if end < 0 {
		return token{kind: markToken, mark: q, begin: i, end: i + 1}
	}
	inner := rest[:end]
	if value, ok := decimal.Whole(inner); ok {
		return token{kind: numberToken, begin: i + 1, end: i + 2 + end, value: value, total: -1, unit: i + 1 + end, quoted: true}
	}
	if t := numeral(line, i+1, 0); t.kind == numberToken && t.total >= 0 && t.end == i+1+end {
		t.end, t.quoted = t.end+1, true
		return t // "10/600"
	}
	return token{kind: quotedToken, begin: i + 1, end: i + 2 + end}
}
