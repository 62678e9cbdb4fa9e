package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Event is one step's scalars, or none where the event was something else.
type Event struct {
	// WallTime is in seconds since 1970.
	WallTime float64
	Step     int64
	// FileVersion is of a file's first event, and empty of others.
	FileVersion string
	// Scalars are valid until the next call of Next.
	Scalars []Scalar
}

// Scalar is a value of a tag.
type Scalar struct {
	Tag   string
	Value float64
}

// ErrTruncated says that a file ends within a record, as it does while it is written, or after a kill or a full disk.
// All whole records before were returned.
var ErrTruncated = errors.New("the event file ends within a record")

// RecordError says that a record is damaged. Where the rest of the file can still be read, Next may be called again.
type RecordError struct {
	// Offset is where the record begins in the file (after decompression).
	Offset int64
	// Reason says what is wrong with it.
	Reason string
	// Fatal says that the next record's beginning is lost.
	Fatal bool
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("the record at byte %d %s", e.Offset, e.Reason)
}

const (
	bufferSize = 1 << 18
	// largestRecord bounds the memory that a record can take. Records above, which are graphs and images, never
	// scalars, are checked and passed over piecewise.
	largestRecord = 1 << 24
)

// Reader reads events.
type Reader struct {
	source io.Reader
	buffer []byte
	// The unread bytes are buffer[begin:end]; consumed is the number of bytes before buffer[begin].
	begin, end int
	consumed   int64
	err        error // what the source ended with
	fatal      error
	event      Event
	tags       map[string]string
	last       string // the tag that came last
}

// NewReader returns a reader of an event file's content.
func NewReader(r io.Reader) *Reader {
	return &Reader{source: r, buffer: make([]byte, bufferSize), tags: make(map[string]string)}
}

// Next returns the next event, and io.EOF after the last. See [ErrTruncated] and [RecordError] for damaged files.
func (r *Reader) Next() (Event, error) {
	for {
		data, err := r.next()
		if err != nil {
			return Event{}, err
		}
		if data == nil {
			continue
		}
		if !r.parseEvent(data) {
			return Event{}, &RecordError{Offset: r.consumed - int64(len(data)) - headerSize - footerSize,
				Reason: "is no event of a summary"}
		}
		return r.event, nil
	}
}

// next returns a record's data, or nil for one that was passed over.
func (r *Reader) next() ([]byte, error) {
	if r.fatal != nil {
		return nil, r.fatal
	}
	if r.end-r.begin < headerSize {
		if err := r.fill(headerSize); err != nil {
			if r.end == r.begin && errors.Is(err, io.EOF) {
				return nil, io.EOF
			}
			return nil, r.cut(err)
		}
	}
	header := r.buffer[r.begin : r.begin+headerSize]
	length := binary.LittleEndian.Uint64(header)
	if binary.LittleEndian.Uint32(header[8:]) != maskedCRC(header[:8]) {
		r.fatal = &RecordError{Offset: r.consumed, Fatal: true,
			Reason: "has a length whose checksum is wrong: the rest of the file cannot be read"}
		return nil, r.fatal
	}
	if length > largestRecord {
		return nil, r.pass(length)
	}
	size := headerSize + int(length) + footerSize
	if r.end-r.begin < size {
		if err := r.fill(size); err != nil {
			return nil, r.cut(err)
		}
	}
	data := r.buffer[r.begin+headerSize : r.begin+size-footerSize]
	sum := binary.LittleEndian.Uint32(r.buffer[r.begin+size-footerSize:])
	offset := r.consumed
	r.begin += size
	r.consumed += int64(size)
	if sum != maskedCRC(data) {
		return nil, &RecordError{Offset: offset, Reason: "has a wrong checksum"}
	}
	return data, nil
}

// cut is the error of a source that ended, or failed, within a record.
func (r *Reader) cut(err error) error {
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w, after byte %d", ErrTruncated, r.consumed)
	}
	r.fatal = err
	return err
}

// fill reads until size bytes are there. The buffer grows only as far as bytes arrive, so that a record's length
// alone cannot take memory.
func (r *Reader) fill(size int) error {
	if r.begin > 0 {
		copy(r.buffer, r.buffer[r.begin:r.end])
		r.end -= r.begin
		r.begin = 0
	}
	for empty := 0; r.end < size; {
		if r.err != nil {
			return r.err
		}
		if r.end == len(r.buffer) {
			grown := make([]byte, min(2*len(r.buffer), max(size, bufferSize)))
			copy(grown, r.buffer[:r.end])
			r.buffer = grown
		}
		n, err := r.source.Read(r.buffer[r.end:])
		r.end += n
		r.err = err
		if n == 0 && err == nil {
			if empty++; empty == 100 {
				return io.ErrNoProgress
			}
		} else {
			empty = 0
		}
	}
	return nil
}

// pass goes past a large record, checking it as it goes.
func (r *Reader) pass(length uint64) error {
	offset := r.consumed
	r.begin += headerSize
	consumed := r.consumed + headerSize
	var crc uint32
	for left := length; left > 0; {
		if r.begin == r.end {
			if err := r.fill(1); err != nil {
				return r.cut(err)
			}
		}
		part := r.buffer[r.begin:r.end]
		if uint64(len(part)) > left {
			part = part[:left]
		}
		crc = crc32.Update(crc, castagnoli, part)
		r.begin += len(part)
		consumed += int64(len(part))
		left -= uint64(len(part))
	}
	if r.end-r.begin < footerSize {
		if err := r.fill(footerSize); err != nil {
			return r.cut(err)
		}
	}
	sum := binary.LittleEndian.Uint32(r.buffer[r.begin:])
	r.begin += footerSize
	r.consumed = consumed + footerSize
	if sum != mask(crc) {
		return &RecordError{Offset: offset, Reason: "has a wrong checksum"}
	}
	return nil
}
