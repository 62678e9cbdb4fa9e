package dataset

import (
	"errors"
	"fmt"
	"sync"
)

// Batch is the images of one training step.
type Batch struct {
	// Step counts batches from 0.
	Step int64
	// Images is [N,H,W,C]: augmented, and each image standardised.
	Images []float32
	// Index tells which of the source's images they are.
	Index []int
}

// LoaderOptions are the settings of a [Loader].
type LoaderOptions struct {
	// BatchSize is the number of images in a batch, at least 1.
	BatchSize int
	// Seed decides the order and the augmentation.
	Seed uint64
	// Augment applies experiment 1's augmentation; without it images are standardised only.
	Augment bool
	// FirstStep is the step of the first batch: the number of steps that a resumed run has done already.
	FirstStep int64
}

// prefetch is the number of batches that are made ahead. It evens out a slow read now and then; more would only take
// memory.
const prefetch = 4

// ErrClosed is what a closed [Loader] answers.
var ErrClosed = errors.New("dataset: the loader is closed")

// Loader makes a sequence of batches without end. Each epoch has every image once, in an order of its own, as in the
// published code; batches go on across the ends of epochs. The image at a position of the sequence and its augmentation
// depend on nothing but the seed and the position, which is step * BatchSize + place in the batch.
//
// Batches are made ahead by a goroutine, in buffers that are used again. A Loader belongs to one goroutine.
type Loader struct {
	images  Images
	options LoaderOptions
	ready   chan made
	free    chan *Batch
	stop    chan struct{}
	worker  sync.WaitGroup

	lent *Batch
	err  error
}

// made is a batch, or why there are no more.
type made struct {
	batch *Batch
	err   error
}

// NewLoader starts making batches of images. [Loader.Close] ends that.
func NewLoader(images Images, options LoaderOptions) (*Loader, error) {
	height, width, channels := images.Shape()
	switch {
	case images.Len() < 1:
		return nil, fmt.Errorf("%s: there are no images to make batches of", images.Name())
	case channels < 1 || channels > maxChannels:
		return nil, fmt.Errorf("%s: images have %d channels, not 1 to %d", images.Name(), channels, maxChannels)
	case options.BatchSize < 1:
		return nil, fmt.Errorf("batch size %d: give at least 1", options.BatchSize)
	case options.FirstStep < 0:
		return nil, fmt.Errorf("first step %d: give at least 0", options.FirstStep)
	}
	l := &Loader{
		images:  images,
		options: options,
		ready:   make(chan made, prefetch),
		free:    make(chan *Batch, prefetch+1),
		stop:    make(chan struct{}),
	}
	// One batch is with the caller while the others are being made or wait.
	for range prefetch + 1 {
		l.free <- &Batch{
			Images: make([]float32, options.BatchSize*height*width*channels),
			Index:  make([]int, options.BatchSize),
		}
	}
	l.worker.Add(1)
	go l.work()
	return l, nil
}

// Next returns the next batch. It may be used, and written to, until the next call of Next or Close. After an error,
// which is that of an image that could not be read, there are no more batches.
func (l *Loader) Next() (*Batch, error) {
	if l.err != nil {
		return nil, l.err
	}
	if l.lent != nil {
		l.free <- l.lent
		l.lent = nil
	}
	next := <-l.ready
	l.lent, l.err = next.batch, next.err
	return next.batch, next.err
}

// Close ends the making of batches and waits until it has ended. It may be called again.
func (l *Loader) Close() {
	if !errors.Is(l.err, ErrClosed) {
		close(l.stop)
		l.worker.Wait()
		l.err = ErrClosed
	}
}

func (l *Loader) work() {
	defer l.worker.Done()
	for step := l.options.FirstStep; ; step++ {
		var batch *Batch
		select {
		case batch = <-l.free:
		case <-l.stop:
			return
		}
		next := made{batch: batch}
		if err := l.fill(batch, step); err != nil {
			next = made{err: err}
		}
		select {
		case l.ready <- next:
		case <-l.stop:
			return
		}
		if next.err != nil {
			return
		}
	}
}

// fill makes the batch of a step.
func (l *Loader) fill(batch *Batch, step int64) error {
	_, width, channels := l.images.Shape()
	size := len(batch.Images) / len(batch.Index)
	count := uint64(l.images.Len())
	batch.Step = step
	for place := range batch.Index {
		position := uint64(step)*uint64(l.options.BatchSize) + uint64(place)
		order := permutation{key(forOrder, l.options.Seed, position/count), int(count)}
		index := order.at(int(position % count))
		pixels := batch.Images[place*size : (place+1)*size]
		if err := l.images.Read(index, pixels); err != nil {
			return fmt.Errorf("read %s: %w", l.images.ID(index), err)
		}
		batch.Index[place] = index
		if l.options.Augment {
			random := stream{key(forAugmentation, l.options.Seed, position)}
			augment(pixels, width, channels, &random)
		} else {
			Standardize(pixels)
		}
	}
	return nil
}
