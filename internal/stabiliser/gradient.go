package stabiliser

// Gradient is the gradient of a step, tensor by tensor, as methods work on it. [Buffer] is one.
type Gradient interface {
	// Norms returns the norm of each tensor, and Norm that of all together.
	Norms() []float64
	Norm() float64
	// Scale multiplies all entries, and ScaleTensors those of each tensor by its factor; a factor of 1 leaves them.
	Scale(factor float64)
	ScaleTensors(factors []float64)
	// ScaleUnits multiplies the entries of each unit, and returns how many units changed. Output layers are left alone.
	ScaleUnits(rule UnitScaler) (changed int)
	// Clamp limits entries to [-limit, limit], and returns how many changed.
	Clamp(limit float64) (changed int)
	// ClampBySecond limits the square of each entry to theta times its second moment, where it is above that, and returns
	// how many changed.
	ClampBySecond(theta float64) (changed int)
	// Maxima puts the largest magnitude of each tensor into maxima.
	Maxima(maxima []float64)
	// Compress multiplies, in each tensor, entries of magnitudes above its limit by its factor, and returns how many.
	Compress(limits, factors []float64) (changed int)
	// RootMeanSquares puts, for each tensor, the root of the mean of g^2 / max(v, floor) into roots, with
	// v = keep second moment + take g^2.
	RootMeanSquares(keep, take, floor float64, roots []float64)
}

// Float is a number of a gradient.
type Float interface{ float32 | float64 }

// Tensor is the gradient of one tensor of a network's weights, with the weights and the second moments of Adam, which lie as the
// gradient does. There may be entries that only fill up, in which all is 0.
type Tensor[F Float] struct {
	Gradient, Weights []F
	// Second is nil where the optimizer keeps none.
	Second []F
	// Count is the number of entries but for those that only fill up; 0 stands for all.
	Count int
	// Groups say which entries belong to which unit.
	Groups []Group
	// Output says that an output of the network comes from the tensor's layer.
	Output bool
}

// Group is units of a tensor whose entries lie among each other.
type Group struct {
	Units  int
	Strips []Strip
}

// Strip is rows of entries, a step of entries apart. In each row, entries that lie side by side belong to the units of the
// group one after the other; where Rows has a group of one unit, all entries of a row are that unit's.
type Strip struct{ First, Step, Rows, Width int }

// Whole is a tensor of so many entries that is one unit.
func Whole(size int) []Group {
	return []Group{{Units: 1, Strips: []Strip{{Rows: 1, Width: size}}}}
}

// OutputFirst is the units of a tensor of so many output channels, whose entries lie channel by channel.
func OutputFirst(outputs, size int) []Group {
	var groups []Group
	for i := range outputs {
		groups = append(groups, Group{Units: 1, Strips: []Strip{{First: i * (size / outputs), Rows: 1, Width: size / outputs}}})
	}
	return groups
}
