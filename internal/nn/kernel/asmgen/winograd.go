package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The one-dimensional transforms of F(4,3) at the points 0, 1, -1, 2, -2 and infinity. Each is a few sums and
// products of vectors; a two-dimensional transform is one along the rows and then one along the columns.

// values hands out vectors and constants within one function.
type values struct {
	isa
	constants map[float32]VecVirtual
}

// constant broadcasts a number once; the function that uses it must have called prepare for it.
func (w values) prepare(numbers ...float32) {
	for _, number := range numbers {
		v := w.vector()
		VBROADCASTSS(floatData(number), v)
		w.constants[number] = v
	}
}

var floats = map[float32]Mem{}

// floatData is a read-only global that holds a number.
func floatData(number float32) Mem {
	if at, ok := floats[number]; ok {
		return at
	}
	at := GLOBL("float"+string(rune('A'+len(floats))), RODATA|NOPTR)
	DATA(0, F32(number))
	floats[number] = at
	return at
}

func (w values) add(a, b VecVirtual) VecVirtual { c := w.vector(); VADDPS(b, a, c); return c }
func (w values) sub(a, b VecVirtual) VecVirtual { c := w.vector(); VSUBPS(b, a, c); return c }

// fma returns number*a + b; fnma returns b - number*a; mul returns number*a.
func (w values) fma(number float32, a, b VecVirtual) VecVirtual {
	c := w.vector()
	VMOVAPS(b, c)
	VFMADD231PS(w.constants[number], a, c)
	return c
}

func (w values) fnma(number float32, a, b VecVirtual) VecVirtual {
	c := w.vector()
	VMOVAPS(b, c)
	VFNMADD231PS(w.constants[number], a, c)
	return c
}

func (w values) mul(number float32, a VecVirtual) VecVirtual {
	c := w.vector()
	VMULPS(w.constants[number], a, c)
	return c
}

// transform is a one-dimensional transform of some values to others.
type transform struct {
	in, out   int
	constants []float32
	apply     func(w values, d []VecVirtual) []VecVirtual
}

// inputTransform is B^T.
var inputTransform = transform{6, 6, []float32{2, 4, 5}, func(w values, d []VecVirtual) []VecVirtual {
	even, odd := w.fnma(4, d[2], d[4]), w.fnma(4, d[1], d[3])
	difference, double := w.sub(d[4], d[2]), w.sub(d[3], d[1])
	first := w.fnma(5, d[2], d[4])
	last := w.fnma(5, d[3], d[5])
	return []VecVirtual{
		w.fma(4, d[0], first), w.add(even, odd), w.sub(even, odd),
		w.fma(2, double, difference), w.fnma(2, double, difference), w.fma(4, d[1], last),
	}
}}

// outputTransform is A^T.
var outputTransform = transform{6, 4, []float32{2, 4, 8}, func(w values, m []VecVirtual) []VecVirtual {
	sum1, difference1 := w.add(m[1], m[2]), w.sub(m[1], m[2])
	sum2, difference2 := w.add(m[3], m[4]), w.sub(m[3], m[4])
	return []VecVirtual{
		w.add(w.add(m[0], sum1), sum2), w.fma(2, difference2, difference1),
		w.fma(4, sum2, sum1), w.fma(8, difference2, w.add(difference1, m[5])),
	}
}}

// outputAdjoint is A.
var outputAdjoint = transform{4, 6, []float32{2, 4}, func(w values, y []VecVirtual) []VecVirtual {
	even, odd := w.add(y[0], y[2]), w.add(y[1], y[3])
	even2 := w.fma(4, y[2], y[0])
	odd2 := w.mul(2, w.fma(4, y[3], y[1]))
	return []VecVirtual{y[0], w.add(even, odd), w.sub(even, odd), w.add(even2, odd2), w.sub(even2, odd2), y[3]}
}}

// weightTransform is G.
var weightTransform = transform{3, 6, []float32{0.25, 1. / 6, 1. / 24, 1. / 12}, func(w values, g []VecVirtual) []VecVirtual {
	sixth := w.mul(1./6, w.add(g[0], g[2]))
	middle := w.mul(1./6, g[1])
	zero := w.vector()
	w.zero(zero)
	outer := w.fma(1./24, g[0], w.mul(1./6, g[2]))
	half := w.mul(1./12, g[1])
	negative := w.sub(zero, sixth)
	return []VecVirtual{w.mul(0.25, g[0]), w.sub(negative, middle), w.sub(middle, sixth),
		w.add(outer, half), w.sub(outer, half), g[2]}
}}

// weightAdjoint is G^T.
var weightAdjoint = transform{6, 3, []float32{0.25, 1. / 6, 1. / 24, 1. / 12}, func(w values, m []VecVirtual) []VecVirtual {
	sixth := w.mul(1./6, w.add(m[1], m[2]))
	sum, difference := w.add(m[3], m[4]), w.sub(m[3], m[4])
	g0 := w.fma(1./24, sum, w.fma(0.25, m[0], w.vectorNegative(sixth)))
	g1 := w.fma(1./12, difference, w.mul(1./6, w.sub(m[2], m[1])))
	g2 := w.fma(1./6, sum, w.sub(m[5], sixth))
	return []VecVirtual{g0, g1, g2}
}}

func (w values) vectorNegative(a VecVirtual) VecVirtual {
	zero := w.vector()
	w.zero(zero)
	return w.sub(zero, a)
}

// local is memory for vectors on the stack, aligned to a vector: a store that crosses cache lines is a slow one.
func (x isa) local(vectors int) Mem {
	base := GP64()
	LEAQ(AllocLocal((vectors+1)*x.bytes()), base)
	ADDQ(Imm(uint64(x.bytes()-1)), base)
	ANDQ(I32(-int32(x.bytes())), base)
	return Mem{Base: base}
}

// square applies a transform along both dimensions: load brings element (row, column), store takes it away.
func (w values) square(t transform, load func(row, column int) VecVirtual, store func(row, column int, v VecVirtual)) {
	scratch := w.local(t.in * t.out)
	at := func(row, column int) Mem { return scratch.Offset((row*t.out + column) * w.bytes()) }
	for row := range t.in {
		d := make([]VecVirtual, t.in)
		for column := range d {
			d[column] = load(row, column)
		}
		for column, v := range t.apply(w, d) {
			VMOVUPS(v, at(row, column))
		}
	}
	for column := range t.out {
		d := make([]VecVirtual, t.in)
		for row := range d {
			d[row] = w.vector()
			VMOVUPS(at(row, column), d[row])
		}
		for row, v := range t.apply(w, d) {
			store(row, column, v)
		}
	}
}

// planes walks over 36 planes a stride apart: row by row where they are read, column by column where they are written.
type planes struct{ base, stride, row, column, at GPVirtual }

func newPlanes(base, stride GPVirtual) planes {
	p := planes{base: base, stride: stride, row: GP64(), column: GP64(), at: GP64()}
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, p.row)
	ADDQ(p.row, p.row)
	return p
}

func (p planes) next(row, column int) Mem {
	if row == 0 && column == 0 {
		MOVQ(p.base, p.at)
	} else {
		ADDQ(p.stride, p.at)
	}
	return Mem{Base: p.at}
}

func (p planes) nextOfColumn(row, column int) Mem {
	switch {
	case row > 0:
		ADDQ(p.row, p.at)
		return Mem{Base: p.at}
	case column == 0:
		MOVQ(p.base, p.column)
	default:
		ADDQ(p.stride, p.column)
	}
	MOVQ(p.column, p.at)
	return Mem{Base: p.at}
}

func (p planes) advance(bytes int) { ADDQ(Imm(uint64(bytes)), p.base) }

func (x isa) values(t transform) values {
	w := values{x, map[float32]VecVirtual{}}
	w.prepare(t.constants...)
	return w
}

func (x isa) inputTransform() {
	x.pixelsToPlanes("inputTransform", "makes the 36 planes of one 6x6 tile", inputTransform)
}

func (x isa) outputTransformAdjoint() {
	x.pixelsToPlanes("outputTransformAdjoint", "makes the 36 planes of one 4x4 tile of gradients", outputAdjoint)
}

// pixelsToPlanes makes a function that takes a tile of pixels to planes.
func (x isa) pixelsToPlanes(name, doc string, t transform) {
	TEXT(name+x.suffix, 0, "func(dst, src *float32, planeStride, pitch, step, vectors int)")
	Pragma("noescape")
	Doc(name + x.suffix + " " + doc + "; strides are in bytes.")
	w := x.values(t)
	dst := newPlanes(parameter("dst"), parameter("planeStride"))
	src := parameter("src")
	pitch, step := parameter("pitch"), parameter("step")
	vectors := parameter("vectors")
	row := GP64()
	Label("vector")
	MOVQ(src, row)
	last := 0
	at := GP64()
	w.square(t, func(r, c int) VecVirtual {
		if r != last {
			ADDQ(pitch, row)
			last = r
		}
		if c == 0 {
			MOVQ(row, at)
		} else {
			ADDQ(step, at)
		}
		v := w.vector()
		VMOVUPS(Mem{Base: at}, v)
		return v
	}, func(r, c int, v VecVirtual) { VMOVUPS(v, dst.nextOfColumn(r, c)) })
	dst.advance(x.bytes())
	ADDQ(Imm(uint64(x.bytes())), src)
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	VZEROUPPER()
	RET()
}

func (x isa) outputTransform() {
	for _, accumulate := range []bool{false, true} {
		name, doc := "outputTransform", " makes one 4x4 tile of the 36 planes, with bias and leaky ReLU; strides are in bytes."
		signature := "func(dst, src, bias *float32, slope float32, planeStride, pitch, step, vectors int)"
		if accumulate {
			name, doc = "outputTransformAdd", " adds one 4x4 tile of the 36 planes; strides are in bytes."
			signature = "func(dst, src *float32, planeStride, pitch, step, vectors int)"
		}
		TEXT(name+x.suffix, 0, signature)
		Pragma("noescape")
		Doc(name + x.suffix + doc)
		w := x.values(outputTransform)
		src := newPlanes(parameter("src"), parameter("planeStride"))
		dst := parameter("dst")
		at := GP64()
		vectors := GP64()
		var bias GPVirtual
		if !accumulate {
			bias = GP64()
			Load(Param("bias"), bias)
		}
		// Few registers are left: what is used once a row is read where it is used.
		pitch, err := Param("pitch").Resolve()
		if err != nil {
			panic(err)
		}
		step, err := Param("step").Resolve()
		if err != nil {
			panic(err)
		}
		slopeAt := Mem{}
		if !accumulate {
			slope, err := Param("slope").Resolve()
			if err != nil {
				panic(err)
			}
			slopeAt = slope.Addr
		}
		Load(Param("vectors"), vectors)
		Label("vector")
		w.square(outputTransform, func(r, c int) VecVirtual {
			v := w.vector()
			VMOVUPS(src.next(r, c), v)
			return v
		}, func(r, c int, v VecVirtual) {
			if r == 0 {
				MOVQ(dst, at)
				for range c {
					ADDQ(step.Addr, at)
				}
			} else {
				ADDQ(pitch.Addr, at)
			}
			if accumulate {
				VADDPS(Mem{Base: at}, v, v)
				VMOVUPS(v, Mem{Base: at})
				return
			}
			slope, low := w.vector(), w.vector()
			VADDPS(Mem{Base: bias}, v, v)
			VBROADCASTSS(slopeAt, slope)
			VMULPS(v, slope, low)
			VMAXPS(v, low, v)
			VMOVUPS(v, Mem{Base: at})
		})
		src.advance(x.bytes())
		ADDQ(Imm(uint64(x.bytes())), dst)
		if !accumulate {
			ADDQ(Imm(uint64(x.bytes())), bias)
		}
		DECQ(vectors)
		JNZ(LabelRef("vector"))
		VZEROUPPER()
		RET()
	}
}

func (x isa) weightTransform() {
	TEXT("weightTransform"+x.suffix, 0, "func(dst, src *float32, planeStride, tapStride, vectors int)")
	Pragma("noescape")
	Doc("weightTransform" + x.suffix + " makes 36 planes of the 9 taps of 3x3 kernels; strides are in bytes.")
	w := x.values(weightTransform)
	dst := newPlanes(parameter("dst"), parameter("planeStride"))
	src, tapStride := parameter("src"), parameter("tapStride")
	vectors := parameter("vectors")
	at := GP64()
	Label("vector")
	w.square(weightTransform, func(r, c int) VecVirtual {
		if r == 0 && c == 0 {
			MOVQ(src, at)
		} else {
			ADDQ(tapStride, at)
		}
		v := w.vector()
		VMOVUPS(Mem{Base: at}, v)
		return v
	}, func(r, c int, v VecVirtual) { VMOVUPS(v, dst.nextOfColumn(r, c)) })
	dst.advance(x.bytes())
	ADDQ(Imm(uint64(x.bytes())), src)
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	VZEROUPPER()
	RET()
}

func (x isa) weightTransformAdjoint() {
	TEXT("weightTransformAdjoint"+x.suffix, 0, "func(dst, src *float32, planeStride, tapStride, vectors, accumulate int)")
	Pragma("noescape")
	Doc("weightTransformAdjoint" + x.suffix + " makes, or adds to, the 9 taps' gradients of those of the 36 planes; strides are in bytes.")
	w := x.values(weightAdjoint)
	src := newPlanes(parameter("src"), parameter("planeStride"))
	dst := parameter("dst")
	vectors := parameter("vectors")
	at := GP64()
	tapStride, err := Param("tapStride").Resolve()
	if err != nil {
		panic(err)
	}
	accumulate, err := Param("accumulate").Resolve()
	if err != nil {
		panic(err)
	}
	results := x.local(9)
	Label("vector")
	w.square(weightAdjoint, func(r, c int) VecVirtual {
		v := w.vector()
		VMOVUPS(src.next(r, c), v)
		return v
	}, func(r, c int, v VecVirtual) { VMOVUPS(v, results.Offset((3*r+c)*x.bytes())) })
	MOVQ(dst, at)
	CMPQ(accumulate.Addr, Imm(0))
	JEQ(LabelRef("write"))
	for tap := range 9 {
		v := w.vector()
		VMOVUPS(results.Offset(tap*x.bytes()), v)
		VADDPS(Mem{Base: at}, v, v)
		VMOVUPS(v, Mem{Base: at})
		ADDQ(tapStride.Addr, at)
	}
	JMP(LabelRef("next"))
	Label("write")
	for tap := range 9 {
		v := w.vector()
		VMOVUPS(results.Offset(tap*x.bytes()), v)
		VMOVUPS(v, Mem{Base: at})
		ADDQ(tapStride.Addr, at)
	}
	Label("next")
	src.advance(x.bytes())
	ADDQ(Imm(uint64(x.bytes())), dst)
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	VZEROUPPER()
	RET()
}
