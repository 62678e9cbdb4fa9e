package stabiliser

import "fmt"

// Chain is methods that act on the same steps, one after the other in their order: each sees what those before it left of the
// gradient. A [Judge] sees the norm of the gradient before any of them. An [Optimizer] comes last, and only in steps that
// are not skipped.
type Chain struct {
	methods   []Method
	optimizer Optimizer
	factors   []float64
	step      Step
}

// Step is what a chain did in a step.
type Step struct {
	// Norm is that of the gradient before the chain, and Stabilised after it; of a step that is skipped, before the optimizer.
	Norm, Stabilised float64
	// Acted is how many times the methods acted: entries, units and tensors that they changed, 1 for a change of the whole
	// gradient, and 1 for a learning rate that was cut or a step that was skipped.
	Acted int
	// Rate is the factor of the learning rate; 0 skips the step.
	Rate float64
}

// NewChain returns a chain of methods for gradients of so many tensors.
func NewChain(methods []Method, tensors int) *Chain {
	c := &Chain{methods: methods, factors: make([]float64, tensors)}
	for _, method := range methods {
		if o, ok := method.(Optimizer); ok {
			c.optimizer = o
		}
		if s, ok := method.(sized); ok {
			s.size(tensors)
		}
	}
	return c
}

// sized is a method that keeps something of each tensor, and is told their number before its first step.
type sized interface{ size(tensors int) }

// Methods returns the chain's methods.
func (c *Chain) Methods() []Method { return c.methods }

// Optimizer returns the method that is an optimizer; nil where none is.
func (c *Chain) Optimizer() Optimizer { return c.optimizer }

// Apply lets the methods act on the gradient of a step with a loss. The optimizer, if there is one, is left to
// [Chain.Begin], for a step that is not skipped.
func (c *Chain) Apply(g Gradient, loss float64) Step {
	c.step = Step{Norm: g.Norm(), Rate: 1}
	for _, method := range c.methods {
		switch m := method.(type) {
		case Judge:
			rate := m.Judge(loss, c.step.Norm)
			c.act(rate != 1)
			c.step.Rate *= rate
		case Scaler:
			factor := m.Scale(g.Norm())
			c.act(factor != 1)
			g.Scale(factor)
		case TensorScaler:
			m.ScaleTensors(g.Norms(), c.factors)
			for _, factor := range c.factors {
				c.act(factor != 1)
			}
			g.ScaleTensors(c.factors)
		case UnitScaler:
			c.step.Acted += g.ScaleUnits(m)
		case Limiter:
			c.step.Acted += g.Clamp(m.Limit())
		}
	}
	c.step.Stabilised = g.Norm()
	return c.step
}

// Begin lets the chain's optimizer act, in a step that Apply did not skip, with the step's learning rate and weight decay,
// and puts the arithmetic of each tensor's step into adam.
func (c *Chain) Begin(g Gradient, rate, decay float64, adam []Adam) Step {
	c.step.Acted += c.optimizer.Begin(g, rate, decay, adam)
	c.step.Stabilised = g.Norm()
	return c.step
}

func (c *Chain) act(did bool) {
	if did {
		c.step.Acted++
	}
}

// State returns the states of the methods in their order.
func (c *Chain) State() [][]float64 {
	states := make([][]float64, len(c.methods))
	for i, method := range c.methods {
		states[i] = method.State()
	}
	return states
}

// Restore takes back what State returned for the same methods.
func (c *Chain) Restore(states [][]float64) error {
	if len(states) != len(c.methods) {
		return fmt.Errorf("stabiliser: there are states of %d methods, and the run has %d", len(states), len(c.methods))
	}
	for i, method := range c.methods {
		if err := method.Restore(states[i]); err != nil {
			return err
		}
	}
	return nil
}
