package console

import (
	"bytes"
	"strings"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// Some programs write the numbers of training and of validation side by side, below words that say so:
//
//	         Training |  Validation
//	loss   |    0.512 |    0.634
//
// Each such row is read as a line in which each number has that word before its name: "Training loss: 0.512, Validation loss: 0.634".

// cellsOf returns the cells of a line between bars; nil where there are fewer than two.
func cellsOf(line []byte) [][]byte {
	if bytes.IndexByte(line, '|') < 0 {
		return nil
	}
	cells := bytes.Split(plaintext.Trim(line), []byte{'|'})
	if n := len(cells); n > 1 && len(plaintext.Trim(cells[n-1])) == 0 {
		cells = cells[:n-1]
	}
	if len(cells) < 2 {
		return nil
	}
	return cells
}

// rolesAbove returns the words of a line that say of which data the columns below are; nil where it is no such line.
func rolesAbove(line []byte) (roles []string) {
	var all [3]bool
	cells := cellsOf(line)
	for i := len(cells) - 1; i >= 0; i-- {
		words := bytes.Fields(cells[i])
		if len(words) == 0 || len(words) > 1 && i > 0 {
			break
		}
		word := string(words[len(words)-1])
		role := lexicon.RoleOf(strings.ToLower(word))
		if role == lexicon.Unsaid {
			break
		}
		all[role] = true
		roles = append([]string{word}, roles...)
	}
	if len(roles) < 2 || !all[lexicon.Training] || !all[lexicon.Validation] {
		return nil
	}
	return roles
}

// rowOf returns where the name of a row of n columns begins and ends, and its numbers; ok is false where a line is no such row.
func rowOf(line []byte, n int) (begin, end int, numbers [][]byte, ok bool) {
	cells := cellsOf(line)
	if len(cells) < n+1 {
		return 0, 0, nil, false
	}
	named := len(cells) - n - 1
	some := false
	for _, cell := range cells[named+1:] {
		cell = plaintext.Trim(cell)
		_, isNumber := decimal.Whole(cell)
		if !isNumber && !plaintext.IsNothing(cell) {
			return 0, 0, nil, false
		}
		some = some || isNumber
		numbers = append(numbers, cell)
	}
	begin = bytes.IndexFunc(line, func(r rune) bool { return r != ' ' && r != '\t' })
	for _, cell := range cells[:named] {
		begin += len(cell) + 1
	}
	name := bytes.TrimRight(line[begin:begin+len(cells[named])], " \t")
	end = begin + len(name)
	// What a logger writes stands before the name.
	for _, mark := range []string{" - ", "] ", ": "} {
		if i := bytes.LastIndex(name, []byte(mark)); i >= 0 {
			begin, name = begin+i+len(mark), name[i+len(mark):]
		}
	}
	rest := bytes.TrimLeft(name, " \t")
	begin += len(name) - len(rest)
	return begin, end, numbers, some && len(rest) > 0 && len(bytes.Fields(rest)) <= 3 && bytes.IndexFunc(rest, isLetter) >= 0
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f }

// findColumns returns the words above columns of training and validation, parted by bars; empty where a text has no such columns with losses.
func findColumns(head []byte) string {
	const fewest = 2
	var roles []string
	n := 0
	for len(head) > 0 {
		end, next := plaintext.NextLine(head)
		line := head[:end]
		head = head[next:]
		if found := rolesAbove(line); found != nil {
			roles = found
			continue
		}
		if roles == nil {
			continue
		}
		if begin, end, _, ok := rowOf(line, len(roles)); ok && lexicon.MeaningOf(string(line[begin:end])).Strength >= lexicon.Measure {
			if n++; n == fewest {
				return strings.Join(roles, "|")
			}
		}
	}
	return ""
}

// joinRoles returns a row with the words above its columns before its name.
func joinRoles(line []byte, roles []string) []byte {
	begin, end, numbers, ok := rowOf(line, len(roles))
	if !ok {
		return line
	}
	joined := bytes.Clone(line[:begin])
	for i, number := range numbers {
		if plaintext.IsNothing(number) {
			continue
		}
		if len(joined) > begin {
			joined = append(joined, ", "...)
		}
		joined = append(append(joined, roles[i]...), ' ')
		joined = append(append(joined, line[begin:end]...), ": "...)
		joined = append(joined, number...)
	}
	return joined
}
