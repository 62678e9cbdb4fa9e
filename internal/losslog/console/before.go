package console

import (
	"bytes"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// before is what stands before a number.
type before struct {
	name        []byte
	first, last int
	number      int  // the token of a number right before it; -1: none
	separated   bool // by a colon or an equals sign
	opened      bool // by a bracket
	close       bool // only space between
	free        bool // a name behind may be meant
}

// left looks at what stands before the number of token i.
func (r *Reader) left(i int) before {
	c := before{number: -1, first: -1}
	j := r.pastGaps(i - 1)
	if j < 0 {
		c.free = true
		return c
	}
	if j = r.pastOpening(j, &c); j >= 0 && r.tokens[j].kind == markToken {
		j = r.pastMark(j, i, &c)
	}
	if j >= 0 {
		r.nameAt(j, &c)
	}
	return c
}

// pastGaps returns the last token up to j that is no gap; -1 where there is none.
func (r *Reader) pastGaps(j int) int {
	for j >= 0 && r.tokens[j].kind == gapToken {
		j--
	}
	return j
}

func (r *Reader) isMark(j int, mark byte) bool {
	return j >= 0 && j < len(r.tokens) && r.tokens[j].kind == markToken && r.tokens[j].mark == mark
}

// isSeparator says whether token j may stand between a name and its number: a colon or an equals sign.
func (r *Reader) isSeparator(j int) bool { return r.isMark(j, ':') || r.isMark(j, '=') }

func (r *Reader) isWord(j int) bool { return j >= 0 && r.tokens[j].kind == wordToken }

// opensOne says whether the mark at j opens what holds just one number: "tensor(".
func (r *Reader) opensOne(j int) bool {
	return r.isMark(j, '(') && r.isWord(j-1) && holdsOne(r.word(j-1))
}

// pastOpening passes over the bracket at j that a number stands in, if one does, and over what holds just one number; -1 where no name can
// stand before it.
func (r *Reader) pastOpening(j int, c *before) int {
	for closing := j + 2; r.isMark(j, '[') && r.isMark(j-1, '[') && r.isMark(closing, ']'); closing++ {
		j-- // [[0.5]]
	}
	if r.isMark(j, '[') && r.opensOne(j-1) {
		j-- // tensor([0.5])
	}
	switch {
	case !r.isMark(j, '(') && !r.isMark(j, '['):
		return j
	case r.opensOne(j):
		return r.pastGaps(j - 2) // tensor(0.5)
	case r.isMark(j, '[') && !r.isMark(j-1, ']'):
		c.opened = true
		return r.pastGaps(j - 1)
	}
	// A number in parentheses has a name only right before these: "loss (0.5)", but for points: "Step... (500".
	j = r.pastGaps(j - 1)
	if r.isWord(j-1) && r.tokens[j].kind == markToken && bytes.HasPrefix(r.line[r.tokens[j].begin:], []byte("...")) && counterOfLine(r.word(j-1)) {
		j--
	}
	if !r.isWord(j) && !r.isSeparator(j) {
		return -1
	}
	c.opened = true
	return j
}

// pastMark passes over the mark at j before number i; -1 where what stands before it is not the number's name, or was found.
func (r *Reader) pastMark(j, i int, c *before) int {
	t := &r.tokens[j]
	switch t.mark {
	case ':', '=':
		c.separated = true
		j = r.pastGaps(j - 1)
		if r.isMark(j, '#') && r.isWord(j-1) {
			j-- // "step#: 10"
		}
		if k := r.bracketed(j); k > 0 {
			r.dropPairs(k) // "loss [1901-2000]: 0.5": what the brackets hold is no loss
			j = k
		}
		return j
	case '|':
		// A row of a box: "| loss | 0.5 |".
		if r.isBox(j, i) {
			return r.pastGaps(j - 1)
		}
		if r.isRowOfOne(j, i, c) {
			break
		}
		c.free = !c.opened
	case '.':
		// An abbreviation: "Ep. 3".
		if r.isWord(j-1) && r.tokens[j-1].end == t.begin {
			return j - 1
		}
	case ',':
		if c.name = r.quotedName(j, i); c.name != nil {
			c.first, c.last, c.separated = j-1, j-1, true
		} else if name, first := r.listed(j, i); name != nil {
			c.name, c.first, c.last, c.separated = name, first, j-1, true
		} else {
			c.free = !c.opened
		}
	case '#':
		// "Iteration #3", "Iteration: #3", "#3 loss 0.5"
		if j = r.pastGaps(j - 1); j > 0 && r.isSeparator(j) {
			j = r.pastGaps(j - 1)
		}
		c.free = j < 0
		if r.isWord(j) && counterOfLine(r.word(j)) {
			return j // and not one of several things
		}
	case '-':
		// "dice loss - 0.5"
		if !r.isWord(j - 1) {
			break
		}
		if r.tokens[j-1].end == t.begin && t.end == r.tokens[i].begin && counterOfLine(r.word(j-1)) {
			c.name, c.first, c.last = r.word(j-1), j-1, j-1 // "step-20"
			break
		}
		if name, first, last := r.phrase(j - 1); r.tokens[j-1].end < t.begin && lexicon.MeaningOf(string(name)).Strength >= lexicon.Measure {
			c.name, c.first, c.last, c.separated = name, first, last, true
		}
	case ';', '*', '@':
		c.free = !c.opened
	default:
		if t.mark == '~' && r.line[t.begin] == '.' && r.isWord(j-1) && r.tokens[j-1].end == t.begin {
			c.separated = true
			return j - 1 // dots lead to a number: "loss.......... 0.5"
		}
		if name, first, last := r.labelled(j); name != nil {
			c.name, c.first, c.last = name, first, last
			break
		}
		if t.mark == ')' && r.isWord(j-1) {
			// "ELBO (train) -0.5"
			if name, first, last := r.parenthesised(j); lexicon.MeaningOf(string(name)).Strength >= lexicon.Measure {
				c.name, c.first, c.last = name, first, last
				break
			}
		}
		// "[train loss] 0.5", but "[info] 3"
		if name, first, last := r.enclosed(j); lossLike(lastWord(name)) || counterOfLine(name) {
			c.name, c.first, c.last = name, first, last
		}
	}
	return -1
}

// isRowOfOne takes the words before the bar at j for the name of number i, which ends the line, if they are of a loss and of no number before
// them: "Step 200: train loss | 5.95", but not "0.5 loss | 0.9".
func (r *Reader) isRowOfOne(j, i int, c *before) bool {
	j = r.pastGaps(j - 1)
	if i != len(r.tokens)-1 || !r.isWord(j) {
		return false
	}
	name, first, last := r.phrase(j)
	if k := r.pastGaps(first - 1); k >= 0 && r.tokens[k].kind == numberToken || lexicon.MeaningOf(string(name)).Strength < lexicon.Measure {
		return false
	}
	c.name, c.first, c.last, c.separated = name, first, last, true
	return true
}

// listed returns the words between the comma at j and one before it, or a colon, where number i ends a pair of a list, names and numbers
// by turns, and the first of them: "epoch, 3, total loss, 0.5". They are nil elsewhere. Of several words the last names a loss.
func (r *Reader) listed(j, i int) (name []byte, first int) {
	if !r.isWord(j-1) || i+1 < len(r.tokens) && !r.isMark(i+1, ',') && !r.isMark(i+1, ')') {
		return nil, 0
	}
	name, first, _ = r.phrase(j - 1)
	if first > 1 && !r.isMark(first-1, ',') && !r.isMark(first-1, ':') && !r.isMark(first-1, '(') {
		return nil, 0
	}
	if first < j-1 && !lossLike(r.word(j-1)) || !counterOfLine(name) && lexicon.MeaningOf(string(name)).Strength < lexicon.Measure {
		return nil, 0
	}
	return name, first
}

// quotedName returns the name in quotes before the comma at j, of what was to be printed: ('loss', 0.5), 'loss:', 0.5; nil where there is
// none.
func (r *Reader) quotedName(j, i int) []byte {
	if j == 0 || r.tokens[j-1].kind != quotedToken {
		return nil
	}
	name := r.line[r.tokens[j-1].begin : r.tokens[j-1].end-1]
	switch {
	case r.inTuple(j, i):
		return name
	case bytes.HasSuffix(name, []byte(":")) || bytes.HasSuffix(name, []byte("=")):
		if name = plaintext.Trim(name[:len(name)-1]); len(name) > 0 {
			return name
		}
	}
	return nil
}

// dropPairs forgets the pairs whose numbers stand behind token k.
func (r *Reader) dropPairs(k int) {
	for len(r.pairs) > 0 && r.pairs[len(r.pairs)-1].at > k {
		r.pairs = r.pairs[:len(r.pairs)-1]
	}
}

// nameAt takes the name that ends with token j.
func (r *Reader) nameAt(j int, c *before) {
	t := &r.tokens[j]
	switch {
	case t.kind == quotedToken:
		if (c.separated || c.opened) && t.end-1 > t.begin {
			c.name, c.first, c.last = r.line[t.begin:t.end-1], j, j
		}
	case t.kind == numberToken:
		c.number = j
		c.close = !c.separated && !c.opened
		c.free = c.separated // "1: 0.5 loss"
	case t.kind == timeToken:
		c.free = c.separated // "12:30 PM: 0.5 loss"
	case t.kind == markToken && (t.mark == ')' || t.mark == '>') && c.separated:
		if c.name, c.first, c.last = r.parenthesised(j); c.name == nil {
			c.name, c.first, c.last = r.enclosed(j)
		}
	case t.kind == markToken && c.separated:
		c.name, c.first, c.last = r.enclosed(j)
	case t.kind == wordToken:
		if word := r.word(j); !c.separated && (bytes.EqualFold(word, []byte("is")) || bytes.EqualFold(word, []byte("was"))) {
			c.separated = true
			if j = r.pastGaps(j - 1); j >= 0 && r.tokens[j].kind == numberToken {
				c.number = j
			}
			if !r.isWord(j) {
				return
			}
		}
		if j = r.tensorName(j, c); !c.opened || !c.separated || !r.isLogger(j) { // INFO:root:[10]
			c.name, c.first, c.last = r.phrase(j)
		}
	}
}

// tensorName returns the word before a tensor whose value word j names, or j: <tf.Tensor: shape=(), dtype=float32, numpy=0.5>.
func (r *Reader) tensorName(j int, c *before) int {
	const longest = 20
	if !c.separated || string(r.word(j)) != "numpy" {
		return j
	}
	for k := j; k > 1 && j-k < longest; k-- {
		if !r.isMark(k, '<') {
			continue
		}
		for k--; k > 0 && (r.tokens[k].kind == gapToken || r.isSeparator(k)); {
			k--
		}
		if r.isWord(k) {
			return k
		}
		break
	}
	return j
}

// inTuple says whether the comma at j stands in a tuple of a name in quotes and number i: ('loss', 0.5).
func (r *Reader) inTuple(j, i int) bool {
	return j > 1 && r.tokens[j-1].kind == quotedToken && r.tokens[j-1].end-1 > r.tokens[j-1].begin && r.isMark(j-2, '(') && r.isMark(i+1, ')')
}

// bracketed returns the word of a loss that brackets with numbers follow directly, which end at token j; -1 where there are none.
func (r *Reader) bracketed(j int) int {
	if j < 3 || r.tokens[j].kind != markToken || r.tokens[j].mark != ']' {
		return -1
	}
	k := j - 1
	for k > 0 && (r.tokens[k].kind == numberToken || r.tokens[k].kind == markToken && (r.tokens[k].mark == ',' || r.tokens[k].mark == '-')) {
		k--
	}
	if k < 1 || k == j-1 || r.tokens[k].kind != markToken || r.tokens[k].mark != '[' || r.tokens[k-1].kind != wordToken || !lossLike(r.word(k-1)) {
		return -1
	}
	return k - 1
}

// isLogger says whether word j is the name of a logger at the beginning of a line, behind a level.
func (r *Reader) isLogger(j int) bool {
	return j == 2 && r.isMark(1, ':') && r.isWord(0) && r.isPrefix(0)
}

func (r *Reader) word(i int) []byte { return r.line[r.tokens[i].begin:r.tokens[i].end] }

// holdsOne says whether a word is of a thing that holds one number, as in tensor(0.5).
func holdsOne(word []byte) bool {
	for _, suffix := range []string{"tensor", "Tensor", "array", "Array", "float16", "float32", "float64", "float", "Decimal", "variable", "Variable", "Some"} {
		if bytes.HasSuffix(word, []byte(suffix)) {
			return true
		}
	}
	return false
}

// isBox says whether the bar at j stands between a name and the number i in a row of two cells.
func (r *Reader) isBox(j, i int) bool {
	bars := 0
	for k := range r.tokens {
		if t := &r.tokens[k]; t.kind == markToken && t.mark == '|' {
			bars++
			if bars == 1 && k > 1 || bars == 2 && k != j || bars == 3 && k <= i || bars > 3 {
				return false
			}
		}
	}
	return bars >= 2
}

// repeated says whether the number before number i was taken for a loss though it counts.
func (r *Reader) repeated(before, i int) bool {
	if len(r.pairs) == 0 {
		return false
	}
	p := &r.pairs[len(r.pairs)-1]
	if p.at != before || p.first < 0 || p.Unit || p.Total >= 0 || !decimal.IsWhole(p.Value) || bytes.IndexByte(p.Text, '.') >= 0 ||
		bytes.IndexByte(r.line[r.tokens[i].begin:r.tokens[i].end], '.') < 0 || r.tokens[i].unit < r.tokens[i].end {
		return false
	}
	return lexicon.MeaningOf(string(p.Name)).Strength == lexicon.Loss
}
