package micrograph

import "math"

// completeBiharmonic completes a partial scan, [height,width], by the smoothest surface through the pixels that were seen, those whose
// mask is above 0: the one with the least bending energy, the sum of uxx^2 + 2 uxy^2 + uyy^2 over the image, which is a
// thin plate's and obeys the biharmonic equation where nothing was seen. Second derivatives are differences of
// neighbouring pixels; nothing is demanded beyond the borders.
//
// It is solved by conjugate gradients, preconditioned by multigrid, from the bilinear completion on.
func completeBiharmonic(pixels, mask []float32, height, width int) ([]float32, error) {
	start, err := completeBilinear(pixels, mask, height, width)
	if err != nil {
		return nil, err
	}
	known := make([]bool, len(mask))
	lowest, highest := math.Inf(1), math.Inf(-1)
	for i, value := range mask {
		if known[i] = value > 0; known[i] {
			lowest, highest = min(lowest, float64(pixels[i])), max(highest, float64(pixels[i]))
		}
	}
	solution := make([]float64, len(start))
	for i, value := range start {
		solution[i] = float64(value)
	}
	newPlates(known, height, width).solve(solution, highest-lowest)
	out := start
	for i, value := range solution {
		if !known[i] {
			out[i] = float32(value)
		}
	}
	return out, nil
}

// plate is a grid of a multigrid hierarchy. Its operator is the gradient of half the bending energy, restricted to pixels that
// are not known.
type plate struct {
	height, width int
	scale         float64 // of the energy, of which a grid of half the size has a quarter
	known         []bool
	inverse       []float64 // of the operator's diagonal; 0 where pixels are known
	xx, yy, xy    []float64 // second differences
	x, r, ax      []float64
}

// plates are grids of halved sizes, the finest first. A coarse pixel is known where any of the fine ones that it stands for, nine
// mostly, is known; that there is no coarse grid left is where none is unknown.
type plates []*plate

func newPlates(known []bool, height, width int) plates {
	var list plates
	for scale := 1.0; ; scale /= 4 {
		p := newPlate(known, height, width, scale)
		list = append(list, p)
		if min(height, width) < 5 {
			return list
		}
		coarseHeight, coarseWidth := (height+1)/2, (width+1)/2
		coarse, unknown := make([]bool, coarseHeight*coarseWidth), false
		for i := range coarse {
			y, x := 2*(i/coarseWidth), 2*(i%coarseWidth)
			for v := max(0, y-1); v <= min(y+1, height-1); v++ {
				for u := max(0, x-1); u <= min(x+1, width-1); u++ {
					coarse[i] = coarse[i] || known[v*width+u]
				}
			}
			unknown = unknown || !coarse[i]
		}
		if !unknown {
			return list
		}
		known, height, width = coarse, coarseHeight, coarseWidth
	}
}

func newPlate(known []bool, height, width int, scale float64) *plate {
	p := &plate{height: height, width: width, scale: scale, known: known}
	for _, values := range []*[]float64{&p.inverse, &p.xx, &p.yy, &p.xy, &p.x, &p.r, &p.ax} {
		*values = make([]float64, len(known))
	}
	for y := range height {
		for x := range width {
			var sum float64
			// The squares of this pixel's factors in the differences that it is part of.
			along := func(i, n int) {
				if i >= 1 && i < n-1 {
					sum += 4
				}
				if i >= 2 {
					sum++
				}
				if i < n-2 {
					sum++
				}
			}
			along(x, width)
			along(y, height)
			cells := (min(x, 1) + min(width-1-x, 1)) * (min(y, 1) + min(height-1-y, 1))
			if sum += 2 * float64(cells); sum > 0 && !known[y*width+x] {
				p.inverse[y*width+x] = 1 / (sum * scale)
			}
		}
	}
	return p
}

// apply puts the operator's product with u, which is 0 where pixels are known, into out.
func (p *plate) apply(out, u []float64) {
	h, w := p.height, p.width
	for y := range h {
		row := u[y*w:][:w]
		xx := p.xx[y*w:][:w]
		for x := 1; x < w-1; x++ {
			xx[x] = p.scale * (row[x-1] - 2*row[x] + row[x+1])
		}
		if y < h-1 {
			below, xy := u[(y+1)*w:][:w], p.xy[y*w:][:w]
			for x := range w - 1 {
				xy[x] = 2 * p.scale * (row[x] - row[x+1] - below[x] + below[x+1])
			}
		}
		if y > 0 && y < h-1 {
			above, below, yy := u[(y-1)*w:][:w], u[(y+1)*w:][:w], p.yy[y*w:][:w]
			for x := range yy {
				yy[x] = p.scale * (above[x] - 2*row[x] + below[x])
			}
		}
	}
	// The transposes: each difference is given back to the pixels that it was of. The first and last of xx, yy and xy stay 0.
	for y := range h {
		sum, xx := out[y*w:][:w], p.xx[y*w:][:w]
		yy := p.yy[y*w:][:w]
		above, below := yy, yy
		if y > 0 {
			above = p.yy[(y-1)*w:][:w]
		}
		if y < h-1 {
			below = p.yy[(y+1)*w:][:w]
		}
		for x := range sum {
			sum[x] = -2*xx[x] - 2*yy[x]
		}
		for x := range w - 1 {
			sum[x] += xx[x+1]
			sum[x+1] += xx[x]
		}
		if y > 0 {
			xy := p.xy[(y-1)*w:][:w]
			for x := range w - 1 {
				sum[x] -= xy[x]
				sum[x+1] += xy[x]
			}
			for x := range sum {
				sum[x] += above[x]
			}
		}
		if y < h-1 {
			xy := p.xy[y*w:][:w]
			for x := range w - 1 {
				sum[x] += xy[x]
				sum[x+1] -= xy[x]
			}
			for x := range sum {
				sum[x] += below[x]
			}
		}
		known := p.known[y*w:][:w]
		for x := range sum {
			if known[x] {
				sum[x] = 0
			}
		}
	}
}

// Smoothing: steps before and after the coarser grids, and their length relative to Jacobi's, which must be below a half
// to converge whatever is known.
const (
	smoothings = 3
	damping    = 0.45
)

// smooth improves x as a solution for r.
func (p *plate) smooth(steps int) {
	for range steps {
		p.apply(p.ax, p.x)
		for i, inverse := range p.inverse {
			p.x[i] += damping * inverse * (p.r[i] - p.ax[i])
		}
	}
}

// begin is the first of some steps of smoothing, from 0 on.
func (p *plate) begin() {
	for i, inverse := range p.inverse {
		p.x[i] = damping * inverse * p.r[i]
	}
}

// cycle solves approximately for r of the finest grid, and leaves the solution in its x.
func (list plates) cycle() {
	fine := list[0]
	fine.begin()
	if len(list) == 1 {
		fine.smooth(8 * smoothings)
		return
	}
	fine.smooth(smoothings - 1)
	fine.apply(fine.ax, fine.x)
	for i := range fine.ax {
		fine.ax[i] = fine.r[i] - fine.ax[i]
	}
	coarse := list[1]
	fine.restrict(coarse)
	list[1:].cycle()
	fine.prolong(coarse)
	fine.smooth(smoothings)
}

// parents are the coarse places, and the weight of the second, that a fine one lies between.
func parents(i, coarse int) (first, second int, weight float64) {
	first = i / 2
	if i%2 == 1 && first+1 < coarse {
		return first, first + 1, 0.5
	}
	return first, first, 0
}

// prolong adds the coarse solution to the fine one.
func (p *plate) prolong(coarse *plate) {
	for y := range p.height {
		top, bottom, down := parents(y, coarse.height)
		for x := range p.width {
			at := y*p.width + x
			if p.known[at] {
				continue
			}
			left, right, along := parents(x, coarse.width)
			above := coarse.x[top*coarse.width+left]*(1-along) + coarse.x[top*coarse.width+right]*along
			below := coarse.x[bottom*coarse.width+left]*(1-along) + coarse.x[bottom*coarse.width+right]*along
			p.x[at] += above*(1-down) + below*down
		}
	}
}

// restrict makes the coarse r of the fine residual, which is in ax, by the transpose of prolong.
func (p *plate) restrict(coarse *plate) {
	clear(coarse.r)
	for y := range p.height {
		top, bottom, down := parents(y, coarse.height)
		for x := range p.width {
			residual := p.ax[y*p.width+x]
			left, right, along := parents(x, coarse.width)
			coarse.r[top*coarse.width+left] += residual * (1 - down) * (1 - along)
			coarse.r[top*coarse.width+right] += residual * (1 - down) * along
			coarse.r[bottom*coarse.width+left] += residual * down * (1 - along)
			coarse.r[bottom*coarse.width+right] += residual * down * along
		}
	}
	for i, known := range coarse.known {
		if known {
			coarse.r[i] = 0
		}
	}
}

// solve improves a solution, which keeps its known pixels, until its energy has come within about 1e-8 of its way to the
// least, or what is left is 1e-14 of that of noise as large as the values' range.
func (list plates) solve(solution []float64, valueRange float64) (iterations int) {
	const limit = 1000
	fine := list[0]
	// The residual of the whole surface; from here on all is of corrections, which are 0 where pixels are known.
	fine.apply(fine.ax, solution)
	residual := make([]float64, len(solution))
	for i, value := range fine.ax {
		residual[i] = -value
	}
	direction, product := make([]float64, len(solution)), make([]float64, len(solution))
	precondition := func() float64 {
		copy(fine.r, residual)
		list.cycle()
		return dot(residual, fine.x)
	}
	energy := precondition()
	enough := max(1e-8*energy, 1e-14*valueRange*valueRange*float64(len(solution)))
	copy(direction, fine.x)
	for ; energy > enough && iterations < limit; iterations++ {
		fine.apply(product, direction)
		bending := dot(direction, product)
		if !(bending > 0) {
			break // Fewer than three pixels that are not in line leave planes open, and rounding has nothing else left.
		}
		step := energy / bending
		for i, value := range direction {
			solution[i] += step * value
			residual[i] -= step * product[i]
		}
		before := energy
		energy = precondition()
		for i, value := range fine.x {
			direction[i] = value + energy/before*direction[i]
		}
	}
	return iterations
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, value := range a {
		sum += value * b[i]
	}
	return sum
}
