package dataset

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"

	"alrc/internal/format/tiff"
)

// maxFilePixels is the largest area of an image that is decoded, 8192x8192 or the like: a file of a few kilobytes may say
// that it has more pixels than there is memory. Images beyond largeFilePixels are decoded one at a time.
const (
	maxFilePixels   = 1 << 26
	largeFilePixels = 1 << 24
)

var decodingLarge sync.Mutex

// imageFile is a file to decode images from.
type imageFile struct {
	r    io.ReaderAt
	size int64
	kind string
	tiff *tiff.File // nil for PNG and JPEG

	file *os.File // nil where r is none
	info os.FileInfo
}

// openImageFile opens a file by what it holds, whatever its name.
func openImageFile(path string) (*imageFile, error) {
	file, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	f, err := newImageFile(file, info.Size())
	if err != nil {
		file.Close()
		return nil, err
	}
	f.file, f.info = file, info
	return f, nil
}

// openRegular opens a file, but nothing that is none, such as a pipe, which might wait forever.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("it is no regular file")
	}
	file, err := os.Open(path)
	return file, info, withoutPath(err)
}

// withoutPath keeps a message from naming a file twice.
func withoutPath(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

func newImageFile(r io.ReaderAt, size int64) (*imageFile, error) {
	f := &imageFile{r: r, size: size}
	begin := make([]byte, 8)
	n, err := r.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, withoutPath(err)
	}
	switch text := string(begin[:n]); {
	case text == "":
		return nil, errors.New("it is empty")
	case text == "\x89PNG\r\n\x1a\n":
		f.kind = "PNG"
	case strings.HasPrefix(text, "\xff\xd8\xff"):
		f.kind = "JPEG"
	case strings.HasPrefix(text, "II*\x00"), strings.HasPrefix(text, "MM\x00*"),
		strings.HasPrefix(text, "II+\x00"), strings.HasPrefix(text, "MM\x00+"): // 64-bit offsets, which tiff refuses by name
		f.kind = "TIFF"
		if f.tiff, err = tiff.Open(r, size); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("it is no PNG, JPEG or TIFF image")
	}
	return f, nil
}

func (f *imageFile) close() { f.file.Close() }

// pages is the number of images there may be.
func (f *imageFile) pages() int {
	if f.tiff != nil {
		return f.tiff.Len()
	}
	return 1
}

// hash is of the whole file.
func (f *imageFile) hash() (sum [sha256.Size]byte, err error) {
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(f.r, 0, f.size)); err != nil {
		return sum, withoutPath(err)
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// errReduced says that a page is not an image of its own.
var errReduced = errors.New("it is a smaller version of another page, or a mask")

// image decodes a page to [size,size,C] with 1 or 3 channels, values from 0 to 255. Whole says that all values are whole.
func (f *imageFile) image(page, size int) (pixels []float32, whole bool, err error) {
	var width, height int
	var decode func() (*raster, error)
	if f.tiff != nil {
		p, err := f.tiff.Page(page)
		if err != nil {
			return nil, false, err
		}
		if p.Reduced {
			return nil, false, errReduced
		}
		width, height = p.Width, p.Height
		decode = func() (*raster, error) { return f.decodeTIFF(p) }
	} else {
		formats := map[string]struct {
			config func(io.Reader) (image.Config, error)
			decode func(io.Reader) (image.Image, error)
		}{"PNG": {png.DecodeConfig, png.Decode}, "JPEG": {jpeg.DecodeConfig, jpeg.Decode}}
		config, err := formats[f.kind].config(f.reader())
		if err != nil {
			return nil, false, f.unreadable(err)
		}
		width, height = config.Width, config.Height
		decode = func() (*raster, error) {
			decoded, err := formats[f.kind].decode(f.reader())
			if err != nil {
				return nil, f.unreadable(err)
			}
			return rasterOf(decoded)
		}
	}
	switch {
	case width < 1 || height < 1 || width > maxFilePixels/height:
		return nil, false, fmt.Errorf("its %dx%d pixels are more than the %d that are read; crop it or save it smaller", width, height, maxFilePixels)
	case min(width, height) < size:
		return nil, false, fmt.Errorf("its %dx%d pixels are fewer than the %dx%d asked for, and enlarged images lack the detail to learn;"+
			" ask for a smaller size", width, height, size, size)
	case width*height > largeFilePixels:
		decodingLarge.Lock()
		defer decodingLarge.Unlock()
	}
	r, err := decode()
	if err != nil {
		return nil, false, err
	}
	return withoutColour(r.square(size), r.channels), r.whole, nil
}

func (f *imageFile) reader() io.Reader {
	return bufio.NewReader(io.NewSectionReader(f.r, 0, f.size))
}

func (f *imageFile) unreadable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	return fmt.Errorf("it cannot be read as %s: %w", f.kind, err)
}

// withoutColour keeps one channel of an image whose channels are all alike.
func withoutColour(pixels []float32, channels int) []float32 {
	if channels == 1 {
		return pixels
	}
	grey := make([]float32, len(pixels)/3)
	for i := range grey {
		grey[i] = pixels[3*i]
		if pixels[3*i+1] != grey[i] || pixels[3*i+2] != grey[i] {
			return pixels
		}
	}
	return grey
}

// rasterOf takes an image of the standard library's kinds. What is transparent is laid over black.
func rasterOf(decoded image.Image) (*raster, error) {
	m, ok := decoded.(image.RGBA64Image)
	if !ok {
		return nil, fmt.Errorf("an image of type %T is not read", decoded)
	}
	bounds := m.Bounds()
	r := &raster{width: bounds.Dx(), height: bounds.Dy(), channels: 3, whole: true}
	switch m.(type) {
	case *image.Gray:
		r.channels = 1
	case *image.Gray16:
		r.channels, r.whole = 1, false
	case *image.RGBA64, *image.NRGBA64:
		r.whole = false
	}
	r.row = func(pixels []float32, y, left int) {
		for i := range len(pixels) / r.channels {
			colour := m.RGBA64At(bounds.Min.X+left+i, bounds.Min.Y+y)
			pixel := pixels[i*r.channels:][:r.channels]
			pixel[0] = float32(colour.R) / 257
			if r.channels == 3 {
				pixel[1], pixel[2] = float32(colour.G)/257, float32(colour.B)/257
			}
		}
	}
	return r, nil
}

// decodeTIFF scales a page's numbers to 0..255. Colours, and grey of up to 8 bits, are scaled by the range that their type
// has. Other grey pages are measurements, of which no two instruments use the same part of the range: each is scaled by
// its own, as [robustRange] has it. Numbers that are not finite become black, or white for +Inf.
func (f *imageFile) decodeTIFF(p tiff.Page) (*raster, error) {
	pixels := make([]float32, p.Width*p.Height*p.Channels)
	if err := f.tiff.Read(p, pixels); err != nil {
		return nil, err
	}
	r := &raster{width: p.Width, height: p.Height, channels: p.Channels}
	low, high := 0.0, math.Ldexp(1, p.Bits)-1
	switch {
	case p.Format == tiff.Unsigned && p.Bits <= 8:
		r.whole = true
		if p.Palette {
			high = 65535
		}
	case p.Format == tiff.Unsigned && p.Channels == 3:
	default:
		var ok bool
		if low, high, ok = robustRange(pixels); !ok {
			return nil, errors.New("none of its pixels is a finite number")
		}
	}
	span := high - low
	if span == 0 {
		span = 1 // The image has one value, and becomes black.
	}
	for i, pixel := range pixels {
		value := float64(pixel) - low
		if !(value > 0) { // NaN too
			value = 0
		}
		pixels[i] = float32(min(value, high-low) * 255 / span)
	}
	r.row = func(out []float32, y, left int) { copy(out, pixels[(y*r.width+left)*r.channels:]) }
	return r, nil
}

// robustRange is the range of the finite values, without outliers such as hot pixels: those farther from the middle 99.8 %
// than these are wide. It is false where no value is finite.
func robustRange(values []float32) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	finite := 0
	for _, value := range values {
		if v := float64(value); !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
			finite++
		}
	}
	if finite == 0 {
		return 0, 0, false
	}
	// One value of each of so many equal parts, at a place in it that no period of the image can be in step with.
	const parts = 1 << 16
	step := max(1, len(values)/parts)
	sample := make([]float32, 0, min(len(values), 2*parts))
	for i := 0; i+step <= len(values); i += step {
		value := values[i+int(mix(uint64(i))%uint64(step))]
		if v := float64(value); !math.IsNaN(v) && !math.IsInf(v, 0) {
			sample = append(sample, value)
		}
	}
	if len(sample) == 0 {
		return low, high, true
	}
	slices.Sort(sample)
	edge := len(sample) / 1000
	first, last := float64(sample[edge]), float64(sample[len(sample)-1-edge])
	if width := last - first; width > 0 {
		low, high = max(low, first-width), min(high, last+width)
	}
	return low, high, true
}
