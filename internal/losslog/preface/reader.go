package preface

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Append adds to the first text the lines of the second without the preface, and returns the rest that is no whole line, unless this
// is the last of the log.
func (p *Preface) Append(to, text []byte, last bool) (added, rest []byte) {
	for {
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			break
		}
		to = append(to, p.Strip(text[:end])...)
		text = text[end:]
	}
	if last {
		return append(to, p.Strip(text)...), nil
	}
	return to, text
}

// reader takes a preface away from each line that it reads.
type reader struct {
	*Preface
	r      *bufio.Reader
	left   []byte // of what was read
	inside bool   // what comes next goes on with a line
}

// NewReader returns a reader of r's text without the preface.
func (p *Preface) NewReader(r *bufio.Reader) io.Reader { return &reader{Preface: p, r: r} }

func (r *reader) Read(to []byte) (int, error) {
	n := 0
	for n < len(to) {
		if len(r.left) > 0 {
			copied := copy(to[n:], r.left)
			r.left = r.left[copied:]
			n += copied
			continue
		}
		if n > 0 && r.r.Buffered() == 0 {
			return n, nil
		}
		text, err := r.r.ReadSlice('\n')
		if len(text) == 0 {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if r.left = text; !r.inside {
			r.left = r.Strip(text)
		}
		r.inside = errors.Is(err, bufio.ErrBufferFull) || text[len(text)-1] != '\n'
	}
	return n, nil
}
