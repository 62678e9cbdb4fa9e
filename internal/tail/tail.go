// Package tail tells a file that grew from one that was cut or replaced.
package tail

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// compared is how many bytes before a mark are looked at again.
const compared = 256

// Mark is a place in a file that may grow, with what tells the file again: its entry, and the bytes before the place.
// The zero value is the beginning of no file.
type Mark struct {
	info os.FileInfo
	end  int64
	last []byte
}

// AtEnd returns a mark at the end of a file.
func AtEnd(path string) (Mark, error) {
	f, err := os.Open(path)
	if err != nil {
		return Mark{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Mark{}, err
	}
	m := Mark{info: info, end: info.Size()}
	m.last, err = before(f, m.end, min(m.end, compared))
	return m, err
}

// before reads the n bytes before a place.
func before(f io.ReaderAt, place, n int64) ([]byte, error) {
	data := make([]byte, n)
	read, err := f.ReadAt(data, place-n)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:read], err
}

// Place is the number of bytes before the mark.
func (m *Mark) Place() int64 { return m.end }

// See notes a file's entry, which [Mark.Unchanged] and [Mark.ContinuedBy] compare with.
func (m *Mark) See(info os.FileInfo) { m.info = info }

// Advance moves the mark behind data, which follow it in the file.
func (m *Mark) Advance(data []byte) {
	m.end += int64(len(data))
	m.last = append(m.last, data[max(0, len(data)-compared):]...)
	m.last = m.last[:copy(m.last, m.last[max(0, len(m.last)-compared):])]
}

// Unchanged reports whether a file is as it was, as far as its entry tells.
func (m *Mark) Unchanged(info os.FileInfo) bool {
	return m.info != nil && os.SameFile(m.info, info) && info.Size() == m.info.Size() && info.ModTime().Equal(m.info.ModTime())
}

// ContinuedBy reports whether an open file still has what was before the mark, as far as its entry and the last bytes tell.
func (m *Mark) ContinuedBy(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || m.info == nil || !os.SameFile(m.info, info) || info.Size() < m.end {
		return false
	}
	last, err := before(f, m.end, int64(len(m.last)))
	return err == nil && bytes.Equal(last, m.last)
}

// Continued is [Mark.ContinuedBy] of the file at a path.
func (m *Mark) Continued(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return m.ContinuedBy(f)
}
