package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/runfolder"
)

// Worker takes runs from the queues of a server, and trains them.
type Worker struct {
	// Name says who it is, in status and results; it should tell the machine.
	Name string
	// Jobs is the number of runs to train at a time, and Threads the number of threads of each; 0 threads takes all.
	Jobs, Threads int
	// Data opens the images of runs, where they lie on this machine.
	Data place.Opener
	// Engines are the available engines besides the CPU engine.
	Engines experiment.Engines
	// Folder is that of runs in progress. A run found there goes on, unless the queue has a later checkpoint of it.
	Folder string
	// Environment is written beside results, for readers.
	Environment *experiment.Environment
	// HandOverEvery is the time between checkpoints that are stored on the server, so that a machine may be lost; 0
	// stands for 3 minutes.
	HandOverEvery time.Duration
	// Report, where not nil, is told what the worker does, a line at a time.
	Report func(string)

	// grace is how long a worker that is told to stop waits for a server that is away; 0 stands for 15 seconds.
	grace time.Duration

	// delivered, where not nil, is told that results came to the queue.
	delivered chan<- struct{}

	active   sync.Map // IDs of the runs in progress
	declined sync.Map // from a sweep's ID to the time until which it is left alone
}

// Work takes runs until the context ends; runs in progress are then handed back with their checkpoints. It returns nil
// then, and an error where this worker cannot go on, with its runs handed back.
func (w *Worker) Work(ctx context.Context, c Connection) error {
	if c.Report == nil {
		c.Report = w.Report
	}
	connection, err := c.dial()
	if err != nil {
		return err
	}
	defer connection.Close()
	defer func() {
		if connection.IsConnected() {
			connection.FlushTimeout(callTimeout) // what was handed back is to be known at once
		}
	}()
	return w.work(ctx, connection, "")
}

// work takes runs of one sweep, or of any where sweep is "".
func (w *Worker) work(ctx context.Context, connection *nats.Conn, sweep string) error {
	js, err := connectJetStream(connection)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.Folder, 0o755); err != nil {
		return fmt.Errorf("create the folder for runs in progress: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A connection that the server ended for good, such as for a token that was changed, would never do anything again.
	connection.SetClosedHandler(func(c *nats.Conn) {
		if ctx.Err() == nil {
			cancel(fmt.Errorf("the server ended the connection: %w", errors.Join(c.LastError(), nats.ErrConnectionClosed)))
		}
	})
	var jobs sync.WaitGroup
	for range max(1, w.Jobs) {
		jobs.Add(1)
		go func() {
			defer jobs.Done()
			if err := w.job(ctx, js, sweep); err != nil {
				cancel(err)
			}
		}()
	}
	jobs.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (w *Worker) report(format string, arguments ...any) {
	if w.Report != nil {
		w.Report(fmt.Sprintf(format, arguments...))
	}
}

// A worker that is offered no run asks the queues anew after patience, and after idle if there is no queue to ask.
const (
	patience = 5 * time.Second
	idle     = time.Second
)

// job takes one run after the other.
func (w *Worker) job(ctx context.Context, js jetstream.JetStream, sweep string) error {
	queues := map[string]*Queue{}
	for ctx.Err() == nil {
		ids := []string{sweep}
		if sweep == "" {
			var err error
			if ids, err = findQueues(ctx, js); err != nil && !isAway(err) && ctx.Err() == nil {
				return queueError(err)
			}
		}
		took := false
		for _, id := range ids {
			if until, ok := w.declined.Load(id); ok && time.Now().Before(until.(time.Time)) {
				continue
			}
			q, ok := queues[id]
			if !ok {
				var err error
				if q, err = openQueue(ctx, js, id); err != nil {
					continue // it is being made or removed, or the server is away
				}
				queues[id] = q
			}
			message, err := q.next(ctx, patience/time.Duration(len(ids)))
			if isGone(err) {
				delete(queues, id)
			}
			if message == nil {
				continue
			}
			took = true
			if err := w.take(ctx, q, message); err != nil {
				return err
			}
			break
		}
		if !took {
			select {
			case <-ctx.Done():
			case <-time.After(idle):
			}
		}
	}
	return nil
}

// next waits a moment for a message of the queue, and returns nil where none comes.
func (q *Queue) next(ctx context.Context, wait time.Duration) (jetstream.Msg, error) {
	// The server holds the request until then: a message that came too late for a shorter one, on a busy machine, would be
	// nobody's until it is offered again.
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	batch, err := q.consumer.Fetch(1, jetstream.FetchContext(ctx))
	if err != nil {
		return nil, err
	}
	message := <-batch.Messages()
	return message, batch.Error()
}

// take does what a message asks for. Its error is one of this worker, which should then stop.
func (w *Worker) take(ctx context.Context, q *Queue, message jetstream.Msg) error {
	id := message.Subject()[strings.LastIndexByte(message.Subject(), '.')+1:]
	if _, busy := w.active.LoadOrStore(id, true); busy {
		// The server was away for so long that it offers this worker its own run.
		return nil
	}
	defer w.active.Delete(id)
	stop := keepAlive(message, q.silence)
	defer stop()

	var entry runfolder.PlannedRun
	err := json.Unmarshal(message.Data(), &entry)
	var run Run
	if err == nil {
		run, err = decode(entry)
	}
	if err == nil && run.ID != id {
		err = fmt.Errorf("it is of the run %s, not of %s", run.ID, id)
	}
	if err != nil {
		w.report("Set aside the run %s: its message is malformed: %v", id, err)
		return w.setAside(ctx, q, message, id, fmt.Errorf("its message in the queue is malformed: %w", err))
	}
	ready, err := w.claim(ctx, q, message, run)
	if err != nil || !ready {
		return quiet(ctx, err)
	}
	placed, data, err := w.prepare(run.Specification)
	if err != nil {
		return w.decline(ctx, q, message, run, err)
	}
	return w.train(ctx, q, message, run, placed, data)
}

// quiet drops the error of a server that was away when the worker was told to stop, or of a sweep that is gone.
func quiet(ctx context.Context, err error) error {
	if isGone(err) || ctx.Err() != nil || isAway(err) {
		return nil
	}
	return err
}

// keepAlive tells the server at times that the message is worked on, until it is stopped.
func keepAlive(message jetstream.Msg, silence time.Duration) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(silence / 4)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				message.InProgress() // while the server is away, this has no effect
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}
