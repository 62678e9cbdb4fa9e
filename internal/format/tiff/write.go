package tiff

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"alrc/internal/format/pixel"
)

// Image is a page to be written.
type Image struct {
	Width, Height int
	Channels      int       // 1 for grey, 3 for colour
	Pixels        []float32 // [H,W,C]
	// Offset is added to all pixels. If one of a file's images has one, all are written as float64.
	Offset float64
	// WhiteIsZero says that smaller numbers are to be shown brighter.
	WhiteIsZero bool
	// Size is that of a pixel. Where it is known, it is written as ImageJ does, for which the description says the unit.
	Size pixel.Size
	// Tags are written beside the pixels, such as those that [File.Metadata] returned for the page that this was made from. What
	// their description says of the number and order of images is replaced by what is true of this file.
	Tags []Tag
}

// Write writes a little-endian TIFF file of uncompressed float32 or float64 pages. The pages' pixels follow each other, as ImageJ
// expects them. What it writes depends on the images alone.
func Write(w io.Writer, images []Image) error {
	if len(images) == 0 {
		return errors.New("write TIFF: there is no image")
	}
	wide, count := false, len(images)
	for i := range images {
		wide = wide || images[i].Offset != 0
		if m, first := &images[i], &images[0]; m.Width != first.Width || m.Height != first.Height || m.Channels != first.Channels {
			count = 0
		}
	}
	// All directories come first. How long one is does not depend on where it is.
	pages := make([][]byte, len(images))
	at, end := make([]int64, len(images)+1), int64(8)
	for pass := range 2 {
		pixels := end
		end = 8
		for i := range images {
			at[i] = end
			next := int64(0)
			if i < len(images)-1 {
				next = at[i+1]
			}
			page, err := images[i].directory(end, next, pixels, count, i == 0, wide)
			if err == nil && pass == 1 && pixels+images[i].bytes(wide) > math.MaxUint32 {
				err = errors.New("the file would have more than the 4 GiB that TIFF can have; write fewer pages to one file")
			}
			if err != nil {
				return fmt.Errorf("write TIFF, page %d: %w", i, err)
			}
			pages[i] = page
			end += int64(len(page))
			pixels += images[i].bytes(wide)
		}
	}
	out := bufio.NewWriter(w)
	out.WriteString("II*\x00\x08\x00\x00\x00")
	for _, page := range pages {
		out.Write(page)
	}
	for i := range images {
		value := make([]byte, 0, 8)
		for _, v := range images[i].Pixels {
			if wide {
				value = binary.LittleEndian.AppendUint64(value[:0], math.Float64bits(float64(v)+images[i].Offset))
			} else {
				value = binary.LittleEndian.AppendUint32(value[:0], math.Float32bits(v))
			}
			if _, err := out.Write(value); err != nil {
				return fmt.Errorf("write TIFF, page %d: %w", i, err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write TIFF: %w", err)
	}
	return nil
}

// bytes is the length of the page's pixels.
func (m *Image) bytes(wide bool) int64 {
	if wide {
		return 8 * int64(len(m.Pixels))
	}
	return 4 * int64(len(m.Pixels))
}

// directory makes all of a page at a place in the file but for its pixels, which are elsewhere. There are count pages like it.
func (m *Image) directory(at, next, pixelsAt int64, count int, first, wide bool) ([]byte, error) {
	if m.Width < 1 || m.Height < 1 || m.Channels != 1 && m.Channels != 3 || len(m.Pixels) != m.Width*m.Height*m.Channels {
		return nil, fmt.Errorf("%d values are no image of %dx%d pixels of 1 or 3 channels (it says %d)", len(m.Pixels), m.Width, m.Height, m.Channels)
	}
	le := binary.LittleEndian
	short := func(id uint16, values ...uint16) Tag {
		tag := Tag{ID: id, Kind: 3}
		for _, value := range values {
			tag.Data = le.AppendUint16(tag.Data, value)
		}
		return tag
	}
	long := func(id uint16, value int64) Tag {
		return Tag{ID: id, Kind: 4, Data: le.AppendUint32(nil, uint32(value))}
	}
	each := func(value uint16) []uint16 { return slices.Repeat([]uint16{value}, m.Channels) }
	photometric := uint16(blackIsZero)
	bits := uint16(32)
	if wide {
		bits = 64
	}
	switch {
	case m.Channels == 3:
		photometric = rgb
	case m.WhiteIsZero:
		photometric = whiteIsZero
	}
	tags := []Tag{
		long(tagWidth, int64(m.Width)), long(tagHeight, int64(m.Height)), short(tagBits, each(bits)...),
		short(tagCompression, compressionNone), short(tagPhotometric, photometric), long(tagStripOffsets, 0),
		short(tagSamples, uint16(m.Channels)), long(tagRowsPerStrip, int64(m.Height)), long(tagStripByteCounts, m.bytes(wide)),
		short(tagPlanar, 1), short(tagFormat, each(uint16(Float))...),
	}
	for _, tag := range withSize(m.Tags, count, first, m.Size) {
		if !carried(tag.ID) {
			return nil, fmt.Errorf("tag %d says how a page is laid out, or points into another file", tag.ID)
		}
		if tag.Kind > 12 || kindSizes[tag.Kind] == 0 || len(tag.Data) == 0 || len(tag.Data)%int(kindSizes[tag.Kind]) != 0 {
			return nil, fmt.Errorf("tag %d's %d bytes are no values of type %d", tag.ID, len(tag.Data), tag.Kind)
		}
		tags = append(tags, tag)
	}
	slices.SortStableFunc(tags, func(a, b Tag) int { return int(a.ID) - int(b.ID) })

	// The directory, then the values that do not fit into it, each at an even place.
	length := 2 + 12*len(tags) + 4
	valuesAt := at + int64(length)
	var values []byte
	for i, tag := range tags {
		if i > 0 && tag.ID == tags[i-1].ID {
			return nil, fmt.Errorf("tag %d is there twice", tag.ID)
		}
		if len(tag.Data) > 4 {
			values = append(values, tag.Data...)
			values = append(values, make([]byte, len(values)%2)...)
		}
	}
	directory := le.AppendUint16(make([]byte, 0, length+len(values)), uint16(len(tags)))
	for _, tag := range tags {
		directory = le.AppendUint16(directory, tag.ID)
		directory = le.AppendUint16(directory, tag.Kind)
		directory = le.AppendUint32(directory, uint32(int64(len(tag.Data))/kindSizes[tag.Kind]))
		switch {
		case tag.ID == tagStripOffsets:
			directory = le.AppendUint32(directory, uint32(pixelsAt))
		case len(tag.Data) > 4:
			directory = le.AppendUint32(directory, uint32(valuesAt))
			valuesAt += int64(len(tag.Data) + len(tag.Data)%2)
		default:
			directory = append(directory, tag.Data...)
			directory = append(directory, make([]byte, 4-len(tag.Data))...)
		}
	}
	directory = le.AppendUint32(directory, uint32(next))
	return append(directory, values...), nil
}
