package plaintext

import (
	"bytes"
	"io"
)

// pieceReader reads what a function makes of a text that comes piece by piece.
type pieceReader struct {
	r    io.Reader
	in   [1 << 15]byte
	next func(piece []byte, last bool) []byte // its result is valid until the next call
	left []byte                               // of its last result
}

func (p *pieceReader) Read(to []byte) (int, error) {
	for len(p.left) == 0 {
		n, err := p.r.Read(p.in[:])
		p.left = p.next(p.in[:n], err != nil)
		if len(p.left) == 0 && err != nil {
			return 0, err
		}
	}
	n := copy(to, p.left)
	p.left = p.left[n:]
	return n, nil
}

// NewReplacer returns a reader of what r holds with one byte in the place of another.
func NewReplacer(r io.Reader, old, new byte) io.Reader {
	return &pieceReader{r: r, next: func(piece []byte, _ bool) []byte {
		return bytes.ReplaceAll(piece, []byte{old}, []byte{new})
	}}
}
