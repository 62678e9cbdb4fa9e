package losslog

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// A YAML document may hold each series as one list, a number a line below its name: "loss:", "- 2.5", "- 2.1". Octave prints a vector so, too:
// "loss =", "   2.5", "   2.1". Each list becomes a column of a table, if the document is not too large.

// holdsYAMLLists says whether a text is a document of such lists, as far as its beginning shows.
func holdsYAMLLists(head []byte) bool {
	return (bytes.Contains(head, []byte("- ")) || bytes.Contains(head, []byte(" =\n"))) && !plaintext.IsHTML(head) && yamlLists(head) != nil
}

// yamlLists returns the lists of a text that holds little else, of which one is named as losses are; nil where there are none.
func yamlLists(text []byte) (lists []namedList) {
	const fewest = 3
	type key struct {
		indent int
		name   string
	}
	var path []key
	lines, items, inList, losses := 0, 0, false, 0
	vector := false // the last name is one of Octave's
	plaintext.Lines(text, func(line []byte) {
		trimmed := plaintext.Trim(bytes.TrimRight(line, "\r"))
		if len(trimmed) == 0 || trimmed[0] == '#' {
			return
		}
		lines++
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		number, isItem := bytes.CutPrefix(trimmed, []byte("- "))
		if isItem || vector && decimal.DigitAt(number, len(number)-1) {
			if number = yamlNumber(number); number == nil || len(path) == 0 {
				inList = false
				return
			}
			if !inList {
				var names []string
				for _, k := range path {
					names = append(names, k.name)
				}
				lists, inList = append(lists, namedList{name: []byte(strings.Join(names, "."))}), true
			}
			l := &lists[len(lists)-1]
			l.numbers = append(l.numbers, number)
			items++
			if lexicon.MeaningOf(string(l.name)).Strength >= lexicon.Measure {
				losses = max(losses, len(l.numbers))
			}
			return
		}
		inList = false
		for len(path) > 0 && path[len(path)-1].indent >= indent {
			path = path[:len(path)-1]
		}
		name, ok := bytes.CutSuffix(trimmed, []byte(":"))
		if !ok {
			name, ok = bytes.CutSuffix(trimmed, []byte(" ="))
			vector = ok
		}
		if ok {
			path = append(path, key{indent, string(unquote(name))})
		}
	})
	if losses < fewest || items*2 < lines {
		return nil
	}
	// A few weights are no series beside the losses.
	return slices.DeleteFunc(lists, func(l namedList) bool { return len(l.numbers)*2 < losses })
}

// yamlNumber returns a number as tables have it; nil where the text is none.
func yamlNumber(text []byte) []byte {
	switch text = plaintext.Trim(text); strings.ToLower(string(text)) {
	case ".nan":
		return []byte("nan")
	case ".inf", "+.inf":
		return []byte("inf")
	case "-.inf":
		return []byte("-inf")
	}
	if _, ok := decimal.Whole(text); !ok {
		return nil
	}
	return text
}

// tableOfYAMLLists returns a reader of such lists as a table of which each is a column.
func tableOfYAMLLists(r io.Reader) (io.Reader, error) {
	return remade(r, func(data []byte) []byte { return columnsOf(yamlLists(data)) })
}
