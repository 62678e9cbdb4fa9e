// Package ser reads the images of FEI TIA's series, SER files, with the settings of the microscope that the EMI file beside
// them has. The format is described by Chris Boothroyd (TIA Reader documentation, er-c.org, 2012).
package ser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"alrc/internal/format/pixel"
)

const (
	ofImages  = 0x4122
	ofSpectra = 0x4120
	// maxElements bounds the images of a series.
	maxElements = 1 << 18
)

// Is reports whether a file that begins so is a series.
func Is(begin []byte) bool {
	return len(begin) >= 6 && string(begin[:4]) == "II\x97\x01"
}

var types = [...]pixel.Type{1: pixel.Uint8, 2: pixel.Uint16, 3: pixel.Uint32, 4: pixel.Int8, 5: pixel.Int16, 6: pixel.Int32, 7: pixel.Float32, 8: pixel.Float64}

// element is an image's header.
type element struct {
	stepX, stepY  float64
	kind          pixel.Type
	width, height uint32
	at            int64 // where its pixels are
}

// alike says that images can be in one stack.
func (e *element) alike(other *element) bool {
	return e.stepX == other.stepX && e.stepY == other.stepY && e.kind == other.kind && e.width == other.width && e.height == other.height
}

// Open reads which images a file of a size has: those that were taken, which may be fewer than were announced. The settings may
// be nil where there is no EMI file. Steps are in metres, or in 1/m in diffraction.
func Open(r io.ReaderAt, size int64, settings *Settings) (*pixel.File, error) {
	bytes := func(at, count int64) ([]byte, error) {
		if at < 0 || at > size-count {
			return nil, fmt.Errorf("it would end at byte %d of a file of %d: the file is truncated or damaged", at+count, size)
		}
		b := make([]byte, count)
		_, err := io.ReadFull(io.NewSectionReader(r, at, count), b)
		return b, err
	}
	le := binary.LittleEndian
	head, err := bytes(0, 30)
	if err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	if !Is(head) {
		return nil, errors.New("it is no SER file")
	}
	wide := int64(4)
	switch version := le.Uint16(head[4:]); version {
	case 0x0210:
	case 0x0220:
		wide = 8
	default:
		return nil, fmt.Errorf("its version is %#04x; 0x0210 and 0x0220 are read", version)
	}
	switch kind := le.Uint32(head[6:]); kind {
	case ofImages:
	case ofSpectra:
		return nil, errors.New("it is a series of spectra, not of images; give the images that were taken with them")
	default:
		return nil, fmt.Errorf("it is a series of kind %#x; images (0x4122) are read", kind)
	}
	announced, valid := le.Uint32(head[14:]), le.Uint32(head[18:])
	switch {
	case valid == 0:
		return nil, fmt.Errorf("of the %d images announced none was taken", announced)
	case valid > announced || valid > maxElements:
		return nil, fmt.Errorf("it would have %d images of %d announced: the file is damaged", valid, announced)
	}
	table := int64(le.Uint32(head[22:]))
	if wide == 8 {
		table = int64(le.Uint64(head[22:]))
	}
	offsets, err := bytes(table, wide*int64(valid))
	if err != nil {
		return nil, fmt.Errorf("its table of images: %w", err)
	}
	elements := make([]element, valid)
	for i := range elements {
		at := int64(le.Uint32(offsets[wide*int64(i):]))
		if wide == 8 {
			at = int64(le.Uint64(offsets[wide*int64(i):]))
		}
		b, err := bytes(at, 50)
		if err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		number := le.Uint16(b[40:])
		if number < 1 || int(number) >= len(types) {
			return nil, fmt.Errorf("image %d has numbers of type %d; whole and floating-point numbers (1 to 8) are read, complex ones are not", i, number)
		}
		elements[i] = element{
			stepX: math.Float64frombits(le.Uint64(b[8:])), stepY: math.Float64frombits(le.Uint64(b[28:])),
			kind: types[number], width: le.Uint32(b[42:]), height: le.Uint32(b[46:]), at: at + 50,
		}
	}
	return stacks(r, size, elements, settings)
}

// stacks puts images that are alike and follow each other into one stack.
func stacks(r io.ReaderAt, size int64, elements []element, settings *Settings) (*pixel.File, error) {
	file := &pixel.File{}
	for first := 0; first < len(elements); {
		e := &elements[first]
		end := first + 1
		for end < len(elements) && elements[end].alike(e) {
			end++
		}
		one := pixel.Stack{
			Count: 1, Width: int(e.width), Height: int(e.height), Type: e.kind, Order: binary.LittleEndian, Text: settings.text(),
			Size: pixel.NewSize(e.stepX, settings.unit(e.stepX), e.stepY, settings.unit(e.stepX)).Compact(int(e.width)),
		}
		image := func(i int) (pixel.Stack, error) {
			stack, err := one.Contiguous(r, size, elements[i].at, 0)
			if err != nil {
				return stack, fmt.Errorf("image %d: %w", i, err)
			}
			return stack.Upwards(), nil
		}
		for i := first; i < end; i++ {
			if _, err := image(i); err != nil {
				return nil, err
			}
		}
		from, alike := first, one
		alike.Count, alike.Bytes = end-first, func(i int) ([]byte, error) {
			stack, err := image(from + i)
			if err != nil {
				return nil, err
			}
			return stack.Bytes(0)
		}
		file.Stacks = append(file.Stacks, alike)
		first = end
	}
	return file, nil
}
