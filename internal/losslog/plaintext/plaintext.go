// Package plaintext makes plain text of files as people keep them: decompressed, in UTF-8, without what terminals make of text.
package plaintext

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// HeadSize is how much of a file is looked at to tell how it is encoded.
const HeadSize = 1 << 16

// Text is a file's text, or its bytes where it holds none.
type Text struct {
	*bufio.Reader
	// Escaped says that control characters were written by their codes.
	Escaped bool
	close   func()
}

// Open decompresses what r holds and makes UTF-8 of it. The path is for messages. The caller closes the text, and then r.
func Open(r io.Reader, path string) (*Text, error) {
	t := &Text{Reader: bufio.NewReaderSize(r, HeadSize), close: func() {}}
	if err := t.decompress(path); err != nil {
		return nil, err
	}
	head, err := t.passZeros()
	if err != nil {
		t.Close()
		return nil, err
	}
	if hasHoles(head) {
		t.Reader = bufio.NewReaderSize(&pieceReader{r: t.Reader, next: withoutZeros}, HeadSize)
	}
	if order, mark := utf16Order(head); order != nil {
		t.Reader = bufio.NewReaderSize(&utf16Reader{r: t.Reader, order: order, skip: mark}, HeadSize)
	}
	if t.Escaped = isEscaped(head); t.Escaped {
		t.Reader = bufio.NewReaderSize(&unescaper{r: t.Reader}, HeadSize)
	}
	if head, err = Head(t.Reader); err != nil {
		t.Close()
		return nil, err
	}
	if legacy := legacyOf(head); legacy != nil {
		t.Reader = bufio.NewReaderSize(legacy.NewDecoder().Reader(t.Reader), HeadSize)
	}
	return t, nil
}

// Close frees what decompression took.
func (t *Text) Close() error {
	t.close()
	return nil
}

// Head returns the beginning of what r has yet to read, up to HeadSize. A file that ends before that is no error: its reading tells
// whether it ended too early.
func Head(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(HeadSize)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, bufio.ErrBufferFull) {
		err = nil
	}
	return head, err
}

// passZeros passes over the zero bytes that a file begins with which was cut while its writer went on, and returns the head of
// what follows.
func (t *Text) passZeros() ([]byte, error) {
	for {
		head, err := Head(t.Reader)
		if err != nil {
			return nil, err
		}
		zeros := len(head) - len(bytes.TrimLeft(head, "\x00"))
		if zeros < 8 {
			return head, nil
		}
		if _, err := t.Discard(zeros); err != nil {
			return nil, err
		}
	}
}

// hasHoles says whether text has a few runs of zero bytes in it, as a file that was not written to its end keeps after a crash.
func hasHoles(head []byte) bool {
	const shortest, most = 16, 4
	runs := 0
	for rest := head; ; {
		at := bytes.IndexByte(rest, 0)
		if at < 0 {
			break
		}
		for _, c := range rest[:at] {
			if c < '\b' || c > '\r' && c < ' ' && c != 0x1b {
				return false
			}
		}
		after := bytes.TrimLeft(rest[at:], "\x00")
		if n := len(rest) - at - len(after); n < shortest && len(after) > 0 {
			return false
		}
		runs++
		rest = after
	}
	return runs > 0 && runs <= most
}

// withoutZeros returns a piece of text without its zero bytes.
func withoutZeros(piece []byte, _ bool) []byte {
	return bytes.ReplaceAll(piece, []byte{0}, nil)
}

// unread are compressions that are recognised only to say what to do.
var unread = []struct{ magic, name, command string }{
	{"\xfd7zXZ\x00", "xz", "xz -dc"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

// decompress puts the reader of what is compressed by gzip, zstd or bzip2 in the place of the reader of the file.
func (t *Text) decompress(path string) error {
	magic, err := t.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, other := range unread {
		if strings.HasPrefix(string(magic), other.magic) {
			return fmt.Errorf("it is compressed by %s: decompress it first, as in '%s %s | alrc replay -'", other.name, other.command, path)
		}
	}
	var inner io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b\x08")):
		if inner, err = gzip.NewReader(t.Reader); err != nil {
			return err
		}
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(t.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(256<<20))
		if err != nil {
			return err
		}
		t.close = z.Close
		inner = z
	case bytes.HasPrefix(magic, []byte("BZh")) && len(magic) > 4 && magic[3] >= '1' && magic[3] <= '9' && magic[4] == 0x31:
		inner = bzip2.NewReader(t.Reader)
	default:
		return nil
	}
	t.Reader = bufio.NewReaderSize(inner, HeadSize)
	return nil
}
