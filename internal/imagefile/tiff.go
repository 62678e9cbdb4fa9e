package imagefile

import (
	"io"
	"math"

	"alrc/internal/format/tiff"
)

// tiffFile reads TIFF. Colours, and grey of up to 8 bits, have a white; other grey pages are measurements, of which no two
// instruments use the same part of the range.
type tiffFile struct{ *tiff.File }

func openTIFF(r io.ReaderAt, size int64) (decoder, error) {
	file, err := tiff.Open(r, size)
	if err != nil {
		return nil, err
	}
	return tiffFile{file}, nil
}

func (f tiffFile) Size(i int) (height, width int, err error) {
	page, err := f.Page(i)
	if err == nil && page.Reduced {
		err = errReduced
	}
	return page.Height, page.Width, err
}

func (f tiffFile) Read(i int) (*Image, error) {
	page, err := f.Page(i)
	if err != nil {
		return nil, err
	}
	m := &Image{Height: page.Height, Width: page.Width, Channels: page.Channels}
	m.pixels = make([]float32, m.Height*m.Width*m.Channels)
	if err := f.File.Read(page, m.pixels); err != nil {
		return nil, err
	}
	if page.Format == tiff.Unsigned && (page.Bits <= 8 || page.Channels == 3) {
		m.White, m.Whole = math.Ldexp(1, page.Bits)-1, page.Bits <= 8
		if page.Palette {
			m.White = 65535
		}
	}
	return m, nil
}
