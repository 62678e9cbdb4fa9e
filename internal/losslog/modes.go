package losslog

import (
	"bytes"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/console"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// Some programs say on a line of its own what the records below it are of, "testing in eval mode", until another one, or the heading of
// an epoch, says otherwise. Where losses of training and of validation are told apart by such lines alone, those of training are read.

// longestMode is how long a line that says what is below it may be.
const longestMode = 80

// modeOf returns what the lines below this one are of; unsaid where it does not say.
func modeOf(line []byte) lexicon.Role {
	const mostWords = 8
	if len(line) > longestMode {
		return lexicon.Unsaid
	}
	text := strings.Trim(string(line), " \t\r-=*#~_.>:[]()|")
	digits := strings.ContainsAny(text, "0123456789")
	if len(text) < 4 && text != "val" || strings.ContainsAny(text, "=%|{\"'") || strings.Contains(text, ": ") && !digits {
		return lexicon.Unsaid
	}
	all := lexicon.Words(text)
	if len(all) > mostWords {
		return lexicon.Unsaid
	}
	kinds, epoch, others := lexicon.Label(0), false, 0
	for _, word := range all {
		switch kind := lexicon.LabelOf([]byte(word)); {
		case lexicon.EpochWords[word]:
			epoch = true
		case kind != 0:
			kinds |= kind
		case word[0] >= '0' && word[0] <= '9':
		case lexicon.IsOfMode(word):
			others++
		default:
			return lexicon.Unsaid
		}
	}
	switch {
	case kinds == lexicon.OfValidation && (!digits || epoch && others == 0):
		return lexicon.Validation
	case kinds == lexicon.OfTraining && (!digits || epoch && others == 0), kinds == 0 && epoch && digits && others == 0:
		return lexicon.Training
	}
	return lexicon.Unsaid
}

// modeLines are the lines, but for their digits, that say what is below them.
type modeLines map[string]lexicon.Role

// of returns what a line says of those below it.
func (m modeLines) of(line []byte) lexicon.Role {
	if len(m) == 0 || len(line) > longestMode {
		return lexicon.Unsaid
	}
	var text [longestMode]byte
	return m[string(withoutDigits(text[:0], line))]
}

func withoutDigits(text, line []byte) []byte {
	for _, c := range line {
		if !decimal.IsDigit(c) && c != ' ' && c != '\t' && c != '\r' {
			text = append(text, c)
		}
	}
	return text
}

// modes returns the lines by which a log tells, by turns, records of a training's loss from those of a validation; nil where there
// are none.
func modes(sample []byte, loss, label string) modeLines {
	r := readers.Get().(*console.Reader)
	defer readers.Put(r)
	return modesBetween(sample, func(line []byte) bool { return bytes.Contains(line, []byte(loss)) }, func(line []byte) bool {
		pairs := r.Read(line)
		for _, p := range pairs {
			if string(p.Name) == loss && string(r.Label(pairs, &console.Labels{})) == label {
				return true
			}
		}
		return false
	})
}

// tableModes returns the lines by which a log tells tables of a training from those of a validation, as modes does.
func (s *csvScanner) tableModes(sample []byte) modeLines {
	isRow := func(line []byte) bool {
		cells := s.cells(line)
		return !s.skips(line) && len(cells) == len(s.names) && s.isRow(cells)
	}
	return modesBetween(sample, isRow, isRow)
}

// modesBetween returns the lines that tell, by turns, records of training from those of validation. A line that may hold a record tells
// nothing, and those that do are counted.
func modesBetween(sample []byte, may, does func(line []byte) bool) modeLines {
	const fewest = 3
	found, count := make(modeLines), make(map[string]int)
	plaintext.Lines(sample, func(line []byte) {
		if m := modeOf(line); m != lexicon.Unsaid && !may(line) {
			key := string(withoutDigits(nil, line))
			found[key] = m
			count[key]++
		}
	})
	once := len(count) == 2 // a heading for each, as of the two parts of a file
	for _, n := range count {
		once = once && n == 1
	}
	for key, n := range count {
		if n < fewest-1 && !once {
			delete(found, key)
		}
	}
	if len(found) == 0 {
		return nil
	}
	var turns [lexicon.Validation + 1]int // parts with losses
	mode, counted := lexicon.Unsaid, lexicon.Unsaid
	plaintext.Lines(sample, func(line []byte) {
		if !may(line) {
			if m := found.of(line); m != lexicon.Unsaid {
				mode = m
			}
		} else if mode != counted && does(line) {
			counted = mode
			turns[mode]++
		}
	})
	if turns[lexicon.Validation] >= fewest && turns[lexicon.Training] >= fewest-1 || once && turns[lexicon.Validation] == 1 && turns[lexicon.Training] == 1 {
		return found
	}
	return nil
}
