// Package wandb reads the local files of Weights & Biases, run-*.wandb.
//
// Such a file is a log as LevelDB writes it: blocks of 32 KiB hold parts of records, each a protocol buffer. What was logged is
// in field 2 (history), in items (1) of a key (1) or nested keys (2) and a value as JSON (16).
package wandb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// header begins a run's local file of Weights & Biases: a name, a magic number, a version.
const header = ":W&B\xe1\xbe\x00"

// Is recognises a file by its beginning.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(header)) }

// reader turns the history into lines.
type reader struct {
	r      *bufio.Reader
	place  int // in the block
	record []byte
	out    bytes.Buffer
}

// NewReader returns a reader of the history of the file in r as JSON lines, one for each record.
func NewReader(r *bufio.Reader) io.Reader { return &reader{r: r} }

var errDamaged = errors.New("it is damaged, as files of Weights & Biases go")

func (w *reader) Read(p []byte) (int, error) {
	for w.out.Len() == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
		eachField(w.record, func(field int, text []byte) {
			if field == 2 {
				w.history(text)
			}
		})
	}
	return w.out.Read(p)
}

const (
	blockSize  = 32 << 10
	prefixSize = 7 // of each part: checksum, length, type

	// longestRecord bounds the memory that a damaged file can take.
	longestRecord = 16 << 20
)

// next reads the next record, whose parts may lie in several blocks.
func (w *reader) next() error {
	w.record = w.record[:0]
	if w.place == 0 {
		if _, err := w.r.Discard(len(header)); err != nil {
			return err
		}
		w.place = len(header)
	}
	for {
		if left := blockSize - w.place%blockSize; left < prefixSize {
			if _, err := w.r.Discard(left); err != nil {
				return err
			}
			w.place += left
		}
		var head [prefixSize]byte
		if _, err := io.ReadFull(w.r, head[:]); err != nil {
			if errors.Is(err, io.EOF) && len(w.record) > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		length, kind := int(binary.LittleEndian.Uint16(head[4:])), head[6]
		w.place += prefixSize
		if length > blockSize-w.place%blockSize || kind > 4 || len(w.record) > longestRecord {
			return errDamaged
		}
		begin := len(w.record)
		w.record = append(w.record, make([]byte, length)...)
		if _, err := io.ReadFull(w.r, w.record[begin:]); err != nil {
			return io.ErrUnexpectedEOF
		}
		w.place += length
		const full, last = 1, 4
		if kind == full || kind == last {
			return nil
		}
	}
}

// history writes a record of the history as a line.
func (w *reader) history(text []byte) {
	w.out.WriteByte('{')
	any := false
	eachField(text, func(field int, item []byte) {
		if field != 1 {
			return
		}
		var key, value []byte
		var nested []string
		eachField(item, func(field int, text []byte) {
			switch field {
			case 1:
				key = text
			case 2:
				nested = append(nested, string(text))
			case 16:
				value = text
			}
		})
		if len(key) == 0 {
			key = []byte(strings.Join(nested, "."))
		}
		name, err := json.Marshal(string(key))
		if err != nil || len(key) == 0 || len(value) == 0 || bytes.IndexByte(value, '\n') >= 0 {
			return
		}
		if any {
			w.out.WriteByte(',')
		}
		any = true
		w.out.Write(name)
		w.out.WriteByte(':')
		w.out.Write(value)
	})
	w.out.WriteString("}\n")
}

// eachField calls do with the fields of a protocol buffer that are texts or messages.
func eachField(message []byte, do func(field int, text []byte)) {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return
		}
		message = message[n:]
		switch tag & 7 {
		case 0: // a number
			if _, n = binary.Uvarint(message); n <= 0 {
				return
			}
			message = message[n:]
		case 1, 5: // of 8 bytes, and of 4
			size := 8
			if tag&7 == 5 {
				size = 4
			}
			if len(message) < size {
				return
			}
			message = message[size:]
		case 2:
			length, n := binary.Uvarint(message)
			if n <= 0 || length > uint64(len(message)-n) {
				return
			}
			do(int(tag>>3), message[n:n+int(length)])
			message = message[n+int(length):]
		default:
			return
		}
	}
}
