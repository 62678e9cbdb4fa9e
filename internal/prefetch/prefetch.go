// Package prefetch makes the batches of training steps ahead of the step that needs them.
package prefetch

import (
	"errors"
	"sync"
)

// Ahead is the number of batches that are made ahead. It evens out a slow read now and then; more would only take memory.
const Ahead = 4

// ErrClosed is what a closed [Prefetcher] answers.
var ErrClosed = errors.New("no more batches: their making was closed")

// Prefetcher makes a sequence of batches ahead, on a goroutine of its own, in buffers that are used again. It belongs to one
// goroutine.
type Prefetcher[B any] struct {
	fill  func(step int64, batch B) error
	ready chan prefetched[B]
	free  chan B
	stop  chan struct{}
	work  sync.WaitGroup

	lent []B // the batch that is with the caller, if any
	err  error
}

// prefetched is a batch, or why there are no more.
type prefetched[B any] struct {
	batch B
	err   error
}

// New starts making batches: allocate makes a buffer, and fill fills it with the batch of a step, counted from first on.
// [Prefetcher.Close] ends that.
func New[B any](first int64, allocate func() B, fill func(step int64, batch B) error) *Prefetcher[B] {
	p := &Prefetcher[B]{
		fill:  fill,
		ready: make(chan prefetched[B], Ahead),
		free:  make(chan B, Ahead+1),
		stop:  make(chan struct{}),
	}
	// One batch is with the caller while the others are being made or wait.
	for range Ahead + 1 {
		p.free <- allocate()
	}
	p.work.Add(1)
	go p.run(first)
	return p
}

// Next returns the next batch. It may be used, and written to, until the next call of Next or Close. After an error there are
// no more batches.
func (p *Prefetcher[B]) Next() (B, error) {
	var none B
	if p.err != nil {
		return none, p.err
	}
	for _, batch := range p.lent {
		p.free <- batch
	}
	p.lent = p.lent[:0]
	next := <-p.ready
	if p.err = next.err; p.err != nil {
		return none, p.err
	}
	p.lent = append(p.lent, next.batch)
	return next.batch, nil
}

// Close ends the making of batches and waits until it has ended. It may be called again.
func (p *Prefetcher[B]) Close() {
	if !errors.Is(p.err, ErrClosed) {
		close(p.stop)
		p.work.Wait()
		p.err = ErrClosed
	}
}

func (p *Prefetcher[B]) run(step int64) {
	defer p.work.Done()
	for ; ; step++ {
		var next prefetched[B]
		select {
		case next.batch = <-p.free:
		case <-p.stop:
			return
		}
		next.err = p.fill(step, next.batch)
		select {
		case p.ready <- next:
		case <-p.stop:
			return
		}
		if next.err != nil {
			return
		}
	}
}
