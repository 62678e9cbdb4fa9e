package stabiliser

import "math"

// Outlier leaves out steps whose loss or gradient norm is an outlier, as llm.c's trainer does: by z = (x - mean) / deviation
// of the last Window values, this one included, which are kept as a sum and a sum of squares. A step is skipped where
//
//	z of the loss > Z, or z of the norm > Z
//
// Until Window values are known none is. Window is 128; llm.c has no default for Z, which it leaves off, and 6 is ours. Since the
// value is in its own window, z is at most sqrt(Window - 1) = 11.27.
//
// A value that is not finite makes the sums so for ever: from then on, its detector never skips.
type Outlier struct {
	Z            float64
	losses, norm detector
}

// detector is llm.c's outlier detector.
type detector struct {
	window       window
	sum, squares float64
}

// NewOutlier returns the method with a window of steps.
func NewOutlier(steps int, z float64) *Outlier {
	return &Outlier{Z: z, losses: detector{window: newWindow(steps)}, norm: detector{window: newWindow(steps)}}
}

// Judge is the [Judge]'s.
func (o *Outlier) Judge(loss, norm float64) float64 {
	a, b := o.losses.z(loss), o.norm.z(norm)
	return truth(!(outlying(a, o.Z) || outlying(b, o.Z)))
}

func outlying(z, limit float64) bool { return !math.IsInf(z, 0) && z > limit }

// z takes a value in and returns its distance from the mean in deviations; not a number until the window is full.
func (d *detector) z(value float64) float64 {
	full := d.window.held == len(d.window.values)
	oldest := d.window.push(value)
	if full {
		d.sum -= oldest
		d.squares -= oldest * oldest
	}
	d.sum += value
	d.squares += value * value
	if !full {
		return math.NaN()
	}
	n := float64(len(d.window.values))
	mean := d.sum / n
	deviation := math.Sqrt(d.squares/n - mean*mean)
	if deviation == 0 {
		return 0
	}
	return (value - mean) / deviation
}

// Waits is the number of steps before the first decision.
func (o *Outlier) Waits() int { return len(o.losses.window.values) - 1 }

// State is the two windows and their sums, which their values do not give back to the last bit.
func (o *Outlier) State() []float64 {
	state := []float64{o.losses.sum, o.losses.squares, o.norm.sum, o.norm.squares}
	return o.norm.window.state(o.losses.window.state(state))
}

// Restore takes the state back.
func (o *Outlier) Restore(state []float64) error {
	if len(state) < 4 {
		return expect(state, 4)
	}
	o.losses.sum, o.losses.squares, o.norm.sum, o.norm.squares = state[0], state[1], state[2], state[3]
	rest, err := o.losses.window.restore(state[4:])
	if err == nil {
		rest, err = o.norm.window.restore(rest)
	}
	if err != nil {
		return err
	}
	return expect(rest, 0)
}

var outlierKind = kind{
	name: "outlier", parameters: []parameter{{"Z", 6, positive}},
	build:    func(v []float64) Method { return NewOutlier(128, v[0]) },
	describe: func(v []float64) string { return "outlier skip at z = " + format(v[0]) },
}
