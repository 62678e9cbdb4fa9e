package nn

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A pool runs the phases of a step on a fixed set of threads: the caller's and workers of its own. Phases are short,
// some of them microseconds, so workers wait for the next one awake for a while before they sleep.
type pool struct {
	workers []*worker

	// epoch counts phases; a worker that sees it change takes part in the phase while that is open. The caller waits for
	// the active workers alone: one that the system or another goroutine keeps from its processor holds nobody up.
	epoch  atomic.Uint64
	open   atomic.Bool
	active atomic.Int32
	closed atomic.Bool
	phase  *phase

	// alone is the number of phases that the caller does without the workers, because the system kept one from its processor while
	// it had work; calm is the number of phases since, and patience what alone is set to next.
	alone, calm, patience int

	// sleepers counts the workers that sleep, or are about to, on wake.
	sleepers atomic.Int32
	mutex    sync.Mutex
	wake     *sync.Cond
	finished sync.WaitGroup
}

// phase is work that may be done in any order: tasks of one or more parts. What follows a phase sees all of it done.
type phase struct {
	parts []part
	// ranges are the tasks of each part that each worker begins with, part by part; workers that are done help others.
	ranges []taskRange
}

func newPhase(threads int, parts ...part) phase {
	return phase{parts: parts, ranges: make([]taskRange, threads*len(parts))}
}

// part is tasks of one kind.
type part struct {
	name  string
	tasks func() int
	run   func(w *worker, task int)
}

// taskRange is a worker's share. It fills a cache line, so that workers do not slow each other down.
type taskRange struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

func newPool(threads int, scratch func(*worker)) *pool {
	p := &pool{patience: leastPatience}
	p.wake = sync.NewCond(&p.mutex)
	for i := range threads {
		w := &worker{index: i}
		scratch(w)
		p.workers = append(p.workers, w)
	}
	for _, w := range p.workers[1:] {
		p.finished.Add(1)
		go p.serve(w)
	}
	return p
}

func (p *pool) close() {
	p.closed.Store(true)
	p.epoch.Add(1)
	p.mutex.Lock()
	p.wake.Broadcast()
	p.mutex.Unlock()
	p.finished.Wait()
}

// run does a phase. The caller is worker 0.
func (p *pool) run(ph *phase) {
	threads := len(p.workers)
	alone := threads == 1
	if p.alone > 0 {
		p.alone--
		alone = true
	}
	total := 0
	for i := range ph.parts {
		part := &ph.parts[i]
		count := part.tasks()
		if alone {
			for task := range count {
				part.do(p.workers[0], task)
			}
			continue
		}
		total += count
		// Neighbouring tasks, which tend to share data, go to one worker, and the same tasks to the same worker each time.
		for t := range threads {
			share := &ph.ranges[i*threads+t]
			share.next.Store(int64(count * t / threads))
			share.end = int64(count * (t + 1) / threads)
		}
	}
	if total == 0 {
		return
	}
	if total == 1 {
		ph.work(p.workers[0])
		return
	}
	start := time.Now()
	p.phase = ph
	p.open.Store(true)
	p.epoch.Add(1)
	if p.sleepers.Load() > 0 {
		p.mutex.Lock()
		p.wake.Broadcast()
		p.mutex.Unlock()
	}
	ph.work(p.workers[0])
	p.open.Store(false)
	var begin time.Time
	for spins := 0; p.active.Load() > 0; spins++ {
		// The wait is short as a rule, and what else there is to run is for the workers to let run.
		if spins == patient {
			begin = time.Now()
		}
		if spins > patient {
			runtime.Gosched()
		}
	}
	// A worker may rightly be at a task that is as long as all that the caller did.
	p.judge(!begin.IsZero() && time.Since(begin) > stall+begin.Sub(start))
}

// judge takes note of whether a worker was kept from its processor during a phase. Other programs do that on a busy machine, for
// milliseconds at a time, and two threads that wait for each other are then slower than one alone: the caller goes on alone for a
// while, each time twice as long, until a while has passed without. What is computed does not depend on it.
func (p *pool) judge(stalled bool) {
	const most = 4096 // phases; a step has some fifty
	if stalled {
		p.alone, p.calm = p.patience, 0
		p.patience = min(2*p.patience, most)
		return
	}
	if p.calm++; p.calm > 2*p.patience {
		p.patience = leastPatience
	}
}

// serve is the loop of a worker.
func (p *pool) serve(w *worker) {
	defer p.finished.Done()
	var seen uint64
	for {
		for spins := 0; p.epoch.Load() == seen; spins++ {
			if spins < awake {
				if spins%64 == 63 {
					// Such as the goroutine that makes the next batch.
					runtime.Gosched()
				}
				continue
			}
			p.mutex.Lock()
			p.sleepers.Add(1)
			for p.epoch.Load() == seen {
				p.wake.Wait()
			}
			p.sleepers.Add(-1)
			p.mutex.Unlock()
		}
		seen = p.epoch.Load()
		if p.closed.Load() {
			return
		}
		// Active comes first: either the worker sees that the phase is over, or the caller sees the worker.
		p.active.Add(1)
		if p.open.Load() {
			p.phase.work(w)
		}
		p.active.Add(-1)
	}
}

const (
	// awake is the number of times that a worker looks for work before it sleeps: some hundreds of microseconds, longer
	// than what lies between two steps.
	awake = 200_000
	// patient is the number of times that the caller looks for workers to be done before it lets others run.
	patient = 20_000
	// leastPatience is the number of phases that the caller first goes on alone after a stall.
	leastPatience = 64
	// stall is how long a wait, after that, says that a worker was kept from its processor.
	stall = time.Millisecond
)

// work does a worker's own tasks of all parts, and then those that others have not begun.
func (ph *phase) work(w *worker) {
	threads := len(ph.ranges) / len(ph.parts)
	for i := range threads {
		for p := range ph.parts {
			share := &ph.ranges[p*threads+(w.index+i)%threads]
			for {
				task := share.next.Add(1) - 1
				if task >= share.end {
					break
				}
				ph.parts[p].do(w, int(task))
			}
		}
	}
}

func (p *part) do(w *worker, task int) {
	if w.profile != nil {
		w.profile.timed(p, w, task)
		return
	}
	p.run(w, task)
}
