// Package imagefile finds image files and decodes them: formats by what a file holds, limits on what is decoded, the range of an
// image's values, and which images of a collection are for training and which are held out.
//
// [Load] reads a collection for a source of images. [Open] opens one file. A format is one file here and one line of the table
// in format.go.
package imagefile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"alrc/internal/format/tiff"
)

// maxPixels is the largest area of an image that is decoded, 8192x8192 or the like: a file of a few kilobytes may say that it
// has more pixels than there is memory.
const maxPixels = 1 << 26

// errReduced says that a page is not an image of its own.
var errReduced = errors.New("it is a smaller version of another page, or a mask")

// File is an image file that is open for reading. Its methods may be called by several goroutines at a time.
type File struct {
	r       io.ReaderAt
	size    int64
	format  *format
	decoder decoder

	file *os.File
	info os.FileInfo
}

// Stdin is the path of standard input, which is read whole into memory.
const Stdin = "-"

// mostStdin is the largest number of bytes of standard input that are read.
const mostStdin = 1<<31 - 1

// Open opens a file by what it holds, whatever its name.
func Open(path string) (*File, error) { return OpenArray(path, "") }

// OpenArray opens a .npz or HDF5 file for the images of the array of a name. "" stands for the only one, and for other files.
func OpenArray(path, array string) (*File, error) {
	if path == Stdin {
		content, err := io.ReadAll(io.LimitReader(os.Stdin, mostStdin+1))
		if err == nil && len(content) > mostStdin {
			err = errors.New("standard input has more than 2 GB: give a file")
		}
		if err != nil {
			return nil, withoutPath(err)
		}
		return open(bytes.NewReader(content), int64(len(content)), path, array)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("it is a folder; give the images in it, as in %s", filepath.Join(path, "*.tif"))
	}
	if !info.Mode().IsRegular() { // a pipe might wait forever
		return nil, errors.New("it is no regular file; of a pipe, give - and send it to standard input")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	f, err := open(file, info.Size(), path, array)
	if err != nil {
		file.Close()
		return nil, err
	}
	f.file, f.info = file, info
	return f, nil
}

func open(r io.ReaderAt, size int64, path, array string) (*File, error) {
	begin := make([]byte, sniffLength)
	n, err := r.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, withoutPath(err)
	}
	if n == 0 {
		return nil, errors.New("it is empty")
	}
	for i := range formats {
		if f := &formats[i]; f.recognizes(begin[:n], size) {
			decoder, err := f.openArray(r, size, path, array)
			if err != nil {
				return nil, err
			}
			return &File{r: r, size: size, format: f, decoder: decoder}, nil
		}
	}
	if why := refusal(begin[:n], path); why != "" {
		return nil, errors.New(why)
	}
	return nil, fmt.Errorf("it is no %s file, as far as can be seen; save it as TIFF", Formats())
}

// withoutPath keeps a message from naming a file twice.
func withoutPath(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// Close closes a file that [Open] opened.
func (f *File) Close() {
	if f.file != nil {
		f.file.Close()
	}
}

// Format names the format that the file is in, as [Formats] does.
func (f *File) Format() string { return f.format.name }

// Len is the number of images that there may be. Some of them may turn out to be none.
func (f *File) Len() int { return f.decoder.Len() }

// Size is that of image i in pixels, at most 2^26 of them.
func (f *File) Size(i int) (height, width int, err error) {
	if i < 0 || i >= f.Len() {
		return 0, 0, fmt.Errorf("image %d: the file has the images 0 to %d", i, f.Len()-1)
	}
	height, width, err = f.decoder.Size(i)
	if err == nil && (height < 1 || width < 1 || width > maxPixels/height) {
		err = fmt.Errorf("its %dx%d pixels are more than the %d that are read; crop it or save it smaller", width, height, maxPixels)
	}
	return height, width, err
}

// Read decodes image i.
func (f *File) Read(i int) (*Image, error) {
	if _, _, err := f.Size(i); err != nil {
		return nil, err
	}
	return f.decoder.Read(i)
}

// Metadata returns what is known of image i as tags of TIFF, for a file that is made from it: those of a TIFF file, and a
// description of other formats that have one.
func (f *File) Metadata(i int) ([]tiff.Tag, error) {
	if tagged, ok := f.decoder.(interface{ Metadata(int) ([]tiff.Tag, error) }); ok {
		return tagged.Metadata(i)
	}
	return nil, nil
}

// Left says what the file has besides images that can be read, and why that is left out: line profiles, spectra, thumbnails.
func (f *File) Left() []string {
	if leaving, ok := f.decoder.(interface{ Left() []string }); ok {
		return leaving.Left()
	}
	return nil
}

// Micrographs are the numbers of the images of one channel, in their order. Thumbnails, masks and, where there are others,
// pages with colours are none.
func (f *File) Micrographs() []int {
	if choosing, ok := f.decoder.(interface{ Micrographs() []int }); ok {
		return choosing.Micrographs()
	}
	all := make([]int, f.Len())
	for i := range all {
		all[i] = i
	}
	return all
}

// Mask is what the file says was seen of image i, [H,W], 1 or 0, and nil where it says nothing.
func (f *File) Mask(i int) ([]float32, error) {
	if masked, ok := f.decoder.(interface{ Mask(int) ([]float32, error) }); ok {
		return masked.Mask(i)
	}
	return nil, nil
}

// hash is the SHA-256 of the whole file.
func (f *File) hash() (sum [sha256.Size]byte, err error) {
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(f.r, 0, f.size)); err != nil {
		return sum, withoutPath(err)
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// ReadGrey reads the first micrograph of a file, [height,width], in the units of the file. Images with colours are an error.
func ReadGrey(path string) (pixels []float32, height, width int, err error) {
	f, err := Open(path)
	if err != nil {
		return nil, 0, 0, err
	}
	defer f.Close()
	return f.ReadGrey(f.Micrographs()[0])
}

// ReadGrey reads image i as [ReadGrey] does.
func (f *File) ReadGrey(i int) (pixels []float32, height, width int, err error) {
	m, err := f.Read(i)
	if err != nil {
		return nil, 0, 0, err
	}
	pixels, err = m.Grey()
	if m.Offset != 0 {
		for i, value := range pixels {
			pixels[i] = float32(float64(value) + m.Offset)
		}
	}
	return pixels, m.Height, m.Width, err
}
