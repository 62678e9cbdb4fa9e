package micrograph

import (
	"cmp"
	"fmt"
	"slices"

	"alrc/internal/random"
)

// Crop says which part of an image a crop is.
type Crop struct {
	Image, Top, Left int
	// Symmetry is 0 for the part as it is, and 1 to 7 for it turned and mirrored: bit 0 mirrors left and right, bit 1 mirrors
	// top and bottom, then bit 2 swaps rows and columns.
	Symmetry int
}

// Crops is an endless sequence of square crops of micrographs. Each epoch takes as many crops of an image as fit beside
// each other in it, and has the images in an order of its own. The crop at a position depends on nothing but the
// images, the seed and the position. Its methods may be called by several goroutines at a time.
type Crops struct {
	Images Images
	// Side is the height and width of crops, in pixels.
	Side int

	seed       uint64
	symmetries bool
	ends       []int // of each image's places in an epoch
}

// newCrops makes a sequence of crops. With symmetries each crop is in one of the eight orientations of the square.
func newCrops(images Images, side int, seed uint64, symmetries bool) (*Crops, error) {
	c := &Crops{Images: images, Side: side, seed: seed, symmetries: symmetries}
	if side < 1 {
		return nil, fmt.Errorf("crops of %d pixels: give at least 1", side)
	}
	if images.Len() < 1 {
		return nil, fmt.Errorf("%s: there are no images to make crops of", images.Name())
	}
	places := 0
	for i := range images.Len() {
		height, width := images.Size(i)
		if min(height, width) < side {
			return nil, fmt.Errorf("%s has %dx%d pixels, fewer than the %dx%d of a crop", images.ID(i), height, width, side, side)
		}
		places += (height / side) * (width / side)
		c.ends = append(c.ends, places)
	}
	return c, nil
}

// At says what the crop at a position is.
func (c *Crops) At(position int64) Crop {
	count := uint64(c.ends[len(c.ends)-1])
	order := random.Permutation{Key: random.Key(random.ForOrder, c.seed, uint64(position)/count), N: int(count)}
	place := order.At(int(uint64(position) % count))
	image, _ := slices.BinarySearchFunc(c.ends, place, func(end, place int) int { return cmp.Compare(end, place+1) })
	height, width := c.Images.Size(image)
	draws := random.New(random.Key(random.ForAugmentation, c.seed, uint64(position)))
	crop := Crop{Image: image, Top: draws.IntN(height - c.Side + 1), Left: draws.IntN(width - c.Side + 1)}
	if symmetry := draws.IntN(8); c.symmetries {
		crop.Symmetry = symmetry
	}
	return crop
}

// Read fills pixels, [Side,Side], with the crop at a position.
func (c *Crops) Read(position int64, pixels []float32) (Crop, error) {
	crop := c.At(position)
	if err := c.Images.Crop(crop.Image, crop.Top, crop.Left, c.Side, c.Side, pixels); err != nil {
		return crop, fmt.Errorf("read %s: %w", c.Images.ID(crop.Image), err)
	}
	orient(pixels, c.Side, crop.Symmetry)
	return crop, nil
}

// orient turns and mirrors a square image, [side,side], in place, as [Crop] numbers the symmetries.
func orient(pixels []float32, side, symmetry int) {
	if symmetry&1 != 0 {
		for y := range side {
			slices.Reverse(pixels[y*side : (y+1)*side])
		}
	}
	if symmetry&2 != 0 {
		for y := range side / 2 {
			top, bottom := pixels[y*side:(y+1)*side], pixels[(side-1-y)*side:(side-y)*side]
			for x := range side {
				top[x], bottom[x] = bottom[x], top[x]
			}
		}
	}
	if symmetry&4 != 0 {
		for y := range side {
			for x := range y {
				pixels[y*side+x], pixels[x*side+y] = pixels[x*side+y], pixels[y*side+x]
			}
		}
	}
}
