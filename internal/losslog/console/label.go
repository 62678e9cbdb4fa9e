package console

import (
	"bytes"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// Labelling is what tells records with the same loss apart, besides words such as "train".
type Labelling uint8

const (
	ByWords Labelling = iota
	// ByNames: lines of training hold "train acc", and those of a test "test acc".
	ByNames
	// ByTotals: full bars of training and of a test take turns, which only their totals tell apart: "391/391" and "79/79".
	ByTotals
	// ByBars: some lines end a progress bar, and others tell the same again.
	ByBars
	// ByLead: words before the loss say whose it is, as in "Baseline - loss 0.5".
	ByLead
)

// Labels says how records of a loss are told apart.
type Labels struct {
	By   Labelling
	Loss string
}

// OfBar says whether a label is one of lines that end a progress bar.
func (l *Labels) OfBar(label string) bool {
	return l.By == ByBars && strings.HasSuffix(label, string(barLabel))
}

// Label returns what tells a record of the line that was read last from others. It is valid until the next call.
func (r *Reader) Label(pairs []Pair, how *Labels) []byte {
	if label := pairs[0].label; label != nil {
		return label
	}
	label := r.words()
	if more := r.Told(pairs, how); len(more) > 0 && !bytes.Contains(label, more) {
		if len(label) > 0 {
			label = append(label, ' ')
		}
		label = append(label, more...)
		r.label = label
	}
	return label
}

// Told returns what a record's label has besides words.
func (r *Reader) Told(pairs []Pair, how *Labels) []byte {
	switch how.By {
	case ByNames:
		return rolesOf(pairs, how.Loss).label()
	case ByTotals:
		return totalOf(pairs)
	case ByBars:
		if r.hasBar() && !r.behindBar(pairs, how.Loss) {
			return barLabel
		}
	case ByLead:
		return r.lead(pairs, how.Loss)
	}
	return nil
}

// totalOf returns the number of a record's first full bar.
func totalOf(pairs []Pair) []byte {
	for i := range pairs {
		if p := &pairs[i]; string(p.Name) == string(lexicon.OfTotal) {
			if p.Value != p.Total {
				return nil
			}
			return p.Text
		}
	}
	return nil
}

// barLabel is the label of lines with a progress bar.
var barLabel = []byte("bar")

// hasBar says whether the line has a bar behind a share: "100%|####", one of two strokes: "=====>----", or the count of one that is past its
// total: "15it [04:02".
func (r *Reader) hasBar() bool {
	if i := bytes.Index(r.line, []byte("it [")); i > 0 && decimal.IsDigit(r.line[i-1]) {
		return true
	}
	for i := 1; i < len(r.tokens); i++ {
		if r.isBar(i-1) || r.isStroked(i-1) {
			return true
		}
	}
	return false
}

// isStroked says whether token i begins a bar of two strokes, with a head between them or without one. In brackets it is none that tells lines
// apart: Keras draws these on nearly all lines.
func (r *Reader) isStroked(i int) bool {
	const shortest, most = 10, 3
	if r.joined(i) {
		return false
	}
	end := i
	for end == i || r.joined(end) {
		if t := &r.tokens[end]; t.kind != markToken || strings.IndexByte("|[](){}", t.mark) >= 0 {
			return false
		}
		end++
	}
	return end-i > 1 && end-i <= most && r.tokens[end-1].end-r.tokens[i].begin >= shortest
}

// joined says whether token i is a mark right behind another one.
func (r *Reader) joined(i int) bool {
	return i > 0 && i < len(r.tokens) && r.tokens[i].kind == markToken && r.tokens[i-1].kind == markToken && r.tokens[i-1].end == r.tokens[i].begin
}

// behindBar says whether a loss stands behind the bracket that ends the bar of its line: whatever printed it found the bar there, which was
// not its own.
func (r *Reader) behindBar(pairs []Pair, loss string) bool {
	for i := range pairs {
		p := &pairs[i]
		if string(p.Name) != loss || p.first < 0 {
			continue
		}
		end := bytes.LastIndexByte(r.line[:r.tokens[p.first].begin], ']')
		return end > 0 && !bytes.ContainsAny(r.line[end:r.tokens[p.first].begin], "[|%") && bytes.Contains(r.line[:end], []byte("it"))
	}
	return false
}

// isBar says whether number i is the share that a bar shows, and not one before a bar between fields: "done: 40%|lr: 0.1".
func (r *Reader) isBar(i int) bool {
	if i+1 >= len(r.tokens) || r.tokens[i].kind != numberToken {
		return false
	}
	t := &r.tokens[i+1]
	letter := t.end < len(r.line) && r.line[t.end]|0x20 >= 'a' && r.line[t.end]|0x20 <= 'z'
	return t.kind == markToken && t.mark == '|' && r.line[t.begin-1] == '%' && !letter
}

// roles are those that the names of a record say.
type roles struct{ training, validation bool }

// rolesOf returns the roles that the names beside a loss say.
func rolesOf(pairs []Pair, loss string) (all roles) {
	for i := range pairs {
		if p := &pairs[i]; p.first >= 0 && string(p.Name) != loss {
			switch lexicon.MeaningOf(string(p.Name)).Role {
			case lexicon.Training:
				all.training = true
			case lexicon.Validation:
				all.validation = true
			}
		}
	}
	return all
}

func (r roles) label() []byte {
	switch {
	case r.training && !r.validation:
		return []byte("train")
	case r.validation && !r.training:
		return []byte("test")
	}
	return nil
}

// lead returns the last words before a loss that belong to no number and to no prefix of a logger. Of several alike, a number between such
// a word and the loss says which: "Style 2 loss: 0.5".
func (r *Reader) lead(pairs []Pair, loss string) []byte {
	at := -1
	for i := range pairs {
		if string(pairs[i].Name) == loss {
			at = pairs[i].first
			break
		}
	}
	const most = 2
	var words [most][]byte
	n := 0
	for i := at - 1; i >= 0 && n < most; i-- {
		t := &r.tokens[i]
		if i == at-1 && r.counts(i) && r.isWord(i-1) && !counterOfLine(r.word(i-1)) {
			r.unlike = true
			return r.line[r.tokens[i-1].begin:r.tokens[i].end]
		}
		if t.used || t.kind != wordToken {
			continue
		}
		word := r.word(i)
		if counterOfLine(word) || lexicon.SaysWhere(word) {
			continue
		}
		n++
		words[most-n] = word
	}
	return bytes.Join(words[most-n:], []byte{' '})
}

// words returns the words of the line at hand that tell what its numbers are of: "train", "valid", "averaged".
func (r *Reader) words() []byte {
	r.label = r.label[:0]
	end := r.barEnd()
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.begin >= end {
			break
		}
		if t.used || t.kind != wordToken && t.kind != quotedToken || r.keyOfWord(i) {
			continue
		}
		word := r.word(i)
		if t.kind == quotedToken {
			word = word[:len(word)-1]
		}
		// A name of a file or a module says where, not what.
		if len(word) > 24 || len(word) < 2 || bytes.IndexByte(word, '.') >= 0 || bytes.IndexByte(word, '/') >= 0 {
			continue
		}
		if lexicon.LabelOf(word) != 0 && !bytes.Contains(r.label, word) {
			if len(r.label) > 0 {
				r.label = append(r.label, ' ')
			}
			r.label = append(r.label, word...)
		}
	}
	return r.label
}

// barEnd is where the bar ends that a line begins with, if all of its numbers' names stand in the bar: what follows is another message, which
// was written while the bar stood there. It is the line's end elsewhere.
func (r *Reader) barEnd() int {
	share := bytes.Index(r.line, []byte("%|"))
	if share < 0 {
		return len(r.line)
	}
	rate := bytes.Index(r.line[share:], []byte("it/s"))
	if rate < 0 {
		if rate = bytes.Index(r.line[share:], []byte("s/it")); rate < 0 {
			return len(r.line)
		}
	}
	bracket := bytes.IndexByte(r.line[share+rate:], ']')
	if bracket < 0 {
		return len(r.line)
	}
	end := share + rate + bracket + 1
	for i := range r.pairs {
		if p := &r.pairs[i]; p.first >= 0 && lossLike(lastWord(p.Name)) && r.tokens[p.first].begin >= end {
			return len(r.line)
		}
	}
	return end
}

// keyOfWord says whether token i names the word behind it, as in "time_avg:none", or nothing, as in "val: n/a".
func (r *Reader) keyOfWord(i int) bool {
	if i+2 >= len(r.tokens) {
		return false
	}
	mark, value := &r.tokens[i+1], &r.tokens[i+2]
	if mark.kind == markToken && (mark.mark == ':' || mark.mark == '=') && (value.kind == wordToken && plaintext.IsNothing(r.word(i+2)) ||
		value.kind == markToken && (value.mark == '~' || value.mark == '-')) {
		return true
	}
	return mark.kind == markToken && (mark.mark == ':' || mark.mark == '=') && mark.end == mark.begin+1 && value.kind == wordToken &&
		mark.begin == r.tokens[i].end && value.begin == mark.end
}
