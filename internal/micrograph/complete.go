package micrograph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
)

// Partial is a partial scan.
type Partial struct {
	Height, Width int
	// Pixels is [H,W], in the units of the file that it is from; where Mask is 0 it has NaN.
	Pixels []float32
	// Mask is [H,W]: how much of each pixel was seen, from 0 to 1.
	Mask []float32
	// Tags describe the image and its instrument.
	Tags []tiff.Tag
	// Notes are what a user should know about how the file was read.
	Notes []string
}

// PartialOptions says how to read a partial scan.
type PartialOptions struct {
	// Mask is the path of a mask image, which says what was seen; it is of the same size. Where it is "", what was not seen is
	// NaN; how much was seen of the rest is in the second page of files that [Partial.Write] wrote, and otherwise all.
	Mask string
	// Premultiplied says whether the image is the product of a micrograph and the mask, by which it is divided. Where it is nil, an
	// image that seems to be so is an error.
	Premultiplied *bool
}

// NewPartial is what a scan sees of image i of a file.
func NewPartial(path string, i int, scan Scan) (*Partial, error) {
	p, err := readPartial(path, i)
	if err != nil {
		return nil, err
	}
	if err := scan.Mask(0, p.Height, p.Width, p.Mask); err != nil {
		return nil, err
	}
	return p, p.agree()
}

// ReadPartial reads a partial scan of a file's first image.
func ReadPartial(path string, o PartialOptions) (*Partial, error) {
	p, err := readPartial(path, 0)
	if err != nil {
		return nil, err
	}
	if o.Mask != "" {
		err = p.readMask(path, o.Mask)
	} else {
		err = p.findMask(path)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case o.Premultiplied == nil && looksPremultiplied(p.Pixels, p.Mask):
		return nil, fmt.Errorf("%s seems to have been multiplied by its mask, as it is 0 where the mask is and grows with it:"+
			" with --premultiplied it is divided by the mask, with --premultiplied=false it is taken as it is", path)
	case o.Premultiplied != nil && *o.Premultiplied:
		for i, m := range p.Mask {
			if m > 0 {
				p.Pixels[i] /= m
			}
		}
	}
	if err := p.agree(); err != nil {
		return nil, err
	}
	p.note()
	return p, nil
}

// readMask takes the mask of an image.
func (p *Partial) readMask(path, mask string) error {
	values, height, width, note, err := readMask(mask)
	if err != nil {
		return fmt.Errorf("mask %s: %w", mask, err)
	}
	if height != p.Height || width != p.Width {
		return fmt.Errorf("the mask %s has %dx%d pixels, and %s has %dx%d", mask, width, height, path, p.Width, p.Height)
	}
	if err := checkInverted(p.Pixels, values); err != nil {
		return fmt.Errorf("mask %s: %w", mask, err)
	}
	p.Mask = values
	if note != "" {
		p.Notes = append(p.Notes, note)
	}
	return nil
}

// findMask takes what is NaN for unseen, and the mask that a file may have in its second page.
func (p *Partial) findMask(path string) error {
	missing := 0
	for i, value := range p.Pixels {
		p.Mask[i] = 1
		if !imagefile.Finite(value) {
			p.Mask[i] = 0
			missing++
		}
	}
	second, err := readPartial(path, 1)
	if err == nil && second.Height == p.Height && second.Width == p.Width && (missing > 0 || isMaskPage(second.Tags)) && sameZeros(second.Pixels, p.Mask) {
		p.Mask = second.Pixels
		return nil
	}
	if missing == 0 {
		return fmt.Errorf("%s: no pixel is missing; give --mask, or mark what was not seen by NaN, as 'alrc scan' does", path)
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
	if lowest > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("every pixel was passed, for %.2g of the time at least: there is none to complete", lowest))
	}
	if !varies {
		p.Notes = append(p.Notes, fmt.Sprintf("all that was seen is %v: a blanked beam, or the mask of another image?", first))
	}
}

// The page that has the mask is named so, by TIFF's tag for that.
const (
	pageName = 285
	maskPage = "mask: how much of each pixel was seen, from 0 to 1"
)

func isMaskPage(tags []tiff.Tag) bool {
	for _, tag := range tags {
		if tag.ID == pageName && string(bytes.TrimRight(tag.Data, "\x00")) == maskPage {
			return true
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

// readPartial reads an image, of which nothing is masked yet.
func readPartial(path string, i int) (*Partial, error) {
	file, err := imagefile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer file.Close()
	p := &Partial{}
	if p.Pixels, p.Height, p.Width, err = file.ReadGrey(i); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if p.Tags, err = file.Metadata(i); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p.Mask = make([]float32, len(p.Pixels))
	return p, nil
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
func (p *Partial) Coverage() float64 { return mean(p.Mask) }

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

// Write writes a TIFF file of two float32 pages: the scan, NaN where nothing was seen, and the mask.
func (p *Partial) Write(w io.Writer) error {
	return tiff.Write(w, []tiff.Image{
		{Width: p.Width, Height: p.Height, Channels: 1, Pixels: p.Pixels, Tags: p.Tags},
		{Width: p.Width, Height: p.Height, Channels: 1, Pixels: p.Mask,
			Tags: []tiff.Tag{{ID: pageName, Kind: 2, Data: []byte(maskPage + "\x00")}}},
	})
}

// Complete completes the scan, in the units of the file. The range of what was seen is scaled to [-1, 1] for the method. With
// keepSeen, seen pixels keep what was seen of them.
func (p *Partial) Complete(ctx context.Context, m Method, keepSeen bool) (*Completion, error) {
	var seen []float32
	for i, value := range p.Pixels {
		if p.Mask[i] > 0 {
			seen = append(seen, value)
		}
	}
	low, high := IntensityRange(seen)
	if low == high {
		// All that was seen has one value, and so has the rest for all that one can know.
		low, high = low-1, high+1
	}
	scaled := append([]float32(nil), p.Pixels...)
	ScaleIntensity(scaled, low, high)
	c, err := m.Complete(ctx, scaled, p.Mask, p.Height, p.Width)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	UnscaleIntensity(c.Pixels, low, high)
	for i := range c.Deviation {
		c.Deviation[i] *= float32((high - low) / 2)
	}
	if keepSeen {
		c.keep(p.Pixels, p.Mask)
	}
	return c, nil
}
