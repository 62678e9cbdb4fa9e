package main

// The one-dimensional transforms of F(4,3) at the points 0, 1, -1, 2, -2 and infinity, for any instruction set. Each is a
// few sums and products of vectors; a two-dimensional transform is one along the rows and then one along the columns.

// arithmetic is what an instruction set does with vectors. fma is number*a + b, fnma b - number*a.
type arithmetic[V any] interface {
	add(a, b V) V
	sub(a, b V) V
	negative(a V) V
	mul(number float32, a V) V
	fma(number float32, a, b V) V
	fnma(number float32, a, b V) V
}

// transform is a one-dimensional transform of some values to others.
type transform[V any] struct {
	in, out   int
	constants []float32
	apply     func(w arithmetic[V], d []V) []V
}

// inputTransform is B^T.
func inputTransform[V any]() transform[V] {
	return transform[V]{6, 6, []float32{2, 4, 5}, func(w arithmetic[V], d []V) []V {
		even, odd := w.fnma(4, d[2], d[4]), w.fnma(4, d[1], d[3])
		difference, double := w.sub(d[4], d[2]), w.sub(d[3], d[1])
		first := w.fnma(5, d[2], d[4])
		last := w.fnma(5, d[3], d[5])
		return []V{
			w.fma(4, d[0], first), w.add(even, odd), w.sub(even, odd),
			w.fma(2, double, difference), w.fnma(2, double, difference), w.fma(4, d[1], last),
		}
	}}
}

// outputTransform is A^T.
func outputTransform[V any]() transform[V] {
	return transform[V]{6, 4, []float32{2, 4, 8}, func(w arithmetic[V], m []V) []V {
		sum1, difference1 := w.add(m[1], m[2]), w.sub(m[1], m[2])
		sum2, difference2 := w.add(m[3], m[4]), w.sub(m[3], m[4])
		return []V{
			w.add(w.add(m[0], sum1), sum2), w.fma(2, difference2, difference1),
			w.fma(4, sum2, sum1), w.fma(8, difference2, w.add(difference1, m[5])),
		}
	}}
}

// outputAdjoint is A.
func outputAdjoint[V any]() transform[V] {
	return transform[V]{4, 6, []float32{2, 4}, func(w arithmetic[V], y []V) []V {
		even, odd := w.add(y[0], y[2]), w.add(y[1], y[3])
		even2 := w.fma(4, y[2], y[0])
		odd2 := w.mul(2, w.fma(4, y[3], y[1]))
		return []V{y[0], w.add(even, odd), w.sub(even, odd), w.add(even2, odd2), w.sub(even2, odd2), y[3]}
	}}
}

// weightTransform is G.
func weightTransform[V any]() transform[V] {
	return transform[V]{3, 6, []float32{0.25, 1. / 6, 1. / 24, 1. / 12}, func(w arithmetic[V], g []V) []V {
		sixth := w.mul(1./6, w.add(g[0], g[2]))
		middle := w.mul(1./6, g[1])
		outer := w.fma(1./24, g[0], w.mul(1./6, g[2]))
		half := w.mul(1./12, g[1])
		negative := w.negative(sixth)
		return []V{w.mul(0.25, g[0]), w.sub(negative, middle), w.sub(middle, sixth),
			w.add(outer, half), w.sub(outer, half), g[2]}
	}}
}

// weightAdjoint is G^T.
func weightAdjoint[V any]() transform[V] {
	return transform[V]{6, 3, []float32{0.25, 1. / 6, 1. / 24, 1. / 12}, func(w arithmetic[V], m []V) []V {
		sixth := w.mul(1./6, w.add(m[1], m[2]))
		sum, difference := w.add(m[3], m[4]), w.sub(m[3], m[4])
		g0 := w.fma(1./24, sum, w.fma(0.25, m[0], w.negative(sixth)))
		g1 := w.fma(1./12, difference, w.mul(1./6, w.sub(m[2], m[1])))
		g2 := w.fma(1./6, sum, w.sub(m[5], sixth))
		return []V{g0, g1, g2}
	}}
}
