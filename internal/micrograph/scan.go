package micrograph

import (
	"fmt"
	"math"
	"math/rand/v2"

	"alrc/internal/statistics"
)

// DefaultCoverage is the published one: a twentieth of the pixels.
const DefaultCoverage = 1.0 / 20

// DefaultRange is what networks are trained for where nothing else is asked for: what scans see is seldom what one was trained for.
var DefaultRange = Coverage{0.02, 0.3}

// The scans that there are, beside mask images.
const (
	Spiral = "spiral"
	Grid   = "grid"
	Lines  = "lines"
)

// IsDrawn reports whether a text names one of them, and not a mask image.
func IsDrawn(mask string) bool { return mask == Spiral || mask == Grid || mask == Lines }

// Scan says which pixels of an image a scan visits.
//
// A mask holds, for each pixel, how much of it was seen: from 0 to 1, fractions where the beam passed a pixel at its
// side, as in a real scan. The mean of a mask is the coverage, but for parts of a larger spiral, which have about that.
type Scan struct {
	// Kind is Spiral, one outward from the middle of the image with arms at equal distances; Grid, points at random
	// places in the cells of a square grid; Lines, level lines at random heights, one in each of equal strips; or the
	// path of a mask image.
	Kind string
	// Coverage is the fraction of the image that is seen, above 0 and at most 1. That of a mask image is its mean.
	Coverage float64
	// MostCoverage, where it is larger than Coverage, is the upper end of a range that each position has a coverage of its own of,
	// small ones as often as large ones by equal ratios. Masks must be varied.
	MostCoverage float64
	// Seed decides what is random: a spiral's direction and sense of rotation, and the places of points and lines.
	Seed uint64
	// Varied makes each position's mask another one: that of a part of a larger scan, and so with the middle of a spiral
	// anywhere in or beside the image. Otherwise all positions have the same mask.
	Varied bool

	image         []float32 // a mask image
	height, width int
}

// ParseScan makes a scan of a text, spiral, grid, lines, or the path of a mask image, and a coverage, which a mask image does
// not take.
func ParseScan(mask string, coverage float64) (Scan, error) {
	s := Scan{Kind: mask, Coverage: coverage}
	if IsDrawn(mask) {
		if !(coverage > 0 && coverage <= 1) {
			return Scan{}, fmt.Errorf("a coverage of %v: give a fraction of the pixels above 0 and up to 1", coverage)
		}
		return s, nil
	}
	var err error
	if s.image, s.height, s.width, _, err = readMask(mask, 0); err != nil {
		return Scan{}, fmt.Errorf("mask %q: it is none of %s, %s and %s, and no mask image: %w", mask, Spiral, Grid, Lines, err)
	}
	s.Coverage = statistics.Mean(s.image)
	return s, nil
}

// String is the scan in words.
func (s Scan) String() string {
	if s.image != nil {
		return "the mask " + s.Kind
	}
	return "a scan of kind " + s.Kind
}

// Mask fills mask, [height,width], with that of a position.
func (s Scan) Mask(position int64, height, width int, mask []float32) error {
	if height < 1 || width < 1 || len(mask) != height*width {
		return fmt.Errorf("a mask of %dx%d pixels in %d values", width, height, len(mask))
	}
	if !s.Varied {
		position = 0
	}
	random := rand.New(rand.NewPCG(s.Seed, uint64(position)))
	if s.image != nil {
		return s.cut(random, height, width, mask)
	}
	if s.MostCoverage > s.Coverage {
		// A stream of its own, so that what else is random stays what it is at one coverage.
		share := rand.New(rand.NewPCG(s.Seed, ^uint64(position))).Float64()
		s.Coverage *= math.Pow(s.MostCoverage/s.Coverage, share)
	}
	clear(mask)
	switch s.Kind {
	case Spiral:
		s.spiral(random, height, width, mask)
	case Grid:
		s.grid(random, height, width, mask)
	case Lines:
		s.lines(random, height, width, mask)
	default:
		return fmt.Errorf("a scan of kind %q; there are %s, %s and %s", s.Kind, Spiral, Grid, Lines)
	}
	if s.Kind != Spiral || !s.Varied {
		setMean(mask, s.Coverage)
	}
	return nil
}

// cut takes the middle of a mask image, or any part of it where masks vary.
func (s Scan) cut(random *rand.Rand, height, width int, mask []float32) error {
	if s.height < height || s.width < width {
		return fmt.Errorf("the mask %s has %dx%d pixels, fewer than the %dx%d to be masked", s.Kind, s.width, s.height, width, height)
	}
	top, left := (s.height-height)/2, (s.width-width)/2
	if s.Varied {
		top, left = random.IntN(s.height-height+1), random.IntN(s.width-width+1)
	}
	for y := range height {
		copy(mask[y*width:][:width], s.image[(top+y)*s.width+left:])
	}
	return nil
}

// beam is how far from its path a spiral's beam reaches, in pixels: what it sees falls to 0 there, from the most on the
// path, and is one pixel wide altogether. A measured spiral of coverage 1/20 has 17.5 % of its pixels above 0, and its
// highest values are 0.5 to 0.63; this has 17.5 % and 0.57.
const beam = 1.75

// spiral draws an Archimedean spiral: arms at a distance of 1 / coverage cover so much if they are one pixel wide.
func (s Scan) spiral(random *rand.Rand, height, width int, mask []float32) {
	pitch := 1 / s.Coverage
	turn, sense := random.Float64(), 1.0
	if random.IntN(2) == 1 {
		sense = -1
	}
	middleX, middleY := float64(width-1)/2, float64(height-1)/2
	if s.Varied {
		middleX += (random.Float64() - 0.5) * 2 * float64(width)
		middleY += (random.Float64() - 0.5) * 2 * float64(height)
	}
	rise := pitch / (2 * math.Pi)
	for y := range height {
		for x := range width {
			u, v := float64(x)-middleX, (float64(y)-middleY)*sense
			radius := math.Sqrt(u*u + v*v)
			// The nearest arm, along the radius. Arms are not quite at right angles to it, but for the very middle, where this
			// is no measure.
			arm := math.Mod(radius/pitch-math.Atan2(v, u)/(2*math.Pi)-turn+4, 1) * pitch
			upright := max(0.5, radius/math.Sqrt(radius*radius+rise*rise))
			var seen float64
			for distance := arm; distance*upright < beam; distance += pitch {
				if distance <= radius {
					seen += beam - distance*upright
				}
			}
			for distance := pitch - arm; distance*upright < beam; distance += pitch {
				seen += beam - distance*upright
			}
			mask[y*width+x] = float32(min(seen/(beam*beam), 1))
		}
	}
}

// grid draws points of one pixel, each spread over the four pixels that it lies between.
func (s Scan) grid(random *rand.Rand, height, width int, mask []float32) {
	density := math.Sqrt(s.Coverage)
	rows, columns := max(1, int(math.Round(density*float64(height)))), max(1, int(math.Round(density*float64(width))))
	for row := range rows {
		for column := range columns {
			y := (float64(row)+random.Float64())*float64(height)/float64(rows) - 0.5
			x := (float64(column)+random.Float64())*float64(width)/float64(columns) - 0.5
			y, x = max(0, min(y, float64(height-1))), max(0, min(x, float64(width-1)))
			top, left := int(y), int(x)
			down, right := y-float64(top), x-float64(left)
			add := func(y, x int, seen float64) {
				if seen > 0 {
					at := &mask[y*width+x]
					*at = float32(min(float64(*at)+seen, 1))
				}
			}
			add(top, left, (1-down)*(1-right))
			add(top, left+1, (1-down)*right)
			add(top+1, left, down*(1-right))
			add(top+1, left+1, down*right)
		}
	}
}

// lines draws level lines of one pixel, each spread over the two rows that it lies between; the last is as long as the
// coverage has left.
func (s Scan) lines(random *rand.Rand, height, width int, mask []float32) {
	count := s.Coverage * float64(height)
	strips := int(math.Ceil(count))
	for strip := range strips {
		y := (float64(strip)+random.Float64())*float64(height)/float64(strips) - 0.5
		y = max(0, min(y, float64(height-1)))
		length := max(1, int(math.Ceil(min(1, count-float64(strip))*float64(width))))
		left := random.IntN(width - length + 1)
		top := int(y)
		down := float32(y - float64(top))
		for x := left; x < left+length; x++ {
			mask[top*width+x] = min(mask[top*width+x]+1-down, 1)
			if down > 0 {
				mask[(top+1)*width+x] = min(mask[(top+1)*width+x]+down, 1)
			}
		}
	}
}

// setMean makes a mask's mean the coverage asked for, which the drawing comes near to: by a factor, and where there is more
// to be seen when all that is seen is seen wholly, by some of the rest.
func setMean(mask []float32, coverage float64) {
	factor := 1.0
	for range 100 {
		var sum float64
		for _, value := range mask {
			sum += min(float64(value)*factor, 1)
		}
		now := sum / float64(len(mask))
		if now == 0 || math.Abs(now-coverage) < 1e-9 {
			break
		}
		factor *= coverage / now
	}
	for i, value := range mask {
		mask[i] = float32(min(float64(value)*factor, 1))
	}
	if now := statistics.Mean(mask); now < coverage-1e-7 {
		share := float32((coverage - now) / (1 - now))
		for i, value := range mask {
			mask[i] = value + share*(1-value)
		}
	}
}
