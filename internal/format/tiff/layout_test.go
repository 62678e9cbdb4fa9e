package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"slices"
)

// layout is a way to store a page, and what a file of it is written by.
type layout struct {
	order                         binary.AppendByteOrder
	width, height, samples        int
	bits                          int
	format                        Format
	photometric                   int
	planes                        bool
	rowsPerStrip                  int // or tiles
	tileWidth, tileHeight         int
	compression, predictor        int
	subfile                       int
	colours                       []uint16
	extra                         []field
	withoutCounts, withoutOffsets bool
}

// field is a line of a directory: whole numbers of a type.
type field struct {
	id, kind uint16
	values   []uint64
}

// sample gives the bits of a sample.
type sample func(x, y, s int) uint64

// writeFile writes a file of pages that all have the same samples. It is written from the specification and shares
// nothing with the package's own writer.
func writeFile(pages []layout, at sample) []byte {
	order := pages[0].order
	out := []byte("II")
	if order.String() == "BigEndian" {
		out = []byte("MM")
	}
	out = order.AppendUint16(out, 42)
	link := len(out)
	out = order.AppendUint32(out, 0)
	for _, l := range pages {
		var offsets, counts []uint64
		for _, block := range l.blocks(at) {
			offsets, counts = append(offsets, uint64(len(out))), append(counts, uint64(len(block)))
			out = append(out, block...)
		}
		fields := []field{
			{254, 4, []uint64{uint64(l.subfile)}},
			{256, 4, []uint64{uint64(l.width)}}, {257, 3, []uint64{uint64(l.height)}},
			{258, 3, slices.Repeat([]uint64{uint64(l.bits)}, l.samples)}, {259, 3, []uint64{uint64(max(1, l.compression))}},
			{262, 3, []uint64{uint64(l.photometric)}}, {277, 3, []uint64{uint64(l.samples)}},
			{317, 3, []uint64{uint64(max(1, l.predictor))}},
			{339, 3, slices.Repeat([]uint64{uint64(l.format)}, l.samples)},
		}
		if l.planes {
			fields = append(fields, field{284, 3, []uint64{2}})
		}
		if l.colours != nil {
			var map64 []uint64
			for _, c := range l.colours {
				map64 = append(map64, uint64(c))
			}
			fields = append(fields, field{320, 3, map64})
		}
		if l.tileWidth > 0 {
			fields = append(fields, field{322, 4, []uint64{uint64(l.tileWidth)}}, field{323, 4, []uint64{uint64(l.tileHeight)}},
				field{324, 4, offsets}, field{325, 4, counts})
		} else {
			if !l.withoutOffsets {
				fields = append(fields, field{273, 4, offsets})
			}
			if !l.withoutCounts {
				fields = append(fields, field{279, 4, counts})
			}
			if l.rowsPerStrip > 0 {
				fields = append(fields, field{278, 4, []uint64{uint64(l.rowsPerStrip)}})
			}
		}
		fields = append(fields, l.extra...)
		slices.SortStableFunc(fields, func(a, b field) int { return int(a.id) - int(b.id) })
		out = append(out, make([]byte, len(out)%2)...)
		directory := order.AppendUint16(nil, uint16(len(fields)))
		valuesAt := len(out) + 2 + 12*len(fields) + 4
		var values []byte
		for _, f := range fields {
			directory = order.AppendUint16(directory, f.id)
			directory = order.AppendUint16(directory, f.kind)
			directory = order.AppendUint32(directory, uint32(len(f.values)))
			var data []byte
			for _, v := range f.values {
				data = appendInteger(data, order, v, int(8*kindSizes[f.kind]))
			}
			if len(data) <= 4 {
				directory = append(directory, append(data, make([]byte, 4-len(data))...)...)
			} else {
				directory = order.AppendUint32(directory, uint32(valuesAt+len(values)))
				values = append(values, data...)
			}
		}
		here := order.AppendUint32(nil, uint32(len(out)))
		copy(out[link:], here)
		out = append(out, directory...)
		link = len(out)
		out = order.AppendUint32(out, 0)
		out = append(out, values...)
	}
	return out
}

func appendInteger(out []byte, order binary.AppendByteOrder, v uint64, bits int) []byte {
	switch bits {
	case 8:
		return append(out, byte(v))
	case 16:
		return order.AppendUint16(out, uint16(v))
	case 32:
		return order.AppendUint32(out, uint32(v))
	}
	return order.AppendUint64(out, v)
}

func (l *layout) blocks(at sample) (blocks [][]byte) {
	blockWidth, blockHeight := l.width, l.height
	if l.rowsPerStrip > 0 {
		blockHeight = min(l.height, l.rowsPerStrip)
	}
	if l.tileWidth > 0 {
		blockWidth, blockHeight = l.tileWidth, l.tileHeight
	}
	planes := [][]int{nil}
	for s := range l.samples {
		planes[0] = append(planes[0], s)
	}
	if l.planes {
		planes = nil
		for s := range l.samples {
			planes = append(planes, []int{s})
		}
	}
	for _, samples := range planes {
		for top := 0; top < l.height; top += blockHeight {
			for left := 0; left < l.width; left += blockWidth {
				bottom := top + blockHeight
				if l.tileWidth == 0 {
					bottom = min(bottom, l.height)
				}
				var block []byte
				for y := top; y < bottom; y++ {
					block = append(block, l.row(at, y, left, left+blockWidth, samples)...)
				}
				blocks = append(blocks, l.compress(block))
			}
		}
	}
	return blocks
}

func (l *layout) row(at sample, y, left, right int, samples []int) (row []byte) {
	var values []uint64
	for x := left; x < right; x++ {
		for _, s := range samples {
			v := uint64(0)
			if x < l.width && y < l.height {
				v = at(x, y, s)
			}
			values = append(values, v)
		}
	}
	n := len(samples)
	switch {
	case l.bits < 8:
		used := 0
		for _, v := range values {
			if used == 0 {
				row = append(row, 0)
			}
			row[len(row)-1] |= byte(v << (8 - used - l.bits))
			used = (used + l.bits) % 8
		}
	case l.predictor == 3:
		// The most significant bytes of all numbers, then the next ones, and then their differences.
		size := l.bits / 8
		row = make([]byte, len(values)*size)
		for i, v := range values {
			for b := range size {
				row[b*len(values)+i] = byte(v >> (8 * (size - 1 - b)))
			}
		}
		for i := len(row) - 1; i >= n; i-- {
			row[i] -= row[i-n]
		}
	default:
		for i, v := range values {
			if l.predictor == 2 && i >= n {
				v -= values[i-n]
			}
			row = appendInteger(row, l.order, v, l.bits)
		}
	}
	return row
}

var deflater = zlib.NewWriter(nil)

func (l *layout) compress(block []byte) []byte {
	switch l.compression {
	case compressionDeflate, compressionOldDeflate:
		var buffer bytes.Buffer
		deflater.Reset(&buffer)
		deflater.Write(block)
		deflater.Close()
		return buffer.Bytes()
	case compressionPackBits:
		var out []byte
		for i := 0; len(block) > 0; i++ {
			run := 1
			for run < min(128, len(block)) && block[run] == block[0] {
				run++
			}
			if run > 1 {
				out = append(out, byte(1-run), block[0])
			} else {
				run = min(1+i%5, len(block))
				out = append(append(out, byte(run-1)), block[:run]...)
			}
			block = block[run:]
			out = append(out, 0x80) // which says nothing
		}
		return out
	case compressionLZW:
		// With the table cleared every 200 codes, none has more than 9 bits.
		var out []byte
		bit := 0
		code := func(c int) {
			for b := 8; b >= 0; b-- {
				if bit%8 == 0 {
					out = append(out, 0)
				}
				out[len(out)-1] |= byte(c >> b & 1 << (7 - bit%8))
				bit++
			}
		}
		for i, b := range block {
			if i%200 == 0 {
				code(256)
			}
			code(int(b))
		}
		code(257)
		return out
	}
	return block
}
