// Package console reads lines that programs print for people: the numbers in them, each with its name.
//
// A [Reader] splits a line into tokens (token.go, numeral.go) and finds the name of each number (pair.go): what stands before it (before.go,
// phrase.go), behind it (behind.go), or above it (heading.go, below.go, columns.go), or its place (place.go). It says by which words a record is told
// from others (label.go). Lines that differ in their digits alone are read by what was found in the first of
// them (alike.go). A [Layout] finds the records of a text, which may be of several lines each (layout.go).
package console

import (
	"bytes"
	"strings"

	"alrc/internal/losslog/lexicon"
)

// Within returns a text that each line holds in which a number has a name; nil where any line may.
func Within(name string) []byte {
	if lexicon.IsPosition(name) || name == string(lexicon.Nameless) {
		return nil
	}
	if _, behind, ok := strings.Cut(name, headingMark); ok {
		name = behind
	}
	return []byte(name)
}

// TextOf returns the word that stands in a line behind a name that is of none of its numbers: "phase: train".
func TextOf(line []byte, name string) (text []byte, ok bool) {
	for {
		i := bytes.Index(line, []byte(name))
		if i < 0 {
			return nil, false
		}
		line = line[i+len(name):]
		rest := bytes.TrimLeft(line, "'\" \t")
		if len(rest) > 0 && (rest[0] == ':' || rest[0] == '=') {
			rest = bytes.TrimLeft(rest[1:], "'\" \t")
			return rest[:wordEnd(rest, 0)], true
		}
	}
}
