package micrograph

import (
	"fmt"
	"sync"

	"alrc/internal/prefetch"
)

// Examples is an endless sequence of crops of micrographs, with the masks of scans. The one at a position depends on the
// images, the scan, the seed and the position alone. Its methods may be called by several goroutines at a time.
type Examples struct {
	// Side is the height and width of crops, in pixels.
	Side int

	crops   *Crops
	scan    Scan
	mask    []float32 // of all positions; nil where masks vary
	buffers sync.Pool // of *[2][]float32
}

// NewExamples makes a sequence of examples of Side x Side pixels. With symmetries, which are for training, each crop is in one
// of the eight orientations of the square; the mask never is.
func NewExamples(images Images, scan Scan, side int, seed uint64, symmetries bool) (*Examples, error) {
	crops, err := NewCrops(images, side, seed, symmetries)
	if err != nil {
		return nil, err
	}
	e := &Examples{Side: side, crops: crops, scan: scan}
	e.buffers.New = func() any { return &[2][]float32{make([]float32, side*side), make([]float32, side*side)} }
	mask := make([]float32, side*side)
	if err := scan.Mask(0, side, side, mask); err != nil {
		return nil, err
	}
	if !scan.Varied {
		e.mask = mask
	}
	return e, nil
}

// ID says which image the crops of a number are of.
func (e *Examples) ID(image int) string { return e.crops.Images.ID(image) }

// Read reads the example at a position into what is not nil: input, [S,S,2], the mask times the micrograph, and the mask;
// target, [S,S], the blurred micrograph; and truth, [S,S], the micrograph itself.
func (e *Examples) Read(position int64, input, target, truth []float32) (Crop, error) {
	buffers := e.buffers.Get().(*[2][]float32)
	defer e.buffers.Put(buffers)
	pixels, mask := buffers[0], buffers[1]
	if truth != nil {
		pixels = truth
	}
	crop, err := e.crops.Read(position, pixels)
	if err != nil {
		return crop, err
	}
	if target != nil {
		Blur(target, pixels, e.Side, e.Side)
	}
	if input == nil {
		return crop, nil
	}
	if e.mask != nil {
		mask = e.mask
	} else if err := e.scan.Mask(position, e.Side, e.Side, mask); err != nil {
		return crop, err
	}
	Join(input, pixels, mask)
	return crop, nil
}

// Join makes a network's input, [H,W,2], of a micrograph and a mask, each [H,W]: their product, and the mask. Where the mask is
// 0 the micrograph may have any value.
func Join(input, pixels, mask []float32) {
	for i, seen := range mask {
		if input[2*i], input[2*i+1] = 0, seen; seen > 0 {
			input[2*i] = seen * pixels[i]
		}
	}
}

// Batch is the examples of one training step.
type Batch struct {
	// Step counts batches from 0.
	Step int64
	// Inputs is [N,S,S,2], Targets [N,S,S,1], and HalfTargets, the targets at half the height and width, [N,S/2,S/2,1].
	Inputs, Targets, HalfTargets []float32
	// Crops says which parts of which images they are.
	Crops []Crop
}

// Loader makes the batches of training steps ahead, on another goroutine. The example at place i of a step is that of position
// step * N + i. A Loader belongs to one goroutine.
type Loader struct{ *prefetch.Prefetcher[*Batch] }

// NewLoader starts making batches, of which the first is that of firstStep: the number of steps that a resumed run has done.
// Next returns one, which may be used until the next call; Close ends the making.
func NewLoader(examples *Examples, batchSize int, firstStep int64) (*Loader, error) {
	if batchSize < 1 {
		return nil, fmt.Errorf("batch size %d: give at least 1", batchSize)
	}
	if firstStep < 0 {
		return nil, fmt.Errorf("first step %d: give at least 0", firstStep)
	}
	side := examples.Side
	area, half := side*side, (side/2)*(side/2)
	allocate := func() *Batch {
		return &Batch{
			Inputs: make([]float32, batchSize*area*2), Targets: make([]float32, batchSize*area),
			HalfTargets: make([]float32, batchSize*half), Crops: make([]Crop, batchSize),
		}
	}
	fill := func(step int64, batch *Batch) (err error) {
		batch.Step = step
		for i := range batch.Crops {
			target := batch.Targets[i*area:][:area]
			batch.Crops[i], err = examples.Read(step*int64(batchSize)+int64(i), batch.Inputs[i*area*2:][:area*2], target, nil)
			if err != nil {
				return err
			}
			Halve(batch.HalfTargets[i*half:][:half], target, side, side)
		}
		return nil
	}
	return &Loader{prefetch.New(firstStep, allocate, fill)}, nil
}
