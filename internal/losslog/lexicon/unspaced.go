package lexicon

import "unicode/utf8"

// Chinese, Japanese and Korean write words without spaces between them: "训练损失". Such a text is taken apart at the words that the
// lists have.

// IsUnspaced says whether a letter is of a script without spaces between words.
func IsUnspaced(r rune) bool { return r >= 0x3040 && r < 0xd7b0 }

// unspacedWords are the words of the lists in such scripts, and mostUnspaced is the number of letters of the longest.
var unspacedWords, mostUnspaced = func() (map[string]bool, int) {
	words, most := make(map[string]bool), 0
	for _, list := range []map[string]bool{TrainingWords, ValidationWords, LossWords, measureWords, perplexityWords, AverageWords, WholeWords, EmptyWords, extremeWords, otherWords,
		countWords, EpochWords} {
		for word := range list {
			if r, _ := utf8.DecodeRuneInString(word); IsUnspaced(r) {
				words[word] = true
				most = max(most, utf8.RuneCountInString(word))
			}
		}
	}
	return words, most
}()

// appendUnspaced adds the words of a text without spaces: the longest that the lists have, from its beginning on, and what is between
// them. Words of one letter stand alone or at the ends of what is between, since they also are parts of other words.
func appendUnspaced(all []string, text string) []string {
	runes := []rune(text)
	begin := 0
	flush := func(end int) {
		for begin < end && end-begin > 1 && unspacedWords[string(runes[begin])] {
			all = append(all, string(runes[begin]))
			begin++
		}
		tail := end
		for tail > begin+1 && unspacedWords[string(runes[tail-1])] {
			tail--
		}
		if tail > begin {
			all = append(all, string(runes[begin:tail]))
		}
		for ; tail < end; tail++ {
			all = append(all, string(runes[tail]))
		}
		begin = end
	}
	for i := 0; i < len(runes); {
		if i > begin && IsUnspaced(runes[i]) != IsUnspaced(runes[i-1]) {
			flush(i)
		}
		n := wordAt(runes[i:])
		if n < 2 {
			i++
			continue
		}
		flush(i)
		all = append(all, string(runes[i:i+n]))
		i += n
		begin = i
	}
	flush(len(runes))
	return all
}

// wordAt returns the number of letters of the longest word of the lists at the beginning of a text; 0 where there is none.
func wordAt(text []rune) int {
	if !IsUnspaced(text[0]) {
		return 0
	}
	for n := min(len(text), mostUnspaced); n > 0; n-- {
		if unspacedWords[string(text[:n])] {
			return n
		}
	}
	return 0
}

// CounterAt returns the length in bytes of the word that counts at the beginning of a text in such a script, as of "轮" in "轮训练损失";
// 0 where there is none.
func CounterAt(text []byte) int {
	if r, _ := utf8.DecodeRune(text); !IsUnspaced(r) {
		return 0
	}
	runes := make([]rune, 0, 16)
	for i := 0; i < len(text) && len(runes) < mostUnspaced; {
		r, n := utf8.DecodeRune(text[i:])
		if !IsUnspaced(r) {
			break
		}
		runes = append(runes, r)
		i += n
	}
	word := string(runes[:wordAt(runes)])
	if countWords[word] || EpochWords[word] {
		return len(word)
	}
	return 0
}
