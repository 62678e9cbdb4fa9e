package tiff

import (
	"errors"
	"fmt"
)

// readBlocks reads where the page's strips or tiles are.
func (f *File) readBlocks(p *Page, tags map[uint16]*entry, rowsPerStrip, tileWidth, tileHeight int) error {
	offsets, counts := tags[tagStripOffsets], tags[tagStripByteCounts]
	p.blockWidth, p.blockHeight = p.Width, min(rowsPerStrip, p.Height)
	if tileWidth > 0 || tileHeight > 0 {
		offsets, counts = tags[tagTileOffsets], tags[tagTileByteCounts]
		p.blockWidth, p.blockHeight = tileWidth, tileHeight
		if offsets == nil {
			// Some writers put tiles where strips' tags are.
			offsets, counts = tags[tagStripOffsets], tags[tagStripByteCounts]
		}
	}
	// A tile may reach beyond the page, but one that is far larger is there to take memory.
	if p.blockWidth < 1 || p.blockHeight < 1 || p.blockWidth > p.Width+maxTileExcess || p.blockHeight > p.Height+maxTileExcess ||
		tooMany(p.blockWidth, min(p.blockHeight, p.Height), p.samples) {
		return fmt.Errorf("its strips or tiles are of %dx%d pixels", p.blockWidth, p.blockHeight)
	}
	if offsets == nil {
		return errors.New("it does not say where its pixels are")
	}
	blocks := p.across() * p.down()
	if p.planes {
		if tooMany(blocks, p.samples) {
			return fmt.Errorf("it would have more than %d strips or tiles", maxSamples)
		}
		blocks *= p.samples
	}
	var err error
	if p.offsets, err = f.integers(offsets, int64(blocks)); err != nil {
		return err
	}
	if counts != nil {
		if p.counts, err = f.integers(counts, int64(blocks)); err != nil {
			return err
		}
	} else if p.compression == compressionNone {
		for range p.offsets {
			p.counts = append(p.counts, uint64(p.blockBytes(p.blockHeight)))
		}
	}
	if len(p.offsets) != blocks || len(p.counts) != blocks {
		return fmt.Errorf("it has the places of %d strips or tiles and the sizes of %d, and should have %d", len(p.offsets), len(p.counts), blocks)
	}
	var stored uint64
	for i, count := range p.counts {
		if p.offsets[i] > uint64(f.size) || count > uint64(f.size)-p.offsets[i] {
			// The last uncompressed strip may be said to be a whole one, or just reach the end of the file.
			if p.compression != compressionNone || p.offsets[i] > uint64(f.size) {
				return fmt.Errorf("strip or tile %d would end at byte %d of a file of %d: the file is truncated or damaged", i, p.offsets[i]+count, f.size)
			}
			p.counts[i] = uint64(f.size) - p.offsets[i]
		}
		stored += p.counts[i]
	}
	ratio := uint64(maxRatio)
	switch p.compression {
	case compressionNone:
		ratio = 1
	case compressionZSTD:
		ratio = maxZSTDRatio
	}
	if needed := uint64(blocks/p.down()) * uint64(p.blockBytes(p.Height)); stored*ratio < needed {
		return fmt.Errorf("%d bytes of pixels cannot become the %d that %dx%d pixels have: the file is truncated or damaged",
			stored, needed, p.Width, p.Height)
	}
	return nil
}

// across and down are the numbers of blocks in a row and a column of the page.
func (p *Page) across() int { return (p.Width + p.blockWidth - 1) / p.blockWidth }
func (p *Page) down() int   { return (p.Height + p.blockHeight - 1) / p.blockHeight }

// blockSamples is the number of samples of a pixel within a block.
func (p *Page) blockSamples() int {
	if p.planes {
		return 1
	}
	return p.samples
}

// channelSamples is the number of samples of a pixel that make its channels.
func (p *Page) channelSamples() int {
	if p.Palette {
		return 1
	}
	return p.Channels
}

// rowBytes is the length of a block's row, which begins at a whole byte.
func (p *Page) rowBytes() int { return (p.blockWidth*p.blockSamples()*p.Bits + 7) / 8 }

func (p *Page) blockBytes(rows int) int { return p.rowBytes() * rows }
