package experiment

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"alrc/internal/runfolder"
	"alrc/internal/stabiliser"
)

// stabilised is an engine that has stabilisers.
type stabilised interface {
	// Stabilised tells what the stabiliser did in the latest step.
	Stabilised() stabiliser.Step
	// StabiliserState returns what the stabiliser's future depends on, and RestoreStabiliser takes it back.
	StabiliserState() [][]float64
	RestoreStabiliser([][]float64) error
}

// stabilises returns the engine as one with a stabiliser; nil where the run has none.
func (r *run) stabilises() (stabilised, error) {
	if r.Stabilise == "" || r.Stabilise == stabiliser.None {
		return nil, nil
	}
	engine, ok := r.engine.(stabilised)
	if !ok {
		return nil, fmt.Errorf("stabilise: the engine %s has no stabilisers; use the engine cpu", r.Engine)
	}
	return engine, nil
}

// countStabilised counts what the stabiliser did in the latest step.
func (r *run) countStabilised() {
	if r.stabiliser == nil {
		return
	}
	s := r.stabiliser.Stabilised()
	h := &r.history
	if h.Stabilised == nil {
		h.Stabilised = &runfolder.Stabilised{}
	}
	if s.Acted > 0 {
		h.Stabilised.ActedSteps++
		h.Stabilised.Acted += int64(s.Acted)
	}
	switch {
	case s.Rate == 0:
		h.Stabilised.SkippedSteps++
	case s.Rate < 1:
		h.Stabilised.SlowedSteps++
	}
}

// encodeStabiliser writes a stabiliser's state exactly, numbers that are not finite among it.
func encodeStabiliser(state [][]float64) (string, error) {
	texts := make([]string, len(state))
	for i, numbers := range state {
		raw, err := binary.Append(nil, binary.LittleEndian, numbers)
		if err != nil {
			return "", err
		}
		texts[i] = base64.StdEncoding.EncodeToString(raw)
	}
	content, err := json.Marshal(texts)
	return string(content), err
}

// decodeStabiliser reads what encodeStabiliser wrote.
func decodeStabiliser(text string) ([][]float64, error) {
	var texts []string
	if err := json.Unmarshal([]byte(text), &texts); err != nil {
		return nil, err
	}
	state := make([][]float64, len(texts))
	for i, text := range texts {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		if len(raw)%8 != 0 {
			return nil, fmt.Errorf("%d bytes are no numbers", len(raw))
		}
		state[i] = make([]float64, len(raw)/8)
		if _, err := binary.Decode(raw, binary.LittleEndian, state[i]); err != nil {
			return nil, err
		}
	}
	return state, nil
}
