package imagefile

import (
	"errors"

	"alrc/internal/format/pixel"
)

// Image is a decoded image of 1 channel, or of 3: red, green and blue.
type Image struct {
	Height, Width, Channels int
	// White is the number that is white in the image's number format, such as 255, where 0 is black. It is 0 for measurements,
	// which have no such number.
	White float64
	// Offset is to be added to the pixels, which is not done here, since float32 cannot have the sums: see [pixel.Narrow].
	Offset float64
	// Size is that of a pixel, where the file says it.
	Size pixel.Size
	// Type is the type of number that the file has.
	Type pixel.Type
	// WhiteIsZero says that smaller numbers are to be shown brighter; [Image.Upright] turns them over.
	WhiteIsZero bool
	// Note says what a user should know of how the image was read, and is mostly "".
	Note string
	// Whole says that the image has 8 bits, so that whole numbers are all there is to keep.
	Whole bool

	pixels []float32
	row    func(pixels []float32, y, left int) // where pixels is nil
	top    float64                             // the number that turns into 0 where 0 is white
}

// Upright turns whole numbers of which smaller ones are brighter over, as a viewer does, and changes nothing elsewhere. Viewers
// disagree on floating-point numbers, which stay as they are.
func (m *Image) Upright() {
	if !m.WhiteIsZero || m.Type >= pixel.Float16 {
		return
	}
	m.WhiteIsZero = false
	top := float32(m.top)
	if m.Offset != 0 {
		top, m.Offset = 0, m.top-m.Offset
	}
	for i, value := range m.Pixels() {
		m.pixels[i] = top - value
	}
}

// Row fills pixels, [W,C], with a part of row y, from column left on, in the units of the file.
func (m *Image) Row(pixels []float32, y, left int) {
	if m.pixels != nil {
		copy(pixels, m.pixels[(y*m.Width+left)*m.Channels:])
		return
	}
	m.row(pixels, y, left)
}

// Pixels returns the image, [H,W,C], in the units of the file. It may be written to, which changes the image.
func (m *Image) Pixels() []float32 {
	if m.pixels == nil {
		stride := m.Width * m.Channels
		m.pixels = make([]float32, m.Height*stride)
		for y := range m.Height {
			m.row(m.pixels[y*stride:][:stride], y, 0)
		}
	}
	return m.pixels
}

// Grey returns the image as one channel, [H,W]. Channels that differ are an error.
func (m *Image) Grey() ([]float32, error) {
	grey := WithoutColour(m.Pixels(), m.Channels)
	if m.Channels > 1 && len(grey) == len(m.pixels) {
		return nil, errors.New("it has colours, and a micrograph has one channel; save it as grey")
	}
	return grey, nil
}

// WithoutColour returns one channel of an image whose channels are all alike, and otherwise the image.
func WithoutColour(pixels []float32, channels int) []float32 {
	if channels == 1 {
		return pixels
	}
	grey := make([]float32, len(pixels)/channels)
	for i := range grey {
		grey[i] = pixels[channels*i]
		for _, value := range pixels[channels*i+1:][:channels-1] {
			if value != grey[i] {
				return pixels
			}
		}
	}
	return grey
}
