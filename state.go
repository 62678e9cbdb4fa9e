package alrc

import (
	"errors"
	"fmt"
	"math"
)

// State is what a clipper has learned: a plain value that JSON keeps bit-exactly. Options are not in it.
type State struct {
	// Variant is "one-sided", "two-sided" or "constant".
	Variant string `json:"variant"`
	// Mu1 and Mu2 are the running means of the limited losses and of their squares, Up and Down the running mean
	// distances above and below Mu1 (two-sided clipping).
	Mu1  float64 `json:"mu1"`
	Mu2  float64 `json:"mu2"`
	Up   float64 `json:"up,omitempty"`
	Down float64 `json:"down,omitempty"`
	// Bias is decay^t, t steps after an automatic start began; 0 for moments that were given.
	Bias float64 `json:"bias"`
	// Start holds the steps of an automatic start, as long as that lasts.
	Start []StartStep `json:"start,omitempty"`
	// Steps counts steps, and the others single losses, since the clipper was made.
	Steps     int64 `json:"steps"`
	Losses    int64 `json:"losses"`
	Clipped   int64 `json:"clipped"`
	Raised    int64 `json:"raised"`
	NonFinite int64 `json:"non_finite"`
}

// StartStep is the mean and the root mean square of the finite losses of one step of an automatic start.
type StartStep struct {
	Mean float64 `json:"mean"`
	RMS  float64 `json:"rms"`
}

func (s *State) count(step *Statistics) {
	s.Steps++
	s.Losses += int64(step.Count) + int64(step.NonFinite)
	s.Clipped += int64(step.Clipped)
	s.Raised += int64(step.Raised)
	s.NonFinite += int64(step.NonFinite)
}

// validate returns an error if no clipper of the variant can have the state.
func (s State) validate(variant string) error {
	if s.Variant != variant {
		return fmt.Errorf("alrc: the state is of %q clipping, and the clipper is %s", s.Variant, variant)
	}
	// Twice the LargestLoss, since rounding may take a mean beyond its LargestLoss summand.
	if !(math.Abs(s.Mu1) <= 2*LargestLoss) || !(s.Mu2 >= 0 && s.Mu2 <= 2*LargestLoss*LargestLoss) {
		return fmt.Errorf("alrc: the state's moments, %v and %v, are not ones that losses can have", s.Mu1, s.Mu2)
	}
	if !(s.Up >= 0 && s.Up <= 4*LargestLoss) || !(s.Down >= 0 && s.Down <= 4*LargestLoss) {
		return fmt.Errorf("alrc: the state's mean distances, %v and %v, are not ones that losses can have", s.Up, s.Down)
	}
	if !(s.Bias >= 0 && s.Bias <= 1) {
		return fmt.Errorf("alrc: the state's bias is %v: it must be from 0 to 1", s.Bias)
	}
	if len(s.Start) >= StartSteps {
		return fmt.Errorf("alrc: the state has %d starting steps: it must be fewer than %d", len(s.Start), StartSteps)
	}
	for _, step := range s.Start {
		if !(math.Abs(step.Mean) <= 2*LargestLoss) || !(step.RMS >= 0 && step.RMS <= 2*LargestLoss) {
			return fmt.Errorf("alrc: the state's starting step (%v, %v) is not one that losses can have", step.Mean, step.RMS)
		}
	}
	if s.Steps < 0 || s.Losses < 0 || s.Clipped < 0 || s.Raised < 0 || s.NonFinite < 0 {
		return errors.New("alrc: the state has a negative count")
	}
	if rest := s.Losses - s.NonFinite; rest < 0 || s.Clipped > rest || s.Raised > rest-s.Clipped {
		return fmt.Errorf("alrc: of the state's %d losses %d are clipped, %d raised and %d not finite", s.Losses, s.Clipped, s.Raised, s.NonFinite)
	}
	return nil
}
