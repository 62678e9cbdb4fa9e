package eventlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Writer appends scalars to an event file of its own. Its methods may not be called at the same time.
type Writer struct {
	file   *os.File
	buffer *bufio.Writer
	record []byte
	value  []byte
	frame  [headerSize]byte
	err    error // the first error, which every later call returns
	now    func() time.Time
}

// Create begins a new event file in a folder that exists. TensorBoard reads a folder's files in the order of their
// names, so the name sorts behind those of files that are there already: a resumed run writes a file of its own.
func Create(dir string) (*Writer, error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	host = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' {
			return '-'
		}
		return r
	}, host)
	seconds := time.Now().Unix()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("create an event file: %w", err)
	}
	for _, entry := range entries {
		if rest, ok := strings.CutPrefix(entry.Name(), "events.out.tfevents."); ok {
			digits, _, _ := strings.Cut(rest, ".")
			// A clock that once was far ahead must not push all later names out of the ten digits.
			if there, err := strconv.ParseInt(digits, 10, 64); err == nil && there >= seconds && there < 9_999_999_999 {
				seconds = there + 1
			}
		}
	}
	for number := 0; ; number++ {
		name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%d", seconds, host, os.Getpid(), number)
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
		if errors.Is(err, fs.ErrExist) && number < 1000 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("create an event file: %w", err)
		}
		w := &Writer{file: file, buffer: bufio.NewWriterSize(file, 1<<16), now: time.Now}
		w.record = appendTime(w.record, w.now())
		w.record = appendTag(w.record, eventFileVersion, wireBytes)
		w.record = appendBytes(w.record, fileVersion)
		w.write()
		if err := w.Flush(); err != nil {
			file.Close()
			return nil, err
		}
		return w, nil
	}
}

// Name returns the file's path.
func (w *Writer) Name() string { return w.file.Name() }

// Scalar appends a value of a tag at a step. TensorBoard keeps single precision. Values that are not finite are
// legal. The value is in the file for good after the next [Writer.Sync].
func (w *Writer) Scalar(tag string, step int64, value float64) error {
	if w.err != nil {
		return w.err
	}
	w.value = appendTag(w.value[:0], valueTag, wireBytes)
	w.value = appendBytes(w.value, tag)
	w.value = appendTag(w.value, valueSimpleValue, wireFixed32)
	w.value = binary.LittleEndian.AppendUint32(w.value, math.Float32bits(float32(value)))

	w.record = appendTime(w.record[:0], w.now())
	w.record = appendTag(w.record, eventStep, wireVarint)
	w.record = binary.AppendUvarint(w.record, uint64(step))
	w.record = appendTag(w.record, eventSummary, wireBytes)
	w.record = binary.AppendUvarint(w.record, uint64(1+uvarintSize(uint64(len(w.value)))+len(w.value)))
	w.record = appendTag(w.record, summaryValue, wireBytes)
	w.record = binary.AppendUvarint(w.record, uint64(len(w.value)))
	w.record = append(w.record, w.value...)
	w.write()
	return w.err
}

// write frames the record.
func (w *Writer) write() {
	frame := &w.frame
	binary.LittleEndian.PutUint64(frame[:], uint64(len(w.record)))
	binary.LittleEndian.PutUint32(frame[8:], maskedCRC(frame[:8]))
	w.keep(w.buffer.Write(frame[:]))
	w.keep(w.buffer.Write(w.record))
	binary.LittleEndian.PutUint32(frame[:], maskedCRC(w.record))
	w.keep(w.buffer.Write(frame[:footerSize]))
}

func (w *Writer) keep(_ int, err error) {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write an event: %w", err)
	}
}

// Flush hands all events to the operating system, so that other processes see them.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.keep(0, w.buffer.Flush())
	}
	return w.err
}

// Sync flushes, and returns when all events are on the disk.
func (w *Writer) Sync() error {
	if w.Flush() == nil {
		w.keep(0, w.file.Sync())
	}
	return w.err
}

// Close syncs and closes the file.
func (w *Writer) Close() error {
	err := w.Sync()
	return errors.Join(err, w.file.Close())
}

func appendTime(record []byte, now time.Time) []byte {
	record = appendTag(record, eventWallTime, wireFixed64)
	seconds := float64(now.UnixNano()) / 1e9
	return binary.LittleEndian.AppendUint64(record, math.Float64bits(seconds))
}

func appendTag(record []byte, field, wire uint64) []byte {
	return binary.AppendUvarint(record, field<<3|wire)
}

func appendBytes(record []byte, text string) []byte {
	record = binary.AppendUvarint(record, uint64(len(text)))
	return append(record, text...)
}

func uvarintSize(value uint64) int {
	size := 1
	for ; value >= 0x80; value >>= 7 {
		size++
	}
	return size
}
