package alrc

import (
	"fmt"
	"math"
)

// Steps is Step for each of the losses as a step of its own, as in a log of a mean a step. It fills scales, and upper with
// the upper threshold of each step; State has the counters. It panics if the slices differ in length.
func (c *core) Steps(losses, scales, upper []float64) {
	if len(scales) != len(losses) || len(upper) != len(losses) {
		panic(fmt.Sprintf("alrc: there is room for %d scales and %d thresholds, and there are %d losses", len(scales), len(upper), len(losses)))
	}
	for i := 0; i < len(losses); i++ {
		if i += c.series(losses[i:], scales[i:], upper[i:]); i == len(losses) {
			return
		}
		upper[i] = c.next.upper
		var s Statistics
		clip(&c.next, losses[i:i+1], scales[i:i+1], &s)
		c.observe(&s)
	}
}

// series is Steps up to a loss that is not finite or too large for the moments, while these move by one decay. It returns the
// number of losses that it took.
func (c *core) series(losses, scales, upper []float64) (n int) {
	switch m := &c.moments; {
	case c.adapt == nil || m.starting() || m.bias > 0:
		return 0
	case m.sides:
		n = c.seriesSides(losses, scales, upper)
	default:
		n = c.seriesAbove(losses, scales, upper)
	}
	c.counts.Steps += int64(n)
	c.counts.Losses += int64(n)
	c.adapt(&c.next, &c.moments)
	return n
}

// seriesAbove is series for one-sided clipping. All that a step changes is kept in registers.
func (c *core) seriesAbove(losses, scales, upper []float64) int {
	t, m := c.next, &c.moments
	decay, rate, deviations := m.decay, 1-m.decay, c.up
	mu1, mu2, high, spread := m.mu1, m.mu2, t.upper, t.spread
	scales, upper = scales[:len(losses)], upper[:len(losses)]
	for i, loss := range losses {
		if !(loss >= -LargestLoss && loss <= LargestLoss) {
			m.mu1, m.mu2 = mu1, mu2
			return i
		}
		upper[i], scales[i] = high, 1
		if loss > high {
			t.mean, t.upper, t.spread = mu1, high, spread
			loss = c.clipOfSeries(&t, loss, &scales[i])
		}
		loss += 0 // no sum is -0
		mu1 = float64(decay*mu1) + float64(rate*loss)
		mu2 = float64(decay*mu2) + float64(rate*float64(loss*loss))
		variance := mu2 - float64(mu1*mu1)
		if variance < 0 {
			variance = 0
		}
		spread = float64(deviations * math.Sqrt(variance+Epsilon))
		high = mu1 + spread
	}
	m.mu1, m.mu2 = mu1, mu2
	return len(losses)
}

// seriesSides is series for two-sided clipping.
func (c *core) seriesSides(losses, scales, upper []float64) int {
	t, m := c.next, &c.moments
	decay, rate := m.decay, 1-m.decay
	mu1, mu2, up, down := m.mu1, m.mu2, m.up, m.down
	keep, one := math.Float64bits(decay), math.Float64bits(1)
	change := keep ^ one
	upperOn, lowerOn := !math.IsInf(c.up, 1), !math.IsInf(c.down, 1)
	scales, upper = scales[:len(losses)], upper[:len(losses)]
	for i, loss := range losses {
		if !(loss >= -LargestLoss && loss <= LargestLoss) {
			m.mu1, m.mu2, m.up, m.down = mu1, mu2, up, down
			return i
		}
		upper[i], scales[i] = t.upper, 1
		if loss > t.upper || loss < t.lower {
			t.mean, t.spread = mu1, c.up*max(up, SmallestSpread)
			loss = c.clipOfSeries(&t, loss, &scales[i])
		}
		loss += 0 // no sum is -0
		if distance := loss - mu1; distance != 0 {
			// Losses fall on either side at random, which makes a branch dear: the sign bit picks the mean distance that moves, and the
			// other is multiplied by 1.
			below := uint64(int64(math.Float64bits(distance)) >> 63)
			moved := math.Float64bits(rate * math.Abs(distance))
			up = float64(math.Float64frombits(keep^change&below)*up) + math.Float64frombits(moved&^below)
			down = float64(math.Float64frombits(one^change&below)*down) + math.Float64frombits(moved&below)
		}
		mu1 = float64(decay*mu1) + float64(rate*loss)
		mu2 = float64(decay*mu2) + float64(rate*float64(loss*loss))
		if upperOn {
			t.upper = mu1 + float64(c.up*up)
		}
		if lowerOn {
			t.lower = mu1 - float64(c.down*down)
		}
	}
	m.mu1, m.mu2, m.up, m.down = mu1, mu2, up, down
	return len(losses)
}

// clipOfSeries fills the scale of a loss beyond a threshold, counts it, and returns what the moments take.
func (c *core) clipOfSeries(t *thresholds, loss float64, scale *float64) float64 {
	limited, factor := t.limit(loss)
	if factor < 1 {
		c.counts.Clipped++
	} else if factor > 1 {
		c.counts.Raised++
	}
	*scale = factor
	return min(max(limited, -LargestLoss), LargestLoss)
}
