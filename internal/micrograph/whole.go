package micrograph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"alrc/internal/imagefile"
)

// Whole is a micrograph that was seen wholly, scaled to [-1, 1].
type Whole struct {
	Name          string // of its file, without folder and ending
	Pixels        []float32
	Height, Width int
}

// ReadWhole reads the first image of a file.
func ReadWhole(path string) (*Whole, error) {
	pixels, height, width, err := imagefile.ReadGrey(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, value := range pixels {
		if !imagefile.Finite(value) {
			return nil, fmt.Errorf("%s: the pixel at row %d, column %d is %v", path, i/width, i%width, value)
		}
	}
	low, high := IntensityRange(pixels)
	ScaleIntensity(pixels, low, high)
	name := filepath.Base(path)
	return &Whole{Name: name[:len(name)-len(filepath.Ext(name))], Pixels: pixels, Height: height, Width: width}, nil
}

// Trials are scans of whole micrographs.
type Trials struct {
	Images []*Whole
	Scans  []Scan
	// Completed, where not nil, is told of every completion, by several goroutines at a time.
	Completed func(scan, image int, pixels []float32)
}

// Evaluate completes every scan of every image by a method, and returns the comparisons with the truth by scan and image.
func (t Trials) Evaluate(ctx context.Context, m Method, o EvaluateOptions) ([][]Comparison, error) {
	results := make([][]Comparison, len(t.Scans))
	for i := range results {
		results[i] = make([]Comparison, len(t.Images))
	}
	workers := cmp.Or(o.Threads, runtime.GOMAXPROCS(0))
	if m.Serial {
		workers = 1
	}
	errs := make([]error, workers)
	var next atomic.Int64
	var working sync.WaitGroup
	for worker := range workers {
		working.Add(1)
		go func() {
			defer working.Done()
			for i := int(next.Add(1)) - 1; i < len(t.Scans)*len(t.Images) && errs[worker] == nil; i = int(next.Add(1)) - 1 {
				scan, image := i/len(t.Images), i%len(t.Images)
				results[scan][image], errs[worker] = t.evaluate(ctx, m, scan, image)
				if o.Observe != nil {
					o.Observe()
				}
			}
		}()
	}
	working.Wait()
	return results, errors.Join(errs...)
}

func (t Trials) evaluate(ctx context.Context, m Method, scan, number int) (Comparison, error) {
	if err := ctx.Err(); err != nil {
		return Comparison{}, err
	}
	image := t.Images[number]
	mask := make([]float32, len(image.Pixels))
	if err := t.Scans[scan].Mask(0, image.Height, image.Width, mask); err != nil {
		return Comparison{}, err
	}
	c, err := m.Complete(ctx, image.Pixels, mask, image.Height, image.Width)
	if err != nil {
		return Comparison{}, fmt.Errorf("%s of %s: %w", m.Name, image.Name, err)
	}
	if !m.Blurs {
		c.keep(image.Pixels, mask)
	}
	if t.Completed != nil {
		t.Completed(scan, number, c.Pixels)
	}
	return m.Compare(c.Pixels, image.Pixels, image.Height, image.Width), nil
}
