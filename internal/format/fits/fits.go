// Package fits reads the images of FITS files, which telescopes and many scientific cameras write (FITS standard 4.0, Pence and
// others, Astronomy & Astrophysics 524 A42, 2010).
package fits

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"alrc/internal/format/pixel"
)

// Magic is what files begin with.
const Magic = "SIMPLE  ="

// block is the number of bytes that headers and data are padded to.
const block = 2880

// mostImages bounds the headers of a file, each of which has images of one shape.
const mostImages = 1 << 16

// Open reads where the images of a file of a size lie: those of the primary header and of IMAGE extensions. An array of three or
// more axes is a stack of images. The first row is the lowest one, as viewers show it.
func Open(r io.ReaderAt, size int64) (*pixel.File, error) {
	f := &pixel.File{}
	for at := int64(0); at < size; {
		h, data, err := readHeader(r, size, at)
		if err != nil {
			// Some writers leave something behind the last image.
			if at > 0 && len(f.Stacks) > 0 && errors.Is(err, errNoHeader) {
				break
			}
			return nil, err
		}
		if len(f.Stacks)+len(f.Left) >= mostImages {
			return nil, fmt.Errorf("it has more than %d headers: the file is damaged", mostImages)
		}
		length, err := h.dataLength()
		if err != nil {
			return nil, h.wrap(err)
		}
		if why := h.noImage(); why != "" {
			f.Left = append(f.Left, h.name()+": "+why)
		} else if length > 0 {
			stack, err := h.stack(r, size, data)
			if err != nil {
				return nil, h.wrap(err)
			}
			f.Stacks = append(f.Stacks, stack)
		}
		if length > size-data {
			break // what is left out may be cut short
		}
		at = data + (length+block-1)/block*block
	}
	if len(f.Stacks) == 0 && len(f.Left) == 0 {
		return nil, errors.New("its headers describe no image")
	}
	return f, nil
}

// noImage says why the data are left out; it is "" where they are images or there are none.
func (h *header) noImage() string {
	switch {
	case h.extension == "BINTABLE" && h.flag("ZIMAGE"):
		return "a compressed image, which is not read; funpack, of CFITSIO, writes it as it was"
	case h.extension != "" && h.extension != "IMAGE":
		return fmt.Sprintf("an extension of type %s, which is no image", h.extension)
	case h.flag("GROUPS"):
		return "random groups, which are no images"
	case len(h.axes) == 1:
		return "an array of one axis, which is no image"
	}
	return ""
}

// types are the types of numbers by BITPIX.
var types = map[int64]pixel.Type{8: pixel.Uint8, 16: pixel.Int16, 32: pixel.Int32, 64: pixel.Int64, -32: pixel.Float32, -64: pixel.Float64}

// turned are the types of whole numbers that are stored with the other sign, by an offset of half their range.
var turned = map[pixel.Type]pixel.Type{pixel.Uint8: pixel.Int8, pixel.Int16: pixel.Uint16, pixel.Int32: pixel.Uint32, pixel.Int64: pixel.Uint64}

// stack returns the images of a header, whose data begin at a place in the file.
func (h *header) stack(r io.ReaderAt, size, data int64) (pixel.Stack, error) {
	s := pixel.Stack{Title: h.strings["EXTNAME"], Width: int(h.axes[0]), Height: int(h.axes[1]), Count: 1, Type: types[h.bits], Order: binary.BigEndian,
		Text: h.text.String(),
		Size: pixel.NewSize(h.number("CDELT1", 0), h.strings["CUNIT1"], h.number("CDELT2", 0), h.strings["CUNIT2"])}
	for _, length := range h.axes[2:] {
		s.Count *= int(length)
	}
	s, err := s.Contiguous(r, size, data, s.ImageBytes())
	if err != nil {
		return s, err
	}
	return h.scaled(s.Upwards()), nil
}

// scaled returns a stack in physical units: BZERO + BSCALE times what is stored, and NaN where that is BLANK.
func (h *header) scaled(s pixel.Stack) pixel.Stack {
	zero, scale := h.number("BZERO", 0), h.number("BSCALE", 1)
	blank := math.NaN() // which equals nothing
	if h.bits > 0 {
		blank = h.number("BLANK", blank)
	}
	bytes, kind, width := s.Bytes, s.Type, s.Type.Size()
	half := math.Ldexp(1, 8*width-1)
	if kind == pixel.Uint8 {
		half = -half
	}
	other, whole := turned[kind]
	switch {
	case scale == 1 && zero == 0 && blank != blank:
		return s
	case scale == 1 && zero == half && whole && blank != blank:
		s.Type = other
		s.Bytes = func(i int) ([]byte, error) {
			data, err := bytes(i)
			for at := 0; at < len(data); at += width {
				data[at] ^= 0x80
			}
			return data, err
		}
		return s
	}
	s.Type = pixel.Float64
	s.Bytes = func(i int) ([]byte, error) {
		data, err := bytes(i)
		scaled := make([]byte, 0, len(data)/width*8)
		for at := 0; at < len(data); at += width {
			value := kind.Value(data[at:], binary.BigEndian)
			if value == blank {
				value = math.NaN()
			}
			scaled = binary.BigEndian.AppendUint64(scaled, math.Float64bits(zero+float64(scale*value)))
		}
		return scaled, err
	}
	return s
}
