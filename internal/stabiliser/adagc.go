package stabiliser

// AdaGC clips the norm of each tensor at a multiple of a running mean of its norms (Wang et al. 2025, arXiv 2502.11034), as its
// authors' code does. In the first Start steps all tensors are clipped together, as [Norm] at Max does, and with n_k the norm
// of a tensor after that, gamma_k is the smallest of them. From then on, with n_k the tensor's norm,
//
//	factor_k = Ratio gamma_k / (n_k + 1e-6), and n_k = Ratio gamma_k,    if n_k > Ratio gamma_k, else 1
//	gamma_k  = Decay gamma_k + (1 - Decay) n_k
//
// Defaults: Ratio 1.04, Decay 0.99, Start 100, and Max 1, which is the trainer's. A tensor whose gradient is 0 in one of the
// first steps has gamma_k = 0 and is frozen for ever; an infinite gradient there freezes all others. Gamma grows by at most the
// factor 1.0004 a step. A norm that is not a number, later, ends the clipping of its tensor.
type AdaGC struct {
	Ratio, Decay, Epsilon, Max float64
	Start                      int

	steps int
	gamma []float64
}

// NewAdaGC returns the method with the defaults of its authors' code.
func NewAdaGC(ratio, largest float64) *AdaGC {
	return &AdaGC{Ratio: ratio, Decay: 0.99, Epsilon: 1e-6, Max: largest, Start: 100}
}

func (a *AdaGC) size(tensors int) { a.gamma = make([]float64, tensors) }

// ScaleTensors is the [TensorScaler]'s.
func (a *AdaGC) ScaleTensors(norms, factors []float64) {
	if a.steps++; a.steps <= a.Start {
		a.begin(norms, factors)
		return
	}
	for k, norm := range norms {
		factors[k] = 1
		if limit := a.Ratio * a.gamma[k]; norm > limit {
			factors[k] = limit / (norm + a.Epsilon)
			norm = limit
		}
		a.gamma[k] = a.Decay*a.gamma[k] + (1-a.Decay)*norm
	}
}

// begin is a step of the beginning.
func (a *AdaGC) begin(norms, factors []float64) {
	factor := a.Max / (together(norms) + a.Epsilon)
	if !(factor < 1) {
		factor = 1
	}
	for k, norm := range norms {
		factors[k] = factor
		if norm *= factor; a.steps == 1 || norm < a.gamma[k] {
			a.gamma[k] = norm
		}
	}
}

// State is the number of steps and gamma of each tensor.
func (a *AdaGC) State() []float64 { return append([]float64{float64(a.steps)}, a.gamma...) }

// Restore takes the state back.
func (a *AdaGC) Restore(state []float64) error {
	if err := expect(state, 1+len(a.gamma)); err != nil {
		return err
	}
	steps, err := count(state[0], maxSteps)
	if err != nil {
		return err
	}
	a.steps = steps
	copy(a.gamma, state[1:])
	return nil
}

var adaGCKind = kind{
	name: "adagc", parameters: []parameter{{"RATIO", 1.04, positive}, {"MAX", 1, positiveOrInf}},
	build:    func(v []float64) Method { return NewAdaGC(v[0], v[1]) },
	describe: func(v []float64) string { return "AdaGC at " + format(v[0]) },
}
