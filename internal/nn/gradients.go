package nn

import "slices"

// gradientMemory gives nodes memory for their gradients, from when the first layer writes to one until its own layer has read it.
// What is no longer needed goes to the next nodes: it is in the caches still.
type gradientMemory struct {
	free []*tensor
	// readers is the number of nodes whose layers have yet to read a gradient.
	readers map[*tensor]int
}

func newGradientMemory(nodes []*node) *gradientMemory {
	m := &gradientMemory{readers: map[*tensor]int{}}
	for _, n := range nodes {
		if n.gradient != nil {
			m.readers[n.gradient]++
		}
	}
	return m
}

// begin is called before what first writes to a node's gradient. Where that leaves channels alone that pad, as pads says, the memory
// has to be new, and so 0.
func (m *gradientMemory) begin(n *node, pads bool) {
	t := n.gradient
	if t.data != nil {
		return
	}
	if pads && t.used < t.channels {
		t.allocate()
		return
	}
	place := slices.IndexFunc(m.free, t.alike)
	if place < 0 {
		t.allocate()
		return
	}
	t.data = m.free[place].data
	m.free = slices.Delete(m.free, place, place+1)
}

// end is called when a node's layer has read the node's gradient.
func (m *gradientMemory) end(n *node) {
	if m.readers[n.gradient]--; m.readers[n.gradient] == 0 {
		m.free = append(m.free, n.gradient)
	}
}
