// Package hdf5 reads what microscopes' files need of HDF5: groups, datasets and attributes of numbers and text. It follows the
// HDF5 File Format Specification, version 3.0 (The HDF Group).
//
// It reads superblocks 0 to 3, object headers 1 and 2, groups with symbol tables or with links in their headers, contiguous
// and compact data, chunks indexed by B-trees of version 1 or that are the only one, and the filters shuffle, deflate and
// Fletcher32. It does not read groups with links in a fractal heap, the chunk indexes of libver="latest", soft and external
// links, and other filters.
package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic is what files begin with, unless something of a multiple of 512 bytes comes before it.
const Magic = "\x89HDF\r\n\x1a\n"

// Limits that keep a hostile file from taking memory or time without bounds.
const (
	maxBlock    = 16 << 20 // bytes of a structure
	maxMessages = 1 << 12  // of an object
	maxLinks    = 1 << 16  // of a group
	maxRank     = 32
	maxUserData = 1 << 20 // where the file may begin
)

var le = binary.LittleEndian

// File is an HDF5 file that is open for reading. Its methods may be called by several goroutines at a time.
type File struct {
	r               io.ReaderAt
	size, base      int64
	offsets, length int // bytes of an address and of a length
	root            int64
}

// Open finds the root of a file of a size.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	for at := int64(0); ; at = max(512, 2*at) {
		if at > maxUserData {
			return nil, errors.New("this is no HDF5 file")
		}
		signature, err := f.raw(at, 8)
		if err != nil {
			return nil, errors.New("this is no HDF5 file")
		}
		if string(signature) == Magic {
			return f, f.superblock(at)
		}
	}
}

func (f *File) superblock(at int64) error {
	head, err := f.raw(at, 24)
	if err != nil {
		return fmt.Errorf("superblock: %w", err)
	}
	version := head[8]
	begin := int64(12)
	switch version {
	case 0, 1:
		f.offsets, f.length = int(head[13]), int(head[14])
		begin = 24 + 4*int64(version)
	case 2, 3:
		f.offsets, f.length = int(head[9]), int(head[10])
	default:
		return fmt.Errorf("superblock of version %d; 0 to 3 are read", version)
	}
	if !(f.offsets == 4 || f.offsets == 8) || !(f.length == 4 || f.length == 8) {
		return fmt.Errorf("superblock: addresses of %d bytes and lengths of %d", f.offsets, f.length)
	}
	b, err := f.raw(at+begin, int64(6*f.offsets))
	if err != nil {
		return fmt.Errorf("superblock: %w", err)
	}
	p := f.parser(b)
	f.base = p.address()
	if f.base == undefined {
		f.base = 0
	}
	// What follows: two addresses, then in old files that of the driver and of the root's name, and then the root's.
	p.address()
	p.address()
	if version < 2 {
		p.address()
		p.address()
	}
	f.root = p.address()
	return p.err
}

// raw reads bytes of the file.
func (f *File) raw(at, count int64) ([]byte, error) {
	if at < 0 || count < 0 || count > maxBlock || at > f.size-count {
		return nil, fmt.Errorf("%d bytes at byte %d of a file of %d: the file is truncated or damaged", count, at, f.size)
	}
	b := make([]byte, count)
	_, err := io.ReadFull(io.NewSectionReader(f.r, at, count), b)
	return b, err
}

// block reads a structure at an address.
func (f *File) block(address, count int64) ([]byte, error) {
	if address < 0 || address > f.size {
		return nil, fmt.Errorf("an address beyond the end of the file: the file is truncated or damaged")
	}
	return f.raw(f.base+address, count)
}

// signed reads a structure that begins with a word of four letters.
func (f *File) signed(word string, address, count int64) (*parser, error) {
	b, err := f.block(address, count)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", word, err)
	}
	if !bytes.HasPrefix(b, []byte(word)) {
		return nil, fmt.Errorf("there is no %s at address %d: the file is damaged", word, address)
	}
	p := f.parser(b)
	p.skip(4)
	return p, nil
}

// undefined is the address of something that is absent.
const undefined = -1

// parser takes fields off the front of a structure. After an error it gives zeros.
type parser struct {
	b               []byte
	offsets, length int
	err             error
}

func (f *File) parser(b []byte) *parser { return &parser{b: b, offsets: f.offsets, length: f.length} }

var errEnds = errors.New("a structure ends too early: the file is damaged")

func (p *parser) bytes(count int) []byte {
	if count < 0 || count > len(p.b) || p.err != nil {
		if p.err == nil {
			p.err = errEnds
		}
		return make([]byte, min(max(count, 0), 8))
	}
	b := p.b[:count]
	p.b = p.b[count:]
	return b
}

func (p *parser) skip(count int) { p.bytes(count) }
func (p *parser) byte() int      { return int(p.bytes(1)[0]) }
func (p *parser) short() int     { return int(le.Uint16(p.bytes(2))) }
func (p *parser) long() int64    { return int64(le.Uint32(p.bytes(4))) }

// sized is a number of 1, 2, 4 or 8 bytes; one that int64 does not have is -1.
func (p *parser) sized(size int) int64 {
	switch size {
	case 1:
		return int64(p.byte())
	case 2:
		return int64(p.short())
	case 4:
		return p.long()
	}
	return max(-1, int64(le.Uint64(p.bytes(8))))
}

func (p *parser) count() int64 { return p.sized(p.length) }

func (p *parser) address() int64 {
	a := p.sized(p.offsets)
	if p.offsets == 4 && a == 1<<32-1 {
		return undefined
	}
	return a
}
