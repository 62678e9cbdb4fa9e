package imagefile

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"alrc/internal/format/dm"
	"alrc/internal/format/emd"
	"alrc/internal/format/fits"
	"alrc/internal/format/hdf5"
	"alrc/internal/format/mrc"
	"alrc/internal/format/npy"
	"alrc/internal/format/ser"
)

// format is a kind of image file.
type format struct {
	// name is what users call it.
	name string
	// recognizes reports whether a file of a size begins so. It is given the first sniffLength bytes, or fewer if there are no more.
	recognizes func(begin []byte, size int64) bool
	// open begins to read a file of a size, whose path is "" where it has none.
	open func(r io.ReaderAt, size int64, path string) (decoder, error)
	// array begins to read the array of a name, where files of the format may have several.
	array func(r io.ReaderAt, size int64, name string) (decoder, error)
	// separate says that the images of a file have nothing to do with each other, as those of an array of crops. Otherwise they
	// stay together, for training or for tests, since they often show one place.
	separate bool
}

// formats are those that are read. The first that recognizes a file reads it.
var formats = []format{
	{name: "PNG", recognizes: begins("\x89PNG\r\n\x1a\n"), open: openPNG},
	{name: "JPEG", recognizes: begins("\xff\xd8\xff"), open: openJPEG},
	// Those with + have 64-bit offsets.
	{name: "TIFF", recognizes: begins("II*\x00", "MM\x00*", "II+\x00", "MM\x00+"), open: openTIFF},
	{name: ".npy", recognizes: begins(npy.Magic), open: openNPY, separate: true},
	{name: ".npz", recognizes: begins(npy.ZipMagic), open: openNPZ, array: openNPZArray, separate: true},
	{name: "SER", recognizes: func(begin []byte, _ int64) bool { return ser.Is(begin) }, open: openSER},
	{name: "EMD or HyperSpy", recognizes: isHDF5, open: measured(emd.Open), array: openHDF5Array},
	{name: "DM3 or DM4", recognizes: func(begin []byte, _ int64) bool { return dm.Is(begin) }, open: measured(dm.Open)},
	{name: "MRC", recognizes: mrc.Is, open: measured(mrc.Open)},
	{name: "FITS", recognizes: begins(fits.Magic), open: measured(fits.Open)},
}

// openArray begins to read a file for the array of a name, or as it is where that is "".
func (f *format) openArray(r io.ReaderAt, size int64, path, array string) (decoder, error) {
	switch {
	case array == "":
		return f.open(r, size, path)
	case f.array == nil:
		return nil, fmt.Errorf("array %s: it is neither a .npz nor an HDF5 file, and others have no arrays of a name", array)
	}
	return f.array(r, size, array)
}

// isHDF5 reports whether a file is HDF5, which may begin with something else that is a multiple of 512 bytes long.
func isHDF5(begin []byte, _ int64) bool {
	return bytes.HasPrefix(begin, []byte(hdf5.Magic)) || len(begin) > 512 && bytes.HasPrefix(begin[512:], []byte(hdf5.Magic))
}

// sniffLength is the number of bytes by which formats are told.
const sniffLength = 1024

// decoder reads the images of a file. Its methods may be called by several goroutines at a time.
type decoder interface {
	// Len is the number of images.
	Len() int
	// Size is that of an image, before it is decoded. A page that is not an image of its own is errReduced.
	Size(i int) (height, width int, err error)
	// Read decodes an image, whose size was checked.
	Read(i int) (*Image, error)
}

// begins returns a function that says whether bytes begin with one of the given ones.
func begins(with ...string) func([]byte, int64) bool {
	return func(begin []byte, _ int64) bool {
		for _, magic := range with {
			if strings.HasPrefix(string(begin), magic) {
				return true
			}
		}
		return false
	}
}

// Formats names the formats that are read: "PNG, JPEG, TIFF, ... or MRC".
func Formats() string {
	var names []string
	for _, f := range formats {
		names = append(names, strings.Split(f.name, " or ")...)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
