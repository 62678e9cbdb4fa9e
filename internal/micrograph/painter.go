package micrograph

import (
	"math"

	"alrc/internal/random"
)

// painter makes one micrograph after the other.
type painter struct {
	draws  random.Stream
	side   int
	canvas []float32 // [side,side]
	// The scan's error: row y of the image shows the row y + down[y] of the specimen, shifted by right[y].
	right, down []float64
	gains       []float64 // of rows
}

func newPainter(side int) *painter {
	rows := func() []float64 { return make([]float64, side) }
	return &painter{side: side, canvas: make([]float32, side*side), right: rows(), down: rows(), gains: rows()}
}

// paint fills the canvas with values from -1 to 1.
func (p *painter) paint(dose float64) {
	draws := &p.draws
	p.distort()
	clear(p.canvas)
	p.material(edge{everywhere: true}, false)
	switch kind := draws.Float64(); {
	case kind < 0.45: // steps, grain boundaries and interfaces
		for range 1 + draws.IntN(3) {
			p.material(p.line(), draws.Float64() < 0.15)
		}
	case kind < 0.6: // particles and holes
		for range 1 + draws.IntN(6) {
			p.material(p.outline(), draws.Float64() < 0.1)
		}
	}
	if dose == 0 {
		// From low to high doses by equal ratios.
		dose = 2 * math.Exp(draws.Float64()*math.Log(1500))
	}
	p.expose(dose)
	low, high := IntensityRange(p.canvas)
	ScaleIntensity(p.canvas, low, high)
}

// distort draws the scan's errors: drift, which shears and stretches, and jitter from line to line.
func (p *painter) distort() {
	draws := &p.draws
	shear, stretch := 0.06*draws.Bell()/2, 0.04*draws.Bell()/2
	jitter, walk := draws.Skewed(0, 0.8, 3), draws.Skewed(0, 0.25, 3)
	streaks := draws.Skewed(0, 0.03, 3)
	var wander, gain float64
	for y := range p.side {
		wander = 0.98*wander + walk*draws.Bell()
		gain = 0.5*gain + streaks*draws.Bell()
		p.right[y] = shear*float64(y) + wander + jitter*draws.Bell()/2
		p.down[y] = stretch*float64(y) + 0.3*wander
		p.gains[y] = max(0, 1+gain)
	}
}

// cells are those of value noise: its key, and their number in a pixel along both axes.
type cells struct {
	key    uint64
	fx, fy float64
}

// edge is where a material ends: a straight line or an irregular round outline, more or less sharp.
type edge struct {
	everywhere, round bool
	x, y              float64 // of a point of the line, or of the centre
	dx, dy            float64 // unit normal of the line
	radius            float64
	waves             cells // of the outline
	roughness         float64
	softness          float64
}

func (p *painter) line() edge {
	draws := &p.draws
	e := edge{x: draws.Uniform(0.1, 0.9) * float64(p.side), y: draws.Uniform(0.1, 0.9) * float64(p.side), softness: draws.Skewed(0.7, 0.1*float64(p.side), 3)}
	e.dx, e.dy = draws.Direction()
	if draws.Float64() < 0.5 {
		e.roughness = draws.Skewed(0, 0.04*float64(p.side), 2)
		e.waves = cells{key: draws.Uint64(), fx: draws.Uniform(2, 12) / float64(p.side)}
	}
	return e
}

func (p *painter) outline() edge {
	e := p.line()
	draws := &p.draws
	e.round, e.radius = true, draws.Skewed(0.04, 0.35, 2)*float64(p.side)
	e.softness = min(e.softness, e.radius/2)
	e.roughness = draws.Skewed(0, 0.3, 1) * e.radius
	e.waves = cells{key: draws.Uint64(), fx: draws.Uniform(0.4, 1.2) / e.radius}
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
		inside += e.roughness * random.Smooth(e.waves.key, x*e.waves.fx, y*e.waves.fx, 0)
	}
	return random.Ease(max(0, min(inside/e.softness+0.5, 1)))
}

// material lays one over what is there.
func (p *painter) material(e edge, vacuum bool) {
	draws := &p.draws
	side := float64(p.side)
	level := draws.Uniform(0.1, 0.9)
	slopeX, slopeY := draws.Direction()
	slope := draws.Skewed(0, 0.3, 2) * level / side
	crystal := draws.Float64() < 0.65
	// Amorphous material, and contamination on crystals: clouds of several sizes, drawn out along the scan where the detector is slow.
	amplitude := draws.Skewed(0.06, 0.6, 1) * level
	if crystal {
		amplitude *= 0.2
	}
	clouds := cells{key: draws.Uint64()}
	size := side * draws.Skewed(0.012, 0.3, 2)
	drawn := draws.Skewed(1, 6, 3)
	clouds.fx, clouds.fy = 1/(size*drawn), 1/size
	if vacuum {
		level, amplitude, slope, crystal = draws.Skewed(0, 0.03, 2), 0, 0, false
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
				value += amplitude * (random.Smooth(clouds.key, u*clouds.fx, v*clouds.fy, 0) + 0.6*random.Smooth(clouds.key, u*clouds.fx*2.7, v*clouds.fy*2.7, 1))
			}
			row[x] += float32(cover * (value - float64(row[x])))
		}
	}
	if crystal {
		p.lattice(&e, level)
	}
}

// lattice adds the columns of atoms of a crystal, of a brightness relative to the level between them.
func (p *painter) lattice(e *edge, level float64) {
	draws := &p.draws
	side := float64(p.side)
	spacing := draws.Skewed(5, 36, 2)
	ratio := draws.Uniform(0.85, 1.5)
	between := [...]float64{math.Pi / 2, math.Pi / 2, math.Pi / 3, draws.Uniform(1.1, 1.7)}[draws.IntN(4)]
	ax, ay := draws.Direction()
	bx, by := ax*math.Cos(between)-ay*math.Sin(between), ax*math.Sin(between)+ay*math.Cos(between)
	ax, ay, bx, by = ax*spacing, ay*spacing, bx*spacing*ratio, by*spacing*ratio

	// The atoms of a cell: one, a second kind in its middle, or a dumbbell.
	type atom struct{ a, b, bright float64 }
	atoms := []atom{{0, 0, 1}}
	switch draws.IntN(3) {
	case 1:
		atoms = append(atoms, atom{0.5, 0.5, draws.Uniform(0.2, 1)})
	case 2:
		atoms = append(atoms, atom{draws.Uniform(0.2, 0.4), draws.Uniform(0.1, 0.4), draws.Uniform(0.5, 1)})
	}
	width := max(1, spacing*draws.Uniform(0.14, 0.26))
	bright := level * draws.Skewed(0.25, 3, 1)
	vacancies, dopants := draws.Skewed(0, 0.04, 2), draws.Skewed(0, 0.04, 2)
	spread, shake := draws.Skewed(0, 0.25, 2), draws.Skewed(0, 0.04, 2)*spacing

	// A dislocation shifts the lattice around it by the angle about its core, a full spacing in all. The angle jumps
	// along that spacing, so that the lattice closes up again.
	dislocated := draws.Float64() < 0.2
	coreX, coreY := draws.Uniform(0, side), draws.Uniform(0, side)

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
				x, y = x+shake*draws.Bell(), y+shake*draws.Bell()
				height := bright * atom.bright * (1 + spread*draws.Bell()/2)
				switch chance := draws.Float64(); {
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
func (p *painter) column(x, y, width, height float64) {
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
func (p *painter) expose(dose float64) {
	draws := &p.draws
	brightest := float32(1e-3)
	for _, value := range p.canvas {
		brightest = max(brightest, value)
	}
	perPixel := dose / float64(brightest)
	lag, readout := draws.Skewed(0, 0.5, 2), draws.Skewed(0, 0.5, 2)
	dark := draws.Skewed(0, 0.02, 1) * dose
	for y := range p.side {
		row := p.canvas[y*p.side:][:p.side]
		var glow float64 // what a slow detector still shows of the pixels before
		for x, value := range row {
			electrons := draws.Poisson(max(0, float64(value))*perPixel*p.gains[y] + dark)
			if x == 0 {
				glow = electrons
			}
			glow += (1 - lag) * (electrons - glow)
			row[x] = float32(glow + readout*draws.Rough())
		}
	}
}
