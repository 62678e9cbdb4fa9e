package losslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync/atomic"
	"time"

	"alrc/internal/losslog/sequence"
	"alrc/internal/tail"
)

// Follow reads a log and goes on as it grows, calling do with its steps as they come, until the context ends or do
// returns an error. A file that is not there or does not hold a loss yet is waited for, of which waiting is told once,
// with what is missing; one that is replaced is read anew. Standard input is read until its end. A chunk is valid only
// during the call.
func Follow(ctx context.Context, o Options, waiting func(error), do func(*Chunk) error) error {
	return follow(ctx, &follower{options: o, waiting: waiting, do: do})
}

// Fresh is what a program writes to a log from a certain time on.
type Fresh struct {
	options Options
	before  map[string]contents // of the log's files at that time, by their paths
}

// NewFresh remembers what a log holds now, if it is there. A folder stands for the run in it that changes.
func NewFresh(o Options) *Fresh {
	f := &Fresh{options: o, before: make(map[string]contents)}
	runs, _, remove, err := expand(o.Inputs, nil)
	remove()
	if err != nil {
		return f
	}
	o.mark(runs)
	for _, run := range runs {
		for _, file := range run.files {
			if end, err := tail.AtEnd(file.real); err == nil {
				f.before[file.path] = contents{Mark: end, length: file.length()}
			}
		}
	}
	return f
}

// Follow is [Follow] for what was not in the log before. Once ended is closed, since the program has ended, the log is
// read to its end. Only then it is an error that no loss was found.
func (n *Fresh) Follow(ctx context.Context, ended <-chan struct{}, waiting func(error), do func(*Chunk) error) error {
	return follow(ctx, &follower{options: n.options, before: n.before, ended: ended, waiting: waiting, do: do})
}

func follow(ctx context.Context, f *follower) error {
	// What goes wrong with a step ends the waiting for more, too.
	ctx, f.cancel = context.WithCancel(ctx)
	defer f.cancel()
	if f.options.Inputs[0] == "-" {
		return f.standardInput(ctx, f.options)
	}
	for {
		l, err := f.open(ctx)
		if err != nil {
			if f.any && isClosed(f.ended) {
				return nil
			}
			return err
		}
		err = f.read(ctx, l)
		l.Close()
		if !errors.Is(err, errReplaced) {
			return err
		}
	}
}

// open waits for a log that holds a loss.
func (f *follower) open(ctx context.Context) (*Log, error) {
	for {
		over, began := isClosed(f.ended), time.Now()
		l, err := open(f.options, f.changed)
		if err == nil {
			if f.ended == nil || over || l.tellsEnough() {
				return l, nil
			}
			l.Close()
			err = fmt.Errorf("%s has only a few lines yet", f.options.Inputs[0])
		}
		var choice *ChoiceError
		info, statErr := os.Stat(f.options.Inputs[0])
		switch {
		case errors.Is(statErr, fs.ErrNotExist) && over:
			return nil, fmt.Errorf("%s is not there", f.options.Inputs[0])
		case errors.Is(statErr, fs.ErrNotExist):
			err = fmt.Errorf("%s is not there yet", f.options.Inputs[0])
		case over:
			return nil, err
		case f.ended != nil: // what comes next may tell more
		case errors.As(err, &choice):
			return nil, err
		case statErr != nil:
			return nil, err
		case !info.IsDir() && info.Size() > sampleSize:
			return nil, err
		}
		if !f.told || f.ended != nil {
			f.waiting(err)
			f.told = true
		}
		// Looking at a long log takes a while, and must not take all the time.
		if err := sleep(ctx, f.ended, max(poll, 10*time.Since(began))); err != nil {
			return nil, err
		}
	}
}

// tellsEnough says whether a log has as many lines as it takes to choose its loss for good. The first ones are often of a heading,
// or of a validation before the training.
func (l *Log) tellsEnough() bool {
	if l.source.Format == Events || l.source.Format == JSON {
		return true
	}
	last := l.run.files[len(l.run.files)-1]
	sample, err := last.sample()
	return err == nil && (!sample.whole || bytes.Count(sample.data, newline)+bytes.Count(sample.data, []byte{'\r'}) >= fewestLines)
}

// read reads an opened log as it grows.
func (f *follower) read(ctx context.Context, l *Log) error {
	f.sequence = sequence.New(l.order)
	f.row, f.comparing = 0, true
	l.tellChosen()
	for i, file := range l.run.files {
		was, _ := tail.AtEnd(file.real)
		opened, err := file.open()
		if err != nil {
			return err
		}
		f.skip = f.rowsBefore(l, file)
		var from io.Reader = opened
		if i == len(l.run.files)-1 {
			from = &growing{ctx: ctx, ended: f.ended, r: opened, path: file.real, was: was}
		}
		err = l.fileBlocks(file, from, true, f.push)
		opened.Close()
		if err != nil {
			return err
		}
	}
	f.chunk.Reset()
	f.sequence.Flush(&f.chunk)
	return f.hand(&f.chunk)
}

// changed says whether a run is to be read: one that the program has written to.
func (f *follower) changed(run series) bool {
	if f.before == nil {
		return true
	}
	for _, file := range run.files {
		before, there := f.before[file.path]
		info, err := os.Stat(file.real)
		if err == nil && (!there || !before.Unchanged(info)) {
			return true
		}
	}
	return false
}

// rowsBefore counts the rows of a file that were there before, unless it was replaced.
func (f *follower) rowsBefore(l *Log, file file) (rows int) {
	before, ok := f.before[file.path]
	if !ok || !before.Continued(file.real) {
		return 0
	}
	opened, err := file.open()
	if err != nil {
		return 0
	}
	defer opened.Close()
	// What is wrong with them does not matter.
	_ = l.fileBlocks(file, io.LimitReader(opened, before.length), false, func(b *block) error {
		rows += len(b.Losses)
		return nil
	})
	return rows
}

// follower passes blocks on as steps.
type follower struct {
	options Options
	before  map[string]contents // nil: all counts
	ended   <-chan struct{}     // nil: never
	waiting func(error)
	told    bool

	skip int // rows that were there before
	// seen are hashes of the rows so far, for files that are written anew as a whole each time that something is added.
	seen      []uint64
	row       int
	comparing bool

	sequence *sequence.Sequencer
	chunk    Chunk
	do       func(*Chunk) error
	any      bool
	cancel   func()
	failed   atomic.Pointer[error]
}

func (f *follower) push(b *block) error {
	old := min(f.skip, len(b.Losses))
	f.skip -= old
	for i := old; i < len(b.Losses); i++ {
		const most = 1 << 20
		h := uint64(b.Steps[i])*0x9e3779b97f4a7c15 ^ math.Float64bits(b.Losses[i])
		if f.comparing = f.comparing && f.row < len(f.seen) && f.seen[f.row] == h; f.comparing {
			old++
		} else if f.row < most {
			f.seen = append(f.seen[:f.row], h)
		}
		f.row++
	}
	b.Drop(old)
	f.chunk.Reset()
	f.sequence.Push(&b.Rows, &f.chunk)
	return f.hand(&f.chunk)
}

func (f *follower) hand(c *Chunk) error {
	f.any = f.any || c.Len() > 0
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
