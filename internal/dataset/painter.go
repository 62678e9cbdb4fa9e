package dataset

import (
	"math"

	"alrc/internal/random"
)

// painter makes one image after the other. Its arithmetic is of operations that every machine rounds alike: products
// are converted before they are added, so that none is fused, and there is no function but the square root (and one
// logarithm, of which only the whole part of a product counts).
type painter struct {
	draws         random.Stream
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

func (p *painter) paint() {
	draws := &p.draws
	p.style = style{
		brightness: 120 + float64(34*draws.Bell()),
		contrast:   draws.Uniform(56, 120),
		colour:     draws.Skewed(4, 65, 2),
		texture:    draws.Skewed(0, 80, 2),
		softness:   draws.Skewed(0.9, 2.2, 1),
	}
	p.style.tint = p.hue(draws.Skewed(0, 66, 2))
	side := float64(min(p.height, p.width))
	smallest := draws.Skewed(0.8, 2.6, 1)
	largest := max(2*smallest, 0.6*side)
	coverage := draws.Skewed(0.5, 2.5, 2)

	p.background()
	// The mean area of leaves whose radius has a density falling with its third power, with 0.6 for what cuts take.
	area := 2 * smallest * smallest * math.Log(largest/smallest) * math.Pi * 0.6
	count := int(coverage*float64(p.height)*float64(p.width)/area) + 1
	ratio := smallest / largest
	for range count {
		// The inverse of the distribution function of a density that falls with the third power of the radius.
		radius := smallest / math.Sqrt(1-float64(draws.Float64()*(1-float64(ratio*ratio))))
		p.leaf(radius, draws.Uniform(0, float64(p.width)), draws.Uniform(0, float64(p.height)))
	}
	if draws.Float64() < 0.6 {
		// Most photographs are of something: a large thing near the middle, and what is on it.
		radius := draws.Uniform(0.2, 0.4) * side
		x := float64(p.width)/2 + float64(draws.Uniform(-0.15, 0.15)*side)
		y := float64(p.height)/2 + float64(draws.Uniform(-0.15, 0.15)*side)
		p.leaf(radius, x, y)
		for range draws.IntN(8) {
			dx, dy := draws.Direction()
			p.leaf(draws.Uniform(0.1, 0.4)*radius, x+float64(dx*radius*0.6), y+float64(dy*radius*0.6))
		}
	}
	if draws.Float64() < 0.04 {
		// Some photographs are plain but for a few small things that stand out, such as lights and writing: standardised,
		// these have the largest values of all.
		for i, value := range p.canvas {
			p.canvas[i] = float32(0.5*value) + float32(0.5*p.style.brightness)
		}
		p.style.contrast = draws.Uniform(100, 250)
		for range 2 + draws.IntN(20) {
			p.leaf(draws.Uniform(0.6, 2), draws.Uniform(0, float64(p.width)), draws.Uniform(0, float64(p.height)))
		}
	}
	if draws.Float64() < 0.2 {
		p.blur(float32(draws.Uniform(0, 0.25)))
	}
	p.noise(draws.Skewed(0, 8, 2))
}

// colour draws a leaf's.
func (p *painter) colour() (colour [3]float64) {
	grey := p.style.brightness + p.draws.Uniform(-p.style.contrast, p.style.contrast)
	hue := p.hue(p.style.colour)
	for c := range colour {
		colour[c] = grey + p.style.tint[c] + hue[c]
	}
	return colour
}

// hue draws a deviation from grey: mostly from warm to cool, and less from green to purple, as in daylight and in what
// it shines on.
func (p *painter) hue(size float64) [3]float64 {
	warm, green := p.draws.Uniform(-size, size), p.draws.Uniform(-size/2, size/2)
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
	draws := &p.draws
	s := shape{x: x, y: y, rectangle: draws.Float64() < 0.3}
	aspect := 1 - draws.Skewed(0, 0.85, 2)
	s.a, s.b = radius/math.Sqrt(aspect), radius*math.Sqrt(aspect)
	s.dx, s.dy = draws.Direction()
	if draws.Float64() < 0.3 {
		s.dx, s.dy = 1, 0 // upright, as much of what people make and of what grows
		if draws.Float64() < 0.5 {
			s.dx, s.dy = 0, 1
		}
	}
	if draws.Float64() < 0.5 {
		s.cutCount = draws.IntN(len(s.cuts) + 1)
		for i := range s.cutCount {
			nx, ny := draws.Direction()
			s.cuts[i] = [3]float64{nx, ny, s.b * draws.Uniform(0.2, 1)}
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
	draws := &p.draws
	colour := p.colour()
	side := float64(min(p.height, p.width))
	// Shading: brightness changes linearly along a direction.
	shadeX, shadeY := draws.Direction()
	shade := draws.Skewed(0, 1, 1) * p.style.contrast / max(0.3*side, s.a)
	shadeX, shadeY = shadeX*shade, shadeY*shade
	t := newTexture(draws, p.style.texture)
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

func newTexture(draws *random.Stream, amplitude float64) texture {
	t := texture{amplitude: draws.Skewed(0, amplitude, 1), wave: draws.Float64() < 0.25, key: draws.Uint64()}
	t.fx, t.fy = draws.Direction()
	frequency := draws.Skewed(0.05, 0.4, 1)
	t.fx, t.fy, t.phase = t.fx*frequency, t.fy*frequency, draws.Float64()
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
	coarse, fine := random.Smooth(t.key, x*f, y*f, 0), random.Smooth(t.key, x*f*2, y*f*2, 1)
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
		bits := p.draws.Uint64()
		sum := float64(bits&0xffff+bits>>16&0xffff+bits>>32&0xffff+bits>>48) - 2*0xffff
		p.canvas[i] += float32(sum * scale)
	}
}
