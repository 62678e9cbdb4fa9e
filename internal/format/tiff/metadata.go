package tiff

import (
	"encoding/binary"
	"fmt"
)

// Tag is a value that a page has besides its pixels, such as its resolution.
type Tag struct {
	ID   uint16
	Kind uint16 // the type of TIFF: 2 is text, 3 and 4 are whole numbers of 16 and 32 bits, 5 a fraction, ...
	// Data is the values' bytes, little endian.
	Data []byte
}

// maxMetadata bounds the bytes of a page's metadata.
const maxMetadata = 64 << 20

// carried reports whether a tag still holds in a file that has the same page in another layout: what describes the page
// or the instrument does, and what describes the layout, or points into the file, does not.
func carried(id uint16) bool {
	switch id {
	case 269, // document name
		270,      // description
		271, 272, // instrument's make and model
		282, 283, 286, 287, // resolution and position
		285,      // page name
		296,      // unit of resolution
		305, 306, // software and date
		315, 316, // artist and computer
		33432: // copyright
		return true
	case 34665, 34853, 40965, // directories elsewhere in the file: Exif, GPS and interoperability
		tagSIS,       // places in the file
		50838, 50839: // ImageJ's labels of the images of a stack
		return false
	}
	// Private tags, such as those of microscopes.
	return id >= 32768
}

// Metadata returns the tags of page i that are to be carried over to a file made from it.
func (f *File) Metadata(i int) ([]Tag, error) {
	list, err := f.entries(i)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", i, err)
	}
	var tags []Tag
	seen := map[uint16]bool{}
	left := int64(maxMetadata)
	for _, e := range list {
		size := e.size() * min(e.count, maxMetadata)
		// Types beyond those of TIFF 6.0 are of places in the file, or of BigTIFF.
		if !carried(e.tag) || size == 0 || e.kind > 12 || seen[e.tag] {
			continue
		}
		seen[e.tag] = true
		if left -= size; left < 0 {
			return nil, fmt.Errorf("page %d has more than %d bytes of metadata", i, maxMetadata)
		}
		data, err := f.data(&e)
		if err != nil {
			return nil, fmt.Errorf("page %d, tag %d: %w", i, e.tag, err)
		}
		tags = append(tags, Tag{ID: e.tag, Kind: e.kind, Data: littleEndian(data, e.kind, f.order)})
	}
	return tags, nil
}

// littleEndian returns a copy of values' bytes in that order.
func littleEndian(data []byte, kind uint16, order binary.ByteOrder) []byte {
	out := append([]byte(nil), data...)
	if order == binary.LittleEndian {
		return out
	}
	width := int(kindSizes[kind])
	if kind == 5 || kind == 10 {
		width = 4 // a fraction is two numbers
	}
	for ; len(data) > 0; data = data[width:] {
		for b := range width {
			out[len(out)-len(data)+width-1-b] = data[b]
		}
	}
	return out
}
