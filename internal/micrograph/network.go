package micrograph

import (
	"context"
	"errors"
)

// Completer is a trained network. It belongs to one goroutine.
type Completer interface {
	// Side is the height and width of its crops in pixels.
	Side() int
	// Kriged says that it takes the kriged image, too, and gives what is to be added to that, as [Examples] with Kriged have it.
	Kriged() bool
	// Complete fills output, [S,S], the blurred micrograph, from input, [S,S,C]: the mask times the micrograph, the mask, and for a
	// network that takes it the kriged image.
	Complete(input, output []float32) error
	Close()
}

// Network is a trained network as a method for images of any size: crops overlap by a quarter and fade into each other.
func Network(name string, c Completer) Method {
	scanned, _ := c.(Scanned)
	return Method{Name: name, Blurs: true, Serial: true, scanned: scanned, Complete: func(ctx context.Context, pixels, mask []float32, height, width int) (*Completion, error) {
		if err := checkScan(pixels, mask, height, width); err != nil && !errors.Is(err, errNothingSeen) {
			return nil, err
		}
		var others [][]float32
		if c.Kriged() {
			kriged, err := krigedInput(ctx, pixels, mask, height, width, 0)
			if err != nil {
				return nil, err
			}
			others = append(others, kriged)
		}
		channels := 2 + len(others)
		input := make([]float32, channels*len(pixels))
		join(input, pixels, mask, others...)
		out, err := tile(input, height, width, channels, c.Side(), c.Side()/4, func(crop, out []float32) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return c.Complete(crop, out)
		})
		if err != nil {
			return nil, err
		}
		for _, kriged := range others {
			for i, value := range kriged {
				out[i] += value
			}
		}
		return &Completion{Pixels: out, Method: name}, nil
	}}
}

// krigedInput is a scan as kriging completes it, blurred as a network's targets are; 0, the middle of the range, where nothing was
// seen. 0 threads stand for all.
func krigedInput(ctx context.Context, pixels, mask []float32, height, width, threads int) ([]float32, error) {
	out := make([]float32, len(pixels))
	c, err := Kriging(MethodOptions{Threads: threads}).Complete(ctx, pixels, mask, height, width)
	if errors.Is(err, errNothingSeen) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	c.keep(pixels, mask)
	blur(out, c.Pixels, height, width)
	return out, nil
}
