package words

import (
	"fmt"
	"strings"
)

// Counted writes a number of things: "1 step", "2,500 steps".
func Counted[T ~int | ~int64](n T, noun string) string { return Agreeing(n, noun, noun+"s") }

// Agreeing writes a number with the words for one, or for several: "1 loss was", "3 losses were".
func Agreeing[T ~int | ~int64](n T, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + several
}

// Verb returns the verb for one, or for several: "is", "are".
func Verb[T ~int | ~int64](n T, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// Times writes how often something happened: once, twice, 3 times.
func Times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Count(n) + " times"
}

// Capital begins a text with a capital letter, unless it begins with a file's name.
func Capital(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if text == "" || text[0] < 'a' || text[0] > 'z' || strings.Contains(strings.TrimRight(first, ".,:"), ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// First joins the first few of a list, at most so many, and says how many more there are.
func First[T fmt.Stringer](list []T, most int, separator string) string {
	var texts []string
	for _, one := range list[:min(most, len(list))] {
		texts = append(texts, one.String())
	}
	if more := len(list) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, separator)
}
