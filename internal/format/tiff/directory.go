package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// entry is a line of a directory.
type entry struct {
	tag, kind uint16
	count     int64
	value     []byte // the four bytes, or eight of BigTIFF, that hold the value or say where it is
}

var kindSizes = [...]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

func (e *entry) size() int64 {
	if int(e.kind) >= len(kindSizes) {
		return 0
	}
	return kindSizes[e.kind]
}

// header reads where the first directory is.
func (f *File) header() (first int64, err error) {
	b, err := f.bytes(0, 8)
	if err != nil {
		return 0, fmt.Errorf("TIFF header: %w", err)
	}
	switch string(b[:2]) {
	case "II":
		f.order = binary.LittleEndian
	case "MM":
		f.order = binary.BigEndian
	default:
		return 0, errors.New("this is no TIFF file: it begins with neither II nor MM")
	}
	switch version := f.order.Uint16(b[2:]); version {
	case 42:
		return int64(f.order.Uint32(b[4:])), nil
	case 43: // BigTIFF, of 64-bit offsets
		f.big = true
		if b, err = f.bytes(0, 16); err != nil {
			return 0, fmt.Errorf("BigTIFF header: %w", err)
		}
		if width := f.order.Uint16(b[4:]); width != 8 {
			return 0, fmt.Errorf("this BigTIFF file has offsets of %d bytes, not 8", width)
		}
		return f.offset(b[8:]), nil
	default:
		return 0, fmt.Errorf("this is no TIFF file: its version is %d, not 42, or 43 of BigTIFF", version)
	}
}

// width is the bytes of an offset.
func (f *File) width() int64 {
	if f.big {
		return 8
	}
	return 4
}

// offset reads an offset, or a count as wide. One that no file can have is the largest number.
func (f *File) offset(b []byte) int64 {
	if f.big {
		return int64(min(f.order.Uint64(b), math.MaxInt64))
	}
	return int64(f.order.Uint32(b))
}

// lines reads the lines of the directory at a place, which are not parsed yet, and where the next directory is, or 0.
func (f *File) lines(at int64) (lines []byte, next int64, err error) {
	width, head := f.width(), int64(2) // head is the bytes of the number of lines
	if f.big {
		head = 8
	}
	b, err := f.bytes(at, head)
	if err != nil {
		return nil, 0, err
	}
	count := int64(f.order.Uint16(b))
	if f.big {
		// As many as other files can have are enough.
		if count = f.offset(b); count > math.MaxUint16 {
			return nil, 0, fmt.Errorf("it would have %d tags: the file is damaged", count)
		}
	}
	size := count * (4 + 2*width)
	b, err = f.bytes(at+head, size+width)
	if err != nil {
		return nil, 0, err
	}
	return b[:size], f.offset(b[size:]), nil
}

// entries reads the directory that a page has.
func (f *File) entries(page int) ([]entry, error) {
	if page < 0 || page >= f.Len() {
		return nil, fmt.Errorf("page %d: the file has the pages 0 to %d", page, f.Len()-1)
	}
	if f.stack > 1 {
		page = 0
	}
	lines, _, err := f.lines(f.pages[page])
	if err != nil {
		return nil, err
	}
	width := f.width()
	size := int(4 + 2*width)
	list := make([]entry, len(lines)/size)
	for i := range list {
		line := lines[size*i:][:size]
		list[i] = entry{f.order.Uint16(line), f.order.Uint16(line[2:]), f.offset(line[4:]), line[4+width:]}
	}
	return list, nil
}

// data reads the bytes of an entry's values.
func (f *File) data(e *entry) ([]byte, error) {
	if e.count > f.size {
		return nil, errors.New("it has more values than the file has bytes: the file is truncated or damaged")
	}
	size := e.size() * e.count
	if size <= int64(len(e.value)) {
		return e.value[:size], nil
	}
	return f.bytes(f.offset(e.value), size)
}

// integers reads an entry's values, of which there may be no more than limit.
func (f *File) integers(e *entry, limit int64) ([]uint64, error) {
	if e.count > limit {
		return nil, fmt.Errorf("tag %d has %d values, more than the %d that there can be", e.tag, e.count, limit)
	}
	switch e.kind {
	case 1, 3, 4, 13, 16, 18:
	default:
		return nil, fmt.Errorf("tag %d is of type %d, and whole numbers are expected", e.tag, e.kind)
	}
	data, err := f.data(e)
	if err != nil {
		return nil, fmt.Errorf("tag %d: %w", e.tag, err)
	}
	values := make([]uint64, e.count)
	size := e.size()
	for i := range values {
		values[i] = integer(data[size*int64(i):], int(8*size), f.order)
	}
	return values, nil
}
