package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise makes the functions that walk rows of vectors.
func (x isa) elementwise() {
	TEXT("add"+x.suffix, NOSPLIT, "func(dst, a, b *float32, vectors int)")
	Pragma("noescape")
	Doc("add" + x.suffix + " puts a + b into dst.")
	x.walk([]string{"dst", "a", "b"}, func(p []GPVirtual) {
		v := x.vector()
		VMOVUPS(Mem{Base: p[1]}, v)
		VADDPS(Mem{Base: p[2]}, v, v)
		VMOVUPS(v, Mem{Base: p[0]})
	})

	TEXT("activate"+x.suffix, NOSPLIT, "func(dst, bias *float32, slope float32, step, pixels, vectors int)")
	Pragma("noescape")
	Doc("activate" + x.suffix + " adds a bias to channels of pixels a step of bytes apart and applies leaky ReLU.")
	slope := x.broadcastParameter("slope")
	x.columns([]string{"dst"}, []string{"bias"}, func(p, q []GPVirtual) func() {
		bias := x.vector()
		VMOVUPS(Mem{Base: q[0]}, bias)
		x.pixels(p, func(at []Mem) {
			v, low := x.vector(), x.vector()
			VADDPS(at[0], bias, v)
			VMULPS(v, slope, low)
			VMAXPS(v, low, v)
			VMOVUPS(v, at[0])
		})
		return nil
	})

	TEXT("deactivate"+x.suffix, NOSPLIT, "func(dst, gradient, y *float32, slope float32, step, pixels, vectors int)")
	Pragma("noescape")
	Doc("deactivate" + x.suffix + " takes the gradients of pixels a step of bytes apart back through leaky ReLU.")
	zero := x.vector()
	x.zero(zero)
	leak := x.broadcastParameter("slope")
	x.columns([]string{"dst", "gradient", "y"}, nil, func(p, _ []GPVirtual) func() {
		x.pixels(p, func(at []Mem) {
			g, low, y := x.vector(), x.vector(), x.vector()
			VMOVUPS(at[1], g)
			VMULPS(g, leak, low)
			VMOVUPS(at[2], y)
			// Predicate 30 is "greater than, ordered, quiet".
			if x.lanes == 16 {
				mask := K()
				VCMPPS(Imm(30), zero, y, mask)
				VBLENDMPS(g, low, mask, g)
			} else {
				mask := x.vector()
				VCMPPS(Imm(30), zero, y, mask)
				VBLENDVPS(mask, g, low, g)
			}
			VMOVUPS(g, at[0])
		})
		return nil
	})

	TEXT("sum"+x.suffix, NOSPLIT, "func(dst, src *float32, step, pixels, vectors int)")
	Pragma("noescape")
	Doc("sum" + x.suffix + " adds pixels a step of bytes apart to dst.")
	x.columns([]string{"src"}, []string{"dst"}, func(p, q []GPVirtual) func() {
		sum := x.vector()
		VMOVUPS(Mem{Base: q[0]}, sum)
		x.pixels(p, func(at []Mem) { VADDPS(at[0], sum, sum) })
		return func() { VMOVUPS(sum, Mem{Base: q[0]}) }
	})

	TEXT("dot"+x.suffix, NOSPLIT, "func(dst, a, b *float32, step, pixels, vectors int)")
	Pragma("noescape")
	Doc("dot" + x.suffix + " adds the products of pixels a step of bytes apart to dst.")
	x.columns([]string{"a", "b"}, []string{"dst"}, func(p, q []GPVirtual) func() {
		sum := x.vector()
		VMOVUPS(Mem{Base: q[0]}, sum)
		x.pixels(p, func(at []Mem) {
			v := x.vector()
			VMOVUPS(at[0], v)
			VFMADD231PS(at[1], v, sum)
		})
		return func() { VMOVUPS(sum, Mem{Base: q[0]}) }
	})

	TEXT("combine"+x.suffix, NOSPLIT, "func(dst, a, p, b, q *float32, step, pixels, vectors int)")
	Pragma("noescape")
	Doc("combine" + x.suffix + " puts p*a + q*b into dst, for pixels a step of bytes apart; p and q are those of channels.")
	x.columns([]string{"dst", "a", "b"}, []string{"p", "q"}, func(at, factors []GPVirtual) func() {
		p, q := x.vector(), x.vector()
		VMOVUPS(Mem{Base: factors[0]}, p)
		VMOVUPS(Mem{Base: factors[1]}, q)
		x.pixels(at, func(at []Mem) {
			v := x.vector()
			VMULPS(at[1], p, v)
			VFMADD231PS(at[2], q, v)
			VMOVUPS(v, at[0])
		})
		return nil
	})
}

func (x isa) broadcastParameter(name string) VecVirtual {
	at, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := x.vector()
	VBROADCASTSS(at.Addr, v)
	return v
}

// columns makes the loop over vectors of channels. The pointers named first are to pixels, those named second to one
// vector for all pixels; body makes the loop over pixels and returns what is to follow it.
func (x isa) columns(pixels, single []string, body func(p, q []GPVirtual) func()) {
	var p, q []GPVirtual
	for _, name := range pixels {
		p = append(p, parameter(name))
	}
	for _, name := range single {
		q = append(q, parameter(name))
	}
	vectors := parameter("vectors")
	Label("vector")
	if after := body(p, q); after != nil {
		after()
	}
	for _, pointer := range append(p, q...) {
		ADDQ(Imm(uint64(x.bytes())), pointer)
	}
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	VZEROUPPER()
	RET()
}

// pixels makes the loop over pixels.
func (x isa) pixels(p []GPVirtual, body func(at []Mem)) {
	step, count, offset := parameter("step"), parameter("pixels"), GP64()
	XORQ(offset, offset)
	Label("pixel")
	var at []Mem
	for _, pointer := range p {
		at = append(at, Mem{Base: pointer, Index: offset, Scale: 1})
	}
	body(at)
	ADDQ(step, offset)
	DECQ(count)
	JNZ(LabelRef("pixel"))
}

// walk makes the loop over the vectors that the pointers named go along, and what is to follow it.
func (x isa) walk(names []string, body func(p []GPVirtual), after ...func()) {
	pointers := make([]GPVirtual, len(names))
	for i, name := range names {
		pointers[i] = GP64()
		Load(Param(name), pointers[i])
	}
	vectors := parameter("vectors")
	Label("vector")
	body(pointers)
	for _, pointer := range pointers {
		ADDQ(Imm(uint64(x.bytes())), pointer)
	}
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	for _, follow := range after {
		follow()
	}
	VZEROUPPER()
	RET()
}

// flushDenormals makes the function treat numbers too small for a full mantissa as 0, until what it returns puts the
// processor's mode back. The moments of a weight whose gradient stays 0 sink to such numbers and stay there, and a processor
// takes a hundred times as long for them.
func flushDenormals() (restore func()) {
	const both = 0x8040 // flush results to zero, take operands as zero
	modes := AllocLocal(8)
	mode := GP32()
	STMXCSR(modes)
	MOVL(modes, mode)
	ORL(U32(both), mode)
	MOVL(mode, modes.Offset(4))
	LDMXCSR(modes.Offset(4))
	return func() { LDMXCSR(modes) }
}

// optimizers makes the updates of weights, each in one pass over them and their moments.
func (x isa) optimizers() {
	TEXT("adam"+x.suffix, NOSPLIT, "func(weights, gradients, first, second *float32, c *float32, vectors int)")
	Pragma("noescape")
	Doc("adam" + x.suffix + " updates moments and weights in one pass.")
	restore := flushDenormals()
	c := parameter("c")
	load := func(i int) VecVirtual {
		v := x.vector()
		VBROADCASTSS(Mem{Base: c, Disp: 4 * i}, v)
		return v
	}
	keep1, new1, keep2, new2, rate, rootScale, epsilon, decay := load(0), load(1), load(2), load(3), load(4), load(5), load(6), load(7)
	x.walk([]string{"weights", "gradients", "first", "second"}, func(p []GPVirtual) {
		w, g, m, v := x.vector(), x.vector(), x.vector(), x.vector()
		VMOVUPS(Mem{Base: p[0]}, w)
		VMOVUPS(Mem{Base: p[1]}, g)
		VFMADD231PS(decay, w, g)
		VMULPS(Mem{Base: p[2]}, keep1, m)
		VFMADD231PS(new1, g, m)
		VMOVUPS(m, Mem{Base: p[2]})
		VMULPS(g, g, g)
		VMULPS(Mem{Base: p[3]}, keep2, v)
		VFMADD231PS(new2, g, v)
		VMOVUPS(v, Mem{Base: p[3]})
		VSQRTPS(v, v)
		root := x.vector()
		VMULPS(rootScale, v, root)
		VADDPS(epsilon, root, root)
		VMULPS(rate, m, m)
		VDIVPS(root, m, m)
		VSUBPS(m, w, w)
		VMOVUPS(w, Mem{Base: p[0]})
	}, restore)

	TEXT("descend"+x.suffix, NOSPLIT, "func(weights, gradients, velocity *float32, c *float32, vectors int)")
	Pragma("noescape")
	Doc("descend" + x.suffix + " updates velocity and weights of gradient descent in one pass.")
	restore = flushDenormals()
	c = parameter("c")
	momentum, direct, along, shrink := load(0), load(1), load(2), load(3)
	x.walk([]string{"weights", "gradients", "velocity"}, func(p []GPVirtual) {
		w, g, v := x.vector(), x.vector(), x.vector()
		VMOVUPS(Mem{Base: p[0]}, w)
		VMOVUPS(Mem{Base: p[1]}, g)
		VFMADD231PS(shrink, w, g)
		VMULPS(Mem{Base: p[2]}, momentum, v)
		VADDPS(g, v, v)
		VMOVUPS(v, Mem{Base: p[2]})
		VFNMADD231PS(direct, g, w)
		VFNMADD231PS(along, v, w)
		VMOVUPS(w, Mem{Base: p[0]})
	}, restore)
}

// transpose makes the transposition of 8 by 8 numbers, for both instruction sets.
func transpose() {
	TEXT("transpose8AVX2", NOSPLIT, "func(dst, src *float32, dstStride, srcStride int)")
	Pragma("noescape")
	Doc("transpose8AVX2 transposes 8 rows of 8 numbers; strides are in bytes.")
	dst, src := parameter("dst"), parameter("src")
	dstStride, srcStride := parameter("dstStride"), parameter("srcStride")
	binary := func(op func(a, b, c VecVirtual), a, b VecVirtual) VecVirtual { c := YMM(); op(a, b, c); return c }
	low := func(a, b VecVirtual) VecVirtual {
		return binary(func(a, b, c VecVirtual) { VUNPCKLPS(b, a, c) }, a, b)
	}
	high := func(a, b VecVirtual) VecVirtual {
		return binary(func(a, b, c VecVirtual) { VUNPCKHPS(b, a, c) }, a, b)
	}
	shuffle := func(control uint64) func(a, b VecVirtual) VecVirtual {
		return func(a, b VecVirtual) VecVirtual {
			return binary(func(a, b, c VecVirtual) { VSHUFPS(Imm(control), b, a, c) }, a, b)
		}
	}
	halves := func(control uint64, a, b VecVirtual) VecVirtual {
		return binary(func(a, b, c VecVirtual) { VPERM2F128(Imm(control), b, a, c) }, a, b)
	}
	var r [8]VecVirtual
	for i := range r {
		r[i] = YMM()
		VMOVUPS(Mem{Base: src}, r[i])
		if i < 7 {
			ADDQ(srcStride, src)
		}
	}
	// Pairs of rows are interleaved, then pairs of pairs, then halves.
	var quads [8]VecVirtual
	for half := range 2 {
		a, b, c, d := r[4*half], r[4*half+1], r[4*half+2], r[4*half+3]
		lowAB, lowCD, highAB, highCD := low(a, b), low(c, d), high(a, b), high(c, d)
		quads[4*half] = shuffle(0x44)(lowAB, lowCD)
		quads[4*half+1] = shuffle(0xee)(lowAB, lowCD)
		quads[4*half+2] = shuffle(0x44)(highAB, highCD)
		quads[4*half+3] = shuffle(0xee)(highAB, highCD)
	}
	for i := range 8 {
		control := uint64(0x20)
		if i >= 4 {
			control = 0x31
		}
		VMOVUPS(halves(control, quads[i%4], quads[4+i%4]), Mem{Base: dst})
		if i < 7 {
			ADDQ(dstStride, dst)
		}
	}
	VZEROUPPER()
	RET()
}
