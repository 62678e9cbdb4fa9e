package alrc

import (
	"encoding/json"
	"fmt"
	"math"
)

// Limits are the thresholds of a step: losses above Upper are scaled down to it, and losses below Lower are raised to
// it by two-sided clipping. A side that is off, or that has not started yet, is infinite, and null in JSON.
type Limits struct {
	Lower, Upper float64
}

// limitsJSON has null for a side that is off.
type limitsJSON struct {
	Lower *float64 `json:"lower"`
	Upper *float64 `json:"upper"`
}

// MarshalJSON writes a side that is off as null, since JSON has no infinity.
func (l Limits) MarshalJSON() ([]byte, error) {
	var out limitsJSON
	if !math.IsInf(l.Lower, -1) {
		out.Lower = &l.Lower
	}
	if !math.IsInf(l.Upper, 1) {
		out.Upper = &l.Upper
	}
	return json.Marshal(out)
}

// UnmarshalJSON takes back what MarshalJSON wrote, bit by bit. A side that is null or missing is off.
func (l *Limits) UnmarshalJSON(text []byte) error {
	var in limitsJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*l = Limits{Lower: math.Inf(-1), Upper: math.Inf(1)}
	if in.Lower != nil {
		l.Lower = *in.Lower
	}
	if in.Upper != nil {
		l.Upper = *in.Upper
	}
	return nil
}

// Statistics sum up the losses of a step, or of the part of it in one replica or micro-batch. They are a plain value that
// can be sent between processes: JSON keeps every bit.
type Statistics struct {
	// Limits are the thresholds that were used.
	Limits Limits `json:"limits"`
	// Count is the number of finite losses, NonFinite that of NaN and infinite ones, Clipped that of losses scaled
	// down, and Raised that of losses scaled up.
	Count     int `json:"count"`
	NonFinite int `json:"non_finite"`
	Clipped   int `json:"clipped"`
	Raised    int `json:"raised"`
	// Sum and SumSquares are over the limited finite losses.
	Sum        float64 `json:"sum"`
	SumSquares float64 `json:"sum_squares"`
	// Above and Below are the summed distances from the running mean of the limited losses above and below it, and
	// CountAbove and CountBelow their numbers. Only two-sided clipping fills them in.
	Above      float64 `json:"above"`
	Below      float64 `json:"below"`
	CountAbove int     `json:"count_above"`
	CountBelow int     `json:"count_below"`
}

// Merge returns the statistics of two parts of one step together. Replicas that start from the same state and
// observe the merged statistics stay equal to one clipper that saw the whole batch: their scales exactly, their moments
// to within rounding.
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

// validate returns an error if no losses can have the statistics.
func (s *Statistics) validate() error {
	fault := func(format string, arguments ...any) error {
		return fmt.Errorf("alrc: no losses can have these statistics: "+format, arguments...)
	}
	for _, count := range []struct {
		name  string
		value int
	}{
		{"Count", s.Count}, {"NonFinite", s.NonFinite}, {"Clipped", s.Clipped}, {"Raised", s.Raised},
		{"CountAbove", s.CountAbove}, {"CountBelow", s.CountBelow},
	} {
		if count.value < 0 {
			return fault("%s is %d", count.name, count.value)
		}
	}
	// By subtraction, which does not overflow.
	if s.Clipped > s.Count || s.Raised > s.Count-s.Clipped {
		return fault("%d losses are clipped and %d raised, of %d", s.Clipped, s.Raised, s.Count)
	}
	if s.CountAbove > s.Count || s.CountBelow > s.Count-s.CountAbove {
		return fault("%d losses are above the mean and %d below it, of %d", s.CountAbove, s.CountBelow, s.Count)
	}
	// mean reports whether the mean of a sum is within bounds. Rounding may take it beyond its largest summand.
	mean := func(sum float64, count int, low, high float64) bool {
		if count == 0 {
			return sum == 0
		}
		m := sum / float64(count)
		return m >= low && m <= high
	}
	const most = 2 * LargestLoss
	switch {
	case !mean(s.Sum, s.Count, -most, most):
		return fault("Sum is %v, of %d losses", s.Sum, s.Count)
	case !mean(s.SumSquares, s.Count, 0, most*LargestLoss):
		return fault("SumSquares is %v, of %d losses", s.SumSquares, s.Count)
	case !mean(s.Above, s.CountAbove, 0, 2*most):
		return fault("Above is %v, of %d losses", s.Above, s.CountAbove)
	case !mean(s.Below, s.CountBelow, 0, 2*most):
		return fault("Below is %v, of %d losses", s.Below, s.CountBelow)
	}
	if s.Count > 0 {
		m := s.Sum / float64(s.Count)
		if least := m * m; s.SumSquares/float64(s.Count) < least-1e-6*least-1e-300 {
			return fault("the mean of the squares, %v, is below the square of the mean, %v", s.SumSquares/float64(s.Count), least)
		}
	}
	return nil
}
