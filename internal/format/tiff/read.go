package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/tiff/lzw"

	"alrc/internal/format/pixel"
)

const (
	compressionNone       = 1
	compressionLZW        = 5
	compressionDeflate    = 8
	compressionOldDeflate = 32946
	compressionPackBits   = 32773
	compressionJPEG       = 7
	compressionZSTD       = 50000
)

// Read fills pixels, of length Height*Width*Channels, with a page of this file: [H,W,C], in the units of the file, as they are
// stored also where 0 is white. Colours of a palette are from 0 to 65,535. Numbers that float32 cannot have are rounded.
func (f *File) Read(p Page, pixels []float32) error { return read(f, p, pixels) }

// Read64 does the same with float64, which has all numbers but whole ones beyond 2^53.
func (f *File) Read64(p Page, pixels []float64) error { return read(f, p, pixels) }

func read[T float32 | float64](f *File, p Page, pixels []T) error {
	if len(pixels) != p.Width*p.Height*p.Channels {
		return fmt.Errorf("a page of %dx%d pixels of %d channels does not fit %d values", p.Width, p.Height, p.Channels, len(pixels))
	}
	block := make([]byte, 0, p.blockBytes(min(p.blockHeight, p.Height)))
	row := make([]float64, p.blockWidth*p.blockSamples())
	var together []byte // a row of the floating-point predictor, put together again
	for i, offset := range p.offsets {
		plane, place := 0, i
		if p.planes {
			perPlane := p.across() * p.down()
			plane, place = i/perPlane, i%perPlane
			if plane == p.channelSamples() {
				break
			}
		}
		top, left := place/p.across()*p.blockHeight, place%p.across()*p.blockWidth
		rows := min(p.blockHeight, p.Height-top)
		var err error
		if block, err = f.block(&p, block, int64(offset), int64(p.counts[i]), rows); err != nil {
			return fmt.Errorf("strip or tile %d: %w", i, err)
		}
		for y := range rows {
			line := block[y*p.rowBytes():][:p.rowBytes()]
			order := f.order
			if p.predictor == 3 {
				together = p.undoFloat(together, line)
				line, order = together, binary.BigEndian
			}
			if p.predictor == 2 {
				p.undoDifferences(row, line, order)
			} else {
				p.samplesOf(row, line, order)
			}
			put(&p, pixels, row, top+y, left, plane)
		}
	}
	return nil
}

// maxWindow bounds the memory of Zstandard's decoder.
const maxWindow = 128 << 20

// block reads and unpacks the rows of a strip or tile.
func (f *File) block(p *Page, block []byte, offset, count int64, rows int) ([]byte, error) {
	size := p.blockBytes(rows)
	stored := io.Reader(io.NewSectionReader(f.r, offset, count))
	switch p.compression {
	case compressionLZW:
		// Before TIFF 6.0, codes began with their lowest bits, and the first one of a strip, which clears the table, looked so.
		if begin, _ := f.bytes(offset, min(count, 2)); len(begin) == 2 && begin[0] == 0 && begin[1]&1 == 1 {
			return nil, errors.New("it is compressed by LZW as it was before TIFF 6.0, which is not read; save it again, as by libtiff's \"tiffcp -c none\"")
		}
		reader := lzw.NewReader(stored, lzw.MSB, 8)
		defer reader.Close()
		stored = reader
	case compressionDeflate, compressionOldDeflate:
		reader, err := zlib.NewReader(stored)
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		stored = reader
	case compressionZSTD:
		reader, err := zstd.NewReader(stored, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		stored = reader
	case compressionJPEG:
		return f.jpeg(p, block[:size], stored, rows)
	case compressionPackBits:
		packed, err := io.ReadAll(stored)
		if err != nil {
			return nil, err
		}
		if packed, err = unpackBits(packed, size); err != nil {
			return nil, err
		}
		stored = bytes.NewReader(packed)
	}
	block = block[:size]
	if n, err := io.ReadFull(stored, block); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("it has %d bytes of %d: the file is truncated or damaged", n, size)
		}
		return nil, err
	}
	return block, nil
}

// unpackBits undoes Apple's PackBits: runs of bytes that are copied, and of bytes that are repeated.
func unpackBits(packed []byte, size int) ([]byte, error) {
	var out []byte
	for len(packed) > 0 && len(out) < size {
		code := int(int8(packed[0]))
		packed = packed[1:]
		switch {
		case code >= 0:
			if code+1 > len(packed) {
				return nil, errors.New("its last run is cut off: the file is truncated or damaged")
			}
			out = append(out, packed[:code+1]...)
			packed = packed[code+1:]
		case code > -128:
			if len(packed) == 0 {
				return nil, errors.New("its last run is cut off: the file is truncated or damaged")
			}
			for range 1 - code {
				out = append(out, packed[0])
			}
			packed = packed[1:]
		}
	}
	return out, nil
}

// undoFloat puts a row of the floating-point predictor together again, in the buffer out: differences of bytes, of which
// the most significant ones of all numbers come first.
func (p *Page) undoFloat(out, line []byte) []byte {
	samples := p.blockSamples()
	for i := samples; i < len(line); i++ {
		line[i] += line[i-samples]
	}
	size := p.Bits / 8
	count := len(line) / size
	out = out[:0]
	for i := range count {
		for b := range size {
			out = append(out, line[b*count+i])
		}
	}
	return out
}

// undoDifferences adds up a row of horizontal differences, in the samples' own arithmetic, which wraps around.
func (p *Page) undoDifferences(row []float64, line []byte, order binary.ByteOrder) {
	samples, size := p.blockSamples(), p.Bits/8
	for c := range min(samples, p.channelSamples()) {
		sum := uint64(0)
		for i := c; i < len(row); i += samples {
			sum += integer(line[i*size:], p.Bits, order)
			row[i] = p.value(sum)
		}
	}
}

func integer(b []byte, bits int, order binary.ByteOrder) uint64 {
	switch bits {
	case 8:
		return uint64(b[0])
	case 16:
		return uint64(order.Uint16(b))
	case 32:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

// value is what the bits of a sample of at least 8 bits stand for.
func (p *Page) value(v uint64) float64 {
	shift := 64 - uint(p.Bits)
	switch {
	case p.Format == Signed:
		return float64(int64(v<<shift) >> shift)
	case p.Format == Unsigned:
		return float64(v << shift >> shift)
	case p.Bits == 64:
		return math.Float64frombits(v)
	case p.Bits == 32:
		return float64(math.Float32frombits(uint32(v)))
	}
	return pixel.Half(uint16(v))
}

// samplesOf reads the numbers of a block's row.
func (p *Page) samplesOf(row []float64, line []byte, order binary.ByteOrder) {
	if p.Bits%8 != 0 {
		// Packed, the highest bit first.
		var held uint64
		have := 0
		for i := range row {
			for have < p.Bits {
				held, have = held<<8|uint64(line[0]), have+8
				line = line[1:]
			}
			have -= p.Bits
			row[i] = float64(held >> have & (1<<p.Bits - 1))
		}
		return
	}
	size := p.Bits / 8
	for i := range row {
		row[i] = p.value(integer(line[i*size:], p.Bits, order))
	}
}

// put puts a block's row where it belongs in the page.
func put[T float32 | float64](p *Page, pixels []T, row []float64, y, left, plane int) {
	samples := p.blockSamples()
	for x := range min(p.blockWidth, p.Width-left) {
		to := pixels[(y*p.Width+left+x)*p.Channels:][:p.Channels]
		switch {
		case p.Palette:
			index := int(row[x*samples])
			for c := range to {
				to[c] = T(p.colourMap[c<<p.Bits+index])
			}
		case p.planes:
			to[plane] = T(row[x])
		default:
			for c := range to {
				to[c] = T(row[x*samples+c])
			}
		}
	}
}
