// Package pixel has what files of measured images have in common, whatever their format: the type of number that a pixel
// is stored as, how large a pixel is, and stacks of images of one shape.
package pixel

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Type is the type of number that pixels are stored as.
type Type uint8

// The types that formats have. Bool is a byte that is 0 or not.
const (
	Invalid Type = iota
	Bool
	Uint8
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Uint64
	Int64
	Float16
	Float32
	Float64
)

var types = [...]struct {
	name  string
	size  int
	exact bool
}{
	Invalid: {"invalid", 0, false}, Bool: {"bool", 1, true},
	Uint8: {"uint8", 1, true}, Int8: {"int8", 1, true}, Uint16: {"uint16", 2, true}, Int16: {"int16", 2, true},
	Uint32: {"uint32", 4, false}, Int32: {"int32", 4, false}, Uint64: {"uint64", 8, false}, Int64: {"int64", 8, false},
	Float16: {"float16", 2, true}, Float32: {"float32", 4, true}, Float64: {"float64", 8, false},
}

// Integer is the type of whole numbers of some bytes, and Invalid if there is none.
func Integer(size int, signed bool) Type {
	t := map[int]Type{1: Uint8, 2: Uint16, 4: Uint32, 8: Uint64}[size]
	if signed && t != Invalid {
		t++
	}
	return t
}

// Floating is the type of floating-point numbers of some bytes, and Invalid if there is none.
func Floating(size int) Type { return map[int]Type{2: Float16, 4: Float32, 8: Float64}[size] }

// String is the name that NumPy has for the type.
func (t Type) String() string { return types[t].name }

// Size is the bytes of a number.
func (t Type) Size() int { return types[t].size }

// Exact says that float32 has all numbers of the type.
func (t Type) Exact() bool { return types[t].exact }

// Value is the number that bytes of that order begin with. Whole numbers beyond 2^53 are rounded.
func (t Type) Value(b []byte, order binary.ByteOrder) float64 {
	switch t {
	case Bool:
		if b[0] != 0 {
			return 1
		}
		return 0
	case Uint8:
		return float64(b[0])
	case Int8:
		return float64(int8(b[0]))
	case Uint16:
		return float64(order.Uint16(b))
	case Int16:
		return float64(int16(order.Uint16(b)))
	case Uint32:
		return float64(order.Uint32(b))
	case Int32:
		return float64(int32(order.Uint32(b)))
	case Uint64:
		return float64(order.Uint64(b))
	case Int64:
		return float64(int64(order.Uint64(b)))
	case Float16:
		return Half(order.Uint16(b))
	case Float32:
		return float64(math.Float32frombits(order.Uint32(b)))
	case Float64:
		return math.Float64frombits(order.Uint64(b))
	}
	panic(fmt.Sprintf("a number of %v type", t))
}

// Half is the value of an IEEE 754 number of 16 bits.
func Half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	value := math.Ldexp(1024+fraction, exponent-25)
	switch {
	case exponent == 0:
		value = math.Ldexp(fraction, -24)
	case exponent == 31 && fraction == 0:
		value = math.Inf(1)
	case exponent == 31:
		value = math.NaN()
	}
	if bits>>15 == 1 {
		return -value
	}
	return value
}

// Narrow returns count numbers as float32, less an offset. It is 0 unless float32 cannot tell them apart: where rounding
// would move some of them by more than 1/10,000 of their range, the offset is their middle. Then a pixel plus the offset,
// added in float64, is the number to within float32's precision of the range. Numbers that are not finite stay so. The lowest or
// the highest number does not count where a tenth have it, since it may stand for what was not measured, far from the others.
func Narrow(count int, value func(i int) float64) (pixels []float32, offset float64) {
	pixels = make([]float32, count)
	for i := range pixels {
		pixels[i] = float32(value(i))
	}
	low, high, rounds := spread(pixels, value, math.NaN())
	for _, apart := range []float64{low, high} {
		if many := max(2, count/10); !rounds && timesOf(apart, count, value) >= many {
			low, high, rounds = spread(pixels, value, apart)
		}
	}
	if !rounds {
		return pixels, 0
	}
	offset = low + (high-low)/2
	for i := range pixels {
		pixels[i] = float32(value(i) - offset)
	}
	return pixels, offset
}

// spread is the range of finite numbers but for one, and whether rounding them to pixels moves some by too much.
func spread(pixels []float32, value func(i int) float64, but float64) (low, high float64, rounds bool) {
	low, high = math.Inf(1), math.Inf(-1)
	moved := 0.0
	for i, pixel := range pixels {
		if v := value(i); !math.IsInf(v, 0) && !math.IsNaN(v) && v != but {
			low, high = min(low, v), max(high, v)
			moved = max(moved, math.Abs(float64(pixel)-v))
		}
	}
	// A range beyond what float64 has is as good as none.
	span := high - low
	return low, high, moved > span/1e4 && !math.IsInf(span, 0) && !math.IsInf(moved, 0)
}

// timesOf is how many of some numbers are equal to one.
func timesOf(one float64, count int, value func(i int) float64) (times int) {
	for i := range count {
		if value(i) == one {
			times++
		}
	}
	return times
}
