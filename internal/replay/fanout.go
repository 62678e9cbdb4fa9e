package replay

import (
	"errors"
	"sync"

	"alrc/internal/losslog"
)

// readForAll reads a log once, and each of several consumers takes all of its steps, side by side.
func readForAll(log *losslog.Log, consumers []func(*losslog.Chunk) error) (again bool, err error) {
	f := newFanOut(consumers)
	again, err = log.Read(f.next, f.send)
	return again, errors.Join(err, f.close())
}

// fanOut passes chunks of steps to several consumers at once. A chunk is used again once all are done with it.
type fanOut struct {
	free      chan *losslog.Chunk
	queues    []chan shared
	errs      []error
	running   sync.WaitGroup // the consumers
	returning sync.WaitGroup // the chunks that are at work
}

type shared struct {
	chunk *losslog.Chunk
	left  *sync.WaitGroup
}

func newFanOut(consumers []func(*losslog.Chunk) error) *fanOut {
	f := &fanOut{free: make(chan *losslog.Chunk, 4), queues: make([]chan shared, len(consumers)), errs: make([]error, len(consumers))}
	for range cap(f.free) {
		f.free <- new(losslog.Chunk)
	}
	for i, consume := range consumers {
		f.queues[i] = make(chan shared, cap(f.free))
		f.running.Add(1)
		go func() {
			defer f.running.Done()
			for item := range f.queues[i] {
				if f.errs[i] == nil {
					f.errs[i] = consume(item.chunk)
				}
				item.left.Done()
			}
		}()
	}
	return f
}

// next returns an empty chunk, once there is one.
func (f *fanOut) next() *losslog.Chunk { return <-f.free }

// send hands a chunk to all consumers.
func (f *fanOut) send(c *losslog.Chunk) error {
	if c.Len() == 0 {
		c.Reset()
		f.free <- c
		return nil
	}
	left := new(sync.WaitGroup)
	left.Add(len(f.queues))
	for _, queue := range f.queues {
		queue <- shared{c, left}
	}
	f.returning.Add(1)
	go func() {
		left.Wait()
		c.Reset()
		f.free <- c
		f.returning.Done()
	}()
	return nil
}

// close waits until all is consumed.
func (f *fanOut) close() error {
	for _, queue := range f.queues {
		close(queue)
	}
	f.running.Wait()
	f.returning.Wait()
	return errors.Join(f.errs...)
}
