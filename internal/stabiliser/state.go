package stabiliser

import (
	"errors"
	"fmt"
	"math"
)

// expect is an error where a state has another number of values.
func expect(state []float64, count int) error {
	if len(state) != count {
		return fmt.Errorf("stabiliser: the state has %d numbers where %d belong", len(state), count)
	}
	return nil
}

// count reads a number of a state that counts something, at most a number.
func count(value float64, most int) (int, error) {
	n := int(value)
	if float64(n) != value || n < 0 || n > most {
		return 0, fmt.Errorf("stabiliser: %v in the state is no whole number from 0 to %d", value, most)
	}
	return n, nil
}

// maxSteps is more steps than any run has.
const maxSteps = min(1<<52, math.MaxInt)

// truth is a bool as a number of a state.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// ErrNoState is the error of numbers that are no state of a stabiliser.
var ErrNoState = errors.New("stabiliser: the numbers are no state of it")
