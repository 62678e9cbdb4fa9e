package alrc

// Defaults of options. N and Decay are the paper's.
const (
	DefaultN        = 3
	DefaultDecay    = 0.999
	DefaultMaxRaise = 10
)

// Constants of the arithmetic, for those who implement the method elsewhere.
const (
	// Epsilon is added to the variance and so keeps the standard deviation above 0 (the paper's algorithm 1).
	Epsilon = 1e-8
	// SmallestSpread is the standard deviation where the variance is 0, the root of Epsilon.
	SmallestSpread = 1e-4
	// LargestLoss bounds what a single loss adds to the moments, in size, so that no sum of squares overflows.
	LargestLoss = 1e150
)

// Constants of the automatic start, which the package's documentation describes.
const (
	// StartSteps is the number of steps with a finite loss that an automatic start watches before anything is clipped.
	StartSteps = 20
	// StartBeyond is the number of steps of which one may be a spike, on either side.
	StartBeyond = 5
	// StartReach is how far a starting step may lie from the median, in distances from the median to the outermost step
	// that StartBeyond does not take for a spike. Where losses are normal that is 4.2 standard deviations.
	StartReach = 6
	// StartForgetting is the power of time by which the start is forgotten.
	StartForgetting = 3
)
