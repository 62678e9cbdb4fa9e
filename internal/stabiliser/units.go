package stabiliser

import "math"

// ScaleUnits multiplies the entries of each unit by the factor that a rule has for it.
func (b *Buffer[F]) ScaleUnits(rule UnitScaler) (changed int) {
	b.rule = rule
	return b.changing(len(b.groups), b.units)
}

// unitsOf scales the units of a group.
func (b *Buffer[F]) unitsOf(task int) {
	g := &b.groups[task]
	t := &b.tensors[g.tensor]
	addUnits(g, g.gradient, t.Gradient)
	addUnits(g, g.weights, t.Weights)
	b.counts[task] = 0
	for i := range g.gradient {
		factor := b.rule.ScaleUnit(math.Sqrt(g.gradient[i]), math.Sqrt(g.weights[i]))
		if factor != 1 {
			b.counts[task]++
		}
		g.gradient[i] = factor
	}
	if b.counts[task] == 0 {
		return
	}
	for _, s := range g.Strips {
		for row := range s.Rows {
			values := t.Gradient[s.First+row*s.Step:][:s.Width]
			if g.Units == 1 {
				if factor := F(g.gradient[0]); factor != 1 {
					for i := range values {
						values[i] *= factor
					}
				}
				continue
			}
			for i, factor := range g.gradient[:len(values)] {
				values[i] *= F(factor)
			}
		}
	}
}

// addUnits adds up the squares of each unit's values.
func addUnits[F Float](g *unitGroup, sums []float64, values []F) {
	clear(sums)
	for _, s := range g.Strips {
		for row := range s.Rows {
			line := values[s.First+row*s.Step:][:s.Width]
			if g.Units == 1 {
				sums[0] += sumSquares(line)
				continue
			}
			sums := sums[:len(line)]
			for i, x := range line {
				sums[i] += float64(float64(x) * float64(x))
			}
		}
	}
}
