package micrograph

import (
	"context"
	"fmt"
	"slices"
)

// Complete completes the scan, in the units of its pixels. The range of what was seen is scaled to [-1, 1] for the method. With
// keepSeen, seen pixels keep what was seen of them. Where all that was seen has one value, so has the completion, for all that
// one can know.
func (p *Partial) Complete(ctx context.Context, m Method, keepSeen bool) (*Completion, error) {
	var seen []float32
	for i, value := range p.Pixels {
		if p.Mask[i] > 0 {
			seen = append(seen, value)
		}
	}
	low, high := IntensityRange(seen)
	if low == high && len(seen) > 0 {
		c := &Completion{Method: "constant", Pixels: slices.Repeat(seen[:1], len(p.Pixels))}
		c.Deviation = make([]float32, len(p.Pixels))
		return c, nil
	}
	scaled := append([]float32(nil), p.Pixels...)
	ScaleIntensity(scaled, low, high)
	// Networks learned which is brighter; other methods do not mind.
	turn := func(pixels []float32) {
		for i, value := range pixels {
			if p.WhiteIsZero {
				pixels[i] = -value
			}
		}
	}
	turn(scaled)
	c, err := m.Complete(ctx, scaled, p.Mask, p.Height, p.Width)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	turn(c.Pixels)
	unscaleIntensity(c.Pixels, low, high)
	for i := range c.Deviation {
		c.Deviation[i] *= float32((high - low) / 2)
	}
	if keepSeen {
		c.keep(p.Pixels, p.Mask)
	}
	return c, nil
}
