package fourier

import (
	"math"
	"os"

	"golang.org/x/sys/cpu"
)

//go:generate go -C asmgen run . -out ../butterfly_amd64.s -stubs ../butterfly_amd64.go -pkg fourier

// butterflies is a function of assembly that does a pass.
type butterflies func(dstRe, dstIm, srcRe, srcIm *float64, rows, width int, twiddles, constants *float64)

// constants are what the butterflies of each radix multiply by.
var constants = [6][]float64{2: {0}, 3: {math.Sqrt(3) / 2, 0.5}, 4: {0}, 5: {cos1, cos2, sin1, sin2}}

// step does a pass by the fastest instructions that the processor has; $ALRC_KERNELS names others, as for training.
var step = func() func(p *pass, src, dst planes) {
	avx512 := [6]butterflies{2: pass2AVX512, 3: pass3AVX512, 4: pass4AVX512, 5: pass5AVX512}
	avx2 := [6]butterflies{2: pass2AVX2, 3: pass3AVX2, 4: pass4AVX2, 5: pass5AVX2}
	wanted := os.Getenv("ALRC_KERNELS")
	switch {
	case wanted == "portable" || !cpu.X86.HasAVX2 || !cpu.X86.HasFMA:
		return portable
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && wanted != "avx2":
		return assembled(avx512)
	}
	return assembled(avx2)
}()

func assembled(set [6]butterflies) func(p *pass, src, dst planes) {
	return func(p *pass, src, dst planes) {
		n := p.radix * p.rows * p.width
		_, _, _, _ = src.re[n-1], src.im[n-1], dst.re[n-1], dst.im[n-1]
		set[p.radix](&dst.re[0], &dst.im[0], &src.re[0], &src.im[0], p.rows, 8*p.width, &p.twiddles[0], &constants[p.radix][0])
	}
}
