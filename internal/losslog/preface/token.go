package preface

import (
	"bytes"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/timestamp"
)

// kind is what a part of a preface is.
type kind uint8

const (
	nothing kind = iota
	clock        // a time or date
	level        // how severe a message is: "INFO"
	source       // a place in a program's source: "train.py:42", "__main__:fit:42"
	process      // a program and its number: "python[1234]"
	ordinal      // the line's number, as of "cat -n" and "grep -n"
	word
	mark
)

// An anchor is a part that only prefaces have.
func (k kind) anchor() bool {
	return k == clock || k == level || k == source || k == process || k == ordinal
}

// ordinalEnd returns the end of a number, and the colon behind it, that a line begins with, and its value; 0 where there is none.
func ordinalEnd(line []byte) (end int, value float64) {
	begin := pastSpaces(line, 0)
	end = begin + decimal.Digits(line, begin)
	if end == begin || end < len(line) && strings.IndexByte(": \t", line[end]) < 0 {
		return 0, 0
	}
	value, _ = decimal.Parse(line[begin:end])
	if end < len(line) && line[end] == ':' {
		end++
	}
	return end, value
}

// part is a part of a line.
type part struct {
	kind       kind
	begin, end int
}

// marks may stand between the parts of a preface.
const marks = "[]()<>|:-*#"

// next returns the part of a line at i, or behind the spaces there.
func next(line []byte, i int) part {
	i = pastSpaces(line, i)
	if i == len(line) {
		return part{}
	}
	if end := clockEnd(line, i); end > 0 {
		return part{clock, i, end}
	}
	end := wordEnd(line, i)
	if end == i {
		if strings.IndexByte(marks, line[i]) >= 0 {
			return part{mark, i, i + 1}
		}
		return part{}
	}
	if lexicon.IsLevel(line[i:end]) && !namesError(line[i:end], line[end:]) {
		return part{level, i, end}
	}
	if at := sourceEnd(line, i, end); at > 0 {
		return part{source, i, at}
	}
	if at := processEnd(line, end); at > 0 {
		return part{process, i, at}
	}
	return part{word, i, end}
}

// namesError says whether a word is that of an error whose number follows: "error = 0.5", "Error is 0.5".
func namesError(word, rest []byte) bool {
	if !bytes.EqualFold(word, []byte("error")) {
		return false
	}
	rest = bytes.TrimLeft(bytes.TrimPrefix(rest, []byte(" is ")), " :=")
	_, n := decimal.Parse(rest)
	return bytes.IndexByte(rest[:n], '.') > 0 && clockEnd(rest, 0) == 0
}

// clockEnd returns the end of a time or date at i, or 0.
func clockEnd(line []byte, i int) int {
	end := timestamp.End(line, i)
	if end == 0 {
		end = timestamp.DayAndTime(line, i)
	}
	if end == 0 || !ends(line, end) {
		return 0
	}
	return timestamp.HalfOfDay(line, end)
}

func pastSpaces(line []byte, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return i
}

// inWord are the bytes that words consist of, besides hyphens within them.
var inWord = func() (is [256]bool) {
	for c := range is {
		b := byte(c)
		is[c] = decimal.IsDigit(b) || decimal.IsLetter(b) || strings.IndexByte("./\\@$", b) >= 0
	}
	return is
}()

func wordEnd(line []byte, i int) int {
	for i < len(line) && (inWord[line[i]] || line[i] == '-' && i+1 < len(line) && (decimal.IsDigit(line[i+1]) || decimal.IsLetter(line[i+1]))) {
		i++
	}
	return i
}

// ends says whether what ends at i is no beginning of something longer.
func ends(line []byte, i int) bool {
	return i == len(line) || !decimal.IsDigit(line[i]) && !decimal.IsLetter(line[i]) && line[i] != '%'
}

// sourceEnd returns the end of a place in a source whose first word is line[begin:end], or 0: names and then the number of a line, between
// colons, of which the first is a file or all are names that say nothing of a training.
func sourceEnd(line []byte, begin, end int) int {
	names := 1
	isFile := bytes.IndexByte(line[begin:end], '.') > 0 && !decimal.IsDigit(line[end-1])
	for end < len(line) && line[end] == ':' {
		at := wordEnd(line, end+1)
		if at == end+1 {
			return 0
		}
		if isNumber(line[end+1 : at]) {
			if !ends(line, at) || !isFile && (names < 2 || numbers(line[begin:end])) {
				return 0
			}
			return at
		}
		end = at
		names++
	}
	return 0
}

// processEnd returns the end of a process's number behind a word that ends at i, or 0.
func processEnd(line []byte, i int) int {
	if i >= len(line) || line[i] != '[' {
		return 0
	}
	at := wordEnd(line, i+1)
	if at+1 >= len(line) || line[at] != ']' || line[at+1] != ':' || !isNumber(line[i+1:at]) {
		return 0
	}
	return at + 1
}

func isNumber(text []byte) bool {
	for _, c := range text {
		if !decimal.IsDigit(c) {
			return false
		}
	}
	return len(text) > 0
}

// counts says whether a word that is not always the same ends in a short number, as the names of workers do. Numbers of processes and
// dates, as in "I0305", are longer.
func counts(text string) bool {
	n := len(text) - len(strings.TrimRight(text, "0123456789"))
	return n > 0 && n < 3
}

// tells says whether words say something of a training: they name its numbers, or say of which data one is.
func tells(text []byte) bool {
	m := lexicon.MeaningOf(string(text))
	return m.Strength == lexicon.RoleAlone || m.Role != lexicon.Unsaid || numbers(text)
}

// numbers says whether words name numbers of a training: they count, or name a loss.
func numbers(text []byte) bool {
	if lexicon.MeaningOf(string(text)).Strength >= lexicon.Measure {
		return true
	}
	for _, w := range lexicon.Words(string(text)) {
		if k := lexicon.CounterOf(w); k != lexicon.Strangers && k != lexicon.NotACounter {
			return true
		}
	}
	return false
}
