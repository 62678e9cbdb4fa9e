package nolog

import (
	"bytes"
	"slices"
	"strings"
)

// windowOfCode is how many lines are looked at together to tell source code.
const windowOfCode = 60

// Preamble returns how much of the beginning of a text is source code, where other lines follow, as behind programs that print
// themselves before they train; 0 where a text does not begin with source code, or is nothing else.
func Preamble(text []byte) int {
	const share = 6 // tenths of the windows up to the last one of source code
	first, _ := window(text)
	if mostHoldDigits(first) {
		return 0
	}
	i := slices.IndexFunc(shapes, func(k shape) bool { return strings.HasPrefix(k.What, "source code") && k.fits(first) })
	if i < 0 {
		return 0
	}
	code := &shapes[i]
	begin, fits, windows, end := 0, 0, 0, 0 // end is where what follows the last window of source code begins, and begin where that does
	for at := 0; at < len(text); {
		lines, n := window(text[at:])
		windows++
		if code.fits(lines) {
			if fits++; fits*10 >= windows*share {
				begin, end = at, at+n
			}
		}
		at += n
	}
	if end == 0 || end >= len(text) {
		return 0
	}
	// The source code ends in the last window, or in the one behind it: with the last line of its kind alone, and what is indented below.
	_, next := window(text[end:])
	behind := begin
	inside := false
	for at := begin; at < end+next; {
		line, _, _ := bytes.Cut(text[at:], []byte{'\n'})
		at += len(line) + 1
		switch trimmed := strings.TrimSpace(string(line)); {
		case code.marks.MatchString(trimmed):
			inside = true
		case trimmed == "" || line[0] != ' ' && line[0] != '\t' && strings.Trim(trimmed, "()[]{},;") != "":
			inside = false
		}
		if inside {
			behind = at
		}
	}
	return min(behind, len(text))
}

// mostHoldDigits says whether lines are those of a log rather than of source code: seven in ten hold a digit.
func mostHoldDigits(lines []string) bool {
	n := 0
	for _, line := range lines {
		if strings.ContainsAny(line, "0123456789") {
			n++
		}
	}
	return n*10 >= len(lines)*7
}

// window returns the lines at the beginning of a text that are looked at together, without empty ones, and how long they are.
func window(text []byte) (lines []string, n int) {
	for n < len(text) && len(lines) < windowOfCode {
		line, _, _ := bytes.Cut(text[n:], []byte{'\n'})
		n = min(n+len(line)+1, len(text))
		if line = bytes.TrimRight(line, " \t\r"); len(line) > 0 {
			lines = append(lines, string(line[:min(len(line), 400)]))
		}
	}
	return lines, n
}
