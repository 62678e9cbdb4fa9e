package micrograph

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"alrc/internal/imagefile"
)

const (
	// maxSide is the largest height and width of crops.
	maxSide = 4096
	// fileCacheBytes bounds the scaled images that are kept; those beyond it are read again for each crop.
	fileCacheBytes = 1 << 30
)

// OpenFiles reads images of one channel from files of every format of package imagefile, all images of each, and scales each to
// [-1, 1]. The pages of a file stay on one side, since they often show one place, but for those of .npy arrays. Of a single
// file's pages the last ones are held out, and of a single image the last rows, or columns. Images of the same content are
// on one side.
//
// Images smaller than side on either side, masks and partial scans, constant ones, and files that cannot be used are listed in
// skipped, each with the reason; it is returned with an error too. That no image is left to train on or to test on is an error.
//
// The order of images follows from their content, wherever their files lie and whatever they are called. All files are read
// here. Up to 1 GiB of images is kept; the rest is read again for each crop.
func OpenFiles(selection imagefile.Selection, side int) (train, test Images, skipped []imagefile.Skipped, err error) {
	budget := imagefile.Budget{Most: fileCacheBytes}
	files, err := imagefile.Load(selection, imagefile.Options[scaled]{
		Side: side,
		Hash: hashImage,
		Keep: func(m *imagefile.Image) (scaled, error) { return scale(m, &budget) },
	})
	if err != nil {
		return nil, nil, files.Skipped, err
	}
	trainParts, testParts := whole(files.Train), whole(files.Test)
	if files.Single {
		if trainParts, testParts, err = divide(trainParts, files.Fraction, side); err != nil {
			return nil, nil, files.Skipped, err
		}
	}
	return newFileImages("micrographs, for training", trainParts), newFileImages("micrographs, for tests", testParts), files.Skipped, nil
}

// scaled is an image in memory, scaled from low..high to -1..1; without pixels where there is no room.
type scaled struct {
	height, width int
	low, high     float64
	pixels        []float32
}

// scale says why an image is none to learn from, and keeps it where there is room.
func scale(m *imagefile.Image, budget *imagefile.Budget) (s scaled, err error) {
	pixels, err := m.Grey()
	if err != nil {
		return s, err
	}
	if err := unusable(pixels, m.Height, m.Width); err != nil {
		return s, err
	}
	s = scaled{height: m.Height, width: m.Width}
	s.low, s.high = IntensityRange(pixels)
	if budget.Take(4 * int64(len(pixels))) {
		ScaleIntensity(pixels, s.low, s.high)
		s.pixels = pixels
	}
	return s, nil
}

// hashImage hashes an image's values, as they are in the file.
func hashImage(m *imagefile.Image) imagefile.Hash {
	return hashPixels(imagefile.WithoutColour(m.Pixels(), m.Channels), m.Height, m.Width)
}

func hashPixels(pixels []float32, height, width int) (sum imagefile.Hash) {
	digest := sha256.New()
	fmt.Fprintf(digest, "%dx%d\n", height, width)
	block := make([]byte, 0, 1<<14)
	for i, pixel := range pixels {
		block = binary.LittleEndian.AppendUint32(block, math.Float32bits(pixel))
		if len(block) == cap(block) || i == len(pixels)-1 {
			digest.Write(block)
			block = block[:0]
		}
	}
	digest.Sum(sum[:0])
	return sum
}

// unusable says why an image is none to learn from: numbers that are not finite, one value everywhere, or mostly one value in
// all parts of the image, which is what masks and partial scans have. Vacuum may have one value too, but not in all parts of
// an image that shows something, and counted electrons may be few.
func unusable(pixels []float32, height, width int) error {
	lowest, highest := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, pixel := range pixels {
		if !imagefile.Finite(pixel) {
			return errors.New("some of its pixels are not finite numbers, as in a partial scan")
		}
		lowest, highest = min(lowest, pixel), max(highest, pixel)
	}
	if lowest == highest {
		return fmt.Errorf("all its pixels are %v", lowest)
	}
	const across = 8 // parts of the image in each direction
	var counts, empty [across * across]int
	lows := 0
	for i, pixel := range pixels {
		part := i/width*across/height*across + i%width*across/width
		counts[part]++
		if pixel == lowest {
			lows++
			empty[part]++
		}
	}
	patterned := 0
	for part, count := range counts {
		if empty[part] > 0 && empty[part] < count {
			patterned++
		}
	}
	if 2*lows > len(pixels) && 4*patterned > 3*len(counts) && !counted(pixels, height, width) {
		return fmt.Errorf("it looks like a mask or a partial scan: %.0f %% of its pixels, in all parts of it, are exactly %v",
			100*float64(lows)/float64(len(pixels)), lowest)
	}
	return nil
}

// part is a part of a file's image, mostly all of it.
type part struct {
	*imagefile.Page[scaled]
	top, left, height, width int
}

func whole(pages []*imagefile.Page[scaled]) []part {
	parts := make([]part, len(pages))
	for i, page := range pages {
		parts[i] = part{page, 0, 0, page.Kept.height, page.Kept.width}
	}
	return parts
}

// divide holds out a fraction of what is a single file: of its images, or else of the image.
func divide(images []part, fraction float64, side int) (train, test []part, err error) {
	if count := len(images); count > 1 {
		held := max(1, min(int(math.Round(fraction*float64(count))), count-1))
		return images[:count-held], images[count-held:], nil
	}
	a, b := images[0], images[0]
	share := func(length int) int {
		return min(max(side, int(math.Round(fraction*float64(length)))), length-side)
	}
	switch rows, columns := share(a.height), share(a.width); {
	case rows >= side:
		a.height, b.top, b.height = a.height-rows, a.height-rows, rows
	case columns >= side:
		a.width, b.left, b.width = a.width-columns, a.width-columns, columns
	default:
		return nil, nil, fmt.Errorf("%s, of %dx%d pixels, is the only image, and is too small to be divided into one to train on and one for"+
			" tests: give more images, or ask for crops of at most %d pixels", a.ID(), a.width, a.height, max(a.height, a.width)/2)
	}
	return []part{a}, []part{b}, nil
}

// fileImages are the images of one side.
type fileImages struct {
	name, hash string
	parts      []part
}

func newFileImages(name string, parts []part) *fileImages {
	digest := sha256.New()
	fmt.Fprintf(digest, "micrographs, version 1, %d images\n", len(parts))
	for _, p := range parts {
		fmt.Fprintf(digest, "%x %d %d %d %d\n", p.Hash, p.top, p.left, p.height, p.width)
	}
	return &fileImages{name: name, hash: hex.EncodeToString(digest.Sum(nil)), parts: parts}
}

func (f *fileImages) Len() int                       { return len(f.parts) }
func (f *fileImages) Name() string                   { return f.name }
func (f *fileImages) Hash() string                   { return f.hash }
func (f *fileImages) ID(i int) string                { return f.parts[i].ID() }
func (f *fileImages) Size(i int) (height, width int) { return f.parts[i].height, f.parts[i].width }

func (f *fileImages) Crop(i, top, left, height, width int, pixels []float32) error {
	if i < 0 || i >= len(f.parts) {
		return fmt.Errorf("image %d of %d", i, len(f.parts))
	}
	p := f.parts[i]
	if err := checkCrop(top, left, height, width, p.height, p.width, len(pixels)); err != nil {
		return err
	}
	from := p.Kept.pixels
	if from == nil {
		var err error
		if from, err = again(p.Page); err != nil {
			return err
		}
	}
	for y := range height {
		copy(pixels[y*width:][:width], from[(p.top+top+y)*p.Kept.width+p.left+left:])
	}
	return nil
}

func checkCrop(top, left, height, width, imageHeight, imageWidth, length int) error {
	if height < 1 || width < 1 || top < 0 || left < 0 || top > imageHeight-height || left > imageWidth-width || length != height*width {
		return fmt.Errorf("a crop of %dx%d pixels from row %d and column %d on of an image of %dx%d, into %d values", width, height,
			top, left, imageWidth, imageHeight, length)
	}
	return nil
}

// again reads an image that is not kept.
func again(page *imagefile.Page[scaled]) ([]float32, error) {
	m, err := page.Again()
	if err != nil {
		return nil, err
	}
	pixels, err := m.Grey()
	if err != nil {
		return nil, err
	}
	if m.Height != page.Kept.height || m.Width != page.Kept.width {
		return nil, errors.New("the file was changed after it was opened: start anew")
	}
	ScaleIntensity(pixels, page.Kept.low, page.Kept.high)
	return pixels, nil
}
