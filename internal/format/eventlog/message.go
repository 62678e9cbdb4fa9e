package eventlog

import (
	"encoding/binary"
	"math"
)

// field is one field of a protocol buffer's message.
type field struct {
	number, wire uint64
	value        uint64 // of varints and fixed numbers
	data         []byte // of bytes
}

// next splits the first field off a message.
func (f *field) next(message []byte) (rest []byte, ok bool) {
	key, n := uvarint(message)
	if n <= 0 {
		return nil, false
	}
	message = message[n:]
	f.number, f.wire = key>>3, key&7
	f.value, f.data = 0, nil
	switch f.wire {
	case wireVarint:
		if f.value, n = uvarint(message); n <= 0 {
			return nil, false
		}
		return message[n:], true
	case wireFixed64:
		if len(message) < 8 {
			return nil, false
		}
		f.value = binary.LittleEndian.Uint64(message)
		return message[8:], true
	case wireBytes:
		length, n := uvarint(message)
		if n <= 0 || length > uint64(len(message)-n) {
			return nil, false
		}
		end := n + int(length)
		f.data = message[n:end]
		return message[end:], true
	case wireFixed32:
		if len(message) < 4 {
			return nil, false
		}
		f.value = uint64(binary.LittleEndian.Uint32(message))
		return message[4:], true
	}
	return nil, false
}

// uvarint is binary.Uvarint with a quick path for the one-byte numbers that most are.
func uvarint(message []byte) (uint64, int) {
	if len(message) > 0 && message[0] < 0x80 {
		return uint64(message[0]), 1
	}
	return binary.Uvarint(message)
}

// parseEvent fills r.event; false means that the data is no event.
func (r *Reader) parseEvent(data []byte) bool {
	r.event = Event{Scalars: r.event.Scalars[:0]}
	var f field
	for len(data) > 0 {
		rest, ok := f.next(data)
		if !ok {
			return false
		}
		data = rest
		switch {
		case f.number == eventWallTime && f.wire == wireFixed64:
			r.event.WallTime = math.Float64frombits(f.value)
		case f.number == eventStep && f.wire == wireVarint:
			r.event.Step = int64(f.value)
		case f.number == eventFileVersion && f.wire == wireBytes:
			r.event.FileVersion = string(f.data)
		case f.number == eventSummary && f.wire == wireBytes:
			if !r.parseSummary(f.data) {
				return false
			}
		}
	}
	return true
}

func (r *Reader) parseSummary(data []byte) bool {
	var f field
	for len(data) > 0 {
		rest, ok := f.next(data)
		if !ok {
			return false
		}
		data = rest
		if f.number == summaryValue && f.wire == wireBytes && !r.parseValue(f.data) {
			return false
		}
	}
	return true
}

func (r *Reader) parseValue(data []byte) bool {
	var tag []byte
	var value float64
	scalar := false
	var f field
	for len(data) > 0 {
		rest, ok := f.next(data)
		if !ok {
			return false
		}
		data = rest
		switch {
		case f.number == valueTag && f.wire == wireBytes:
			tag = f.data
		case f.number == valueSimpleValue && f.wire == wireFixed32:
			value, scalar = float64(math.Float32frombits(uint32(f.value))), true
		case f.number == valueTensor && f.wire == wireBytes:
			var whole bool
			value, scalar, whole = parseTensor(f.data)
			if !whole {
				return false
			}
		}
	}
	if scalar {
		r.event.Scalars = append(r.event.Scalars, Scalar{Tag: r.tag(tag), Value: value})
	}
	return true
}

// tag returns a tag as a string that is made only once.
func (r *Reader) tag(name []byte) string {
	if string(name) == r.last {
		return r.last
	}
	known, ok := r.tags[string(name)]
	if !ok {
		known = string(name)
		// A hostile file could hold any number of tags.
		if len(r.tags) < 1<<16 && len(name) < 1<<10 {
			r.tags[known] = known
		}
	}
	r.last = known
	return known
}

// Data types of tensors.
const (
	typeFloat  = 1
	typeDouble = 2
	typeInt32  = 3
	typeString = 7
	typeInt64  = 9
	typeBFloat = 14
	typeHalf   = 19
)

// parseTensor reads a tensor of one number. Others are no scalars; whole is false where the data is no tensor.
func parseTensor(data []byte) (value float64, scalar, whole bool) {
	var kind uint64
	var content []byte
	var number uint64 // the bits of the first number that is not in content
	values := 0
	elements := uint64(1)
	count := func(f field, size int) bool {
		// Repeated numbers are packed into bytes, or stand alone.
		if f.wire != wireBytes {
			number = f.value
			values++
			return true
		}
		switch size {
		case 4:
			if len(f.data) == 4 {
				number = uint64(binary.LittleEndian.Uint32(f.data))
			}
			values += len(f.data) / 4
			return len(f.data)%4 == 0
		case 8:
			if len(f.data) == 8 {
				number = binary.LittleEndian.Uint64(f.data)
			}
			values += len(f.data) / 8
			return len(f.data)%8 == 0
		}
		for packed := f.data; len(packed) > 0; values++ {
			v, n := uvarint(packed)
			if n <= 0 {
				return false
			}
			number, packed = v, packed[n:]
		}
		return true
	}
	var f field
	for len(data) > 0 {
		rest, ok := f.next(data)
		if !ok {
			return 0, false, false
		}
		data = rest
		switch f.number {
		case tensorType:
			kind = f.value
		case tensorShape:
			if elements, ok = shapeSize(f.data); !ok {
				return 0, false, false
			}
		case tensorContent:
			content = f.data
		case tensorFloat:
			ok = count(f, 4)
		case tensorDouble:
			ok = count(f, 8)
		case tensorInt, tensorInt64, tensorHalf:
			ok = count(f, 0)
		}
		if !ok {
			return 0, false, false
		}
	}
	if elements != 1 || values > 1 {
		return 0, false, true
	}
	if values == 0 {
		switch size := len(content); {
		case size == 2 && (kind == typeHalf || kind == typeBFloat):
			number = uint64(binary.LittleEndian.Uint16(content))
		case size == 4 && (kind == typeFloat || kind == typeInt32):
			number = uint64(binary.LittleEndian.Uint32(content))
		case size == 8 && (kind == typeDouble || kind == typeInt64):
			number = binary.LittleEndian.Uint64(content)
		case size == 0:
			// A tensor without numbers is all zeros.
		default:
			return 0, false, true
		}
	}
	switch kind {
	case typeFloat:
		return float64(math.Float32frombits(uint32(number))), true, true
	case typeDouble:
		return math.Float64frombits(number), true, true
	case typeInt32:
		return float64(int32(number)), true, true
	case typeInt64:
		return float64(int64(number)), true, true
	case typeHalf:
		return half(uint16(number)), true, true
	case typeBFloat:
		return float64(math.Float32frombits(uint32(number) << 16)), true, true
	}
	return 0, false, true
}

// shapeSize returns the number of elements of a tensor's shape; a huge one is returned as any number above 1.
func shapeSize(data []byte) (uint64, bool) {
	elements := uint64(1)
	var f field
	for len(data) > 0 {
		rest, ok := f.next(data)
		if !ok {
			return 0, false
		}
		data = rest
		if f.number != shapeDimension || f.wire != wireBytes {
			continue
		}
		size := uint64(0)
		var d field
		for dimension := f.data; len(dimension) > 0; {
			rest, ok := d.next(dimension)
			if !ok {
				return 0, false
			}
			dimension = rest
			if d.number == dimensionSize && d.wire == wireVarint {
				size = d.value
			}
		}
		switch {
		case size == 0 || elements == 0:
			elements = 0
		case size > 1<<20 || elements > 1<<20:
			elements = 1 << 21
		default:
			elements *= size
		}
	}
	return elements, true
}

// half widens a half-precision number.
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	var value float64
	switch exponent {
	case 0:
		value = math.Ldexp(fraction, -24)
	case 0x1f:
		value = math.Inf(1)
		if fraction != 0 {
			value = math.NaN()
		}
	default:
		value = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits&0x8000 != 0 {
		value = -value
	}
	return value
}
