package stabiliser

import (
	"math"
	"slices"
)

// AutoClip clips the gradient's norm (Seetharaman et al. 2020, arXiv 2007.14469) at a percentile of the norms of all steps
// so far, this one included: between two norms the percentile is interpolated, and clipping is that of [Norm]. At the authors'
// Percentile, 10, nine steps in ten are clipped.
//
// The norms are kept for ever, 8 bytes a step, in order of size, so that a step takes a search and a move of memory and no
// sorting. Once a norm was not a number, every factor is not a number.
type AutoClip struct {
	Percentile float64
	// sorted are the norms that are numbers; others counts the others.
	sorted []float64
	others int
}

// Scale is the [Scaler]'s.
func (a *AutoClip) Scale(norm float64) float64 {
	threshold := a.observe(norm)
	return clipNorm(norm, threshold)
}

// observe takes a norm in and returns the percentile.
func (a *AutoClip) observe(norm float64) float64 {
	if math.IsNaN(norm) {
		a.others++
	} else {
		at, _ := slices.BinarySearch(a.sorted, norm)
		a.sorted = slices.Insert(a.sorted, at, norm)
	}
	if a.others > 0 {
		return math.NaN()
	}
	place := float64(len(a.sorted)-1) * a.Percentile / 100
	below := math.Floor(place)
	low := a.sorted[int(below)]
	if below == place {
		return low
	}
	return low + (place-below)*(a.sorted[int(below)+1]-low)
}

// State is the norms.
func (a *AutoClip) State() []float64 {
	return append([]float64{float64(a.others)}, a.sorted...)
}

// Restore takes the norms back.
func (a *AutoClip) Restore(state []float64) error {
	if len(state) == 0 || !slices.IsSorted(state[1:]) {
		return expect(nil, 1)
	}
	others, err := count(state[0], maxSteps)
	if err != nil {
		return err
	}
	a.others, a.sorted = others, slices.Clone(state[1:])
	return nil
}

var autoClipKind = kind{
	name: "autoclip", parameters: []parameter{{"P", 10, percentage}},
	build:    func(v []float64) Method { return &AutoClip{Percentile: v[0]} },
	describe: func(v []float64) string { return "AutoClip at " + format(v[0]) + " %" },
}
