package alrc

import (
	"math"
	"slices"
)

// starting says whether nothing may be clipped yet.
func (m *moments) starting() bool { return m.started < StartSteps }

// startingDecay moves on to the next step and returns the decay for it. Bias correction of running means has rate
// (1-decay) / (1-decay^t), which is about 1/t: the mean of all steps so far, in which a high start is forgotten as
// 1/t only. Here the rate is about 3/t, by which it is forgotten as 1/t^3; as decay^t vanishes both become 1-decay.
func (m *moments) startingDecay() float64 {
	m.age()
	rate := (1 - m.decay) * (1 + (StartForgetting-1)*m.bias) / (1 - m.bias)
	return 1 - min(rate, 1)
}

// age moves decay^t on to the next step t.
func (m *moments) age() {
	m.bias *= m.decay
	if m.bias < 1e-17 {
		m.bias = 0
	}
}

// observeStart keeps a step of the start, and makes the moments of the steps kept so far: their plain means, each
// limited to what is typical among them so that a spike does little harm. (Steps are compared, rather than losses,
// so that the statistics of a step are all that replicas share.)
func (m *moments) observeStart(mean, square float64) {
	m.start[m.started] = StartStep{Mean: mean, RMS: math.Sqrt(square)}
	m.started++
	m.age()
	steps := m.start[:m.started]
	var means, roots [StartSteps]float64
	for i, step := range steps {
		means[i], roots[i] = step.Mean, step.RMS
	}
	lowMean, highMean := typicalRange(means[:m.started])
	lowRoot, highRoot := typicalRange(roots[:m.started])
	m.mu1, m.mu2 = 0, 0
	for _, step := range steps {
		root := min(max(step.RMS, lowRoot), highRoot)
		m.mu1 += min(max(step.Mean, lowMean), highMean) / float64(m.started)
		m.mu2 += float64(root*root) / float64(m.started)
	}
	m.mu2 = max(m.mu2, float64(m.mu1*m.mu1))
	m.startSides()
}

// typicalRange sorts values and returns their median less and plus StartReach distances to the value beyond which
// a fifth of them lie. It takes each side by its own distance, since losses are skewed, and rather far out, since
// losses may be the same, such as 0, in most steps: where even that distance is 0 the side is open.
func typicalRange(values []float64) (low, high float64) {
	slices.Sort(values)
	n := len(values)
	middle := values[(n-1)/2]/2 + values[n/2]/2
	beyond := n / StartBeyond
	low, high = math.Inf(-1), math.Inf(1)
	if below := middle - values[beyond]; below > 0 {
		low = middle - float64(StartReach*below)
	}
	if above := values[n-1-beyond] - middle; above > 0 {
		high = middle + float64(StartReach*above)
	}
	return low, high
}
