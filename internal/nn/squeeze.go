package nn

import "alrc/internal/nn/kernel"

// squeeze is the way up from many channels to a few, by a kernel of stride 1. A product whose columns were the few
// channels would leave most of a vector empty; so its columns are those channels for every tap of a kernel row, and
// the taps are added up afterwards, each from the pixel that it belongs to.
type squeeze struct {
	c       *convolution
	weights []float32 // [kernel row][coarse channel][(kernel column, fine channel), padded]
	tapsA   []int
	tapsB   []int
}

func newSqueeze(c *convolution) *squeeze {
	return &squeeze{c: c, weights: aligned(c.size * c.coarse.channels * kernel.Channels)}
}

func (s *squeeze) plan() {
	for t := range s.c.size {
		s.tapsA = append(s.tapsA, 4*t*s.c.coarse.pitch)
		s.tapsB = append(s.tapsB, 4*t*s.c.coarse.channels*kernel.Channels)
	}
}

func (s *squeeze) pack(weights []float32) {
	c := s.c
	size, channels, coarse := c.set.Panel, c.fine.channels, c.coarse.channels
	for row := range c.size {
		for column := range c.size {
			for fine := range channels {
				to := s.weights[row*coarse*kernel.Channels+column*channels+fine:]
				for first := 0; first < coarse; first += size {
					from := weightIndex(size, c.size, channels, coarse, c.size-1-row, c.size-1-column, fine, first)
					for i, weight := range weights[from:][:min(size, coarse-first)] {
						to[(first+i)*kernel.Channels] = weight
					}
				}
			}
		}
	}
}

// scratch is the number of floats that a row takes.
func (s *squeeze) scratch() int { return (s.c.coarse.width + s.c.size - 1) * kernel.Channels }

// row makes one fine row.
func (s *squeeze) row(w *worker, coarse, fine *tensor, image, y int) {
	c := s.c
	reach := c.size / 2
	pixels := coarse.width + 2*reach
	taps := w.planes[:pixels*kernel.Channels]
	p := &w.product
	p.A = coarse.pixel(image, y-reach, -reach, 0)
	p.RowStride, p.DepthStride = 4*coarse.channels, 4
	p.B, p.BStride = &s.weights[0], 4*kernel.Channels
	p.C, p.CStride = &taps[0], 4*kernel.Channels
	p.TapsA, p.TapsB = &s.tapsA[0], &s.tapsB[0]
	p.Taps, p.Depth = c.size, coarse.channels
	p.Accumulate, p.NextA, p.NextAStep, p.NextB = false, 0, 0, 0
	c.set.Multiply(p, pixels, kernel.Channels)
	channels := fine.channels
	row := fine.data[fine.at(image, y, 0):fine.at(image, y, fine.width)]
	for x := range fine.width {
		for channel := range channels {
			var sum float32
			for column := range c.size {
				sum += taps[(x+column)*kernel.Channels+column*channels+channel]
			}
			row[x*channels+channel] = sum
		}
	}
}
