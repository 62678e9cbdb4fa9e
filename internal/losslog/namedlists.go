package losslog

import (
	"bytes"
	"io"
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// A text may hold each series as one list under its name, over as many lines as it takes: "train_losses: [2.5, 2.1, ...]", as programs
// print lists and arrays at their end, and as MATLAB keeps vectors. Each list becomes a column of a table, if the text is not too large.

// namedList is one list of numbers.
type namedList struct {
	name    []byte
	numbers [][]byte
}

// holdsNamedLists says whether a text is one of named lists, as far as its beginning shows.
func holdsNamedLists(head []byte) bool {
	trimmed := plaintext.TrimStart(head)
	return len(trimmed) > 0 && trimmed[0] != '{' && trimmed[0] != '[' && namedLists(trimmed) != nil
}

// namedLists returns the lists of a text that holds little else, of which one is named as losses are; nil where there are none.
func namedLists(text []byte) (lists []namedList) {
	const fewest = 8
	named, taken := false, 0
	for at := 0; ; {
		open := bytes.IndexByte(text[at:], '[')
		if open < 0 {
			break
		}
		open += at
		at = open + 1
		name, begin := nameOfList(text[:open])
		if name == nil {
			continue
		}
		numbers, end := listAt(text, at)
		if len(numbers) < fewest {
			continue
		}
		if slices.ContainsFunc(lists, func(l namedList) bool { return bytes.Equal(l.name, name) }) {
			return nil // a list a step
		}
		named = named || lexicon.MeaningOf(string(name)).Strength >= lexicon.Measure
		lists = append(lists, namedList{name, numbers})
		taken += end - begin
		at = end
	}
	if !named || taken*10 < len(text)*7 {
		return nil
	}
	return lists
}

// nameOfList returns the name that a list follows, behind a colon or an equals sign, and where it begins.
func nameOfList(before []byte) (name []byte, begin int) {
	text := bytes.TrimRight(before, " \t")
	if bytes.HasSuffix(text, []byte("(")) { // array([
		text = bytes.TrimRight(text[:len(text)-1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
		text = bytes.TrimRight(text, " \t")
	}
	n := len(text)
	if n == 0 || text[n-1] != ':' && text[n-1] != '=' {
		return nil, 0
	}
	text = bytes.TrimRight(text[:n-1], " \t\"'")
	begin = bytes.LastIndexAny(text, "\r\n,;{(\"'") + 1
	name = plaintext.Trim(text[begin:])
	const longest = 40
	if len(name) == 0 || len(name) > longest || bytes.ContainsAny(name, "=:[]|") {
		return nil, 0
	}
	return name, begin
}

// listAt returns the numbers of the list that is open at i of a text, and where it ends; its rest may be missing.
func listAt(text []byte, i int) (numbers [][]byte, end int) {
	for i < len(text) {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n', ',':
			i++
			continue
		case ']':
			return numbers, i + 1
		}
		_, n := decimal.Parse(text[i:])
		if n == 0 {
			return nil, i
		}
		numbers = append(numbers, text[i:i+n])
		i += n
	}
	return numbers, i
}

// tableOfLists returns a reader of named lists as a table of which each is a column.
func tableOfLists(r io.Reader) (io.Reader, error) {
	return remade(r, mostLying, func(data []byte) []byte { return columnsOf(namedLists(data)) })
}

// columnsOf returns lists as a table; nil where there are none.
func columnsOf(lists []namedList) []byte {
	if lists == nil {
		return nil
	}
	longest := 0
	var table []byte
	for i, list := range lists {
		if i > 0 {
			table = append(table, ',')
		}
		table = append(append(append(table, '"'), list.name...), '"')
		longest = max(longest, len(list.numbers))
	}
	table = append(table, '\n')
	for row := range longest {
		for i, list := range lists {
			if i > 0 {
				table = append(table, ',')
			}
			if row < len(list.numbers) {
				table = append(table, list.numbers[row]...)
			}
		}
		table = append(table, '\n')
	}
	return table
}
