package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"alrc/internal/experiment"
	"alrc/internal/place"
)

// Options are how a sweep is run; its results do not depend on them.
type Options struct {
	// Connection, where its URL is not "", names a server to run the sweep on; else one is started in this process.
	Connection Connection
	// Jobs is the number of runs to train in this process at a time; 0 trains none, and leaves them to other workers.
	Jobs int
	// Threads is the number of threads of each run; 0 shares the processors between the jobs.
	Threads int
	// DataDir is the folder of CIFAR-10's files, or of images, on this machine.
	DataDir string
	// Engines are the available engines besides the CPU engine.
	Engines experiment.Engines
	// Silence is how long a worker may give no sign of life before its run goes to another; 0 stands for 30 seconds.
	Silence time.Duration
	// Name and Environment are those of this process's worker.
	Name        string
	Environment *experiment.Environment
	// Report, where not nil, is told what happens, a line at a time, and Observe is told the sweep's status when it
	// has changed.
	Report  func(string)
	Observe func(*Status)
}

// Resolver returns a function for [Specification.Expand]: it writes the hash of the images in a folder, and the kernel set
// of this machine, into a run's specification.
func Resolver(dataDir string, engines experiment.Engines) func(*experiment.Specification) error {
	opener := place.Opener{Dir: dataDir}
	return func(s *experiment.Specification) error {
		placed := *s
		var opened *place.Set
		var err error
		if placed.Data, opened, err = opener.Open(s.Data); err != nil {
			return err
		}
		if err := experiment.Resolve(&placed, opened, engines); err != nil {
			return err
		}
		s.Kernels, s.Data.Hash = placed.Kernels, placed.Data.Hash
		return nil
	}
}

// ErrUntrainable is the error of a sweep of which this machine can train no run that is left, such as for want of the data.
var ErrUntrainable = errors.New("this machine can train none of the runs that are left")

// localPrefix begins the names of workers that end with the sweep's own process.
const localPrefix = "local:"

// Run trains all runs of the sweep that have no results yet, and puts those into the folder. It returns when every
// run is done or set aside; when the context ends, runs in progress are handed back first. A run that was set aside is
// tried again.
func (f *Folder) Run(ctx context.Context, o Options) (*Status, error) {
	claimed, err := f.claim()
	if err != nil {
		return nil, err
	}
	defer claimed.Close()
	if o.Silence == 0 {
		o.Silence = 30 * time.Second
	}
	var worker *Worker
	if o.Jobs > 0 {
		worker = f.worker(o)
		if err := f.trainable(worker); err != nil {
			return nil, err
		}
	}
	connection := o.Connection
	stopServer := func() {}
	if connection.URL == "" {
		server, err := f.startServer()
		if err != nil {
			return nil, err
		}
		stopServer = sync.OnceFunc(server.stop)
		defer stopServer()
		connection = server.connection()
	}
	if connection.Report == nil {
		connection.Report = o.Report
	}
	dialled, err := connection.dial()
	if err != nil {
		return nil, err
	}
	defer dialled.Close()
	js, err := connectJetStream(dialled)
	if err != nil {
		return nil, err
	}
	var q *Queue
	if err := patiently(ctx, func(ctx context.Context) (err error) {
		if q, err = createQueue(ctx, js, f.Plan.ID(), f.Plan.Title, o.Silence); err == nil {
			err = f.enqueue(ctx, q, o.Connection.URL == "")
		}
		return err
	}); err != nil {
		return nil, stopped(ctx, err)
	}

	// The workers go on when one of them cannot; the sweep itself stops then, since its own machine is in trouble.
	working, stopWork := context.WithCancelCause(ctx)
	defer stopWork(nil)
	ended, delivered := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(ended)
		if worker != nil {
			worker.delivered = delivered
			if err := worker.work(working, dialled, q.id); err != nil {
				stopWork(err)
			}
		}
	}()
	status, err := f.collect(working, q, o, delivered)
	if cause := context.Cause(working); err != nil && cause != nil && ctx.Err() == nil {
		err = cause
	}
	stopWork(nil)
	<-ended
	if err != nil {
		return status, err
	}
	if len(status.Failed()) == 0 {
		// Every result is in the folder: nothing is left for a server to keep.
		err = q.remove(context.WithoutCancel(ctx))
		dialled.Close()
		stopServer()
		for _, name := range []string{storeFolder, workFolder, serverFile} {
			err = errors.Join(err, os.RemoveAll(f.path(name)))
		}
	}
	return status, err
}

func (f *Folder) worker(o Options) *Worker {
	threads := o.Threads
	if threads == 0 {
		threads = max(1, runtime.GOMAXPROCS(0)/o.Jobs)
	}
	return &Worker{Name: localPrefix + o.Name, Jobs: o.Jobs, Threads: threads, Data: place.Opener{Dir: o.DataDir}, Folder: f.path(workFolder),
		Engines: o.Engines, Environment: o.Environment, Report: o.Report}
}

// trainable returns an error where a worker can train none of the runs without results, such as for want of their data.
func (f *Folder) trainable(w *Worker) error {
	var first error
	tried := map[string]bool{}
	for _, run := range f.Plan.Runs {
		s := run.Specification
		needs := fmt.Sprintf("%+v %s %s", s.Data, s.Engine, s.Kernels)
		if f.has(run) || tried[needs] {
			continue
		}
		tried[needs] = true
		_, _, err := w.prepare(s)
		if err == nil {
			return nil
		}
		if first == nil {
			first = fmt.Errorf("%w: %s: %w", ErrUntrainable, run.Label, err)
		}
	}
	return first
}

// enqueue makes the queue hold every run without results: those that it has never had, those that were set aside, and
// on the sweep's own server, those that an earlier process of this sweep had when it was killed.
func (f *Folder) enqueue(ctx context.Context, q *Queue, own bool) error {
	known, err := q.all(ctx)
	if err != nil {
		return err
	}
	orphans := false
	for _, run := range f.Plan.Runs {
		if f.has(run) {
			continue
		}
		r, ok := known[run.ID]
		orphan := own && ok && r.State == Running && strings.HasPrefix(r.Worker, localPrefix)
		orphans = orphans || orphan
		switch {
		case !ok:
			err = q.create(ctx, run.ID, record{State: Waiting})
		case r.State == Failed || orphan:
			_, err = q.change(ctx, run.ID, func(r *record) bool {
				if r.State == Failed {
					r.Failures = nil
				}
				r.State, r.Rate = Waiting, 0
				return true
			})
		}
		if err == nil && r.State != Done {
			err = q.publish(ctx, run)
		}
		if err != nil {
			return fmt.Errorf("put %s in the queue: %w", run.Label, err)
		}
	}
	if orphans {
		return q.redeliver(ctx)
	}
	return nil
}

// all returns every record.
func (q *Queue) all(ctx context.Context) (map[string]record, error) {
	watcher, err := q.records.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	records := map[string]record{}
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(callTimeout):
			return nil, fmt.Errorf("the server does not send the sweep's records: %w", nats.ErrTimeout)
		case entry, ok := <-watcher.Updates():
			if entry == nil { // all are read
				if !ok {
					return nil, fmt.Errorf("the server ended the list of the sweep's records: %w", nats.ErrDisconnected)
				}
				return records, nil
			}
			r, err := parseRecord(entry)
			if err != nil {
				return nil, err
			}
			records[entry.Key()] = r
		}
	}
}

// collect takes results in as they come, until every run is done or set aside. Those of this process's worker it takes in at
// once, and those of others soon.
func (f *Folder) collect(ctx context.Context, q *Queue, o Options, delivered <-chan struct{}) (*Status, error) {
	var shown string
	for {
		var records map[string]record
		err := patiently(ctx, func(ctx context.Context) (err error) {
			bounded, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			records, err = q.all(bounded)
			return err
		})
		if err != nil {
			return nil, stopped(ctx, err)
		}
		for _, run := range f.Plan.Runs {
			if r := records[run.ID]; r.State == Done && !f.has(run) {
				if err := f.takeIn(ctx, q, run, r); err != nil {
					return nil, stopped(ctx, err)
				}
			}
		}
		status, err := f.status(records)
		if err != nil {
			return nil, err
		}
		if err := f.setFailures(status.Failed()); err != nil {
			return status, err
		}
		if text := fmt.Sprint(status.Counts(), status.steps()); o.Observe != nil && text != shown {
			shown = text
			o.Observe(status)
		}
		open := status.Counts()[Waiting] + status.Counts()[Running]
		if open == 0 {
			return status, nil
		}
		// A run that was put back while the server dropped its message would wait for ever.
		if info, err := q.stream.Info(ctx); err == nil && info.State.Msgs < uint64(open) {
			for _, run := range status.Runs {
				if run.State == Waiting && records[run.Run.ID].State == Waiting {
					q.publish(ctx, run.Run) // what fails now is tried again in a moment
				}
			}
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-delivered:
		case <-time.After(idle / 2):
		}
	}
}

// stopped is the context's error where that is why something failed.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// takeIn puts a run's results into the folder. The server keeps them until the sweep is done.
func (f *Folder) takeIn(ctx context.Context, q *Queue, run Run, r record) error {
	return patiently(ctx, func(ctx context.Context) error {
		archive, err := q.fetch(ctx, r.Result)
		if err != nil {
			return fmt.Errorf("fetch the results of %s: %w", run.Label, err)
		}
		if err := f.put(run, archive); err != nil {
			return fmt.Errorf("keep the results of %s in %s (they stay on the server, and are fetched when the sweep is run again): %w",
				run.Label, f.Dir, err)
		}
		return nil
	})
}
