package alrc

import (
	"fmt"
	"math"
	"slices"
)

// startSteps is the number of steps, of those with a finite loss, that an automatic start watches before anything
// is clipped.
const startSteps = 20

// startSpread is how many typical deviations (median absolute deviations, times 1.4826 so that they are standard
// deviations where losses are normal) a starting step may lie from the median before it is limited to that.
const startSpread = 10

// moments are running means of limited losses. They start from given values, or by themselves: then the first steps
// are kept, limited to startSpread typical deviations about their median so that a spike among them does no harm,
// and averaged; from there on the means are bias-corrected, which forgets the start as 1/t rather than by the decay
// alone. (The median of steps, not of losses, is taken so that statistics of a step are all that replicas share.)
type moments struct {
	decay    float64
	mu1, mu2 float64
	// up and down are running mean distances above and below mu1.
	up, down float64
	bias     float64 // decay^t of t observed steps; 0 where moments were given
	start    [startSteps]StartStep
	started  int // starting steps kept; startSteps when the start is over
}

func newMoments(decay float64, given *Moments) (moments, error) {
	if decay == 0 {
		decay = defaultDecay
	}
	if !(decay > 0 && decay < 1) {
		return moments{}, fmt.Errorf("alrc: option Decay is %v: it must be above 0 and below 1 (0 stands for %v)", decay, defaultDecay)
	}
	if err := given.validate(); err != nil {
		return moments{}, err
	}
	if given == nil {
		return moments{decay: decay, bias: 1}, nil
	}
	m := moments{decay: decay, mu1: given.Mu1, mu2: given.Mu2, started: startSteps}
	m.up = math.Sqrt(given.Mu2 - float64(given.Mu1*given.Mu1))
	m.down = m.up
	return m, nil
}

// starting says whether nothing may be clipped yet.
func (m *moments) starting() bool { return m.started < startSteps }

// sigma is the running standard deviation.
func (m *moments) sigma() float64 {
	return math.Sqrt(max(m.mu2-float64(m.mu1*m.mu1), 0) + epsilon)
}

// values are the moments as they stand, NaN before the first loss.
func (m *moments) values() (mu1, mu2 float64) {
	if m.starting() && m.started == 0 {
		return math.NaN(), math.NaN()
	}
	return m.mu1, m.mu2
}

// observe moves the moments by a step. Of a step without a finite loss they know nothing.
func (m *moments) observe(s Statistics) {
	if s.Count <= 0 || !finite(s.Sum) || !(s.SumSquares >= 0) || !finite(s.SumSquares) {
		return
	}
	mean, square := s.Sum/float64(s.Count), s.SumSquares/float64(s.Count)
	// Statistics that did not come from Scales are held to what losses can have.
	mean, square = min(max(mean, -largest), largest), min(square, largest*largest)
	if m.starting() {
		m.observeStart(mean, square)
		return
	}
	keep := m.decay
	if m.bias > 0 {
		keep = m.correctedDecay()
	}
	if s.CountAbove > 0 && finite(s.Above) && s.Above >= 0 {
		m.up = blend(keep, m.up, min(s.Above/float64(s.CountAbove), 2*largest))
	}
	if s.CountBelow > 0 && finite(s.Below) && s.Below >= 0 {
		m.down = blend(keep, m.down, min(s.Below/float64(s.CountBelow), 2*largest))
	}
	m.mu1 = blend(keep, m.mu1, mean)
	m.mu2 = blend(keep, m.mu2, square)
}

// correctedDecay moves on to the next step t and returns the decay that makes the running mean the bias-corrected
// one: 1 - (1-decay) / (1-decay^t).
func (m *moments) correctedDecay() float64 {
	m.bias *= m.decay
	if m.bias < 1e-17 {
		m.bias = 0
		return m.decay
	}
	return 1 - (1-m.decay)/(1-m.bias)
}

func blend(keep, old, new float64) float64 {
	return float64(keep*old) + float64((1-keep)*new)
}

// observeStart keeps a step of the start, and makes the moments of the steps kept so far.
func (m *moments) observeStart(mean, square float64) {
	m.start[m.started] = StartStep{Mean: mean, RMS: math.Sqrt(square)}
	m.started++
	var means, roots [startSteps]float64
	for i, step := range m.start[:m.started] {
		means[i], roots[i] = step.Mean, step.RMS
	}
	lowMean, highMean := typicalRange(means[:m.started])
	lowRoot, highRoot := typicalRange(roots[:m.started])
	m.mu1, m.mu2, m.bias = 0, 0, 1
	for _, step := range m.start[:m.started] {
		keep := m.correctedDecay()
		root := min(max(step.RMS, lowRoot), highRoot)
		m.mu1 = blend(keep, m.mu1, min(max(step.Mean, lowMean), highMean))
		m.mu2 = blend(keep, m.mu2, root*root)
	}
	m.mu2 = max(m.mu2, float64(m.mu1*m.mu1))
	m.up = math.Sqrt(m.mu2 - float64(m.mu1*m.mu1))
	m.down = m.up
}

// typicalRange returns the median of values, which it sorts, less and plus startSpread typical deviations.
func typicalRange(values []float64) (low, high float64) {
	middle := sortedMedian(values)
	var store [startSteps]float64
	deviations := store[:len(values)]
	for i, value := range values {
		deviations[i] = math.Abs(value - middle)
	}
	reach := startSpread * 1.4826 * sortedMedian(deviations)
	return middle - reach, middle + reach
}

// sortedMedian sorts values and returns their median.
func sortedMedian(values []float64) float64 {
	slices.Sort(values)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half]
	}
	return values[half-1]/2 + values[half]/2
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
		m.started = startSteps
	}
}
