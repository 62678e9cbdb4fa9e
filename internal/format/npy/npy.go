// Package npy reads and writes arrays of numbers in NumPy's file format, versions 1 to 3 (NumPy enhancement proposal 1,
// "A simple file format for NumPy arrays", and numpy.lib.format).
package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Magic is what every file begins with.
const Magic = "\x93NUMPY"

// Limits that keep a hostile file from taking memory or time without bounds.
const (
	maxHeader     = 1 << 16
	maxDimensions = 32
	maxValues     = 1 << 48
)

// Array is a file that is open for reading. Its methods may be called by several goroutines at a time.
type Array struct {
	// Shape is the number of values along each dimension, the last of which changes fastest.
	Shape []int
	// Type is the values' type in NumPy's notation, such as "<f4".
	Type string

	r      io.ReaderAt
	begin  int64 // where the values are
	length int64
	kind   byte // of u, i, f and b
	size   int  // bytes a value
	order  binary.ByteOrder
}

// Open reads what a file of a size holds, and checks that this package can read it.
func Open(r io.ReaderAt, size int64) (*Array, error) {
	begin := make([]byte, 12)
	if n, err := r.ReadAt(begin, 0); n < 10 {
		if err == nil || errors.Is(err, io.EOF) {
			err = errors.New("it ends within its header")
		}
		return nil, err
	}
	if string(begin[:6]) != Magic {
		return nil, errors.New("it is no .npy file")
	}
	headerAt, headerSize := int64(10), int64(binary.LittleEndian.Uint16(begin[8:]))
	switch begin[6] {
	case 1:
	case 2, 3:
		headerAt, headerSize = 12, int64(binary.LittleEndian.Uint32(begin[8:]))
	default:
		return nil, fmt.Errorf("it is of version %d.%d of the .npy format; 1 to 3 are read", begin[6], begin[7])
	}
	if headerSize > maxHeader || headerAt+headerSize > size {
		return nil, fmt.Errorf("its header would have %d bytes: the file is truncated or damaged", headerSize)
	}
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(io.NewSectionReader(r, headerAt, headerSize), header); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	a := &Array{r: r, begin: headerAt + headerSize}
	if err := a.parse(string(header)); err != nil {
		return nil, err
	}
	a.length = 1
	for _, n := range a.Shape {
		if n > 0 && a.length > maxValues/int64(n) {
			return nil, fmt.Errorf("its shape %v is of more values than can be read", a.Shape)
		}
		a.length *= int64(n)
	}
	if need := a.begin + a.length*int64(a.size); need > size {
		return nil, fmt.Errorf("its %v values of type %s would end at byte %d of a file of %d: the file is truncated or damaged",
			a.Shape, a.Type, need, size)
	}
	return a, nil
}

// The header is a Python dictionary of three entries, in any order, as numpy writes it.
var (
	entryType    = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	entryOrder   = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	entryShape   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([^()]*)\)`)
	manyEntries  = regexp.MustCompile(`['"]descr['"]\s*:\s*\[`)
	typeNotation = regexp.MustCompile(`^([<>|=])([uifb])([1248])$`)
)

func (a *Array) parse(header string) error {
	kind, order, shape := entryType.FindStringSubmatch(header), entryOrder.FindStringSubmatch(header), entryShape.FindStringSubmatch(header)
	switch {
	case manyEntries.MatchString(header):
		return errors.New("its values are records of several fields; save one field as an array of its own")
	case kind == nil || order == nil || shape == nil:
		return errors.New("its header does not say descr, fortran_order and shape: the file is damaged")
	case order[1] == "True":
		return errors.New("its values are in Fortran's order; save numpy.ascontiguousarray of the array")
	}
	a.Type = kind[1]
	notation := typeNotation.FindStringSubmatch(a.Type)
	if notation == nil || notation[2] == "b" && notation[3] != "1" || notation[2] == "f" && notation[3] == "1" {
		return fmt.Errorf("its values are of type %q; whole numbers, floating-point numbers of 16 to 64 bits and booleans are read", a.Type)
	}
	a.kind, a.size = notation[2][0], int(notation[3][0]-'0')
	switch {
	case notation[1] == ">":
		a.order = binary.BigEndian
	case notation[1] == "<" || a.size == 1:
		a.order = binary.LittleEndian
	default:
		return fmt.Errorf("its values are of type %q, which does not say their byte order", a.Type)
	}
	for _, text := range strings.Split(shape[1], ",") {
		// Python 2 wrote long numbers as 12L.
		if text = strings.TrimSuffix(strings.TrimSpace(text), "L"); text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || len(a.Shape) == maxDimensions {
			return fmt.Errorf("its shape is (%s), which is none", shape[1])
		}
		a.Shape = append(a.Shape, n)
	}
	return nil
}

// Len is the number of values.
func (a *Array) Len() int64 { return a.length }

// Read fills values with those from the one at a place on, counted in the order that they lie in. Numbers that float32
// cannot have are rounded; true is 1.
func (a *Array) Read(at int64, values []float32) error {
	if at < 0 || at > a.length-int64(len(values)) {
		return fmt.Errorf("values %d to %d of %d: there are not as many", at, at+int64(len(values)), a.length)
	}
	r := io.NewSectionReader(a.r, a.begin+at*int64(a.size), int64(len(values)*a.size))
	block := make([]byte, min(len(values), 1<<15)*a.size)
	for len(values) > 0 {
		n := min(len(values), len(block)/a.size)
		if _, err := io.ReadFull(r, block[:n*a.size]); err != nil {
			return fmt.Errorf("values from %d on: %w", at, err)
		}
		for i := range n {
			values[i] = a.value(block[i*a.size:])
		}
		values, at = values[n:], at+int64(n)
	}
	return nil
}

// value is what the bytes of one stand for.
func (a *Array) value(b []byte) float32 {
	var bits uint64
	switch a.size {
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(a.order.Uint16(b))
	case 4:
		bits = uint64(a.order.Uint32(b))
	default:
		bits = a.order.Uint64(b)
	}
	switch {
	case a.kind == 'i':
		shift := 64 - 8*uint(a.size)
		return float32(int64(bits<<shift) >> shift)
	case a.kind == 'b':
		return float32(min(bits, 1))
	case a.kind == 'u':
		return float32(bits)
	case a.size == 8:
		return float32(math.Float64frombits(bits))
	case a.size == 4:
		return math.Float32frombits(uint32(bits))
	}
	return half(uint16(bits))
}

// half is the value of an IEEE 754 number of 16 bits.
func half(bits uint16) float32 {
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
		value = -value
	}
	return float32(value)
}

// Write writes values as a file of version 1 and type <f4.
func Write(w io.Writer, shape []int, values []float32) error {
	product := 1
	for _, n := range shape {
		product *= n
	}
	if product != len(values) {
		return fmt.Errorf("write .npy: %d values do not have the shape %v", len(values), shape)
	}
	dimensions := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shape)), ", "), "[]")
	if len(shape) == 1 {
		dimensions += ","
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dimensions)
	// The values begin at a multiple of 64 bytes.
	header += strings.Repeat(" ", 63-(len(Magic)+4+len(header))%64) + "\n"
	var out bytes.Buffer
	out.WriteString(Magic + "\x01\x00")
	binary.Write(&out, binary.LittleEndian, uint16(len(header)))
	out.WriteString(header)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write .npy: %w", err)
	}
	if err := binary.Write(w, binary.LittleEndian, values); err != nil {
		return fmt.Errorf("write .npy: %w", err)
	}
	return nil
}
