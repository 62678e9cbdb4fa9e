package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ZipMagic is what .npz files begin with, as all ZIP archives do.
const ZipMagic = "PK\x03\x04"

// maxArrays bounds the arrays of a .npz file.
const maxArrays = 1 << 10

// OpenZip reads which arrays a .npz file of a size holds, in their order in it.
func OpenZip(r io.ReaderAt, size int64) ([]*Array, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is no .npz file, or damaged: %w", err)
	}
	if len(archive.File) > maxArrays {
		return nil, fmt.Errorf("it has more than %d arrays", maxArrays)
	}
	var arrays []*Array
	for _, file := range archive.File {
		name, ok := strings.CutSuffix(file.Name, ".npy")
		if !ok {
			continue
		}
		a, err := openMember(file, size)
		if err != nil {
			return nil, fmt.Errorf("its array %s: %w", name, err)
		}
		a.Name = name
		arrays = append(arrays, a)
	}
	if len(arrays) == 0 {
		return nil, errors.New("it is a ZIP archive without .npy arrays; unpack it")
	}
	return arrays, nil
}

// maxRatio is beyond what deflate can reach, which is 1,032.
const maxRatio = 1100

func openMember(file *zip.File, size int64) (*Array, error) {
	if stored := min(file.CompressedSize64, uint64(size)); file.UncompressedSize64 > maxRatio*stored+maxHeader {
		return nil, fmt.Errorf("%d bytes cannot become %d: the file is damaged", stored, file.UncompressedSize64)
	}
	stream, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	a, begin, err := readHeader(stream, int64(file.UncompressedSize64))
	if err != nil {
		return nil, err
	}
	a.values = func(at int64) (io.ReadCloser, error) {
		stream, err := file.Open()
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, stream, begin+at); err != nil {
			stream.Close()
			return nil, err
		}
		return stream, nil
	}
	return a, nil
}
