package imagefile

import (
	"fmt"
	"io"
	"slices"
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
	arrays []*npy.Array // of a .npz file
	// unclear says why none of its arrays is the one to be read, unless it is chosen.
	unclear error
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

// openNPZ reads a file of one array of numbers, beside which may be one of booleans and of its shape, a mask. Of several arrays one
// is to be chosen.
func openNPZ(r io.ReaderAt, size int64, _ string) (decoder, error) {
	arrays, err := npy.OpenZip(r, size)
	if err != nil {
		return nil, err
	}
	f := &npyFile{arrays: arrays}
	numbers := slices.DeleteFunc(slices.Clone(arrays), func(a *npy.Array) bool { return a.Type == pixel.Bool })
	switch {
	case len(arrays) == 1:
		f.images, f.unclear = namedImages(arrays[0])
	case len(numbers) != 1 || len(arrays) > 2:
		f.unclear = fmt.Errorf("it has several arrays (%s): choose one with --array NAME, or save the image in a file of its own", f.names())
	default:
		if f.images, f.unclear = namedImages(numbers[0]); f.unclear != nil {
			break
		}
		other := arrays[0]
		if other == numbers[0] {
			other = arrays[1]
		}
		if mask, err := imagesOf(other); err == nil {
			f.mask = &mask
		}
		if m := f.mask; m != nil && !sameShape(m, &f.images) {
			f.unclear = fmt.Errorf("its mask has %d images of %dx%d, and the array beside it %d of %dx%d: save them in one shape", m.Count, m.Width, m.Height,
				f.images.Count, f.images.Width, f.images.Height)
		}
	}
	return f, nil
}

func namedImages(array *npy.Array) (pixel.Stack, error) {
	images, err := imagesOf(array)
	if err != nil {
		err = fmt.Errorf("%s: %w", array.Name, err)
	}
	return images, err
}

func sameShape(a, b *pixel.Stack) bool {
	return a.Count == b.Count && a.Height == b.Height && a.Width == b.Width
}

func (f *npyFile) names() string {
	var names []string
	for _, array := range f.arrays {
		names = append(names, array.Name)
	}
	return strings.Join(names, ", ")
}

// choose takes an array of a .npz file for its images, and for their mask the one of booleans of that shape, where there is one.
func choose(d decoder, name string) error {
	f, ok := d.(*npyFile)
	if !ok || f.arrays == nil {
		return fmt.Errorf("array %s: it is no .npz file, and others have no arrays of a name", name)
	}
	at := slices.IndexFunc(f.arrays, func(a *npy.Array) bool { return a.Name == name })
	if at < 0 {
		return fmt.Errorf("it has no array %q; there are %s", name, f.names())
	}
	f.mask, f.images, f.unclear = nil, pixel.Stack{}, nil
	var err error
	if f.images, err = namedImages(f.arrays[at]); err != nil {
		return err
	}
	for i, array := range f.arrays {
		if i == at || array.Type != pixel.Bool {
			continue
		}
		if mask, err := imagesOf(array); err == nil && sameShape(&mask, &f.images) {
			if f.mask != nil { // which of them is not known
				f.mask = nil
				break
			}
			f.mask = &mask
		}
	}
	return nil
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
