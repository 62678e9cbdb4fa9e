package experiment

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"alrc/internal/runfolder"
	"alrc/internal/stabiliser"
)

// stabilisedSpecification is a short run of the CPU engine, at a learning rate at which losses spike.
func stabilisedSpecification(stabilise string, steps int64) Specification {
	s := fakeSpecification("none", steps)
	s.Engine, s.Width, s.BatchSize, s.Stabilise = "cpu", 0.02, 2, stabilise
	s.Optimizer = Optimizer{Kind: "adamw", LearningRate: 0.01, Schedule: "constant", WeightDecay: 0.01}
	return s
}

// Every method trains, acts, and is told of step by step and in the result; and a run that was stopped ends as an unbroken one.
func TestStabilisedRuns(t *testing.T) {
	data := testData()
	const steps = 150
	for _, text := range append(stabiliser.Names(), "skip:0.5+agc:0.1+stable-spam:0.9,40", "zclip:1,inf", "spam:3,30", "outlier:1") {
		s := stabilisedSpecification(text, steps)
		unbroken := begin(t, s, data)
		result := train(t, unbroken, data)
		m, err := runfolder.ReadMetrics(unbroken)
		if err != nil {
			t.Fatal(err)
		}
		var told runfolder.Stabilised
		for i := range m.Step {
			if m.Acted[i] > 0 {
				told.ActedSteps++
				told.Acted += int64(m.Acted[i])
			}
			if m.Rate[i] == 0 {
				told.SkippedSteps++
			} else if m.Rate[i] < 1 {
				told.SlowedSteps++
			}
			if !(m.GradientNorm[i] > 0) || !(m.StabilisedNorm[i] > 0) {
				t.Fatalf("%s, step %d: norms %v and %v", text, i+1, m.GradientNorm[i], m.StabilisedNorm[i])
			}
		}
		if result.Stabilised == nil || *result.Stabilised != told {
			t.Errorf("%s: the result counts %+v, and the table says %+v", text, result.Stabilised, told)
		}
		// At their defaults, two methods are too slow to act in so few steps, or see nothing that far away.
		if idle := text == "skip" || text == "outlier" || text == "spam"; told.ActedSteps == 0 && !idle {
			t.Errorf("%s did not act in %d steps", text, steps)
		}
		t.Logf("%s: %+v", text, told)

		stopped := begin(t, s, data)
		ctx, cancel := context.WithCancel(context.Background())
		_, err = Train(ctx, stopped, data, Options{Threads: 1, Observe: func(p Progress) {
			if p.Step == 77 {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a stopped run returned %v", err)
		}
		again := train(t, stopped, data)
		checkSame(t, unbroken, stopped)
		if *again.Stabilised != told {
			t.Errorf("%s, stopped: the result counts %+v, want %+v", text, *again.Stabilised, told)
		}
	}
}

// Measured gradients are those before the stabiliser and after it.
func TestStabilisedGradients(t *testing.T) {
	data := testData()
	s := stabilisedSpecification("norm:0.5", 10)
	s.Gradients = 5
	dir := begin(t, s, data)
	train(t, dir, data)
	norms := map[bool][]float64{}
	for row, err := range runfolder.Gradients(dir) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Tensor == runfolder.AllTensors {
			norms[row.Clipped] = append(norms[row.Clipped], row.Norm)
		}
	}
	if len(norms[false]) != 2 || len(norms[true]) != 2 {
		t.Fatalf("norms of two steps are %v", norms)
	}
	for i, norm := range norms[true] {
		if before := norms[false][i]; !(before > 0.5) || math.Abs(norm-0.5) > 1e-4 {
			t.Errorf("a norm of %v becomes %v, want 0.5", before, norm)
		}
	}
}

// What cannot go together is told before anything is trained.
func TestStabiliseErrors(t *testing.T) {
	data := testData()
	for want, change := range map[string]func(*Specification){
		"the forms are":     func(s *Specification) { s.Stabilise = "nrom:1" },
		"Adam of its own":   func(s *Specification) { s.Optimizer.Kind, s.Stabilise = "sgd", "norm+spam" },
		"without weight":    func(s *Specification) { s.Optimizer.Kind, s.Stabilise = "adam", "stable-adamw" },
		"has moments of it": func(s *Specification) { s.Optimizer.Momentum = 0.5 },
	} {
		s := stabilisedSpecification("norm", 10)
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
	s := stabilisedSpecification("norm", 10)
	s.Engine, s.Optimizer = "fake", fakeSpecification("none", 1).Optimizer
	dir := begin(t, s, data)
	if _, err := Train(context.Background(), dir, data, Options{Engines: withFake}); err == nil || !strings.Contains(err.Error(), "no stabilisers") {
		t.Errorf("an engine without stabilisers: got error %v", err)
	}
}

// A checkpoint of another stabiliser, or one whose state is damaged, is refused.
func TestStabiliserCheckpoints(t *testing.T) {
	data := testData()
	write := func(stabilise string) string {
		dir := begin(t, stabilisedSpecification(stabilise, 30), data)
		ctx, cancel := context.WithCancel(context.Background())
		Train(ctx, dir, data, Options{Observe: func(p Progress) {
			if p.Step == 20 {
				cancel()
			}
		}})
		return dir
	}
	for _, c := range [][2]string{{"norm", ""}, {"", "norm"}, {"adagc", "norm"}, {"norm", "norm+value"}, {"ratio", "spam"}} {
		dir := write(c[0])
		s, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		s.Stabilise = c[1]
		if err := writeSpecification(dir, s, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Train(context.Background(), dir, data, Options{}); err == nil || !strings.Contains(err.Error(), "stabiliser") {
			t.Errorf("a checkpoint of %q goes on as %q: error %v", c[0], c[1], err)
		}
	}
	state := [][]float64{{math.NaN(), math.Inf(1), 0.1, -0}, nil, {1}}
	text, err := encodeStabiliser(state)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeStabiliser(text)
	if err != nil || len(back) != 3 || !math.IsNaN(back[0][0]) || back[0][2] != 0.1 || !math.IsInf(back[0][1], 1) {
		t.Errorf("%v comes back as %v (%v)", state, back, err)
	}
	for _, broken := range []string{"", "[", `["x"]`, `["AAAA"]`} {
		if _, err := decodeStabiliser(broken); err == nil {
			t.Errorf("the state %q is taken", broken)
		}
	}
}

// Specifications of the same run are the same, however its methods were written down.
func TestSettle(t *testing.T) {
	for text, want := range map[string]string{"": "", "none": "", "norm": "norm:1", " skip + agc:0.010": "skip:6+agc:0.01"} {
		s := stabilisedSpecification(text, 10)
		if err := s.Settle(); err != nil || s.Stabilise != want {
			t.Errorf("%q settles as %q (%v), want %q", text, s.Stabilise, err, want)
		}
	}
	for pair, want := range map[[2]string]string{{"none", ""}: "none", {"alrc:2", ""}: "alrc-2", {"none", "norm:1"}: "norm-1",
		{"two-sided:2,3", "zclip:2.5,inf+skip"}: "two-sided-2-3+zclip-2.5-inf+skip-6"} {
		s := stabilisedSpecification(pair[1], 10)
		if s.Clip = pair[0]; s.Label() != want {
			t.Errorf("%v has the label %q, want %q", pair, s.Label(), want)
		}
	}
}
