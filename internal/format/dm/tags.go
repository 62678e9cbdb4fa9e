package dm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"alrc/internal/format/pixel"
)

// Limits that keep a hostile file from taking memory or time without bounds.
const (
	maxDepth = 64
	maxKept  = 1 << 16 // values that are kept
	maxText  = 1 << 16 // bytes of a value that is text
	maxWords = 1 << 12 // that say what a value is
)

// value is where a tag's value lies, and what it is: numbers of one type, or what is skipped.
type value struct {
	at    int64
	count int64
	kind  pixel.Type // Invalid for structures and their arrays
}

// tags reads a file's tree of tags, one byte after the other.
type tags struct {
	r        io.ReaderAt
	size, at int64
	long     bool // version 4, whose lengths have 64 bits
	order    binary.ByteOrder
	values   map[string]value

	window   []byte // part of the file from windowAt on
	windowAt int64
}

var errShort = errors.New("it ends within its tags: the file is truncated or damaged")

// take returns the next few bytes, which are to be used before the next call.
func (t *tags) take(count int) ([]byte, error) {
	if t.at > t.size-int64(count) {
		return nil, errShort
	}
	from := t.at - t.windowAt
	if from < 0 || from+int64(count) > int64(len(t.window)) {
		length := min(max(int64(count), 1<<14), t.size-t.at)
		if int64(cap(t.window)) < length {
			t.window = make([]byte, length)
		}
		t.window, t.windowAt, from = t.window[:length], t.at, 0
		if _, err := io.ReadFull(io.NewSectionReader(t.r, t.at, length), t.window); err != nil {
			return nil, err
		}
	}
	t.at += int64(count)
	return t.window[from:][:count], nil
}

// number reads a whole number of the structure, big endian: 32 bits, or 64 in version 4.
func (t *tags) number() (int64, error) {
	size := 4
	if t.long {
		size = 8
	}
	b, err := t.take(size)
	if err != nil {
		return 0, err
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	if t.long {
		n = int64(binary.BigEndian.Uint64(b))
	}
	if n < 0 {
		return 0, fmt.Errorf("a length among its tags is %d: the file is damaged", n)
	}
	return n, nil
}

// group reads a group of tags, all that is in it included.
func (t *tags) group(path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("its tags lie more than %d deep: the file is damaged", maxDepth)
	}
	if _, err := t.take(2); err != nil {
		return err
	}
	count, err := t.number()
	if err != nil {
		return err
	}
	for i := range count {
		head, err := t.take(3)
		if err != nil {
			return err
		}
		kind, length := head[0], int(binary.BigEndian.Uint16(head[1:]))
		if kind == 0 {
			return nil
		}
		name, err := t.take(length)
		if err != nil {
			return err
		}
		inner := path + string(name)
		if length == 0 {
			inner = path + strconv.FormatInt(i, 10)
		}
		if t.long {
			if _, err := t.number(); err != nil {
				return err
			}
		}
		switch kind {
		case 20:
			err = t.group(inner+"/", depth+1)
		case 21:
			err = t.value(inner)
		default:
			err = fmt.Errorf("the tag %q is of kind %d, and there are 20 and 21: the file is damaged", inner, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// value reads what a tag's value is, keeps that if it may be of use, and skips it.
func (t *tags) value(path string) error {
	mark, err := t.take(4)
	if err != nil {
		return err
	}
	if string(mark) != "%%%%" {
		return fmt.Errorf("the tag %q lacks the mark before its value: the file is damaged", path)
	}
	count, err := t.number()
	if err != nil {
		return err
	}
	if count < 1 || count > maxWords {
		return fmt.Errorf("the tag %q is described by %d words: the file is damaged", path, count)
	}
	words := make([]int64, count)
	for i := range words {
		if words[i], err = t.number(); err != nil {
			return err
		}
	}
	size, kind, rest := sizeOf(words)
	v := value{at: t.at, count: 1, kind: kind}
	if words[0] == array {
		if size, kind, rest = sizeOf(words[1:]); len(rest) == 1 {
			v.count, v.kind, rest = rest[0], kind, nil
		} else {
			size = 0
		}
	}
	if size == 0 && words[0] != text || len(rest) > 0 || size > 0 && v.count > (t.size-t.at)/size {
		return fmt.Errorf("the tag %q has a value of unknown size, or one that the file does not have: the file is truncated or damaged", path)
	}
	t.at += size * v.count
	if v.kind != pixel.Invalid && (strings.HasPrefix(path, "ImageList/") || strings.HasPrefix(path, "Thumbnails/")) {
		if len(t.values) == maxKept {
			return fmt.Errorf("it has more than %d tags of images", maxKept)
		}
		t.values[path] = v
	}
	return nil
}

// The kinds of values that are not numbers.
const (
	structure = 15
	text      = 18
	array     = 20
)

var numbers = map[int64]pixel.Type{
	2: pixel.Int16, 3: pixel.Int32, 4: pixel.Uint16, 5: pixel.Uint32, 6: pixel.Float32, 7: pixel.Float64, 8: pixel.Bool, 9: pixel.Int8,
	10: pixel.Uint8, 11: pixel.Int64, 12: pixel.Uint64,
}

// sizeOf is the bytes of a value, and its type where it is a number; rest is the words that do not belong to it. A size of 0
// is that of a value that is not known.
func sizeOf(words []int64) (size int64, kind pixel.Type, rest []int64) {
	if len(words) == 0 {
		return 0, pixel.Invalid, nil
	}
	switch words[0] {
	case structure:
		if len(words) < 3 || words[2] > int64(len(words)-3)/2 {
			return 0, pixel.Invalid, nil
		}
		fields := words[3:][:2*words[2]]
		for i := 1; i < len(fields); i += 2 {
			field := numbers[fields[i]]
			if field == pixel.Invalid {
				return 0, pixel.Invalid, nil
			}
			size += int64(field.Size())
		}
		return size, pixel.Invalid, words[3+len(fields):]
	case text:
		if len(words) < 2 {
			return 0, pixel.Invalid, nil
		}
		return words[1], pixel.Invalid, words[2:]
	}
	kind = numbers[words[0]]
	return int64(kind.Size()), kind, words[1:]
}

// first is the first number of a value, and false if there is none.
func (t *tags) first(path string) (float64, bool) {
	v, ok := t.values[path]
	if !ok || v.count < 1 {
		return 0, false
	}
	b := make([]byte, v.kind.Size())
	if _, err := t.r.ReadAt(b, v.at); err != nil && !errors.Is(err, io.EOF) {
		return 0, false
	}
	return v.kind.Value(b, t.order), true
}

// whole is the first number of a value as a count, and -1 if it is not one.
func (t *tags) whole(path string) int {
	n, ok := t.first(path)
	if !ok || n != math.Trunc(n) || n < 0 || n > 1<<31 {
		return -1
	}
	return int(n)
}

// text is a value that is UTF-16, and "" if there is none.
func (t *tags) text(path string) string {
	v := t.values[path]
	if v.kind != pixel.Uint16 || 2*v.count > maxText {
		return ""
	}
	b := make([]byte, 2*v.count)
	if _, err := io.ReadFull(io.NewSectionReader(t.r, v.at, 2*v.count), b); err != nil {
		return ""
	}
	var out strings.Builder
	for ; len(b) > 0; b = b[2:] {
		out.WriteRune(rune(t.order.Uint16(b)))
	}
	return strings.TrimRight(out.String(), "\x00")
}
