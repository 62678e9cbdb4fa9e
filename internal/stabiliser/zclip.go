package stabiliser

import (
	"fmt"
	"math"
	"slices"
)

// ZClip clips the gradient's norm (Kumar et al. 2025, arXiv 2504.02507) where it is far above its running mean. The first Warmup
// norms give a mean m and a variance v, of which s is the root. From then on, with z = (norm - m) / (s + Epsilon),
//
//	c      = m + Z^2 s / z          if z > Z, else none
//	target = min(c or norm, Max)
//	factor = target / (norm + Epsilon) if norm > target, else 1
//	x      = c or norm
//	m      = Decay m + (1 - Decay) x
//	v      = Decay v + (1 - Decay) (x - m)^2, with the new m
//
// In the warm-up, norms are clipped at Max alone. Defaults are the authors' code's: Z 2.5, Decay 0.97, Warmup 25,
// Epsilon 1e-6 and Max 1; an infinite Max is none. After a lasting rise of the norms, steps are clipped for long, since only
// clipped norms move the mean. A norm that is not a number ends all but the clipping at Max.
type ZClip struct {
	Z, Decay, Epsilon, Max float64
	Warmup                 int
	// ToMean clips to the mean (the code's clip_option "mean"), Percentile tests norm > m + Z s and clips there (its mode
	// "percentile"), and KeepOnSpike leaves mean and variance as they are in a step with a c (its skip_update_on_spike).
	ToMean, Percentile, KeepOnSpike bool

	first          []float64 // the norms of the warm-up
	mean, variance float64
}

// NewZClip returns the method with the defaults of its code.
func NewZClip(z, largest float64) *ZClip {
	return &ZClip{Z: z, Decay: 0.97, Epsilon: 1e-6, Max: largest, Warmup: 25, first: make([]float64, 0, 25)}
}

// Scale is the [Scaler]'s.
func (c *ZClip) Scale(norm float64) float64 {
	if len(c.first) < c.Warmup {
		if c.first = append(c.first, norm); len(c.first) == c.Warmup {
			c.begin()
		}
		return clipNorm(norm, c.Max)
	}
	clipped, spike := c.target(norm)
	if !(c.KeepOnSpike && spike) {
		keep, take := c.Decay, 1-c.Decay
		c.mean = keep*c.mean + take*clipped
		c.variance = keep*c.variance + take*(clipped-c.mean)*(clipped-c.mean)
	}
	if target := min(clipped, c.Max); norm > target {
		return target / (norm + c.Epsilon)
	}
	return 1
}

// target is the norm that a step is to have, before Max, and whether that is a clipped one.
func (c *ZClip) target(norm float64) (target float64, spike bool) {
	deviation := math.Sqrt(c.variance)
	if c.Percentile {
		if limit := c.mean + c.Z*deviation; norm > limit {
			return limit, true
		}
		return norm, false
	}
	z := (norm - c.mean) / (deviation + c.Epsilon)
	switch {
	case !(z > c.Z):
		return norm, false
	case c.ToMean:
		return c.mean, true
	}
	return c.mean + c.Z*deviation/(z/c.Z), true
}

// begin makes mean and variance of the norms of the warm-up.
func (c *ZClip) begin() {
	c.mean = 0
	for _, norm := range c.first {
		c.mean += norm
	}
	c.mean /= float64(len(c.first))
	c.variance = 0
	for _, norm := range c.first {
		c.variance += (norm - c.mean) * (norm - c.mean)
	}
	c.variance /= float64(len(c.first))
}

// State is the mean, the variance, and the norms of the warm-up.
func (c *ZClip) State() []float64 {
	return append([]float64{c.mean, c.variance}, c.first...)
}

// Restore takes the state back.
func (c *ZClip) Restore(state []float64) error {
	if len(state) < 2 || len(state) > 2+c.Warmup {
		return fmt.Errorf("stabiliser: the state has %d numbers where 2 to %d belong", len(state), 2+c.Warmup)
	}
	c.mean, c.variance = state[0], state[1]
	c.first = append(slices.Grow(c.first[:0], c.Warmup), state[2:]...)
	return nil
}

var zClipKind = kind{
	name: "zclip", parameters: []parameter{{"Z", 2.5, positive}, {"MAX", 1, positiveOrInf}},
	build: func(v []float64) Method { return NewZClip(v[0], v[1]) },
	describe: func(v []float64) string {
		text := "ZClip, z = " + format(v[0])
		if v[1] != 1 {
			text += ", norm at most " + format(v[1])
		}
		return text
	},
}
