package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Generated micrographs: their number, the largest number of bytes of them that are kept, and their smallest size.
const (
	proceduralMicrographs     = 2000
	proceduralTestMicrographs = 200
	proceduralMicrographBytes = 256 << 20
	proceduralMicrographSide  = 256
)

// proceduralMicrographVersion is part of the images' hash; it counts changes of what a seed gives.
const proceduralMicrographVersion = 1

// NewProceduralMicrographs makes square micrographs of a seed, of at least side pixels and at least 256, like those of a scanning
// transmission electron microscope: columns of atoms in random lattices with vacancies, dopants, dislocations and grain
// boundaries; amorphous material; steps, particles and vacuum; drift and jitter of the scan; and the noise of electrons
// and detector. Dose is the mean number of electrons in a pixel of the brightest material, and 0 stands for one of 2 to
// 3,000 of each image's own.
//
// Training and test images come from disjoint streams of random numbers. Images are generated when they are first read; an
// image depends on the seed, its number, the size and the dose alone.
func NewProceduralMicrographs(seed uint64, side int, dose float64) (train, test Micrographs, err error) {
	if side < 1 || side > maxFileSize {
		return nil, nil, fmt.Errorf("generated micrographs of %d pixels: give 1 to %d", side, maxFileSize)
	}
	if dose != 0 && !(dose >= 0.01 && dose <= 1e6) {
		return nil, nil, fmt.Errorf("a dose of %v electrons a pixel: give 0.01 to 1e6, or 0 for one of each image's own", dose)
	}
	side = max(side, proceduralMicrographSide)
	source := func(name, prefix string, part uint64, count int) *proceduralSource {
		p := &proceduralSource{name: name, prefix: prefix, seed: seed, part: part, side: side, dose: dose}
		p.images = make([]atomic.Pointer[[]uint16], count)
		p.painters.New = func() any { return newMicrographPainter(side) }
		return p
	}
	return source("generated micrographs, for training", "procedural", 0, proceduralMicrographs),
		source("generated micrographs, for tests", "procedural-test", 1, proceduralTestMicrographs), nil
}

type proceduralSource struct {
	name, prefix string
	seed, part   uint64
	side         int
	dose         float64
	images       []atomic.Pointer[[]uint16]
	kept         atomic.Int64
	painters     sync.Pool
}

func (p *proceduralSource) Len() int                     { return len(p.images) }
func (p *proceduralSource) Size(int) (height, width int) { return p.side, p.side }
func (p *proceduralSource) ID(i int) string              { return fmt.Sprintf("%s:%d", p.prefix, i) }
func (p *proceduralSource) Name() string                 { return p.name }

// Hash is of what the images follow from, so that they need not all be generated first.
func (p *proceduralSource) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "procedural micrographs version %d, seed %d, part %d, %d images of %dx%d, dose %v",
		proceduralMicrographVersion, p.seed, p.part, p.Len(), p.side, p.side, p.dose))
	return hex.EncodeToString(sum[:])
}

func (p *proceduralSource) Crop(i, top, left, height, width int, pixels []float32) error {
	if i < 0 || i >= p.Len() {
		return fmt.Errorf("image %d of %d", i, p.Len())
	}
	if err := checkCrop(top, left, height, width, p.side, p.side, len(pixels)); err != nil {
		return err
	}
	levels := p.image(i)
	for y := range height {
		row := levels[(top+y)*p.side+left:][:width]
		for x, level := range row {
			pixels[y*width+x] = float32(level)/(1<<15) - 1
		}
	}
	return nil
}

// image returns image i in 65,536 levels, where 32,768 is 0.
func (p *proceduralSource) image(i int) []uint16 {
	if levels := p.images[i].Load(); levels != nil {
		return *levels
	}
	painter := p.painters.Get().(*micrographPainter)
	painter.random = stream{key(forProcedural, p.seed, p.part, uint64(i))}
	painter.paint(p.dose)
	levels := make([]uint16, len(painter.canvas))
	for at, value := range painter.canvas {
		levels[at] = uint16(min((value+1)*(1<<15), 1<<16-1))
	}
	p.painters.Put(painter)
	if size := 2 * int64(len(levels)); p.kept.Add(size) <= proceduralMicrographBytes {
		p.images[i].Store(&levels)
	} else {
		p.kept.Add(-size)
	}
	return levels
}

// micrographPainter makes one micrograph after the other.
type micrographPainter struct {
	random stream
	side   int
	canvas []float32 // [side,side]
	// The scan's error: row y of the image shows the row y + down[y] of the specimen, shifted by right[y].
	right, down []float64
	gains       []float64 // of rows
}

func newMicrographPainter(side int) *micrographPainter {
	rows := func() []float64 { return make([]float64, side) }
	return &micrographPainter{side: side, canvas: make([]float32, side*side), right: rows(), down: rows(), gains: rows()}
}

// paint fills the canvas with values from -1 to 1.
func (p *micrographPainter) paint(dose float64) {
	random := &p.random
	p.distort()
	clear(p.canvas)
	p.material(edge{everywhere: true}, false)
	switch kind := random.float64(); {
	case kind < 0.45: // steps, grain boundaries and interfaces
		for range 1 + random.intn(3) {
			p.material(p.line(), random.float64() < 0.15)
		}
	case kind < 0.6: // particles and holes
		for range 1 + random.intn(6) {
			p.material(p.outline(), random.float64() < 0.1)
		}
	}
	if dose == 0 {
		// From low to high doses by equal ratios.
		dose = 2 * math.Exp(random.float64()*math.Log(1500))
	}
	p.expose(dose)
	low, high := IntensityRange(p.canvas)
	ScaleIntensity(p.canvas, low, high)
}

// distort draws the scan's errors: drift, which shears and stretches, and jitter from line to line.
func (p *micrographPainter) distort() {
	random := &p.random
	shear, stretch := 0.06*random.bell()/2, 0.04*random.bell()/2
	jitter, walk := random.skewed(0, 0.8, 3), random.skewed(0, 0.25, 3)
	streaks := random.skewed(0, 0.03, 3)
	var wander, gain float64
	for y := range p.side {
		wander = 0.98*wander + walk*random.bell()
		gain = 0.5*gain + streaks*random.bell()
		p.right[y] = shear*float64(y) + wander + jitter*random.bell()/2
		p.down[y] = stretch*float64(y) + 0.3*wander
		p.gains[y] = max(0, 1+gain)
	}
}

// edge is where a material ends: a straight line or an irregular round outline, more or less sharp.
type edge struct {
	everywhere, round bool
	x, y              float64 // of a point of the line, or of the centre
	dx, dy            float64 // unit normal of the line
	radius            float64
	waves             texture // of the outline
	roughness         float64
	softness          float64
}

func (p *micrographPainter) line() edge {
	random := &p.random
	e := edge{x: random.uniform(0.1, 0.9) * float64(p.side), y: random.uniform(0.1, 0.9) * float64(p.side), softness: random.skewed(0.7, 0.1*float64(p.side), 3)}
	e.dx, e.dy = random.direction()
	if random.float64() < 0.5 {
		e.roughness = random.skewed(0, 0.04*float64(p.side), 2)
		e.waves = texture{key: random.uint64(), fx: random.uniform(2, 12) / float64(p.side)}
	}
	return e
}

func (p *micrographPainter) outline() edge {
	e := p.line()
	random := &p.random
	e.round, e.radius = true, random.skewed(0.04, 0.35, 2)*float64(p.side)
	e.softness = min(e.softness, e.radius/2)
	e.roughness = random.skewed(0, 0.3, 1) * e.radius
	e.waves = texture{key: random.uint64(), fx: random.uniform(0.4, 1.2) / e.radius}
	return e
}

// cover is how much of a point the material has.
func (e *edge) cover(x, y float64) float64 {
	if e.everywhere {
		return 1
	}
	u, v := x-e.x, y-e.y
	var inside float64
	if e.round {
		inside = e.radius - math.Sqrt(u*u+v*v)
	} else {
		inside = u*e.dx + v*e.dy
	}
	if reach := e.roughness + e.softness; inside > reach {
		return 1
	} else if inside < -reach {
		return 0
	}
	if e.roughness > 0 {
		inside += e.roughness * e.waves.smooth(x*e.waves.fx, y*e.waves.fx, 0)
	}
	return ease(max(0, min(inside/e.softness+0.5, 1)))
}

// material lays one over what is there.
func (p *micrographPainter) material(e edge, vacuum bool) {
	random := &p.random
	side := float64(p.side)
	level := random.uniform(0.1, 0.9)
	slopeX, slopeY := random.direction()
	slope := random.skewed(0, 0.3, 2) * level / side
	crystal := random.float64() < 0.65
	// Amorphous material, and contamination on crystals: clouds of several sizes, drawn out along the scan where the detector is slow.
	amplitude := random.skewed(0.06, 0.6, 1) * level
	if crystal {
		amplitude *= 0.2
	}
	clouds := texture{key: random.uint64()}
	size := side * random.skewed(0.012, 0.3, 2)
	drawn := random.skewed(1, 6, 3)
	clouds.fx, clouds.fy = 1/(size*drawn), 1/size
	if vacuum {
		level, amplitude, slope, crystal = random.skewed(0, 0.03, 2), 0, 0, false
	}
	for y := range p.side {
		row := p.canvas[y*p.side:][:p.side]
		v := float64(y) + p.down[y]
		for x := range row {
			u := float64(x) + p.right[y]
			cover := e.cover(u, v)
			if cover == 0 {
				continue
			}
			value := level + slope*(slopeX*(u-side/2)+slopeY*(v-side/2))
			if amplitude > 0 {
				value += amplitude * (clouds.smooth(u*clouds.fx, v*clouds.fy, 0) + 0.6*clouds.smooth(u*clouds.fx*2.7, v*clouds.fy*2.7, 1))
			}
			row[x] += float32(cover * (value - float64(row[x])))
		}
	}
	if crystal {
		p.lattice(&e, level)
	}
}

// lattice adds the columns of atoms of a crystal, of a brightness relative to the level between them.
func (p *micrographPainter) lattice(e *edge, level float64) {
	random := &p.random
	side := float64(p.side)
	spacing := random.skewed(5, 36, 2)
	ratio := random.uniform(0.85, 1.5)
	between := [...]float64{math.Pi / 2, math.Pi / 2, math.Pi / 3, random.uniform(1.1, 1.7)}[random.intn(4)]
	ax, ay := random.direction()
	bx, by := ax*math.Cos(between)-ay*math.Sin(between), ax*math.Sin(between)+ay*math.Cos(between)
	ax, ay, bx, by = ax*spacing, ay*spacing, bx*spacing*ratio, by*spacing*ratio

	// The atoms of a cell: one, a second kind in its middle, or a dumbbell.
	type atom struct{ a, b, bright float64 }
	atoms := []atom{{0, 0, 1}}
	switch random.intn(3) {
	case 1:
		atoms = append(atoms, atom{0.5, 0.5, random.uniform(0.2, 1)})
	case 2:
		atoms = append(atoms, atom{random.uniform(0.2, 0.4), random.uniform(0.1, 0.4), random.uniform(0.5, 1)})
	}
	width := max(1, spacing*random.uniform(0.14, 0.26))
	bright := level * random.skewed(0.25, 3, 1)
	vacancies, dopants := random.skewed(0, 0.04, 2), random.skewed(0, 0.04, 2)
	spread, shake := random.skewed(0, 0.25, 2), random.skewed(0, 0.04, 2)*spacing

	// A dislocation shifts the lattice around it by the angle about its core, a full spacing in all. The angle jumps
	// along that spacing, so that the lattice closes up again.
	dislocated := random.float64() < 0.2
	coreX, coreY := random.uniform(0, side), random.uniform(0, side)

	// Lattice points that may lie in the image, with its distortions.
	reach := 1.5*side/spacing/math.Abs(math.Sin(between)) + 2
	for i := -math.Floor(reach); i <= reach; i++ {
		for j := -math.Floor(reach / min(ratio, 1)); j <= reach/min(ratio, 1); j++ {
			for _, atom := range atoms {
				x := side/2 + (i+atom.a)*ax + (j+atom.b)*bx
				y := side/2 + (i+atom.a)*ay + (j+atom.b)*by
				if margin := 0.1*side + 4*width; x < -margin || y < -margin || x > side+margin || y > side+margin {
					continue
				}
				if dislocated {
					u, v := x-coreX, y-coreY
					turn := math.Atan2(ax*v-ay*u, ax*u+ay*v) / (2 * math.Pi)
					x, y = x+turn*ax, y+turn*ay
				}
				x, y = x+shake*random.bell(), y+shake*random.bell()
				height := bright * atom.bright * (1 + spread*random.bell()/2)
				switch chance := random.float64(); {
				case chance < vacancies:
					continue
				case chance < vacancies+dopants:
					height *= 1.6
				}
				p.column(x, y, width, height*e.cover(x, y))
			}
		}
	}
}

// gaussian is exp(-t^2/2) at steps of 1/32 from 0 on.
var gaussian = func() (table [32*4 + 2]float32) {
	for i := range table[:32*4] {
		t := float64(i) / 32
		table[i] = float32(math.Exp(-t * t / 2))
	}
	return table
}()

func gaussianAt(t float64) float32 {
	t = math.Abs(t) * 32
	i := int(t)
	if i > 32*4 {
		return 0
	}
	return gaussian[i] + float32(t-float64(i))*(gaussian[i+1]-gaussian[i])
}

// column adds one column of atoms at a point of the specimen.
func (p *micrographPainter) column(x, y, width, height float64) {
	if height <= 0 {
		return
	}
	// Rows may be displaced by drift, which is at most a small part of the image, so the rows that show the column are
	// those about where it would be without.
	top := max(0, int(y-0.2*float64(p.side)-4*width))
	for row := top; row < p.side; row++ {
		down := (float64(row) + p.down[row] - y) / width
		if down < -4 {
			continue
		}
		if down > 4 {
			if down > 4+0.2*float64(p.side)/width {
				break
			}
			continue
		}
		line := p.canvas[row*p.side:][:p.side]
		weight := float32(height) * gaussianAt(down)
		centre := x - p.right[row]
		for column := max(0, int(centre-4*width)+1); column < p.side; column++ {
			across := (float64(column) - centre) / width
			if across > 4 {
				break
			}
			line[column] += weight * gaussianAt(across)
		}
	}
}

// expose turns brightness into electrons that a detector counted.
func (p *micrographPainter) expose(dose float64) {
	random := &p.random
	brightest := float32(1e-3)
	for _, value := range p.canvas {
		brightest = max(brightest, value)
	}
	perPixel := dose / float64(brightest)
	lag, readout := random.skewed(0, 0.5, 2), random.skewed(0, 0.5, 2)
	dark := random.skewed(0, 0.02, 1) * dose
	for y := range p.side {
		row := p.canvas[y*p.side:][:p.side]
		var glow float64 // what a slow detector still shows of the pixels before
		for x, value := range row {
			electrons := random.poisson(max(0, float64(value))*perPixel*p.gains[y] + dark)
			if x == 0 {
				glow = electrons
			}
			glow += (1 - lag) * (electrons - glow)
			row[x] = float32(glow + readout*random.rough())
		}
	}
}

// rough is near a normal distribution of mean 0 and standard deviation 1, from one draw: the sum of four uniform numbers of 16
// bits each.
func (s *stream) rough() float64 {
	bits := s.uint64()
	sum := float64(bits&0xffff+bits>>16&0xffff+bits>>32&0xffff+bits>>48) - 2*0xffff
	return sum * math.Sqrt(3) / (1 << 16)
}

// poisson draws a number of events of a mean.
func (s *stream) poisson(mean float64) float64 {
	if mean > 30 {
		return max(0, math.Round(mean+math.Sqrt(mean)*s.rough()))
	}
	// The number of uniform factors after which their product is below exp(-mean) (Knuth).
	limit := math.Exp(-mean)
	count := 0.0
	for product := s.float64(); product > limit; product *= s.float64() {
		count++
	}
	return count
}
