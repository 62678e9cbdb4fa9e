package lexicon

import (
	"slices"
	"strings"
	"unicode"
)

// Words splits a name into its words, in lower case: at what is no letter or digit, and where capitals begin.
func Words(name string) []string {
	var all []string
	runes := []rune(name)
	begin := 0
	flush := func(end int) {
		if end > begin {
			all = appendUnspaced(all, strings.ToLower(string(runes[begin:end])))
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush(i)
			begin = i + 1
			continue
		}
		if i > begin && unicode.IsUpper(r) {
			before := runes[i-1]
			next := i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !isPlural(runes[i+1:])
			if (unicode.IsLower(before) || unicode.IsUpper(before) && next) && !isOneWord(runes[begin:]) {
				flush(i)
				begin = i
			}
		}
	}
	flush(len(runes))
	return all
}

// isOneWord says whether the word that a text begins with is one with a capital in it: "IoU", "mIoU".
func isOneWord(text []rune) bool {
	end := 0
	for end < len(text) && (unicode.IsLetter(text[end]) || unicode.IsDigit(text[end])) {
		end++
	}
	return end <= mostCapitals && otherWords[strings.ToLower(string(text[:end]))]
}

// mostCapitals is how many letters such a word has at most.
const mostCapitals = 5

// isPlural says whether what follows a capital is the end of an abbreviation's plural: "TFLOPs".
func isPlural(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || !unicode.IsLetter(rest[1]))
}

// Split takes a word that is written together apart: "trainloss", "logloss1", and the abbreviation "trl".
func Split(word string) []string {
	bare := strings.TrimRight(word, "0123456789")
	digits := word[len(bare):]
	if ValidationWords[word] || TrainingWords[word] || measureWords[word] || perplexityWords[word] || otherWords[word] || bare == "" {
		return []string{word}
	}
	if rest, ok := strings.CutSuffix(bare, "losses"); ok {
		bare = rest + "loss"
	}
	for _, suffix := range []string{"verlust", "verlies"} {
		if rest, ok := strings.CutSuffix(bare, suffix); ok {
			bare = rest + "loss"
		}
	}
	if rest, ok := strings.CutSuffix(bare, "loss"); ok && rest != "c" && rest != "g" && rest != "f" {
		switch {
		case rest == "":
			return append([]string{"loss"}, nonEmpty(digits)...)
		case measureWords[bare] || rest == "log":
			return []string{"logloss"}
		}
		return append([]string{rest, "loss"}, nonEmpty(digits)...)
	}
	if whose, what := compound(bare); what != "" {
		return append([]string{whose, what}, nonEmpty(digits)...)
	}
	// As MatConvNet has it: top1err.
	if rest, ok := strings.CutSuffix(word, "err"); ok && otherWords[rest] {
		return []string{rest, "err"}
	}
	// As llm.c has it: trl, tel.
	if rest, ok := strings.CutSuffix(word, "l"); ok && len(word) <= 5 {
		switch rest {
		case "tr", "trn", "te", "tst", "dev":
			return []string{rest, "loss"}
		}
	}
	switch {
	case digits != "" && LossWords[bare]:
		return []string{"loss", digits}
	case digits != "" && otherWords[bare]:
		return []string{bare, digits} // "alpha0"
	}
	return []string{word}
}

// Leaf is the last part of a name that is a path: of "loss/train.mean" it is "mean".
func Leaf(name string) string { return name[strings.LastIndexAny(name, "/.")+1:] }

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// commaWords are parts of words for losses in languages in which commas part fractions.
var commaWords = []string{"verlust", "fehler", "perte", "pérdida", "perdida", "perda", "perdita", "verlies", "kayıp", "kayip", "förlust", "ztrát", "потер", "втрат", "strata"}

// WritesCommas says whether a line has a word for losses of a language in which commas part fractions.
func WritesCommas(line []byte) bool {
	text := strings.ToLower(string(line))
	return slices.ContainsFunc(commaWords, func(word string) bool { return strings.Contains(text, word) })
}

// CountForeign returns how often a text has words with letters beyond ASCII that logs are written in: of losses, of what counts, and of what
// data are for.
func CountForeign(text string) (n int) {
	text = strings.ToLower(text)
	for _, words := range []map[string]bool{LossWords, measureWords, TrainingWords, ValidationWords, countWords, EpochWords} {
		for word := range words {
			if len(word) > len([]rune(word)) {
				n += strings.Count(text, word)
			}
		}
	}
	return n
}

// compound returns the parts of a word that says of what data a loss is and by which word, as languages write that join words,
// "trainingsfehler", and people do: "valmse". They are empty where it says no such thing.
func compound(word string) (whose, what string) {
	const shortest = 3 // of what a loss is called
	for i := len("te"); i+shortest <= len(word); i++ {
		whose, what = word[:i], word[i:]
		if RoleOf(whose) != Unsaid && (LossWords[what] || measureWords[what]) {
			return whose, what
		}
	}
	return "", ""
}
