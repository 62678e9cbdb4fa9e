package tiff

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
)

// jpeg unpacks rows of a strip or tile that is a JPEG image, whose tables may be in a tag of the page (Adobe Photoshop TIFF
// technical note 2, 2002), into a block.
func (f *File) jpeg(p *Page, block []byte, stored io.Reader, rows int) ([]byte, error) {
	data, err := io.ReadAll(stored)
	if err != nil {
		return nil, err
	}
	// Tables are a JPEG stream without an image: what lies between its first and last marker goes before those of the image.
	if len(p.tables) > 4 && len(data) > 2 {
		tables := p.tables[2:]
		if bytes.HasSuffix(tables, []byte{0xff, 0xd9}) {
			tables = tables[:len(tables)-2]
		}
		data = append(append(append([]byte{}, data[:2]...), tables...), data[2:]...)
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width < p.blockWidth || config.Height < rows || tooMany(config.Width, config.Height, p.samples) {
		return nil, fmt.Errorf("it has a JPEG image of %dx%d pixels, and should have %dx%d: the file is damaged", config.Width, config.Height, p.blockWidth, rows)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	bounds := decoded.Bounds()
	at := func(x, y int) (r, g, b byte) {
		c := color.NRGBAModel.Convert(decoded.At(bounds.Min.X+x, bounds.Min.Y+y)).(color.NRGBA)
		return c.R, c.G, c.B
	}
	switch m := decoded.(type) {
	case *image.Gray:
		at = func(x, y int) (r, g, b byte) { v := m.GrayAt(x, y).Y; return v, v, v }
	case *image.YCbCr:
		if p.photometric == rgb {
			// Without Adobe's marker, components are as the page says: red, green and blue.
			at = func(x, y int) (r, g, b byte) {
				return m.Y[m.YOffset(x, y)], m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)]
			}
		} else if p.Channels == 1 {
			return nil, errors.New("it has a JPEG image of colours in a page of grey: the file is damaged")
		}
	}
	block = block[:0]
	for y := range rows {
		for x := range p.blockWidth {
			r, g, b := at(x, y)
			if block = append(block, r); p.samples == 3 {
				block = append(block, g, b)
			}
		}
	}
	return block, nil
}
