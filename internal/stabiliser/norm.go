package stabiliser

// Norm clips the gradient by its norm (Pascanu, Mikolov and Bengio 2013, arXiv 1211.5063), as PyTorch's clip_grad_norm_ does:
//
//	factor = min(1, Max / (norm + 1e-6))
//
// so that a norm just below Max already shrinks a little. A norm that is not a number makes the whole gradient so; an infinite
// one makes finite entries 0 and infinite ones not numbers.
type Norm struct {
	stateless
	// Max is the largest norm; 1 is customary. An infinite one clips nothing, and a run has its norms recorded.
	Max float64
}

// Scale is the [Scaler]'s.
func (n *Norm) Scale(norm float64) float64 { return clipNorm(norm, n.Max) }

// clipNorm is the factor that clips a norm.
func clipNorm(norm, largest float64) float64 {
	const epsilon = 1e-6
	factor := largest / (norm + epsilon)
	if factor > 1 {
		return 1
	}
	return factor
}

var normKind = kind{
	name: "norm", parameters: []parameter{{"C", 1, positiveOrInf}},
	build:    func(v []float64) Method { return &Norm{Max: v[0]} },
	describe: func(v []float64) string { return "norm clipping at " + format(v[0]) },
}
