package stabiliser

import "math"

// Rise leaves out steps whose loss is by a share above the last accepted one, as FlagScale's detector of spiky losses does: with p that
// loss, a step is skipped, and p kept, where
//
//	(loss - p) / p >= Share
//
// Otherwise p becomes the loss. Share is 0.2 by default. A loss or p that is not a number makes p the loss, and is no spike;
// an infinite loss is one. One low loss is enough to skip the steps after it until another comes within the share of it, and
// ordinary noise of small batches is above it.
type Rise struct {
	Share float64
	last  float64
	begun bool
}

// Judge is the [Judge]'s.
func (r *Rise) Judge(loss, _ float64) float64 {
	switch {
	case !r.begun || math.IsNaN(loss) || math.IsNaN(r.last):
	case math.IsInf(loss, 0) || math.IsInf(r.last, 0):
		return 0
	case (loss-r.last)/r.last >= r.Share:
		return 0
	}
	r.last, r.begun = loss, true
	return 1
}

// State is the last accepted loss.
func (r *Rise) State() []float64 { return []float64{r.last, truth(r.begun)} }

// Restore takes it back.
func (r *Rise) Restore(state []float64) error {
	if err := expect(state, 2); err != nil {
		return err
	}
	r.last, r.begun = state[0], state[1] != 0
	return nil
}

var riseKind = kind{
	name: "rise", parameters: []parameter{{"SHARE", 0.2, positive}},
	build:    func(v []float64) Method { return &Rise{Share: v[0]} },
	describe: func(v []float64) string { return "rise skip at " + format(v[0]) },
}
