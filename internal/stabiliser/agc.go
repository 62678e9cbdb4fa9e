package stabiliser

// AGC is adaptive gradient clipping (Brock et al. 2021, arXiv 2102.06171): the gradient of each output unit is limited in
// proportion to the norm of the unit's weights. With n the norm of a unit's gradient and w that of its weights,
//
//	limit  = Clipping * max(w, Epsilon)
//	factor = 1                       if n < limit
//	         limit / max(n, 1e-6)    otherwise
//
// A unit is an output channel of a kernel; a bias, or another tensor of one axis, is one unit as a whole. The layers that
// the network's outputs come from are left alone, as in the authors' experiment. Defaults are those of the authors'
// experiment and of timm: Clipping 0.01, Epsilon 0.001. A bias that is still 0 moves by at most the learning rate times
// 1e-5 a step.
type AGC struct {
	stateless
	Clipping, Epsilon float64
}

// ScaleUnit is the [UnitScaler]'s.
func (a *AGC) ScaleUnit(gradient, weights float64) float64 {
	limit := a.Clipping * max(weights, a.Epsilon)
	if gradient < limit {
		return 1
	}
	return limit / max(gradient, 1e-6)
}

var agcKind = kind{
	name: "agc", parameters: []parameter{{"L", 0.01, positive}},
	build:    func(v []float64) Method { return &AGC{Clipping: v[0], Epsilon: 1e-3} },
	describe: func(v []float64) string { return "AGC at " + format(v[0]) },
}
