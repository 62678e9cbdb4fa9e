package micrograph

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"alrc/internal/imagefile"
)

// readMask reads a mask image, number i of those of a file that has several; the note is that of asMask.
func readMask(path string, i int) (mask []float32, height, width int, note string, err error) {
	file, err := imagefile.Open(path)
	if err != nil {
		return nil, 0, 0, "", err
	}
	defer file.Close()
	if file.Format() == "JPEG" {
		return nil, 0, 0, "", errors.New("it is a JPEG file, in which no 0 stays 0; save the mask as PNG or TIFF")
	}
	pages := file.Micrographs()
	if named := slices.DeleteFunc(slices.Clone(pages), func(page int) bool {
		tags, err := file.Metadata(page)
		return err != nil || !isMaskPage(tags)
	}); len(named) > 0 {
		pages = named // of a file of scans with their masks
	}
	if len(pages) == 1 {
		i = 0
	} else if i >= len(pages) {
		return nil, 0, 0, "", fmt.Errorf("it has %d masks, and there are more scans", len(pages))
	}
	pixels, height, width, err := file.ReadGrey(pages[i])
	if err != nil {
		return nil, 0, 0, "", err
	}
	mask, note, err = asMask(pixels)
	return mask, height, width, note, err
}

// readMask takes the mask of an image, or number i of those of a file that has several.
func (p *Partial) readMask(name, path string, i int) error {
	if isPositions(path) {
		mask, note, err := positionMask(path, p.Height, p.Width)
		if err != nil {
			return fmt.Errorf("mask %s: %w", path, err)
		}
		if note != "" {
			p.Notes = append(p.Notes, fmt.Sprintf("mask %s: %s", path, note))
		}
		p.Mask = mask
		return nil
	}
	values, height, width, note, err := readMask(path, i)
	if err != nil {
		return fmt.Errorf("mask %s: %w", path, err)
	}
	if height != p.Height || width != p.Width {
		return fmt.Errorf("the mask %s has %dx%d pixels, and %s has %dx%d", path, width, height, name, p.Width, p.Height)
	}
	if err := checkInverted(p.Pixels, values); err != nil {
		return fmt.Errorf("mask %s: %w", path, err)
	}
	p.Mask = values
	if note != "" {
		p.Notes = append(p.Notes, note)
	}
	return nil
}

// findMask takes what is NaN for unseen, and the mask that the file may have.
func (s *ScanFile) findMask(p *Partial, name string) error {
	missing := p.seeFinite()
	mask, err := s.file.Mask(p.Page)
	if page, ok := s.masks[p.Page]; ok {
		image, err := s.read(page)
		if err != nil {
			return err
		}
		if p.sameShape(image) && sameZeros(image.Pixels, p.Mask) {
			p.Mask = image.Pixels
			return nil
		}
		if isNamedMask(image.Tags) && p.sameShape(image) {
			if mask, _, err = asMask(image.Pixels); err != nil {
				return fmt.Errorf("%s: its mask, image %d: %w", name, page, err)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: its mask: %w", name, err)
	}
	switch {
	case mask != nil:
		if err := checkInverted(p.Pixels, mask); err != nil {
			return fmt.Errorf("%s: its mask: %w", name, err)
		}
		if p.Mask, _, err = asMask(mask); err != nil {
			return fmt.Errorf("%s: its mask: %w", name, err)
		}
	case missing == 0:
		if positions, err := s.positions(); err != nil {
			return err
		} else if positions != "" {
			p.Notes = append(p.Notes, "what was seen is what "+positions+" says")
			return p.readMask(name, positions, 0)
		}
		return fmt.Errorf("%s: no pixel is missing; give --mask, or mark what was not seen by NaN, as 'alrc scan' does%s", name, p.unseenHint())
	}
	return nil
}

// positions is the list of beam positions beside the file, "" without one. Frames of a camera, one of each position, are an error.
func (s *ScanFile) positions() (string, error) {
	path, err := besidePositions(s.path)
	if err != nil || path == "" || len(s.pages) == 1 {
		return path, err
	}
	return "", fmt.Errorf("%s: its %d images are a camera's, taken at the beam positions of %s; give a virtual or a detector's image of that scan",
		s.path, len(s.pages), path)
}

// asMask takes an image as a mask: from 0 to 1, or from 0 to 255 or 65,535 where there are values above 1. Of an image of two values
// the higher one is 1 and the lower one 0; the note says so where they are no usual ones.
func asMask(pixels []float32) (mask []float32, note string, err error) {
	lowest, highest := float32(math.Inf(1)), float32(math.Inf(-1))
	for i, value := range pixels {
		if !(value >= 0 && value <= 65535) {
			return nil, "", fmt.Errorf("pixel %d is %v; a mask has values from 0 to 1, or whole ones up to 255 or 65,535", i, value)
		}
		lowest, highest = min(lowest, value), max(highest, value)
	}
	switch {
	case highest == 0:
		return nil, "", errors.New("all its pixels are 0: a scan that sees nothing")
	case lowest == highest:
		return nil, "", fmt.Errorf("all its pixels are %v: a scan that sees everything", highest)
	}
	two := highest > 1
	for _, value := range pixels {
		two = two && (value == lowest || value == highest)
	}
	scale := float32(1)
	switch {
	case two:
		if lowest > 0 {
			note = fmt.Sprintf("the mask has the values %v and %v; the higher one is taken for what was seen", lowest, highest)
		}
	case highest > 255:
		scale = 65535
	case highest > 1:
		scale = 255
	}
	mask = make([]float32, len(pixels))
	for i, value := range pixels {
		if !two {
			mask[i] = value / scale
		} else if value == highest {
			mask[i] = 1
		}
	}
	return mask, note, nil
}

// checkInverted says that a mask seems to be inverted: all that it sees has one value, and what it does not see has several.
func checkInverted(pixels, mask []float32) error {
	var seen, other spread
	for i, value := range pixels {
		if value-value != 0 {
			continue
		}
		if mask[i] > 0 {
			seen.add(value)
		} else {
			other.add(value)
		}
	}
	if seen.count > 1 && !seen.varies && other.varies {
		return fmt.Errorf("all pixels that the mask sees are %v, and those that it does not see vary: it seems to be inverted."+
			" In a mask, 0 is what was not seen", seen.first)
	}
	return nil
}

type spread struct {
	first  float32
	varies bool
	count  int
}

func (s *spread) add(value float32) {
	if s.count == 0 {
		s.first = value
	}
	s.varies = s.varies || value != s.first
	s.count++
}

// looksPremultiplied says whether an image seems to be the product of a micrograph and a mask of fractions: it is 0 wherever the mask
// is, it grows with the mask, and divided by the mask it no longer does.
func looksPremultiplied(pixels, mask []float32) bool {
	var products, quotients correlation
	zeros, others, fractions := 0, 0, 0
	for i, m := range mask {
		value := float64(pixels[i])
		if value-value != 0 {
			return false
		}
		if m == 0 {
			if others++; value == 0 {
				zeros++
			}
			continue
		}
		if m < 1 {
			fractions++
		}
		products.add(value, float64(m))
		quotients.add(value/float64(m), float64(m))
	}
	if others == 0 || zeros < others || fractions < 10 {
		return false
	}
	with, without := products.of(), quotients.of()
	return math.Abs(with) > 0.3 && math.Abs(without) < 0.5*math.Abs(with)
}

// correlation is that of pairs of numbers.
type correlation struct{ n, x, y, xx, yy, xy float64 }

func (c *correlation) add(x, y float64) {
	c.n, c.x, c.y, c.xx, c.yy, c.xy = c.n+1, c.x+x, c.y+y, c.xx+x*x, c.yy+y*y, c.xy+x*y
}

func (c *correlation) of() float64 {
	x, y := c.n*c.xx-c.x*c.x, c.n*c.yy-c.y*c.y
	if x <= 0 || y <= 0 {
		return 0
	}
	return (c.n*c.xy - c.x*c.y) / math.Sqrt(x*y)
}
