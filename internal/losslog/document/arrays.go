package document

import (
	"bytes"
	"errors"
	"io"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// arraysIn recognises a JSON document of numbers in arrays, and returns how deep they lie: 2 where each array is a row, as TensorBoard
// downloads series, 1 where the document is one array, which may have the name of a loss before it; 0 for others.
func arraysIn(head []byte) (depth int) {
	text := plaintext.TrimStart(head)
	if name, _, found := bytes.Cut(text[:min(len(text), longestName)], []byte("[")); found && len(name) > 0 {
		if bytes.ContainsAny(name, "0123456789{(<") || lexicon.MeaningOf(string(bytes.Trim(name, " \t\r\n:="))).Strength < lexicon.Measure {
			return 0
		}
		text = text[len(name):]
	}
	for bytes.HasPrefix(text, []byte("[")) {
		depth++
		text = bytes.TrimLeft(text[1:], " \t\r\n")
	}
	if _, n := decimal.Parse(text); n == 0 && !(depth == 2 && namedRows(text)) || depth > 2 {
		return 0
	}
	if depth == 1 {
		// Lines of a log may begin with a number in brackets, and each line may be a batch.
		list, rest, closed := bytes.Cut(text, []byte("]"))
		const fewest = 10
		spaced := bytes.IndexByte(list, ',') < 0 && len(bytes.Fields(list)) >= fewest // as numpy prints them
		if bytes.Count(list, []byte(",")) < fewest-1 && !spaced || closed && len(bytes.TrimSpace(rest)) > 0 {
			return 0
		}
	}
	return depth
}

// longestName is how long the name before an array is at most.
const longestName = 40

// arraysReader turns arrays of numbers into the lines of a table: each array at a depth of 2, or each number of a single one.
type arraysReader struct {
	r     io.Reader
	rows  int // the depth of the arrays that hold numbers
	depth int
	// written says that the line at hand is not empty.
	written bool
	in      [1 << 14]byte
	out     []byte
	next    int
}

func (a *arraysReader) Read(p []byte) (int, error) {
	for a.next == len(a.out) {
		a.out, a.next = a.out[:0], 0
		n, err := a.r.Read(a.in[:])
		for _, c := range a.in[:n] {
			switch {
			case c == '[':
				a.depth++
			case c == ']':
				if a.depth == a.rows {
					a.out = append(a.out, '\n')
				}
				a.depth--
			case a.rows == 1 && a.depth == 1 && (c == ',' || c <= ' '):
				if a.written {
					a.out = append(a.out, '\n')
				}
				a.written = false
			case a.depth == a.rows && c > ' ':
				a.out = append(a.out, c)
				a.written = true
			}
		}
		if len(a.out) == 0 && err != nil {
			if errors.Is(err, io.EOF) && a.depth > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
	n := copy(p, a.out[a.next:])
	a.next += n
	return n, nil
}
