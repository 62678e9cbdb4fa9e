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

// pending is what a text that comes piece by piece was made into, and its end that may go on in the next piece.
type pending struct {
	kept []byte // of which the rest is not there yet
	out  []byte
}

// add has use read the next piece, with what was kept before it, and returns what that added to the output, which is valid until
// the next call. use returns how much it has used; last says that no piece follows.
func (p *pending) add(piece []byte, last bool, use func(data []byte, last bool) (used int)) []byte {
	p.out = p.out[:0]
	if len(p.kept) > 0 {
		p.kept = append(p.kept, piece...)
		piece = p.kept
	}
	used := use(piece, last)
	p.kept = append(p.kept[:0], piece[used:]...)
	return p.out
}

// NewReplacer returns a reader of what r holds with one byte in the place of another.
func NewReplacer(r io.Reader, old, new byte) io.Reader {
	return &pieceReader{r: r, next: func(piece []byte, _ bool) []byte {
		return bytes.ReplaceAll(piece, []byte{old}, []byte{new})
	}}
}
