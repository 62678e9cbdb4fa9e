package losslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// poll is how often a file is looked at for what was added.
const poll = 250 * time.Millisecond

// Follow reads a log and goes on as it grows, calling do with its steps as they come, until the context ends or do
// returns an error. A file that is not there or does not hold a loss yet is waited for, of which waiting is told once,
// with what is missing; standard input is read until its end. A chunk is valid only during the call.
func Follow(ctx context.Context, o Options, waiting func(error), do func(*Chunk) error) error {
	// What goes wrong with a step ends the waiting for more, too.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &follower{cancel: cancel, do: do}
	if o.Inputs[0] == "-" {
		return f.standardInput(ctx, o)
	}
	var l *Log
	for told := false; ; {
		opened, err := Open(o)
		if err == nil {
			defer opened.Close()
			l = opened
			break
		}
		var choice *ChoiceError
		if errors.As(err, &choice) {
			return err
		}
		if info, statErr := os.Stat(o.Inputs[0]); errors.Is(statErr, fs.ErrNotExist) {
			err = fmt.Errorf("%s is not there yet", o.Inputs[0])
		} else if statErr != nil {
			return err
		} else if !info.IsDir() && info.Size() > sampleSize {
			return err
		}
		if !told {
			waiting(err)
			told = true
		}
		if err := sleep(ctx); err != nil {
			return err
		}
	}
	f.sequence = *l.newSequencer()
	for i, file := range l.run.files {
		opened, err := file.open()
		if err != nil {
			return err
		}
		var from io.Reader = opened
		if i == len(l.run.files)-1 {
			from = &growing{ctx: ctx, r: opened}
		}
		err = l.fileBlocks(file, from, true, f.push)
		opened.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// follower passes blocks on as steps.
type follower struct {
	sequence sequencer
	chunk    Chunk
	do       func(*Chunk) error
	cancel   func()
	failed   atomic.Pointer[error]
}

func (f *follower) push(b *block) error {
	f.chunk.Reset()
	f.sequence.push(b, &f.chunk)
	return f.hand(&f.chunk)
}

func (f *follower) hand(c *Chunk) error {
	err := f.do(c)
	if err != nil {
		f.failed.Store(&err)
		f.cancel()
	}
	return err
}

func (f *follower) standardInput(ctx context.Context, o Options) error {
	stream := NewStream(o, f.hand)
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(stream, o.Stdin)
		if err == nil {
			err = stream.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		// Nothing can wake a read of standard input; it ends with the process.
		if err := f.failed.Load(); err != nil {
			return *err
		}
		return ctx.Err()
	}
}

// growing reads a file that grows: at its end it waits for more.
type growing struct {
	ctx context.Context
	r   io.Reader
}

func (g *growing) Read(p []byte) (int, error) {
	for {
		n, err := g.r.Read(p)
		if n > 0 {
			return n, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if err := sleep(g.ctx); err != nil {
			return 0, err
		}
	}
}

func sleep(ctx context.Context) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
