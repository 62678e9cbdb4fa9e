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

// What a network that completes micrographs is given: the scan and its mask, or the scan as kriging completes it, too.
const (
	ScanInput   = "scan"
	KrigedInput = "kriged"
)

// Inputs lists what networks may be given.
var Inputs = []string{ScanInput, KrigedInput}

// completer is the network of the task micrographs.
func (s Specification) completer() model.Network {
	n := model.Completer(s.Width, s.Depth)
	if s.Network == PublishedNetwork {
		n = model.PublishedCompleter(s.Width, s.Depth)
	}
	if s.kriged() {
		n.InputChannels = 3
	}
	return n
}

func (s Specification) kriged() bool { return s.Input == KrigedInput }

// calibration makes the batch by which a calibrated network takes its first gains: uniform noise within 0.8 of 0, times
// the mask of a scan, as in the authors' scripts; such noise everywhere in the place of the kriged image.
func (t *micrographs) calibration() ([]float32, error) {
	side, channels := t.train.Side, t.train.Channels()
	inputs := make([]float32, channels*side*side)
	random := rand.New(rand.NewPCG(t.Seed, 0))
	if _, err := t.train.Read(0, inputs, nil, nil); err != nil {
		return nil, err
	}
	for i := range side * side {
		at := inputs[channels*i:][:channels]
		at[0] = at[1] * float32(1.6*random.Float64()-0.8)
		for k := range at[2:] {
			at[2+k] = float32(1.6*random.Float64() - 0.8)
		}
	}
	return inputs, nil
}
