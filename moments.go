package alrc

import (
	"fmt"
	"math"
	"slices"
)

// Moments are the running means by which thresholds adapt: Mu1 of the limited losses, Mu2 of their squares, which must be
// above the square of Mu1. As an option they are what the running means start from: overestimates decay to the right
// values, underestimates do not recover well (section 2 of the paper).
type Moments struct {
	Mu1, Mu2 float64
}

// Published returns the paper's starting moments: 25 and 30 squared.
func Published() *Moments { return &Moments{Mu1: 25, Mu2: 900} }

func (m *Moments) validate() error {
	if m == nil {
		return nil
	}
	if !(math.Abs(m.Mu1) <= LargestLoss) {
		return fmt.Errorf("alrc: option Moments.Mu1 is %v: it must be a number from %g to %g", m.Mu1, -LargestLoss, LargestLoss)
	}
	if !(m.Mu2 > m.Mu1*m.Mu1) || m.Mu2 > LargestLoss*LargestLoss {
		return fmt.Errorf("alrc: option Moments.Mu2 is %v: it must be above the square of Mu1, %v, and at most %g",
			m.Mu2, m.Mu1*m.Mu1, LargestLoss*LargestLoss)
	}
	return nil
}

// moments are running means of limited losses. They start from given values, or by themselves (start.go).
type moments struct {
	decay    float64
	mu1, mu2 float64
	// up and down are running mean distances above and below mu1, kept where sides is set.
	sides    bool
	up, down float64
	bias     float64 // decay^t after t steps of an automatic start; 0 where moments were given
	start    [StartSteps]StartStep
	started  int // starting steps kept; StartSteps when the start is over
}

func newMoments(decay float64, given *Moments, sides bool) moments {
	if given == nil {
		return moments{decay: decay, sides: sides, bias: 1}
	}
	m := moments{decay: decay, sides: sides, mu1: given.Mu1, mu2: given.Mu2, started: StartSteps}
	m.startSides()
	return m
}

// validateDecay checks an option that has its default.
func validateDecay(decay float64) error {
	if !(decay > 0 && decay < 1) {
		return fmt.Errorf("alrc: option Decay is %v: it must be above 0 and below 1 (0 stands for %v)", decay, DefaultDecay)
	}
	return nil
}

// startSides starts the distances from the standard deviation.
func (m *moments) startSides() {
	if m.sides {
		m.up = math.Sqrt(max(m.mu2-float64(m.mu1*m.mu1), 0))
		m.down = m.up
	}
}

// sigma is the running standard deviation.
func (m *moments) sigma() float64 {
	variance := m.mu2 - float64(m.mu1*m.mu1)
	if variance < 0 { // quicker than max
		variance = 0
	}
	return math.Sqrt(variance + Epsilon)
}

// values returns the moments, NaN before the first loss.
func (m *moments) values() Moments {
	if m.started == 0 {
		return Moments{math.NaN(), math.NaN()}
	}
	return Moments{m.mu1, m.mu2}
}

// observe moves the moments by a step. A step without a finite loss changes nothing.
func (m *moments) observe(s *Statistics) {
	if s.Count == 0 {
		return
	}
	mean, square := s.Sum, s.SumSquares
	if s.Count != 1 {
		mean /= float64(s.Count)
		square /= float64(s.Count)
	}
	if m.starting() {
		m.observeStart(mean, square)
		return
	}
	keep := m.move(mean, square)
	if m.sides {
		m.up = blendDistance(keep, m.up, s.Above, s.CountAbove)
		m.down = blendDistance(keep, m.down, s.Below, s.CountBelow)
	}
}

// move moves the running means by those of a step, after the start, and returns the decay that it moves them by.
func (m *moments) move(mean, square float64) (keep float64) {
	keep = m.decay
	if m.bias > 0 {
		keep = m.startingDecay()
	}
	m.mu1 = blend(keep, m.mu1, mean)
	m.mu2 = blend(keep, m.mu2, square)
	return keep
}

// blend returns a running mean, moved on. The conversions forbid fusing the products with the sum, which some
// processors would do: results are the same on all.
func blend(keep, old, new float64) float64 {
	return float64(keep*old) + float64((1-keep)*new)
}

// blendDistance moves the running mean distance on one side; a step with no loss there leaves it as it is.
func blendDistance(keep, old, sum float64, count int) float64 {
	if count == 0 {
		return old
	}
	return blend(keep, old, sum/float64(count))
}

func (m *moments) save(s *State) {
	s.Mu1, s.Mu2, s.Up, s.Down, s.Bias = m.mu1, m.mu2, m.up, m.down, m.bias
	if m.starting() {
		s.Start = slices.Clone(m.start[:m.started])
	}
}

// load takes a validated state. A start goes on where any step of it was kept or none was observed at all.
func (m *moments) load(s State) {
	m.mu1, m.mu2, m.up, m.down, m.bias = s.Mu1, s.Mu2, s.Up, s.Down, s.Bias
	m.started = copy(m.start[:], s.Start)
	if len(s.Start) == 0 && s.Bias < 1 {
		m.started = StartSteps
	}
}
