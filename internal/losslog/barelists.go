package losslog

import (
	"bytes"
	"io"
	"strconv"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// A text may be a few lists of numbers and nothing else, each on a line of its own, as programs write all losses at once. A count or a few
// words may stand above a list. Each becomes a column of a table, if the text is not too large.

const (
	fewestBare = 20 // numbers of a list
	mostBare   = 8  // lists
	longBare   = 10 // times as many numbers has a list as there are lists, or it is a row of a table
)

// holdsBareLists says whether a text is one of bare lists, as far as its beginning shows.
func holdsBareLists(head []byte) bool { return bareLists(head) != nil }

// bareLists returns the lists of a text that holds nothing else; nil where there are none. A list has the name of losses above it, if there
// is one.
func bareLists(text []byte) (lists []namedList) {
	const longestTitle = 80
	var above []byte
	others, fractions := 0, false
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, newline)
		text = rest
		if line = plaintext.Trim(line); len(line) == 0 {
			continue
		}
		numbers, fraction := bareList(line)
		switch {
		case len(numbers) >= fewestBare:
			lists = append(lists, namedList{name: above, numbers: numbers})
			fractions = fractions || fraction
			above = nil
		case len(numbers) > 1 || len(line) > longestTitle:
			return nil
		default:
			others++
			if above = nil; lexicon.MeaningOf(string(bytes.Trim(line, "-*#=: "))).Strength >= lexicon.Measure {
				above = bytes.Trim(line, "-*#=: ")
			}
		}
		if len(lists) > mostBare || others > len(lists)+1 {
			return nil
		}
	}
	for _, l := range lists {
		if len(l.numbers) < longBare*len(lists) {
			return nil
		}
	}
	if !fractions {
		return nil // what is counted is no loss
	}
	return lists
}

// bareList returns the numbers of a line that holds nothing else but what parts them, and whether one is no whole number.
func bareList(line []byte) (numbers [][]byte, fraction bool) {
	for i := 0; i < len(line); {
		switch c := line[i]; c {
		case ' ', '\t', ',', ';', '[', ']', '(', ')':
			i++
			continue
		}
		value, n := decimal.Parse(line[i:])
		if n == 0 {
			return nil, false
		}
		numbers = append(numbers, line[i:i+n])
		fraction = fraction || value == value && !decimal.IsWhole(value)
		i += n
	}
	return numbers, fraction
}

// tableOfBareLists returns a reader of bare lists as a table of which each is a column, with a header where all have names.
func tableOfBareLists(r io.Reader) (io.Reader, error) {
	return remade(r, func(data []byte) []byte {
		lists := bareLists(data)
		if lists == nil {
			return nil
		}
		named := true
		for i := range lists {
			if lists[i].name == nil {
				named = false
				lists[i].name = strconv.AppendInt(nil, int64(i+1), 10)
			}
		}
		table := columnsOf(lists)
		if !named {
			table = table[bytes.IndexByte(table, '\n')+1:]
		}
		return table
	})
}
