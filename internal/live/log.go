package live

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"alrc/internal/curve"
	"alrc/internal/losslog"
)

// lossName is what a log's losses are called.
const lossName = "raw_loss"

// logSource is the source of a log of another program, followed as 'alrc replay --follow' does.
type logSource struct {
	options losslog.Options
	follow  sync.Once

	mutex   sync.Mutex // guards what the goroutine that follows tells
	grew    bool
	turns   bool // its counter goes back
	waiting error
	failed  error
}

func newLogSource(options losslog.Options, path string) *logSource {
	options.Inputs = []string{path}
	return &logSource{options: options}
}

// rest does nothing: a log that is followed keeps its curve.
func (l *logSource) rest() {}

func (l *logSource) poll(ctx context.Context, e *entry) {
	l.follow.Do(func() { go l.run(ctx, e) })
	l.mutex.Lock()
	grew, waiting, failed := l.grew, l.waiting, l.failed
	l.grew = false
	l.mutex.Unlock()
	now := time.Now()
	if info, err := os.Stat(l.options.Inputs[0]); err == nil {
		// What was there before is no news.
		if first := e.since(info.ModTime()); first {
			grew = false
		}
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.index != nil && now.Sub(e.grew) < silentAfter && e.rate.times == nil {
		e.rate.add(e.grew, e.index.Last())
	}
	e.told(now, grew)
	r := &e.run
	quiet := now.Sub(e.grew)
	switch {
	case failed != nil:
		r.State, r.Words, r.Problem = Stopped, "cannot be read", failed.Error()
	case e.index == nil && waiting != nil:
		r.State, r.Words = Waiting, "waiting for losses: "+strings.TrimSpace(waiting.Error())
	case e.index == nil:
		r.State, r.Words = Waiting, "being read"
	case e.index.Diverged():
		r.State, r.Words = Diverged, "diverged"
	case quiet > silentAfter:
		r.State, r.Words = Silent, silence(quiet)
	default:
		r.State, r.Words = Training, "growing"
	}
	e.pace(false)
	if quiet > silentAfter {
		r.Rate, e.rate = unknown(), rate{}
	}
}

// run follows the log until the context ends.
func (l *logSource) run(ctx context.Context, e *entry) {
	tell := func(do func()) {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		do()
	}
	f := logFollower{source: l, entry: e}
	err := losslog.Follow(ctx, l.options, func(err error) { tell(func() { l.waiting = err }) }, func(c *losslog.Chunk) error {
		if err := f.take(ctx, c); err != nil {
			return err
		}
		tell(func() { l.grew = true })
		return ctx.Err()
	})
	if err != nil && ctx.Err() == nil {
		tell(func() { l.failed = explain(err) })
	}
}

// logFollower makes a curve of a log's steps as they come.
type logFollower struct {
	source *logSource
	entry  *entry

	begun bool
	last  int64
	steps int64 // that came
	// skip is how many of those that come next are in the curve already.
	skip int64
	// ordinal says that steps are numbered in the order of the log, since their counter begins anew again and again.
	ordinal bool
	// read is when the log was last read as a whole, and took how long that took.
	read time.Time
	took time.Duration
}

// take takes steps. Where their counter goes back, the whole log says why: the run was resumed, or another one follows, or
// an epoch began. It is read as a whole then, as for a replay.
func (f *logFollower) take(ctx context.Context, c *losslog.Chunk) error {
	back := false
	previous := f.last
	for i := int(min(f.skip, int64(c.Len()))); i < c.Len(); i++ {
		back = back || c.Step(i) <= previous
		previous = c.Step(i)
	}
	f.steps += int64(c.Len())
	skipped := min(f.skip, int64(c.Len()))
	f.skip -= skipped
	if back && !f.ordinal {
		// A log whose counter goes back again and again is not read all the time.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(f.read.Add(5 * f.took))):
		}
		return f.whole()
	}
	f.begin()
	f.add(c, int(skipped))
	return nil
}

func (f *logFollower) begin() {
	if !f.begun {
		f.begun = true
		f.entry.begin(nil, f.source.again, lossName)
	}
}

// add adds steps of a chunk, those that are new.
func (f *logFollower) add(c *losslog.Chunk, from int) {
	var taken []int
	var steps []int64
	for i := from; i < c.Len(); i++ {
		step := c.Step(i)
		if f.ordinal {
			step = f.last + 1
		}
		if step > f.last {
			f.last = step
			taken, steps = append(taken, i), append(steps, step)
		}
	}
	f.entry.add(len(taken), func(k int, r *curve.Row) { fillLogRow(r, c, taken[k], steps[k]) }, 1)
}

// whole reads the log as it is by now from its beginning, and makes the curve anew.
func (f *logFollower) whole() error {
	f.read = time.Now()
	f.begun, f.last, f.ordinal = false, 0, false
	f.source.mutex.Lock()
	f.source.turns = true
	f.source.mutex.Unlock()
	f.begin()
	came, raw, err := f.source.readWhole(func(c *losslog.Chunk) error { f.add(c, 0); return nil })
	if err != nil {
		return err
	}
	f.skip = max(0, came-f.steps)
	f.ordinal = f.last > raw
	f.took = time.Since(f.read)
	return nil
}

// explain keeps the sentence of an error that lists the choices.
func explain(err error) error {
	var choice *losslog.ChoiceError
	if errors.As(err, &choice) {
		return errors.New(strings.TrimSpace(choice.Error()) + ": say which one with --loss and the like")
	}
	return err
}

// fillLogRow makes a row of a curve of a step. A batch's losses have a mean, and are between two others.
func fillLogRow(r *curve.Row, c *losslog.Chunk, i int, step int64) {
	losses := c.Losses(i)
	nan := math.NaN()
	*r = curve.Row{Step: step, Steps: 1, Place: step, Test: nan, Losses: r.Losses}
	var sum float64
	for _, loss := range losses {
		sum += loss
	}
	mean := sum / float64(len(losses))
	if mean-mean != 0 {
		r.Bad = 1
		r.Losses[0] = curve.Single(nan, nan, nan)
		return
	}
	r.Losses[0] = curve.Loss{Min: slices.Min(losses), Max: slices.Max(losses), Mean: mean, Upper: nan, Lower: nan}
}

// again reads the log once more, and calls do with the steps from one to, but without, another; -1 is the end.
func (l *logSource) again(from, to int64, do func(*curve.Row)) error {
	r := curve.Row{Losses: make([]curve.Loss, 1)}
	var last int64
	_, _, err := l.readWhole(func(c *losslog.Chunk) error {
		for i := range c.Len() {
			if step := c.Step(i); step > last && step >= from && (to < 0 || step < to) {
				last = step
				fillLogRow(&r, c, i, step)
				do(&r)
			}
		}
		return nil
	})
	return err
}

// readWhole reads the log from its beginning. Where its counter goes back, that takes two readings, the first of which tells
// what to make of it: it returns the number of its steps, and the last of them as the log counts.
func (l *logSource) readWhole(do func(*losslog.Chunk) error) (came, last int64, err error) {
	log, err := losslog.Open(l.options)
	if err != nil {
		return 0, 0, err
	}
	defer log.Close()
	var chunk losslog.Chunk
	next := func() *losslog.Chunk { chunk.Reset(); return &chunk }
	l.mutex.Lock()
	turns := l.turns
	l.mutex.Unlock()
	if turns {
		_, err = log.Read(next, func(c *losslog.Chunk) error {
			if n := c.Len(); n > 0 {
				came, last = came+int64(n), c.Step(n-1)
			}
			return nil
		})
	}
	if err == nil {
		_, err = log.Read(next, do)
	}
	return came, last, err
}
