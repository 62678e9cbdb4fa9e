package stabiliser

// Skip leaves out steps whose loss or gradient norm is an outlier among those of the steps before, as OLMo-core's skip-step
// optimizers do: a step goes on if
//
//	loss - mean(losses) <= Sigma * deviation(losses), and norm - mean(norms) <= Sigma * deviation(norms)
//
// over the last Window steps without this one, skipped ones included, with the sample standard deviation. The first
// decision is made once Window / 2 steps are known, this one included. Defaults: Window 128, Sigma 6.
//
// A value that is not finite is skipped, and while it is in the window, so is every step. Spikes stay in the window
// and widen it, so that a second one soon after may pass. A skipped step of this project's engine moves neither weights nor
// moments; OLMo's own code multiplies by 0 instead, which a gradient that is not a number survives.
type Skip struct {
	Sigma float64
	// LossOnly judges by the loss alone, for want of norms.
	LossOnly bool

	losses, norms window
}

// NewSkip returns the method with a window of steps.
func NewSkip(steps int, sigma float64) *Skip {
	return &Skip{Sigma: sigma, losses: newWindow(steps), norms: newWindow(steps)}
}

// Judge is the [Judge]'s.
func (s *Skip) Judge(loss, norm float64) float64 {
	pass := true
	if known := s.losses.held + 1; known >= max(2, len(s.losses.values)/2) {
		pass = s.usual(&s.losses, loss) && (s.LossOnly || s.usual(&s.norms, norm))
	}
	s.losses.push(loss)
	s.norms.push(norm)
	return truth(pass)
}

func (s *Skip) usual(w *window, value float64) bool {
	mean, deviation := w.meanAndDeviation()
	return value-mean <= s.Sigma*deviation
}

// Waits is the number of steps before the first decision.
func (s *Skip) Waits() int { return max(2, len(s.losses.values)/2) - 1 }

// State is the two windows.
func (s *Skip) State() []float64 { return s.norms.state(s.losses.state(nil)) }

// Restore takes the windows back.
func (s *Skip) Restore(state []float64) error {
	rest, err := s.losses.restore(state)
	if err == nil {
		rest, err = s.norms.restore(rest)
	}
	if err != nil {
		return err
	}
	return expect(rest, 0)
}

var skipKind = kind{
	name: "skip", parameters: []parameter{{"SIGMA", 6, positive}},
	build:    func(v []float64) Method { return NewSkip(128, v[0]) },
	describe: func(v []float64) string { return "skip step at " + format(v[0]) + " sigma" },
}
