// Package curve makes of a run's losses what can be drawn: thinned to as many points as a screen has, with nothing lost
// that stands out. Served pages and reports draw the same [Curve].
package curve

import (
	"encoding/json"
	"math"
	"strconv"

	"alrc/internal/spike"
)

// Curve is the losses of a run over a range of steps. Its arrays have an element for each point, and a point stands for
// one step or several that follow one another. Arrays that a run has nothing for are left out of the JSON.
type Curve struct {
	// Loss names the losses: raw_loss is the losses themselves, loss what clipping saw of them, which is Huberised where
	// the run asks for it, and NAME_loss those of a further output of the network. Losses are the names that the run has.
	Loss   string   `json:"loss"`
	Losses []string `json:"losses"`
	// First and Last are the first and the last step that the run has by now, both 0 where it has none.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Exact says that every point is a single step.
	Exact bool `json:"exact"`
	// Step is the last step of each point, and Steps the number of its steps.
	Step  []int64 `json:"step"`
	Steps []int64 `json:"steps"`
	// Seconds is the time of training up to Step, without that of evaluations; left out where a log does not tell.
	Seconds Numbers `json:"seconds,omitempty"`
	// Min, Max and Mean are of the point's finite losses, null where it has none.
	Min  Numbers `json:"min"`
	Max  Numbers `json:"max"`
	Mean Numbers `json:"mean"`
	// Smoothed is the losses smoothed over Window steps, at the point.
	Smoothed Numbers `json:"smoothed,omitempty"`
	Window   int64   `json:"window,omitempty"`
	// Threshold and Lower are the means of the upper and lower limits of the losses; null where there was none.
	Threshold Numbers `json:"threshold,omitempty"`
	Lower     Numbers `json:"lower,omitempty"`
	// Clipped counts the losses that were clipped, and Bad the steps whose loss is not finite.
	Clipped []int64 `json:"clipped,omitempty"`
	Bad     []int64 `json:"bad,omitempty"`
	// Tests are the losses of held-out examples in the range.
	Tests []Test `json:"tests,omitempty"`
	// Episodes are those that touch the range, of the raw losses: the largest ones of a run that has very many.
	Episodes []Episode `json:"episodes,omitempty"`
}

// Test is the mean loss of held-out examples after a step.
type Test struct {
	Step int64  `json:"step"`
	Loss Number `json:"loss"`
}

// Episode is a spike, or several that belong together; see [spike.Episode].
type Episode struct {
	Start     int64      `json:"start"`
	Peak      int64      `json:"peak"`
	End       int64      `json:"end"`
	PeakLoss  Number     `json:"peak_loss"` // null where no loss was finite
	Sigmas    Number     `json:"sigmas"`    // how far PeakLoss is from Baseline, in robust standard deviations
	Baseline  Number     `json:"baseline"`
	Spikes    int        `json:"spikes"`
	NonFinite int        `json:"non_finite,omitempty"`
	Kind      spike.Kind `json:"kind"` // spike, shift, open or diverged; "" while it goes on
	Back      bool       `json:"back"`
}

// digits is how many digits of a loss are of use to someone who looks.
const digits = 6

// Number is a number with six digits in JSON, null where it is not finite.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

// Numbers are numbers, each with six digits in JSON, or null where it is not finite.
type Numbers []float64

// MarshalJSON implements json.Marshaler.
func (n Numbers) MarshalJSON() ([]byte, error) {
	text := append(make([]byte, 0, 9*len(n)+2), '[')
	for i, value := range n {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendNumber(text, value)
	}
	return append(text, ']'), nil
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Numbers) UnmarshalJSON(text []byte) error {
	var numbers []Number
	if err := json.Unmarshal(text, &numbers); err != nil {
		return err
	}
	*n = make(Numbers, len(numbers))
	for i, value := range numbers {
		(*n)[i] = float64(value)
	}
	return nil
}

func appendNumber(text []byte, value float64) []byte {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return append(text, "null"...)
	}
	return strconv.AppendFloat(text, value, 'g', digits, 64)
}
