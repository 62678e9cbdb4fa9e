package alrc

import "math"

// core is what the three clippers share: their state, and all that moves it. How moments become thresholds is each
// one's own.
type core struct {
	variant string
	// adapt sets the thresholds of the next step by the moments; nil where nothing adapts.
	adapt   func(*thresholds, *moments)
	next    thresholds
	moments moments
	counts  State // counters alone
}

// Scales implements [Clipper].
func (c *core) Scales(losses, scales []float64) (s Statistics) {
	clip(&c.next, losses, scales, &s)
	return s
}

// Scales32 implements [Clipper].
func (c *core) Scales32(losses, scales []float32) (s Statistics) {
	clip(&c.next, losses, scales, &s)
	return s
}

// Observe implements [Clipper].
func (c *core) Observe(s Statistics) { c.observe(&s) }

// Step implements [Clipper].
func (c *core) Step(losses, scales []float64) (s Statistics) {
	clip(&c.next, losses, scales, &s)
	c.observe(&s)
	return s
}

// Step32 implements [Clipper].
func (c *core) Step32(losses, scales []float32) (s Statistics) {
	clip(&c.next, losses, scales, &s)
	c.observe(&s)
	return s
}

func (c *core) observe(s *Statistics) {
	if s.Count|s.NonFinite|s.Clipped|s.Raised < 0 {
		return
	}
	c.counts.count(s)
	if c.adapt != nil {
		c.moments.observe(s)
		c.settle()
	}
}

// settle makes the thresholds of the next step.
func (c *core) settle() {
	if c.moments.starting() {
		c.next.lower, c.next.upper, c.next.sides = math.Inf(-1), math.Inf(1), false
		return
	}
	c.next.sides = c.moments.sides
	c.adapt(&c.next, &c.moments)
}

// Limits implements [Clipper].
func (c *core) Limits() Limits { return Limits{Lower: c.next.lower, Upper: c.next.upper} }

// Moments implements [Clipper].
func (c *core) Moments() (mu1, mu2 float64) {
	if c.adapt == nil {
		return math.NaN(), math.NaN()
	}
	return c.moments.values()
}

// State implements [Clipper].
func (c *core) State() State {
	s := c.counts
	s.Variant = c.variant
	if c.adapt != nil {
		c.moments.save(&s)
	}
	return s
}

// Restore implements [Clipper].
func (c *core) Restore(s State) error {
	if err := s.validate(c.variant); err != nil {
		return err
	}
	c.counts = s
	c.counts.Start = nil
	if c.adapt != nil {
		c.moments.load(s)
		c.settle()
	}
	return nil
}
