package lexicon

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
			switch {
			case TrainingWords[string(lower)] && string(lower) != "learning":
				label |= OfTraining
			case ValidationWords[string(lower)]:
				label |= OfValidation
			case SummaryWords[string(lower)]:
				label |= OfSummary
			}
		}
		for end < len(text) && (text[end]|0x20 < 'a' || text[end]|0x20 > 'z') {
			end++
		}
		text = text[end:]
	}
	return label
}
