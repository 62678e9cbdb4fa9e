package kriging

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// Options configures kriging. Its zero value is kriging as it is meant to be used.
type Options struct {
	// Smoothing is the standard deviation, in pixels, of the Gaussian that smooths the background out of the scan; 0 stands
	// for 16.
	Smoothing float64
	// Rounds is the number of times that the covariance is estimated anew; 0 stands for 3, and a negative number for none.
	Rounds int
	// Samples is the number of samples of the field that its uncertainty is estimated from; without any, there is none.
	Samples int
	// Threads is the number of threads; 0 stands for the number of processors. Results do not depend on it.
	Threads int
	// Seed decides the samples.
	Seed uint64
}

// Conjugate gradients end at these residuals: of the estimate, and of samples, which are random anyway. An edge without noise
// takes about 100 iterations to the first, noisy images 20 to 35.
const (
	tolerance       = 5e-4
	sampleTolerance = 2e-3
	iterationLimit  = 400
)

// Convergence says how a solution by conjugate gradients ended.
type Convergence struct {
	Iterations int
	// Residual is relative to the first one, in the norm of the preconditioner.
	Residual, Tolerance float64
}

// Converged says that the residual became as small as it was meant to.
func (c Convergence) Converged() bool { return c.Residual <= c.Tolerance }

// Estimate is a field as it is estimated.
type Estimate struct {
	// Mean is what is expected, [height,width], at seen pixels too, where it is without their noise.
	Mean []float32
	// Kept is the share of a seen pixel's value in the best estimate of what a longer look at it would have measured, beside that
	// of Mean: 1 where a partly seen pixel is no noisier than a wholly seen one, and 0 where nothing was seen.
	Kept []float32
	// Deviation is the standard deviation of a wholly seen pixel about Mean, with its noise, where samples were asked for.
	Deviation []float32
	// Convergence is that of the tile that came least far.
	Convergence
	// Tiles is the number of parts that the image was estimated in.
	Tiles int
}

// Complete estimates the field of which a scan, [height,width], saw the pixels whose mask is above 0, at least one.
func Complete(ctx context.Context, pixels, mask []float32, height, width int, o Options) (*Estimate, error) {
	if height < 1 || width < 1 || len(pixels) != height*width || len(mask) != len(pixels) {
		return nil, fmt.Errorf("an image of %d values and a mask of %d, for %dx%d pixels", len(pixels), len(mask), width, height)
	}
	if o.Smoothing == 0 {
		o.Smoothing = 16
	}
	if o.Rounds == 0 {
		o.Rounds = 3
	}
	if o.Threads < 1 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if _, _, seen := moments(pixels, mask); seen == 0 {
		return nil, errors.New("the mask is 0 everywhere: nothing was seen")
	}
	rows, columns := spans(height), spans(width)
	if len(rows)*len(columns) > 1 {
		return completeTiles(ctx, pixels, mask, width, rows, columns, o)
	}
	e, err := estimate(ctx, pixels, mask, height, width, o, 0)
	if err == nil {
		e.Tiles = 1
	}
	return e, err
}

// completeTiles estimates several tiles at a time, and lays them down in one order.
func completeTiles(ctx context.Context, pixels, mask []float32, width int, rows, columns []span, o Options) (*Estimate, error) {
	tiles := len(rows) * len(columns)
	workers := min(o.Threads, tiles)
	o.Threads = 1
	average, variance, _ := moments(pixels, mask)
	done, errs, ready := make([]*Estimate, tiles), make([]error, tiles), make([]chan struct{}, tiles)
	for i := range ready {
		ready[i] = make(chan struct{})
	}
	room := make(chan struct{}, 2*workers) // for tiles that are not laid down yet
	var next atomic.Int64
	for range workers {
		go func() {
			for {
				room <- struct{}{}
				i := int(next.Add(1)) - 1
				if i >= tiles {
					<-room
					return
				}
				down, along := rows[i/len(columns)], columns[i%len(columns)]
				part, partMask := cut(pixels, width, down, along), cut(mask, width, down, along)
				if _, _, seen := moments(part, partMask); seen == 0 {
					done[i] = flat(average, math.Sqrt(variance), len(part))
				} else {
					done[i], errs[i] = estimate(ctx, part, partMask, down.length, along.length, o, uint64(i))
				}
				close(ready[i])
			}
		}()
	}
	result := newEstimate(len(pixels), o.Samples > 0)
	for i := range tiles {
		<-ready[i]
		if errs[i] == nil {
			result.lay(done[i], width, rows[i/len(columns)], columns[i%len(columns)])
		}
		done[i] = nil
		<-room
	}
	if err := errors.Join(errs...); err != nil {
		return nil, ctx.Err()
	}
	for i, kept := range result.Kept {
		if kept > 1-1e-5 {
			result.Kept[i] = 1 // Weights sum to 1 but for rounding.
		}
	}
	return result, nil
}

func newEstimate(n int, deviation bool) *Estimate {
	e := &Estimate{Mean: make([]float32, n), Kept: make([]float32, n)}
	if deviation {
		e.Deviation = make([]float32, n)
	}
	return e
}

// estimate does it for a tile.
func estimate(ctx context.Context, pixels, mask []float32, height, width int, o Options, tile uint64) (*Estimate, error) {
	f := newField(pixels, mask, height, width, o.Smoothing, o.Threads, rand.New(rand.NewPCG(o.Seed, tile)))
	e := newEstimate(len(pixels), o.Samples > 0)
	values := make([]float64, len(pixels))
	if !f.constant {
		for range o.Rounds {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			f.sample(values, sampleTolerance, iterationLimit)
			f.improve(values)
		}
		if o.Samples > 0 {
			f.deviation(e.Deviation, o.Samples)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e.Convergence = f.system.solve(f.z, tolerance, iterationLimit)
		f.system.field(values, f.system.u)
	}
	for i, value := range values {
		e.Mean[i] = float32(value + f.background[i])
		if m := mask[i]; m > 0 {
			e.Kept[i] = 1
			if f.passing > 0 {
				e.Kept[i] = float32(min(1, f.noise(1)/f.noise(m)))
			}
		}
	}
	return e, nil
}
