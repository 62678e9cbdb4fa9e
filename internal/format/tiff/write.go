package tiff

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Image is a page to be written.
type Image struct {
	Width, Height int
	Channels      int       // 1 for grey, 3 for colour
	Pixels        []float32 // [H,W,C]
	// Tags are written beside the pixels, such as those that [File.Metadata] returned for the page that this was made from.
	Tags []Tag
}

// Write writes a little-endian TIFF file of uncompressed float32 pages. What it writes depends on the images alone.
func Write(w io.Writer, images []Image) error {
	if len(images) == 0 {
		return errors.New("write TIFF: there is no image")
	}
	out := bufio.NewWriter(w)
	out.WriteString("II*\x00\x08\x00\x00\x00")
	at := int64(8)
	for i, image := range images {
		page, err := image.directory(at, i == len(images)-1)
		if err != nil {
			return fmt.Errorf("write TIFF, page %d: %w", i, err)
		}
		if _, err := out.Write(page); err != nil {
			return fmt.Errorf("write TIFF, page %d: %w", i, err)
		}
		var value [4]byte
		for _, pixel := range image.Pixels {
			binary.LittleEndian.PutUint32(value[:], math.Float32bits(pixel))
			if _, err := out.Write(value[:]); err != nil {
				return fmt.Errorf("write TIFF, page %d: %w", i, err)
			}
		}
		at += int64(len(page)) + 4*int64(len(image.Pixels))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write TIFF: %w", err)
	}
	return nil
}

// directory makes all of a page at a place in the file but for its pixels, which follow it.
func (m *Image) directory(at int64, last bool) ([]byte, error) {
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
	if m.Channels == 3 {
		photometric = rgb
	}
	size := 4 * int64(len(m.Pixels))
	tags := []Tag{
		long(tagWidth, int64(m.Width)), long(tagHeight, int64(m.Height)), short(tagBits, each(32)...),
		short(tagCompression, compressionNone), short(tagPhotometric, photometric), long(tagStripOffsets, 0),
		short(tagSamples, uint16(m.Channels)), long(tagRowsPerStrip, int64(m.Height)), long(tagStripByteCounts, size),
		short(tagPlanar, 1), short(tagFormat, each(uint16(Float))...),
	}
	for _, tag := range m.Tags {
		if !carried(tag.ID) {
			return nil, fmt.Errorf("tag %d says how a page is laid out, or points into another file", tag.ID)
		}
		if int(tag.Kind) >= len(kindSizes) || kindSizes[tag.Kind] == 0 || len(tag.Data) == 0 || len(tag.Data)%int(kindSizes[tag.Kind]) != 0 {
			return nil, fmt.Errorf("tag %d's %d bytes are no values of type %d", tag.ID, len(tag.Data), tag.Kind)
		}
		tags = append(tags, tag)
	}
	slices.SortStableFunc(tags, func(a, b Tag) int { return int(a.ID) - int(b.ID) })

	// The directory, then the values that do not fit into it, then the pixels, each at an even place.
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
	pixelsAt := valuesAt + int64(len(values))
	next := pixelsAt + size
	if next > math.MaxUint32 {
		return nil, errors.New("the file would have more than the 4 GiB that TIFF can have; write fewer pages to one file")
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
	if last {
		next = 0
	}
	directory = le.AppendUint32(directory, uint32(next))
	return append(directory, values...), nil
}
