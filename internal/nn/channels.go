package nn

import "alrc/internal/nn/kernel"

// channels is where the weights of output channels are: of one channel whose weights fill vectors, or of several of which each
// has a lane of its own.
type channels struct {
	first, count int
	strips       []strip
}

// strip is where some of a group's weights are: rows of so many numbers, a step of numbers apart.
type strip struct{ first, step, rows, width int }

// blocks goes through the strip some rows at a time, since kernels go over all rows for one vector of channels after the other:
// so that memory is read once.
func (s *strip) blocks(visit func(first, rows int)) {
	const most = 64
	for row := 0; row < s.rows; row += most {
		visit(s.first+row*s.step, min(most, s.rows-row))
	}
}

// outputChannels says where the weights of each output channel of a layer with a kernel are, in groups.
func outputChannels(set *kernel.Set, o operation) (groups []channels) {
	panel := set.Panel
	if c := o.convolution; c != nil && c.transposed {
		// [panel of coarse channels][tap][output channel][channel of the panel]
		taps, outputs, coarse := c.size*c.size, c.fine.channels, c.coarse.channels
		for channel := range outputs {
			var strips []strip
			for p := range panels(coarse, panel) {
				width := panelWidth(coarse, panel, p)
				strips = append(strips, strip{p*panel*taps*outputs + channel*width, outputs * width, taps, width})
			}
			groups = append(groups, channels{channel, 1, strips})
		}
		return groups
	}
	// [panel of output channels][tap][input channel][channel of the panel]
	outputs := o.output.value.channels
	rows := o.layer.Kernel * o.layer.Kernel * o.inputs[0].value.channels
	for p := range panels(outputs, panel) {
		width := panelWidth(outputs, panel, p)
		groups = append(groups, channels{p * panel, width, []strip{{p * panel * rows, width, rows, width}}})
	}
	return groups
}
