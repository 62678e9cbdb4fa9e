package preface

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Filter takes a preface, and lines that are written twice, out of a text.
type Filter struct {
	*Preface
	before []byte // the last line, where lines may be written twice
	again  bool   // it was, already
}

// line returns a line without what the filter takes away; nil where nothing is left.
func (f *Filter) line(text []byte) []byte {
	text = f.Strip(text)
	if !f.Doubled {
		return text
	}
	if f.again = !f.again && len(f.before) > 0 && bytes.Equal(text, f.before); f.again {
		return nil
	}
	f.before = append(f.before[:0], text...)
	return text
}

// Append adds to the first text what is left of the lines of the second, and returns the rest that is no whole line, unless this is the
// last of the log.
func (f *Filter) Append(to, text []byte, last bool) (added, rest []byte) {
	for {
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			break
		}
		to = append(to, f.line(text[:end])...)
		text = text[end:]
	}
	if last {
		return append(to, f.line(text)...), nil
	}
	return to, text
}

// reader filters each line that it reads.
type reader struct {
	Filter
	r      *bufio.Reader
	left   []byte // of what was read
	inside bool   // what comes next goes on with a line
}

// NewReader returns a reader of what the filter leaves of r's text.
func (p *Preface) NewReader(r *bufio.Reader) io.Reader {
	return &reader{Filter: Filter{Preface: p}, r: r}
}

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
			r.left = r.line(text)
		}
		r.inside = errors.Is(err, bufio.ErrBufferFull) || text[len(text)-1] != '\n'
	}
	return n, nil
}
