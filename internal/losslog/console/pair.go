package console

import (
	"bytes"
	"math"
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// Pair is a number of a line, with its name.
type Pair struct {
	Name  []byte
	Text  []byte // of the number
	Value float64
	Total float64 // of "10/600"; else -1
	Unit  bool    // a unit or percent sign stands behind the number
	list  bool    // other numbers follow in its brackets
	at    int     // the number's token
	first int     // the first of the name's tokens; -1 where there is none
	last  int
	label []byte // of a record's first pair, where it is known
}

// Reader finds the named numbers of lines. It is used again for each line.
type Reader struct {
	tokens []token
	pairs  []Pair
	label  []byte
	line   []byte
	names  []byte // that are not in the line as they are
	unlike bool   // the pairs hang on what the line's numbers are
	alikes *alikes
}

// Read finds the pairs of a line, in order. They are valid until the next call.
func (r *Reader) Read(line []byte) []Pair {
	line = printed(bytes.TrimRight(line, " \t"))
	r.line, r.unlike = line, false
	r.tokens = tokens(line, r.tokens[:0])
	r.pairs = r.pairs[:0]
	var phrase []byte // before a counter, as "loss" in "loss at step 10: 2.5"
	phraseAt, phraseFirst := -1, -1
	r.names = r.names[:0]
	var heading headed
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.kind != numberToken {
			if t.kind == wordToken && lossLike(line[t.begin:t.end]) && r.isHeading(i) || r.isRoleHeading(i) {
				heading = headed{begin: t.begin, end: t.end, until: r.headedUntil(i)}
			}
			if t.kind == wordToken && len(r.pairs) == 0 && decimal.DigitAt(line, t.end-1) && !r.isHostOfRank(i) {
				if p, ok := r.worker(i); ok {
					r.pairs, r.unlike = append(r.pairs, p), true
				}
			}
			continue
		}
		if r.isOfRange(i) {
			continue
		}
		if t.begin > heading.until {
			heading = headed{}
		}
		p := Pair{Value: t.value, Total: t.total, Unit: t.unit < t.end && !t.quoted || r.unitBehind(i), at: i, first: -1}
		end := t.end
		if t.quoted {
			end--
		}
		p.Text = line[t.begin:end]
		if t.total >= 0 {
			p.Text = p.Text[:len(p.Text)-trailingTotal(p.Text)]
		}
		left := r.left(i)
		if t.total >= 0 && left.first >= 0 && left.first == left.last && !left.separated && lexicon.LabelOf(left.name) != 0 && !counterOfLine(left.name) {
			left.name = nil // "train 10/600": whose the line is, and not what counts
		}
		toldName, toldFirst, toldLast := r.told(i, &left)
		switch {
		case r.isHostOfRank(i - 2):
			p.Name = lexicon.RankName
		case toldName != nil:
			p.Name, p.first, p.last = toldName, toldFirst, toldLast
		case r.ordinal(i, &left):
			p.Name, p.first, p.last = r.word(i+1), i+1, i+1
		case r.gluedCounter(i, &left):
			p.Name, p.Unit = line[t.unit:t.end], false
		case left.number >= 0 && left.separated && left.number == phraseAt:
			p.Name, p.first = phrase, phraseFirst
		case !p.Unit && t.total < 0 && r.onlyCounted(i):
			p.Name = lexicon.Nameless
		case left.number >= 0 && (left.close || left.separated) && r.repeated(left.number, i):
			// "train loss 100 0.5", "loss 100: 0.5": the first number counts.
			counts := &r.pairs[len(r.pairs)-1]
			p.Name, p.first, p.last = counts.Name, counts.first, counts.last
			counts.Name, counts.first = lexicon.Leading, -1
		case left.number >= 0 && left.separated && r.isQuotient(left.number, i):
			continue // "3/4 = 0.75"
		case left.number >= 0 && left.separated && !p.Unit && t.total < 0 && r.counts(left.number) && !r.wordBehind(i):
			p.Name = lexicon.Nameless
		case left.name != nil && !left.separated && lexicon.IsPreposition(left.name):
			if left.first > 0 || !r.counts(i) || !r.colonBehind(i) {
				continue
			}
			p.Name = lexicon.Leading // "on 200: loss 0.5"
		case left.name != nil && !left.separated && len(withoutRecent(left.name)) > 0:
			// "loss over the last 30 s: 0.5"
			phrase, phraseAt, phraseFirst = withoutRecent(left.name), i, left.first
			continue
		case left.name != nil && !left.separated && lexicon.IsPreposition(lastWord(left.name)) && r.namedBehind(left.first):
			// "0.5 loss after 300 steps"
			if !r.wordBehind(i) || !counterOfLine(r.word(i+1)) {
				continue
			}
			p.Name, p.first, p.last = r.word(i+1), i+1, i+1
		case left.name != nil && !left.separated && !p.Unit && lexicon.IsPreposition(lastWord(left.name)) && len(left.name) > len(lastWord(left.name)) && r.measures(i):
			// "loss over 300 batches = 0.5"
			phrase, phraseAt, phraseFirst = bytes.TrimSpace(left.name[:len(left.name)-len(lastWord(left.name))]), i, left.first
			if !counterOfLine(r.word(i + 1)) {
				continue
			}
			p.Name, p.first, p.last = r.word(i+1), i+1, i+1
		case left.name != nil && left.separated && phraseAt >= 0 && left.first == phraseAt+1 && !lossLike(lastWord(left.name)):
			p.Name, p.first = phrase, phraseFirst
		case left.name != nil:
			p.Name, p.first, p.last = left.name, left.first, left.last
			if k := len(r.pairs) - 1; k >= 0 && r.countedBy(&r.pairs[k], p.first, p.last) {
				// "1/10 epoch loss: 0.5"
				r.pairs[k].Name = r.word(p.first)
				p.first++
				p.Name = p.Name[r.start(p.first)-r.start(p.first-1):]
			} else if counterOfLine(p.Name) {
				r.withoutLead(&p)
			}
			if !left.separated && !left.opened {
				if head, tail, ok := cutPreposition(p.Name); ok || head != nil && r.colonBehind(i) && r.counts(i) && lossLike(lastWord(head)) {
					phrase, phraseAt, phraseFirst = head, i, p.first
					p.Name = tail
				} else if counterOfLine(p.Name) {
					if p.Name = bytes.TrimPrefix(p.Name, []byte("and ")); phraseAt >= 0 && r.follows(p.first, phraseAt) {
						phraseAt = i // "loss at epoch 1 and batch 20: 0.5"
					} else {
						phraseAt = -1
					}
				}
			}
		case t.total >= 0:
			p.Name = lexicon.OfTotal
			// "[1/30][100/278]": the last one counts within the others.
			if k := len(r.pairs) - 1; k >= 0 && bytes.Equal(r.pairs[k].Name, lexicon.OfTotal) && i-r.pairs[k].at <= 3 {
				r.pairs[k].Name = lexicon.Bracketed
			}
		case r.inBrackets(i) && !p.Unit, i == 1 && r.timed(i):
			if p.Name = lexicon.Bracketed; r.standardOutput(i + 1) {
				p.Name = lexicon.RankName
			} else if k := len(r.pairs) - 1; k >= 0 && bytes.Equal(r.pairs[k].Name, lexicon.Bracketed) && i-r.pairs[k].at <= 3 {
				r.pairs[k].Name = lexicon.OuterBracket // "[3] [10]": the last one counts within the others
			}
		case i == 0 && !p.Unit && r.colonBehind(i), i == 1 && r.tokens[0].kind == gapToken && !p.Unit && r.colonBehind(i):
			p.Name = lexicon.Leading
		case p.Unit && t.end-t.unit > 1 && counterOfLine(line[t.unit:t.end]):
			p.Name = line[t.unit:t.end]
			p.Unit = false
		case left.name == nil && r.isShared(i):
			p.Name = lexicon.Shared
		case !p.Unit && left.name == nil && bytes.IndexByte(p.Text, '.') > 0 && r.isAfterShare():
			p.Name = lexicon.Nameless
		default:
			if left.separated && left.number > 0 && r.isProduct(left.number) {
				continue // "* 0.5 = 0.25 loss": what a part weighs
			} else if name, first, last := r.behind(i); name != nil && left.free {
				p.Name, p.first, p.last = name, first, last
			} else if k := r.lossFarBefore(i, &left); k >= 0 {
				p.Name, p.first, p.last = r.phrase(k)
			} else if !p.Unit && r.leads(i) {
				p.Name = lexicon.Leading
			} else if k := len(r.pairs) - 1; k >= 0 && left.close && left.number == r.pairs[k].at && bytes.Equal(r.pairs[k].Name, lexicon.Leading) &&
				r.counts(i) && r.counts(left.number) {
				p.Name, r.pairs[k].Name = lexicon.Bracketed, lexicon.OuterBracket // "3 10 loss": the last one counts within the others
			} else {
				continue
			}
		}
		p.list = left.opened && r.isMark(i-1, '[') && r.isMark(i+1, ',') && i+2 < len(r.tokens) && r.tokens[i+2].kind == numberToken
		if p.Unit && t.unit < t.end && p.scale(line[t.unit:t.end]) {
			r.unlike = true
		}
		if heading.end > 0 && p.first >= 0 && bytes.IndexByte(p.Name, ' ') < 0 && !counterOfLine(p.Name) {
			begin := len(r.names)
			r.names = append(append(append(r.names, line[heading.begin:heading.end]...), headingMark...), p.Name...)
			p.Name = r.names[begin:]
		}
		// What counts, and a bar, leave their words to tell lines apart by.
		if p.first >= 0 && !r.isBar(i) && t.total < 0 && !left.opened && !counterOfLine(p.Name) {
			for k := p.first; k <= max(p.last, p.first); k++ {
				r.tokens[k].used = true
			}
		}
		if outer, inner, ok := bytes.Cut(p.Name, []byte{'/'}); ok && p.first >= 0 && t.total >= 0 && counterOfLine(outer) && counterOfLine(inner) {
			// "epoch/iter: 3/250"
			r.pairs = append(r.pairs, Pair{Name: outer, Text: p.Text, Value: p.Value, Total: -1, at: i, first: p.first, last: p.last})
			_, text, _ := bytes.Cut(line[t.begin:t.end], []byte{'/'})
			p.Name, p.Value, p.Total, p.Text = inner, p.Total, -1, plaintext.Trim(text)
			r.unlike = true
		}
		r.pairs = append(r.pairs, p)
	}
	r.withoutLists()
	r.tellTwice()
	return r.pairs
}

// withoutLists drops the first of several numbers in brackets that are named as losses, the parts of one beside them: "losses: [0.5, 0.1], total
// loss: 0.6".
func (r *Reader) withoutLists() {
	if !slices.ContainsFunc(r.pairs, func(p Pair) bool { return p.list }) {
		return
	}
	isLoss := func(p Pair) bool { return p.first >= 0 && lexicon.MeaningOf(string(p.Name)).Strength == lexicon.Loss }
	if slices.ContainsFunc(r.pairs, func(p Pair) bool { return !p.list && isLoss(p) }) {
		r.pairs = slices.DeleteFunc(r.pairs, func(p Pair) bool { return p.list && isLoss(p) })
	}
}

// printed returns what R prints as a text: the line behind "[1]", without its quotes.
func printed(line []byte) []byte {
	const begin = len(`[1] "`)
	if n := len(line); n <= begin || line[0] != '[' || line[n-1] != '"' || !decimal.IsDigit(line[1]) || string(line[2:begin]) != `] "` ||
		bytes.IndexByte(line[begin:n-1], '"') >= 0 {
		return line
	}
	return line[begin : len(line)-1]
}

// scale takes the unit of what counts, "1.5k steps", for what it multiplies by, and the sign of a loss or an error in percent for nothing. It says
// whether it changed the value.
func (p *Pair) scale(unit []byte) bool {
	factor := 1.0
	switch string(unit) {
	case "k", "K":
		factor = 1e3
	case "M":
		factor = 1e6
	case "%":
		if last := lastWord(p.Name); lossLike(last) || bytes.EqualFold(last, []byte("error")) {
			p.Unit = false
		}
		return false
	default:
		return false
	}
	value := math.Round(p.Value * factor)
	if !counterOfLine(p.Name) || math.Abs(value-p.Value*factor) > 1e-3 {
		return false
	}
	p.Value, p.Unit = value, false
	return true
}

// gluedCounter says whether number i counts by the word that is written together with it, "1epoch:train:41-80batch", where what stands before
// it is no name of a number, but a level or whose the line is.
func (r *Reader) gluedCounter(i int, left *before) bool {
	t := &r.tokens[i]
	if t.end-t.unit < 3 || !decimal.IsWhole(t.value) || !counterOfLine(r.line[t.unit:t.end]) {
		return false
	}
	return lexicon.IsLevel(left.name) || lexicon.LabelOf(left.name)&(lexicon.OfTraining|lexicon.OfValidation) != 0
}

// ordinal says whether number i counts by the word behind it, in scripts without spaces between words: "第10轮", "10回目".
func (r *Reader) ordinal(i int, left *before) bool {
	if i+1 >= len(r.tokens) || r.tokens[i+1].kind != wordToken || r.tokens[i+1].begin-r.tokens[i].end > 1 || !r.counts(i) ||
		left.name != nil && !bytes.HasSuffix(left.name, []byte("第")) {
		return false
	}
	word := r.word(i + 1)
	return lexicon.CounterAt(word) == len(word)
}

// countedBy says whether the first of the words from first to last says what the number right before it counts, which has no name.
func (r *Reader) countedBy(p *Pair, first, last int) bool {
	return first > 0 && last > first && p.at == first-1 && p.first < 0 && r.tokens[first].kind == wordToken && r.tokens[first+1].kind == wordToken &&
		counterOfLine(r.word(first))
}

// withoutLead takes words with digits from before the name of what counts: "small_v2 epoch 3" counts epochs of a model.
func (r *Reader) withoutLead(p *Pair) {
	for k := p.last - 1; k >= p.first; k-- {
		if word := r.tokens[k]; word.kind == wordToken && bytes.ContainsAny(r.line[word.begin:word.end], "0123456789") {
			p.first = k + 1
			p.Name = r.line[r.tokens[p.first].begin:r.tokens[p.last].end]
			return
		}
	}
}

// follows says whether token i comes right after number j, but for a comma.
func (r *Reader) follows(i, j int) bool {
	for i--; i > j && (r.isMark(i, ',') || r.tokens[i].kind == gapToken); i-- {
	}
	return i == j
}

// isQuotient says whether number i is what number left of a total comes to.
func (r *Reader) isQuotient(left, i int) bool {
	part := &r.tokens[left]
	return part.total > 0 && math.Abs(part.value/part.total-r.tokens[i].value) < 0.005
}

// isProduct says whether number i is a factor: "* 0.5".
func (r *Reader) isProduct(i int) bool { return r.isMark(i-1, '*') }
