package losslog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"alrc/internal/format/jsonstream"
	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/plaintext"
)

// keysOfRecords recognises a JSON document whose records are objects under keys that count them, as in {"0": {"loss": 2.5}, "1": ...},
// and returns what stands before the number in their keys: "epoch_" in "epoch_1".
func keysOfRecords(head []byte) (prefix string, ok bool) {
	text := plaintext.TrimStart(head)
	if !bytes.HasPrefix(text, []byte("{")) {
		return "", false
	}
	s := jsonstream.Stream{R: bufio.NewReader(bytes.NewReader(text))}
	var last struct { // the record before
		prefix        string
		number        int64
		depth, losses int
	}
	key, inside := "", false
	for {
		event, err := s.Next()
		if err != nil {
			return "", false
		}
		switch event {
		case jsonstream.Key:
			if key = string(s.Text); inside && lexicon.MeaningOf(key).Strength == lexicon.Loss {
				last.losses++
			}
			continue
		case jsonstream.Begin:
			p, number, numbered := numberedKey(key)
			if inside || !numbered || s.Text[0] != '{' {
				break
			}
			if last.losses > 0 && p == last.prefix && number > last.number && len(s.Stack) == last.depth {
				return p, true
			}
			inside = true
			last.prefix, last.number, last.depth, last.losses = p, number, len(s.Stack), 0
		case jsonstream.End:
			inside = inside && len(s.Stack) >= last.depth
		}
		key = ""
	}
}

// numberedKey parts "epoch_12" into "epoch_" and 12; ok is false where what stands before the number does not count.
func numberedKey(key string) (prefix string, number int64, ok bool) {
	prefix = strings.TrimRight(key, "0123456789")
	number, err := strconv.ParseInt(key[len(prefix):], 10, 64)
	if err != nil {
		return prefix, 0, false
	}
	word := strings.Trim(prefix, keyMarks)
	return prefix, number, word == "" || lexicon.CounterOf(word).IsNamed()
}

// keyMarks stand between a word and its number in a key.
const keyMarks = " _-:.#/"

// keyedReader turns objects under keys that count them into JSON lines with the number.
type keyedReader struct {
	r      *bufio.Reader
	prefix string
	path   []string // the keys of the objects that are open
	key    string   // the last one
	out    bytes.Buffer
}

func (k *keyedReader) Read(p []byte) (int, error) {
	for k.out.Len() == 0 {
		c, err := k.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '"':
			if k.key, err = k.text(); err != nil {
				return 0, err
			}
		case ',':
			k.key = ""
		case '{', '[':
			if prefix, number, ok := numberedKey(k.key); ok && prefix == k.prefix && c == '{' {
				if err := k.record(number); err != nil {
					return 0, err
				}
				continue
			}
			k.path, k.key = append(k.path, k.key), ""
		case '}', ']':
			if len(k.path) > 0 {
				k.path = k.path[:len(k.path)-1]
			}
		}
	}
	return k.out.Read(p)
}

// text reads a quoted text, whose first quote was read.
func (k *keyedReader) text() (string, error) {
	var text []byte
	for {
		c, err := k.r.ReadByte()
		switch {
		case err != nil:
			return "", unexpected(err)
		case c == '"':
			return string(text), nil
		case c == '\\':
			if c, err = k.r.ReadByte(); err != nil {
				return "", unexpected(err)
			}
		}
		if len(text) < longestKey {
			text = append(text, c)
		}
	}
}

const longestKey = 1 << 10

// record writes the object whose bracket was read as a line, with its number in a field of its own.
func (k *keyedReader) record(number int64) error {
	name := strings.Trim(k.prefix, keyMarks)
	if name == "" && len(k.path) > 0 {
		name = k.path[len(k.path)-1]
	}
	if name == "" {
		name = "n"
	}
	k.out.WriteString(`{"` + name + `": ` + strconv.FormatInt(number, 10))
	first, depth, quoted := true, 1, false
	for depth > 0 {
		c, err := k.r.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		if k.out.Len() > longestRecord {
			return errors.New("it holds a record of far more than a log's numbers")
		}
		switch {
		case quoted && c == '\\':
			k.out.WriteByte(c)
			if c, err = k.r.ReadByte(); err != nil {
				return unexpected(err)
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == '\n' || c == '\r':
			c = ' '
		}
		if first && c > ' ' && depth > 0 {
			k.out.WriteString(", ")
			first = false
		}
		k.out.WriteByte(c)
	}
	k.out.WriteByte('\n')
	k.key = ""
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
