package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Generated images: their number, and the largest number of bytes of them that are kept. As many images as a part of
// CIFAR-10 has are enough to learn what images have in common, and few enough to be generated once and read from
// memory in all later epochs and runs. Images too large to be kept are generated again whenever they are read.
const (
	proceduralTrainCount = 5000
	proceduralTestCount  = 1000
	proceduralCacheBytes = 256 << 20
)

// proceduralVersion is part of the images' hash; it counts changes of what a seed gives.
const proceduralVersion = 1

// NewProcedural makes images of a seed: "dead leaves", which are opaque shapes over each other, of sizes that follow a
// power law, with colours, textures, shading and soft edges. Such images share with photographs what matters to
// experiment 1: how power falls with frequency, how rare and how strong edges are, and how much fine detail images
// have, from hardly any to outliers (Lee, Mumford and Huang, "Occlusion models for natural images", 2001). The
// parameters are tuned to CIFAR-10's statistics at 32x32.
//
// Training and test images come from disjoint streams of random numbers. Images are generated when they are first read;
// an image depends on the seed, its number and the shape alone, and is the same on every machine. Height and width are
// at least 2.
func NewProcedural(seed uint64, height, width int) (train, test Images) {
	return newProcedural("generated images, for training", "procedural", seed, 0, proceduralTrainCount, height, width),
		newProcedural("generated images, for tests", "procedural-test", seed, 1, proceduralTestCount, height, width)
}

type procedural struct {
	name, prefix  string
	seed, part    uint64
	height, width int
	images        []atomic.Pointer[[]byte]
	kept          bool
	painters      sync.Pool
}

func newProcedural(name, prefix string, seed, part uint64, count, height, width int) *procedural {
	p := &procedural{name: name, prefix: prefix, seed: seed, part: part, height: max(2, height), width: max(2, width)}
	p.images = make([]atomic.Pointer[[]byte], count)
	p.kept = count <= proceduralCacheBytes/3/p.height/p.width
	p.painters.New = func() any { return newPainter(p.height, p.width) }
	return p
}

func (p *procedural) Len() int                             { return len(p.images) }
func (p *procedural) Shape() (height, width, channels int) { return p.height, p.width, 3 }
func (p *procedural) ID(i int) string                      { return fmt.Sprintf("%s:%d", p.prefix, i) }
func (p *procedural) Name() string                         { return p.name }

// Hash is of what the images follow from, so that they need not all be generated first.
func (p *procedural) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "procedural version %d, seed %d, part %d, %d images of %dx%d", proceduralVersion,
		p.seed, p.part, p.Len(), p.height, p.width))
	return hex.EncodeToString(sum[:])
}

func (p *procedural) Read(i int, pixels []float32) error {
	if i < 0 || i >= p.Len() || len(pixels) != p.height*p.width*3 {
		return fmt.Errorf("image %d of %d into %d values: no such image, or not %d values", i, p.Len(), len(pixels), p.height*p.width*3)
	}
	if bytes := p.images[i].Load(); bytes != nil {
		for at, value := range *bytes {
			pixels[at] = float32(value)
		}
		return nil
	}
	painter := p.painters.Get().(*painter)
	painter.random = stream{key(forProcedural, p.seed, p.part, uint64(i))}
	painter.paint()
	for at, value := range painter.canvas {
		pixels[at] = float32(int(min(255, max(0, value)) + 0.5))
	}
	p.painters.Put(painter)
	if p.kept {
		bytes := make([]byte, len(pixels))
		for at, value := range pixels {
			bytes[at] = byte(value)
		}
		p.images[i].Store(&bytes)
	}
	return nil
}

// painter makes one image after the other. Its arithmetic is of operations that every machine rounds alike: products
// are converted before they are added, so that none is fused, and there is no function but the square root (and one
// logarithm, of which only the whole part of a product counts).
type painter struct {
	random        stream
	height, width int
	canvas        []float32 // [H,W,3], 0..255
	row           []float32
	style         style
}

// style is what the leaves of an image have in common.
type style struct {
	brightness, contrast float64 // of leaves: mean and half the range
	colour               float64 // how far leaves' colours are from grey
	tint                 [3]float64
	texture              float64 // largest amplitude of leaves' textures
	softness             float64 // width of edges in pixels
}

func newPainter(height, width int) *painter {
	return &painter{height: height, width: width, canvas: make([]float32, height*width*3), row: make([]float32, width*3)}
}

// bell is near a normal distribution of mean 0 and standard deviation 1.
func (s *stream) bell() float64 {
	var sum float64
	for range 12 {
		sum += s.float64()
	}
	return sum - 6
}

// direction is a uniformly distributed unit vector.
func (s *stream) direction() (x, y float64) {
	for {
		x, y = s.uniform(-1, 1), s.uniform(-1, 1)
		if square := float64(x*x) + float64(y*y); square > 0.01 && square <= 1 {
			length := math.Sqrt(square)
			return x / length, y / length
		}
	}
}

// skewed is low + (high - low) u^power with u uniform in [0, 1): the higher the power, the more values lie near low.
func (s *stream) skewed(low, high float64, power int) float64 {
	u := s.float64()
	value := high - low
	for range power {
		value *= u
	}
	return low + float64(value)
}

func (p *painter) paint() {
	random := &p.random
	p.style = style{
		brightness: 120 + float64(34*random.bell()),
		contrast:   random.uniform(56, 120),
		colour:     random.skewed(4, 65, 2),
		texture:    random.skewed(0, 80, 2),
		softness:   random.skewed(0.9, 2.2, 1),
	}
	p.style.tint = p.hue(random.skewed(0, 66, 2))
	side := float64(min(p.height, p.width))
	smallest := random.skewed(0.8, 2.6, 1)
	largest := max(2*smallest, 0.6*side)
	coverage := random.skewed(0.5, 2.5, 2)

	p.background()
	// The mean area of leaves whose radius has a density falling with its third power, with 0.6 for what cuts take.
	area := 2 * smallest * smallest * math.Log(largest/smallest) * math.Pi * 0.6
	count := int(coverage*float64(p.height)*float64(p.width)/area) + 1
	ratio := smallest / largest
	for range count {
		// The inverse of the distribution function of a density that falls with the third power of the radius.
		radius := smallest / math.Sqrt(1-float64(random.float64()*(1-float64(ratio*ratio))))
		p.leaf(radius, random.uniform(0, float64(p.width)), random.uniform(0, float64(p.height)))
	}
	if random.float64() < 0.6 {
		// Most photographs are of something: a large thing near the middle, and what is on it.
		radius := random.uniform(0.2, 0.4) * side
		x := float64(p.width)/2 + float64(random.uniform(-0.15, 0.15)*side)
		y := float64(p.height)/2 + float64(random.uniform(-0.15, 0.15)*side)
		p.leaf(radius, x, y)
		for range random.intn(8) {
			dx, dy := random.direction()
			p.leaf(random.uniform(0.1, 0.4)*radius, x+float64(dx*radius*0.6), y+float64(dy*radius*0.6))
		}
	}
	if random.float64() < 0.04 {
		// Some photographs are plain but for a few small things that stand out, such as lights and writing: standardised,
		// these have the largest values of all.
		for i, value := range p.canvas {
			p.canvas[i] = float32(0.5*value) + float32(0.5*p.style.brightness)
		}
		p.style.contrast = random.uniform(100, 250)
		for range 2 + random.intn(20) {
			p.leaf(random.uniform(0.6, 2), random.uniform(0, float64(p.width)), random.uniform(0, float64(p.height)))
		}
	}
	if random.float64() < 0.2 {
		p.blur(float32(random.uniform(0, 0.25)))
	}
	p.noise(random.skewed(0, 8, 2))
}

// colour draws a leaf's.
func (p *painter) colour() (colour [3]float64) {
	grey := p.style.brightness + p.random.uniform(-p.style.contrast, p.style.contrast)
	hue := p.hue(p.style.colour)
	for c := range colour {
		colour[c] = grey + p.style.tint[c] + hue[c]
	}
	return colour
}

// hue draws a deviation from grey: mostly from warm to cool, and less from green to purple, as in daylight and in what
// it shines on.
func (p *painter) hue(size float64) [3]float64 {
	warm, green := p.random.uniform(-size, size), p.random.uniform(-size/2, size/2)
	return [3]float64{warm - float64(0.5*green), green, -warm - float64(0.5*green)}
}

// background fills the canvas with a leaf that has no edge.
func (p *painter) background() {
	p.fill(shape{x: float64(p.width) / 2, y: float64(p.height) / 2, everywhere: true}, 0, p.height, 0, p.width)
}

// shape is where a leaf is: an ellipse or a rectangle, cut off at straight lines.
type shape struct {
	x, y      float64 // centre
	dx, dy    float64 // direction of its first axis
	a, b      float64 // half axes
	rectangle bool
	cuts      [4][3]float64 // unit normal and distance from the centre
	cutCount  int

	everywhere bool // there is no edge
}

// leaf paints a shape of about a radius.
func (p *painter) leaf(radius, x, y float64) {
	random := &p.random
	s := shape{x: x, y: y, rectangle: random.float64() < 0.3}
	aspect := 1 - random.skewed(0, 0.85, 2)
	s.a, s.b = radius/math.Sqrt(aspect), radius*math.Sqrt(aspect)
	s.dx, s.dy = random.direction()
	if random.float64() < 0.3 {
		s.dx, s.dy = 1, 0 // upright, as much of what people make and of what grows
		if random.float64() < 0.5 {
			s.dx, s.dy = 0, 1
		}
	}
	if random.float64() < 0.5 {
		s.cutCount = random.intn(len(s.cuts) + 1)
		for i := range s.cutCount {
			nx, ny := random.direction()
			s.cuts[i] = [3]float64{nx, ny, s.b * random.uniform(0.2, 1)}
		}
	}
	reach := math.Sqrt(float64(s.a*s.a)+float64(s.b*s.b)) + p.style.softness
	if !s.rectangle {
		reach = max(s.a, s.b) + p.style.softness
	}
	p.fill(s, clampInt(y-reach, p.height), clampInt(y+reach+1, p.height), clampInt(x-reach, p.width), clampInt(x+reach+1, p.width))
}

func clampInt(v float64, limit int) int { return int(max(0, min(v, float64(limit)))) }

// fill paints the part of a leaf that lies in a range of rows and columns.
func (p *painter) fill(s shape, top, bottom, left, right int) {
	random := &p.random
	colour := p.colour()
	side := float64(min(p.height, p.width))
	// Shading: brightness changes linearly along a direction.
	shadeX, shadeY := random.direction()
	shade := random.skewed(0, 1, 1) * p.style.contrast / max(0.3*side, s.a)
	shadeX, shadeY = shadeX*shade, shadeY*shade
	t := newTexture(random, p.style.texture)
	sharpness := 1 / p.style.softness
	for y := top; y < bottom; y++ {
		row := p.canvas[y*p.width*3:][:p.width*3]
		v := float64(y) + 0.5 - s.y
		for x := left; x < right; x++ {
			u := float64(x) + 0.5 - s.x
			cover := 1.0
			if !s.everywhere {
				cover = float64(s.distance(u, v)*sharpness) + 0.5
				if cover <= 0 {
					continue
				}
				cover = min(cover, 1)
			}
			light := float64(u*shadeX) + float64(v*shadeY) + t.at(float64(x), float64(y))
			pixel := row[3*x:][:3]
			for c := range pixel {
				old := float64(pixel[c])
				pixel[c] = float32(old + float64(cover*(colour[c]+light-old)))
			}
		}
	}
}

// distance is about how far inside the shape's edge a point is; it is negative outside.
func (s *shape) distance(u, v float64) float64 {
	along := float64(u*s.dx) + float64(v*s.dy)
	across := float64(v*s.dx) - float64(u*s.dy)
	var d float64
	if s.rectangle {
		d = min(s.a-math.Abs(along), s.b-math.Abs(across))
	} else {
		along, across = along/s.a, across/s.b
		d = float64((1 - math.Sqrt(float64(along*along)+float64(across*across))) * min(s.a, s.b))
	}
	for i := range s.cutCount {
		cut := &s.cuts[i]
		d = min(d, cut[2]-float64(u*cut[0])-float64(v*cut[1]))
	}
	return d
}

// texture is a pattern of brightness: waves, or smooth noise of two sizes.
type texture struct {
	amplitude float64
	wave      bool
	fx, fy    float64 // cycles per pixel of waves, or cells per pixel of noise
	phase     float64
	key       uint64
}

func newTexture(random *stream, amplitude float64) texture {
	t := texture{amplitude: random.skewed(0, amplitude, 1), wave: random.float64() < 0.25, key: random.uint64()}
	t.fx, t.fy = random.direction()
	frequency := random.skewed(0.05, 0.4, 1)
	t.fx, t.fy, t.phase = t.fx*frequency, t.fy*frequency, random.float64()
	return t
}

func (t *texture) at(x, y float64) float64 {
	if t.amplitude < 1 {
		return 0
	}
	if t.wave {
		return float64(t.amplitude * wave(float64(x*t.fx)+float64(y*t.fy)+t.phase))
	}
	f := math.Abs(t.fx) + math.Abs(t.fy)
	coarse, fine := t.smooth(x*f, y*f, 0), t.smooth(x*f*2, y*f*2, 1)
	return float64(t.amplitude * (coarse + float64(0.5*fine)))
}

// wave is near a sine of period 1.
func wave(phase float64) float64 {
	phase -= math.Floor(phase)
	if phase < 0.5 {
		return 16 * phase * (0.5 - phase)
	}
	return -16 * (phase - 0.5) * (1 - phase)
}

// smooth is value noise: random values at whole numbers, and a smooth surface through them.
func (t *texture) smooth(x, y float64, octave uint64) float64 {
	cellX, cellY := math.Floor(x), math.Floor(y)
	x, y = ease(x-cellX), ease(y-cellY)
	corner := func(dx, dy float64) float64 {
		hash := mix(t.key ^ mix(uint64(int64(cellX+dx))<<33^uint64(int64(cellY+dy))<<1^octave))
		return float64(hash>>11)/(1<<52) - 1
	}
	top := corner(0, 0)
	top += float64(x * (corner(1, 0) - top))
	bottom := corner(0, 1)
	bottom += float64(x * (corner(1, 1) - bottom))
	return top + float64(y*(bottom-top))
}

func ease(x float64) float64 { return x * x * (3 - 2*x) }

// blur mixes each pixel with its neighbours along both axes, each with a weight of up to 1/4.
func (p *painter) blur(weight float32) {
	rowLength := p.width * 3
	rest := 1 - 2*weight
	for y := range p.height {
		row := p.canvas[y*rowLength:][:rowLength]
		copy(p.row, row)
		for x := range row {
			before, after := p.row[max(x-3, x%3)], p.row[min(x+3, rowLength-3+x%3)]
			row[x] = float32(rest*p.row[x]) + float32(weight*(before+after))
		}
	}
	for x := range rowLength {
		before := p.canvas[x]
		for y := range p.height {
			at := y*rowLength + x
			here := p.canvas[at]
			after := p.canvas[min(at+rowLength, (p.height-1)*rowLength+x)]
			p.canvas[at] = float32(rest*here) + float32(weight*(before+after))
			before = here
		}
	}
}

// noise adds a camera's, of a standard deviation in grey levels.
func (p *painter) noise(deviation float64) {
	// The sum of four uniform numbers of 16 bits each, which one draw has, is bell-shaped enough.
	scale := deviation * math.Sqrt(3) / (1 << 16)
	for i := range p.canvas {
		bits := p.random.uint64()
		sum := float64(bits&0xffff+bits>>16&0xffff+bits>>32&0xffff+bits>>48) - 2*0xffff
		p.canvas[i] += float32(sum * scale)
	}
}
