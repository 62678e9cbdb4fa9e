package experiment

import (
	"math/rand/v2"

	"alrc/internal/model"
)

// The variants of the network that completes micrographs: as the paper describes it, and with what the authors' training
// scripts have besides.
const (
	PlainNetwork     = "plain"
	PublishedNetwork = "published"
)

// Networks lists the variants.
var Networks = []string{PlainNetwork, PublishedNetwork}

// completer is the network of the task micrographs.
func (s Specification) completer() model.Network {
	if s.Network == PublishedNetwork {
		return model.PublishedCompleter(s.Width, s.Depth)
	}
	return model.Completer(s.Width, s.Depth)
}

// calibration makes the batch by which a calibrated network takes its first gains: uniform noise within 0.8 of 0, times
// the mask of a scan, as in the authors' scripts.
func (t *micrographs) calibration() ([]float32, error) {
	side := t.train.Side
	inputs := make([]float32, 2*side*side)
	random := rand.New(rand.NewPCG(t.Seed, 0))
	if _, err := t.train.Read(0, inputs, nil, nil); err != nil {
		return nil, err
	}
	for i := range side * side {
		inputs[2*i] = inputs[2*i+1] * float32(1.6*random.Float64()-0.8)
	}
	return inputs, nil
}
