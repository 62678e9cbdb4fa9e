package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"alrc/internal/imagefile"
)

const (
	// defaultFileSize is what an experiment of CIFAR-10's size needs.
	defaultFileSize = 32
	maxFileSize     = 4096
	// fileCacheBytes bounds the images that are kept; those beyond it are decoded again whenever they are read.
	fileCacheBytes = 1 << 30
)

// OpenFiles reads image files of every format of package imagefile, all pages of each. The largest square in the middle of each
// image is resized to size pixels a side, from 2 to 4096, where 0 stands for 32; what has fewer pixels is skipped. Grey
// becomes three equal channels, and what is transparent is laid over black. Files of the same content are on one side.
//
// All files are decoded here. Up to 1 GiB of the resized images is kept, in bytes where the source has 8 bits and in float32
// where it has more; the rest is decoded again when it is read.
//
// Skipped lists what cannot be used, each with the reason; it is returned with an error too. That no image is left to train on
// or to test on is an error.
func OpenFiles(selection imagefile.Selection, size int) (train, test Images, skipped []imagefile.Skipped, err error) {
	if size == 0 {
		size = defaultFileSize
	}
	if size < 2 || size > maxFileSize {
		return nil, nil, nil, fmt.Errorf("image size %d: give 2 to %d pixels", size, maxFileSize)
	}
	budget := imagefile.Budget{Most: fileCacheBytes}
	files, err := imagefile.Load(selection, imagefile.Options[kept]{Side: size, Keep: func(m *imagefile.Image) (kept, error) {
		pixels, whole, err := square(m, size)
		if err != nil {
			return kept{}, err
		}
		return keep(pixels, whole, &budget), nil
	}})
	if err == nil && files.Single {
		err = errors.New("there is one file only, or copies of it, and files are not divided: give more, or name another one to hold out")
	}
	if err != nil {
		return nil, nil, files.Skipped, err
	}
	return newFileImages("image files, for training", size, files.Train), newFileImages("image files, for tests", size, files.Test), files.Skipped, nil
}

// square decodes an image to [size,size,C] with 1 or 3 channels, values from 0 to 255. Whole says that all values are whole.
func square(m *imagefile.Image, size int) (pixels []float32, whole bool, err error) {
	r, err := rasterOf(m)
	if err != nil {
		return nil, false, err
	}
	return imagefile.WithoutColour(r.square(size), r.channels), r.whole, nil
}

// kept is an image in memory, of 1 or 3 channels: bytes or floats, or neither where there is no room.
type kept struct {
	bytes  []byte
	floats []float32
}

// keep keeps an image where there is room.
func keep(pixels []float32, whole bool, budget *imagefile.Budget) (k kept) {
	bytes := int64(len(pixels))
	if !whole {
		bytes *= 4
	}
	switch {
	case !budget.Take(bytes):
	case whole:
		k.bytes = make([]byte, len(pixels))
		for i, value := range pixels {
			k.bytes[i] = byte(value)
		}
	default:
		k.floats = pixels
	}
	return k
}

// fileImages are the images of one side.
type fileImages struct {
	name, hash string
	size       int
	list       []*imagefile.Page[kept]
}

func newFileImages(name string, size int, list []*imagefile.Page[kept]) *fileImages {
	digest := sha256.New()
	fmt.Fprintf(digest, "image files, version 1, %d images of %dx%d\n", len(list), size, size)
	for _, page := range list {
		fmt.Fprintf(digest, "%x %d\n", page.Hash, page.Index)
	}
	return &fileImages{name: name, hash: hex.EncodeToString(digest.Sum(nil)), size: size, list: list}
}

func (f *fileImages) Len() int                             { return len(f.list) }
func (f *fileImages) Shape() (height, width, channels int) { return f.size, f.size, 3 }
func (f *fileImages) Name() string                         { return f.name }
func (f *fileImages) Hash() string                         { return f.hash }
func (f *fileImages) ID(i int) string                      { return f.list[i].ID() }

func (f *fileImages) Read(i int, pixels []float32) error {
	if i < 0 || i >= len(f.list) || len(pixels) != f.size*f.size*3 {
		return fmt.Errorf("image %d of %d into %d values: no such image, or not %d values", i, len(f.list), len(pixels), f.size*f.size*3)
	}
	switch page := f.list[i]; {
	case page.Kept.bytes != nil:
		spread(pixels, page.Kept.bytes)
	case page.Kept.floats != nil:
		spread(pixels, page.Kept.floats)
	default:
		m, err := page.Again()
		if err != nil {
			return err
		}
		decoded, _, err := square(m, f.size)
		if err != nil {
			return err
		}
		spread(pixels, decoded)
	}
	return nil
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
