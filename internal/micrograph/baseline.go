package micrograph

import (
	"context"
	"sync"
)

// Kriging takes about ten times as long as linear interpolation, so that of many held-out crops it completes the first ones: as
// many as have krigedPixels, and at least fewestKriged.
const (
	krigedPixels = 100 * 64 * 64
	fewestKriged = 8
)

// KrigedCrops is how many of so many held-out crops, [side,side], kriging is compared on.
func KrigedCrops(count, side int) int {
	return min(count, max(fewestKriged, krigedPixels/(side*side)))
}

// BaselineErrors is how near methods without a network come to the truth of the same held-out crops. Runs that are compared share
// them, and what one has asked for need not be computed again. The zero value is ready to use, by several goroutines at a time.
type BaselineErrors struct {
	mutex sync.Mutex
	known map[string][]float64
}

// MSE returns a method's mean squared errors on the first examples, against the blurred truth in [-1, 1]. The examples must be the
// same whenever it is called.
func (b *BaselineErrors) MSE(ctx context.Context, m Method, examples *Examples, count int) ([]float64, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if known := b.known[m.Name]; len(known) >= count {
		return known[:count], nil
	}
	comparisons, err := m.Evaluate(ctx, examples, count, EvaluateOptions{})
	if err != nil {
		return nil, err
	}
	errors := make([]float64, count)
	for i, comparison := range comparisons {
		errors[i] = comparison.Blurred.MSE
	}
	if b.known == nil {
		b.known = map[string][]float64{}
	}
	b.known[m.Name] = errors
	return errors, nil
}
