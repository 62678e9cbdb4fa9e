// Package stabiliser has published methods that keep training stable, other than the one of package alrc: each in a file of
// its own, with its formula, its defaults and where it is from.
//
// A [Method] keeps what it needs between steps, and is one more thing, which says what it acts on:
//
//	[Judge]         the step, which it lets pass, skips, or takes at a smaller learning rate, by the loss and the gradient's norm
//	[Scaler]        the whole gradient, by its norm
//	[TensorScaler]  each tensor of the gradient, by their norms
//	[UnitScaler]    each output unit of a tensor, by its norm and that of its weights
//	[Limiter]       each entry of the gradient
//	[Optimizer]     the gradient, the moments of Adam and the learning rate together
//
// A [Chain] applies several to the same steps. [Parse] reads methods as users write them down. Where a method's paper and
// its public code differ, the code is followed, also in what it does with numbers that are not finite.
package stabiliser

// Method is a stabiliser with what it keeps between steps. A method is for one goroutine at a time.
type Method interface {
	// State returns the numbers that the method's future depends on. Restore takes them back; numbers that are no state of
	// the method are an error.
	State() []float64
	Restore([]float64) error
}

// Judge is a method that acts on a step as a whole.
type Judge interface {
	Method
	// Judge returns the factor of the step's learning rate: 1 lets the step pass, and 0 skips it. The loss is the mean of
	// the batch, the norm that of the whole gradient before anything is done to it.
	Judge(loss, norm float64) float64
}

// Scaler is a method that multiplies the whole gradient by one factor.
type Scaler interface {
	Method
	// Scale returns the factor for a gradient of this norm: 1 leaves it.
	Scale(norm float64) float64
}

// TensorScaler is a method that multiplies each tensor of a gradient by a factor of its own.
type TensorScaler interface {
	Method
	// ScaleTensors puts a factor for each tensor's norm into factors. There are as many tensors in every step.
	ScaleTensors(norms, factors []float64)
}

// UnitScaler is a method that multiplies each unit of a gradient, the entries of one output channel of a tensor, by a
// factor of its own.
type UnitScaler interface {
	Method
	// ScaleUnit returns the factor for a unit with these norms of its gradient and of its weights.
	ScaleUnit(gradient, weights float64) float64
}

// Limiter is a method that limits each entry of a gradient.
type Limiter interface {
	Method
	// Limit returns the largest magnitude of an entry.
	Limit() float64
}

// Optimizer is a method that is an Adam of its own.
type Optimizer interface {
	Method
	// Begin changes a gradient, puts into adam the arithmetic of each tensor's step, and returns how many entries or
	// tensors it acted on. The rate is the step's learning rate, and decay its decoupled weight decay.
	Begin(g Gradient, rate, decay float64, adam []Adam) (acted int)
}

// Adam is the arithmetic of one step of Adam for a tensor with weights w, gradient g and moments m and v:
//
//	m, v = 0                                           where ResetBefore says so
//	w = Before w
//	m = Keep1 m + New1 g
//	v = Keep2 v + New2 g^2
//	w = w - Rate m / (RootScale sqrt(v) + Epsilon)
//	w = After w
//	m, v = 0                                           where ResetAfter says so
//
// Before and After are decoupled weight decay, for the tensors that decay.
type Adam struct {
	Keep1, New1, Keep2, New2, Rate, RootScale, Epsilon float64
	Before, After                                      float64
	ResetBefore, ResetAfter                            bool
}

// stateless is a method that keeps nothing.
type stateless struct{}

// State returns nothing.
func (stateless) State() []float64 { return nil }

// Restore takes nothing back.
func (stateless) Restore(state []float64) error { return expect(state, 0) }
