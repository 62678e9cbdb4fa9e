package losslog

import (
	"bytes"
)

// pair is a number of a line, with its name.
type pair struct {
	name  []byte
	text  []byte // of the number
	value float64
	total float64 // of "10/600"; else -1
	unit  bool    // a unit or percent sign stands behind the number
	at    int     // the number's token
	first int     // the first of the name's tokens; -1 where there is none
	last  int
}

// Numbers that only their place names.
var (
	ofTotal   = []byte("n/N")  // as in "70/600"
	bracketed = []byte("[n]")  // as in "[500]"
	leading   = []byte("n:")   // as in "12: loss 0.5"
	nameless  = []byte("(it)") // as in "step 10: 2.5"
)

// isPosition says whether a name is that of a number that only its place names.
func isPosition(name string) bool {
	return name == string(ofTotal) || name == string(bracketed) || name == string(leading)
}

// lineReader finds the named numbers of lines. It is used again for each line.
type lineReader struct {
	tokens []token
	pairs  []pair
	label  []byte
	line   []byte
	names  []byte // that are not in the line as they are
}

// read finds the pairs of a line, in order. They are valid until the next call.
func (r *lineReader) read(line []byte) []pair {
	r.line = line
	r.tokens = tokens(line, r.tokens[:0])
	r.pairs = r.pairs[:0]
	var phrase []byte // before a counter, as "loss" in "loss at step 10: 2.5"
	phraseAt, phraseFirst := -1, -1
	r.names = r.names[:0]
	var heading headed
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.kind != numberToken {
			if t.kind == wordToken && lossLike(line[t.begin:t.end]) && r.isHeading(i) {
				heading = headed{begin: t.begin, end: t.end, until: r.headedUntil(i)}
			}
			continue
		}
		if t.begin > heading.until {
			heading = headed{}
		}
		p := pair{value: t.value, total: t.total, unit: t.unit < t.end && !t.quoted || r.timeBehind(i), at: i, first: -1}
		end := t.end
		if t.quoted {
			end--
		}
		p.text = line[t.begin:end]
		if t.total >= 0 {
			p.text = p.text[:len(p.text)-trailingTotal(p.text)]
		}
		left := r.left(i)
		switch {
		case left.number >= 0 && left.separated && left.number == phraseAt:
			p.name, p.first = phrase, phraseFirst
		case left.number >= 0 && left.separated && !p.unit && t.total < 0 && r.numbered(left.number):
			// "stage 0 = 0.5, stage 1 = 0.4": the numbers are part of the names.
			index := r.pairs[len(r.pairs)-1]
			r.pairs = r.pairs[:len(r.pairs)-1]
			p.name = line[r.tokens[index.first].begin:r.tokens[left.number].end]
			p.first, p.last = index.first, left.number
		case left.number >= 0 && left.separated && !p.unit && t.total < 0 && r.counts(left.number) && !r.wordBehind(i):
			p.name = nameless
		case left.number >= 0 && left.close && r.repeated(left.number, i):
			// "train loss 100 0.5": the first number counts.
			counts := &r.pairs[len(r.pairs)-1]
			p.name, p.first, p.last = counts.name, counts.first, counts.last
			counts.name, counts.first = leading, -1
		case left.name != nil && !left.separated && prepositions[string(left.name)]:
			continue
		case left.name != nil:
			p.name, p.first, p.last = left.name, left.first, left.last
			if !left.separated && !left.opened {
				if head, tail, ok := cutPreposition(p.name); ok {
					phrase, phraseAt, phraseFirst = head, i, p.first
					p.name = tail
				} else if counterOfLine(p.name) {
					if p.name = bytes.TrimPrefix(p.name, []byte("and ")); phraseAt >= 0 && r.follows(p.first, phraseAt) {
						phraseAt = i // "loss at epoch 1 and batch 20: 0.5"
					} else {
						phraseAt = -1
					}
				}
			}
		case t.total >= 0 && !r.rateBehind(i):
			p.name = ofTotal
			// "[1/30][100/278]": the last one counts within the others.
			if k := len(r.pairs) - 1; k >= 0 && bytes.Equal(r.pairs[k].name, ofTotal) && i-r.pairs[k].at <= 3 {
				r.pairs[k].name = bracketed
			}
		case r.inBrackets(i) && !p.unit:
			p.name = bracketed
		case i == 0 && !p.unit && r.colonBehind(i), i == 1 && r.tokens[0].kind == gapToken && !p.unit && r.colonBehind(i):
			p.name = leading
		case p.unit && t.end-t.unit > 2 && counterOfLine(line[t.unit:t.end]):
			p.name = line[t.unit:t.end]
			p.unit = false
		default:
			if name, first, last := r.behind(i); name != nil && left.free {
				p.name, p.first, p.last = name, first, last
			} else if i == 0 || i == 1 && r.tokens[0].kind == gapToken {
				p.name = leading
			} else {
				continue
			}
		}
		if heading.end > 0 && p.first >= 0 && bytes.IndexByte(p.name, ' ') < 0 && !counterOfLine(p.name) {
			begin := len(r.names)
			r.names = append(append(append(r.names, line[heading.begin:heading.end]...), headingMark...), p.name...)
			p.name = r.names[begin:]
		}
		// What counts leaves its words to tell lines apart by.
		if p.first >= 0 && t.total < 0 && !left.opened && !counterOfLine(p.name) {
			for k := p.first; k <= max(p.last, p.first); k++ {
				r.tokens[k].used = true
			}
		}
		r.pairs = append(r.pairs, p)
	}
	return r.pairs
}

// follows says whether token i comes right after number j, but for a comma.
func (r *lineReader) follows(i, j int) bool {
	for i--; i > j; i-- {
		if t := &r.tokens[i]; t.kind != gapToken && (t.kind != markToken || t.mark != ',') {
			return false
		}
	}
	return true
}

// trailingTotal is the length of "/600" behind "10".
func trailingTotal(text []byte) int {
	if i := bytes.IndexByte(text, '/'); i >= 0 {
		for i > 0 && text[i-1] == ' ' {
			i--
		}
		return len(text) - i
	}
	return 0
}

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
func (r *lineReader) left(i int) before {
	c := before{number: -1, first: -1}
	j := i - 1
	skip := func() {
		for j >= 0 && r.tokens[j].kind == gapToken {
			j--
		}
	}
	skip()
	if j < 0 {
		c.free = true
		return c
	}
	if t := &r.tokens[j]; t.kind == markToken && t.mark == '[' && j > 1 && r.tokens[j-1].kind == markToken && r.tokens[j-1].mark == '(' &&
		r.tokens[j-2].kind == wordToken && holdsOne(r.word(j-2)) {
		j-- // tensor([0.5])
	}
	if t := &r.tokens[j]; t.kind == markToken && (t.mark == '(' || t.mark == '[') {
		opened := t.mark
		j--
		if j >= 0 && opened == '(' && r.tokens[j].kind == wordToken && holdsOne(r.word(j)) {
			j-- // tensor(0.5)
			skip()
		} else if opened == '(' || j >= 0 && r.tokens[j].kind == markToken && r.tokens[j].mark == ']' {
			// A number in parentheses has a name only right before these: "loss (0.5)".
			skip()
			if j < 0 || r.tokens[j].kind != wordToken && (r.tokens[j].kind != markToken || r.tokens[j].mark != ':' && r.tokens[j].mark != '=') {
				return c
			}
			c.opened = true
		} else {
			skip()
			c.opened = true
		}
		if j < 0 {
			return c
		}
	}
	if t := &r.tokens[j]; t.kind == markToken {
		switch t.mark {
		case ':', '=':
			c.separated = true
			j--
			skip()
		case '|':
			// A row of a box: "| loss | 0.5 |".
			if !r.isBox(j, i) {
				c.free = !c.opened
				return c
			}
			j--
			skip()
		case '.':
			// An abbreviation: "Ep. 3".
			if j == 0 || r.tokens[j-1].kind != wordToken || r.tokens[j-1].end != t.begin {
				return c
			}
			j--
		case ',':
			// A tuple of what was to be printed: ('loss:', 0.5)
			if j > 0 && r.tokens[j-1].kind == quotedToken {
				if name := r.line[r.tokens[j-1].begin : r.tokens[j-1].end-1]; bytes.HasSuffix(name, []byte(":")) || bytes.HasSuffix(name, []byte("=")) {
					name = trim(name[:len(name)-1])
					if len(name) > 0 {
						c.name, c.first, c.last, c.separated = name, j-1, j-1, true
						return c
					}
				}
			}
			c.free = !c.opened
			return c
		case ';', '*', '@':
			c.free = !c.opened
			return c
		default:
			return c
		}
	}
	if j < 0 {
		return c
	}
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
	case t.kind == markToken && t.mark == ')' && c.separated:
		c.name, c.first, c.last = r.parenthesised(j)
	case t.kind == wordToken:
		if !c.separated && (t.end-t.begin == 2 || t.end-t.begin == 3) {
			if w := string(r.line[t.begin:t.end]); w == "is" || w == "was" {
				c.separated = true
				for j--; j >= 0 && r.tokens[j].kind == gapToken; {
					j--
				}
				if j < 0 {
					return c
				}
				if r.tokens[j].kind == numberToken {
					c.number = j
					return c
				}
				if r.tokens[j].kind != wordToken {
					return c
				}
			}
		}
		if c.separated && string(r.word(j)) == "numpy" {
			// <tf.Tensor: shape=(), dtype=float32, numpy=0.5>
			for k := j; k > 1 && j-k < 20; k-- {
				if mark := &r.tokens[k]; mark.kind == markToken && mark.mark == '<' {
					for k--; k > 0 && (r.tokens[k].kind == gapToken || r.tokens[k].kind == markToken && (r.tokens[k].mark == ':' || r.tokens[k].mark == '=')); {
						k--
					}
					if r.tokens[k].kind == wordToken {
						j = k
					}
					break
				}
			}
		}
		c.name, c.first, c.last = r.phrase(j)
	}
	return c
}

func (r *lineReader) word(i int) []byte { return r.line[r.tokens[i].begin:r.tokens[i].end] }

// holdsOne says whether a word is of a thing that holds one number, as in tensor(0.5).
func holdsOne(word []byte) bool {
	for _, suffix := range []string{"tensor", "Tensor", "array", "Array", "float16", "float32", "float64", "float"} {
		if bytes.HasSuffix(word, []byte(suffix)) {
			return true
		}
	}
	return false
}

// phrase returns the words, one space apart, that end with token j.
func (r *lineReader) phrase(j int) (name []byte, first, last int) {
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
		if t.kind != wordToken && t.kind != quotedToken || t.end+1 != r.start(k+1) || r.line[t.end] != ' ' {
			break
		}
		if t.kind == wordToken {
			first = k
		}
	}
	return r.line[r.tokens[first].begin:r.tokens[j].end], first, j
}

// start is where token i begins, with its quotes.
func (r *lineReader) start(i int) int {
	if r.tokens[i].kind == quotedToken {
		return r.tokens[i].begin - 1
	}
	return r.tokens[i].begin
}

// parenthesised returns the name that ends with the parenthesis at j: "time (ms)".
func (r *lineReader) parenthesised(j int) (name []byte, first, last int) {
	for k := j - 1; k >= 0 && j-k < 6; k-- {
		t := &r.tokens[k]
		if t.kind == markToken && t.mark == '(' {
			if k > 0 && r.tokens[k-1].kind == wordToken {
				_, first, _ = r.phrase(k - 1)
				return r.line[r.tokens[first].begin:r.tokens[j].end], first, k - 1
			}
			return nil, -1, -1
		}
		if t.kind != wordToken && t.kind != gapToken && (t.kind != markToken || t.mark != '/') {
			return nil, -1, -1
		}
	}
	return nil, -1, -1
}

// isBox says whether the bar at j stands between a name and the number i in a row of two cells.
func (r *lineReader) isBox(j, i int) bool {
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
func (r *lineReader) repeated(before, i int) bool {
	if len(r.pairs) == 0 {
		return false
	}
	p := &r.pairs[len(r.pairs)-1]
	if p.at != before || p.first < 0 || p.unit || p.total >= 0 || p.value != float64(int64(p.value)) || bytes.IndexByte(p.text, '.') >= 0 ||
		bytes.IndexByte(r.line[r.tokens[i].begin:r.tokens[i].end], '.') < 0 || r.tokens[i].unit < r.tokens[i].end {
		return false
	}
	return mean(string(p.name)).strength == loss
}

// numbered says whether number i, with a name before it that does not count, tells one of several things by that name apart.
func (r *lineReader) numbered(i int) bool {
	if len(r.pairs) == 0 || !r.counts(i) {
		return false
	}
	p := &r.pairs[len(r.pairs)-1]
	if p.at != i || p.first < 0 || p.last != i-1 || p.total >= 0 || counterOfLine(p.name) {
		return false
	}
	return bytes.Count(r.line, r.line[r.tokens[p.first].begin:r.tokens[i].begin]) > 1
}

// rateBehind says whether what stands behind number i makes it a rate: "5000/6000 tok/s".
func (r *lineReader) rateBehind(i int) bool {
	return i+1 < len(r.tokens) && r.tokens[i+1].kind == wordToken && bytes.HasSuffix(r.word(i+1), []byte("/s"))
}

// inBrackets says whether number i is the last of brackets that hold nothing but whole numbers.
func (r *lineReader) inBrackets(i int) bool {
	if i+1 >= len(r.tokens) || r.tokens[i+1].kind != markToken || r.tokens[i+1].mark != ']' {
		return false
	}
	for j := i - 1; j >= 0; j-- {
		switch t := &r.tokens[j]; {
		case t.kind == numberToken && t.value == float64(int64(t.value)), t.kind == gapToken, t.kind == markToken && t.mark == ',':
		case t.kind == markToken && t.mark == '[':
			return r.tokens[i].value == float64(int64(r.tokens[i].value))
		default:
			return false
		}
	}
	return false
}

// counts says whether the number of token i is whole and without a unit.
func (r *lineReader) counts(i int) bool {
	t := &r.tokens[i]
	return t.unit == t.end && t.value == float64(int64(t.value))
}

func (r *lineReader) wordBehind(i int) bool {
	return i+1 < len(r.tokens) && r.tokens[i+1].kind == wordToken
}

func (r *lineReader) colonBehind(i int) bool {
	return i+1 < len(r.tokens) && r.tokens[i+1].kind == markToken && r.tokens[i+1].mark == ':'
}

// behind returns the name that stands behind number i, up to a mark: "0.5 loss,".
func (r *lineReader) behind(i int) (name []byte, first, last int) {
	j := i + 1
	for j < len(r.tokens) && r.tokens[j].kind == wordToken && r.tokens[j].begin == r.tokens[j-1].end+1 && j-i <= 5 {
		j++
	}
	if j == i+1 {
		return nil, -1, -1
	}
	if j < len(r.tokens) {
		t := &r.tokens[j]
		if t.kind != gapToken && (t.kind != markToken || t.mark != ',' && t.mark != ';' && t.mark != '|' && t.mark != ')') {
			return nil, -1, -1
		}
	}
	return r.line[r.tokens[i+1].begin:r.tokens[j-1].end], i + 1, j - 1
}

// prepositions part a name from what counts: "loss at step".
var prepositions = set("at after for in on of over")

// cutPreposition parts "loss at step" into "loss" and "step".
func cutPreposition(name []byte) (head, tail []byte, ok bool) {
	for end := len(name); ; {
		space := bytes.LastIndexByte(name[:end], ' ')
		if space <= 0 {
			return nil, nil, false
		}
		if end < len(name) && prepositions[string(name[space+1:end])] {
			tail = name[end+1:]
			return name[:space], tail, counterOfLine(tail)
		}
		end = space
	}
}

// counterOfLine says whether the last word of a name is of what counts in a line.
func counterOfLine(name []byte) bool {
	if space := bytes.LastIndexByte(name, ' '); space >= 0 {
		name = name[space+1:]
	}
	if len(name) > 16 {
		return false
	}
	var lower [16]byte
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(name)]) {
	case "step", "steps", "global_step", "iteration", "iterations", "iter", "iters", "it", "update", "updates", "up", "round", "tick", "epoch",
		"epochs", "ep", "batch", "batches", "minibatch", "minibatches", "mini-batch", "rank", "minibatch_idx", "batch_idx", "s", "n", "i":
		return true
	}
	return false
}
