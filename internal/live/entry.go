package live

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"alrc/internal/curve"
	"alrc/internal/runfolder"
)

// smallPoints is the number of points of a small curve.
const smallPoints = 48

// source is where an entry's losses come from. Its methods are called by one goroutine at a time.
type source interface {
	// poll reads what was added since the last time.
	poll(ctx context.Context, e *entry)
	// rest makes the source forget what it keeps beside the entry, to begin anew when it is polled again.
	rest()
}

// entry is a run, or a log, that is served.
type entry struct {
	id     string
	source source
	// polling keeps others from polling the source, and guards when that was last done.
	polling sync.Mutex
	polled  time.Time

	mutex  sync.Mutex // guards what follows
	run    Run        // as it is told
	index  *curve.Index
	bins   int
	root   string           // the folder that the user named, in which the run's own is
	dir    string           // the run's folder, "" where it is not on this machine
	steps  *runfolder.Steps // nil where there is no table
	read   curve.Reader     // nil where single steps are not known
	again  bool             // curves must be asked for anew
	small  Small            // of an index that is not kept
	asked  time.Time        // when the curve was last of use
	rate   rate
	grew   time.Time // when losses were last seen to grow
	result bool      // the run ended: its losses change no more
	// dropped says that the curve is to be read again when it is asked for.
	dropped bool
}

func newEntry(id string, s source, run Run) *entry {
	run.ID, run.Rate, run.Left, run.Loss, run.TestLoss = id, unknown(), unknown(), unknown(), unknown()
	return &entry{id: id, source: s, run: run}
}

// begin begins the curve of losses of some names. Single steps are known where there is a table of them, or a reader.
func (e *entry) begin(steps *runfolder.Steps, read curve.Reader, names ...string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.index = curve.NewIndex(e.bins, names...)
	e.steps, e.read = steps, read
	e.run.Thinned, e.run.Losses = read == nil, names
	e.again = true
	e.rate = rate{}
}

// at says where the run's folder is.
func (e *entry) at(root, dir string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.root, e.dir = root, dir
}

// add adds rows to the curve, as many as fill gives out.
func (e *entry) add(n int, fill func(i int, r *curve.Row), losses int) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	r := curve.Row{Losses: make([]curve.Loss, losses)}
	for i := range n {
		fill(i, &r)
		e.index.Add(&r)
	}
}

// told brings what is told of the run up to date with its curve.
func (e *entry) told(now time.Time, grew bool) {
	x, r := e.index, &e.run
	if x == nil {
		return
	}
	if grew {
		e.grew = now
		e.rate.add(now, x.Last())
	}
	r.Step, r.Loss, r.TestLoss = x.Last(), curve.Number(x.Late()), curve.Number(x.LastTest())
	r.Episodes, r.Clipped, r.Bad = x.Counts()
}

// pace tells the rate and the time left of a run that goes on.
func (e *entry) pace(going bool) {
	r := &e.run
	per, known := e.rate.per()
	if !known && e.index != nil && e.index.Seconds() > 0 {
		per, known = float64(e.index.Last())/e.index.Seconds(), true
	}
	r.Rate, r.Left = unknown(), unknown()
	if known {
		r.Rate = Number(round(per))
	}
	if known && going && r.Steps > r.Step && per > 0 {
		r.Left = Number(math.Ceil(float64(r.Steps-r.Step) / per))
	}
}

// round keeps two digits of a rate, so that what hardly changes is not told again and again.
func round(value float64) float64 {
	if !(value > 0) {
		return value
	}
	unit := math.Pow(10, math.Floor(math.Log10(value))-1)
	return math.Round(value/unit) * unit
}

// rate is how fast steps come of late.
type rate struct {
	times []time.Time
	steps []int64
}

const (
	rateWindow = 30 * time.Second
	rateLeast  = 3 * time.Second
)

func (r *rate) add(now time.Time, step int64) {
	if n := len(r.times); n > 0 && now.Sub(r.times[n-1]) < time.Second/2 {
		return
	}
	r.times, r.steps = append(r.times, now), append(r.steps, step)
	for len(r.times) > 2 && now.Sub(r.times[1]) > rateWindow {
		r.times, r.steps = r.times[1:], r.steps[1:]
	}
}

// per is steps a second, where that is known.
func (r *rate) per() (float64, bool) {
	n := len(r.times)
	if n < 2 || r.times[n-1].Sub(r.times[0]) < rateLeast {
		return 0, false
	}
	return float64(r.steps[n-1]-r.steps[0]) / r.times[n-1].Sub(r.times[0]).Seconds(), true
}

// patience is how long a run may tell nothing before that is said, at a rate of steps a second, 0 where it is not known.
func patience(rate float64) time.Duration {
	if !(rate > 0) {
		return silentAfter
	}
	return max(silentAfter, time.Duration(min(10/rate, 3600)*float64(time.Second)))
}

// silence says for how long something was silent, coarsely, so that it is not told anew each second.
func silence(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("silent for %d s", int(d.Seconds())/10*10)
	case d < time.Hour:
		return fmt.Sprintf("silent for %d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("silent for %d h", int(d.Hours()))
	}
	return fmt.Sprintf("silent for %d days", int(d.Hours()/24))
}

// ended says how a run ended, by its result.
func (r *Run) ended(result *runfolder.Result) {
	r.Words = result.Ending()
	switch result.Fate() {
	case runfolder.Sound:
		r.State, r.Words = Done, "done"
	case runfolder.IsDead:
		r.State = Dead
	default:
		r.State = Diverged
	}
}

// size is about the memory that the entry's curve takes.
func (e *entry) size() int {
	if e.index == nil {
		return 0
	}
	return e.index.Size()
}

// drop forgets the curve, which is read again when it is asked for, but for a small one. It is false where someone is at it.
func (e *entry) drop() bool {
	if !e.polling.TryLock() {
		return false
	}
	defer e.polling.Unlock()
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.index == nil {
		return false
	}
	e.small.Step, e.small.Mean = e.index.Small(smallPoints)
	e.index, e.read, e.steps, e.dropped = nil, nil, nil, true
	e.source.rest()
	return true
}

func (e *entry) isDropped() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.dropped
}

// pick makes a curve that was dropped be read again with the next poll. It is false where it was not dropped.
func (e *entry) pick() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	dropped := e.dropped
	e.dropped = false
	return dropped
}

// setBins says how fine a curve may be that is read from now on, where so many are kept.
func (e *entry) setBins(runs int) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	switch {
	case runs <= 40:
		e.bins = 0
	case runs <= 100:
		e.bins = 4096
	default:
		e.bins = 2048
	}
}

// sparkline is the small curve.
func (e *entry) sparkline() Small {
	if e.index == nil {
		return e.small
	}
	var s Small
	s.Step, s.Mean = e.index.Small(smallPoints)
	return s
}
