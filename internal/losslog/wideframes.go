package losslog

import (
	"bytes"
	"io"

	"alrc/internal/losslog/plaintext"
)

// Data frames that are too wide for a screen are printed in parts, each below the one before: a stroke at the end of the names says that the
// columns go on, with the same rows again.

// cutStroke returns names of columns without the stroke behind them that says that others follow.
func cutStroke(line []byte) (names []byte, more bool) {
	line = bytes.TrimRight(line, " \t\r")
	names, more = bytes.CutSuffix(line, []byte(" \\"))
	return names, more && len(names) > 0 && names[0] == ' ' && areNames(splitFields(names, ' '))
}

// holdsWideFrames says whether a text holds a data frame that was printed in parts.
func holdsWideFrames(head []byte) (holds bool) {
	if !bytes.Contains(head, []byte(" \\")) {
		return false
	}
	plaintext.Lines(head, func(line []byte) {
		_, more := cutStroke(line)
		holds = holds || more
	})
	return holds
}

// joinFrames puts the parts of data frames side by side.
func joinFrames(text []byte) []byte {
	lines := bytes.Split(text, newline)
	var out []byte
	for i := 0; i < len(lines); {
		if _, more := cutStroke(lines[i]); !more {
			out = append(append(out, lines[i]...), '\n')
			i++
			continue
		}
		frame, end, more := frameAt(lines, i)
		for more && end < len(lines) {
			part, partEnd, again := frameAt(lines, end)
			if len(part) != len(frame) {
				break
			}
			frame[0] = append(append(frame[0], ' '), part[0]...)
			for k := 1; k < len(frame); k++ {
				_, cells, _ := bytes.Cut(bytes.TrimLeft(part[k], " "), []byte{' '}) // behind the index
				frame[k] = append(append(frame[k], ' '), cells...)
			}
			end, more = partEnd, again
		}
		for _, row := range frame {
			out = append(append(out, row...), '\n')
		}
		i = end
	}
	return out
}

// frameAt returns the names and the rows of the part of a frame that stands at line i, up to an empty one, where the next part
// begins, and whether there is one.
func frameAt(lines [][]byte, i int) (frame [][]byte, end int, more bool) {
	names, more := cutStroke(lines[i])
	frame = append(frame, bytes.Clone(names))
	for i++; i < len(lines) && len(plaintext.Trim(lines[i])) > 0; i++ {
		frame = append(frame, bytes.Clone(bytes.TrimRight(lines[i], " \r")))
	}
	for i < len(lines) && len(plaintext.Trim(lines[i])) == 0 {
		i++
	}
	return frame, i, more
}

// joinedFrames makes one of the parts of each data frame in a text.
func joinedFrames(r io.Reader) (io.Reader, error) { return remade(r, joinFrames) }
