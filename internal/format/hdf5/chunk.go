package hdf5

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The filters that are read.
const (
	deflate    = 1
	shuffle    = 2
	fletcher32 = 3
)

// Limits of a dataset's chunks: their number, and the bytes of one.
const (
	maxChunks = 1 << 20
	maxChunk  = 1 << 29
)

// filter is what chunks went through before they were stored.
type filter struct {
	id     int
	values []int64
}

var unreadFilters = map[int]string{4: "SZIP", 5: "n-bit", 6: "scale-offset", 32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32015: "Zstandard", 32026: "Blosc2"}

// maxRatio is beyond what deflate can reach, which is 1,032.
const maxRatio = 1100

func parseFilters(p *parser) ([]filter, error) {
	version, count := p.byte(), p.byte()
	if version == 1 {
		p.skip(6)
	} else if version != 2 {
		return nil, fmt.Errorf("filters of version %d; 1 and 2 are read", version)
	}
	var filters []filter
	for range count {
		f := filter{id: p.short()}
		name := 0
		if version == 1 || f.id >= 256 {
			name = p.short()
		}
		p.skip(2)
		values := p.short()
		if version == 1 {
			name = (name + 7) &^ 7
		}
		p.skip(name)
		for range values {
			f.values = append(f.values, p.long())
			if p.err != nil {
				return nil, p.err
			}
		}
		if version == 1 && values%2 == 1 {
			p.skip(4)
		}
		if f.id < deflate || f.id > fletcher32 {
			name := unreadFilters[f.id]
			if name == "" {
				name = fmt.Sprintf("filter %d", f.id)
			}
			return nil, fmt.Errorf(`its data is compressed by %s; deflate is read, also with shuffle: repack the file, as by "h5repack -f GZIP=4"`, name)
		}
		filters = append(filters, f)
	}
	return filters, p.err
}

// parseFill reads the value of what was never written, which is 0 where the file does not say.
func parseFill(p *parser, size int) []byte {
	version := p.byte()
	defined := true
	switch version {
	case 1:
		p.skip(3)
	case 2:
		p.skip(2)
		defined = p.byte() != 0
	case 3:
		defined = p.byte()&0x20 != 0
	default:
		return nil
	}
	if !defined || p.long() != int64(size) {
		return nil
	}
	value := p.bytes(size)
	if p.err != nil {
		return nil
	}
	return value
}

// index finds all chunks.
func (d *Dataset) index() ([]chunk, error) {
	d.once.Do(func() {
		if d.single != nil {
			d.chunks = []chunk{*d.single}
			return
		}
		if d.address == undefined {
			return
		}
		rank := len(d.Shape)
		d.err = d.f.walk(d.address, 1, rank+1, map[int64]bool{}, func(key *parser, child int64) error {
			c := chunk{address: child, size: key.long(), skipped: uint32(key.long())}
			for range rank {
				c.at = append(c.at, key.sized(8))
			}
			if d.chunks = append(d.chunks, c); len(d.chunks) > maxChunks {
				return fmt.Errorf("its data is in more than %d chunks", maxChunks)
			}
			return key.err
		})
	})
	return d.chunks, d.err
}

// readChunks reads a part of data that is in chunks.
func (d *Dataset) readChunks(begin, count []int64, size int64) ([]byte, error) {
	all, err := d.index()
	if err != nil {
		return nil, err
	}
	var stored int64
	var needed []chunk
	for _, c := range all {
		inside := true
		for i, at := range c.at {
			if at < 0 || at%d.chunk[i] != 0 || at >= d.Shape[i] {
				return nil, errors.New("a chunk has a place outside of the data: the file is damaged")
			}
			inside = inside && at < begin[i]+count[i] && at+d.chunk[i] > begin[i]
		}
		if inside {
			stored += c.size
			needed = append(needed, c)
		}
	}
	// Parts that were never written are rare, and a part of which nothing was is one of a damaged file.
	most := stored
	if slices.ContainsFunc(d.filters, func(f filter) bool { return f.id == deflate }) {
		most *= maxRatio
	}
	if stored < 0 || stored > d.f.size || most < size/2 {
		return nil, fmt.Errorf("%d bytes of chunks cannot become the %d of a part of its data: the file is unfinished or damaged", stored, size)
	}
	out := make([]byte, size)
	if d.fill != nil && !isZero(d.fill) {
		for at := 0; at < len(out); at += len(d.fill) {
			copy(out[at:], d.fill)
		}
	}
	for _, c := range needed {
		data, err := d.unpack(c)
		if err != nil {
			return nil, fmt.Errorf("the chunk at %v: %w", c.at, err)
		}
		d.place(out, data, c, begin, count)
	}
	return out, nil
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// place copies what a chunk and a part have in common.
func (d *Dataset) place(out, data []byte, c chunk, begin, count []int64) {
	rank := len(d.Shape)
	from, to, common := make([]int64, rank), make([]int64, rank), make([]int64, rank)
	for i := range rank {
		low, high := max(c.at[i], begin[i]), min(c.at[i]+d.chunk[i], begin[i]+count[i])
		from[i], to[i], common[i] = low-c.at[i], low-begin[i], high-low
	}
	width := int64(d.Type.Size)
	// Rows along the last dimension, in the chunk and in the part.
	last := common[rank-1] * width
	index := make([]int64, rank)
	for {
		source, target := int64(0), int64(0)
		for i := range rank {
			source = source*d.chunk[i] + from[i] + index[i]
			target = target*count[i] + to[i] + index[i]
		}
		copy(out[target*width:][:last], data[source*width:])
		i := rank - 2
		for ; i >= 0; i-- {
			if index[i]++; index[i] < common[i] {
				break
			}
			index[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// unpack reads a chunk and undoes its filters, the last one first.
func (d *Dataset) unpack(c chunk) ([]byte, error) {
	if c.size < 0 || c.address < 0 || c.address > d.f.size || d.f.base+c.address > d.f.size-c.size {
		return nil, errors.New("it is not in the file, or not all of it: the file is truncated or damaged")
	}
	data := make([]byte, c.size)
	if _, err := io.ReadFull(io.NewSectionReader(d.f.r, d.f.base+c.address, c.size), data); err != nil {
		return nil, err
	}
	want := d.chunkBytes()
	for i := len(d.filters) - 1; i >= 0; i-- {
		if c.skipped>>i&1 != 0 {
			continue
		}
		switch f := d.filters[i]; f.id {
		case deflate:
			reader, err := zlib.NewReader(bytes.NewReader(data))
			if err != nil {
				return nil, err
			}
			// A checksum may come before or after, so that there may be four bytes more.
			if data, err = io.ReadAll(io.LimitReader(reader, want+4)); err != nil {
				return nil, err
			}
		case shuffle:
			data = unshuffle(data, d.Type.Size)
		case fletcher32:
			if len(data) < 4 {
				return nil, errEnds
			}
			sum := le.Uint32(data[len(data)-4:])
			if data = data[:len(data)-4]; !fletcher(data, sum) {
				return nil, errors.New("its checksum is wrong: the file is damaged")
			}
		}
	}
	if int64(len(data)) < want {
		return nil, fmt.Errorf("it has %d bytes of %d: the file is damaged", len(data), want)
	}
	return data, nil
}

// unshuffle puts the bytes of values together that lie byte by byte: the first ones of all values, then the second ones, ...
// What does not fill a value is at the end, as it was.
func unshuffle(data []byte, size int) []byte {
	if size < 2 {
		return data
	}
	out := make([]byte, len(data))
	count := len(data) / size
	for b := range size {
		for i, value := range data[b*count:][:count] {
			out[i*size+b] = value
		}
	}
	copy(out[count*size:], data[count*size:])
	return out
}

// fletcher reports whether data has Fletcher's checksum of 32 bits, of words of two bytes with the high one first. Sums are modulo
// 65,535, so that 0 and 65,535 are the same.
func fletcher(data []byte, sum uint32) bool {
	var a, b uint32
	for i := 0; i < len(data); i += 2 {
		word := uint32(data[i]) << 8
		if i+1 < len(data) {
			word |= uint32(data[i+1])
		}
		a = (a + word) % 65535
		b = (b + a) % 65535
	}
	return sum&0xffff%65535 == a && sum>>16%65535 == b
}
