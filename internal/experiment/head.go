package experiment

import (
	"math"

	"alrc"
)

// head is an output of the network, with the losses of a step and their clipping.
type head struct {
	name    string
	clipper alrc.Clipper // nil without clipping

	limits         alrc.Limits // before the step, as the moments
	mu1, mu2       float64
	losses, scales []float32 // an image each, as the clipper saw them
	seen           int       // images that have their scales
	statistics     alrc.Statistics
}

func newHead(name string, s Specification) (*head, error) {
	h := &head{
		name: name, losses: make([]float32, s.BatchSize), scales: make([]float32, s.BatchSize),
		limits: alrc.Limits{Lower: math.Inf(-1), Upper: math.Inf(1)}, mu1: math.NaN(), mu2: math.NaN(),
	}
	clipping, err := s.Clipping()
	if err != nil {
		return nil, err
	}
	h.clipper, err = clipping.New()
	return h, err
}

// prefix comes before the names of what belongs to the head.
func (h *head) prefix() string {
	if h.name == "" {
		return ""
	}
	return h.name + "_"
}

func (h *head) begin() {
	h.seen, h.statistics = 0, alrc.Statistics{}
	if h.clipper != nil {
		h.limits = h.clipper.Limits()
		moments := h.clipper.Moments()
		h.mu1, h.mu2 = moments.Mu1, moments.Mu2
	}
}

// weigh puts the factors of the next images' gradients into scales.
func (h *head) weigh(losses, scales []float32) {
	copy(h.losses[h.seen:], losses)
	if h.clipper != nil {
		h.statistics = h.statistics.Merge(h.clipper.Scales32(losses, scales))
	} else {
		for i := range scales {
			scales[i] = 1
		}
	}
	copy(h.scales[h.seen:], scales)
	h.seen += len(losses)
}

func (h *head) end() {
	if h.clipper != nil {
		h.clipper.Observe(h.statistics)
	}
}
