package losslog

import (
	"bytes"

	"alrc/internal/losslog/lexicon"
)

// labelOf returns the words of the line at hand that tell what its numbers are of: "train", "valid", "averaged".
func (r *lineReader) labelOf() []byte {
	r.label = r.label[:0]
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.used || t.kind != wordToken && t.kind != quotedToken || r.keyOfWord(i) || r.isCutOff(i) {
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
		if wordLabel(word) != 0 && !bytes.Contains(r.label, word) {
			if len(r.label) > 0 {
				r.label = append(r.label, ' ')
			}
			r.label = append(r.label, word...)
		}
	}
	return r.label
}

// isCutOff says whether token i is the rest of a line that ends within quotes.
func (r *lineReader) isCutOff(i int) bool {
	if i == 0 || i != len(r.tokens)-1 || r.tokens[i].kind != wordToken {
		return false
	}
	before := &r.tokens[i-1]
	return before.kind == markToken && (before.mark == '\'' || before.mark == '"') && before.end == r.tokens[i].begin
}

// keyOfWord says whether token i names the word behind it, as in "time_avg:none".
func (r *lineReader) keyOfWord(i int) bool {
	if i+2 >= len(r.tokens) {
		return false
	}
	mark, value := &r.tokens[i+1], &r.tokens[i+2]
	return mark.kind == markToken && (mark.mark == ':' || mark.mark == '=') && mark.end == mark.begin+1 && value.kind == wordToken &&
		mark.begin == r.tokens[i].end && value.begin == mark.end
}

// Kinds of words that tell lines apart.
const (
	trainingLabel = 1 << iota
	validationLabel
	summaryLabel
)

// initials are the letters that words that tell lines apart begin with.
var initials = func() (all [256]bool) {
	for _, words := range []map[string]bool{lexicon.TrainingWords, lexicon.ValidationWords, lexicon.SummaryWords} {
		for word := range words {
			all[word[0]] = true
			all[word[0]-'a'+'A'] = true
		}
	}
	return all
}()

// wordLabel returns what a word tells about its line.
func wordLabel(word []byte) (kinds int) {
	for len(word) > 0 {
		end := 0
		for end < len(word) && (word[end]|0x20 >= 'a' && word[end]|0x20 <= 'z') {
			end++
		}
		if end > 1 && initials[word[0]] {
			var buffer [24]byte
			lower := buffer[:0]
			for _, c := range word[:end] {
				lower = append(lower, c|0x20)
			}
			switch {
			case lexicon.TrainingWords[string(lower)] && string(lower) != "learning":
				kinds |= trainingLabel
			case lexicon.ValidationWords[string(lower)]:
				kinds |= validationLabel
			case lexicon.SummaryWords[string(lower)]:
				kinds |= summaryLabel
			}
		}
		for end < len(word) && (word[end]|0x20 < 'a' || word[end]|0x20 > 'z') {
			end++
		}
		word = word[end:]
	}
	return kinds
}
