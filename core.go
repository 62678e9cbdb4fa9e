package alrc

import "math"

// core is what the three clippers share: their state, and all that moves it. Each turns moments into thresholds in its
// own way.
type core struct {
	variant  string
	settings string // for String
	// adapt sets the thresholds of the next step by the moments; nil where nothing adapts.
	adapt func(*thresholds, *moments)
	// up and down are the numbers of deviations, or of mean distances, from the mean to the thresholds.
	up, down float64
	next     thresholds
	moments  moments
	counts   State // counters alone
}

// Scales fills scales with the factor of each loss's gradient: 1 for losses within the limits, less for those above and
// more for those below that are raised, and 0 for those that are NaN or infinite. It panics if the slices differ in
// length. It changes nothing, so that a batch may be scaled in parts; the statistics that it returns, merged, are for
// Observe.
func (c *core) Scales(losses, scales []float64) (s Statistics) {
	c.mustBeMade()
	clip(&c.next, losses, scales, &s)
	return s
}

// Scales32 is Scales for losses in single precision. The arithmetic is in double precision all the same.
func (c *core) Scales32(losses, scales []float32) (s Statistics) {
	c.mustBeMade()
	clip(&c.next, losses, scales, &s)
	return s
}

// Observe moves the clipper on by the statistics of one whole step. Statistics that no losses can have, such as a
// negative count or a sum that is NaN, are an error and change nothing. What Scales returned, merged or not, is never
// an error.
func (c *core) Observe(s Statistics) error {
	if err := s.validate(); err != nil {
		return err
	}
	c.observe(&s)
	return nil
}

// Step is Scales and then Observe, for a step whose losses are all at hand.
func (c *core) Step(losses, scales []float64) (s Statistics) {
	if len(losses) == 1 && len(scales) == 1 && !c.next.sides {
		limits := c.Limits()
		if loss := losses[0]; c.stepOne(loss) {
			scales[0] = 1
			return Statistics{Limits: limits, Count: 1, Sum: loss + 0, SumSquares: float64(loss * loss)}
		}
	}
	clip(&c.next, losses, scales, &s)
	c.observe(&s)
	return s
}

// stepOne is Step for a single loss that is left as it is, as are most of a log, once the start is over. For another it
// reports false and changes nothing.
func (c *core) stepOne(loss float64) bool {
	t, m := &c.next, &c.moments
	if !(loss >= t.lower && loss <= t.upper && loss >= -LargestLoss && loss <= LargestLoss) || c.adapt == nil || m.starting() {
		return false
	}
	c.counts.Steps++
	c.counts.Losses++
	keep := m.move(loss+0, float64(loss*loss)) // no sum is -0
	if m.sides {
		if distance := loss - t.mean; distance > 0 {
			m.up = blend(keep, m.up, distance)
		} else if distance < 0 {
			m.down = blend(keep, m.down, -distance)
		}
	}
	c.adapt(t, m)
	return true
}

// Step32 is Step for losses in single precision.
func (c *core) Step32(losses, scales []float32) (s Statistics) {
	clip(&c.next, losses, scales, &s)
	c.observe(&s)
	return s
}

// observe takes valid statistics.
func (c *core) observe(s *Statistics) {
	c.mustBeMade()
	c.counts.count(s)
	if c.adapt != nil {
		c.moments.observe(s)
		c.settle()
	}
}

// mustBeMade panics for the zero value, whose thresholds of 0 would take nearly all of every gradient.
func (c *core) mustBeMade() {
	if c.variant == "" {
		panic("alrc: the clipper is a zero value: make it with New, NewTwoSided or NewConstant")
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

// Limits returns the thresholds of the next step.
func (c *core) Limits() Limits { return Limits{Lower: c.next.lower, Upper: c.next.upper} }

// Moments returns the running means. They are NaN in constant clipping, which has none, and before the first finite loss
// of an automatic start.
func (c *core) Moments() Moments {
	if c.adapt == nil {
		return Moments{math.NaN(), math.NaN()}
	}
	return c.moments.values()
}

// State returns all that the clipper has learned, and its counters. The options are not part of it.
func (c *core) State() State {
	s := c.counts
	s.Variant = c.variant
	if c.adapt != nil {
		c.moments.save(&s)
	}
	return s
}

// Restore takes back what State returned, after which a clipper of the same options goes on bit by bit as the one that
// was saved. A state of another variant, or one with numbers that no losses lead to, is an error and changes nothing.
// A state records neither the options nor the run that it belongs to, so Restore cannot check those: it accepts a state
// that was saved under another n, decay or rule, or in another run.
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
