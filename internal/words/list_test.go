package words

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// At any width a list has every word, and no line is wider unless a word is.
func TestListFits(t *testing.T) {
	rows := [][]string{{"running", "clip=none,seed=0", "step 1,200 of 10,000, on a machine with a long name"}, {"waiting", "clip=alrc-2,seed=0", ""},
		{"failed", "x", "the last on another one: it broke — for good"}}
	for width := 0; width <= 130; width++ {
		text := Layout{Width: width, ASCII: width%2 == 1}.List(rows)
		for _, word := range strings.Fields("running clip=none,seed=0 step 1,200 long name waiting clip=alrc-2,seed=0 failed x broke good") {
			if !strings.Contains(text, word) {
				t.Fatalf("at %d columns %q is missing:\n%s", width, word, text)
			}
		}
		for _, line := range strings.Split(text, "\n") {
			if width > 0 && utf8.RuneCountInString(line) > width && strings.ContainsRune(strings.TrimSpace(line), ' ') {
				t.Fatalf("at %d columns a line has %d:\n%s", width, utf8.RuneCountInString(line), text)
			}
			if width%2 == 1 && strings.ContainsRune(line, '—') {
				t.Fatalf("not ASCII: %q", line)
			}
		}
	}
}
