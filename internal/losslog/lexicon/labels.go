package lexicon

import (
	"slices"
	"unicode/utf8"
)

// Label is what words say of the records that they tell apart from others: a sum of the values below.
type Label uint8

const (
	OfTraining Label = 1 << iota
	OfValidation
	OfSummary
)

// initials are the letters that words of labels begin with.
var initials = func() (all [256]bool) {
	for _, words := range []map[string]bool{TrainingWords, ValidationWords, SummaryWords} {
		for word := range words {
			all[word[0]] = true
			all[word[0]-'a'+'A'] = true
		}
	}
	return all
}()

// LabelOf returns what the words of a text say.
func LabelOf(text []byte) (label Label) {
	if slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf }) {
		for _, word := range Words(string(text)) {
			label |= labelOf(word)
		}
		return label
	}
	for len(text) > 0 {
		end := 0
		for end < len(text) && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
			end++
		}
		if end > 1 && initials[text[0]] {
			var buffer [24]byte
			lower := buffer[:0]
			for _, c := range text[:end] {
				lower = append(lower, c|0x20)
			}
			label |= labelOf(string(lower))
		}
		for end < len(text) && (text[end]|0x20 < 'a' || text[end]|0x20 > 'z') {
			end++
		}
		text = text[end:]
	}
	return label
}

// labelOf returns what a word says, which is in lower case.
func labelOf(word string) Label {
	switch RoleOf(word) {
	case Training:
		return OfTraining
	case Validation:
		return OfValidation
	}
	if SummaryWords[word] {
		return OfSummary
	}
	return 0
}
