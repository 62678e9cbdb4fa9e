// Package mrc reads and writes the MRC files of electron microscopy: images, stacks and volumes, which are read as stacks
// of their sections. (A. Cheng et al., "MRC2014: Extensions to the MRC format header for electron cryo-microscopy and
// tomography", Journal of Structural Biology 192, 2015.)
package mrc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"alrc/internal/format/pixel"
)

const headerSize = 1024

// Where the header has what.
const (
	atSize     = 0 // columns, rows, sections
	atMode     = 12
	atSampling = 28 // how many pixels the cell has, in each direction
	atCell     = 40
	atAxes     = 64
	atSpace    = 88
	atExtended = 92
	atImod     = 152
	atMap      = 208
	atStamp    = 212
)

var modes = map[int32]pixel.Type{0: pixel.Int8, 1: pixel.Int16, 2: pixel.Float32, 6: pixel.Uint16, 12: pixel.Float16}

var refused = map[int32]string{
	3:   "complex whole numbers; save its modulus as 32-bit floating-point numbers (mode 2)",
	4:   "complex numbers; save its modulus as 32-bit floating-point numbers (mode 2)",
	16:  "colours (mode 16); save it as grey",
	101: "packed numbers of 4 bits; convert it, as by IMOD's newstack -mode 6",
}

// Is reports whether a file of a size that begins so is an MRC file. Old ones lack the word that tells; their header must
// be plausible, and as much data in the file as it says.
func Is(begin []byte, size int64) bool {
	if len(begin) < headerSize {
		return false
	}
	if string(begin[atMap:][:4]) == "MAP " {
		return true
	}
	h, err := parse(begin, size)
	if err != nil {
		return false
	}
	return h.end() == size
}

// header is what is used of an MRC file's header.
type header struct {
	order                   binary.ByteOrder
	columns, rows, sections int32
	mode                    int32
	kind                    pixel.Type
	extended                int32
}

func (h *header) end() int64 {
	return headerSize + int64(h.extended) + int64(h.columns)*int64(h.rows)*int64(h.sections)*int64(h.kind.Size())
}

// parse reads the header, in the byte order in which it makes sense: not all writers set the stamp that tells.
func parse(b []byte, size int64) (*header, error) {
	orders := []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}
	if b[atStamp] == 0x11 {
		orders[0], orders[1] = orders[1], orders[0]
	}
	var first error
	for _, order := range orders {
		h := &header{order: order}
		number := func(at int) int32 { return int32(order.Uint32(b[at:])) }
		h.columns, h.rows, h.sections = number(atSize), number(atSize+4), number(atSize+8)
		h.mode, h.extended = number(atMode), number(atExtended)
		h.kind = modes[h.mode]
		// IMOD's files have a stamp of their own, and say whether bytes have a sign.
		if h.kind == pixel.Int8 && number(atImod) == 1146047817 && number(atImod+4)&1 == 0 {
			h.kind = pixel.Uint8
		}
		err := h.check(size)
		if err == nil {
			return h, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (h *header) check(size int64) error {
	const most = 1 << 40 // pixels
	switch {
	case h.columns < 1 || h.rows < 1 || h.sections < 1 || int64(h.columns) > most/int64(h.rows) || int64(h.columns)*int64(h.rows) > most/int64(h.sections):
		return fmt.Errorf("it would have %d sections of %dx%d pixels: the file is damaged", h.sections, h.columns, h.rows)
	case refused[h.mode] != "":
		return errors.New("it has " + refused[h.mode])
	case h.kind == pixel.Invalid:
		return fmt.Errorf("it is of mode %d; 0 (8 bits), 1 and 6 (16 bits), 2 and 12 (floating-point numbers) are read", h.mode)
	case h.extended < 0:
		return fmt.Errorf("its extended header would have %d bytes: the file is damaged", h.extended)
	}
	return nil
}

// Open reads which images a file of a size has. Rows are given as they are stored; by the format's convention they run
// upwards, but not all writers keep it.
func Open(r io.ReaderAt, size int64) (*pixel.File, error) {
	b := make([]byte, headerSize)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, headerSize), b); err != nil {
		return nil, errors.New("it ends within its header: the file is truncated or damaged")
	}
	h, err := parse(b, size)
	if err != nil {
		return nil, fmt.Errorf("this MRC file is not read: %w", err)
	}
	stack := pixel.Stack{Count: int(h.sections), Height: int(h.rows), Width: int(h.columns), Type: h.kind, Order: h.order, Size: h.size(b)}
	stack, err = stack.Contiguous(r, size, headerSize+int64(h.extended), stack.ImageBytes())
	if err != nil {
		return nil, fmt.Errorf("this MRC file is not read: %w", err)
	}
	return &pixel.File{Stacks: []pixel.Stack{stack}}, nil
}

// size is that of a pixel, which is not known where the cell is 0 or negative.
func (h *header) size(b []byte) pixel.Size {
	along := func(axis int32) float64 {
		if axis < 1 || axis > 3 {
			return 0
		}
		at := 4 * int(axis-1)
		samples := int32(h.order.Uint32(b[atSampling+at:]))
		cell := math.Float32frombits(h.order.Uint32(b[atCell+at:]))
		if samples < 1 || !(cell > 0) {
			return 0
		}
		return float64(cell) / float64(samples)
	}
	x, y := int32(h.order.Uint32(b[atAxes:])), int32(h.order.Uint32(b[atAxes+4:]))
	if x == 0 && y == 0 { // old files
		x, y = 1, 2
	}
	return pixel.NewSize(along(x), "Å", along(y), "Å")
}
