package hdf5

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync"
)

// maxRead bounds the bytes that are read of a dataset at a time.
const maxRead = 1 << 30

// Dataset is an array of values. Its methods may be called by several goroutines at a time.
type Dataset struct {
	// Shape is the number of values along each dimension, the last of which changes fastest.
	Shape []int64
	Type  Type

	f       *File
	compact []byte // of data that is in the header
	address int64  // of contiguous data, or of the index of chunks
	chunk   []int64
	single  *chunk // of the only chunk
	filters []filter
	fill    []byte

	once   sync.Once
	chunks []chunk
	err    error
}

// chunk is where a part of the data is.
type chunk struct {
	at      []int64 // its first value's place
	address int64
	size    int64
	skipped uint32 // the filters that were not used
}

// Dataset opens the object's data.
func (o *Object) Dataset() (*Dataset, error) {
	d := &Dataset{f: o.f, address: undefined}
	body := func(kind int) []byte {
		b, ok, err := o.find(kind)
		if d.err == nil && err != nil {
			d.err = err
		}
		if !ok {
			return nil
		}
		return b
	}
	space, kind, layout, filters, fill := body(ofDataspace), body(ofType), body(ofLayout), body(ofFilters), body(ofFill)
	if d.err != nil {
		return nil, d.err
	}
	if space == nil || kind == nil || layout == nil {
		return nil, errors.New("it is no dataset")
	}
	var err error
	if d.Shape, err = o.f.parseSpace(space); err != nil {
		return nil, err
	}
	if d.Type, err = parseType(kind); err != nil {
		return nil, err
	}
	if filters != nil {
		if d.filters, err = parseFilters(o.f.parser(filters)); err != nil {
			return nil, err
		}
	}
	d.fill = parseFill(o.f.parser(fill), d.Type.Size)
	return d, d.layout(layout)
}

// layout reads where the data is.
func (d *Dataset) layout(body []byte) error {
	p := d.f.parser(body)
	version := p.byte()
	var class, rank int
	if version <= 2 {
		rank, class = p.byte(), p.byte()
		p.skip(5)
	} else {
		class = p.byte()
	}
	switch {
	case version < 1 || version > 4:
		return fmt.Errorf("a data layout of version %d; 1 to 4 are read", version)
	case class == 0 && version <= 2:
		p.skip(4 * rank)
		d.compact = p.bytes(int(min(p.long(), maxBlock)))
	case class == 0:
		d.compact = p.bytes(p.short())
	case class == 1:
		d.address = p.address()
	case class == 2 && version == 4:
		return d.newChunks(p)
	case class == 2:
		if version == 3 {
			rank = p.byte()
		}
		d.address = p.address()
		return d.setChunk(p, rank, 4)
	default:
		return fmt.Errorf("data of layout class %d, such as a virtual dataset, which is not read", class)
	}
	return p.err
}

// setChunk reads the shape of chunks, which has the size of a value as its last dimension.
func (d *Dataset) setChunk(p *parser, rank, width int) error {
	if rank != len(d.Shape)+1 || rank < 2 {
		return fmt.Errorf("chunks of %d dimensions of data of %d: the file is damaged", rank-1, len(d.Shape))
	}
	product := int64(1)
	for range rank {
		n := p.sized(width)
		if n < 1 || n > maxChunk/product {
			return errors.New("its chunks are empty or too large: the file is damaged")
		}
		product *= n
		d.chunk = append(d.chunk, n)
	}
	if p.err == nil && d.chunk[rank-1] != int64(d.Type.Size) {
		return errors.New("its chunks have values of another size: the file is damaged")
	}
	return p.err
}

// newChunks reads the layout of chunks that newer libraries write, of which a single chunk is read.
func (d *Dataset) newChunks(p *parser) error {
	flags, rank := p.byte(), p.byte()
	width := p.byte()
	if width != 1 && width != 2 && width != 4 && width != 8 {
		return errEnds
	}
	if err := d.setChunk(p, rank, width); err != nil {
		return err
	}
	if index := p.byte(); index != 1 {
		return errors.New(`its chunks have an index of the newest format, which is not read; repack the file, as by "h5repack --low=0 --high=0"`)
	}
	d.single = &chunk{at: make([]int64, len(d.Shape)), size: d.chunkBytes()}
	if flags&2 != 0 {
		d.single.size, d.single.skipped = p.count(), uint32(p.long())
	}
	d.single.address = p.address()
	return p.err
}

func (d *Dataset) chunkBytes() int64 { return product(d.chunk) }

func product(factors []int64) int64 {
	p := int64(1)
	for _, n := range factors {
		p *= n
	}
	return p
}

// Len is the number of values, and false where int64 cannot have it.
func (d *Dataset) Len() (int64, bool) {
	p := uint64(1)
	for _, n := range d.Shape {
		high, low := bits.Mul64(p, uint64(n))
		if p = low; high != 0 || p > 1<<62 {
			return 0, false
		}
	}
	return int64(p), true
}

// Read reads the part of the data that begins at a place and has a number of values along each dimension, the last of which
// changes fastest.
func (d *Dataset) Read(begin, count []int64) ([]byte, error) {
	if len(begin) != len(d.Shape) || len(count) != len(d.Shape) {
		return nil, fmt.Errorf("a part of %d dimensions of data of %d", len(count), len(d.Shape))
	}
	size := int64(d.Type.Size)
	for i, n := range count {
		if begin[i] < 0 || n < 1 || begin[i] > d.Shape[i]-n {
			return nil, fmt.Errorf("values %d to %d along dimension %d of %d", begin[i], begin[i]+n, i, d.Shape[i])
		}
		if size > maxRead/n {
			return nil, fmt.Errorf("a part of the shape %v has more than %d bytes, which are not read at a time", count, maxRead)
		}
		size *= n
	}
	if d.chunk != nil {
		return d.readChunks(begin, count, size)
	}
	whole, ok := d.Len()
	if !ok || whole > 1<<62/int64(d.Type.Size) {
		return nil, errors.New("its data is too large: the file is damaged")
	}
	whole *= int64(d.Type.Size)
	if d.compact != nil {
		if int64(len(d.compact)) < whole {
			return nil, errEnds
		}
	} else if d.address < 0 || d.address > d.f.size || d.f.base+d.address > d.f.size-whole {
		return nil, errors.New("its data is not in the file, or not all of it: the file is unfinished or damaged")
	}
	out := make([]byte, size)
	err := runs(begin, count, d.Shape, int64(d.Type.Size), func(from, to, length int64) error {
		if d.compact != nil {
			copy(out[to:to+length], d.compact[from:])
			return nil
		}
		_, err := io.ReadFull(io.NewSectionReader(d.f.r, d.f.base+d.address+from, length), out[to:to+length])
		return err
	})
	return out, err
}

// runs calls copy for each run of bytes of a part of an array of a shape: from its place in the array to that in the part.
func runs(begin, count, shape []int64, size int64, copy func(from, to, length int64) error) error {
	// The last dimensions that are whole make one run.
	run, last := size, len(shape)
	for last > 0 && (last == len(shape) || count[last] == shape[last]) {
		last--
		run *= count[last]
	}
	at := slices.Clone(begin)
	for to := int64(0); ; to += run {
		from := int64(0)
		for i, n := range shape {
			from = from*n + at[i]
		}
		if err := copy(from*size, to, run); err != nil {
			return err
		}
		i := last - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < begin[i]+count[i] {
				break
			}
			at[i] = begin[i]
		}
		if i < 0 {
			return nil
		}
	}
}
