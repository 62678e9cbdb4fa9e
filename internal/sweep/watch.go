package sweep

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Watch tells do where the sweep stands, at first and whenever that may have changed, until the context ends: from its server
// while that is up, and otherwise from the folder alone. An empty connection is that of the sweep's own server. The folder must
// not be used for anything else meanwhile.
func (f *Folder) Watch(ctx context.Context, c Connection, do func(*Status, error)) {
	for ctx.Err() == nil {
		err := f.watchServer(ctx, c, do)
		if ctx.Err() != nil {
			return
		}
		status, problem := f.status(nil)
		if problem == nil && c.URL != "" {
			problem = err
		}
		do(status, problem)
		wait(ctx, 2*idle)
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watchServer watches for as long as the server has the sweep.
func (f *Folder) watchServer(ctx context.Context, c Connection, do func(*Status, error)) error {
	if c.URL == "" {
		access, err := f.Access()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nobody runs it
		}
		if err != nil {
			return err
		}
		c = access.Connection()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A sweep that is begun anew may have another server.
	c.options = append(c.options[:len(c.options):len(c.options)], nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { cancel() }))
	connection, err := c.dial()
	if err != nil {
		return err
	}
	defer connection.Close()
	js, err := connectJetStream(connection)
	if err != nil {
		return err
	}
	q, err := openQueue(ctx, js, f.Plan.ID())
	if err != nil {
		return err
	}
	watcher, err := q.records.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return err
	}
	defer watcher.Stop()
	records := map[string]record{}
	whole, changed := false, false
	tick := time.NewTicker(idle / 2)
	defer tick.Stop()
	tell := func() {
		changed = false
		do(f.status(records))
	}
	for looked := time.Now(); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, ok := <-watcher.Updates():
			if !ok {
				return errors.New("the server ended the list of the sweep's records")
			}
			if entry == nil { // all have been read
				whole = true
				tell()
				continue
			}
			r, err := parseRecord(entry)
			if err != nil {
				return err
			}
			records[entry.Key()] = r
			changed = true
		case now := <-tick.C:
			// Results come to the folder without a word.
			if whole && (changed || now.Sub(looked) >= 2*idle) {
				looked = now
				tell()
			}
		}
	}
}
