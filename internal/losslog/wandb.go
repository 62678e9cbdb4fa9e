package losslog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// wandbHeader begins a run's local file of Weights & Biases: a name, a magic number, a version.
const wandbHeader = ":W&B\xe1\xbe\x00"

func isWandb(head []byte) bool { return bytes.HasPrefix(head, []byte(wandbHeader)) }

// wandbReader turns the history in a local file of Weights & Biases into JSON lines. The file is a log as LevelDB writes it:
// blocks of 32 KiB hold parts of records, each a protocol buffer; what was logged is in field 2 (history), in items (1) of
// a key (1) or nested keys (2) and a value as JSON (16).
type wandbReader struct {
	r      *bufio.Reader
	place  int // in the block
	record []byte
	out    bytes.Buffer
}

func newWandbReader(r *bufio.Reader) io.Reader { return &wandbReader{r: r} }

var errWandb = errors.New("it is damaged, as files of Weights & Biases go")

func (w *wandbReader) Read(p []byte) (int, error) {
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
	wandbBlock  = 32 << 10
	wandbPrefix = 7 // of each part: checksum, length, type
)

// next reads the next record, whose parts may lie in several blocks.
func (w *wandbReader) next() error {
	w.record = w.record[:0]
	if w.place == 0 {
		if _, err := w.r.Discard(len(wandbHeader)); err != nil {
			return err
		}
		w.place = len(wandbHeader)
	}
	for {
		if left := wandbBlock - w.place%wandbBlock; left < wandbPrefix {
			if _, err := w.r.Discard(left); err != nil {
				return err
			}
			w.place += left
		}
		var prefix [wandbPrefix]byte
		if _, err := io.ReadFull(w.r, prefix[:]); err != nil {
			if errors.Is(err, io.EOF) && len(w.record) > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		length, kind := int(binary.LittleEndian.Uint16(prefix[4:])), prefix[6]
		w.place += wandbPrefix
		if length > wandbBlock-w.place%wandbBlock || kind > 4 || len(w.record) > longestRecord {
			return errWandb
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
func (w *wandbReader) history(text []byte) {
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
