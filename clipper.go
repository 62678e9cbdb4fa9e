package alrc

// Clipper limits the losses of training steps. [OneSided], [TwoSided] and [Constant] are the three there are. A
// Clipper is a plain state machine: it takes no lock, allocates nothing in a step, and does not know what computes
// the gradients.
//
// The gradient of loss i is to be multiplied by scales[i], as if the loss were scales[i] * losses[i] with the scale
// a constant.
type Clipper interface {
	// Scales fills scales, which must be as long as losses, with one factor per loss: at most 1, more only where
	// two-sided clipping raises a low loss, and 0 only where the loss is NaN or infinite. It reads the state and
	// leaves it as it is, so that a batch may be scaled in parts. It returns the statistics of these losses, for
	// Observe.
	Scales(losses, scales []float64) Statistics
	// Scales32 is Scales for losses in single precision; the arithmetic is in double precision all the same.
	Scales32(losses, scales []float32) Statistics
	// Observe moves the state by the statistics of one whole step: what Scales returned for its losses, merged
	// where they came in parts. Statistics that no losses have, such as negative counts, move no moment.
	Observe(Statistics)
	// Step is Scales and then Observe: a step whose losses are all at hand.
	Step(losses, scales []float64) Statistics
	// Step32 is Step for losses in single precision.
	Step32(losses, scales []float32) Statistics
	// Limits returns the thresholds that the next step will use.
	Limits() Limits
	// Moments returns the running means of the limited losses and of their squares; NaN where there are none: in
	// constant clipping, and before the first finite loss of an automatic start.
	Moments() (mu1, mu2 float64)
	// State returns all that the clipper has learned, and Restore takes it back: a clipper made with the same
	// options and restored goes on bit-exactly. A state of another variant, or one that no losses lead to, is an
	// error and restores nothing.
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
