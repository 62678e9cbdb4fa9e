package losslog

import (
	"bytes"
	"io"
	"slices"
	"strconv"

	"alrc/internal/csvfield"
	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// A text may hold each series as one list under its name, over as many lines as it takes: "train_losses: [2.5, 2.1, ...]", as programs
// print lists, arrays and dictionaries of these at their end, and as MATLAB keeps vectors. Each list becomes a column of a table, if the
// text is not too large.

// namedList is one list of numbers.
type namedList struct {
	name    []byte
	numbers [][]byte
	run     int // how often a list of this name came before
}

// holdsNamedLists says whether a text is one of named lists, as far as its beginning shows.
func holdsNamedLists(head []byte) bool {
	trimmed := plaintext.TrimStart(head)
	isJSON := len(trimmed) == 0 || trimmed[0] == '[' || trimmed[0] == '{' && !bytes.HasPrefix(trimmed, []byte("{'"))
	return !isJSON && namedLists(trimmed) != nil
}

// namedLists returns the lists of a text, of which one is named as losses are, if it holds little else, or hardly a loss besides; nil where
// there are none.
func namedLists(text []byte) (lists []namedList) {
	const fewest = 8
	named, taken := false, 0
	var besides []byte
	last := make(map[string]namedPlace)
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
		before, again := last[string(name)]
		if again && bytes.Count(text[before.end:begin], newline) < linesOfRun {
			return nil // a list a step
		}
		here := namedPlace{end: end}
		if again {
			here.run = before.run + 1
		}
		last[string(name)] = here
		named = named || lexicon.MeaningOf(string(name)).Strength >= lexicon.Measure
		lists = append(lists, namedList{name, numbers, here.run})
		besides = append(besides, text[taken:begin]...)
		taken, at = end, end
	}
	besides = append(besides, text[taken:]...)
	if !named || len(besides)*10 > len(text)*3 && !outweigh(lists, besides) {
		return nil
	}
	return lists
}

// namedPlace is where the last list of a name ended, and of which run it is.
type namedPlace struct{ end, run int }

// linesOfRun is how many lines there are at least between two lists of the same name that are of two runs.
const linesOfRun = 5

// outweigh says whether lists of losses hold many more of these than the rest of their text.
func outweigh(lists []namedList, besides []byte) bool {
	const few = 20
	numbers := 0
	for _, l := range lists {
		if m := lexicon.MeaningOf(string(l.name)); m.Strength == lexicon.Loss {
			numbers += len(l.numbers)
		}
	}
	if numbers == 0 {
		return false
	}
	best, n := clearestOf(&textScanner{}, besides)
	return best < lexicon.Loss || n*4 <= numbers && n < few || n*10 <= numbers
}

// nameOfList returns the name that a list follows, and where it begins: behind a colon or an equals sign, or, if it is that of losses, with
// nothing between or on the line above.
func nameOfList(before []byte) (name []byte, begin int) {
	text := bytes.TrimRight(before, " \t")
	if bytes.HasSuffix(text, []byte("(")) { // array([
		text = bytes.TrimRight(text[:len(text)-1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
		text = bytes.TrimRight(text, " \t")
	}
	n := len(text)
	separated := n > 0 && (text[n-1] == ':' || text[n-1] == '=')
	if text = bytes.TrimRight(text, " \t\r\n:=-*#"); separated {
		text = bytes.TrimRight(text, " \t\"'")
	}
	begin = bytes.LastIndexAny(text, "\r\n,;{(\"'") + 1
	name = bytes.TrimLeft(plaintext.Trim(text[begin:]), "-*#=> ")
	const longest = 40
	if len(name) == 0 || len(name) > longest || bytes.ContainsAny(name, "=:[]|") {
		return nil, 0
	}
	if !separated && (lexicon.MeaningOf(string(name)).Strength < lexicon.Measure || bytes.ContainsAny(name, "0123456789")) {
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
		number, after := elementAt(text, i)
		if number == nil {
			return nil, i
		}
		numbers = append(numbers, number)
		i = after
	}
	return numbers, i
}

// elementAt returns the number at i of a list, and where it ends: "0.5", "np.float64(0.5)", "tensor(0.5, device='cuda:0')"; nil where there
// is none.
func elementAt(text []byte, i int) (number []byte, end int) {
	if _, n := decimal.Parse(text[i:]); n > 0 {
		return text[i : i+n], i + n
	}
	word := i
	for i < len(text) && isWord(text[i]) {
		i++
	}
	if i == word || i == len(text) || text[i] != '(' {
		return nil, i
	}
	i++
	_, n := decimal.Parse(text[i:])
	const longest = 40
	rest := bytes.IndexByte(text[i+n:min(len(text), i+n+longest)], ')')
	if n == 0 || rest < 0 {
		return nil, i
	}
	return text[i : i+n], i + n + rest + 1
}

// tableOfLists returns a reader of named lists as a table of which each is a column.
func tableOfLists(r io.Reader) (io.Reader, error) {
	return remade(r, func(data []byte) []byte { return columnsOf(namedLists(data)) })
}

// columnsOf returns lists as a table; nil where there are none. Where names come again, as in several runs, each run's rows follow those of
// the one before, and are counted.
func columnsOf(lists []namedList) []byte {
	if lists == nil {
		return nil
	}
	var names [][]byte
	runs := 1
	for _, list := range lists {
		if list.run == 0 {
			names = append(names, list.name)
		}
		runs = max(runs, list.run+1)
	}
	var table []byte
	if runs > 1 {
		table = append(table, "step,"...)
	}
	for i, name := range names {
		if i > 0 {
			table = append(table, ',')
		}
		table = csvfield.Append(table, name)
	}
	table = append(table, '\n')
	for run := range runs {
		columns := make([][][]byte, len(names))
		longest := 0
		for _, list := range lists {
			if list.run == run {
				columns[slices.IndexFunc(names, func(name []byte) bool { return bytes.Equal(name, list.name) })] = list.numbers
				longest = max(longest, len(list.numbers))
			}
		}
		for row := range longest {
			if runs > 1 {
				table = append(strconv.AppendInt(table, int64(row+1), 10), ',')
			}
			for i, numbers := range columns {
				if i > 0 {
					table = append(table, ',')
				}
				if row < len(numbers) {
					table = append(table, numbers[row]...)
				}
			}
			table = append(table, '\n')
		}
	}
	return table
}
