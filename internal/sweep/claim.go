package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"alrc/internal/experiment"
)

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
