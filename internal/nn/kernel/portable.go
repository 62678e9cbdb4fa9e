package kernel

import (
	"math"
	"unsafe"
)

// The portable set has vectors of 8 floats. Products are converted before they are added, which keeps processors that
// can fuse the two from rounding otherwise than those that cannot.

func portable() *Set {
	return &Set{
		Name: "portable", Lanes: lanesPortable, Panel: 2 * lanesPortable,
		products:               [3][]product{2: {{4, productPortable4}, {1, productPortable1}}},
		InputTransform:         inputTransformPortable,
		OutputTransform:        outputTransformPortable,
		OutputTransformAdd:     outputTransformAddPortable,
		OutputTransformAdjoint: outputTransformAdjointPortable,
		WeightTransform:        weightTransformPortable,
		WeightTransformAdjoint: weightTransformAdjointPortable,
		Add:                    addPortable,
		Activate:               activatePortable,
		Deactivate:             deactivatePortable,
		Sum:                    sumPortable,
		Dot:                    dotPortable,
		Combine:                combinePortable,
		Transpose8:             transpose8Portable,
		Adam:                   adamPortable,
		Descend:                descendPortable,
		peak:                   peakPortable,
	}
}

// lanesPortable is the number of floats of the portable set's vectors.
const lanesPortable = 8

// at is the float a number of bytes after p.
func at(p *float32, bytes int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes)) }

// floats are n floats from p on.
func floats(p *float32, n int) []float32 { return unsafe.Slice(p, n) }

// productPortable4 is Multiply for tiles of 4 rows, two columns at a time, so that sums stay in registers.
func productPortable4(address *int64) {
	p := (*Product)(unsafe.Pointer(address))
	tapsA, tapsB := unsafe.Slice(p.TapsA, p.Taps), unsafe.Slice(p.TapsB, p.Taps)
	for ; p.tiles > 0; p.tiles-- {
		for column := 0; column < 2*lanesPortable; column += 2 {
			var s00, s01, s10, s11, s20, s21, s30, s31 float32
			for t, offset := range tapsA {
				a, b := p.offsetA+offset, tapsB[t]+4*column
				for range p.Depth {
					b0, b1 := *at(p.B, b), *at(p.B, b+4)
					a0, a1 := *at(p.A, a), *at(p.A, a+p.RowStride)
					a2, a3 := *at(p.A, a+2*p.RowStride), *at(p.A, a+3*p.RowStride)
					s00 += float32(a0 * b0)
					s01 += float32(a0 * b1)
					s10 += float32(a1 * b0)
					s11 += float32(a1 * b1)
					s20 += float32(a2 * b0)
					s21 += float32(a2 * b1)
					s30 += float32(a3 * b0)
					s31 += float32(a3 * b1)
					a += p.DepthStride
					b += p.BStride
				}
			}
			for r, sums := range [4][2]float32{{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}} {
				for i, sum := range sums {
					c := at(p.C, p.offsetC+r*p.CStride+4*(column+i))
					if p.Accumulate {
						sum += *c
					}
					*c = sum
				}
			}
		}
		p.offsetA += 4 * p.RowStride
		p.offsetC += 4 * p.CStride
	}
}

// productPortable1 is Multiply for single rows.
func productPortable1(address *int64) {
	p := (*Product)(unsafe.Pointer(address))
	tapsA, tapsB := unsafe.Slice(p.TapsA, p.Taps), unsafe.Slice(p.TapsB, p.Taps)
	for ; p.tiles > 0; p.tiles-- {
		var sums [2 * lanesPortable]float32
		for t, offset := range tapsA {
			for k := range p.Depth {
				left := *at(p.A, p.offsetA+offset+k*p.DepthStride)
				for i, right := range floats(at(p.B, tapsB[t]+k*p.BStride), len(sums)) {
					sums[i] += float32(left * right)
				}
			}
		}
		c := floats(at(p.C, p.offsetC), len(sums))
		for i, sum := range sums {
			if p.Accumulate {
				sum += c[i]
			}
			c[i] = sum
		}
		p.offsetA += p.RowStride
		p.offsetC += p.CStride
	}
}

// square applies a one-dimensional transform to the rows and then to the columns of a square.
func square(values *[6][6]float32, in int, transform func([6]float32) [6]float32) {
	for r := range in {
		values[r] = transform(values[r])
	}
	for c := range 6 {
		var column [6]float32
		for r := range 6 {
			column[r] = values[r][c]
		}
		column = transform(column)
		for r := range 6 {
			values[r][c] = column[r]
		}
	}
}

// The one-dimensional transforms of F(4, 3) at the points 0, 1, -1, 2, -2 and infinity (Lavin and Gray 2016).

func inputRow(d [6]float32) [6]float32 {
	even, odd := d[4]-float32(4*d[2]), d[3]-float32(4*d[1])
	difference, double := d[4]-d[2], float32(2*(d[3]-d[1]))
	first, last := d[4]-float32(5*d[2]), d[5]-float32(5*d[3])
	return [6]float32{first + float32(4*d[0]), even + odd, even - odd, difference + double, difference - double, last + float32(4*d[1])}
}

func outputRow(m [6]float32) [6]float32 {
	sum1, difference1 := m[1]+m[2], m[1]-m[2]
	sum2, difference2 := m[3]+m[4], m[3]-m[4]
	return [6]float32{m[0] + sum1 + sum2, difference1 + float32(2*difference2), sum1 + float32(4*sum2),
		difference1 + m[5] + float32(8*difference2)}
}

func outputAdjointRow(y [6]float32) [6]float32 {
	even, odd := y[0]+y[2], y[1]+y[3]
	even2, odd2 := y[0]+float32(4*y[2]), 2*(y[1]+float32(4*y[3]))
	return [6]float32{y[0], even + odd, even - odd, even2 + odd2, even2 - odd2, y[3]}
}

func weightRow(g [6]float32) [6]float32 {
	const sixth = float32(1. / 6)
	outer, middle := float32(sixth*(g[0]+g[2])), float32(sixth*g[1])
	outer2, middle2 := float32(g[0]*(1./24))+float32(sixth*g[2]), float32(g[1]*(1./12))
	return [6]float32{0.25 * g[0], -outer - middle, middle - outer, outer2 + middle2, outer2 - middle2, g[2]}
}

func weightAdjointRow(m [6]float32) [6]float32 {
	const sixth = float32(1. / 6)
	outer := float32(sixth * (m[1] + m[2]))
	sum, difference := m[3]+m[4], m[3]-m[4]
	return [6]float32{float32(0.25*m[0]) - outer + float32(sum*(1./24)), float32(sixth*(m[2]-m[1])) + float32(difference*(1./12)),
		m[5] - outer + float32(sixth*sum)}
}

func inputTransformPortable(dst, src *float32, planeStride, pitch, step, vectors, tiles int) {
	transformPortable(vectors, tiles, inputRow, pixelGrid(src, 6, pitch, step), planeGrid(dst, planeStride, vectors), nil, 1, false)
}

func outputTransformPortable(dst, src, bias *float32, slope float32, planeStride, pitch, step, vectors, tiles int) {
	transformPortable(vectors, tiles, outputRow, planeGrid(src, planeStride, vectors), pixelGrid(dst, 4, pitch, step), bias, slope, false)
}

func outputTransformAddPortable(dst, src *float32, planeStride, pitch, step, vectors, tiles int) {
	transformPortable(vectors, tiles, outputRow, planeGrid(src, planeStride, vectors), pixelGrid(dst, 4, pitch, step), nil, 1, true)
}

func outputTransformAdjointPortable(dst, src *float32, planeStride, pitch, step, vectors, tiles int) {
	transformPortable(vectors, tiles, outputAdjointRow, pixelGrid(src, 4, pitch, step), planeGrid(dst, planeStride, vectors), nil, 1, false)
}

func weightTransformPortable(dst, src *float32, planeStride, tapStride, vectors int) {
	transformPortable(vectors, 1, weightRow, tapGrid(src, tapStride), planeGrid(dst, planeStride, vectors), nil, 1, false)
}

func weightTransformAdjointPortable(dst, src *float32, planeStride, tapStride, vectors, accumulate int) {
	transformPortable(vectors, 1, weightAdjointRow, planeGrid(src, planeStride, vectors), tapGrid(dst, tapStride), nil, 1, accumulate != 0)
}

// grid is a square of vectors in memory, and next where that of the next tile is; strides are in bytes.
type grid struct {
	base        *float32
	side        int
	row, column int
	next        int
}

func pixelGrid(base *float32, side, pitch, step int) grid {
	return grid{base, side, pitch, step, 4 * step}
}

func planeGrid(base *float32, stride, vectors int) grid {
	return grid{base, 6, 6 * stride, stride, 4 * vectors * lanesPortable}
}

func tapGrid(base *float32, stride int) grid { return grid{base, 3, 3 * stride, stride, 0} }

// transformPortable takes the squares of tiles, for each channel, to others, adds a bias where there is one and what is there
// already where that is asked for, and applies leaky ReLU.
func transformPortable(vectors, tiles int, transform func([6]float32) [6]float32, from, to grid, bias *float32, slope float32, accumulate bool) {
	size := vectors * lanesPortable
	for i := range tiles * size {
		tile, channel := i/size, 4*(i%size)
		var values [6][6]float32
		for r := range from.side {
			for c := range from.side {
				values[r][c] = *at(from.base, tile*from.next+r*from.row+c*from.column+channel)
			}
		}
		square(&values, from.side, transform)
		var add float32
		if bias != nil {
			add = *at(bias, channel)
		}
		for r := range to.side {
			for c := range to.side {
				place := at(to.base, tile*to.next+r*to.row+c*to.column+channel)
				value := leaky(values[r][c]+add, slope)
				if accumulate {
					value += *place
				}
				*place = value
			}
		}
	}
}

func leaky(value, slope float32) float32 {
	if value > 0 {
		return value
	}
	return value * slope
}

func addPortable(dst, a, b *float32, vectors int) {
	n := vectors * lanesPortable
	to, left, right := floats(dst, n), floats(a, n), floats(b, n)
	for i := range to {
		to[i] = left[i] + right[i]
	}
}

func activatePortable(dst, bias *float32, slope float32, step, pixels, vectors int) {
	n := vectors * lanesPortable
	add := floats(bias, n)
	for p := range pixels {
		to := floats(at(dst, p*step), n)
		for i := range to {
			to[i] = leaky(to[i]+add[i], slope)
		}
	}
}

func deactivatePortable(dst, gradient, y *float32, slope float32, step, pixels, vectors int) {
	n := vectors * lanesPortable
	for p := range pixels {
		to, from, out := floats(at(dst, p*step), n), floats(at(gradient, p*step), n), floats(at(y, p*step), n)
		for i := range to {
			if out[i] > 0 {
				to[i] = from[i]
			} else {
				to[i] = from[i] * slope
			}
		}
	}
}

func sumPortable(dst, src *float32, step, pixels, vectors int) {
	n := vectors * lanesPortable
	to := floats(dst, n)
	for p := range pixels {
		for i, value := range floats(at(src, p*step), n) {
			to[i] += value
		}
	}
}

func dotPortable(dst, a, b *float32, step, pixels, vectors int) {
	n := vectors * lanesPortable
	to := floats(dst, n)
	for p := range pixels {
		right := floats(at(b, p*step), n)
		for i, left := range floats(at(a, p*step), n) {
			to[i] += float32(left * right[i])
		}
	}
}

func combinePortable(dst, a, p, b, q *float32, step, pixels, vectors int) {
	n := vectors * lanesPortable
	ofA, ofB := floats(p, n), floats(q, n)
	for pixel := range pixels {
		to, right := floats(at(dst, pixel*step), n), floats(at(b, pixel*step), n)
		for i, left := range floats(at(a, pixel*step), n) {
			to[i] = float32(ofA[i]*left) + float32(ofB[i]*right[i])
		}
	}
}

func transpose8Portable(dst, src *float32, dstStride, srcStride int) {
	for r := range 8 {
		for c := range 8 {
			*at(dst, c*dstStride+4*r) = *at(src, r*srcStride+4*c)
		}
	}
}

func adamPortable(weights, gradients, first, second, constants *float32, vectors int) {
	n := vectors * lanesPortable
	w, g, m, v := floats(weights, n), floats(gradients, n), floats(first, n), floats(second, n)
	c := (*AdamStep)(unsafe.Pointer(constants))
	for i := range w {
		gradient := g[i] + float32(c.WeightDecay*w[i])
		m[i] = float32(c.Keep1*m[i]) + float32(c.New1*gradient)
		v[i] = float32(c.Keep2*v[i]) + float32(c.New2*float32(gradient*gradient))
		root := float32(math.Sqrt(float64(v[i])))
		w[i] -= float32(c.Rate*m[i]) / (float32(c.RootScale*root) + c.Epsilon)
	}
}

func descendPortable(weights, gradients, velocity, constants *float32, vectors int) {
	n := vectors * lanesPortable
	w, g, v := floats(weights, n), floats(gradients, n), floats(velocity, n)
	c := (*DescentStep)(unsafe.Pointer(constants))
	for i := range w {
		gradient := g[i] + float32(c.WeightDecay*w[i])
		v[i] = float32(c.Momentum*v[i]) + gradient
		w[i] = w[i] - float32(c.Direct*gradient) - float32(c.Along*v[i])
	}
}

// peakSink keeps the compiler from dropping peakPortable's work.
var peakSink float32

func peakPortable(rounds int) {
	var sums [12]float32
	one := peakSink
	for range rounds * lanesPortable {
		for i := range sums {
			sums[i] += one * one
		}
	}
	peakSink += sums[0]
}
