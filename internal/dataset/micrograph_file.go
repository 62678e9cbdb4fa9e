package dataset

import (
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"

	"alrc/internal/format/npy"
	"alrc/internal/format/tiff"
)

// MicrographFile is a file of images of one channel that is open for reading. Its methods may be called by several
// goroutines at a time.
type MicrographFile struct {
	file   *os.File
	info   os.FileInfo
	images *imageFile // nil where array is there
	array  *npy.Array
}

// OpenMicrographFile opens a file by what it holds, whatever its name: TIFF of any number format, PNG, JPEG, or an .npy array
// of shape [H,W], [N,H,W] or [N,H,W,1].
func OpenMicrographFile(path string) (*MicrographFile, error) {
	file, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	m, err := newMicrographFile(file, info.Size())
	if err != nil {
		file.Close()
		return nil, err
	}
	m.file, m.info = file, info
	return m, nil
}

func newMicrographFile(r io.ReaderAt, size int64) (*MicrographFile, error) {
	begin := make([]byte, len(npy.Magic))
	if n, _ := r.ReadAt(begin, 0); string(begin[:n]) != npy.Magic {
		images, err := newImageFile(r, size)
		return &MicrographFile{images: images}, err
	}
	array, err := npy.Open(r, size)
	if err != nil {
		return nil, err
	}
	switch shape := array.Shape; {
	case len(shape) == 4 && shape[3] == 1:
		array.Shape = shape[:3]
	case len(shape) == 2:
		array.Shape = []int{1, shape[0], shape[1]}
	case len(shape) != 3:
		return nil, fmt.Errorf("its array has the shape %v; images of one channel have [H,W], [N,H,W] or [N,H,W,1]", shape)
	}
	if array.Len() == 0 {
		return nil, fmt.Errorf("its array has the shape %v and so no pixels", array.Shape)
	}
	return &MicrographFile{array: array}, nil
}

// Close closes the file.
func (m *MicrographFile) Close() { m.file.Close() }

// Len is the number of images there may be.
func (m *MicrographFile) Len() int {
	if m.array != nil {
		return m.array.Shape[0]
	}
	return m.images.pages()
}

// Metadata returns the tags of a page of a TIFF file, and nothing for others.
func (m *MicrographFile) Metadata(page int) ([]tiff.Tag, error) {
	if m.array != nil || m.images.tiff == nil {
		return nil, nil
	}
	return m.images.tiff.Metadata(page)
}

// Read returns image i, [height,width], in the units of the file: what TIFF and .npy files say, whole numbers from 0 on for
// PNG and JPEG. Images with colours are an error.
func (m *MicrographFile) Read(i int) (pixels []float32, height, width int, err error) {
	if i < 0 || i >= m.Len() {
		return nil, 0, 0, fmt.Errorf("image %d: the file has the images 0 to %d", i, m.Len()-1)
	}
	switch {
	case m.array != nil:
		height, width = m.array.Shape[1], m.array.Shape[2]
		if err := checkArea(height, width); err != nil {
			return nil, 0, 0, err
		}
		pixels = make([]float32, height*width)
		return pixels, height, width, m.array.Read(int64(i)*int64(len(pixels)), pixels)
	case m.images.tiff != nil:
		return readGreyTIFF(m.images.tiff, i)
	}
	return m.images.readGrey()
}

func checkArea(height, width int) error {
	if height < 1 || width < 1 || width > maxFilePixels/height {
		return fmt.Errorf("its %dx%d pixels are more than the %d that are read; crop it or save it smaller", width, height, maxFilePixels)
	}
	return nil
}

func readGreyTIFF(f *tiff.File, i int) (pixels []float32, height, width int, err error) {
	page, err := f.Page(i)
	if err != nil {
		return nil, 0, 0, err
	}
	if page.Reduced {
		return nil, 0, 0, errReduced
	}
	if err := checkArea(page.Height, page.Width); err != nil {
		return nil, 0, 0, err
	}
	pixels = make([]float32, page.Height*page.Width*page.Channels)
	if err := f.Read(page, pixels); err != nil {
		return nil, 0, 0, err
	}
	pixels, err = oneChannel(pixels, page.Channels)
	return pixels, page.Height, page.Width, err
}

var errColours = errors.New("it has colours, and a micrograph has one channel; save it as grey")

// oneChannel keeps one channel of an image whose channels are all alike.
func oneChannel(pixels []float32, channels int) ([]float32, error) {
	grey := withoutColour(pixels, channels)
	if channels > 1 && len(grey) == len(pixels) {
		return nil, errColours
	}
	return grey, nil
}

// readGrey decodes a PNG or JPEG image.
func (f *imageFile) readGrey() (pixels []float32, height, width int, err error) {
	config, _, err := image.DecodeConfig(f.reader())
	if err != nil {
		return nil, 0, 0, f.unreadable(err)
	}
	if err := checkArea(config.Height, config.Width); err != nil {
		return nil, 0, 0, err
	}
	decoded, _, err := image.Decode(f.reader())
	if err != nil {
		return nil, 0, 0, f.unreadable(err)
	}
	r, err := rasterOf(decoded)
	if err != nil {
		return nil, 0, 0, err
	}
	pixels = make([]float32, r.height*r.width*r.channels)
	for y := range r.height {
		r.row(pixels[y*r.width*r.channels:][:r.width*r.channels], y, 0)
	}
	if !r.whole {
		for i := range pixels {
			pixels[i] = float32(math.Round(float64(pixels[i]) * 257))
		}
	}
	pixels, err = oneChannel(pixels, r.channels)
	return pixels, r.height, r.width, err
}
