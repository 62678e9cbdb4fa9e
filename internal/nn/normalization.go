package nn

import "math"

// normalization is weight normalisation (Salimans and Kingma 2016): of each output channel a direction v and a gain g
// are trained, and the weights are g * v / |v|.
type normalization struct {
	direction, weights []float32 // which lie alike
	gain               []float32
	// gradient is that of the weights, which becomes that of the directions in its place.
	gradient, gainGradient []float32
	// norm is |v| of each output channel, factor g / |v|.
	norm, factor []float32
	groups       []channelGroup
}

// channelGroup is one output channel, or several that lie side by side, and where their weights are: runs of numbers
// that have one of each of several channels, or are all of one.
type channelGroup struct {
	first, count int
	runs         []run
}

type run struct{ first, end int }

func newNormalization(o operation, panel int) *normalization {
	n := &normalization{}
	if c := o.convolution; c != nil && c.transposed {
		// [panel of coarse channels][tap][output channel][channel of the panel]
		taps, outputs, coarse := c.size*c.size, c.fine.channels, c.coarse.channels
		for channel := range outputs {
			group := channelGroup{first: channel, count: 1}
			for p := range panels(coarse, panel) {
				width := panelWidth(coarse, panel, p)
				for tap := range taps {
					first := p*panel*taps*outputs + (tap*outputs+channel)*width
					group.runs = append(group.runs, run{first, first + width})
				}
			}
			n.groups = append(n.groups, group)
		}
		return n
	}
	// [panel of output channels][tap][input channel][channel of the panel]
	outputs := o.output.value.channels
	rows := o.layer.Kernel * o.layer.Kernel * o.inputs[0].value.channels
	for p := range panels(outputs, panel) {
		group := channelGroup{first: p * panel, count: panelWidth(outputs, panel, p)}
		for row := range rows {
			first := p*panel*rows + row*group.count
			group.runs = append(group.runs, run{first, first + group.count})
		}
		n.groups = append(n.groups, group)
	}
	return n
}

func (n *normalization) tasks() int { return len(n.groups) }

// dot puts the products of a and b, summed up for each channel, into sums.
func (g *channelGroup) dot(sums, a, b []float32) {
	clear(sums)
	for _, r := range g.runs {
		left, right := a[r.first:r.end], b[r.first:r.end]
		if g.count == 1 {
			var sum float32
			for i, value := range left {
				sum += float32(value * right[i])
			}
			sums[0] += sum
			continue
		}
		for i, value := range left {
			sums[i] += float32(value * right[i])
		}
	}
}

// combine puts p*a + q*b into dst, for the factors p and q of each channel.
func (g *channelGroup) combine(dst, a, p, b, q []float32) {
	for _, r := range g.runs {
		to, left, right := dst[r.first:r.end], a[r.first:r.end], b[r.first:r.end]
		if g.count == 1 {
			for i := range to {
				to[i] = float32(p[0]*left[i]) + float32(q[0]*right[i])
			}
			continue
		}
		for i := range to {
			to[i] = float32(p[i]*left[i]) + float32(q[i]*right[i])
		}
	}
}

// normalize makes a group's weights.
func (n *normalization) normalize(task int) {
	g := &n.groups[task]
	norm, factor := n.norm[g.first:][:g.count], n.factor[g.first:][:g.count]
	g.dot(norm, n.direction, n.direction)
	for i := range norm {
		norm[i] = float32(math.Sqrt(float64(norm[i])))
		factor[i] = 0 // of a channel that only pads
		if norm[i] != 0 {
			factor[i] = n.gain[g.first+i] / norm[i]
		}
	}
	var none [64]float32
	g.combine(n.weights, n.direction, factor, n.direction, none[:g.count])
}

// denormalize takes the gradient of a group's weights to those of directions and gains:
// dg = dw.v / |v| and dv = g/|v| dw - g dw.v / |v|^3 v.
func (n *normalization) denormalize(task int) {
	g := &n.groups[task]
	norm, factor := n.norm[g.first:][:g.count], n.factor[g.first:][:g.count]
	var along, back [64]float32
	g.dot(along[:g.count], n.gradient, n.direction)
	for i := range norm {
		gain := &n.gainGradient[g.first+i]
		*gain, back[i] = 0, 0
		if norm[i] != 0 {
			*gain = along[i] / norm[i]
			back[i] = -factor[i] * along[i] / (norm[i] * norm[i])
		}
	}
	g.combine(n.gradient, n.gradient, factor, n.direction, back[:g.count])
}

// begin sets the gains such that the weights are the directions.
func (n *normalization) begin() {
	clear(n.gain)
	for i := range n.groups {
		g := &n.groups[i]
		gain := n.gain[g.first:][:g.count]
		g.dot(gain, n.direction, n.direction)
		for j, square := range gain {
			gain[j] = float32(math.Sqrt(float64(square)))
		}
	}
}
