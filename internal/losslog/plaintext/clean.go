package plaintext

import (
	"bytes"
	"io"
)

// NeedsCleaning says whether text holds what terminals make of it: colours, boxes, lines that are drawn again.
func NeedsCleaning(head []byte) bool {
	if IsBinary(head) {
		return false // no text
	}
	return bytes.Contains(head, []byte("\x1b[")) || bytes.Contains(head, []byte("\x1b]")) || bytes.IndexByte(head, '\b') >= 0 ||
		loneReturn(head) || bytes.Contains(head, []byte("\xe2\x94")) || bytes.Contains(head, []byte("\xe2\x95")) || bytes.Contains(head, []byte("\xc2\xa0"))
}

// loneReturn says whether carriage returns stand in text that are no part of line ends, as where bars are drawn again.
func loneReturn(text []byte) bool {
	for i := 0; ; {
		j := bytes.IndexByte(text[i:], '\r')
		if j < 0 || i+j+1 >= len(text) {
			return false
		}
		if i += j + 1; text[i] != '\n' && text[i] != '\r' {
			return true
		}
	}
}

// Cleaner takes the escape sequences of terminals out of text that comes piece by piece, and draws boxes with '|' and '-'. Where a
// line is drawn again, the next one begins.
type Cleaner struct {
	pending      // the beginning of a character, a sequence or a line
	back    bool // the last byte was a stroke back
}

// Clean returns what the next piece adds; last says that none follows. The result is valid until the next call.
func (c *Cleaner) Clean(piece []byte, last bool) []byte { return c.add(piece, last, c.clean) }

// clean adds data to the output and returns how much was used. The last line is left for later where it may not be all there, so that
// strokes back reach its beginning.
func (c *Cleaner) clean(data []byte, last bool) int {
	begin, before := 0, 0 // of the line, in data and in the output
	for i := 0; i < len(data); {
		if n := len(c.out); n > before && c.out[n-1] == '\n' {
			begin, before = i, n
		}
		switch b := data[i]; {
		case b == 0x1b:
			n := escape(data[i:])
			if n == 0 && !last && len(data)-i < 256 {
				return i
			}
			if moves(data[i:i+n]) && len(c.out) > before {
				c.out = append(c.out, '\n')
			}
			i += max(n, 1)
		case b == '\b' && !c.back:
			n, whole := c.overwrite(data[i:], before)
			if !whole && !last && i-begin < longestHeld {
				c.out = c.out[:before]
				return begin
			}
			if n > 0 {
				i += n
				break
			}
			c.out = append(c.out, '\n')
			c.back = true
			i++
			continue
		case b == '\b' || b == '\r':
			if b == '\r' && i+1 == len(data) && !last {
				return i
			}
			if !c.back && (b == '\b' || i+1 == len(data) || data[i+1] != '\n' && data[i+1] != '\r') {
				c.out = append(c.out, '\n')
			}
			c.back = b == '\b'
			i++
			continue
		case b == 0xe2 || b == 0xc2:
			if i+2 >= len(data) && !last {
				return i
			}
			drawing, n := drawing(data[i:])
			if n == 0 {
				c.out = append(c.out, b)
				i++
				break
			}
			c.out = append(c.out, drawing)
			i += n
		default:
			end := i + 1
			for end < len(data) && data[end-1] != '\n' && data[end] != 0x1b && data[end] != '\b' && data[end] != '\r' && data[end] != 0xe2 && data[end] != 0xc2 {
				end++
			}
			c.out = append(c.out, data[i:end]...)
			i = end
		}
		c.back = false
	}
	if !last && len(data)-begin < longestHeld && len(c.out) > before && c.out[len(c.out)-1] != '\n' {
		c.out = c.out[:before]
		return begin
	}
	return len(data)
}

// longestHeld is how much of a line is left for later at most.
const longestHeld = 1 << 10

// overwrite writes what stands behind the strokes back at the beginning of data over the line that begins at before in the output, if it
// is a part of this: "[==   ] loss 0.5", strokes back, "3/9". It returns how much of data was used; whole is false where more of data
// is needed to know.
func (c *Cleaner) overwrite(data []byte, before int) (used int, whole bool) {
	strokes := 0
	for strokes < len(data) && data[strokes] == '\b' {
		strokes++
	}
	end := strokes
	for end < len(data) && data[end] >= ' ' {
		end++
	}
	line := c.out[before:]
	at := len(line) - strokes
	switch {
	case end == len(data):
		return 0, false
	case data[end] == '\b' || data[end] == 0x1b || end == strokes || end-strokes >= strokes || at < 0 || at+end-strokes > len(line):
		return 0, true
	}
	copy(line[at:], data[strokes:end])
	return end, true
}

// escape returns the length of the escape sequence at the beginning of data; 0 where its end is not there.
func escape(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case '[':
		for i := 2; i < len(data); i++ {
			if data[i] >= 0x40 && data[i] <= 0x7e {
				return i + 1
			}
			if data[i] < 0x20 {
				return i
			}
		}
		return 0
	case ']':
		for i := 2; i < len(data); i++ {
			if data[i] == 7 {
				return i + 1
			}
			if data[i] == 0x1b || data[i] == '\n' {
				return i
			}
		}
		return 0
	}
	return 2
}

// moves says whether an escape sequence moves the cursor to the beginning of a line, or to another line: what follows is not behind what
// stands before, but in its place.
func moves(sequence []byte) bool {
	if len(sequence) < 3 || sequence[1] != '[' {
		return false
	}
	switch sequence[len(sequence)-1] {
	case 'E', 'F', 'H', 'f':
		return true
	case 'G':
		column := sequence[2 : len(sequence)-1]
		return len(column) == 0 || len(column) == 1 && column[0] <= '1'
	}
	return false
}

// drawing returns what stands for a character of a box, or a space that does not break; n is 0 for others.
func drawing(data []byte) (stroke byte, n int) {
	if data[0] == 0xc2 {
		if len(data) > 1 && data[1] == 0xa0 {
			return ' ', 2
		}
		return 0, 0
	}
	if len(data) < 3 || data[1] != 0x94 && data[1] != 0x95 {
		return 0, 0
	}
	switch code := int(data[1]-0x94)<<6 | int(data[2]&0x3f); code { // from U+2500 on
	case 0x02, 0x03, 0x06, 0x07, 0x0a, 0x0b, 0x0e, 0x0f, 0x51:
		return '|', 3
	case 0x00, 0x01, 0x04, 0x05, 0x08, 0x09, 0x0c, 0x0d, 0x50:
		return '-', 3
	}
	return '+', 3
}

// NewCleanReader returns a reader of r's text as a Cleaner leaves it.
func NewCleanReader(r io.Reader) io.Reader { return &pieceReader{r: r, next: new(Cleaner).Clean} }
