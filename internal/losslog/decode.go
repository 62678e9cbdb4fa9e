package losslog

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// open opens a file, decompressed.
func (f file) open() (io.ReadCloser, error) {
	opened, err := os.Open(f.real)
	if err != nil {
		return nil, err
	}
	return decompress(opened, f.path)
}

// compressed are formats that are recognised only to say what to do.
var compressed = []struct{ magic, name, command string }{
	{"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"},
	{"\xfd7zXZ\x00", "xz", "xz -dc"},
	{"BZh", "bzip2", "bzip2 -dc"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

func decompress(opened *os.File, path string) (io.ReadCloser, error) {
	var magic [6]byte
	n, err := opened.ReadAt(magic[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		opened.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, other := range compressed {
		if strings.HasPrefix(string(magic[:n]), other.magic) {
			opened.Close()
			return nil, fmt.Errorf("%s is compressed by %s: decompress it first, as in '%s %s | alrc replay -'", path, other.name,
				other.command, path)
		}
	}
	if n < 3 || magic[0] != 0x1f || magic[1] != 0x8b || magic[2] != 8 {
		return opened, nil
	}
	unzipped, err := gzip.NewReader(bufio.NewReaderSize(opened, 1<<16))
	if err != nil {
		opened.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{unzipped, opened}, nil
}
