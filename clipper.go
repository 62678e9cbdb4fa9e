package alrc

// Clipper limits the losses of training steps, whatever the variant: [OneSided], [TwoSided] or [Constant]. The gradient of loss i is to be multiplied by scales[i], as if the loss were scales[i] * losses[i]
// with the scale a constant.
//
// A Clipper is a plain state machine: it takes no lock, allocates nothing in a step, and does not know what computes
// the gradients.
type Clipper interface {
	// Scales fills scales, which must be as long as losses, with one factor per loss: at most 1, more only where
	// two-sided clipping raises a low loss, and 0 only where the loss is NaN or infinite. It changes nothing, so that a
	// batch may be scaled in parts, and returns the statistics of these losses for Observe.
	Scales(losses, scales []float64) Statistics
	// Scales32 is Scales for losses in single precision; the arithmetic is in double precision all the same.
	Scales32(losses, scales []float32) Statistics
	// Observe moves the clipper on by the statistics of one whole step: what Scales returned for its losses, merged
	// where they came in parts. Statistics that no losses can have are an error and change nothing.
	Observe(Statistics) error
	// Step is Scales and then Observe: a step whose losses are all at hand.
	Step(losses, scales []float64) Statistics
	// Step32 is Step for losses in single precision.
	Step32(losses, scales []float32) Statistics
	// Steps is Step for each of the losses as a step of its own. It fills scales, and upper with the upper threshold of
	// each step.
	Steps(losses, scales, upper []float64)
	// Limits returns the thresholds of the next step.
	Limits() Limits
	// Moments returns the running means of the limited losses and of their squares; NaN where there are none: in
	// constant clipping, and before the first finite loss of an automatic start.
	Moments() Moments
	// State returns all that the clipper has learned, and Restore takes it back: a clipper made with the same
	// options and restored goes on bit by bit. A state of another variant, or one that no losses lead to, is an error
	// and changes nothing. Restore cannot check that the options and the run are the same.
	State() State
	Restore(State) error
	// String describes the clipper and its state on one line.
	String() string
}
