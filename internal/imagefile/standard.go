package imagefile

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"alrc/internal/format/pixel"
)

// standard reads a file of one of the standard library's formats.
type standard struct {
	name   string
	r      io.ReaderAt
	size   int64
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

func openPNG(r io.ReaderAt, size int64, _ string) (decoder, error) {
	return &standard{"PNG", r, size, png.DecodeConfig, png.Decode}, nil
}

func openJPEG(r io.ReaderAt, size int64, _ string) (decoder, error) {
	return &standard{"JPEG", r, size, jpeg.DecodeConfig, jpeg.Decode}, nil
}

func (s *standard) Len() int { return 1 }

func (s *standard) reader() io.Reader { return bufio.NewReader(io.NewSectionReader(s.r, 0, s.size)) }

func (s *standard) unreadable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	return fmt.Errorf("it cannot be read as %s: %w", s.name, err)
}

func (s *standard) Size(int) (height, width int, err error) {
	config, err := s.config(s.reader())
	if err != nil {
		return 0, 0, s.unreadable(err)
	}
	return config.Height, config.Width, nil
}

// Read gives whole numbers from 0 on. What is transparent is laid over black.
func (s *standard) Read(int) (*Image, error) {
	decoded, err := s.decode(s.reader())
	if err != nil {
		return nil, s.unreadable(err)
	}
	source, ok := decoded.(image.RGBA64Image)
	if !ok {
		return nil, fmt.Errorf("an image of type %T is not read", decoded)
	}
	bounds := source.Bounds()
	m := &Image{Height: bounds.Dy(), Width: bounds.Dx(), Channels: 3, White: 255, Whole: true, Type: pixel.Uint8}
	scale := float32(257) // from the 16 bits that colours are given in
	switch source.(type) {
	case *image.Gray:
		m.Channels = 1
	case *image.Gray16:
		m.Channels, m.White, m.Whole, scale, m.Type = 1, 65535, false, 1, pixel.Uint16
	case *image.RGBA64, *image.NRGBA64:
		m.White, m.Whole, scale, m.Type = 65535, false, 1, pixel.Uint16
	}
	m.row = func(pixels []float32, y, left int) {
		for i := range len(pixels) / m.Channels {
			colour := source.RGBA64At(bounds.Min.X+left+i, bounds.Min.Y+y)
			to := pixels[i*m.Channels:][:m.Channels]
			to[0] = float32(colour.R) / scale
			if m.Channels == 3 {
				to[1], to[2] = float32(colour.G)/scale, float32(colour.B)/scale
			}
		}
	}
	return m, nil
}
