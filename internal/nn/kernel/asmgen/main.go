// Command asmgen writes the assembly of package kernel: the same functions for AVX-512, for AVX2 with FMA and for NEON. It is
// a module of its own so that only those who change kernels need the assembler. Run it with go generate in the
// folder above.
package main

import (
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is a vector instruction set.
type isa struct {
	suffix string
	lanes  int
	vector func() VecVirtual
	zero   func(v VecVirtual)
	// rows are the numbers of rows of a product's register tiles, largest first, for each number of vectors.
	rows map[int][]int
}

var isas = []isa{
	{
		suffix: "AVX512", lanes: 16, vector: func() VecVirtual { return ZMM() },
		zero: func(v VecVirtual) { VPXORD(v, v, v) },
		rows: map[int][]int{2: {12, 8, 4, 2, 1}, 1: {16, 15, 12, 8, 4, 2, 1}},
	},
	{
		suffix: "AVX2", lanes: 8, vector: func() VecVirtual { return YMM() },
		zero: func(v VecVirtual) { VXORPS(v, v, v) },
		rows: map[int][]int{2: {6, 4, 2, 1}},
	},
}

func (x isa) bytes() int { return 4 * x.lanes }

func main() {
	ConstraintExpr("amd64")
	for _, x := range isas {
		for _, vectors := range []int{2, 1} {
			for _, rows := range x.rows[vectors] {
				x.product(rows, vectors)
			}
		}
		x.transforms()
		x.elementwise()
		x.optimizers()
		x.peak()
	}
	transpose()
	Generate()
	if err := writeNEON("../kernel_arm64.s", "../stubs_arm64.go"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Offsets of the fields of kernel.Product, whose address, as that of an int64, is the parameter.
const (
	fieldA = 8 * iota
	fieldB
	fieldC
	fieldOffsetA
	fieldOffsetC
	fieldRowStride
	fieldDepthStride
	fieldBStride
	fieldCStride
	fieldTapsA
	fieldTapsB
	fieldTaps
	fieldDepth
	fieldTiles
	fieldAccumulate
	fieldNextA
	fieldNextAStep
	fieldNextB
)

// product makes a function for tiles of a number of rows, and of a number of vectors side by side.
func (x isa) product(rows, vectors int) {
	TEXT(fmt.Sprintf("product%dx%d%s", rows, vectors, x.suffix), NOSPLIT, "func(t *int64)")
	Pragma("noescape")
	Doc(fmt.Sprintf("product%dx%d%s is Multiply for tiles of %d rows by %d vectors.", rows, vectors, x.suffix, rows, vectors))
	label := func(name string) string { return name }
	t := parameter("t")
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	rowStride, depthStride, bStride, nextA, nextB := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(field(fieldRowStride), rowStride)
	MOVQ(field(fieldNextB), nextB)
	MOVQ(field(fieldDepthStride), depthStride)
	MOVQ(field(fieldBStride), bStride)
	tap, b, k := GP64(), GP64(), GP64()
	// One pointer for three rows: the others are reached with the row stride as an index.
	pointers := make([]GPVirtual, (rows+2)/3)
	for i := range pointers {
		pointers[i] = GP64()
	}
	sums := make([][]VecVirtual, rows)
	for r := range sums {
		sums[r] = make([]VecVirtual, vectors)
		for v := range sums[r] {
			sums[r][v] = x.vector()
		}
	}

	Label(label("tile"))
	for _, row := range sums {
		for _, sum := range row {
			x.zero(sum)
		}
	}
	XORQ(tap, tap)
	Label(label("tap"))
	{
		taps := k
		MOVQ(field(fieldTapsA), taps)
		MOVQ(Mem{Base: taps, Index: tap, Scale: 8}, pointers[0])
		ADDQ(field(fieldA), pointers[0])
		ADDQ(field(fieldOffsetA), pointers[0])
		MOVQ(field(fieldTapsB), taps)
		MOVQ(Mem{Base: taps, Index: tap, Scale: 8}, b)
		ADDQ(field(fieldB), b)
		MOVQ(pointers[0], nextA)
		ADDQ(field(fieldNextA), nextA)
		for i := 1; i < len(pointers); i++ {
			LEAQ(Mem{Base: pointers[i-1], Index: rowStride, Scale: 2}, pointers[i])
			ADDQ(rowStride, pointers[i])
		}
	}
	MOVQ(field(fieldDepth), k)
	Label(label("depth"))
	right := make([]VecVirtual, vectors)
	for v := range right {
		right[v] = x.vector()
		VMOVUPS(Mem{Base: b, Disp: v * x.bytes()}, right[v])
	}
	for line := 0; line < vectors*x.bytes(); line += 64 {
		PREFETCHT0(Mem{Base: b, Index: nextB, Scale: 1, Disp: line})
	}
	PREFETCHT0(Mem{Base: nextA})
	ADDQ(field(fieldNextAStep), nextA)
	for r := range sums {
		element := Mem{Base: pointers[r/3]}
		if r%3 > 0 {
			element.Index, element.Scale = rowStride, uint8(r%3)
		}
		if x.lanes == 16 && vectors == 1 {
			VFMADD231PS_BCST(element, right[0], sums[r][0])
			continue
		}
		left := x.vector()
		VBROADCASTSS(element, left)
		for v := range right {
			VFMADD231PS(right[v], left, sums[r][v])
		}
	}
	for _, pointer := range pointers {
		ADDQ(depthStride, pointer)
	}
	ADDQ(bStride, b)
	DECQ(k)
	JNZ(LabelRef(label("depth")))
	INCQ(tap)
	CMPQ(tap, field(fieldTaps))
	JLT(LabelRef(label("tap")))

	c, cStride := b, k
	MOVQ(field(fieldC), c)
	ADDQ(field(fieldOffsetC), c)
	MOVQ(field(fieldCStride), cStride)
	CMPQ(field(fieldAccumulate), Imm(0))
	JEQ(LabelRef(label("store")))
	at := pointers[0]
	MOVQ(c, at)
	for r := range sums {
		for v, sum := range sums[r] {
			VADDPS(Mem{Base: at, Disp: v * x.bytes()}, sum, sum)
		}
		if r+1 < rows {
			ADDQ(cStride, at)
		}
	}
	Label(label("store"))
	for r := range sums {
		for v, sum := range sums[r] {
			VMOVUPS(sum, Mem{Base: c, Disp: v * x.bytes()})
		}
		ADDQ(cStride, c)
	}
	SUBQ(field(fieldC), c)
	MOVQ(c, field(fieldOffsetC))
	step := b
	MOVQ(rowStride, step)
	IMUL3Q(Imm(uint64(rows)), step, step)
	ADDQ(step, field(fieldOffsetA))
	DECQ(field(fieldTiles))
	JNZ(LabelRef(label("tile")))
	VZEROUPPER()
	RET()
}

// peak makes a function of nothing but independent fused multiply-adds, 24 to a round: the machine's limit.
func (x isa) peak() {
	TEXT("peak"+x.suffix, NOSPLIT, "func(rounds int)")
	Doc("peak" + x.suffix + " does 12 fused multiply-adds of vectors a round.")
	rounds := parameter("rounds")
	one := x.vector()
	x.zero(one)
	var sums []VecVirtual
	for range 12 {
		sum := x.vector()
		x.zero(sum)
		sums = append(sums, sum)
	}
	Label("round")
	for _, sum := range sums {
		VFMADD231PS(one, one, sum)
	}
	DECQ(rounds)
	JNZ(LabelRef("round"))
	VZEROUPPER()
	RET()
}

// parameter loads a parameter of the function being made into a register.
func parameter(name string) GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}
