package stabiliser

import "math"

// blockSize is the number of entries whose sums are added up at once. Sums of blocks are added in their order, whoever computes
// them.
const blockSize = 8192

// Buffer is a gradient in memory. Its passes over memory are tasks that may be done in any order, at the same time.
type Buffer[F Float] struct {
	tensors []Tensor[F]
	run     func(tasks int, do func(task int))

	blocks []block
	groups []unitGroup
	sums   []float64 // of blocks
	counts []int     // of blocks, or of groups

	norms []float64
	known bool // that norms are those of the present entries

	// What passes are given.
	factors, limits   []float64
	limit             float64
	keep, take, floor float64
	rule              UnitScaler
	all               []float64

	// The passes, bound once so that a step allocates nothing.
	squares, scale, units, clamp, clampSecond, maxima, compress, ratios func(task int)
}

// block is some of a tensor's entries.
type block struct{ tensor, first, end int }

// unitGroup is a group of a tensor, with room for its sums.
type unitGroup struct {
	Group
	tensor            int
	gradient, weights []float64
}

// NewBuffer returns the gradient of tensors. Run does the tasks of a pass, each once; nil does them one after the other.
func NewBuffer[F Float](tensors []Tensor[F], run func(tasks int, do func(task int))) *Buffer[F] {
	if run == nil {
		run = func(tasks int, do func(task int)) {
			for task := range tasks {
				do(task)
			}
		}
	}
	b := &Buffer[F]{tensors: tensors, run: run, norms: make([]float64, len(tensors)), all: make([]float64, len(tensors))}
	for i, t := range tensors {
		for first := 0; first < len(t.Gradient); first += blockSize {
			b.blocks = append(b.blocks, block{i, first, min(first+blockSize, len(t.Gradient))})
		}
		for _, group := range t.Groups {
			if !t.Output {
				b.groups = append(b.groups, unitGroup{group, i, make([]float64, group.Units), make([]float64, group.Units)})
			}
		}
	}
	b.sums = make([]float64, len(b.blocks))
	b.counts = make([]int, max(len(b.blocks), len(b.groups)))
	b.squares, b.scale, b.units, b.clamp = b.squaresOf, b.scaleOf, b.unitsOf, b.clampOf
	b.clampSecond, b.maxima, b.compress, b.ratios = b.clampSecondOf, b.maximumOf, b.compressOf, b.ratiosOf
	return b
}

// Changed tells the buffer that the entries are those of another step.
func (b *Buffer[F]) Changed() { b.known = false }

// Norms returns the norm of each tensor.
func (b *Buffer[F]) Norms() []float64 {
	if !b.known {
		b.run(len(b.blocks), b.squares)
		b.addBlocks(b.norms)
		for i := range b.norms {
			b.norms[i] = math.Sqrt(b.norms[i])
		}
		b.known = true
	}
	return b.norms
}

// Norm returns the norm of all tensors together.
func (b *Buffer[F]) Norm() float64 { return together(b.Norms()) }

// together is the norm of tensors with these norms.
func together(norms []float64) float64 {
	var squares float64
	for _, norm := range norms {
		squares += float64(norm * norm)
	}
	return math.Sqrt(squares)
}

// addBlocks adds up the sums of each tensor's blocks.
func (b *Buffer[F]) addBlocks(totals []float64) {
	clear(totals)
	for i, block := range b.blocks {
		totals[block.tensor] += b.sums[i]
	}
}

// changing does the tasks of a pass that counts what it changes, and adds up the counts.
func (b *Buffer[F]) changing(tasks int, do func(task int)) (changed int) {
	b.run(tasks, do)
	for _, count := range b.counts[:tasks] {
		changed += count
	}
	b.known = b.known && changed == 0
	return changed
}

// entries are a block's.
func (b *Buffer[F]) entries(task int) (tensor int, gradient []F) {
	k := b.blocks[task]
	return k.tensor, b.tensors[k.tensor].Gradient[k.first:k.end]
}

func (b *Buffer[F]) squaresOf(task int) {
	_, g := b.entries(task)
	b.sums[task] = sumSquares(g)
}

// sumSquares adds squares up in four sums, which processors do at the same time.
func sumSquares[F Float](g []F) float64 {
	var s0, s1, s2, s3 float64
	for ; len(g) >= 4; g = g[4:] {
		s0 += float64(float64(g[0]) * float64(g[0]))
		s1 += float64(float64(g[1]) * float64(g[1]))
		s2 += float64(float64(g[2]) * float64(g[2]))
		s3 += float64(float64(g[3]) * float64(g[3]))
	}
	for _, x := range g {
		s0 += float64(float64(x) * float64(x))
	}
	return (s0 + s1) + (s2 + s3)
}

// Scale multiplies all entries by a factor.
func (b *Buffer[F]) Scale(factor float64) {
	for i := range b.all {
		b.all[i] = factor
	}
	b.ScaleTensors(b.all)
}

// ScaleTensors multiplies the entries of each tensor by its factor.
func (b *Buffer[F]) ScaleTensors(factors []float64) {
	idle := true
	for i, factor := range factors {
		idle = idle && factor == 1
		b.norms[i] *= math.Abs(factor)
	}
	if idle {
		return
	}
	b.factors = factors
	b.run(len(b.blocks), b.scale)
}

func (b *Buffer[F]) scaleOf(task int) {
	tensor, g := b.entries(task)
	factor := F(b.factors[tensor])
	if factor == 1 {
		return
	}
	for i := range g {
		g[i] *= factor
	}
}

// Clamp limits entries to [-limit, limit].
func (b *Buffer[F]) Clamp(limit float64) (changed int) {
	b.limit = limit
	return b.changing(len(b.blocks), b.clamp)
}

func (b *Buffer[F]) clampOf(task int) {
	_, g := b.entries(task)
	limit, count := F(b.limit), 0
	for i, x := range g {
		if x > limit {
			g[i] = limit
			count++
		} else if x < -limit {
			g[i] = -limit
			count++
		}
	}
	b.counts[task] = count
}

// ClampBySecond limits the squares of entries to theta times their second moments.
func (b *Buffer[F]) ClampBySecond(theta float64) (changed int) {
	b.limit = theta
	return b.changing(len(b.blocks), b.clampSecond)
}

func (b *Buffer[F]) clampSecondOf(task int) {
	k := b.blocks[task]
	_, g := b.entries(task)
	second := b.tensors[k.tensor].Second[k.first:k.end][:len(g)]
	theta, count := F(b.limit), 0
	for i, x := range g {
		if limit := theta * second[i]; x*x > limit {
			g[i] = F(math.Copysign(math.Sqrt(float64(limit)), float64(x)))
			count++
		}
	}
	b.counts[task] = count
}

// Maxima puts the largest magnitude of each tensor into maxima.
func (b *Buffer[F]) Maxima(maxima []float64) {
	b.run(len(b.blocks), b.maxima)
	clear(maxima)
	for i, block := range b.blocks {
		maxima[block.tensor] = max(maxima[block.tensor], b.sums[i])
	}
}

func (b *Buffer[F]) maximumOf(task int) {
	_, g := b.entries(task)
	var highest, lowest, zero F
	for _, x := range g {
		if x > highest {
			highest = x
		}
		if x < lowest {
			lowest = x
		}
		zero += x - x // unless x is not finite
	}
	if b.sums[task] = float64(max(highest, -lowest)); zero != 0 && !math.IsInf(b.sums[task], 0) {
		b.sums[task] = math.NaN()
	}
}

// Compress multiplies entries of magnitudes above their tensor's limit by its factor.
func (b *Buffer[F]) Compress(limits, factors []float64) (changed int) {
	b.limits, b.factors = limits, factors
	return b.changing(len(b.blocks), b.compress)
}

func (b *Buffer[F]) compressOf(task int) {
	tensor, g := b.entries(task)
	limit, factor, count := F(b.limits[tensor]), F(b.factors[tensor]), 0
	for i, x := range g {
		if x > limit || x < -limit {
			g[i] = x * factor
			count++
		}
	}
	b.counts[task] = count
}

// RootMeanSquares puts the root of the mean of g^2 / max(v, floor) of each tensor into roots.
func (b *Buffer[F]) RootMeanSquares(keep, take, floor float64, roots []float64) {
	b.keep, b.take, b.floor = keep, take, floor
	b.run(len(b.blocks), b.ratios)
	b.addBlocks(roots)
	for i, t := range b.tensors {
		count := t.Count
		if count == 0 {
			count = len(t.Gradient)
		}
		roots[i] = math.Sqrt(roots[i] / float64(count))
	}
}

func (b *Buffer[F]) ratiosOf(task int) {
	k := b.blocks[task]
	_, g := b.entries(task)
	second := b.tensors[k.tensor].Second[k.first:k.end][:len(g)]
	keep, take, floor := F(b.keep), F(b.take), F(b.floor)
	var sum float64
	for i, x := range g {
		square := x * x
		v := F(keep*second[i]) + F(take*square)
		if v < floor {
			v = floor
		}
		sum += float64(square / v)
	}
	b.sums[task] = sum
}
