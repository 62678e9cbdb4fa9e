package spike

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// TestScoreAgreesWithOLMo holds the score against that of OLMo-core's own code, which judges losses and gradient norms.
func TestScoreAgreesWithOLMo(t *testing.T) {
	content, err := os.ReadFile("testdata/spike-score.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Losses, Norms []float64
		Spikes        []int
		Score         float64
	}
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	var spikes []int
	for i := scoreWindow; i < len(golden.Losses); i++ {
		if outlies(golden.Losses[i], golden.Losses[i-scoreWindow:i]) || outlies(golden.Norms[i], golden.Norms[i-scoreWindow:i]) {
			spikes = append(spikes, i)
		}
	}
	if !slices.Equal(spikes, golden.Spikes) || float64(len(spikes))/float64(len(golden.Losses)) != golden.Score {
		t.Errorf("spikes at %v, not at %v", spikes, golden.Spikes)
	}
}

func TestScore(t *testing.T) {
	calm := func(n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = 1 + float64(i%7)/100
		}
		return values
	}
	with := func(values []float64, at int, value float64) []float64 {
		values[at] = value
		return values
	}
	level := make([]float64, 300)
	for name, test := range map[string]struct {
		values []float64
		want   float64
	}{
		"calm":              {calm(400), 0},
		"a spike":           {with(calm(528), 300, 2), 1. / 528},
		"before the window": {with(calm(528), 100, 2), 0},
		// The first spike widens the window of the second.
		"a lower one soon after": {with(with(calm(528), 300, 2), 310, 1.4), 1. / 528},
		"a lower one later":      {with(with(calm(528), 300, 2), 430, 1.4), 2. / 528},
		"a fall":                 {with(calm(528), 300, 0), 0},
		"soon after a NaN":       {with(with(calm(528), 300, math.NaN()), 310, 2), 0},
		"a level without noise":  {with(level, 200, 1), 0},
	} {
		if got := Score(test.values); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if got := Score(calm(128)); !math.IsNaN(got) {
		t.Errorf("128 values have a score of %v", got)
	}
}
