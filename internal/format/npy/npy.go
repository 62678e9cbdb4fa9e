// Package npy reads and writes arrays of numbers in NumPy's file format, versions 1 to 3 (NumPy enhancement proposal 1,
// "A simple file format for NumPy arrays", and numpy.lib.format).
package npy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"alrc/internal/format/pixel"
)

// Magic is what every file begins with.
const Magic = "\x93NUMPY"

// Limits that keep a hostile file from taking memory or time without bounds.
const (
	maxHeader     = 1 << 16
	maxDimensions = 32
	maxValues     = 1 << 48
)

// Array is an array that is open for reading. Its methods may be called by several goroutines at a time.
type Array struct {
	// Name is that of the array in a .npz file, and "" otherwise.
	Name string
	// Shape is the number of values along each dimension, the last of which changes fastest.
	Shape []int
	// Fortran says that in the file the first dimension changes fastest.
	Fortran bool
	// Type is the type of values, and Order their byte order.
	Type  pixel.Type
	Order binary.ByteOrder

	length int64
	// values begins to read bytes from a place of the values on.
	values func(at int64) (io.ReadCloser, error)
}

// Open reads what a file of a size holds, and checks that this package can read it.
func Open(r io.ReaderAt, size int64) (*Array, error) {
	a, begin, err := readHeader(io.NewSectionReader(r, 0, size), size)
	if err != nil {
		return nil, err
	}
	a.values = func(at int64) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(r, begin+at, size-begin-at)), nil
	}
	return a, nil
}

// readHeader reads the header of a file of a size, and where its values begin.
func readHeader(r io.Reader, size int64) (a *Array, begin int64, err error) {
	head := make([]byte, 10)
	if _, err := io.ReadFull(r, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends within its header")
		}
		return nil, 0, err
	}
	if string(head[:6]) != Magic {
		return nil, 0, errors.New("it is no .npy file")
	}
	begin = int64(len(head))
	length := int64(binary.LittleEndian.Uint16(head[8:]))
	switch head[6] {
	case 1:
	case 2, 3:
		head = append(head, 0, 0)
		if _, err := io.ReadFull(r, head[begin:]); err != nil {
			return nil, 0, errors.New("it ends within its header")
		}
		begin, length = int64(len(head)), int64(binary.LittleEndian.Uint32(head[8:]))
	default:
		return nil, 0, fmt.Errorf("it is of version %d.%d of the .npy format; 1 to 3 are read", head[6], head[7])
	}
	if length > maxHeader || begin+length > size {
		return nil, 0, fmt.Errorf("its header would have %d bytes: the file is truncated or damaged", length)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, 0, fmt.Errorf("its header: %w", err)
	}
	begin += length
	a = &Array{}
	if err := a.parse(string(header)); err != nil {
		return nil, 0, err
	}
	a.length = 1
	for _, n := range a.Shape {
		if n > 0 && a.length > maxValues/int64(n) {
			return nil, 0, fmt.Errorf("its shape %v is of more values than can be read", a.Shape)
		}
		a.length *= int64(n)
	}
	if need := begin + a.length*int64(a.Type.Size()); need > size {
		return nil, 0, fmt.Errorf("its %v values of type %v would end at byte %d of a file of %d: the file is truncated or damaged",
			a.Shape, a.Type, need, size)
	}
	return a, begin, nil
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
	}
	a.Fortran = order[1] == "True"
	notation := typeNotation.FindStringSubmatch(kind[1])
	if notation != nil {
		switch size := int(notation[3][0] - '0'); notation[2] {
		case "f":
			a.Type = pixel.Floating(size)
		case "b":
			if size == 1 {
				a.Type = pixel.Bool
			}
		default:
			a.Type = pixel.Integer(size, notation[2] == "i")
		}
	}
	switch {
	case a.Type == pixel.Invalid && strings.Contains(kind[1], "c"):
		return fmt.Errorf("its values are complex numbers (%s); save numpy.abs of the array", kind[1])
	case a.Type == pixel.Invalid:
		return fmt.Errorf("its values are of type %q; whole numbers, floating-point numbers of 16 to 64 bits and booleans are read", kind[1])
	case notation[1] == ">":
		a.Order = binary.BigEndian
	case notation[1] == "<" || a.Type.Size() == 1:
		a.Order = binary.LittleEndian
	default:
		return fmt.Errorf("its values are of type %q, which does not say their byte order", kind[1])
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

// Images returns the array as images of a shape, of which there are as many values as in the array.
func (a *Array) Images(count, height, width int) (pixel.Stack, error) {
	s := pixel.Stack{Title: a.Name, Count: count, Height: height, Width: width, Type: a.Type, Order: a.Order}
	if count < 1 || height < 1 || width < 1 || a.length%int64(count) != 0 || a.length/int64(count)%int64(height) != 0 ||
		a.length/int64(count)/int64(height) != int64(width) {
		return s, fmt.Errorf("an array of the shape %v is not %d images of %dx%d pixels", a.Shape, count, width, height)
	}
	s.Bytes = func(i int) ([]byte, error) {
		at := int64(i) * s.ImageBytes()
		if a.Fortran {
			at = 0
		}
		values, err := a.values(at)
		if err != nil {
			return nil, err
		}
		defer values.Close()
		data := make([]byte, s.ImageBytes())
		if a.Fortran {
			err = gather(values, data, i, &s)
		} else {
			_, err = io.ReadFull(values, data)
		}
		if err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		return data, nil
	}
	return s, nil
}

// gather reads image i of an array [count,height,width] whose first dimension changes fastest.
func gather(values io.Reader, data []byte, i int, s *pixel.Stack) error {
	size := s.Type.Size()
	column := make([]byte, s.Count*size) // a pixel of all images
	in := bufio.NewReaderSize(values, 1<<16)
	for x := range s.Width {
		for y := range s.Height {
			if _, err := io.ReadFull(in, column); err != nil {
				return err
			}
			copy(data[(y*s.Width+x)*size:][:size], column[i*size:])
		}
	}
	return nil
}
