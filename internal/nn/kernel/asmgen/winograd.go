package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// values hands out vectors and constants within one function.
type values struct {
	isa
	constants map[float32]Op
}

// prepare has numbers at hand as vectors: in registers, where there are enough of them, or else in memory.
func (w values) prepare(numbers ...float32) {
	for _, number := range numbers {
		if w.lanes < 16 {
			w.constants[number] = floatData(number, w.lanes)
			continue
		}
		v := w.vector()
		VBROADCASTSS(floatData(number, 1), v)
		w.constants[number] = v
	}
}

var floats = map[[2]float32]Mem{}

// floatData is a read-only global that holds a number, some times in a row.
func floatData(number float32, times int) Mem {
	key := [2]float32{number, float32(times)}
	if at, ok := floats[key]; ok {
		return at
	}
	at := GLOBL("float"+string(rune('A'+len(floats))), RODATA|NOPTR)
	for i := range times {
		DATA(4*i, F32(number))
	}
	floats[key] = at
	return at
}

// lazy is arithmetic of which that alone is done whose results are asked for, in the registers of what is not needed again.
type lazy struct{ values }

// lazyVector is a vector that is made when it is first taken.
type lazyVector struct {
	of   []*lazyVector
	f    func() VecVirtual
	made VecVirtual
	// uses is how often the vector is still to be taken.
	uses int
	// at is where the vector was loaded from, if it was.
	at *Mem
}

// needed says that the vector is going to be taken.
func (v *lazyVector) needed() {
	if v.uses++; v.uses == 1 && v.made == nil {
		for _, operand := range v.of {
			operand.needed()
		}
	}
}

func (v *lazyVector) take() VecVirtual {
	if v.made == nil {
		v.made = v.f()
	}
	v.uses--
	return v.made
}

func (w lazy) load(at Mem) *lazyVector {
	return &lazyVector{at: &at, f: func() VecVirtual {
		c := w.vector()
		VMOVUPS(at, c)
		return c
	}}
}

func (w lazy) add(a, b *lazyVector) *lazyVector {
	return &lazyVector{of: []*lazyVector{a, b}, f: func() VecVirtual {
		c := w.vector()
		VADDPS(b.take(), a.take(), c)
		return c
	}}
}

func (w lazy) sub(a, b *lazyVector) *lazyVector {
	return &lazyVector{of: []*lazyVector{a, b}, f: func() VecVirtual {
		c := w.vector()
		VSUBPS(b.take(), a.take(), c)
		return c
	}}
}

func (w lazy) negative(a *lazyVector) *lazyVector {
	return &lazyVector{of: []*lazyVector{a}, f: func() VecVirtual {
		c := w.vector()
		w.zero(c)
		VSUBPS(a.take(), c, c)
		return c
	}}
}

// mul returns number*a.
func (w lazy) mul(number float32, a *lazyVector) *lazyVector {
	return &lazyVector{of: []*lazyVector{a}, f: func() VecVirtual {
		c := w.vector()
		VMULPS(w.constants[number], a.take(), c)
		return c
	}}
}

// fma returns number*a + b, and fnma b - number*a.
func (w lazy) fma(number float32, a, b *lazyVector) *lazyVector {
	return w.fused(number, a, b, VFMADD231PS, VFMADD132PS)
}

func (w lazy) fnma(number float32, a, b *lazyVector) *lazyVector {
	return w.fused(number, a, b, VFNMADD231PS, VFNMADD132PS)
}

// fused makes a fused multiply-add in the place of b or of a. A copy of b is made where both are needed again: such copies
// take as long as the arithmetic does.
func (w lazy) fused(number float32, a, b *lazyVector, inB, inA func(ops ...Op)) *lazyVector {
	return &lazyVector{of: []*lazyVector{a, b}, f: func() VecVirtual {
		factor, sum := a.take(), b.take()
		if b.uses > 0 && a.uses == 0 {
			inA(w.constants[number], sum, factor)
			return factor
		}
		if b.uses > 0 {
			c := w.vector()
			if b.at != nil {
				VMOVUPS(*b.at, c)
			} else {
				VMOVAPS(sum, c)
			}
			sum = c
		}
		inB(w.constants[number], factor, sum)
		return sum
	}}
}

// lines walks over a square in memory line by line: over rows where it is read, over columns where it is written.
// Elements of a line are along apart, lines across.
type lines struct {
	base, along GPVirtual
	across      Op
	size        int
	at, third   GPVirtual
	line        int
}

// seek goes to a line. Other than from the base on, it goes on from where it is.
func (l *lines) seek(line int) {
	if l.line < 0 {
		MOVQ(l.base, l.at)
		l.line = 0
	}
	for ; l.line < line; l.line++ {
		ADDQ(l.across, l.at)
	}
	for ; l.line > line; l.line-- {
		SUBQ(l.across, l.at)
	}
	if l.size > 3 {
		LEAQ(Mem{Base: l.at, Index: l.along, Scale: 2}, l.third)
		ADDQ(l.along, l.third)
	}
}

func (l *lines) element(i int) Mem {
	switch {
	case i == 0:
		return Mem{Base: l.at}
	case i == 3:
		return Mem{Base: l.third}
	case i > 3:
		return Mem{Base: l.third, Index: l.along, Scale: uint8(i - 3)}
	}
	return Mem{Base: l.at, Index: l.along, Scale: uint8(i)}
}

// square is where a function's parameters say that a square of vectors lies. Its elements are a stride apart, and follow each
// other, or else those of a row are a step apart and rows a pitch.
type square struct {
	base, stride string
	side         int
}

func (s square) pixels() bool { return s.stride == "" }

func resolved(parameter string) Op {
	component, err := Param(parameter).Resolve()
	if err != nil {
		panic(err)
	}
	return component.Addr
}

func (s square) lines(written bool) *lines {
	l := &lines{base: parameter(s.base), size: s.side, at: GP64(), third: GP64()}
	along, across := "step", "pitch"
	if written {
		along, across = across, along
	}
	if s.pixels() {
		l.along, l.across = parameter(along), resolved(across)
		return l
	}
	stride := parameter(s.stride)
	row := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, row)
	if s.side == 6 {
		ADDQ(row, row)
	}
	l.along, l.across = stride, row
	if written {
		l.along, l.across = row, stride
	}
	return l
}

// columnGroups are the columns of a transform's result that are made at a time, by their number: as many as leave registers for them.
var columnGroups = map[int][][]int{3: {{0, 2}, {1}}, 4: {{0, 2}, {1, 3}}, 6: {{0, 5}, {1, 2}, {3, 4}}}

// apply takes a square along rows and then along columns. Between the two its values stay in registers: it makes a few columns
// at a time, and reads for these what they need.
func (w values) apply(t transform[*lazyVector], from, to *lines, store func(v VecVirtual, at Mem)) {
	lazy := lazy{w}
	for _, group := range columnGroups[t.out] {
		columns := map[int][]*lazyVector{}
		from.line = -1
		for row := range t.in {
			from.seek(row)
			d := make([]*lazyVector, t.in)
			for i := range d {
				d[i] = lazy.load(from.element(i))
			}
			made := t.apply(lazy, d)
			for _, column := range group {
				made[column].needed()
				made[column].needed() // for the column, too
			}
			for _, column := range group {
				columns[column] = append(columns[column], &lazyVector{made: made[column].take()})
			}
		}
		to.line = -1
		for _, column := range group {
			to.seek(column)
			made := t.apply(lazy, columns[column])
			for _, v := range made {
				v.needed()
			}
			for i, v := range made {
				store(v.take(), to.element(i))
			}
		}
	}
}

// transformFunction is a function that takes squares to others.
type transformFunction struct {
	name, doc, signature string
	transform            transform[*lazyVector]
	from, to             square
}

func planes(base string) square           { return square{base, "planeStride", 6} }
func taps(base string) square             { return square{base, "tapStride", 3} }
func pixels(base string, side int) square { return square{base, "", side} }

func (x isa) begin(f transformFunction) values {
	TEXT(f.name+x.suffix, 0, "func("+f.signature+")")
	Pragma("noescape")
	Doc(f.name + x.suffix + " " + f.doc + "; strides are in bytes.")
	w := values{x, map[float32]Op{}}
	w.prepare(f.transform.constants...)
	return w
}

func write(v VecVirtual, at Mem) { VMOVUPS(v, at) }

// addTo adds what is there.
func (x isa) addTo(v VecVirtual, at Mem) {
	sum := x.vector()
	VADDPS(at, v, sum)
	VMOVUPS(sum, at)
}

// tiles makes a function between planes and the pixels of tiles side by side. Where it activates, it adds a bias and applies leaky
// ReLU.
func (x isa) tiles(f transformFunction, store func(v VecVirtual, at Mem), activates bool) {
	const tile = 4 // steps from a tile to the next
	w := x.begin(f)
	from, to := f.from.lines(false), f.to.lines(true)
	pixels := from
	if f.to.pixels() {
		pixels = to
	}
	bias := GP64()
	if activates {
		store = func(v VecVirtual, at Mem) {
			sum, slope, low := w.vector(), w.vector(), w.vector()
			VADDPS(Mem{Base: bias}, v, sum)
			VBROADCASTSS(resolved("slope"), slope)
			VMULPS(sum, slope, low)
			VMAXPS(sum, low, sum)
			VMOVUPS(sum, at)
		}
	}
	vectors := GP64()
	Label("tile")
	if activates {
		Load(Param("bias"), bias)
	}
	Load(Param("vectors"), vectors)
	Label("vector")
	w.apply(f.transform, from, to, store)
	for _, base := range []GPVirtual{from.base, to.base, bias} {
		if base != bias || activates {
			ADDQ(Imm(uint64(x.bytes())), base)
		}
	}
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	// The planes of the next tile follow. Its pixels are some steps from where those of this one began.
	Load(Param("vectors"), vectors)
	IMUL3Q(Imm(uint64(x.bytes())), vectors, vectors)
	SUBQ(vectors, pixels.base)
	for range tile {
		ADDQ(resolved("step"), pixels.base)
	}
	DECQ(resolved("tiles"))
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// kernels makes a loop over the vectors of convolution kernels' weights.
func (w values) kernels(label string, f transformFunction, store func(v VecVirtual, at Mem)) {
	from, to := f.from.lines(false), f.to.lines(true)
	vectors := parameter("vectors")
	Label(label)
	w.apply(f.transform, from, to, store)
	ADDQ(Imm(uint64(w.bytes())), from.base)
	ADDQ(Imm(uint64(w.bytes())), to.base)
	DECQ(vectors)
	JNZ(LabelRef(label))
	VZEROUPPER()
	RET()
}

// transforms makes Winograd's transforms.
func (x isa) transforms() {
	signature := "dst, src *float32, planeStride, pitch, step, vectors, tiles int"
	x.tiles(transformFunction{"inputTransform", "makes the 36 planes of 6x6 tiles", signature,
		inputTransform[*lazyVector](), pixels("src", 6), planes("dst")}, write, false)
	x.tiles(transformFunction{"outputTransformAdjoint", "makes the 36 planes of 4x4 tiles of gradients", signature,
		outputAdjoint[*lazyVector](), pixels("src", 4), planes("dst")}, write, false)
	x.tiles(transformFunction{"outputTransformAdd", "adds 4x4 tiles of the 36 planes", signature,
		outputTransform[*lazyVector](), planes("src"), pixels("dst", 4)}, x.addTo, false)
	x.tiles(transformFunction{"outputTransform", "makes 4x4 tiles of the 36 planes, with bias and leaky ReLU",
		"dst, src, bias *float32, slope float32, planeStride, pitch, step, vectors, tiles int",
		outputTransform[*lazyVector](), planes("src"), pixels("dst", 4)}, nil, true)

	f := transformFunction{"weightTransform", "makes 36 planes of the 9 taps of 3x3 kernels",
		"dst, src *float32, planeStride, tapStride, vectors int", weightTransform[*lazyVector](), taps("src"), planes("dst")}
	x.begin(f).kernels("vector", f, write)

	f = transformFunction{"weightTransformAdjoint", "makes, or adds to, the 9 taps' gradients of those of the 36 planes",
		"dst, src *float32, planeStride, tapStride, vectors, accumulate int", weightAdjoint[*lazyVector](), planes("src"), taps("dst")}
	w := x.begin(f)
	CMPQ(resolved("accumulate"), Imm(0))
	JEQ(LabelRef("writing"))
	w.kernels("adding", f, x.addTo)
	Label("writing")
	w.kernels("vector", f, write)
}
