package losslog

import (
	"bytes"
	"math"
	"strings"
	"unicode"

	"alrc/internal/decimal"
	"alrc/internal/losslog/plaintext"
	"alrc/internal/losslog/timestamp"
)

// splitFields splits a line; quoted fields may hold the delimiter.
func splitFields(line []byte, delimiter byte) [][]byte { return appendFields(nil, line, delimiter) }

// withoutBrackets takes off the brackets around a row that was printed as a tuple or a list: "(10, 0.5)".
func withoutBrackets(line []byte) []byte {
	text := bytes.TrimSuffix(plaintext.Trim(line), []byte(","))
	if n := len(text); n > 2 && (text[0] == '(' && text[n-1] == ')' || text[0] == '[' && text[n-1] == ']') && !bytes.ContainsAny(text[1:n-1], "()[]{}") {
		return text[1 : n-1]
	}
	return line
}

// appendFields adds the fields of a line to others.
func appendFields(fields [][]byte, line []byte, delimiter byte) [][]byte {
	if delimiter == ' ' {
		for i := 0; i < len(line); {
			for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
				i++
			}
			begin := i
			for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' {
				i++
			}
			if i > begin {
				fields = append(fields, line[begin:i])
			}
		}
		return fields
	}
	if delimiter == ',' {
		line = withoutBrackets(line)
	}
	for {
		end := fieldEnd(line, 0, delimiter)
		fields = append(fields, line[:end])
		if end >= len(line) {
			return fields
		}
		line = line[end+1:]
	}
}

// withoutMark returns fields without the last where that is a mark of the whole row, "*" or "<--", as of the best one.
func withoutMark(cells [][]byte) [][]byte {
	last := len(cells) - 1
	if last < 2 || plaintext.IsNothing(cells[last]) || bytes.ContainsFunc(cells[last], func(r rune) bool { return r == '|' || unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return cells
	}
	return cells[:last]
}

// splitEdges splits a row between bars.
func splitEdges(line []byte) [][]byte {
	line = plaintext.Trim(line)
	if len(line) == 0 || line[0] != '|' {
		return nil
	}
	line = line[1:]
	if line = plaintext.Trim(line); len(line) > 0 && line[len(line)-1] == '|' {
		line = line[:len(line)-1]
	}
	cells := bytes.Split(line, []byte("|"))
	for i := range cells {
		cells[i] = plaintext.Trim(bytes.Trim(plaintext.Trim(cells[i]), "*`")) // bold, or code, in Markdown
	}
	return cells
}

// splitGaps splits a line where several spaces, or a tab, are.
func splitGaps(line []byte) (cells [][]byte) {
	begin := -1
	for i := 0; i <= len(line); i++ {
		gap := i == len(line) || line[i] == '\t' || line[i] == ' ' && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t')
		if gap && begin >= 0 {
			cells = append(cells, plaintext.Trim(line[begin:i]))
			begin = -1
		} else if !gap && begin < 0 && line[i] != ' ' {
			begin = i
		}
	}
	return cells
}

// fieldEnd returns where the field at i ends: at a delimiter, or at the end of the line.
func fieldEnd(line []byte, i int, delimiter byte) int {
	if i < len(line) && line[i] == '"' {
		for i++; i < len(line); i++ {
			if line[i] != '"' {
				continue
			}
			if i+1 < len(line) && line[i+1] == '"' {
				i++
				continue
			}
			break
		}
	}
	if i >= len(line) {
		return len(line)
	}
	if end := bytes.IndexByte(line[i:], delimiter); end >= 0 {
		return i + end
	}
	return len(line)
}

// unquote takes quotes off a field, of both kinds.
func unquote(field []byte) []byte {
	field = plaintext.Trim(field)
	for _, mark := range []byte{'"', '\''} {
		if n := len(field); n >= 2 && field[0] == mark && field[n-1] == mark {
			field = field[1 : n-1]
		}
	}
	return field
}

func fieldText(field []byte) string {
	return strings.ReplaceAll(string(unquote(field)), `""`, `"`)
}

// isCellNumber says whether a field is a number, a time, or a number with a unit.
func isCellNumber(text []byte) bool {
	if _, _, ok := partOf(text); ok {
		return true
	}
	if _, ok := listSum(text); ok {
		return true
	}
	if heldNumber(text) != nil {
		return true
	}
	if len(text) > 40 || len(text) == 0 {
		return false
	}
	if end := timestamp.End(text, 0); end > 0 {
		if end < len(text) && text[end] == ' ' {
			end = timestamp.End(text, end+1) // a date and a time
		}
		if end == len(text) {
			return true
		}
	}
	value, n := decimal.Parse(text)
	if n == 0 || value-value != 0 {
		return false
	}
	// A short unit: "0.5%", "2.3G", "640:", a decimal comma.
	rest := text[n:]
	if rest[0] == ',' {
		_, more := decimal.Parse(rest[1:])
		return more > 0 && more == len(rest)-1
	}
	for _, c := range rest {
		if !decimal.IsLetter(c) && c != '%' && c != ':' && c != '/' {
			return false
		}
	}
	return len(rest) <= 5 && rest[len(rest)-1] != '/'
}

// heldNumber returns the number in a field that holds one thing of a program, "tensor(0.5, device='cuda:0')", or before its error, "0.5 ± 0.1"
// and "0.5 (0.1)"; nil where a field is nothing of the kind.
func heldNumber(text []byte) []byte {
	const longest = 100
	n := len(text)
	if short, ok := bytes.CutSuffix(text, []byte("…")); ok {
		if _, ok := wholeNumber(short); ok {
			return short // digits were left out
		}
	}
	if n == 0 || n > longest || text[n-1] != ')' && bytes.IndexByte(text, 0xb1) < 0 && bytes.IndexByte(text, '+') < 0 {
		return nil
	}
	begin := 0
	for begin < n && (decimal.IsLetter(text[begin]) || text[begin] == '.' && begin > 0 || decimal.IsDigit(text[begin]) && begin > 0) {
		begin++
	}
	held := begin > 0
	if begin == n || held && text[begin] != '(' {
		return nil
	}
	begin += flagOf(held)
	_, m := decimal.Parse(text[begin:])
	number, rest := text[begin:begin+m], bytes.TrimLeft(text[begin+m:], " ")
	switch {
	case m == 0 || len(rest) == 0:
	case held && (rest[0] == ',' || rest[0] == ')'), !held && (bytes.HasPrefix(rest, []byte("±")) || bytes.HasPrefix(rest, []byte("+/-")) || bytes.HasPrefix(rest, []byte("+-"))):
		return number
	case !held && rest[0] == '(':
		inner := bytes.TrimLeft(rest[1:len(rest)-1], "±+-/ ")
		if _, ok := wholeNumber(inner); ok {
			return number
		}
	}
	return nil
}

// plainNumber returns a number without what parts thousands, and with a point for a decimal comma.
func plainNumber(cell []byte, decimalComma bool) []byte {
	const longest = 64
	if len(cell) > longest {
		return cell
	}
	thousands, point := byte(','), byte('.')
	if decimalComma {
		thousands, point = '.', ','
	}
	plain := make([]byte, 0, longest)
	whole, fraction, parted := cell, []byte(nil), false
	if i := bytes.IndexByte(cell, point); i >= 0 {
		whole, fraction, parted = cell[:i], cell[i+1:], true
	}
	for i, group := range bytes.Split(whole, []byte{thousands}) {
		if i > 0 && (len(group) != 3 || decimal.Digits(group, 0) != 3) {
			return cell
		}
		plain = append(plain, group...)
	}
	if parted {
		plain = append(append(plain, '.'), fraction...)
	}
	return plain
}

// partOf reads a number, or the 10 of "10/600".
func partOf(text []byte) (value, total float64, ok bool) {
	if n := len(text); n > 1 && text[n-1] == ':' {
		text = text[:n-1]
	}
	if value, ok = wholeNumber(text); ok {
		return value, -1, true
	}
	if i := bytes.IndexByte(text, '/'); i > 0 {
		value, ok = wholeNumber(plaintext.Trim(text[:i]))
		if ok {
			total, ok = wholeNumber(plaintext.Trim(text[i+1:]))
		}
		return value, total, ok
	}
	return 0, -1, false
}

// listSum adds the numbers of a list such as "[0.5, 0.1]".
func listSum(cell []byte) (sum float64, ok bool) {
	if len(cell) < 3 || cell[0] != '[' || cell[len(cell)-1] != ']' {
		return 0, false
	}
	for _, part := range bytes.FieldsFunc(cell[1:len(cell)-1], func(r rune) bool { return r == ',' || r == ' ' }) {
		value, ok := wholeNumber(part)
		if !ok {
			return 0, false
		}
		sum += value
	}
	return sum, true
}

// wholeNumber reads a field that is a number and nothing else, but for space around it.
func wholeNumber(field []byte) (float64, bool) {
	return decimal.Whole(plaintext.Trim(field))
}

// stepOf turns a number into a step; false where it is none.
func stepOf(value float64) (int64, bool) {
	if !(math.Abs(value) < 1<<62) {
		return 0, false
	}
	return int64(value), true
}
