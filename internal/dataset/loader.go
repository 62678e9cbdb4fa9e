package dataset

import (
	"fmt"

	"alrc/internal/prefetch"
	"alrc/internal/random"
)

// Batch is the images of one training step.
type Batch struct {
	// Step counts batches from 0.
	Step int64
	// Images is [N,H,W,C]: augmented, and each image standardised.
	Images []float32
	// Targets is what a network is to make of them. It is Images itself, but for corrupt data.
	Targets []float32
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

// Loader makes a sequence of batches without end. Each epoch has every image once, in an order of its own, as in the
// published code; batches go on across the ends of epochs. The image at a position of the sequence and its augmentation
// depend on nothing but the seed and the position, which is step * BatchSize + place in the batch.
//
// Batches are made ahead by a goroutine, in buffers that are used again. A Loader belongs to one goroutine.
type Loader struct{ *prefetch.Prefetcher[*Batch] }

// NewLoader starts making batches of images. Next returns one after the other, each of which may be used, and written to, until
// the next call; Close ends the making.
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
	allocate := func() *Batch {
		batch := &Batch{
			Images: make([]float32, options.BatchSize*height*width*channels),
			Index:  make([]int, options.BatchSize),
		}
		batch.Targets = batch.Images
		if _, ok := images.(mistaken); ok {
			batch.Targets = make([]float32, len(batch.Images))
		}
		return batch
	}
	fill := func(step int64, batch *Batch) error { return fillBatch(images, &options, step, batch) }
	return &Loader{prefetch.New(options.FirstStep, allocate, fill)}, nil
}

// fillBatch makes the batch of a step.
func fillBatch(images Images, options *LoaderOptions, step int64, batch *Batch) error {
	_, width, channels := images.Shape()
	size := len(batch.Images) / len(batch.Index)
	count := uint64(images.Len())
	batch.Step = step
	for place := range batch.Index {
		position := uint64(step)*uint64(options.BatchSize) + uint64(place)
		order := random.Permutation{Key: random.Key(random.ForOrder, options.Seed, position/count), N: int(count)}
		index := order.At(int(position % count))
		pixels := batch.Images[place*size : (place+1)*size]
		if err := images.Read(index, pixels); err != nil {
			return fmt.Errorf("read %s: %w", images.ID(index), err)
		}
		batch.Index[place] = index
		prepare := func(pixels []float32) {
			if options.Augment {
				draws := random.New(random.Key(random.ForAugmentation, options.Seed, position))
				augment(pixels, width, channels, &draws)
			} else {
				Standardize(pixels)
			}
		}
		prepare(pixels)
		if m, ok := images.(mistaken); ok {
			target := batch.Targets[place*size : (place+1)*size]
			copy(target, pixels)
			if err := m.target(index, target, prepare); err != nil {
				return fmt.Errorf("read the target of %s: %w", images.ID(index), err)
			}
		}
	}
	return nil
}
