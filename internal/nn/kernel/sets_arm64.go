package kernel

// sets are the kernel sets that the processor has, fastest first. Every arm64 has NEON.
func sets() []*Set {
	s := portable()
	s.Name = "neon"
	s.products = [3][]product{2: {{6, product6x2NEON}, {4, product4x2NEON}, {2, product2x2NEON}, {1, product1x2NEON}}}
	s.InputTransform = inputTransformNEON
	s.OutputTransform = outputTransformNEON
	s.OutputTransformAdd = outputTransformAddNEON
	s.OutputTransformAdjoint = outputTransformAdjointNEON
	s.WeightTransform = weightTransformNEON
	s.WeightTransformAdjoint = weightTransformAdjointNEON
	s.Add, s.Activate, s.Deactivate, s.Sum = addNEON, activateNEON, deactivateNEON, sumNEON
	s.Dot, s.Combine = dotNEON, combineNEON
	s.Adam, s.Descend = adamNEON, descendNEON
	s.peak = peakNEON
	return []*Set{s, portable()}
}
