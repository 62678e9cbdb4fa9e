package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"alrc/internal/atomicfile"
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
	// Engines are those that there are beside the CPU engine.
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
	defer connection.FlushTimeout(callTimeout) // what was handed back is to be known at once
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

// A worker that is offered no run asks the queues anew after patience, and after idle where there is none to ask.
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

	var entry runJSON
	err := json.Unmarshal(message.Data(), &entry)
	var run Run
	if err == nil {
		run, err = entry.decode()
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

// claim makes the run this worker's own. It is not ready where it is done or set aside, or where another has it.
func (w *Worker) claim(ctx context.Context, q *Queue, message jetstream.Msg, run Run) (ready bool, err error) {
	var r record
	get := func(ctx context.Context) (err error) {
		r, err = q.get(ctx, run.ID)
		return err
	}
	if err := patiently(ctx, get); err != nil {
		return false, err
	}
	if r.State == Running {
		// Its worker gave no sign of life for a while: it may be dead, or the server was away. One that lives tells the
		// record so soon.
		before := r.revision
		select {
		case <-ctx.Done():
			return false, message.Nak()
		case <-time.After(q.silence / 2):
		}
		if err := patiently(ctx, get); err != nil {
			return false, err
		}
		if r.State == Running && r.revision != before {
			return false, message.NakWithDelay(q.silence)
		}
	}
	dead := r
	err = patiently(ctx, func(ctx context.Context) (err error) {
		r, err = q.change(ctx, run.ID, func(r *record) bool {
			if r.State == Done || r.State == Failed {
				return false
			}
			if r.State == Running && r.revision == dead.revision {
				r.fail(Failure{Worker: r.Worker, Step: r.Step, Time: time.Now().UTC(), Error: "the worker ended, or was cut off," +
					" without handing the run back"})
			}
			if r.State != Failed {
				r.State, r.Worker, r.Since, r.Declined = Running, w.Name, time.Now().UTC(), ""
			}
			return true
		})
		return err
	})
	switch {
	case err != nil:
		return false, err
	case r.State == Done:
		return false, message.Ack()
	case r.State == Failed:
		w.report("%s: set aside after %d failures; the last: %s", run.Label, len(r.Failures), r.Failures[len(r.Failures)-1].Error)
		return false, message.Term()
	}
	return true, nil
}

// fail notes a failure, which puts the run back, or aside where it was one too many.
func (r *record) fail(f Failure) {
	r.Failures = append(r.Failures, f)
	r.State, r.Rate = Waiting, 0
	switch len(r.Failures) {
	case maxFailures - 1:
		r.Checkpoint = 0 // the last try begins anew: the checkpoint may be what is wrong
	case maxFailures:
		r.State = Failed
	}
}

// prepare opens the run's images, and checks that this machine has what the run is fixed to. It returns the
// specification with the images' place on this machine.
func (w *Worker) prepare(s experiment.Specification) (experiment.Specification, *experiment.DataSet, error) {
	kernels := s.Kernels
	placed, data, err := w.Data.Open(s.Data)
	if err != nil {
		return s, nil, err
	}
	s.Data = placed
	if err := experiment.Resolve(&s, data, w.Engines); err != nil {
		return s, nil, err
	}
	if kernels != "" && s.Kernels != kernels {
		return s, nil, fmt.Errorf("the kernel set here is %s, and the sweep's is %s", s.Kernels, kernels)
	}
	return s, data, nil
}

// decline gives a run back that this worker cannot do, and leaves the sweep alone for a while, so that it is not in the
// way of workers that can.
func (w *Worker) decline(ctx context.Context, q *Queue, message jetstream.Msg, run Run, reason error) error {
	const pause = 30 * time.Second
	w.declined.Store(q.id, time.Now().Add(pause))
	w.report("Declined %s of sweep %s: %v", run.Label, q.id, reason)
	return quiet(ctx, w.giveBack(ctx, q, message, run.ID, func(r *record) { r.Declined = w.Name + ": " + reason.Error() }))
}

// giveBack puts a run back for others.
func (w *Worker) giveBack(ctx context.Context, q *Queue, message jetstream.Msg, id string, also func(*record)) error {
	err := patiently(ctx, func(ctx context.Context) error {
		_, err := q.change(ctx, id, func(r *record) bool {
			if r.State != Running || r.Worker != w.Name {
				return false
			}
			r.State, r.Rate = Waiting, 0
			also(r)
			return true
		})
		return err
	})
	return errors.Join(err, message.Nak())
}

// setAside gives a run up for good.
func (w *Worker) setAside(ctx context.Context, q *Queue, message jetstream.Msg, id string, reason error) error {
	err := patiently(ctx, func(ctx context.Context) error {
		_, err := q.change(ctx, id, func(r *record) bool {
			if r.State == Done {
				return false
			}
			r.Failures = append(r.Failures, Failure{Worker: w.Name, Error: reason.Error(), Time: time.Now().UTC()})
			r.State = Failed
			return true
		})
		return err
	})
	return quiet(ctx, errors.Join(err, message.Term()))
}

// train trains a run that this worker has claimed, and delivers what comes of it: its results, its failure, or, when
// the worker is told to stop, its checkpoint.
func (w *Worker) train(ctx context.Context, q *Queue, message jetstream.Msg, run Run, placed experiment.Specification,
	data *experiment.DataSet) error {
	dir := filepath.Join(w.Folder, run.ID)
	training, cancel := context.WithCancel(ctx)
	defer cancel()
	var progress atomic.Pointer[experiment.Progress]
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		w.beat(training, cancel, q, run, dir, &progress)
	}()
	w.report("%s: started", run.Label)
	begin := time.Now()
	result, err := w.trainIn(training, q, run, placed, dir, data, &progress)
	cancel()
	<-beats

	// What follows must reach the server, also one that is away for a while, and also when the worker is told to stop;
	// but then not for ever: the run's folder keeps the work, and the run goes on from there.
	delivery, stop := withPatience(ctx)
	defer stop()
	stopped := ctx.Err() != nil && (errors.Is(err, context.Canceled) || isAway(err))
	switch {
	case err == nil:
		err = w.deliver(delivery, q, message, run, dir)
		if err == nil {
			select {
			case w.delivered <- struct{}{}:
			default:
			}
			what := fmt.Sprintf("mean of the last losses %.4g", float64(result.Mean))
			if result.Diverged {
				what = fmt.Sprintf("diverged at step %d", result.DivergedStep)
			} else if dead := result.Dead; dead != nil {
				what += fmt.Sprintf(", dead since step %d (layer %s)", dead.Step, dead.Layer)
			}
			w.report("%s: done in %s, %s", run.Label, time.Since(begin).Round(time.Second), what)
			return nil
		}
	case stopped:
		var step int64
		step, err = w.handOver(delivery, q, run, dir)
		if err == nil {
			err = w.giveBack(delivery, q, message, run.ID, func(r *record) { r.Step = step })
		}
		if err == nil {
			w.report("%s: handed back at step %d", run.Label, step)
			return os.RemoveAll(dir)
		}
	case errors.Is(err, context.Canceled):
		w.report("%s: another worker has finished it", run.Label)
		return quiet(delivery, errors.Join(os.RemoveAll(dir), message.Ack()))
	case runfolder.IsBusy(err):
		return quiet(ctx, w.giveBack(delivery, q, message, run.ID, func(*record) {}))
	}
	switch {
	case isGone(err):
		w.report("%s: the sweep is no longer on the server", run.Label)
		return os.RemoveAll(dir)
	case isAway(err):
		return fmt.Errorf("%s: %w; the work is kept in %s, and a worker that is started with the same folder goes on with it",
			run.Label, err, dir)
	case atomicfile.IsFull(err):
		w.giveBack(delivery, q, message, run.ID, func(*record) {})
		return fmt.Errorf("%s: %w; make room in %s and start again: the run goes on from its checkpoint", run.Label, err, w.Folder)
	}
	w.report("%s: failed: %v", run.Label, err)
	failure := Failure{Worker: w.Name, Error: err.Error(), Time: time.Now().UTC()}
	var r record
	err = patiently(delivery, func(ctx context.Context) (err error) {
		r, err = q.change(ctx, run.ID, func(r *record) bool {
			if r.State != Running || r.Worker != w.Name {
				return false
			}
			failure.Step = r.Step
			r.fail(failure)
			return true
		})
		return err
	})
	if r.State == Failed {
		return quiet(delivery, errors.Join(err, os.RemoveAll(dir), message.Term()))
	}
	// What failed here begins anew, or goes on from a checkpoint on the server, maybe elsewhere.
	return quiet(delivery, errors.Join(err, os.RemoveAll(dir), message.NakWithDelay(idle)))
}

// withPatience returns a context that lasts a while longer than another.
func withPatience(ctx context.Context) (context.Context, context.CancelFunc) {
	const grace = 15 * time.Second
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() { stop(); cancel() }
}

// trainIn trains in a folder, from the latest checkpoint there is.
func (w *Worker) trainIn(ctx context.Context, q *Queue, run Run, placed experiment.Specification, dir string,
	data *experiment.DataSet, progress *atomic.Pointer[experiment.Progress]) (*runfolder.Result, error) {
	var r record
	if err := patiently(ctx, func(ctx context.Context) (err error) {
		r, err = q.get(ctx, run.ID)
		return err
	}); err != nil {
		return nil, err
	}
	// Another process of this machine may be in the folder; then it is left alone.
	if here, err := experiment.CheckpointStep(dir); r.Checkpoint > 0 && (err != nil || here < r.Checkpoint) {
		if err := runfolder.Remove(dir); err != nil {
			return nil, err
		}
		if err := w.fetchCheckpoint(ctx, q, run, dir); err != nil {
			return nil, err
		}
	}
	if err := experiment.Create(dir, placed, w.Environment); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	result, err := experiment.Train(ctx, dir, data, experiment.Options{Threads: w.Threads, Engines: w.Engines, Observe: func(p experiment.Progress) {
		progress.Store(&p)
	}})
	return result, err
}

func (w *Worker) fetchCheckpoint(ctx context.Context, q *Queue, run Run, dir string) error {
	var archive io.Reader
	err := patiently(ctx, func(ctx context.Context) (err error) {
		archive, err = q.fetch(ctx, checkpointPrefix+run.ID)
		return err
	})
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil // it was given up meanwhile; the run begins anew
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return unpack(archive, dir)
}

// beat tells the run's record at times how far it is, and stores a checkpoint on the server now and then. It ends the
// training where another worker has finished the run.
func (w *Worker) beat(ctx context.Context, cancel context.CancelFunc, q *Queue, run Run, dir string,
	progress *atomic.Pointer[experiment.Progress]) {
	handOverEvery := w.HandOverEvery
	if handOverEvery == 0 {
		handOverEvery = 3 * time.Minute
	}
	ticker := time.NewTicker(q.silence / 4)
	defer ticker.Stop()
	var last int64
	var rate float64
	lastTime, stored := time.Now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		var step int64
		var loss runfolder.Number
		if p := progress.Load(); p != nil {
			step, loss = p.Step, runfolder.Number(p.Smoothed)
		}
		// The speed of late, smoothed, for the estimate of the end.
		if now := float64(step-last) / time.Since(lastTime).Seconds(); last > 0 && rate > 0 {
			rate += (now - rate) / 4
		} else if last > 0 {
			rate = now
		}
		last, lastTime = step, time.Now()
		// A call that fails is not repeated: the next beat is soon enough.
		r, err := q.change(ctx, run.ID, func(r *record) bool {
			if r.State != Running || r.Worker != w.Name {
				return false
			}
			r.Step, r.Rate, r.Loss = step, rate, loss
			return true
		})
		if err == nil && r.State == Done {
			cancel()
			return
		}
		if err == nil && time.Since(stored) >= handOverEvery {
			if here, err := experiment.CheckpointStep(dir); err == nil && here > r.Checkpoint {
				w.handOver(ctx, q, run, dir)
			}
			stored = time.Now()
		}
	}
}

// handOver stores the checkpoint in a run's folder on the server, and returns its step.
func (w *Worker) handOver(ctx context.Context, q *Queue, run Run, dir string) (step int64, err error) {
	step, err = experiment.CheckpointStep(dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // it was stopped before its first step
	}
	if err != nil {
		return 0, err
	}
	err = patiently(ctx, func(ctx context.Context) error {
		return q.store(ctx, checkpointPrefix+run.ID, func(to io.Writer) error { return packCheckpoint(to, dir) })
	})
	if err != nil {
		return 0, err
	}
	return step, patiently(ctx, func(ctx context.Context) error {
		_, err := q.change(ctx, run.ID, func(r *record) bool {
			if r.State == Done {
				return false
			}
			r.Checkpoint = step
			return true
		})
		return err
	})
}

// deliver stores a finished run's results, and marks it done: once, whoever else finishes it.
func (w *Worker) deliver(ctx context.Context, q *Queue, message jetstream.Msg, run Run, dir string) error {
	// Each worker's results have a name of their own, so that the one that comes too late overwrites nothing.
	name := resultPrefix + run.ID + "/" + nats.NewInbox()
	err := patiently(ctx, func(ctx context.Context) error {
		return q.store(ctx, name, func(to io.Writer) error { return packResult(to, dir, run.Specification, w.Environment) })
	})
	if err != nil {
		return err
	}
	var r record
	err = patiently(ctx, func(ctx context.Context) (err error) {
		r, err = q.change(ctx, run.ID, func(r *record) bool {
			if r.State == Done {
				return false
			}
			*r = record{State: Done, Worker: w.Name, Since: r.Since, Step: run.Specification.Steps, Failures: r.Failures, Result: name}
			return true
		})
		return err
	})
	if err != nil {
		return err
	}
	garbage := checkpointPrefix + run.ID
	if r.Result != name {
		garbage = name
	}
	// The run is done now; a message that is not acknowledged for want of a server is, when it comes again.
	acknowledge := func(ctx context.Context) error { return message.DoubleAck(ctx) }
	if err := errors.Join(q.discard(ctx, garbage), patiently(ctx, acknowledge)); err != nil && !isGone(err) && !isAway(err) {
		return err
	}
	return os.RemoveAll(dir)
}
