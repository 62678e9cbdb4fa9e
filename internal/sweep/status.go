package sweep

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"alrc/internal/curve"
	"alrc/internal/runfolder"
)

// RunStatus is where one run stands.
type RunStatus struct {
	Run   Run
	State State
	// Worker has the run, or had it last; Step is how far it is, Rate the steps a second, and Loss the running mean of
	// its raw losses. Rate and Loss are 0 while they are not known.
	Worker string
	Step   int64
	Rate   float64
	Loss   float64
	// Curve is its losses in few points, as its worker told them last; nil where it has told none.
	Curve    *curve.Curve
	Failures []Failure
	// Declined is why a worker that was offered the run left it.
	Declined string
	// Result is that of a run that is done.
	Result *runfolder.Result
}

// Status is where a sweep stands.
type Status struct {
	Runs []RunStatus
	// Live reports whether the sweep's server told; else only results in the folder are known.
	Live bool
}

// Counts returns the number of runs in each state.
func (s *Status) Counts() map[State]int {
	counts := map[State]int{}
	for _, run := range s.Runs {
		counts[run.State]++
	}
	return counts
}

// Fates returns the number of runs that are done by how they ended.
func (s *Status) Fates() map[runfolder.Fate]int {
	fates := map[runfolder.Fate]int{}
	for _, run := range s.Runs {
		if run.Result != nil {
			fates[run.Result.Fate()]++
		}
	}
	return fates
}

// Failed returns the runs that were set aside.
func (s *Status) Failed() []RunStatus {
	var failed []RunStatus
	for _, run := range s.Runs {
		if run.State == Failed {
			failed = append(failed, run)
		}
	}
	return failed
}

func (s *Status) steps() (steps int64) {
	for _, run := range s.Runs {
		steps += run.Step
	}
	return steps
}

// Share is the share of the sweep's work that is done, by the arithmetic that it takes.
func (s *Status) Share() float64 {
	var all, left float64
	for _, run := range s.Runs {
		all += run.Run.cost()
		left += run.left()
	}
	return 1 - left/all
}

// left is the work of a run that is left to do.
func (r *RunStatus) left() float64 {
	switch r.State {
	case Done, Failed:
		return 0
	}
	return r.Run.cost() * (1 - float64(r.Step)/float64(r.Run.Specification.Steps))
}

// Left estimates how long the sweep will take yet, from how fast the runs in progress go; it is unknown, with ok false,
// while none is known to.
func (s *Status) Left() (left time.Duration, ok bool) {
	var speed, work float64
	for i := range s.Runs {
		run := &s.Runs[i]
		work += run.left()
		if run.State == Running && run.Rate > 0 {
			speed += run.Run.cost() / float64(run.Run.Specification.Steps) * run.Rate
		}
	}
	const longest = 100 * 365 * 24 * 3600
	seconds := work / speed
	if !(seconds < longest) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// status joins what the folder has and what the server says.
func (f *Folder) status(records map[string]record) (*Status, error) {
	s := &Status{Live: records != nil}
	for _, run := range f.Plan.Runs {
		r := records[run.ID]
		status := RunStatus{Run: run, State: Waiting, Worker: r.Worker, Step: r.Step, Rate: r.Rate, Loss: float64(r.Loss), Curve: r.Curve,
			Failures: r.Failures, Declined: r.Declined}
		if r.State == Running || r.State == Failed {
			status.State = r.State
		}
		result, err := f.Result(run)
		if err == nil {
			status.State, status.Step, status.Result = Done, run.Specification.Steps, result
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		s.Runs = append(s.Runs, status)
	}
	return s, nil
}

// Status asks the sweep's server where it stands, and the folder alone where that is not to be reached. An empty
// connection is that of the sweep's own server.
func (f *Folder) Status(ctx context.Context, c Connection) (*Status, error) {
	own := c.URL == ""
	if own {
		access, err := f.Access()
		if errors.Is(err, fs.ErrNotExist) {
			return f.status(nil)
		}
		if err != nil {
			return nil, err
		}
		c = access.Connection()
	}
	connection, err := c.dial()
	if err != nil && own {
		return f.status(nil)
	}
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	js, err := connectJetStream(connection)
	if err != nil {
		return nil, err
	}
	q, err := openQueue(ctx, js, f.Plan.ID())
	if isGone(err) {
		return f.status(nil)
	}
	if err != nil {
		return nil, err
	}
	records, err := q.all(ctx)
	if err != nil {
		return nil, err
	}
	return f.status(records)
}
