package imagefile

import (
	"fmt"
	"io"
	"math"

	"alrc/internal/format/pixel"
	"alrc/internal/format/tiff"
)

// tiffFile reads TIFF. Colours, and grey of up to 8 bits, have a white; other grey pages are measurements, of which no two
// instruments use the same part of the range.
type tiffFile struct{ *tiff.File }

func openTIFF(r io.ReaderAt, size int64, _ string) (decoder, error) {
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

// Micrographs are all pages that are no smaller versions of others and, where some have one channel, those. A page that
// cannot be read is one too, so that its error is told.
func (f tiffFile) Micrographs() []int {
	var all, grey []int
	for i := range f.Len() {
		page, err := f.Page(i)
		if err == nil && page.Reduced {
			continue
		}
		all = append(all, i)
		if err != nil || page.Channels == 1 || page.Palette {
			grey = append(grey, i)
		}
	}
	switch {
	case len(grey) > 0:
		return grey
	case len(all) > 0:
		return all
	}
	return []int{0}
}

// Left says which pages are not micrographs, if others are.
func (f tiffFile) Left() []string {
	var left []string
	chosen := map[int]bool{}
	for _, i := range f.Micrographs() {
		chosen[i] = true
	}
	for i := range f.Len() {
		if page, err := f.Page(i); err == nil && !chosen[i] && !page.Reduced {
			left = append(left, fmt.Sprintf("page %d, %dx%d pixels, has colours", i, page.Width, page.Height))
		}
	}
	return left
}

func (f tiffFile) Read(i int) (*Image, error) {
	page, err := f.Page(i)
	if err != nil {
		return nil, err
	}
	m := &Image{Height: page.Height, Width: page.Width, Channels: page.Channels, Type: page.Type(), WhiteIsZero: page.WhiteIsZero}
	if page.Format == tiff.Unsigned {
		m.top = math.Ldexp(1, page.Bits) - 1
	} else {
		m.top = -1
	}
	if page.Format == tiff.Unsigned && (page.Bits <= 8 || page.Channels == 3) {
		m.White, m.Whole = math.Ldexp(1, page.Bits)-1, page.Bits <= 8
	}
	// What a file says of pixels' size may be damaged without harm to the pixels.
	m.Size, _ = f.File.Size(i)
	if page.Palette {
		return m, f.readPalette(page, m)
	}
	count := m.Height * m.Width * m.Channels
	if m.Type.Exact() {
		m.pixels = make([]float32, count)
		return m, f.File.Read(page, m.pixels)
	}
	values := make([]float64, count)
	if err := f.Read64(page, values); err != nil {
		return nil, err
	}
	m.pixels, m.Offset = pixel.Narrow(count, func(i int) float64 { return values[i] })
	return m, nil
}

// readPalette reads the numbers of a palette's colours where the palette is a ramp of greys, so that they are what was measured,
// and the colours elsewhere. Microscopes keep a few of the colours for marks.
func (f tiffFile) readPalette(page tiff.Page, m *Image) error {
	m.pixels = make([]float32, m.Height*m.Width)
	if err := f.File.Read(page.Indexes(), m.pixels); err != nil {
		return err
	}
	used := make([]int, 1<<page.Bits)
	for _, value := range m.pixels {
		used[int(value)]++
	}
	var up, down ramp
	coloured := 0
	for number, count := range used {
		r, g, b := page.Colour(number)
		if r != g || g != b {
			coloured += count
		}
		up.add(r == g && g == b && onRamp(number, r, m.White), count)
		down.add(r == g && g == b && onRamp(int(m.White)-number, r, m.White), count)
	}
	chosen := up
	if down.entries > up.entries {
		chosen, m.WhiteIsZero = down, true
	}
	if 4*chosen.entries >= 3*len(used) && coloured <= len(m.pixels)/50 {
		m.Channels = 1
		if chosen.off > 0 {
			m.Note = fmt.Sprintf("%d pixels have one of the palette's colours for marks, such as a scale bar; they are read by its number", chosen.off)
		}
		return nil
	}
	m.WhiteIsZero = false
	m.White, m.pixels = 65535, make([]float32, 3*len(m.pixels))
	return f.File.Read(page, m.pixels)
}

// ramp counts the entries of a palette that are on a ramp, and the pixels that are not.
type ramp struct{ entries, off int }

func (r *ramp) add(on bool, pixels int) {
	if on {
		r.entries++
	} else {
		r.off += pixels
	}
}

// onRamp reports whether a number's grey, of 0 to 65,535, is that of a ramp from black to white. Writers make steps of 256 or of 257.
func onRamp(number int, grey uint64, white float64) bool {
	full := float64(number) / white * 65535
	return math.Abs(float64(grey)-full) <= 256
}
