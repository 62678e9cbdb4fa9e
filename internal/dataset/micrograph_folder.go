package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// micrographCacheBytes bounds the scaled images that are kept; those beyond it are read again for each crop.
const micrographCacheBytes = 1 << 30

// OpenMicrographs reads images of one channel from files: TIFF with integers or floating-point numbers, all pages of it, PNG,
// JPEG, and .npy arrays of shape [H,W], [N,H,W] or [N,H,W,1]. Paths are files, globs, and folders, which are searched with
// all that is in them but for hidden files; exclude is the same for what is not to be used. Each image is scaled to [-1, 1].
//
// HoldOut says which are for tests: a file, a folder or a glob, or the fraction of files, between 0 and 1; "" stands for 0.1.
// The pages of a TIFF file stay on one side, since they often show one place; the images of an .npy array are files of
// their own. Which ones a fraction takes follows from the images' content alone, so that files that are added change
// nothing for those that are there; where it would leave a side without one, it takes or leaves one more. Of a single file's
// pages the last ones are held out, and of a single image the last rows, or columns. Images of the same content are on
// one side.
//
// Images smaller than side on either side, masks and partial scans, constant ones, and files that cannot be used are listed in
// skipped, each with the reason; it is returned with an error too. That no image is left to train on or to test on is
// an error.
//
// The order of images follows from their content, wherever their files lie and whatever they are called. All files are read
// here. Up to 1 GiB of images is kept; the rest is read again for each crop.
func OpenMicrographs(paths, exclude []string, holdOut string, side int) (train, test Micrographs, skipped []Skipped, err error) {
	selected, err := parseSelection(holdOut)
	if err != nil {
		return nil, nil, nil, err
	}
	files, excluded := &folder{found: map[string]*foundFile{}}, &folder{found: map[string]*foundFile{}}
	for _, path := range paths {
		if err := files.find(path, false); err != nil {
			return nil, nil, nil, err
		}
	}
	if selected.path != "" {
		if err := files.find(selected.path, true); err != nil {
			return nil, nil, nil, fmt.Errorf("images to hold out: %w", err)
		}
	}
	for _, path := range exclude {
		if err := excluded.find(path, false); err != nil {
			return nil, nil, nil, fmt.Errorf("files to exclude: %w", err)
		}
	}
	for name := range excluded.found {
		delete(files.found, name)
	}
	if len(files.found) == 0 {
		return nil, nil, nil, fmt.Errorf("there is no file in %s: give TIFF, PNG or .npy files, a folder of them, or a glob", strings.Join(paths, ", "))
	}
	f := &micrographFolder{side: side}
	f.read(files.found)
	trainImages, testImages, err := f.split(selected)
	if err != nil {
		return nil, nil, f.skipped, err
	}
	return newFileMicrographs("micrographs, for training", trainImages), newFileMicrographs("micrographs, for tests", testImages), f.skipped, nil
}

// micrographFolder is files on their way to be micrographs.
type micrographFolder struct {
	side    int
	groups  []*micrographGroup
	skipped []Skipped
	kept    atomic.Int64
}

// micrographGroup is images that stay together.
type micrographGroup struct {
	path    string
	heldOut bool
	hash    [sha256.Size]byte
	images  []*micrographPage
}

// micrographPage is an image of a file.
type micrographPage struct {
	path          string
	page          int
	several       bool // there are other pages
	height, width int
	low, high     float64
	hash          [sha256.Size]byte
	changed       time.Time // when the file was
	pixels        []float32 // scaled; nil where it is not kept
}

func (p *micrographPage) id() string {
	if p.several {
		return fmt.Sprintf("%s:%d", p.path, p.page)
	}
	return p.path
}

// read reads all files, several at a time.
func (f *micrographFolder) read(found map[string]*foundFile) {
	files := make([]*foundFile, 0, len(found))
	for _, file := range found {
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b *foundFile) int { return strings.Compare(a.path, b.path) })
	groups, skipped := make([][]*micrographGroup, len(files)), make([][]Skipped, len(files))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(maxDecoders, runtime.GOMAXPROCS(0), len(files)) {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				groups[i], skipped[i] = f.readFile(files[i])
			}
		}()
	}
	readers.Wait()
	f.groups, f.skipped = slices.Concat(groups...), slices.Concat(skipped...)
}

func (f *micrographFolder) readFile(file *foundFile) (groups []*micrographGroup, skipped []Skipped) {
	open, err := (*MicrographFile)(nil), file.err
	if err == nil {
		open, err = OpenMicrographFile(file.path)
	}
	if err != nil {
		return nil, []Skipped{{file.path, err}}
	}
	defer open.Close()
	for i := range open.Len() {
		page := &micrographPage{path: file.path, page: i, several: open.Len() > 1, changed: open.info.ModTime()}
		if err := f.readPage(open, page); err != nil {
			if !errors.Is(err, errReduced) {
				skipped = append(skipped, Skipped{page.id(), err})
			}
			continue
		}
		if len(groups) == 0 || open.array != nil {
			groups = append(groups, &micrographGroup{path: page.id(), heldOut: file.heldOut})
		}
		group := groups[len(groups)-1]
		group.images = append(group.images, page)
	}
	for _, group := range groups {
		digest := sha256.New()
		for _, page := range group.images {
			digest.Write(page.hash[:])
		}
		digest.Sum(group.hash[:0])
	}
	return groups, skipped
}

// readPage reads an image, says why it is none to learn from, and keeps it where there is room.
func (f *micrographFolder) readPage(open *MicrographFile, page *micrographPage) error {
	pixels, height, width, err := open.Read(page.page)
	if err != nil {
		return err
	}
	if min(height, width) < f.side {
		return fmt.Errorf("its %dx%d pixels are fewer than the %dx%d of a crop; ask for smaller crops", width, height, f.side, f.side)
	}
	if err := unusable(pixels, height, width); err != nil {
		return err
	}
	page.height, page.width = height, width
	page.hash = hashPixels(pixels, height, width)
	page.low, page.high = IntensityRange(pixels)
	if bytes := 4 * int64(len(pixels)); f.kept.Add(bytes) > micrographCacheBytes {
		f.kept.Add(-bytes)
		return nil
	}
	ScaleIntensity(pixels, page.low, page.high)
	page.pixels = pixels
	return nil
}

func hashPixels(pixels []float32, height, width int) (sum [sha256.Size]byte) {
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
// an image that shows something.
func unusable(pixels []float32, height, width int) error {
	lowest, highest := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, pixel := range pixels {
		if !finite(pixel) {
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
	if 2*lows > len(pixels) && 4*patterned > 3*len(counts) {
		return fmt.Errorf("it looks like a mask or a partial scan: %.0f %% of its pixels, in all parts of it, are exactly %v",
			100*float64(lows)/float64(len(pixels)), lowest)
	}
	return nil
}

// micrographRegion is a part of a page, mostly all of it.
type micrographRegion struct {
	page                     *micrographPage
	top, left, height, width int
}

// split says on which side each image is.
func (f *micrographFolder) split(selected selection) (train, test []micrographRegion, err error) {
	if len(f.groups) == 0 {
		return nil, nil, fmt.Errorf("none of the files can be used (%s); give TIFF, PNG or .npy images of at least %dx%d pixels",
			firstReasons(f.skipped), f.side, f.side)
	}
	slices.SortStableFunc(f.groups, func(a, b *micrographGroup) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	first, last := f.groups[0], f.groups[len(f.groups)-1]
	if selected.path == "" && first.hash == last.hash {
		return f.splitGroup(first, selected.fraction)
	}
	held := map[[sha256.Size]byte]*micrographPage{}
	for _, group := range f.groups {
		if selected.path == "" {
			place := float64(binary.BigEndian.Uint64(group.hash[:])) / (1 << 64)
			group.heldOut = (place < selected.fraction || group.hash == first.hash) && group.hash != last.hash
		}
		if group.heldOut {
			for _, page := range group.images {
				held[page.hash] = page
				test = append(test, whole(page))
			}
		}
	}
	for _, group := range f.groups {
		if group.heldOut {
			continue
		}
		for _, page := range group.images {
			if twin, ok := held[page.hash]; ok {
				f.skipped = append(f.skipped, Skipped{page.id(), fmt.Errorf("it is the same as %s, which is held out", twin.id())})
				continue
			}
			train = append(train, whole(page))
		}
	}
	switch {
	case len(train) == 0:
		return nil, nil, errors.New("all images are held out, and none is left to train on: give other images to train on")
	case len(test) == 0:
		return nil, nil, fmt.Errorf("none of the images to hold out, %s, can be used (%s)", selected.path, firstReasons(f.skipped))
	}
	return train, test, nil
}

func whole(page *micrographPage) micrographRegion {
	return micrographRegion{page, 0, 0, page.height, page.width}
}

// splitGroup divides what is a single file: its pages, or else the page.
func (f *micrographFolder) splitGroup(group *micrographGroup, fraction float64) (train, test []micrographRegion, err error) {
	if count := len(group.images); count > 1 {
		held := max(1, min(int(math.Round(fraction*float64(count))), count-1))
		for i, page := range group.images {
			if i < count-held {
				train = append(train, whole(page))
			} else {
				test = append(test, whole(page))
			}
		}
		return train, test, nil
	}
	a, b := whole(group.images[0]), whole(group.images[0])
	part := func(length int) int {
		return min(max(f.side, int(math.Round(fraction*float64(length)))), length-f.side)
	}
	switch rows, columns := part(a.height), part(a.width); {
	case rows >= f.side:
		a.height, b.top, b.height = a.height-rows, a.height-rows, rows
	case columns >= f.side:
		a.width, b.left, b.width = a.width-columns, a.width-columns, columns
	default:
		return nil, nil, fmt.Errorf("%s, of %dx%d pixels, is the only image, and is too small to be divided into one to train on and one for"+
			" tests: give more images, or ask for crops of at most %d pixels", a.page.id(), a.width, a.height, max(a.height, a.width)/2)
	}
	return []micrographRegion{a}, []micrographRegion{b}, nil
}

// fileMicrographs are the images of one side.
type fileMicrographs struct {
	name, hash string
	regions    []micrographRegion
}

func newFileMicrographs(name string, regions []micrographRegion) *fileMicrographs {
	digest := sha256.New()
	fmt.Fprintf(digest, "micrographs, version 1, %d images\n", len(regions))
	for _, r := range regions {
		fmt.Fprintf(digest, "%x %d %d %d %d\n", r.page.hash, r.top, r.left, r.height, r.width)
	}
	return &fileMicrographs{name: name, hash: hex.EncodeToString(digest.Sum(nil)), regions: regions}
}

func (f *fileMicrographs) Len() int        { return len(f.regions) }
func (f *fileMicrographs) Name() string    { return f.name }
func (f *fileMicrographs) Hash() string    { return f.hash }
func (f *fileMicrographs) ID(i int) string { return f.regions[i].page.id() }
func (f *fileMicrographs) Size(i int) (height, width int) {
	return f.regions[i].height, f.regions[i].width
}

func (f *fileMicrographs) Crop(i, top, left, height, width int, pixels []float32) error {
	if i < 0 || i >= len(f.regions) {
		return fmt.Errorf("image %d of %d", i, len(f.regions))
	}
	r := f.regions[i]
	if err := checkCrop(top, left, height, width, r.height, r.width, len(pixels)); err != nil {
		return err
	}
	from := r.page.pixels
	if from == nil {
		var err error
		if from, err = r.page.again(); err != nil {
			return err
		}
	}
	for y := range height {
		copy(pixels[y*width:][:width], from[(r.top+top+y)*r.page.width+r.left+left:])
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
func (p *micrographPage) again() ([]float32, error) {
	open, err := OpenMicrographFile(p.path)
	if err != nil {
		return nil, err
	}
	defer open.Close()
	if is := open.info.ModTime(); !is.Equal(p.changed) {
		return nil, fmt.Errorf("the file was changed (at %s) after it was opened: start anew", is.Format(time.DateTime))
	}
	pixels, height, width, err := open.Read(p.page)
	if err != nil {
		return nil, err
	}
	if height != p.height || width != p.width {
		return nil, errors.New("the file was changed after it was opened: start anew")
	}
	ScaleIntensity(pixels, p.low, p.high)
	return pixels, nil
}
