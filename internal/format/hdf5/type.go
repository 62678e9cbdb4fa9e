package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"

	"alrc/internal/format/pixel"
)

// Type is what values are.
type Type struct {
	// Number is their type where they are numbers, and pixel.Invalid elsewhere.
	Number pixel.Type
	// Order is the byte order of numbers.
	Order binary.ByteOrder
	// Size is the bytes of a value.
	Size int
	// What says in words what they are.
	What string

	text, variable bool
}

// parseType reads a datatype message.
func parseType(body []byte) (Type, error) { return parseTypeAt(body, 0) }

func parseTypeAt(body []byte, depth int) (Type, error) {
	if len(body) < 8 || depth > 8 {
		return Type{}, errEnds
	}
	flags := uint32(body[1]) | uint32(body[2])<<8 | uint32(body[3])<<16
	t := Type{Size: int(le.Uint32(body[4:])), Order: binary.LittleEndian}
	if flags&1 != 0 {
		t.Order = binary.BigEndian
	}
	if t.Size < 1 || t.Size > maxBlock {
		return t, fmt.Errorf("values of %d bytes: the file is damaged", t.Size)
	}
	switch class := body[0] & 15; class {
	case 0:
		t.What = fmt.Sprintf("whole numbers of %d bytes", t.Size)
		if len(body) < 12 || int(le.Uint16(body[8:])) != 0 || int(le.Uint16(body[10:])) != 8*t.Size {
			t.What += " that do not fill them"
			break
		}
		t.Number = pixel.Integer(t.Size, flags&8 != 0)
	case 1:
		t.What = fmt.Sprintf("floating-point numbers of %d bytes", t.Size)
		if flags>>6&1 == 0 && len(body) >= 20 && ieee(body[8:], t.Size) {
			t.Number = pixel.Floating(t.Size)
		}
	case 3:
		t.What, t.text = "text", true
	case 6:
		t.What = "records of several fields, such as complex numbers"
	case 8: // such as h5py's bool
		base, err := parseTypeAt(body[8:], depth+1)
		if err != nil {
			return t, err
		}
		t.What, t.Order = "an enumeration", base.Order
		if base.Size == t.Size {
			t.Number = base.Number
		}
	case 9:
		t.What, t.variable = "lists of variable length", true
		t.text = flags&15 == 1
	default:
		t.What = fmt.Sprintf("of datatype class %d", class)
	}
	return t, nil
}

// ieee reports whether a floating-point type's properties are those of IEEE 754.
func ieee(properties []byte, size int) bool {
	want := map[int][5]byte{2: {10, 5, 0, 10, 15}, 4: {23, 8, 0, 23, 127}, 8: {52, 11, 0, 52, 255}}[size]
	return le.Uint16(properties) == 0 && int(le.Uint16(properties[2:])) == 8*size &&
		[5]byte{properties[4], properties[5], properties[6], properties[7], properties[8]} == want
}

// parseSpace reads a dataspace message: the extent of each dimension, none of a single value.
func (f *File) parseSpace(body []byte) ([]int64, error) {
	p := f.parser(body)
	version, rank := p.byte(), p.byte()
	p.skip(1)
	switch version {
	case 1:
		p.skip(5)
	case 2:
		if p.byte() == 2 {
			return []int64{0}, nil
		}
	default:
		return nil, fmt.Errorf("a dataspace of version %d; 1 and 2 are read", version)
	}
	if rank > maxRank {
		return nil, errors.New("a dataspace has too many dimensions: the file is damaged")
	}
	shape := make([]int64, rank)
	for i := range shape {
		if shape[i] = p.count(); shape[i] < 0 {
			return nil, errors.New("a dataspace is too large: the file is damaged")
		}
	}
	return shape, p.err
}
