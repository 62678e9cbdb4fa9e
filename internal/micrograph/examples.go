package micrograph

import (
	"context"
	"fmt"
	"sync"

	"alrc/internal/prefetch"
)

// Examples is an endless sequence of crops of micrographs, with the masks of scans. The one at a position depends on the
// images, the scan, the seed and the position alone. Its methods may be called by several goroutines at a time.
type Examples struct {
	// Side is the height and width of crops, in pixels.
	Side int
	// Kriged gives inputs a third channel, the scan as kriging completes it, blurred as targets are; a target is then what is to be
	// added to that.
	Kriged bool

	crops   *Crops
	scan    Scan
	mask    []float32 // of all positions; nil where masks vary
	buffers sync.Pool // of *[2][]float32
}

// NewExamples makes a sequence of examples of Side x Side pixels. With symmetries, which are for training, each crop is in one
// of the eight orientations of the square; the mask never is.
func NewExamples(images Images, scan Scan, side int, seed uint64, symmetries bool) (*Examples, error) {
	crops, err := newCrops(images, side, seed, symmetries)
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

// Channels is the number of channels of inputs.
func (e *Examples) Channels() int {
	if e.Kriged {
		return 3
	}
	return 2
}

// Read reads the example at a position into what is not nil: input, [S,S,Channels], the mask times the micrograph, the mask, and
// with Kriged what kriging makes of them; target, [S,S], the blurred micrograph, with Kriged without the third channel, and not
// without an input; and truth, [S,S], the micrograph itself.
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
		blur(target, pixels, e.Side, e.Side)
	}
	if input == nil {
		return crop, nil
	}
	if e.mask != nil {
		mask = e.mask
	} else if err := e.scan.Mask(position, e.Side, e.Side, mask); err != nil {
		return crop, err
	}
	if !e.Kriged {
		join(input, pixels, mask)
		return crop, nil
	}
	kriged, err := krigedInput(context.Background(), pixels, mask, e.Side, e.Side, 1)
	if err != nil {
		return crop, err
	}
	join(input, pixels, mask, kriged)
	for i := range target {
		target[i] -= kriged[i]
	}
	return crop, nil
}

// join makes a network's input, [H,W,C], of a micrograph and a mask, each [H,W], and more channels: the micrograph's and the mask's
// product, the mask, and the others. Where the mask is 0 the micrograph may have any value.
func join(input, pixels, mask []float32, others ...[]float32) {
	channels := 2 + len(others)
	for i, seen := range mask {
		at := input[i*channels:][:channels]
		if at[0], at[1] = 0, seen; seen > 0 {
			at[0] = seen * pixels[i]
		}
		for k, other := range others {
			at[2+k] = other[i]
		}
	}
}

// Batch is the examples of one training step.
type Batch struct {
	// Step counts batches from 0.
	Step int64
	// Inputs is [N,S,S,C], Targets [N,S,S,1], and HalfTargets, the targets at half the height and width, [N,S/2,S/2,1].
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
	side, channels := examples.Side, examples.Channels()
	area, half := side*side, (side/2)*(side/2)
	allocate := func() *Batch {
		return &Batch{
			Inputs: make([]float32, batchSize*area*channels), Targets: make([]float32, batchSize*area),
			HalfTargets: make([]float32, batchSize*half), Crops: make([]Crop, batchSize),
		}
	}
	fill := func(step int64, batch *Batch) (err error) {
		batch.Step = step
		for i := range batch.Crops {
			target := batch.Targets[i*area:][:area]
			batch.Crops[i], err = examples.Read(step*int64(batchSize)+int64(i), batch.Inputs[i*area*channels:][:area*channels], target, nil)
			if err != nil {
				return err
			}
			Halve(batch.HalfTargets[i*half:][:half], target, side, side)
		}
		return nil
	}
	return &Loader{prefetch.New(firstStep, allocate, fill)}, nil
}
