package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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

func (w values) negative(a VecVirtual) VecVirtual {
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
func (w values) square(t transform[VecVirtual], load func(row, column int) VecVirtual, store func(row, column int, v VecVirtual)) {
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

func (x isa) values(t transform[VecVirtual]) values {
	w := values{x, map[float32]VecVirtual{}}
	w.prepare(t.constants...)
	return w
}

func (x isa) inputTransform() {
	x.pixelsToPlanes("inputTransform", "makes the 36 planes of one 6x6 tile", inputTransform[VecVirtual]())
}

func (x isa) outputTransformAdjoint() {
	x.pixelsToPlanes("outputTransformAdjoint", "makes the 36 planes of one 4x4 tile of gradients", outputAdjoint[VecVirtual]())
}

// pixelsToPlanes makes a function that takes a tile of pixels to planes.
func (x isa) pixelsToPlanes(name, doc string, t transform[VecVirtual]) {
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
		w := x.values(outputTransform[VecVirtual]())
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
		w.square(outputTransform[VecVirtual](), func(r, c int) VecVirtual {
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
	w := x.values(weightTransform[VecVirtual]())
	dst := newPlanes(parameter("dst"), parameter("planeStride"))
	src, tapStride := parameter("src"), parameter("tapStride")
	vectors := parameter("vectors")
	at := GP64()
	Label("vector")
	w.square(weightTransform[VecVirtual](), func(r, c int) VecVirtual {
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
	w := x.values(weightAdjoint[VecVirtual]())
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
	w.square(weightAdjoint[VecVirtual](), func(r, c int) VecVirtual {
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
