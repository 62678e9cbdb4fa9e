package micrograph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Metrics say how near a completion is to the truth, both in [-1, 1].
type Metrics struct {
	MSE  float64
	PSNR float64 // in decibels; +Inf without any difference
	SSIM float64
}

// Comparison is a completion against the truth and against the blurred truth, which networks are trained to give. What other
// methods give is blurred alike for the latter.
type Comparison struct{ Raw, Blurred Metrics }

// Compare compares a method's completion of an image, [height,width], with the truth.
func (m Method) Compare(completed, truth []float32, height, width int) Comparison {
	blurredTruth := make([]float32, len(truth))
	blur(blurredTruth, truth, height, width)
	blurred := completed
	if !m.Blurs {
		blurred = make([]float32, len(completed))
		blur(blurred, completed, height, width)
	}
	return Comparison{metrics(completed, truth, height, width), metrics(blurred, blurredTruth, height, width)}
}

func metrics(a, b []float32, height, width int) Metrics {
	mse := MSE(a, b)
	return Metrics{mse, PSNR(mse), SSIM(a, b, height, width)}
}

// EvaluateOptions are what the results of an evaluation do not depend on.
type EvaluateOptions struct {
	// Threads is the number of examples that methods which allow it complete at a time; 0 stands for the number of processors.
	Threads int
	// Observe, where not nil, is called after every example, by several goroutines at a time.
	Observe func()
}

// Evaluate completes the examples at positions 0 to count-1 by a method, and returns each one's comparison with the truth.
// Scans with thin coverage have crops of which nothing was seen: there a method that needs something gives the middle of the range.
func (m Method) Evaluate(ctx context.Context, examples *Examples, count int, o EvaluateOptions) ([]Comparison, error) {
	workers := cmp.Or(o.Threads, runtime.GOMAXPROCS(0))
	if m.Serial {
		workers = 1
	}
	results := make([]Comparison, count)
	errs := make([]error, workers)
	var next atomic.Int64
	var working sync.WaitGroup
	for worker := range workers {
		working.Add(1)
		go func() {
			defer working.Done()
			area := examples.Side * examples.Side
			input, truth, mask := make([]float32, 2*area), make([]float32, area), make([]float32, area)
			for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
				if errs[worker] = ctx.Err(); errs[worker] != nil {
					return
				}
				if _, err := examples.Read(i, input, nil, truth); err != nil {
					errs[worker] = err
					return
				}
				for at := range mask {
					mask[at] = input[2*at+1]
				}
				completed, err := m.Complete(ctx, truth, mask, examples.Side, examples.Side)
				if errors.Is(err, errNothingSeen) {
					completed, err = &Completion{Pixels: make([]float32, area)}, nil
				}
				if err != nil {
					errs[worker] = fmt.Errorf("%s, example %d: %w", m.Name, i, err)
					return
				}
				if !m.Blurs {
					completed.keep(truth, mask)
				}
				results[i] = m.Compare(completed.Pixels, truth, examples.Side, examples.Side)
				if o.Observe != nil {
					o.Observe()
				}
			}
		}()
	}
	working.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return results, nil
}
