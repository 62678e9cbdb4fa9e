package imagefile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"alrc/internal/format/npy"
	"alrc/internal/format/pixel"
)

// imagesOf returns an array of shape [H,W], [H,W,1], [N,H,W] or [N,H,W,1] as images of one channel.
func imagesOf(array *npy.Array) (pixel.Stack, error) {
	shape := array.Shape
	last := 0
	if len(shape) > 0 {
		last = shape[len(shape)-1]
	}
	switch {
	case len(shape) == 2:
		return array.Images(1, shape[0], shape[1])
	case len(shape) == 3 && last == 1:
		return array.Images(1, shape[0], shape[1])
	case (len(shape) == 3 || len(shape) == 4) && (last == 3 || last == 4):
		return pixel.Stack{}, fmt.Errorf("its array has the shape %v, that of colours, and a micrograph has one channel; save one of them, as array[..., 0]", shape)
	case len(shape) == 3 || len(shape) == 4 && last == 1:
		return array.Images(shape[0], shape[1], shape[2])
	}
	return pixel.Stack{}, fmt.Errorf("its array has the shape %v; images of one channel have [H,W], [H,W,1], [N,H,W] or [N,H,W,1]", shape)
}

// npyFile reads an array, and what was seen of it where there is an array of that.
type npyFile struct {
	images pixel.Stack
	mask   *pixel.Stack
}

func openNPY(r io.ReaderAt, size int64, _ string) (decoder, error) {
	array, err := npy.Open(r, size)
	if err != nil {
		return nil, err
	}
	images, err := imagesOf(array)
	if err != nil {
		return nil, err
	}
	return &npyFile{images: images}, nil
}

// openNPZ reads a file of one array of numbers, beside which may be one of booleans and of its shape, a mask.
func openNPZ(r io.ReaderAt, size int64, _ string) (decoder, error) {
	arrays, err := npy.OpenZip(r, size)
	if err != nil {
		return nil, err
	}
	f := &npyFile{}
	var names []string
	for _, array := range arrays {
		names = append(names, array.Name)
	}
	several := errors.New("it has several arrays (" + strings.Join(names, ", ") + "); save the image, and a mask of booleans if there is one, in a file of their own")
	for _, array := range arrays {
		images, err := imagesOf(array)
		switch {
		case array.Type == pixel.Bool && len(arrays) > 1:
			if f.mask != nil {
				return nil, several
			}
			if err == nil {
				f.mask = &images
			}
		case f.images.Bytes != nil:
			return nil, several
		case err != nil:
			return nil, fmt.Errorf("%s: %w", array.Name, err)
		default:
			f.images = images
		}
	}
	if f.images.Bytes == nil {
		return nil, several
	}
	if m := f.mask; m != nil && (m.Count != f.images.Count || m.Height != f.images.Height || m.Width != f.images.Width) {
		return nil, fmt.Errorf("its mask has %d images of %dx%d, and the array beside it %d of %dx%d: save them in one shape", m.Count, m.Width, m.Height,
			f.images.Count, f.images.Width, f.images.Height)
	}
	return f, nil
}

func (f *npyFile) Len() int { return f.images.Count }

func (f *npyFile) Size(int) (height, width int, err error) {
	return f.images.Height, f.images.Width, nil
}

func (f *npyFile) Read(i int) (*Image, error) { return readStack(&f.images, i) }

func (f *npyFile) Mask(i int) ([]float32, error) {
	if f.mask == nil {
		return nil, nil
	}
	pixels, _, err := f.mask.Read(i)
	return pixels, err
}
