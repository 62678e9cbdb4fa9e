package stabiliser

import (
	"fmt"
	"math"
)

// window is the last values of something, in the order in which they came.
type window struct {
	values []float64 // a ring
	next   int       // the place of the next one
	held   int
}

func newWindow(size int) window { return window{values: make([]float64, size)} }

// push takes a value in, and returns the one that it takes the place of, 0 where there was none.
func (w *window) push(value float64) (oldest float64) {
	oldest = w.values[w.next]
	w.values[w.next] = value
	w.next = (w.next + 1) % len(w.values)
	w.held = min(w.held+1, len(w.values))
	return oldest
}

// meanAndDeviation returns the mean of what is held, and the sample standard deviation.
func (w *window) meanAndDeviation() (mean, deviation float64) {
	n := float64(w.held)
	for _, value := range w.values[:w.held] {
		mean += value
	}
	mean /= n
	for _, value := range w.values[:w.held] {
		deviation += (value - mean) * (value - mean)
	}
	return mean, math.Sqrt(deviation / (n - 1))
}

// state appends the values, oldest first, after their number.
func (w *window) state(to []float64) []float64 {
	to = append(to, float64(w.held))
	for i := range w.held {
		to = append(to, w.values[(w.next-w.held+i+len(w.values))%len(w.values)])
	}
	return to
}

// restore takes values back from the beginning of a state, and returns the rest of that.
func (w *window) restore(state []float64) (rest []float64, err error) {
	if len(state) == 0 {
		return nil, fmt.Errorf("stabiliser: the state ends where a window of values belongs")
	}
	held, err := count(state[0], len(w.values))
	if err != nil {
		return nil, err
	}
	if state = state[1:]; len(state) < held {
		return nil, fmt.Errorf("stabiliser: the state has %d numbers where a window of %d belongs", len(state), held)
	}
	clear(w.values)
	w.next, w.held = 0, 0
	for _, value := range state[:held] {
		w.push(value)
	}
	return state[held:], nil
}
