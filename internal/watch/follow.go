package watch

import (
	"context"
	"errors"
	"time"

	"alrc/internal/losslog"
)

// Follow gives a watcher the losses of a log that grows, as [losslog.Follow] reads it, until the context ends or the
// watcher returns an error.
func Follow(ctx context.Context, o losslog.Options, w *Watcher, waiting func(error)) error {
	err := losslog.Follow(ctx, o, waiting, w.Steps)
	if closing := w.Close(); err == nil {
		err = closing
	}
	return err
}

// logFile is the log that a program writes.
type logFile struct {
	log     *losslog.Fresh
	ended   chan struct{} // closed when the program has ended
	done    chan struct{} // closed when the log was read to its end
	missing error         // why there is no loss yet
}

// follow reads the log that a program writes.
func (r *reader) follow() {
	defer close(r.file.done)
	r.waiting(errors.New("nothing was written to it yet"))
	err := r.file.log.Follow(context.Background(), r.file.ended, r.waiting, func(c *losslog.Chunk) error {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		if c.Len() > 0 {
			r.seen, r.file.missing = time.Now(), nil
		}
		if r.failed = r.watcher.Steps(c); r.failed != nil {
			close(r.done)
		}
		return r.failed
	})
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case err == nil || r.failed != nil:
	case r.file.missing != nil:
		r.file.missing = err
	default:
		r.failed = err
		close(r.done)
	}
}

// waiting keeps why there is no loss, as long as there was none.
func (r *reader) waiting(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.watcher.Records() == 0 {
		r.file.missing = err
	}
}
