package plaintext

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Order tells whether text is UTF-16, by its byte order mark or by the zero bytes of its letters, and how many bytes the
// mark takes.
func utf16Order(head []byte) (order binary.ByteOrder, mark int) {
	if len(head) < 4 {
		return nil, 0
	}
	switch {
	case head[0] == 0xff && head[1] == 0xfe:
		return binary.LittleEndian, 2
	case head[0] == 0xfe && head[1] == 0xff:
		return binary.BigEndian, 2
	}
	const looked = 512
	var zeros [2]int
	n := min(len(head), looked) &^ 1
	for i, c := range head[:n] {
		if c == 0 {
			zeros[i&1]++
		} else if head[i^1] == 0 && (c < '\t' || c > '\r' && c < ' ' && c != 0x1b) {
			return nil, 0 // no text
		}
	}
	switch {
	case zeros[0] == 0 && zeros[1]*10 >= n/2*8:
		return binary.LittleEndian, 0
	case zeros[1] == 0 && zeros[0]*10 >= n/2*8:
		return binary.BigEndian, 0
	}
	return nil, 0
}

// utf16Reader turns UTF-16 into UTF-8.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	skip  int // bytes of the mark
	in    []byte
	out   []byte
	half  rune // the first half of a pair
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		const size = 1 << 14
		begin := len(u.in)
		u.in = append(u.in, make([]byte, size)...)
		n, err := u.r.Read(u.in[begin:])
		u.in = u.in[:begin+n]
		if u.skip > 0 {
			if len(u.in) < u.skip && err == nil {
				continue
			}
			u.in = u.in[min(u.skip, len(u.in)):]
			u.skip = 0
		}
		whole := len(u.in) &^ 1
		buffer := make([]byte, 0, whole*2)
		for i := 0; i < whole; i += 2 {
			r := rune(u.order.Uint16(u.in[i:]))
			switch {
			case u.half != 0:
				r, u.half = utf16.DecodeRune(u.half, r), 0
			case utf16.IsSurrogate(r):
				u.half = r
				continue
			}
			buffer = utf8.AppendRune(buffer, r)
		}
		u.out = buffer
		u.in = append(u.in[:0:0], u.in[whole:]...)
		if len(u.out) == 0 && err != nil {
			if errors.Is(err, io.EOF) && len(u.in) > 0 {
				return 0, io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}
