package losslog

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// open opens a file as text, JSON or events: decompressed, in UTF-8, and with containers taken apart.
func (f file) open() (io.ReadCloser, error) {
	opened, err := os.Open(f.real)
	if err != nil {
		return nil, err
	}
	d := &decoded{closers: []func() error{opened.Close}}
	d.Reader, err = f.decode(opened, d)
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return d, nil
}

// decoded is an open file.
type decoded struct {
	io.Reader
	closers []func() error
}

func (d *decoded) Close() (err error) {
	for i := len(d.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, d.closers[i]())
	}
	return err
}

// headSize is how much of a file is looked at to tell how it is encoded.
const headSize = 1 << 16

// plainly decompresses a file and makes UTF-8 of its text; head is its beginning.
func (f file) plainly(r io.Reader, d *decoded) (b *bufio.Reader, head []byte, err error) {
	if b, err = decompress(r, d, f.path); err != nil {
		return nil, nil, err
	}
	if err := skipZeros(b); err != nil {
		return nil, nil, err
	}
	head, err = peek(b)
	if order, bom := utf16Order(head); order != nil && err == nil {
		b = bufio.NewReaderSize(&utf16Reader{r: b, order: order, skip: bom}, headSize)
		head, err = peek(b)
	}
	return b, head, err
}

func (f file) decode(r io.Reader, d *decoded) (io.Reader, error) {
	b, head, err := f.plainly(r, d)
	if err != nil {
		return nil, err
	}
	if isPointer(head) {
		return nil, errors.New("this is a Git LFS pointer, not the file that it stands for: get that by 'git lfs pull'")
	}
	if inner, ok := wrappingOf(head); ok {
		b = bufio.NewReaderSize(&wrappedReader{wrapping: inner, r: b}, headSize)
		if head, err = peek(b); err != nil {
			return nil, err
		}
	}
	switch {
	case isWandb(head):
		return newWandbReader(b), nil
	case isNotebook(head):
		return &cleanReader{r: newNotebookReader(b)}, nil
	case isArrays(head):
		return &arraysReader{r: b}, nil
	case isColumns(head) && !f.isColumn:
		return newColumnsReader(f, d)
	case needsCleaning(head):
		return &cleanReader{r: b}, nil
	}
	return b, nil
}

// skipZeros passes over the zero bytes that a file begins with which was cut while its writer went on.
func skipZeros(b *bufio.Reader) error {
	for {
		head, err := peek(b)
		if err != nil {
			return err
		}
		zeros := len(head) - len(bytes.TrimLeft(head, "\x00"))
		if zeros < 8 {
			return nil
		}
		if _, err := b.Discard(zeros); err != nil {
			return err
		}
	}
}

func peek(b *bufio.Reader) ([]byte, error) {
	head, err := b.Peek(headSize)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, bufio.ErrBufferFull) {
		err = nil // what is wrong with a file that ends too early, its reading tells
	}
	return head, err
}

// unread are formats that are recognised only to say what to do.
var unread = []struct{ magic, name, command string }{
	{"\xfd7zXZ\x00", "xz", "xz -dc"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

func decompress(r io.Reader, d *decoded, path string) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, headSize)
	magic, err := b.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if strings.HasPrefix(string(magic), "PK\x03\x04") {
		head, _ := peek(b)
		if found, ok := zipKind(head); ok {
			return nil, found.refusal()
		}
	}
	for _, other := range unread {
		if strings.HasPrefix(string(magic), other.magic) {
			return nil, fmt.Errorf("it is compressed by %s: decompress it first, as in '%s %s | alrc replay -'", other.name, other.command, path)
		}
	}
	var inner io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b\x08")):
		if inner, err = gzip.NewReader(b); err != nil {
			return nil, err
		}
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(256<<20))
		if err != nil {
			return nil, err
		}
		d.closers = append(d.closers, func() error { z.Close(); return nil })
		inner = z
	case bytes.HasPrefix(magic, []byte("BZh")) && len(magic) > 4 && magic[3] >= '1' && magic[3] <= '9' && magic[4] == 0x31:
		inner = bzip2.NewReader(b)
	default:
		return b, nil
	}
	return bufio.NewReaderSize(inner, headSize), nil
}

// isPointer recognises what Git LFS leaves in the place of a large file.
func isPointer(head []byte) bool {
	return bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")) && bytes.Contains(head, []byte("\noid sha256:"))
}
