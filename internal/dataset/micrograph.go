package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Micrographs is a fixed collection of images of one channel, of sizes that may differ, scaled to [-1, 1] each as
// [IntensityRange] has it. Its methods may be called by several goroutines at a time.
type Micrographs interface {
	// Len is the number of images.
	Len() int
	// Size is that of image i in pixels.
	Size(i int) (height, width int)
	// Crop fills pixels, [height,width], with the part of image i that begins at a row and a column.
	Crop(i, top, left, height, width int, pixels []float32) error
	// ID says which image i is: a file's path, with the page of those that have several, or "procedural:17".
	ID(i int) string
	// Name says in a few words what the images are.
	Name() string
	// Hash is the hexadecimal SHA-256 of the images' content: the same images have the same hash wherever they lie.
	Hash() string
}

// IntensityRange is what [-1, 1] stands for in an image: from its 0.1 % percentile to its 99.9 % one, widened by a tenth of
// that on both sides, so that neither hot nor dead pixels decide it, and so that it is about the same whether all pixels
// are known or a scan of them. Where nearly all pixels are alike it is from the smallest value to the largest. Values that
// are not finite count for nothing; without finite ones it is 0 to 0.
func IntensityRange(pixels []float32) (low, high float64) {
	// One value of each of so many equal parts, at a place in it that no period of the image can be in step with.
	const parts = 1 << 14
	step := max(1, len(pixels)/parts)
	sample := make([]float32, 0, 2*parts)
	for i := 0; i+step <= len(pixels); i += step {
		if value := pixels[i+int(mix(uint64(i))%uint64(step))]; finite(value) {
			sample = append(sample, value)
		}
	}
	if len(sample) > 0 {
		slices.Sort(sample)
		edge := len(sample) / 1000
		low, high = float64(sample[edge]), float64(sample[len(sample)-1-edge])
	}
	if margin := (high - low) / 10; margin > 0 {
		return low - margin, high + margin
	}
	low, high = math.Inf(1), math.Inf(-1)
	for _, value := range pixels {
		if finite(value) {
			low, high = min(low, float64(value)), max(high, float64(value))
		}
	}
	if low > high {
		return 0, 0
	}
	return low, high
}

// ScaleIntensity turns low to high into -1 to 1, in place. Values beyond become -1 or 1, and where low is high, or a value is
// not a number, it is 0.
func ScaleIntensity(pixels []float32, low, high float64) {
	if !(high > low) {
		clear(pixels)
		return
	}
	factor := 2 / (high - low)
	for i, value := range pixels {
		scaled := float64((float64(value)-low)*factor) - 1
		if math.IsNaN(scaled) {
			scaled = 0
		}
		pixels[i] = float32(max(-1, min(scaled, 1)))
	}
}

// UnscaleIntensity turns -1 to 1 into low to high, in place.
func UnscaleIntensity(pixels []float32, low, high float64) {
	for i, value := range pixels {
		pixels[i] = float32(low + float64((float64(value)+1)*(high-low)/2))
	}
}

func finite(value float32) bool { return value-value == 0 }

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
	Images Micrographs
	// Side is the height and width of crops, in pixels.
	Side int

	seed       uint64
	symmetries bool
	ends       []int // of each image's places in an epoch
}

// NewCrops makes a sequence of crops. With symmetries each crop is in one of the eight orientations of the square.
func NewCrops(images Micrographs, side int, seed uint64, symmetries bool) (*Crops, error) {
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
	order := permutation{key(forOrder, c.seed, uint64(position)/count), int(count)}
	place := order.at(int(uint64(position) % count))
	image, _ := slices.BinarySearchFunc(c.ends, place, func(end, place int) int { return cmp.Compare(end, place+1) })
	height, width := c.Images.Size(image)
	random := stream{key(forAugmentation, c.seed, uint64(position))}
	crop := Crop{Image: image, Top: random.intn(height - c.Side + 1), Left: random.intn(width - c.Side + 1)}
	if symmetry := random.intn(8); c.symmetries {
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
	Orient(pixels, c.Side, crop.Symmetry)
	return crop, nil
}

// Orient turns and mirrors a square image, [side,side], in place, as [Crop] numbers the symmetries.
func Orient(pixels []float32, side, symmetry int) {
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
