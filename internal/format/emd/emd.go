// Package emd reads images from the HDF5 files of electron microscopy: EMD of Velox (Thermo Fisher), EMD of NCEM (Berkeley; also of
// Prismatic and py4DSTEM), and HyperSpy's own. (emdatasets.com/format; HyperSpy's and RosettaSciIO's documentation.)
package emd

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"alrc/internal/format/hdf5"
	"alrc/internal/format/pixel"
)

// Limits that keep a hostile file from taking memory or time without bounds.
const (
	maxObjects = 1 << 14 // that are visited in search of images
	maxDepth   = 32
	maxImages  = 1 << 20
)

// rootOf opens the group that holds all of an HDF5 file.
func rootOf(r io.ReaderAt, size int64) (*hdf5.Object, error) {
	h, err := hdf5.Open(r, size)
	if err != nil {
		return nil, err
	}
	root, err := h.Root()
	if err != nil {
		return nil, fmt.Errorf("HDF5: %w", err)
	}
	return root, nil
}

// Open reads which images a file of a size has.
func Open(r io.ReaderAt, size int64) (*pixel.File, error) {
	root, err := rootOf(r, size)
	if err != nil {
		return nil, err
	}
	f := &reader{}
	for _, find := range []func(root *hdf5.Object) error{f.velox, f.hyperspy, f.ncem} {
		if err := find(root); err != nil {
			return nil, fmt.Errorf("HDF5: %w", err)
		}
		if len(f.file.Stacks) > 0 {
			return &f.file, nil
		}
		if len(f.file.Left) > 0 {
			return nil, fmt.Errorf("this HDF5 file has no image that is read: %s", strings.Join(f.file.Left, "; "))
		}
	}
	// A file of another kind.
	if err := f.array(root, ""); err != nil {
		return nil, err
	}
	return &f.file, nil
}

// reader collects images.
type reader struct {
	file    pixel.File
	visited int
}

// axis is a dimension of an array.
type axis struct {
	scale float64
	unit  string
	// navigates says that it numbers images or spectra, rather than being within one; known, that the file says either.
	navigates, known bool
}

// add makes a stack of an array, or says why it has no images. The images lie one after the other, or, of three dimensions with
// last, side by side: their number is that of the last dimension.
func (f *reader) add(title string, d *hdf5.Dataset, axes []axis, last bool) *pixel.Stack {
	leave := func(why string, arguments ...any) *pixel.Stack {
		f.file.Left = append(f.file.Left, title+" "+fmt.Sprintf(why, arguments...))
		return nil
	}
	shape := slices.Clone(d.Shape)
	for len(axes) < len(shape) {
		axes = append(axes, axis{})
	}
	signals, spectral := 0, false
	for _, a := range axes[:len(shape)] {
		spectral = spectral || strings.HasSuffix(a.unit, "eV")
		if a.known && !a.navigates {
			signals++
		}
	}
	known := len(shape) > 0 && axes[0].known
	switch {
	case d.Type.Number == pixel.Invalid:
		return leave("has %s; save its modulus, or one channel, as an image of its own", d.Type.What)
	case spectral || known && signals < 2 && len(shape) > 1:
		return leave("has spectra; save a map of an energy range as an image of its own")
	case len(shape) < 2:
		return leave("is a line profile")
	case len(shape) > 3:
		return leave("is data of %d dimensions, such as a diffraction pattern at each place; save a virtual image of it as an image of its own", len(shape))
	}
	rows := len(shape) - 2
	if last && len(shape) == 3 {
		rows = 0
	}
	height, width, count := shape[rows], shape[rows+1], int64(1)
	if len(shape) == 3 {
		count = shape[2-rows*2]
	}
	if min(height, width, count) < 1 || max(height, width) > 1<<31 || count > maxImages {
		return leave("has the shape %v, which is none of images", shape)
	}
	y, x := axes[rows], axes[rows+1]
	stack := pixel.Stack{
		Title: title, Count: int(count), Height: int(height), Width: int(width), Type: d.Type.Number, Order: d.Type.Order,
		Size: pixel.NewSize(x.scale, x.unit, y.scale, y.unit).Compact(int(width)),
		Bytes: func(i int) ([]byte, error) {
			switch {
			case len(shape) == 2:
				return d.Read([]int64{0, 0}, shape)
			case rows == 0:
				return d.Read([]int64{0, 0, int64(i)}, []int64{height, width, 1})
			}
			return d.Read([]int64{int64(i), 0, 0}, []int64{1, height, width})
		},
	}
	f.file.Stacks = append(f.file.Stacks, stack)
	return &f.file.Stacks[len(f.file.Stacks)-1]
}

// child follows names from a group on, and is nil where one is not there.
func child(o *hdf5.Object, names ...string) (*hdf5.Object, error) {
	for _, name := range names {
		next, err := o.Child(name)
		if next == nil || err != nil {
			return nil, err
		}
		o = next
	}
	return o, nil
}

// hyperspy reads what HyperSpy saves: /Experiments/TITLE/data, with a group axis-0, axis-1, ... for each dimension.
func (f *reader) hyperspy(root *hdf5.Object) error {
	experiments, err := child(root, "Experiments")
	if experiments == nil || err != nil {
		return err
	}
	links, err := experiments.Links()
	if err != nil {
		return err
	}
	for _, link := range links {
		group, err := experiments.Open(link)
		if err != nil {
			return err
		}
		data, err := child(group, "data")
		if data == nil || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		d, err := data.Dataset()
		if err != nil {
			f.file.Left = append(f.file.Left, fmt.Sprintf("%s: %v", link.Name, err))
			continue
		}
		var axes []axis
		for i := range d.Shape {
			a, err := child(group, fmt.Sprintf("axis-%d", i))
			if err != nil {
				return err
			}
			if a == nil {
				break
			}
			scale, _ := a.Number("scale")
			navigates, known := a.Number("navigate")
			axes = append(axes, axis{scale, pixel.Unit(a.Text("units")), navigates != 0, known})
		}
		f.add(link.Name, d, axes, false)
	}
	return nil
}

// ncem reads groups with the attribute emd_group_type, wherever they are: an array, mostly called data, with the coordinates of
// its dimensions in dim1, dim2, ...
func (f *reader) ncem(root *hdf5.Object) error {
	return f.search(root, "", 0, func(group *hdf5.Object, path string) (bool, error) {
		if kind, ok := group.Number("emd_group_type"); !ok || kind != 1 {
			return false, nil
		}
		links, err := group.Links()
		if err != nil {
			return false, err
		}
		// The array is called data, or else it is the one that is no dimension.
		slices.SortStableFunc(links, func(a, b hdf5.Link) int {
			if a.Name == "data" {
				return -1
			}
			return 0
		})
		for _, link := range links {
			if strings.HasPrefix(link.Name, "dim") {
				continue
			}
			object, err := group.Open(link)
			if err != nil {
				return false, err
			}
			if !object.IsDataset() {
				continue
			}
			d, err := object.Dataset()
			if err != nil {
				f.file.Left = append(f.file.Left, fmt.Sprintf("%s: %v", path, err))
				return true, nil
			}
			axes, err := dimensions(group, len(d.Shape))
			if err != nil {
				return false, err
			}
			f.add(path, d, axes, imagesLast(axes))
			return true, nil
		}
		return true, nil
	})
}

// imagesLast says that of three dimensions the first two are places, and the last, such as the angles of detectors, is not.
func imagesLast(axes []axis) bool {
	place := func(unit string) bool {
		_, ok := (pixel.Size{X: 1, Y: 1, Unit: unit}).In("m")
		return ok
	}
	return len(axes) == 3 && place(axes[0].unit) && place(axes[1].unit) && !place(axes[2].unit)
}

// dimensions reads the coordinates of NCEM's arrays.
func dimensions(group *hdf5.Object, rank int) ([]axis, error) {
	var axes []axis
	for i := range rank {
		object, err := child(group, fmt.Sprintf("dim%d", i+1))
		if err != nil {
			return nil, err
		}
		if object == nil {
			break
		}
		a := axis{unit: pixel.Unit(object.Text("units"))}
		if d, err := object.Dataset(); err == nil && d.Type.Number != pixel.Invalid && len(d.Shape) == 1 && d.Shape[0] > 1 {
			if data, err := d.Read([]int64{0}, []int64{2}); err == nil {
				a.scale = d.Type.Number.Value(data[d.Type.Size:], d.Type.Order) - d.Type.Number.Value(data, d.Type.Order)
			}
		}
		axes = append(axes, a)
	}
	return axes, nil
}

// search visits groups, those in others too, until visit says that what is in one is done with.
func (f *reader) search(group *hdf5.Object, path string, depth int, visit func(group *hdf5.Object, path string) (done bool, err error)) error {
	if f.visited++; f.visited > maxObjects || depth > maxDepth {
		return nil
	}
	done, err := visit(group, path)
	if done || err != nil || group.IsDataset() {
		return err
	}
	links, err := group.Links()
	if err != nil {
		return err
	}
	for _, link := range links {
		object, err := group.Open(link)
		if err != nil {
			return err
		}
		if err := f.search(object, strings.TrimPrefix(path+"/"+link.Name, "/"), depth+1, visit); err != nil {
			return err
		}
	}
	return nil
}
