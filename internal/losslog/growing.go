package losslog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// poll is how often a file is looked at for what was added.
const poll = 250 * time.Millisecond

var errReplaced = errors.New("the file was replaced")

// growing reads a file that grows: at its end it waits for more, until the program that writes it has ended.
type growing struct {
	ctx   context.Context
	ended <-chan struct{}
	r     io.Reader
	path  string
	was   contents
}

func (g *growing) Read(p []byte) (int, error) {
	for {
		over := isClosed(g.ended)
		n, err := g.r.Read(p)
		if n > 0 {
			return n, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if info, err := os.Stat(g.path); err == nil && !g.was.unchanged(info) {
			if !g.was.goesOn(g.path) {
				return 0, errReplaced
			}
			if g.was, _ = contentsOf(g.path); over {
				continue
			}
		}
		if over {
			return 0, io.EOF
		}
		if err := sleep(g.ctx, g.ended, poll); err != nil {
			return 0, err
		}
	}
}

// contents is what tells a file that grew from one that was replaced.
type contents struct {
	info   os.FileInfo
	tail   []byte // the last bytes
	length int64  // the length of what it holds, decoded, where that was asked for
}

// contentsOf looks at a file.
func contentsOf(path string) (c contents, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return c, false
	}
	defer f.Close()
	if c.info, err = f.Stat(); err != nil {
		return c, false
	}
	c.tail, err = tailBefore(f, c.info.Size())
	return c, err == nil
}

// tailBefore reads the last bytes before a place.
func tailBefore(f *os.File, end int64) ([]byte, error) {
	tail := make([]byte, min(end, 256))
	_, err := f.ReadAt(tail, end-int64(len(tail)))
	return tail, err
}

// unchanged says whether a file is as it was, as far as its entry tells.
func (c *contents) unchanged(info os.FileInfo) bool {
	return c.info != nil && os.SameFile(c.info, info) && info.Size() == c.info.Size() && info.ModTime().Equal(c.info.ModTime())
}

// goesOn says whether a file still begins with what it was.
func (c *contents) goesOn(path string) bool {
	f, err := os.Open(path)
	if err != nil || c.info == nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !os.SameFile(c.info, info) || info.Size() < c.info.Size() {
		return false
	}
	tail, err := tailBefore(f, c.info.Size())
	return err == nil && bytes.Equal(tail, c.tail)
}

// length is the length of what a file holds, decoded.
func (f file) length() int64 {
	r, err := f.open()
	if err != nil {
		return 0
	}
	defer r.Close()
	n, _ := io.Copy(io.Discard, r)
	return n
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// sleep waits until a time is over, or a program has ended.
func sleep(ctx context.Context, ended <-chan struct{}, long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
