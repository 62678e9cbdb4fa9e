package watch

import (
	"math"
	"sync"

	"alrc/internal/losslog"
	"alrc/internal/spike"
)

// Watcher judges the losses of a run as they come, and those of runs that follow it in the same log. Its methods may be called by several goroutines.
type Watcher struct {
	// Alert is told of each episode as it begins and as it is over, and Keep of what was logged around it, once enough
	// was logged after. They are called one at a time; an error of either ends the watch.
	Alert func(Alert) error
	Keep  func(*Record) error
	// Anew is told of the first step of another run in the same log.
	Anew func(step int64)

	mutex    sync.Mutex
	detector *spike.Detector
	run      opening
	records  int64 // of the run
	earlier  int64 // those of runs before it
	losses   ring[Loss]
	lines    ring[line]
	around   []*Record // not complete yet
	alerts   int
	failed   error
	diverged bool
}

// Loss is a step's loss.
type Loss struct {
	Step int64  `json:"step"`
	Loss number `json:"loss"`
}

// line is a line of output, and the number of losses that were read before it.
type line struct {
	text   string
	record int64
}

// New returns a watcher for a run that begins.
func New() *Watcher {
	w := &Watcher{losses: newRing[Loss](keptLosses), lines: newRing[line](keptLines)}
	w.judge()
	return w
}

// judge begins to judge a run.
func (w *Watcher) judge() {
	w.detector = spike.New()
	w.detector.OnEpisode = w.episode
}

// anew ends the run so far, and begins another.
func (w *Watcher) anew(step int64) {
	w.detector.Close()
	w.complete(true)
	w.judge()
	w.earlier += w.records
	w.records = 0
	w.run = opening{}
	w.losses = newRing[Loss](keptLosses)
	for i := range w.lines.things { // they were all before it
		w.lines.things[i].record = 0
	}
	if w.Anew != nil {
		w.Anew(step)
	}
}

// Steps takes the next steps. A step is judged by the mean of its losses, and by none if one of them is not finite.
func (w *Watcher) Steps(c *losslog.Chunk) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for i := range c.Len() {
		var sum float64
		losses := c.Losses(i)
		for _, loss := range losses {
			sum += loss
		}
		mean := sum / float64(len(losses))
		if mean-mean != 0 && len(losses) > 1 {
			mean = math.NaN()
		}
		if w.run.isBack(c.Step(i)) {
			if losses, _ := w.losses.all(); w.run.again(mean, losses) {
				w.anew(c.Step(i))
			}
		}
		w.run.add(c.Step(i), mean)
		w.losses.add(Loss{c.Step(i), number(mean)})
		w.records++
		for _, r := range w.around {
			r.follow(Loss{c.Step(i), number(mean)})
		}
		w.detector.Add(c.Step(i), mean)
		w.complete(false)
		if w.failed != nil {
			return w.failed
		}
	}
	w.diverged = w.detector.Diverged()
	return nil
}

// Line takes a line of what the program wrote, before the losses in it.
func (w *Watcher) Line(text string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	const longest = 1000
	if len(text) > longest {
		text = text[:longest] + "..."
	}
	w.lines.add(line{text, w.records})
	for _, r := range w.around {
		r.line(text)
	}
}

// Close judges what waits, now that no more will come.
func (w *Watcher) Close() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.failed != nil {
		w.complete(true)
		return w.failed
	}
	summary := w.detector.Close()
	w.diverged = summary.Condition == spike.Divergent
	w.complete(true)
	return w.failed
}

// Alerts returns the number of episodes so far.
func (w *Watcher) Alerts() int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.alerts
}

// Diverged says that the loss has left for good, as far as can be told by now.
func (w *Watcher) Diverged() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.diverged
}

// Records returns the number of losses so far.
func (w *Watcher) Records() int64 {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.earlier + w.records
}

// episode is told by the detector.
func (w *Watcher) episode(e *spike.Episode, over bool) {
	if w.failed != nil {
		return
	}
	alert := newAlert(e, over)
	if w.run.inEpochs {
		alert.Record = e.Record + 1
	}
	if !over {
		w.alerts++
		w.around = append(w.around, newRecord(e, alert, w))
	}
	for _, r := range w.around {
		if r.episode == e {
			r.over = over
		}
	}
	if w.Alert != nil {
		w.failed = w.Alert(alert)
	}
}

// complete hands on the records that have enough after their episodes, or all.
func (w *Watcher) complete(all bool) {
	kept := w.around[:0]
	for _, r := range w.around {
		if !all && !r.complete() {
			kept = append(kept, r)
			continue
		}
		r.finish()
		if w.Keep != nil {
			if err := w.Keep(r); w.failed == nil {
				w.failed = err
			}
		}
	}
	clear(w.around[len(kept):])
	w.around = kept
}

// ring keeps the last things.
type ring[T any] struct {
	things []T
	count  int
}

func newRing[T any](most int) ring[T] { return ring[T]{things: make([]T, most)} }

func (r *ring[T]) add(thing T) {
	r.things[r.count%len(r.things)] = thing
	r.count++
}

// all returns the things that are kept, the oldest first, and the number of those before them.
func (r *ring[T]) all() (things []T, before int) {
	before = max(0, r.count-len(r.things))
	for i := before; i < r.count; i++ {
		things = append(things, r.things[i%len(r.things)])
	}
	return things, before
}
