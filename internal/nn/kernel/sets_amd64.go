package kernel

import "golang.org/x/sys/cpu"

//go:generate go -C asmgen run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel

// sets are the kernel sets that the processor has, fastest first.
func sets() []*Set {
	var list []*Set
	fma := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	if fma && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ {
		list = append(list, &Set{
			Name: "avx512", Lanes: 16, Panel: 32,
			products: [3][]product{
				1: {{16, product16x1AVX512}, {15, product15x1AVX512}, {12, product12x1AVX512}, {8, product8x1AVX512}, {4, product4x1AVX512}, {2, product2x1AVX512}, {1, product1x1AVX512}},
				2: {{12, product12x2AVX512}, {8, product8x2AVX512}, {4, product4x2AVX512}, {2, product2x2AVX512}, {1, product1x2AVX512}},
			},
			InputTransform:         inputTransformAVX512,
			OutputTransform:        outputTransformAVX512,
			OutputTransformAdd:     outputTransformAddAVX512,
			OutputTransformAdjoint: outputTransformAdjointAVX512,
			WeightTransform:        weightTransformAVX512,
			WeightTransformAdjoint: weightTransformAdjointAVX512,
			Add:                    addAVX512,
			Activate:               activateAVX512,
			Deactivate:             deactivateAVX512,
			Sum:                    sumAVX512,
			Dot:                    dotAVX512,
			Combine:                combineAVX512,
			Transpose8:             transpose8AVX2,
			Adam:                   adamAVX512,
			Descend:                descendAVX512,
			peak:                   peakAVX512,
		})
	}
	if fma {
		list = append(list, &Set{
			Name: "avx2", Lanes: 8, Panel: 16,
			products: [3][]product{
				2: {{6, product6x2AVX2}, {4, product4x2AVX2}, {2, product2x2AVX2}, {1, product1x2AVX2}},
			},
			InputTransform:         inputTransformAVX2,
			OutputTransform:        outputTransformAVX2,
			OutputTransformAdd:     outputTransformAddAVX2,
			OutputTransformAdjoint: outputTransformAdjointAVX2,
			WeightTransform:        weightTransformAVX2,
			WeightTransformAdjoint: weightTransformAdjointAVX2,
			Add:                    addAVX2,
			Activate:               activateAVX2,
			Deactivate:             deactivateAVX2,
			Sum:                    sumAVX2,
			Dot:                    dotAVX2,
			Combine:                combineAVX2,
			Transpose8:             transpose8AVX2,
			Adam:                   adamAVX2,
			Descend:                descendAVX2,
			peak:                   peakAVX2,
		})
	}
	return append(list, portable())
}
