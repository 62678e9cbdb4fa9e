package eventlog

import (
	"encoding/binary"
	"math"

	"alrc/internal/format/pixel"
)

// message is a protocol buffer's message on its way to being read, with the field that was read last.
type message struct {
	rest []byte
	// damaged says that what is left holds no field.
	damaged bool

	number, wire uint64
	value        uint64 // of varints and fixed numbers
	data         []byte // of bytes
}

// next reads the next field. It is false at the end of the message, and where it is damaged.
func (m *message) next() bool {
	if len(m.rest) == 0 {
		return false
	}
	m.damaged = !m.read()
	return !m.damaged
}

func (m *message) read() bool {
	key, n := uvarint(m.rest)
	if n <= 0 {
		return false
	}
	rest := m.rest[n:]
	m.number, m.wire = key>>3, key&7
	m.value, m.data = 0, nil
	switch m.wire {
	case wireVarint:
		if m.value, n = uvarint(rest); n <= 0 {
			return false
		}
		m.rest = rest[n:]
		return true
	case wireFixed64:
		if len(rest) < 8 {
			return false
		}
		m.value = binary.LittleEndian.Uint64(rest)
		m.rest = rest[8:]
		return true
	case wireBytes:
		length, n := uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return false
		}
		end := n + int(length)
		m.data = rest[n:end]
		m.rest = rest[end:]
		return true
	case wireFixed32:
		if len(rest) < 4 {
			return false
		}
		m.value = uint64(binary.LittleEndian.Uint32(rest))
		m.rest = rest[4:]
		return true
	}
	return false
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
	f := message{rest: data}
	for f.next() {
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
	return !f.damaged
}

func (r *Reader) parseSummary(data []byte) bool {
	f := message{rest: data}
	for f.next() {
		if f.number == summaryValue && f.wire == wireBytes && !r.parseValue(f.data) {
			return false
		}
	}
	return !f.damaged
}

func (r *Reader) parseValue(data []byte) bool {
	var tag []byte
	var value float64
	scalar := false
	f := message{rest: data}
	for f.next() {
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
	if f.damaged {
		return false
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
	f := message{rest: data}
	count := func(size int) bool {
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
	for f.next() {
		ok := true
		switch f.number {
		case tensorType:
			kind = f.value
		case tensorShape:
			elements, ok = shapeSize(f.data)
		case tensorContent:
			content = f.data
		case tensorFloat:
			ok = count(4)
		case tensorDouble:
			ok = count(8)
		case tensorInt, tensorInt64, tensorHalf:
			ok = count(0)
		}
		if !ok {
			return 0, false, false
		}
	}
	if f.damaged {
		return 0, false, false
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
		return pixel.Half(uint16(number)), true, true
	case typeBFloat:
		return float64(math.Float32frombits(uint32(number) << 16)), true, true
	}
	return 0, false, true
}

// shapeSize returns the number of elements of a tensor's shape; a huge one is returned as any number above 1.
func shapeSize(data []byte) (uint64, bool) {
	elements := uint64(1)
	f := message{rest: data}
	for f.next() {
		if f.number != shapeDimension || f.wire != wireBytes {
			continue
		}
		size := uint64(0)
		dimension := message{rest: f.data}
		for dimension.next() {
			if dimension.number == dimensionSize && dimension.wire == wireVarint {
				size = dimension.value
			}
		}
		if dimension.damaged {
			return 0, false
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
	return elements, !f.damaged
}
