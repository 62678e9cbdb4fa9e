package experiment

// A network is dead when all activations of a layer are 0 and stay so: what it puts out no longer depends on its input, and
// the layers before get no gradient.
const (
	deadEvery = 10 // steps between looks
	deadLooks = 20 // in a row that find a layer dead, until the run counts as dead
)

// death is what a run knows of a layer that is dead.
type death struct {
	Layer string `json:"layer"`
	// Step is the first at which it was found, and Looks how often in a row it has been since.
	Step  int64 `json:"step"`
	Looks int   `json:"looks"`
}

// lookForDeath looks now and then whether a layer is dead, or has come back.
func (r *run) lookForDeath() {
	if r.step%deadEvery != 0 {
		return
	}
	layer := r.engine.DeadLayer()
	switch d := r.history.Death; {
	case layer == "":
		r.history.Death = nil
	case d == nil:
		r.history.Death = &death{Layer: layer, Step: r.step, Looks: 1}
	default:
		d.Layer, d.Looks = layer, min(d.Looks+1, deadLooks)
	}
}

// dead is the layer that has been dead for long enough to be told, since a step; nil if there is none.
func (h *history) dead() *death {
	if h.Death == nil || h.Death.Looks < deadLooks {
		return nil
	}
	return h.Death
}
