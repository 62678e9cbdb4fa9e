package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// defaultFileSize and defaultHeldOut are what an experiment of CIFAR-10's size needs.
	defaultFileSize = 32
	defaultHeldOut  = "0.1"
	maxFileSize     = 4096
	// folderCacheBytes bounds the images that are kept; those beyond it are decoded again whenever they are read.
	folderCacheBytes = 1 << 30
	// maxDecoders bounds the images that are decoded at a time, each of which may take 16 million pixels.
	maxDecoders = 8
)

// Skipped is a file, or a page of one, that is not used, and why.
type Skipped struct {
	Path string
	Err  error
}

func (s Skipped) String() string { return s.Path + ": " + s.Err.Error() }

// OpenFolder reads image files: PNG, JPEG, and TIFF with integers or floating-point numbers, all pages of it. Paths are
// files, globs, and folders, which are searched with all that is in them but for hidden files. The largest square in the
// middle of each image is resized to size pixels a side, from 2 to 4096, where 0 stands for 32; what has fewer pixels is
// skipped. Grey becomes three equal channels, and what is transparent is laid over black.
//
// HoldOut says which are for tests: a file, a folder or a glob, or the fraction of files, between 0 and 1; "" stands for 0.1. Which
// files that fraction takes follows from each file's content alone, so that files that are added change nothing for
// those that are there; where it would leave a side without a file, it takes or leaves one more. Files of the same content
// are on one side, pages of a file too.
//
// The order of images follows from their content, wherever their files lie and whatever they are called: so do the hash, and a
// run. All files are decoded here. Up to 1 GiB of the resized images is kept, in bytes where the source has 8 bits and in
// float32 where it has more; the rest is decoded again when it is read.
//
// Skipped lists the files that cannot be used, each with the reason; it is returned with an error too. That no image is left
// to train on or to test on is an error.
func OpenFolder(paths []string, holdOut string, size int) (train, test Images, skipped []Skipped, err error) {
	if size == 0 {
		size = defaultFileSize
	}
	if size < 2 || size > maxFileSize {
		return nil, nil, nil, fmt.Errorf("image size %d: give 2 to %d pixels", size, maxFileSize)
	}
	selected, err := parseSelection(holdOut)
	if err != nil {
		return nil, nil, nil, err
	}
	f := &folder{size: size, found: map[string]*foundFile{}}
	for _, path := range paths {
		if err := f.find(path, false); err != nil {
			return nil, nil, nil, err
		}
	}
	if selected.path != "" {
		if err := f.find(selected.path, true); err != nil {
			return nil, nil, nil, fmt.Errorf("images to hold out: %w", err)
		}
	}
	if len(f.files) == 0 && len(f.skipped) == 0 {
		return nil, nil, nil, fmt.Errorf("there is no file in %s: give PNG, JPEG or TIFF files, a folder of them, or a glob",
			strings.Join(paths, ", "))
	}
	f.decode()
	trainImages, testImages, err := f.split(selected)
	if err != nil {
		return nil, nil, f.skipped, err
	}
	return f.images("image files, for training", trainImages), f.images("image files, for tests", testImages), f.skipped, nil
}

// selection is what is held out: a path, or else a fraction.
type selection struct {
	path     string
	fraction float64
}

func parseSelection(text string) (selection, error) {
	if text == "" {
		text = defaultHeldOut
	}
	if exists(text) {
		return selection{path: text}, nil
	}
	fraction, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return selection{path: text}, nil
	case fraction > 0 && fraction < 1:
		return selection{fraction: fraction}, nil
	}
	return selection{}, fmt.Errorf("images to hold out, %q: give a fraction between 0 and 1, a file, a folder or a glob", text)
}

// folder is files on their way to be images.
type folder struct {
	size    int
	files   []*foundFile
	found   map[string]*foundFile // by their one true path
	skipped []Skipped
	kept    atomic.Int64 // bytes of the images that are kept
}

// foundFile is a file that may have images.
type foundFile struct {
	path    string
	heldOut bool
	err     error
	hash    [sha256.Size]byte
	info    os.FileInfo
	images  []*fileImage
	skipped []Skipped
}

// find adds the files that a path, a folder or a glob stands for.
func (f *folder) find(pattern string, heldOut bool) error {
	matches := []string{pattern}
	if _, err := os.Stat(pattern); errors.Is(err, fs.ErrNotExist) {
		if matches, err = filepath.Glob(pattern); err != nil {
			return fmt.Errorf("the glob %q: %w", pattern, err)
		}
		if len(matches) == 0 {
			return fmt.Errorf("%s: there is no such file or folder, and no file that matches; give files of images, "+
				"a folder of them, or a glob", pattern)
		}
	} else if err != nil {
		return err
	}
	for _, match := range matches {
		info, err := os.Stat(match)
		if err != nil || !info.IsDir() {
			f.add(match, err, heldOut)
			continue
		}
		err = filepath.WalkDir(match, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				f.add(path, withoutPath(err), heldOut)
				if entry != nil && entry.IsDir() {
					return fs.SkipDir
				}
			case path != match && strings.HasPrefix(entry.Name(), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
			case !entry.IsDir():
				f.add(path, nil, heldOut)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a file once, however often and by whatever way it is reached.
func (f *folder) add(path string, err error, heldOut bool) {
	name, linkErr := filepath.EvalSymlinks(path)
	if linkErr != nil {
		name = path
	}
	if absolute, err := filepath.Abs(name); err == nil {
		name = absolute
	}
	file := f.found[name]
	if file == nil {
		file = &foundFile{path: path, err: err}
		f.found[name] = file
		f.files = append(f.files, file)
	}
	file.heldOut = file.heldOut || heldOut
}

// decode decodes all files, several at a time, and leaves those that have images.
func (f *folder) decode() {
	sort.Slice(f.files, func(a, b int) bool { return f.files[a].path < f.files[b].path })
	next := make(chan *foundFile)
	var decoders sync.WaitGroup
	for range min(maxDecoders, runtime.GOMAXPROCS(0), len(f.files)) {
		decoders.Add(1)
		go func() {
			defer decoders.Done()
			for file := range next {
				f.decodeFile(file)
			}
		}()
	}
	for _, file := range f.files {
		next <- file
	}
	close(next)
	decoders.Wait()
	used := f.files[:0]
	for _, file := range f.files {
		if file.err != nil {
			f.skipped = append(f.skipped, Skipped{file.path, file.err})
			continue
		}
		f.skipped = append(f.skipped, file.skipped...)
		if len(file.images) > 0 {
			used = append(used, file)
		}
	}
	f.files = used
}

func (f *folder) decodeFile(file *foundFile) {
	if file.err != nil {
		return
	}
	var open *imageFile
	if open, file.err = openImageFile(file.path); file.err != nil {
		return
	}
	defer open.close()
	file.info = open.info
	if file.hash, file.err = open.hash(); file.err != nil {
		return
	}
	for page := range open.pages() {
		m := &fileImage{file: file, page: page, several: open.pages() > 1}
		pixels, whole, err := open.image(page, f.size)
		if err != nil {
			if !errors.Is(err, errReduced) {
				file.skipped = append(file.skipped, Skipped{m.id(), err})
			}
			continue
		}
		m.keep(pixels, whole, &f.kept)
		file.images = append(file.images, m)
	}
}

// split says on which side each file is.
func (f *folder) split(selected selection) (train, test []*fileImage, err error) {
	if len(f.files) == 0 {
		return nil, nil, fmt.Errorf("none of the files can be used (%s); give PNG, JPEG or TIFF images of at least %dx%d pixels",
			firstReasons(f.skipped), f.size, f.size)
	}
	sort.SliceStable(f.files, func(a, b int) bool { return bytes.Compare(f.files[a].hash[:], f.files[b].hash[:]) < 0 })
	held := map[[sha256.Size]byte]*foundFile{}
	first, last := f.files[0].hash, f.files[len(f.files)-1].hash
	for _, file := range f.files {
		if selected.path == "" {
			place := float64(binary.BigEndian.Uint64(file.hash[:])) / (1 << 64)
			file.heldOut = (place < selected.fraction || file.hash == first) && file.hash != last
		}
		if file.heldOut {
			held[file.hash] = file
		}
	}
	for _, file := range f.files {
		twin, isHeld := held[file.hash]
		switch {
		case file.heldOut:
			test = append(test, file.images...)
		case isHeld:
			f.skipped = append(f.skipped, Skipped{file.path, fmt.Errorf("it is the same as %s, which is held out", twin.path)})
		default:
			train = append(train, file.images...)
		}
	}
	switch {
	case len(train) == 0:
		return nil, nil, fmt.Errorf("all images are held out, and none is left to train on: give other images to train on than %s", selected.path)
	case len(test) == 0 && selected.path == "":
		return nil, nil, errors.New("there is one file only, or copies of it, and files are not divided: give more, or name another one to hold out")
	case len(test) == 0:
		return nil, nil, fmt.Errorf("none of the images to hold out, %s, can be used (%s)", selected.path, firstReasons(f.skipped))
	}
	return train, test, nil
}

// firstReasons tells a few of the files that are not used, and why.
func firstReasons(skipped []Skipped) string {
	const most = 3
	var reasons []string
	for _, s := range skipped[:min(most, len(skipped))] {
		reasons = append(reasons, s.String())
	}
	if more := len(skipped) - most; more > 0 {
		reasons = append(reasons, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "; ")
}

// fileImages are the images of one side.
type fileImages struct {
	name, hash string
	size       int
	list       []*fileImage
}

func (f *folder) images(name string, list []*fileImage) *fileImages {
	digest := sha256.New()
	fmt.Fprintf(digest, "image files, version 1, %d images of %dx%d\n", len(list), f.size, f.size)
	for _, m := range list {
		fmt.Fprintf(digest, "%x %d\n", m.file.hash, m.page)
	}
	return &fileImages{name: name, hash: hex.EncodeToString(digest.Sum(nil)), size: f.size, list: list}
}

func (f *fileImages) Len() int                             { return len(f.list) }
func (f *fileImages) Shape() (height, width, channels int) { return f.size, f.size, 3 }
func (f *fileImages) Name() string                         { return f.name }
func (f *fileImages) Hash() string                         { return f.hash }
func (f *fileImages) ID(i int) string                      { return f.list[i].id() }

func (f *fileImages) Read(i int, pixels []float32) error {
	if i < 0 || i >= len(f.list) || len(pixels) != f.size*f.size*3 {
		return fmt.Errorf("image %d of %d into %d values: no such image, or not %d values", i, len(f.list), len(pixels), f.size*f.size*3)
	}
	return f.list[i].read(pixels, f.size)
}

// fileImage is an image of a file: bytes or floats where it is kept, of 1 or 3 channels.
type fileImage struct {
	file    *foundFile
	page    int
	several bool // there are other pages
	bytes   []byte
	floats  []float32
}

func (m *fileImage) id() string {
	if m.several {
		return fmt.Sprintf("%s:%d", m.file.path, m.page)
	}
	return m.file.path
}

// keep keeps an image where there is room.
func (m *fileImage) keep(pixels []float32, whole bool, kept *atomic.Int64) {
	bytes := int64(len(pixels))
	if !whole {
		bytes *= 4
	}
	if kept.Add(bytes) > folderCacheBytes {
		kept.Add(-bytes)
		return
	}
	if !whole {
		m.floats = pixels
		return
	}
	m.bytes = make([]byte, len(pixels))
	for i, value := range pixels {
		m.bytes[i] = byte(value)
	}
}

func (m *fileImage) read(pixels []float32, size int) error {
	switch {
	case m.bytes != nil:
		spread(pixels, m.bytes)
	case m.floats != nil:
		spread(pixels, m.floats)
	default:
		decoded, err := m.again(size)
		if err != nil {
			return err
		}
		spread(pixels, decoded)
	}
	return nil
}

// again decodes an image that is not kept.
func (m *fileImage) again(size int) ([]float32, error) {
	open, err := openImageFile(m.file.path)
	if err != nil {
		return nil, err
	}
	defer open.close()
	if was, is := m.file.info, open.info; was.Size() != is.Size() || !was.ModTime().Equal(is.ModTime()) {
		return nil, fmt.Errorf("the file was changed (at %s) after it was opened: start anew", is.ModTime().Format(time.DateTime))
	}
	pixels, _, err := open.image(m.page, size)
	return pixels, err
}

// spread copies an image of 1 or 3 channels to one of 3.
func spread[T byte | float32](pixels []float32, from []T) {
	if len(from) == len(pixels) {
		for i, value := range from {
			pixels[i] = float32(value)
		}
		return
	}
	for i, value := range from {
		pixel := pixels[3*i:][:3]
		pixel[0], pixel[1], pixel[2] = float32(value), float32(value), float32(value)
	}
}
