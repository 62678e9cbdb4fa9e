package alrc

import (
	"errors"
	"fmt"
	"math"
)

// Clipper limits the losses of training steps. [OneSided], [TwoSided] and [Constant] are the three there are. A
// Clipper is a plain state machine: it takes no lock, allocates nothing in a step, and does not know what computes
// the gradients.
//
// The gradient of loss i is to be multiplied by scales[i], as if the loss were scales[i] * losses[i] with the scale
// a constant.
type Clipper interface {
	// Scales fills scales, which must be as long as losses, with one factor per loss. It reads the state and leaves
	// it as it is, so that a batch may be scaled in parts. It returns the statistics of these losses, for Observe.
	Scales(losses, scales []float64) Statistics
	// Scales32 is Scales for losses in single precision; the arithmetic is in double precision all the same.
	Scales32(losses, scales []float32) Statistics
	// Observe moves the state by the statistics of one whole step: what Scales returned for its losses, merged
	// where they came in parts.
	Observe(Statistics)
	// Step is Scales and then Observe: a step whose losses are all at hand.
	Step(losses, scales []float64) Statistics
	// Step32 is Step for losses in single precision.
	Step32(losses, scales []float32) Statistics
	// Limits returns the thresholds that the next step will use.
	Limits() Limits
	// Moments returns the running means of the limited losses and of their squares; NaN where there are none, which
	// is without adaption, and before the first loss with an automatic start.
	Moments() (mu1, mu2 float64)
	// State returns all that the clipper has learned, and Restore takes it back: a clipper made with the same
	// options and restored goes on bit-exactly.
	State() State
	Restore(State) error
}

// Limits are thresholds: losses above Upper are scaled down to it, and, by two-sided clipping, losses below Lower
// are scaled up to it. A side that is off, or not settled yet, is infinite.
type Limits struct {
	Lower, Upper float64
}

// Statistics sum up the losses of a step, or of the part of it that one replica or micro-batch had. It is a plain
// value that may be sent between processes.
type Statistics struct {
	// Limits are the thresholds that were used.
	Limits Limits
	// Count is the number of finite losses, NonFinite that of NaN and infinite ones, Clipped that of losses scaled
	// down, and Raised that of losses scaled up.
	Count, NonFinite, Clipped, Raised int
	// Sum and SumSquares are over the limited finite losses.
	Sum, SumSquares float64
	// Above and Below are the summed distances from the running mean of the limited losses above and below it, and
	// CountAbove and CountBelow their numbers. Only two-sided clipping fills them in.
	Above, Below           float64
	CountAbove, CountBelow int
}

// Merge returns the statistics of two parts of one step together. Replicas that start from the same state, and
// Observe the merged statistics, stay the same as one clipper that saw the whole batch: their scales exactly, their
// moments to rounding.
func (s Statistics) Merge(other Statistics) Statistics {
	if s.Count+s.NonFinite == 0 {
		s.Limits = other.Limits
	}
	s.Count += other.Count
	s.NonFinite += other.NonFinite
	s.Clipped += other.Clipped
	s.Raised += other.Raised
	s.Sum += other.Sum
	s.SumSquares += other.SumSquares
	s.Above += other.Above
	s.Below += other.Below
	s.CountAbove += other.CountAbove
	s.CountBelow += other.CountBelow
	return s
}

// Moments are starting values of the running means: Mu1 of the losses, Mu2 of their squares. Overestimates decay
// to the right values; underestimates do not recover well (section 2 of the paper).
type Moments struct {
	Mu1, Mu2 float64
}

// Published returns the paper's starting moments: 25 and 30 squared.
func Published() *Moments { return &Moments{Mu1: 25, Mu2: 900} }

func (m *Moments) validate() error {
	if m == nil {
		return nil
	}
	if !finite(m.Mu1) || math.Abs(m.Mu1) > largest {
		return fmt.Errorf("alrc: option Moments.Mu1 is %v: it must be a number from %g to %g", m.Mu1, -largest, largest)
	}
	if !(m.Mu2 > m.Mu1*m.Mu1) || m.Mu2 > largest*largest {
		return fmt.Errorf("alrc: option Moments.Mu2 is %v: it must be above the square of Mu1, %v, and at most %g",
			m.Mu2, m.Mu1*m.Mu1, largest*largest)
	}
	return nil
}

// Rule says how the scale of a loss above the threshold is made.
type Rule int

const (
	// RuleAuto is RuleRatio where the loss and the threshold are positive, and RuleDistance where one is not.
	RuleAuto Rule = iota
	// RuleRatio is the published rule: scale = threshold / loss. It is in (0, 1], since the loss is at least the
	// threshold and both are positive; where one is not, the loss is left as it is.
	RuleRatio
	// RuleDistance is the same whatever constant is added to all losses: the scale is the threshold's distance from
	// the running mean over the loss's distance from it. It is in (0, 1], since the loss is at least the threshold,
	// which is above the mean.
	RuleDistance
)

// String returns "auto", "ratio" or "distance".
func (r Rule) String() string {
	switch r {
	case RuleAuto:
		return "auto"
	case RuleRatio:
		return "ratio"
	case RuleDistance:
		return "distance"
	}
	return fmt.Sprintf("Rule(%d)", int(r))
}

func (r Rule) validate() error {
	if r < RuleAuto || r > RuleDistance {
		return fmt.Errorf("alrc: option Rule is %d: it must be RuleAuto, RuleRatio or RuleDistance", int(r))
	}
	return nil
}

const (
	// epsilon keeps the standard deviation above 0; it is added to the variance (the paper's algorithm 1).
	epsilon = 1e-8
	// smallestSpread is the standard deviation where the variance is 0.
	smallestSpread = 1e-4
	// largest bounds what a single loss can add to the moments, so that no sum of squares overflows.
	largest = 1e150
	// defaultN and defaultDecay are the paper's.
	defaultN     = 3
	defaultDecay = 0.999
)

// thresholds are what a step needs of a state.
type thresholds struct {
	lower, upper float64
	mean         float64
	// spread is the distance of the upper threshold from the mean, kept apart because the difference of the two may
	// round to 0.
	spread   float64
	rule     Rule
	maxRaise float64
	// sides asks for the distances from the mean above and below it.
	sides bool
}

// clip fills scales and sums up. Most steps have no loss beyond a threshold: these take the quick path.
func clip[F float32 | float64](t *thresholds, losses, scales []F) Statistics {
	scales = scales[:len(losses)]
	s := Statistics{Limits: Limits{Lower: t.lower, Upper: t.upper}}
	if !t.sides && quick(t.upper, losses, &s) {
		for i := range scales {
			scales[i] = 1
		}
		return s
	}
	s.Sum, s.SumSquares, s.Count = 0, 0, 0
	for i, single := range losses {
		loss := float64(single)
		if !finite(loss) {
			scales[i] = 0
			s.NonFinite++
			continue
		}
		limited, scale := t.limit(loss)
		scales[i] = F(scale)
		if scale < 1 {
			s.Clipped++
			// A scale of 0 would lose the gradient of a loss that is finite, so none underflows.
			scales[i] = max(scales[i], smallest[F]())
		} else if scale > 1 {
			s.Raised++
		}
		limited = min(max(limited, -largest), largest)
		s.Count++
		s.Sum += limited
		s.SumSquares += float64(limited * limited)
		if distance := limited - t.mean; distance > 0 {
			s.Above += distance
			s.CountAbove++
		} else if distance < 0 {
			s.Below -= distance
			s.CountBelow++
		}
	}
	if !t.sides {
		s.Above, s.Below, s.CountAbove, s.CountBelow = 0, 0, 0, 0
	}
	return s
}

// quick sums losses that are all finite, below upper and of ordinary size; of others it reports false. The order of
// its sums is fixed by the number of losses.
func quick[F float32 | float64](upper float64, losses []F, s *Statistics) bool {
	if upper > largest {
		upper = largest
	}
	var a, b, c, d, aa, bb, cc, dd float64
	i := 0
	for ; i+4 <= len(losses); i += 4 {
		part := losses[i : i+4 : i+4]
		w, x, y, z := float64(part[0]), float64(part[1]), float64(part[2]), float64(part[3])
		// The comparisons are false for NaN.
		if !(w < upper) || !(x < upper) || !(y < upper) || !(z < upper) {
			return false
		}
		a += w
		b += x
		c += y
		d += z
		// The conversions forbid fusing a product with a sum, which some processors would do: results are the same
		// on all.
		aa += float64(w * w)
		bb += float64(x * x)
		cc += float64(y * y)
		dd += float64(z * z)
	}
	for ; i < len(losses); i++ {
		w := float64(losses[i])
		if !(w < upper) {
			return false
		}
		a += w
		aa += float64(w * w)
	}
	s.Count = len(losses)
	s.Sum = (a + b) + (c + d)
	s.SumSquares = (aa + bb) + (cc + dd)
	// A hugely negative loss shows in the squares.
	return s.SumSquares <= largest*largest
}

// limit returns what the moments take for a finite loss, and the scale of its gradient.
func (t *thresholds) limit(loss float64) (limited, scale float64) {
	switch {
	case loss > t.upper:
		switch {
		case loss > 0 && t.upper > 0 && t.rule != RuleDistance:
			return t.upper, t.upper / loss
		case t.rule == RuleRatio:
			return loss, 1
		case loss-t.mean > t.spread:
			return t.upper, max(t.spread/(loss-t.mean), math.SmallestNonzeroFloat64)
		}
		return t.upper, 1
	case loss < t.lower && loss > 0 && t.lower > 0:
		raise := min(t.lower/loss, t.maxRaise)
		return min(t.lower, raise*loss), raise
	}
	return loss, 1
}

func smallest[F float32 | float64]() F {
	var f F
	if _, single := any(f).(float32); single {
		least := float32(math.SmallestNonzeroFloat32)
		return F(least)
	}
	least := math.SmallestNonzeroFloat64
	return F(least)
}

func finite(x float64) bool { return x-x == 0 }

// State is what a clipper has learned: a plain value that JSON keeps bit-exactly. It does not hold the options.
type State struct {
	// Variant is "one-sided", "two-sided" or "constant".
	Variant string `json:"variant"`
	// Mu1 and Mu2 are the running means of the limited losses and of their squares, Up and Down the running mean
	// distances above and below Mu1 (two-sided clipping).
	Mu1  float64 `json:"mu1"`
	Mu2  float64 `json:"mu2"`
	Up   float64 `json:"up,omitempty"`
	Down float64 `json:"down,omitempty"`
	// Bias is decay^t after t steps of an automatic start, by which running moments are corrected; 0 for moments
	// that were given.
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

func (s *State) count(step Statistics) {
	s.Steps++
	s.Losses += int64(step.Count) + int64(step.NonFinite)
	s.Clipped += int64(step.Clipped)
	s.Raised += int64(step.Raised)
	s.NonFinite += int64(step.NonFinite)
}

// validate says whether a clipper of a variant can have such a state.
func (s State) validate(variant string) error {
	if s.Variant != variant {
		return fmt.Errorf("alrc: the state is of %q clipping, and the clipper is %s", s.Variant, variant)
	}
	if !(math.Abs(s.Mu1) <= largest) || !(s.Mu2 >= 0 && s.Mu2 <= largest*largest) {
		return fmt.Errorf("alrc: the state's moments, %v and %v, are none that losses have", s.Mu1, s.Mu2)
	}
	if !(s.Up >= 0 && s.Up <= 4*largest) || !(s.Down >= 0 && s.Down <= 4*largest) {
		return fmt.Errorf("alrc: the state's mean distances, %v and %v, are none that losses have", s.Up, s.Down)
	}
	if !(s.Bias >= 0 && s.Bias <= 1) {
		return fmt.Errorf("alrc: the state's bias is %v: it must be from 0 to 1", s.Bias)
	}
	if len(s.Start) >= startSteps {
		return fmt.Errorf("alrc: the state has %d starting steps: it must be fewer than %d", len(s.Start), startSteps)
	}
	for _, step := range s.Start {
		if !(math.Abs(step.Mean) <= largest) || !(step.RMS >= 0 && step.RMS <= largest) {
			return fmt.Errorf("alrc: the state's starting step (%v, %v) is none that losses have", step.Mean, step.RMS)
		}
	}
	if s.Steps < 0 || s.Losses < 0 || s.Clipped < 0 || s.Raised < 0 || s.NonFinite < 0 {
		return errors.New("alrc: the state has a negative count")
	}
	return nil
}
