// Package tiff reads and writes the TIFF files of scientific images: several pages, and samples that are integers or
// floating-point numbers of up to 64 bits. golang.org/x/image/tiff has images for display, one a file, of 8 and 16-bit
// unsigned samples. (TIFF, revision 6.0, Adobe 1992; floating-point predictor: Adobe Photoshop TIFF technical note 3, 2005.)
package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"

	"alrc/internal/format/pixel"
)

// Limits that keep a hostile file from taking memory or time without bounds.
const (
	maxPages = 1 << 16
	// maxSamples bounds width * height * samples per pixel of a page.
	maxSamples = 1 << 27
	// maxRatio is beyond what most compressions can reach: LZW's longest string of about 4,000 bytes for a code of 12 bits.
	maxRatio = 4096
	// maxZSTDRatio is beyond what images reach with Zstandard, which has no bound of its own but that of a block of 128 KiB.
	maxZSTDRatio = 1 << 16
	// maxTables bounds the bytes of JPEG's tables.
	maxTables = 1 << 16
	// maxTileExcess bounds how far a tile reaches beyond a page that is smaller.
	maxTileExcess = 1 << 13
)

// Format is what a page's samples are.
type Format int

// The formats that TIFF has and this package reads.
const (
	Unsigned Format = 1
	Signed   Format = 2
	Float    Format = 3
)

func (f Format) String() string {
	switch f {
	case Unsigned:
		return "unsigned integer"
	case Signed:
		return "signed integer"
	case Float:
		return "floating-point"
	}
	return fmt.Sprintf("format %d", int(f))
}

// The tags that say how a page is laid out.
const (
	tagSubfileType     = 254
	tagWidth           = 256
	tagHeight          = 257
	tagBits            = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagSamples         = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagPlanar          = 284
	tagPredictor       = 317
	tagColourMap       = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagFormat          = 339
	tagJPEGTables      = 347
)

// undefined is the format of samples whose writer did not know; they are unsigned as a rule.
const undefined Format = 4

const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	palette     = 3
	yCbCr       = 6
)

// File is a TIFF file that is open for reading. Its methods may be called by several goroutines at a time.
type File struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	big   bool    // BigTIFF
	pages []int64 // where their directories are
	stack int     // the images that one directory stands for, where they are several
}

// Open reads where the pages of a file of a size are.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	at, err := f.header()
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	for at != 0 {
		if seen[at] {
			return nil, fmt.Errorf("page %d's directory is that of an earlier page: the file is damaged", len(f.pages))
		}
		if len(f.pages) == maxPages {
			return nil, fmt.Errorf("there are more than %d pages", maxPages)
		}
		seen[at] = true
		_, next, err := f.lines(at)
		if err != nil {
			return nil, fmt.Errorf("page %d's directory: %w", len(f.pages), err)
		}
		f.pages = append(f.pages, at)
		at = next
	}
	if len(f.pages) == 0 {
		return nil, errors.New("the file has no page")
	}
	if len(f.pages) == 1 {
		f.findStack()
	}
	return f, nil
}

// findStack finds the images of an ImageJ stack that has a directory for the first one only: the others follow it in the file.
func (f *File) findStack() {
	tags, err := f.Metadata(0)
	if err != nil {
		return
	}
	count := imageJCount(textOf(tags, tagDescription))
	if count < 2 || count > maxPages {
		return
	}
	p, err := f.page(0)
	if err != nil || p.compression != compressionNone || p.planes || p.blockWidth != p.Width {
		return
	}
	if end := int64(p.offsets[0]) + int64(count)*int64(p.blockBytes(p.Height)); end <= f.size {
		f.stack = count
	}
}

// Len is the number of pages.
func (f *File) Len() int { return max(len(f.pages), f.stack) }

// bytes reads a part of the file.
func (f *File) bytes(at, count int64) ([]byte, error) {
	if at < 0 || count < 0 || at > f.size-count {
		return nil, fmt.Errorf("it would end at byte %d of a file of %d: the file is truncated or damaged", at+count, f.size)
	}
	buffer := make([]byte, count)
	if _, err := io.ReadFull(io.NewSectionReader(f.r, at, count), buffer); err != nil {
		return nil, err
	}
	return buffer, nil
}

// Page says what a page holds.
type Page struct {
	Width, Height int
	// Channels is 1 for grey pages and 3 for colour. Further samples of a pixel, such as opacity, are not read.
	Channels int
	// Bits and Format are of a sample as it is in the file.
	Bits   int
	Format Format
	// Palette says that samples are numbers of colours, which are from 0 to 65,535.
	Palette bool
	// WhiteIsZero says that smaller numbers of a grey page are to be shown brighter.
	WhiteIsZero bool
	// Reduced says that the page is no image of its own, but a smaller version of another one or a mask.
	Reduced bool

	samples     int // a pixel
	planes      bool
	compression int
	predictor   int
	photometric int
	colourMap   []uint64
	tables      []byte // of JPEG
	// Strips are blocks as wide as the page.
	blockWidth, blockHeight int
	offsets, counts         []uint64
}

// Page reads what page i, counted from 0, holds, and checks that this package can read it.
func (f *File) Page(i int) (Page, error) {
	p, err := f.page(i)
	if err != nil {
		return Page{}, fmt.Errorf("page %d: %w", i, err)
	}
	return p, nil
}

func (f *File) page(i int) (Page, error) {
	list, err := f.entries(i)
	if err != nil {
		return Page{}, err
	}
	tags := map[uint16]*entry{}
	for i := range list {
		tags[list[i].tag] = &list[i]
	}
	var firstErr error
	number := func(tag uint16, missing int) int {
		e, ok := tags[tag]
		if !ok {
			return missing
		}
		values, err := f.integers(e, 1<<10)
		if err == nil && len(values) == 0 {
			err = fmt.Errorf("tag %d has no value", tag)
		}
		if err == nil {
			// What a page can have only one of, such as its depth, must be the same in all channels.
			for _, value := range values {
				if value != values[0] {
					err = fmt.Errorf("tag %d has the values %v, of which this cannot make one", tag, values)
					break
				}
			}
		}
		if err != nil {
			firstErr = errors.Join(firstErr, err)
			return missing
		}
		// A strip may be said to have 2^32 - 1 rows, and nothing else may be as large.
		return int(min(values[0], math.MaxInt32))
	}
	p := Page{
		Width: number(tagWidth, 0), Height: number(tagHeight, 0),
		Bits: number(tagBits, 1), Format: Format(number(tagFormat, 1)), Reduced: number(tagSubfileType, 0)&5 != 0,
		samples: number(tagSamples, 1), planes: number(tagPlanar, 1) == 2,
		compression: number(tagCompression, 1), predictor: number(tagPredictor, 1), photometric: number(tagPhotometric, -1),
	}
	if p.Format == undefined {
		p.Format = Unsigned
	}
	fillOrder := number(tagFillOrder, 1)
	if firstErr != nil {
		return Page{}, firstErr
	}
	switch {
	case p.Width < 1 || p.Height < 1 || p.samples < 1:
		return Page{}, fmt.Errorf("it is of %dx%d pixels of %d samples", p.Width, p.Height, p.samples)
	case tooMany(p.Width, p.Height, p.samples):
		return Page{}, fmt.Errorf("it is of %dx%d pixels of %d samples, more than the %d samples that are read", p.Width, p.Height, p.samples, maxSamples)
	case fillOrder != 1:
		return Page{}, fmt.Errorf("its fill order is %d; only 1 is read", fillOrder)
	}
	switch p.photometric {
	case whiteIsZero, blackIsZero, -1:
		p.Channels, p.WhiteIsZero = 1, p.photometric == whiteIsZero
	case rgb:
		p.Channels = 3
	case palette:
		p.Channels, p.Palette = 3, true
		if err := f.readColourMap(&p, tags[tagColourMap]); err != nil {
			return Page{}, err
		}
	case yCbCr:
		if p.compression != compressionJPEG {
			return Page{}, errors.New("its colours are luminance and chrominance (YCbCr) without JPEG, which are not read; save it as grey or RGB")
		}
		p.Channels = 3
	default:
		return Page{}, fmt.Errorf("its photometric interpretation is %d; grey (0 and 1), RGB (2) and palettes (3) are read; save it as one of them", p.photometric)
	}
	if !p.Palette && p.samples < p.Channels {
		return Page{}, fmt.Errorf("it has %d samples a pixel where its colours need %d", p.samples, p.Channels)
	}
	if err := p.checkSamples(); err != nil {
		return Page{}, err
	}
	if p.compression == compressionJPEG {
		if e := tags[tagJPEGTables]; e != nil && e.count <= maxTables {
			if p.tables, err = f.data(e); err != nil {
				return Page{}, fmt.Errorf("tag %d: %w", e.tag, err)
			}
		}
	}
	if err := f.readBlocks(&p, tags, number(tagRowsPerStrip, p.Height), number(tagTileWidth, 0), number(tagTileHeight, 0)); err != nil {
		return Page{}, err
	}
	if f.stack > 1 {
		// The images follow each other without a gap, whatever strips the first one has.
		size := uint64(p.blockBytes(p.Height))
		p.offsets, p.counts, p.blockHeight = []uint64{p.offsets[0] + uint64(i)*size}, []uint64{size}, p.Height
	}
	return p, nil
}

func tooMany(factors ...int) bool {
	product := uint64(1)
	for _, factor := range factors {
		high, low := bits.Mul64(product, uint64(factor))
		if product = low; high != 0 || product > maxSamples {
			return true
		}
	}
	return false
}

func (f *File) readColourMap(p *Page, e *entry) error {
	if e == nil || p.Format != Unsigned || p.Bits > 8 || e.count != 3<<p.Bits {
		return errors.New("its colours are those of a palette that it does not have")
	}
	var err error
	p.colourMap, err = f.integers(e, 3<<8)
	return err
}

func (p *Page) checkSamples() error {
	if p.Type() == pixel.Invalid || p.Bits%8 != 0 && (p.predictor != 1 || p.Palette && p.Bits > 8) {
		return fmt.Errorf("its samples are %v numbers of %d bits, which is not read; save it with 8, 16 or 32 bits", p.Format, p.Bits)
	}
	switch p.compression {
	case compressionNone, compressionLZW, compressionDeflate, compressionOldDeflate, compressionPackBits, compressionZSTD:
	case compressionJPEG:
		if p.Bits != 8 || p.Format != Unsigned || p.Palette || p.planes || p.samples != p.Channels {
			return fmt.Errorf("it is compressed by JPEG with %d samples of %d bits, of which only 8 bits of grey or colours are read", p.samples, p.Bits)
		}
	default:
		name := unreadCompressions[p.compression]
		if name != "" {
			name = ", " + name
		}
		return fmt.Errorf("its compression is %d%s; read are none (1), LZW (5), JPEG (7), deflate (8 and 32946), PackBits (32773) and Zstandard (50000):"+
			" save it with one of them", p.compression, name)
	}
	if ok := p.predictor == 1 || p.predictor == 2 && p.Bits >= 8 || p.predictor == 3 && p.Format == Float; !ok {
		return fmt.Errorf("its predictor is %d, which does not go with %v numbers of %d bits", p.predictor, p.Format, p.Bits)
	}
	return nil
}

var unreadCompressions = map[int]string{2: "a fax's", 3: "a fax's", 4: "a fax's", 6: "JPEG as it was before 1995", 33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000",
	34925: "LZMA", 34887: "LERC", 50001: "WebP", 50002: "JPEG XL", 65000: "EER", 65001: "EER", 65002: "EER"}

// Type is the type of number that samples are, such as uint16 for those of 12 bits.
func (p *Page) Type() pixel.Type {
	switch {
	case p.Format == Float:
		if p.Bits%8 == 0 {
			return pixel.Floating(p.Bits / 8)
		}
	case p.Format == Unsigned && (p.Bits >= 1 && p.Bits <= 16 || p.Bits == 32):
		for _, size := range []int{1, 2, 4} {
			if p.Bits <= 8*size {
				return pixel.Integer(size, false)
			}
		}
	case p.Bits%8 == 0 && (p.Format == Unsigned || p.Format == Signed):
		return pixel.Integer(p.Bits/8, p.Format == Signed)
	}
	return pixel.Invalid
}

// Indexes is the page of a palette with the numbers of colours as its samples, for [File.Read].
func (p Page) Indexes() Page {
	p.Palette, p.Channels = false, 1
	return p
}

// Colour is the colour of a palette's number: red, green and blue from 0 to 65,535.
func (p *Page) Colour(number int) (red, green, blue uint64) {
	return p.colourMap[number], p.colourMap[1<<p.Bits+number], p.colourMap[2<<p.Bits+number]
}
