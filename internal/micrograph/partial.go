package micrograph

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"alrc/internal/format/pixel"
	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
	"alrc/internal/statistics"
)

// Partial is a partial scan.
type Partial struct {
	Height, Width int
	// Pixels is [H,W]; where Mask is 0 it has NaN. With the Offset added to them, pixels are in the units of their file.
	Pixels []float32
	Offset float64
	// Mask is [H,W]: how much of each pixel was seen, from 0 to 1.
	Mask []float32
	// Page is the number of the image in its file, from 0 on.
	Page int
	// Size is that of a pixel, where the file says it.
	Size pixel.Size
	// WhiteIsZero says that smaller numbers are to be shown brighter.
	WhiteIsZero bool
	// Tags describe the image and its instrument.
	Tags []tiff.Tag
	// Notes are what a user should know about how the file was read.
	Notes []string
}

// PartialOptions says how to read a partial scan.
type PartialOptions struct {
	// Mask is the path of a mask image, which says what was seen; it is of the same size. Or it is a .csv file of the columns and rows
	// of beam positions. Where it is "", what was not seen is
	// NaN; how much was seen of the rest is in the second page of files that [Partial.Write] wrote, and otherwise all.
	Mask string
	// Unseen is the value of pixels that were not seen, beside NaN; nil where there is none.
	Unseen *float64
	// Array names the array of a .npz or HDF5 file that has several; "" stands for the only one, and for other files.
	Array string
	// Premultiplied says whether the image is the product of a micrograph and the mask, by which it is divided. Where it is nil, an
	// image that seems to be so is an error.
	Premultiplied *bool
}

// ScanFile is a file of partial scans that is open for reading.
type ScanFile struct {
	path    string
	file    *imagefile.File
	options PartialOptions
	pages   []int       // the scans
	masks   map[int]int // the page that is a scan's mask
}

// OpenScans finds the partial scans of a file: all its images of one channel but for masks.
func OpenScans(path string, o PartialOptions) (*ScanFile, error) {
	file, err := imagefile.OpenArray(path, o.Array)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &ScanFile{path: path, file: file, options: o, masks: map[int]int{}}
	all := file.Micrographs()
	var masks []int
	follow := map[int]int{} // the mask that follows a scan
	for k, page := range all {
		if k > 0 && s.isMask(page) || len(all) == 2 && k == 1 && s.seesTheSame(all[0], page) {
			follow[all[k-1]] = page
			masks = append(masks, page)
		} else {
			s.pages = append(s.pages, page)
		}
	}
	// Each scan has the mask that follows it; or masks come after all scans, in their order; or one is that of all.
	apart := slices.ContainsFunc(s.pages, func(page int) bool { _, ok := follow[page]; return !ok })
	for i, page := range s.pages {
		switch mask, ok := follow[page]; {
		case apart && len(masks) == len(s.pages):
			s.masks[page] = masks[i]
		case apart && len(masks) == 1:
			s.masks[page] = masks[0]
		case ok:
			s.masks[page] = mask
		}
	}
	return s, nil
}

// isMask says whether a page is named as a mask.
func (s *ScanFile) isMask(page int) bool {
	tags, err := s.file.Metadata(page)
	return err == nil && (isMaskPage(tags) || isNamedMask(tags))
}

// seesTheSame says whether a page that has no name has what the mask of the only other page has.
func (s *ScanFile) seesTheSame(before, page int) bool {
	scan, err := s.read(before)
	if err != nil {
		return false
	}
	mask, err := s.read(page)
	return err == nil && scan.seeFinite() > 0 && scan.sameShape(mask) && sameZeros(mask.Pixels, scan.Mask)
}

// Close closes the file.
func (s *ScanFile) Close() { s.file.Close() }

// Len is the number of scans.
func (s *ScanFile) Len() int { return len(s.pages) }

// Left says what the file has besides images that can be read.
func (s *ScanFile) Left() []string { return s.file.Left() }

// Find is the number of the scan that is an image of the file.
func (s *ScanFile) Find(page int) (int, error) {
	i := slices.Index(s.pages, page)
	if i < 0 {
		return 0, fmt.Errorf("%s: image %d is none of its scans, which are %v", s.path, page, s.pages)
	}
	return i, nil
}

// Read reads scan i.
func (s *ScanFile) Read(i int) (*Partial, error) {
	p, err := s.read(s.pages[i])
	if err != nil {
		return nil, err
	}
	name := s.path
	if len(s.pages) > 1 {
		name = fmt.Sprintf("%s, image %d", s.path, p.Page)
	}
	if s.options.Unseen != nil {
		if err := p.unsee(name, *s.options.Unseen); err != nil {
			return nil, err
		}
	}
	if s.options.Mask != "" {
		err = p.readMask(name, s.options.Mask, i)
	} else {
		err = s.findMask(p, name)
	}
	if err != nil {
		return nil, err
	}
	if err := p.divide(name, s.options.Premultiplied); err != nil {
		return nil, err
	}
	if err := p.agree(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.note()
	return p, nil
}

// read reads an image, of which nothing is masked yet.
func (s *ScanFile) read(page int) (*Partial, error) {
	m, err := s.file.Read(page)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	p := &Partial{Height: m.Height, Width: m.Width, Page: page, Offset: m.Offset, Size: m.Size, WhiteIsZero: m.WhiteIsZero}
	if m.Note != "" {
		p.Notes = append(p.Notes, m.Note)
	}
	if p.Pixels, err = m.Grey(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	if p.Tags, err = s.file.Metadata(page); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	p.Mask = make([]float32, len(p.Pixels))
	return p, nil
}

// NewPartial is what a scan sees of image i of a file, or of its first micrograph where i is -1. Of the options it takes the array.
func NewPartial(path string, i int, scan Scan, o PartialOptions) (*Partial, error) {
	s, err := OpenScans(path, PartialOptions{Array: o.Array})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	chosen := i
	if i == -1 {
		chosen = s.pages[0]
	}
	p, err := s.read(chosen)
	if err != nil {
		return nil, err
	}
	if i == -1 && len(s.pages) > 1 {
		p.Notes = append(p.Notes, fmt.Sprintf("image %d of %d is scanned; another one by --page", chosen, len(s.pages)))
	}
	if err := scan.Mask(0, p.Height, p.Width, p.Mask); err != nil {
		return nil, err
	}
	return p, p.agree()
}

// seeFinite takes all that is a number for seen, and returns how many pixels are not.
func (p *Partial) seeFinite() (missing int) {
	for i, value := range p.Pixels {
		p.Mask[i] = 1
		if !imagefile.Finite(value) {
			p.Mask[i] = 0
			missing++
		}
	}
	return missing
}

func (p *Partial) sameShape(other *Partial) bool {
	return p.Height == other.Height && p.Width == other.Width
}

// divide divides an image that was multiplied by its mask.
func (p *Partial) divide(name string, premultiplied *bool) error {
	switch {
	case premultiplied == nil && looksPremultiplied(p.Pixels, p.Mask):
		return fmt.Errorf("%s seems to have been multiplied by its mask, as it is 0 where the mask is and grows with it:"+
			" with --premultiplied it is divided by the mask, with --premultiplied=false it is taken as it is", name)
	case premultiplied != nil && *premultiplied:
		for i, m := range p.Mask {
			if m > 0 {
				p.Pixels[i] = float32((float64(p.Pixels[i])+p.Offset)/float64(m) - p.Offset)
			}
		}
	}
	return nil
}

// note says what is unusual about what was seen.
func (p *Partial) note() {
	lowest, first, varies := float32(1), float32(math.NaN()), false
	for i, m := range p.Mask {
		lowest = min(lowest, m)
		if value := p.Pixels[i]; m > 0 && first != first {
			first = value
		} else if m > 0 && value != first {
			varies = true
		}
	}
	if lowest == 1 {
		p.Notes = append(p.Notes, "every pixel was seen: there is none to complete")
	} else if lowest > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("every pixel was passed, for %.2g of the time at least: there is none to complete", lowest))
	}
	if !varies {
		p.Notes = append(p.Notes, fmt.Sprintf("all that was seen is %v: a blanked beam, or the mask of another image?", float64(first)+p.Offset))
	}
}

// The page that has the mask is named so, by TIFF's tag for that.
const (
	description = 270
	pageName    = 285
	maskPage    = "mask: how much of each pixel was seen, from 0 to 1"
)

func isMaskPage(tags []tiff.Tag) bool {
	for _, tag := range tags {
		if tag.ID == pageName && string(bytes.TrimRight(tag.Data, "\x00")) == maskPage {
			return true
		}
	}
	return false
}

// isNamedMask says whether an image is called mask, as DigitalMicrograph's and other files name theirs.
func isNamedMask(tags []tiff.Tag) bool {
	for _, tag := range tags {
		if tag.ID == description {
			title, _, _ := strings.Cut(strings.TrimRight(string(tag.Data), "\x00"), "\n")
			return strings.EqualFold(strings.TrimSpace(title), "mask")
		}
	}
	return false
}

// sameZeros says whether values are those of a mask that sees what another one does.
func sameZeros(values, mask []float32) bool {
	for i, value := range values {
		if !(value >= 0 && value <= 1) || (value == 0) != (mask[i] == 0) {
			return false
		}
	}
	return true
}

// agree makes pixels that are not finite unseen, and unseen pixels NaN.
func (p *Partial) agree() error {
	seen := false
	for i, value := range p.Pixels {
		if !imagefile.Finite(value) {
			p.Mask[i] = 0
		}
		if p.Mask[i] == 0 {
			p.Pixels[i] = float32(math.NaN())
		} else {
			seen = true
		}
	}
	if !seen {
		return errors.New("nothing of the image was seen: the mask is 0 wherever a pixel is a finite number")
	}
	return nil
}

// Coverage is the mean of the mask.
func (p *Partial) Coverage() float64 { return statistics.Mean(p.Mask) }

// Passed is the share of the pixels of which something was seen.
func (p *Partial) Passed() float64 {
	passed := 0
	for _, m := range p.Mask {
		if m > 0 {
			passed++
		}
	}
	return float64(passed) / float64(len(p.Mask))
}

// Image is pixels in the place of the scan's, for a TIFF file in its units and with its metadata.
func (p *Partial) Image(pixels []float32) tiff.Image {
	return tiff.Image{Width: p.Width, Height: p.Height, Channels: 1, Pixels: pixels, Offset: p.Offset, WhiteIsZero: p.WhiteIsZero, Size: p.Size, Tags: p.Tags}
}

// Write writes a TIFF file of two pages of floating-point numbers: the scan, NaN where nothing was seen, and the mask.
func (p *Partial) Write(w io.Writer) error {
	return tiff.Write(w, []tiff.Image{p.Image(p.Pixels), {Width: p.Width, Height: p.Height, Channels: 1, Pixels: p.Mask,
		Tags: []tiff.Tag{{ID: pageName, Kind: 2, Data: []byte(maskPage + "\x00")}}}})
}
