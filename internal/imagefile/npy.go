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

// openNPZ reads a file of one array, beside which may be its mask: an array of booleans, or one that is called mask.
func openNPZ(r io.ReaderAt, size int64, _ string) (decoder, error) { return openNPZArray(r, size, "") }

// openNPZArray reads the array of a name, or where that is "" the only one that is no mask, with the only mask of its shape.
func openNPZArray(r io.ReaderAt, size int64, name string) (decoder, error) {
	arrays, err := npy.OpenZip(r, size)
	if err != nil {
		return nil, err
	}
	candidates := slices.DeleteFunc(slices.Clone(arrays), func(a *npy.Array) bool {
		if name != "" {
			return a.Name != name
		}
		return isMaskArray(a) && len(arrays) > 1
	})
	switch {
	case len(candidates) == 0 && name != "":
		return nil, fmt.Errorf("it has no array %q; there are %s", name, arrayNames(arrays))
	case len(candidates) != 1:
		return nil, fmt.Errorf("it has several arrays (%s): choose one with --array NAME", arrayNames(arrays))
	}
	f := &npyFile{}
	if f.images, err = imagesOf(candidates[0]); err != nil {
		return nil, fmt.Errorf("%s: %w", candidates[0].Name, err)
	}
	var masks []pixel.Stack
	for _, a := range arrays {
		if mask, err := imagesOf(a); err == nil && a != candidates[0] && isMaskArray(a) {
			masks = append(masks, mask)
		}
	}
	alike := slices.DeleteFunc(slices.Clone(masks), func(mask pixel.Stack) bool { return !sameShape(&mask, &f.images) })
	switch {
	case len(alike) == 1:
		f.mask = &alike[0]
	case len(alike) == 0 && len(masks) > 0 && name == "":
		m := &masks[0]
		return nil, fmt.Errorf("its mask has %d images of %dx%d, and the array beside it %d of %dx%d: save them in one shape", m.Count, m.Width, m.Height,
			f.images.Count, f.images.Width, f.images.Height)
	}
	return f, nil
}

// isMaskArray reports whether an array may say what was seen of another one.
func isMaskArray(a *npy.Array) bool { return a.Type == pixel.Bool || strings.EqualFold(a.Name, "mask") }

func sameShape(a, b *pixel.Stack) bool {
	return a.Count == b.Count && a.Height == b.Height && a.Width == b.Width
}

func arrayNames(arrays []*npy.Array) string {
	var names []string
	for _, array := range arrays {
		names = append(names, array.Name)
	}
	return strings.Join(names, ", ")
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
