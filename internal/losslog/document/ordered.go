package document

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/losslog/plaintext"
)

// mostOrdered is how large a text is at most that is put in order.
const mostOrdered = 64 << 20

// inOrder returns a reader of lines that begin with the numbers of keys. Where keys came in the order of words, "1", "10", "2", the lines are put
// in the order of the numbers, if they are not too many.
func inOrder(lines io.Reader) (io.Reader, error) {
	r := bufio.NewReaderSize(lines, plaintext.HeadSize)
	head, err := plaintext.Head(r)
	if err != nil {
		return nil, err
	}
	if !sortLines(bytes.SplitAfter(head, []byte{'\n'})) {
		return r, nil
	}
	text, err := io.ReadAll(io.LimitReader(r, mostOrdered+1))
	if len(text) > mostOrdered {
		return io.MultiReader(bytes.NewReader(text), r), nil
	}
	all := bytes.SplitAfter(text, []byte{'\n'})
	sortLines(all)
	sorted := bytes.NewReader(bytes.Join(all, nil))
	if err != nil {
		return io.MultiReader(sorted, failed{err}), nil
	}
	return sorted, nil
}

// failed is a reader that has nothing but its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// sortLines puts lines whose numbers rise as words, but do not as numbers, in the order of the numbers, and says whether there are such.
func sortLines(lines [][]byte) (any bool) {
	const fewest = 3 // of "10", "9", "8" the first two rise
	for begin := 0; begin < len(lines); {
		end, falls := begin+1, false
		for ; end < len(lines) && bytes.Compare(numberOf(lines[end]), numberOf(lines[end-1])) > 0; end++ {
			falls = falls || compareNumbers(lines[end], lines[end-1]) < 0
		}
		if falls && end-begin >= fewest {
			slices.SortStableFunc(lines[begin:end], compareNumbers)
			any = true
		}
		begin = end
	}
	return any
}

// numberOf returns the number that a line of a table begins with, or one of JSON, behind its name.
func numberOf(line []byte) []byte {
	if len(line) > 0 && line[0] == '{' {
		_, line, _ = bytes.Cut(line, []byte(": "))
	}
	return line[:decimal.Digits(line, 0)]
}

// compareNumbers compares lines by their numbers, of which the longer one is greater.
func compareNumbers(a, b []byte) int {
	a, b = numberOf(a), numberOf(b)
	return cmp.Or(len(a)-len(b), bytes.Compare(a, b))
}
