package document

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
	words := lexicon.Words(word)
	initial := len(words) > 1 && len(words[len(words)-1]) == 1 // "wide@s12", with a seed
	return prefix, number, word == "" || lexicon.CounterOf(word).IsNamed() && !initial
}

// keyMarks stand between a word and its number in a key.
const keyMarks = " _-:.#/"

// longestRecord bounds the memory that a record can take.
const longestRecord = 16 << 20

// keyedReader turns objects under keys that count them into JSON lines with the number.
type keyedReader struct {
	stream jsonstream.Stream
	prefix string
	path   []string // the keys of the objects and arrays that are open
	key    string   // the last one
	out    bytes.Buffer
}

func (k *keyedReader) Read(p []byte) (int, error) {
	for k.out.Len() == 0 {
		event, err := k.stream.Next()
		if err != nil {
			return 0, err
		}
		switch event {
		case jsonstream.Key:
			k.key = string(k.stream.Text)
			continue
		case jsonstream.Begin:
			if prefix, number, ok := numberedKey(k.key); ok && prefix == k.prefix && k.stream.Text[0] == '{' {
				if err := k.record(number); err != nil {
					return 0, err
				}
				break
			}
			k.path = append(k.path, k.key)
		case jsonstream.End:
			if len(k.path) > 0 {
				k.path = k.path[:len(k.path)-1]
			}
		}
		k.key = ""
	}
	return k.out.Read(p)
}

// record writes the object that began as a line, with its number in a field of its own.
func (k *keyedReader) record(number int64) error {
	name := strings.Trim(k.prefix, keyMarks)
	if n := len(k.path); name == "" && n > 0 && lexicon.CounterOf(k.path[n-1]).IsNamed() {
		name = k.path[n-1]
	}
	if name == "" {
		name = "n"
	}
	object, err := k.stream.Rest(longestRecord)
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, jsonstream.ErrLong):
		return errors.New("it holds a record of far more than a log's numbers")
	case err != nil:
		return err
	}
	k.out.WriteString(`{"` + name + `": ` + strconv.FormatInt(number, 10))
	if fields := bytes.TrimLeft(object, " \t"); fields[0] != '}' {
		k.out.WriteString(", ")
	}
	k.out.Write(object)
	k.out.WriteByte('\n')
	return nil
}
