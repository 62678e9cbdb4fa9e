// Command asmgen writes the assembly of package fourier: the butterflies of each radix, for AVX-512 and for AVX2 with FMA. It is
// a module of its own so that only those who change butterflies need the assembler. Run it with go generate in the folder
// above.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is a vector instruction set.
type isa struct {
	suffix string
	bytes  int
	vector func() VecVirtual
}

var isas = []isa{
	{"AVX512", 64, func() VecVirtual { return ZMM() }},
	{"AVX2", 32, func() VecVirtual { return YMM() }},
}

// value is a vector of complex numbers.
type value struct{ re, im VecVirtual }

func main() {
	ConstraintExpr("amd64")
	for _, x := range isas {
		x.pass(2, x.radix2)
		x.pass(3, x.radix3)
		x.pass(4, x.radix4)
		x.pass(5, x.radix5)
	}
	Generate()
}

// function is a pass that is being written.
type function struct {
	isa
	src, dst                       [2]Register // of the vector at hand, real and imaginary parts
	srcStride, dstStride           Register    // from one input of a butterfly to the next
	src3, dst3                     Register    // three times that, where there are so many
	twiddles, constants, remaining Register
}

// pass makes a function that does one pass. Butterfly writes what is done to a vector of each input.
func (x isa) pass(radix int, butterfly func(f *function)) {
	TEXT(fmt.Sprintf("pass%d%s", radix, x.suffix), NOSPLIT, "func(dstRe, dstIm, srcRe, srcIm *float64, rows, width int, twiddles, constants *float64)")
	Pragma("noescape")
	Doc(fmt.Sprintf("pass%d%s does a pass of radix %d. Width is in bytes.", radix, x.suffix, radix))
	parameter := func(name string) Register { return Load(Param(name), GP64()) }
	f := &function{isa: x, dst: [2]Register{parameter("dstRe"), parameter("dstIm")}, src: [2]Register{parameter("srcRe"), parameter("srcIm")}}
	rows, width := parameter("rows"), parameter("width")
	f.twiddles, f.constants = parameter("twiddles"), parameter("constants")
	f.dstStride = width
	f.srcStride = GP64()
	MOVQ(width, f.srcStride)
	IMULQ(rows, f.srcStride)
	if radix > 3 {
		f.src3, f.dst3 = GP64(), GP64()
		LEAQ(Mem{Base: f.srcStride, Index: f.srcStride, Scale: 2}, f.src3)
		LEAQ(Mem{Base: f.dstStride, Index: f.dstStride, Scale: 2}, f.dst3)
	}
	f.remaining = GP64()
	label := func(name string) string { return name }
	Label(label("row"))
	MOVQ(width, f.remaining)
	Label(label("vector"))
	butterfly(f)
	for _, pointer := range []Register{f.src[0], f.src[1], f.dst[0], f.dst[1]} {
		ADDQ(Imm(uint64(x.bytes)), pointer)
	}
	SUBQ(Imm(uint64(x.bytes)), f.remaining)
	JNZ(LabelRef(label("vector")))
	// The next row of inputs follows; the outputs of this one take radix rows.
	for _, pointer := range f.dst {
		for range radix - 1 {
			ADDQ(f.dstStride, pointer)
		}
	}
	ADDQ(Imm(uint64(16*(radix-1))), f.twiddles)
	DECQ(rows)
	JNZ(LabelRef(label("row")))
	VZEROUPPER()
	RET()
}

// place is the vector of input or output k.
func place(base, stride, stride3 Register, k int) Mem {
	switch k {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: stride3, Scale: 1}
	}
	return Mem{Base: base, Index: stride, Scale: uint8(k)}
}

func (f *function) load(k int) value {
	v := value{f.vector(), f.vector()}
	VMOVUPD(place(f.src[0], f.srcStride, f.src3, k), v.re)
	VMOVUPD(place(f.src[1], f.srcStride, f.src3, k), v.im)
	return v
}

func (f *function) store(k int, v value) {
	VMOVUPD(v.re, place(f.dst[0], f.dstStride, f.dst3, k))
	VMOVUPD(v.im, place(f.dst[1], f.dstStride, f.dst3, k))
}

// storeTurned stores a value times the twiddle of output k.
func (f *function) storeTurned(k int, v value) {
	w := value{f.vector(), f.vector()}
	VBROADCASTSD(Mem{Base: f.twiddles, Disp: 16 * (k - 1)}, w.re)
	VBROADCASTSD(Mem{Base: f.twiddles, Disp: 16*(k-1) + 8}, w.im)
	product := value{f.vector(), f.vector()}
	VMULPD(v.im, w.im, product.re)
	VFMSUB231PD(v.re, w.re, product.re)
	VMULPD(v.im, w.re, product.im)
	VFMADD231PD(v.re, w.im, product.im)
	f.store(k, product)
}

func (f *function) constant(i int) VecVirtual {
	v := f.vector()
	VBROADCASTSD(Mem{Base: f.constants, Disp: 8 * i}, v)
	return v
}

func (f *function) add(a, b value) value {
	v := value{f.vector(), f.vector()}
	VADDPD(b.re, a.re, v.re)
	VADDPD(b.im, a.im, v.im)
	return v
}

func (f *function) subtract(a, b value) value {
	v := value{f.vector(), f.vector()}
	VSUBPD(b.re, a.re, v.re)
	VSUBPD(b.im, a.im, v.im)
	return v
}

// addTurned is a - ib, and subtractTurned a + ib.
func (f *function) addTurned(a, b value) value {
	v := value{f.vector(), f.vector()}
	VADDPD(b.im, a.re, v.re)
	VSUBPD(b.re, a.im, v.im)
	return v
}

func (f *function) subtractTurned(a, b value) value {
	v := value{f.vector(), f.vector()}
	VSUBPD(b.im, a.re, v.re)
	VADDPD(b.re, a.im, v.im)
	return v
}

// scaled is a real number times a value, and plus and minus add that to another value, or take it off, in place.
func (f *function) scaled(c VecVirtual, a value) value {
	v := value{f.vector(), f.vector()}
	VMULPD(a.re, c, v.re)
	VMULPD(a.im, c, v.im)
	return v
}

func (f *function) plus(sum value, c VecVirtual, a value) {
	VFMADD231PD(a.re, c, sum.re)
	VFMADD231PD(a.im, c, sum.im)
}

func (f *function) minus(sum value, c VecVirtual, a value) {
	VFNMADD231PD(a.re, c, sum.re)
	VFNMADD231PD(a.im, c, sum.im)
}

func (f *function) copied(a value) value {
	v := value{f.vector(), f.vector()}
	VMOVAPD(a.re, v.re)
	VMOVAPD(a.im, v.im)
	return v
}

func (x isa) radix2(f *function) {
	a, b := f.load(0), f.load(1)
	f.store(0, f.add(a, b))
	f.storeTurned(1, f.subtract(a, b))
}

func (x isa) radix3(f *function) {
	a, b, c := f.load(0), f.load(1), f.load(2)
	sum, difference := f.add(b, c), f.subtract(b, c)
	f.store(0, f.add(a, sum))
	f.minus(a, f.constant(1), sum) // constants: sin 120 degrees, 1/2
	turned := f.scaled(f.constant(0), difference)
	f.storeTurned(1, f.addTurned(a, turned))
	f.storeTurned(2, f.subtractTurned(a, turned))
}

func (x isa) radix4(f *function) {
	a, c := f.load(0), f.load(2)
	s, t := f.add(a, c), f.subtract(a, c)
	b, d := f.load(1), f.load(3)
	u, v := f.add(b, d), f.subtract(b, d)
	f.store(0, f.add(s, u))
	f.storeTurned(2, f.subtract(s, u))
	f.storeTurned(1, f.addTurned(t, v))
	f.storeTurned(3, f.subtractTurned(t, v))
}

func (x isa) radix5(f *function) {
	// Constants: cosines and sines of 72 and 144 degrees.
	b, e := f.load(1), f.load(4)
	p, q := f.add(b, e), f.subtract(b, e)
	c, d := f.load(2), f.load(3)
	u, v := f.add(c, d), f.subtract(c, d)
	a := f.load(0)
	f.store(0, f.add(f.add(a, p), u))
	near := f.copied(a)
	c1 := f.constant(0)
	f.plus(near, c1, p)
	f.plus(a, c1, u)
	c2 := f.constant(1)
	f.plus(near, c2, u)
	f.plus(a, c2, p)
	s1 := f.constant(2)
	g := f.scaled(s1, q)
	h := f.scaled(s1, v)
	s2 := f.constant(3)
	f.plus(g, s2, v)
	// h is s2 q - s1 v.
	VFMSUB231PD(q.re, s2, h.re)
	VFMSUB231PD(q.im, s2, h.im)
	f.storeTurned(1, f.addTurned(near, g))
	f.storeTurned(4, f.subtractTurned(near, g))
	f.storeTurned(2, f.addTurned(a, h))
	f.storeTurned(3, f.subtractTurned(a, h))
}
