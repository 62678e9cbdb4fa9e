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

// Writer appends scalars and texts to an event file of its own. Its methods may not be called at the same time.
type Writer struct {
	file   *os.File
	buffer *bufio.Writer
	// The latest event, its summary, and a value in that.
	record, summary, value []byte
	frame                  [headerSize]byte
	err                    error // the first error, which every later call returns
	now                    func() time.Time
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

// Scalars appends the values of a step as one record. TensorBoard keeps single precision. Values that are not finite
// are legal. The values are in the file for good after the next [Writer.Sync].
func (w *Writer) Scalars(step int64, scalars ...Scalar) error {
	w.summary = w.summary[:0]
	for _, s := range scalars {
		w.value = appendTag(w.value[:0], valueTag, wireBytes)
		w.value = appendBytes(w.value, s.Tag)
		w.value = appendTag(w.value, valueSimpleValue, wireFixed32)
		w.value = binary.LittleEndian.AppendUint32(w.value, math.Float32bits(float32(s.Value)))
		w.summary = appendMessage(w.summary, summaryValue, w.value)
	}
	return w.event(step)
}

// Text appends a text at a step, in Markdown, which TensorBoard shows on its page of texts.
func (w *Writer) Text(tag string, step int64, text string) error {
	plugin := appendMessage(nil, pluginName, []byte("text"))
	metadata := appendMessage(nil, metadataPlugin, plugin)
	dimension := binary.AppendUvarint(appendTag(nil, dimensionSize, wireVarint), 1)
	shape := appendMessage(nil, shapeDimension, dimension)
	tensor := binary.AppendUvarint(appendTag(nil, tensorType, wireVarint), typeString)
	tensor = appendMessage(tensor, tensorShape, shape)
	tensor = appendMessage(tensor, tensorStrings, []byte(text))

	w.value = appendMessage(w.value[:0], valueTag, []byte(tag+"/text_summary"))
	w.value = appendMessage(w.value, valueTensor, tensor)
	w.value = appendMessage(w.value, valueMetadata, metadata)
	w.summary = appendMessage(w.summary[:0], summaryValue, w.value)
	return w.event(step)
}

// event appends an event with the summary.
func (w *Writer) event(step int64) error {
	if w.err != nil {
		return w.err
	}
	w.record = appendTime(w.record[:0], w.now())
	w.record = appendTag(w.record, eventStep, wireVarint)
	w.record = binary.AppendUvarint(w.record, uint64(step))
	w.record = appendMessage(w.record, eventSummary, w.summary)
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

func appendMessage(record []byte, field uint64, message []byte) []byte {
	record = appendTag(record, field, wireBytes)
	record = binary.AppendUvarint(record, uint64(len(message)))
	return append(record, message...)
}
