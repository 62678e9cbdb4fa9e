package watch

import (
	"context"

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
