package emd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"alrc/internal/format/hdf5"
	"alrc/internal/format/pixel"
	"alrc/internal/words"
)

// OpenArray reads the array of a name, which is its path in the file, of an HDF5 file of any kind: [H,W] or [N,H,W], and dimensions
// of length 1. An array beside it that is called mask, and has its shape, follows it.
func OpenArray(r io.ReaderAt, size int64, name string) (*pixel.File, error) {
	root, err := rootOf(r, size)
	if err != nil {
		return nil, err
	}
	f := &reader{}
	if err := f.array(root, name); err != nil {
		return nil, err
	}
	return &f.file, nil
}

// array is a dataset of numbers.
type array struct {
	path string
	data *hdf5.Dataset
	// dimensions are those of its images: rows, columns, and before them their number where there are several; those of length 1 count
	// for nothing. There are none where it has no images.
	dimensions []int
}

func newArray(at string, d *hdf5.Dataset) array {
	a := array{path: at, data: d}
	for i, n := range d.Shape {
		if n > 1 {
			a.dimensions = append(a.dimensions, i)
		}
	}
	if n := len(a.dimensions); n != 2 && n != 3 {
		a.dimensions = nil
	}
	return a
}

func (a array) String() string { return fmt.Sprintf("/%s %v", a.path, a.data.Shape) }

func (a array) isMask() bool { return strings.EqualFold(path.Base(a.path), "mask") }

func (a array) isColoured() bool {
	last := a.data.Shape[len(a.data.Shape)-1]
	return len(a.dimensions) == 3 && (last == 3 || last == 4)
}

// stack is its images.
func (a array) stack() (pixel.Stack, error) {
	shape := a.data.Shape
	rows, columns := a.dimensions[len(a.dimensions)-2], a.dimensions[len(a.dimensions)-1]
	count := int64(1)
	if len(a.dimensions) == 3 {
		count = shape[a.dimensions[0]]
	}
	if min(shape[rows], shape[columns], count) < 1 || max(shape[rows], shape[columns]) > 1<<31 || count > maxImages {
		return pixel.Stack{}, fmt.Errorf("its array %v has a shape that is none of images", a)
	}
	return pixel.Stack{
		Title: path.Base(a.path), Count: int(count), Height: int(shape[rows]), Width: int(shape[columns]), Type: a.data.Type.Number, Order: a.data.Type.Order,
		Bytes: func(i int) ([]byte, error) {
			begin, part := make([]int64, len(shape)), slices.Clone(shape)
			if len(a.dimensions) == 3 {
				begin[a.dimensions[0]], part[a.dimensions[0]] = int64(i), 1
			}
			return a.data.Read(begin, part)
		},
	}, nil
}

// array reads the array of a name, or where that is "" the only one that has images and is no mask.
func (f *reader) array(root *hdf5.Object, name string) error {
	const kind = "this HDF5 file is none of Velox, NCEM's EMD or HyperSpy"
	all, damage, err := f.arrays(root)
	if err != nil {
		return fmt.Errorf("HDF5: %w", err)
	}
	candidates := slices.DeleteFunc(slices.Clone(all), func(a array) bool {
		if name != "" {
			return a.path != strings.Trim(name, "/")
		}
		return a.dimensions == nil || a.isMask() || a.isColoured()
	})
	switch {
	case len(candidates) == 0 && damage != nil:
		return fmt.Errorf("HDF5: %w", damage)
	case len(all) == 0:
		return errors.New(kind + ", and has no arrays of numbers")
	case len(candidates) == 0 && name != "":
		return fmt.Errorf("it has no array %q; there are %s", name, list(all))
	case len(candidates) == 0:
		return fmt.Errorf("%s, and none of its arrays has images of one channel: %s", kind, list(all))
	case len(candidates) > 1:
		return fmt.Errorf("%s, and has several arrays: %s; choose one with --array NAME", kind, list(candidates))
	}
	chosen := candidates[0]
	switch {
	case chosen.dimensions == nil:
		return fmt.Errorf("its array %v has no images, which have two dimensions, or three of several", chosen)
	case chosen.isColoured():
		return fmt.Errorf("its array %v has the shape of colours, and a micrograph has one channel; save one of them as an image of its own", chosen)
	}
	stack, err := chosen.stack()
	if err != nil {
		return err
	}
	f.file.Stacks = append(f.file.Stacks, stack)
	for _, a := range all {
		if a.isMask() && a.path != chosen.path && path.Dir(a.path) == path.Dir(chosen.path) && slices.Equal(a.data.Shape, chosen.data.Shape) {
			if stack, err = a.stack(); err != nil {
				return err
			}
			f.file.Stacks = append(f.file.Stacks, stack)
		}
	}
	return nil
}

// list names the first few arrays.
func list(arrays []array) string { return words.First(arrays, 6, ", ") }

// arrays finds all datasets of numbers of two dimensions or more; damage is the first error of those that cannot be read.
func (f *reader) arrays(root *hdf5.Object) (found []array, damage, err error) {
	err = f.search(root, "", 0, func(object *hdf5.Object, at string) (bool, error) {
		if !object.IsDataset() {
			return false, nil
		}
		d, err := object.Dataset()
		if err != nil {
			damage = cmp.Or(damage, fmt.Errorf("/%s: %w", at, err))
			return true, nil
		}
		if d.Type.Number != pixel.Invalid && len(d.Shape) > 1 {
			found = append(found, newArray(at, d))
		}
		return true, nil
	})
	return found, damage, err
}
