package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"alrc/internal/atomicfile"
	"alrc/internal/experiment"
	"alrc/internal/runfolder"
)

// train trains a run that this worker has claimed, and delivers what comes of it: its results, its failure, or, when
// the worker is told to stop, its checkpoint.
func (w *Worker) train(ctx context.Context, q *Queue, message jetstream.Msg, run Run, placed experiment.Specification,
	data *experiment.DataSet) error {
	dir := filepath.Join(w.Folder, run.ID)
	training, cancel := context.WithCancel(ctx)
	defer cancel()
	progress := newProgress()
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		w.beat(training, cancel, q, run, dir, progress)
	}()
	w.report("%s: started", run.Label)
	begin := time.Now()
	result, err := w.trainIn(training, q, run, placed, dir, data, progress)
	cancel()
	<-beats

	// What follows must reach the server, also one that is away for a while, and also when the worker is told to stop;
	// but then not for ever: the run's folder keeps the work, and the run goes on from there.
	delivery, stop := w.withPatience(ctx)
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
			if ending := result.Ending(); result.Diverged {
				what = ending
			} else if ending != "" {
				what += ", " + ending
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
	case isAway(err) || delivery.Err() != nil:
		w.report("%s: the server is away; the work is kept in %s, and a worker that is started with the same --work goes on with it",
			run.Label, dir)
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("%s: %w", run.Label, err)
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
func (w *Worker) withPatience(ctx context.Context) (context.Context, context.CancelFunc) {
	grace := cmp.Or(w.grace, 15*time.Second)
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() { stop(); cancel() }
}

// trainIn trains in a folder, from the latest checkpoint there is.
func (w *Worker) trainIn(ctx context.Context, q *Queue, run Run, placed experiment.Specification, dir string,
	data *experiment.DataSet, progress *progress) (*runfolder.Result, error) {
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
	if here, err := experiment.CheckpointStep(dir); err == nil {
		progress.resume(r.Curve, here)
	}
	return experiment.Train(ctx, dir, data, experiment.Options{Threads: w.Threads, Engines: w.Engines, Observe: progress.observe})
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
	progress *progress) {
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
		latest, losses := progress.told()
		step, loss := latest.Step, runfolder.Number(latest.Smoothed)
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
			r.Step, r.Rate, r.Loss, r.Curve = step, rate, loss, losses
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

// acknowledge tells the server that a message's run is done, and waits a while for its word. A server that dies at that moment
// never answers.
func acknowledge(ctx context.Context, message jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return patiently(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return message.DoubleAck(ctx)
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
	if err := errors.Join(q.discard(ctx, garbage), acknowledge(ctx, message)); err != nil && !isGone(err) && !isAway(err) {
		return err
	}
	return os.RemoveAll(dir)
}
