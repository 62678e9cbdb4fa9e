package micrograph

import (
	"errors"
	"fmt"
	"io"
	"math"

	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
)

// Completer is a trained network. It belongs to one goroutine.
type Completer interface {
	// Side is the height and width of its crops in pixels.
	Side() int
	// Complete fills output, [S,S], the blurred micrograph, from input, [S,S,2], the mask times the micrograph and the mask.
	Complete(input, output []float32) error
	Close()
}

// Method completes a partial scan, [height,width], of pixels in [-1, 1] and a mask, as [Bilinear] does. Only pixels whose mask is
// above 0 may be used.
type Method struct {
	Name string
	// Blurs says that it completes to the blurred micrograph, as networks are trained to.
	Blurs bool
	// Serial says that it must not be called by several goroutines at a time.
	Serial   bool
	Complete func(pixels, mask []float32, height, width int) ([]float32, error)
}

// Baselines are the methods that need no network. A smooth surface through noise reaches beyond [-1, 1], where no micrograph is;
// it is cut off there.
func Baselines() []Method {
	return []Method{
		{Name: "bilinear", Complete: Bilinear},
		{Name: "biharmonic", Complete: func(pixels, mask []float32, height, width int) ([]float32, error) {
			out, err := Biharmonic(pixels, mask, height, width)
			for i, value := range out {
				out[i] = max(-1, min(value, 1))
			}
			return out, err
		}},
	}
}

// Network is a trained network as a method for images of any size: crops overlap by a quarter and fade into each other.
func Network(name string, c Completer) Method {
	return Method{Name: name, Blurs: true, Serial: true, Complete: func(pixels, mask []float32, height, width int) ([]float32, error) {
		if err := checkScan(pixels, mask, height, width); err != nil && !errors.Is(err, errNothingSeen) {
			return nil, err
		}
		input := make([]float32, 2*len(pixels))
		Join(input, pixels, mask)
		return Tile(input, height, width, 2, c.Side(), c.Side()/4, c.Complete)
	}}
}

// Partial is a partial scan.
type Partial struct {
	Height, Width int
	// Pixels is [H,W], in the units of the file that it is from; where Mask is 0 it has NaN.
	Pixels []float32
	// Mask is [H,W]: how much of each pixel was seen, from 0 to 1.
	Mask []float32
	// Tags describe the image and its instrument.
	Tags []tiff.Tag
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

// ReadPartial reads a partial scan of a file's first image. What was not seen is NaN; how much was seen of the rest is in the
// second page of files that [Partial.Write] wrote, and otherwise all. A mask image, where its path is not "", says
// what was seen; it is of the same size.
func ReadPartial(path, mask string) (*Partial, error) {
	p, err := readPartial(path, 0)
	if err != nil {
		return nil, err
	}
	if mask != "" {
		values, height, width, err := imagefile.ReadGrey(mask)
		if err != nil {
			return nil, fmt.Errorf("mask %s: %w", mask, err)
		}
		if height != p.Height || width != p.Width {
			return nil, fmt.Errorf("the mask %s has %dx%d pixels, and %s has %dx%d", mask, width, height, path, p.Width, p.Height)
		}
		if p.Mask, err = asMask(values); err != nil {
			return nil, fmt.Errorf("mask %s: %w", mask, err)
		}
		return p, p.agree()
	}
	missing := 0
	for i, value := range p.Pixels {
		p.Mask[i] = 1
		if !imagefile.Finite(value) {
			p.Mask[i] = 0
			missing++
		}
	}
	if missing == 0 {
		return nil, fmt.Errorf("%s: no pixel is missing; give --mask, or mark what was not seen by NaN, as 'alrc scan' does", path)
	}
	if second, err := readPartial(path, 1); err == nil && second.Height == p.Height && second.Width == p.Width && sameZeros(second.Pixels, p.Mask) {
		p.Mask = second.Pixels
	}
	return p, p.agree()
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

// Write writes a TIFF file of two float32 pages: the scan, NaN where nothing was seen, and the mask.
func (p *Partial) Write(w io.Writer) error {
	return tiff.Write(w, []tiff.Image{
		{Width: p.Width, Height: p.Height, Channels: 1, Pixels: p.Pixels, Tags: p.Tags},
		{Width: p.Width, Height: p.Height, Channels: 1, Pixels: p.Mask},
	})
}

// Complete completes the scan, in the units of the file. The range of what was seen is scaled to [-1, 1] for the method.
func (p *Partial) Complete(m Method) ([]float32, error) {
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
	out, err := m.Complete(scaled, p.Mask, p.Height, p.Width)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	UnscaleIntensity(out, low, high)
	return out, nil
}
