package nn

import (
	"sync/atomic"
	"time"
)

// profile is how long a thread spent on each part of the step.
type profile struct{ spent map[string]time.Duration }

// timed does a task and notes how long it took.
func (p *profile) timed(part *part, w *worker, task int) {
	begin := time.Now()
	part.run(w, task)
	p.spent[part.name] += time.Since(begin)
}

// lossPart is the name of what the calling thread does between forward and backward.
const lossPart = "loss and clipping"

// Profile switches timing on or off, and returns the time that all threads together spent on each part of the step
// since it was switched on. Parts are named "LAYER forward", "LAYER data gradient" and so on.
func (e *Engine) Profile(on bool) map[string]time.Duration {
	total := map[string]time.Duration{}
	for _, w := range e.pool.workers {
		if w.profile != nil {
			for name, spent := range w.profile.spent {
				total[name] += spent
			}
		}
		w.profile = nil
		if on {
			w.profile = &profile{map[string]time.Duration{}}
		}
	}
	return total
}

// note adds the time since begin to a part of the calling thread's, where a profile is made.
func (e *Engine) note(name string, begin time.Time) {
	if p := e.pool.workers[0].profile; p != nil {
		p.spent[name] += time.Since(begin)
	}
}

// Threads is the number of threads that the engine computes with.
func (e *Engine) Threads() int { return len(e.pool.workers) }

// Peak measures the most floating-point operations a second that the engine's threads do together: multiplying and
// adding in registers, without memory. It is the best of several tries, some tenths of a second in all.
func (e *Engine) Peak() (perSecond float64) {
	const tries = 20
	// Some milliseconds of work, whatever the set.
	rounds := 200_000
	if e.set.Name == "portable" {
		rounds = 2_000
	}
	var operations atomic.Int64
	tasks := len(e.pool.workers)
	work := e.newPhase(part{name: "peak", tasks: func() int { return tasks }, run: func(*worker, int) {
		operations.Add(e.set.Peak(rounds))
	}})
	for range tries {
		operations.Store(0)
		begin := time.Now()
		e.pool.run(&work)
		perSecond = max(perSecond, float64(operations.Load())/time.Since(begin).Seconds())
	}
	return perSecond
}
