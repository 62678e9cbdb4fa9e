package spike

import "math"

const (
	// scoreWindow is the number of values before one that it is judged by, and scoreLimit how many of their standard deviations
	// above their mean it is a spike.
	scoreWindow = 128
	scoreLimit  = 6
)

// Score is the SpikeScore of OLMo (OLMo-core's stability monitor): the share of values that are spikes, a spike being
// one that lies more than 6 standard deviations (those of the population) above the mean of the 128 values
// before it. Spikes stay in the window and hide those that follow; within 128 values of one that is not finite, none is found. It
// is here to be compared with what others report; this project's own definition is the [Detector]'s. It is NaN for fewer
// than 129 values.
func Score(values []float64) float64 {
	if len(values) <= scoreWindow {
		return math.NaN()
	}
	spikes := 0
	for i := scoreWindow; i < len(values); i++ {
		if outlies(values[i], values[i-scoreWindow:i]) {
			spikes++
		}
	}
	return float64(spikes) / float64(len(values))
}

func outlies(value float64, before []float64) bool {
	var mean, squares float64
	for _, x := range before {
		mean += x
	}
	mean /= float64(len(before))
	for _, x := range before {
		squares += (x - mean) * (x - mean)
	}
	deviation := math.Sqrt(squares / float64(len(before)))
	return deviation >= 1e-10 && value > mean+scoreLimit*deviation
}
