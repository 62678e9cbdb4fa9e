package imagefile

import (
	"fmt"
	"io"

	"alrc/internal/format/npy"
)

// npyFile reads an array of shape [H,W], [N,H,W] or [N,H,W,1] as images of one channel.
type npyFile struct {
	array                *npy.Array
	count, height, width int
}

func openNPY(r io.ReaderAt, size int64) (decoder, error) {
	array, err := npy.Open(r, size)
	if err != nil {
		return nil, err
	}
	f := &npyFile{array: array, count: 1}
	switch shape := array.Shape; {
	case len(shape) == 2:
		f.height, f.width = shape[0], shape[1]
	case len(shape) == 3 || len(shape) == 4 && shape[3] == 1:
		f.count, f.height, f.width = shape[0], shape[1], shape[2]
	default:
		return nil, fmt.Errorf("its array has the shape %v; images of one channel have [H,W], [N,H,W] or [N,H,W,1]", shape)
	}
	if f.count == 0 || f.height == 0 || f.width == 0 {
		return nil, fmt.Errorf("its array has the shape %v and so no pixels", array.Shape)
	}
	return f, nil
}

func (f *npyFile) Len() int { return f.count }

func (f *npyFile) Size(int) (height, width int, err error) { return f.height, f.width, nil }

func (f *npyFile) Read(i int) (*Image, error) {
	m := &Image{Height: f.height, Width: f.width, Channels: 1, pixels: make([]float32, f.height*f.width)}
	return m, f.array.Read(int64(i)*int64(len(m.pixels)), m.pixels)
}
