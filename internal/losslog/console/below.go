package console

import (
	"bytes"
	"slices"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// Arrays of NumPy and MXNet print themselves on lines of their own, so that a number stands below its name:
//
//	loss:
//	[0.5]
//	<NDArray 1 @gpu(0)>
//
// Such a line goes on behind the one with the name.

// isName says whether a line ends with a name whose number may stand on the next one, or is one of an R list, "$loss".
func isName(line []byte) bool {
	line = plaintext.Trim(bytes.TrimRight(line, "\r\n"))
	if len(line) > 1 && line[0] == '$' && wordEnd(line, 1) == len(line) {
		return true
	}
	return len(line) > 1 && len(line) < longestLine && (line[len(line)-1] == ':' || line[len(line)-1] == '=')
}

const longestLine = 500

// loneNumber returns the number that is all of a line, which may stand in brackets, or behind the index that R prints.
func loneNumber(line []byte) ([]byte, bool) {
	line = bytes.TrimPrefix(plaintext.Trim(bytes.TrimRight(line, "\r\n")), []byte("[1] "))
	for len(line) > 2 && line[0] == '[' && line[len(line)-1] == ']' {
		line = plaintext.Trim(line[1 : len(line)-1])
	}
	_, ok := decimal.Whole(line)
	return line, ok
}

// ndarrayEnd returns the end of what MXNet prints below an array's numbers; 0 elsewhere.
func ndarrayEnd(line []byte) int {
	if !bytes.HasPrefix(line, []byte("<NDArray ")) {
		return 0
	}
	return bytes.IndexByte(line, '>') + 1
}

// numbersBelow says whether numbers stand below the names of losses, one below each, again and again.
func numbersBelow(head []byte) bool {
	const fewest = 3
	n := 0
	var before, last []byte // the lines before
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte{'\n'})
		head = rest
		if _, number := loneNumber(last); number && isName(before) {
			if _, more := loneNumber(line); !more && (lexicon.NamesLoss(string(before)) || before[0] == '$' && lexicon.MeaningOf(string(before[1:])).Strength >= lexicon.Measure) {
				if n++; n == fewest {
					return true
				}
			}
		}
		before, last = last, line
	}
	return false
}

// HeadsLosses says whether a line that names a loss and ends with a colon stands right above one that holds what counts and a number
// without a name: "History (loss):", "round 1: 0.5".
func HeadsLosses(head []byte) bool {
	r := new(Reader)
	var before []byte
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte{'\n'})
		if head = rest; isName(before) && lexicon.NamesLoss(string(before)) {
			if pairs := r.Read(line); len(pairs) == 2 && bytes.Equal(pairs[1].Name, lexicon.Nameless) {
				return true
			}
		}
		before = line
	}
	return false
}

// joinBelow returns data with such numbers behind their names.
func joinBelow(data []byte) []byte {
	var out, name, number []byte // the lines before, which are not given yet
	join := func() []byte {
		value, _ := loneNumber(number)
		joined := slices.Concat(bytes.TrimRight(name, " \t\r\n"), []byte{' '}, value)
		name, number = nil, nil
		return joined
	}
	for len(data) > 0 {
		_, next := plaintext.NextLine(data)
		line := data[:next:next]
		data = data[next:]
		_, lone := loneNumber(line)
		switch {
		case lone && name != nil && number == nil:
			number = line
			continue
		case !lone && number != nil:
			if end := ndarrayEnd(line); end > 0 {
				line = append(join(), line[end:]...)
			} else {
				out = append(append(out, join()...), '\n')
			}
		default:
			out = append(append(out, name...), number...)
			name, number = nil, nil
		}
		if isName(line) {
			name = line[:len(line):len(line)]
			continue
		}
		out = append(out, line...)
	}
	if number != nil {
		return append(append(out, join()...), '\n')
	}
	return append(out, name...)
}

// wholeBelow is the length of data up to where a name begins whose number may not be all there.
func wholeBelow(data []byte) int {
	const held = 3 // lines
	end := bytes.LastIndexAny(data, "\r\n") + 1
	whole := end
	for range held {
		begin := 0
		if whole > 0 {
			begin = bytes.LastIndexAny(data[:whole-1], "\r\n") + 1
		}
		if isName(data[begin:whole]) {
			return begin
		}
		whole = begin
	}
	return end
}
