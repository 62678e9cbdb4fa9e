package losslog

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"alrc/internal/tail"
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
	was   tail.Mark
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
		if info, err := os.Stat(g.path); err == nil && !g.was.Unchanged(info) {
			if !g.was.Continued(g.path) {
				return 0, errReplaced
			}
			if g.was, _ = tail.AtEnd(g.path); over {
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

// contents is what a file held at some time.
type contents struct {
	tail.Mark
	length int64 // of what it holds, decoded, where that was asked for
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
