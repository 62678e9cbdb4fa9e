package emd

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"alrc/internal/format/hdf5"
	"alrc/internal/format/pixel"
)

// OpenArray reads the array of a name, which is its path in the file, of an HDF5 file of any kind: [H,W], [H,W,1] or [N,H,W]. An array
// beside it that is called mask, and has its shape, follows it.
func OpenArray(r io.ReaderAt, size int64, name string) (*pixel.File, error) {
	h, err := hdf5.Open(r, size)
	if err != nil {
		return nil, err
	}
	root, err := h.Root()
	if err != nil {
		return nil, fmt.Errorf("HDF5: %w", err)
	}
	f := &reader{}
	if err := f.array(root, name); err != nil {
		return nil, err
	}
	return &f.file, nil
}

// array is a dataset that may have images.
type array struct {
	path string
	data *hdf5.Dataset
}

func (a array) String() string { return fmt.Sprintf("/%s %v", a.path, a.data.Shape) }

func (a array) isMask() bool { return strings.EqualFold(path.Base(a.path), "mask") }

// array reads the array of a name, or where that is "" the only one of two or three dimensions that is no mask.
func (f *reader) array(root *hdf5.Object, name string) error {
	const kind = "this HDF5 file is none of Velox, NCEM's EMD or HyperSpy"
	all, err := f.arrays(root)
	if err != nil {
		return fmt.Errorf("HDF5: %w", err)
	}
	candidates := slices.DeleteFunc(slices.Clone(all), func(a array) bool {
		if name != "" {
			return a.path != strings.Trim(name, "/")
		}
		return a.isMask()
	})
	switch {
	case len(all) == 0:
		return errors.New(kind + ", and has no array of numbers of two or three dimensions")
	case len(candidates) == 0 && name != "":
		return fmt.Errorf("it has no array %q; there are %s", name, list(all))
	case len(candidates) == 0:
		return fmt.Errorf("%s, and has no array but masks: %s", kind, list(all))
	case len(candidates) > 1:
		return fmt.Errorf("%s, and has several arrays: %s; choose one with --array NAME", kind, list(candidates))
	}
	chosen := candidates[0]
	shape := chosen.data.Shape
	if last := shape[len(shape)-1]; len(shape) == 3 && (last == 3 || last == 4) {
		return fmt.Errorf("its array %v has the shape of colours, and a micrograph has one channel; save one of them as an image of its own", chosen)
	}
	for _, a := range all {
		if a.path == chosen.path || a.isMask() && path.Dir(a.path) == path.Dir(chosen.path) && slices.Equal(a.data.Shape, shape) {
			f.add(path.Base(a.path), a.data, nil, len(shape) == 3 && shape[2] == 1)
		}
	}
	if len(f.file.Stacks) == 0 {
		return fmt.Errorf("its array %s", strings.Join(f.file.Left, "; "))
	}
	// The mask follows what it is of.
	slices.SortStableFunc(f.file.Stacks, func(a, b pixel.Stack) int {
		if a.Title == path.Base(chosen.path) {
			return -1
		}
		return 0
	})
	return nil
}

// list names the first few arrays.
func list(arrays []array) string {
	const most = 6
	var names []string
	for _, a := range arrays[:min(most, len(arrays))] {
		names = append(names, a.String())
	}
	if more := len(arrays) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// arrays finds all datasets of numbers of two or three dimensions.
func (f *reader) arrays(root *hdf5.Object) ([]array, error) {
	var found []array
	f.visited = 0
	err := f.search(root, "", 0, func(object *hdf5.Object, at string) (bool, error) {
		if !object.IsDataset() {
			return false, nil
		}
		d, err := object.Dataset()
		if err != nil {
			return true, fmt.Errorf("/%s: %w", at, err)
		}
		if d.Type.Number != pixel.Invalid && (len(d.Shape) == 2 || len(d.Shape) == 3) {
			found = append(found, array{at, d})
		}
		return true, nil
	})
	return found, err
}
