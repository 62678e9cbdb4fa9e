package losslog

import (
	"bytes"
	"io"
)

// needsCleaning says whether text holds what terminals make of it: colours, boxes, lines that are drawn again.
func needsCleaning(head []byte) bool {
	if bytes.IndexByte(head[:min(len(head), 4096)], 0) >= 0 {
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

// cleanReader takes the escape sequences of terminals out of text, and draws boxes with '|' and '-'.
type cleanReader struct {
	r    io.Reader
	in   [1 << 15]byte
	kept []byte // the beginning of a character or sequence, whose rest is not there yet
	out  []byte
	next int
	back bool // the last byte was a stroke back
}

func (c *cleanReader) Read(p []byte) (int, error) {
	for c.next == len(c.out) {
		c.out, c.next = c.out[:0], 0
		begin := copy(c.in[:], c.kept)
		n, err := c.r.Read(c.in[begin:])
		data := c.in[:begin+n]
		used := c.clean(data, err != nil)
		c.kept = append(c.kept[:0], data[used:]...)
		if len(c.out) == 0 && err != nil {
			return 0, err
		}
	}
	n := copy(p, c.out[c.next:])
	c.next += n
	return n, nil
}

// clean adds data to the output and returns how much was used.
func (c *cleanReader) clean(data []byte, last bool) int {
	for i := 0; i < len(data); {
		switch b := data[i]; {
		case b == 0x1b:
			n := escape(data[i:])
			if n == 0 && !last && len(data)-i < 256 {
				return i
			}
			i += max(n, 1)
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
			for end < len(data) && data[end] != 0x1b && data[end] != '\b' && data[end] != '\r' && data[end] != 0xe2 && data[end] != 0xc2 {
				end++
			}
			c.out = append(c.out, data[i:end]...)
			i = end
		}
		c.back = false
	}
	return len(data)
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
