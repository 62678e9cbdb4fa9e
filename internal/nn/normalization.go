package nn

import (
	"math"

	"alrc/internal/nn/kernel"
)

// normalization is weight normalisation (Salimans and Kingma 2016): of each output channel a direction v and a gain g
// are trained, and the weights are g * v / |v|.
type normalization struct {
	set                *kernel.Set
	direction, weights []float32 // which lie alike
	gain               []float32
	// gradient is that of the weights, which becomes that of the directions in its place.
	gradient, gainGradient []float32
	// norm is |v| of each output channel, factor g / |v|.
	norm, factor []float32
	groups       []channelGroup
}

// channelGroup is output channels, as [outputChannels] puts them together.
type channelGroup struct {
	first, count int
	strips       []strip
	// sums are what kernels add up, and p and q what they multiply by, for each lane.
	sums, p, q []float32
}

func newNormalization(set *kernel.Set, o operation) *normalization {
	n := &normalization{set: set}
	for _, c := range outputChannels(set, o) {
		g := channelGroup{first: c.first, count: c.count, strips: c.strips}
		g.sums, g.p, g.q = make([]float32, set.Panel), make([]float32, set.Panel), make([]float32, set.Panel)
		n.groups = append(n.groups, g)
	}
	return n
}

func (n *normalization) tasks() int { return len(n.groups) }

// dot puts the products of a and b, summed up for each channel, into sums.
func (n *normalization) dot(g *channelGroup, sums, a, b []float32) {
	clear(g.sums)
	for _, s := range g.strips {
		s.blocks(func(first, rows int) {
			n.set.Dot(&g.sums[0], &a[first], &b[first], 4*s.step, rows, s.width/n.set.Lanes)
		})
	}
	if g.count > 1 {
		copy(sums, g.sums)
		return
	}
	sums[0] = 0
	for _, sum := range g.sums {
		sums[0] += sum
	}
}

// combine puts p*a + q*b into dst, for the group's p and q, of which a single channel has set the first.
func (n *normalization) combine(g *channelGroup, dst, a, b []float32) {
	if g.count == 1 {
		for i := range g.p {
			g.p[i], g.q[i] = g.p[0], g.q[0]
		}
	}
	for _, s := range g.strips {
		s.blocks(func(first, rows int) {
			n.set.Combine(&dst[first], &a[first], &g.p[0], &b[first], &g.q[0], 4*s.step, rows, s.width/n.set.Lanes)
		})
	}
}

// normalize makes a group's weights.
func (n *normalization) normalize(task int) {
	g := &n.groups[task]
	n.dot(g, n.norm[g.first:][:g.count], n.direction, n.direction)
	n.scale(g)
}

// scale makes a group's weights of the squares of its norms, which it takes the roots of.
func (n *normalization) scale(g *channelGroup) {
	norm, factor := n.norm[g.first:][:g.count], n.factor[g.first:][:g.count]
	for i := range norm {
		norm[i] = float32(math.Sqrt(float64(norm[i])))
		factor[i] = 0 // of a channel that only pads
		if norm[i] != 0 {
			factor[i] = n.gain[g.first+i] / norm[i]
		}
		g.p[i], g.q[i] = factor[i], 0
	}
	n.combine(g, n.weights, n.direction, n.direction)
}

// denormalize takes the gradient of a group's weights to those of directions and gains:
// dg = dw.v / |v| and dv = g/|v| dw - g dw.v / |v|^3 v.
func (n *normalization) denormalize(task int) {
	g := &n.groups[task]
	n.denormalizeGains(g)
	n.combine(g, n.gradient, n.gradient, n.direction)
}

// denormalizeGains makes the gradients of a group's gains, and the factors by which those of its directions are made.
func (n *normalization) denormalizeGains(g *channelGroup) {
	norm, factor := n.norm[g.first:][:g.count], n.factor[g.first:][:g.count]
	along := n.gainGradient[g.first:][:g.count]
	n.dot(g, along, n.gradient, n.direction)
	for i := range norm {
		g.p[i], g.q[i] = factor[i], 0
		if norm[i] != 0 {
			along[i] /= norm[i]
			g.q[i] = -factor[i] * along[i] / norm[i]
		}
	}
}

// contiguous reports whether each group's weights lie side by side.
func (n *normalization) contiguous() bool { return n.groups[0].count > 1 }

// update denormalizes, moves and normalizes a group in as few passes over memory as that takes: a layer may have millions of
// weights, and what is done to some of them is done while the caches have them. Groups are contiguous, and
// weights and gains those places among all.
func (n *normalization) update(e *Engine, task, weights, gains int) {
	g := &n.groups[task]
	n.denormalizeGains(g)
	clear(g.sums)
	s := &g.strips[0]
	s.blocks(func(first, rows int) {
		v, gradient := &n.direction[first], &n.gradient[first]
		n.set.Combine(gradient, gradient, &g.p[0], v, &g.q[0], 4*s.step, rows, s.width/n.set.Lanes)
		e.optimizer.move(e, weights+first, weights+first+rows*s.step, 0)
		n.set.Dot(&g.sums[0], v, v, 4*s.step, rows, s.width/n.set.Lanes)
	})
	e.optimizer.move(e, gains+g.first, gains+g.first+g.count, 1)
	copy(n.norm[g.first:][:g.count], g.sums)
	n.scale(g)
}

// begin sets the gains such that the weights are the directions.
func (n *normalization) begin() {
	clear(n.gain)
	for i := range n.groups {
		g := &n.groups[i]
		gain := n.gain[g.first:][:g.count]
		n.dot(g, gain, n.direction, n.direction)
		for j, square := range gain {
			gain[j] = float32(math.Sqrt(float64(square)))
		}
	}
}
