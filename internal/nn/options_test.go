package nn

import (
	"math"
	"strings"
	"testing"

	"alrc/internal/model"
)

func TestSchedules(t *testing.T) {
	for _, s := range []Schedule{
		{},
		{Warmup: 5},
		{Kind: StepDecay, Every: 3, Factor: 0.5},
		{Kind: StepDecay, Every: 1, Factor: 0.9, Warmup: 4},
		{Kind: Cosine, Steps: 10},
		{Kind: Cosine, Steps: 7, Warmup: 3},
	} {
		for done := range int64(15) {
			if got, want := s.At(done), s.reference(float64(done)); math.Abs(got-want) > 1e-12 {
				t.Errorf("%+v: the factor after %d steps is %v, want %v", s, done, got, want)
			}
		}
	}
	if factor := (Schedule{Warmup: 4}).At(0); factor != 0.25 {
		t.Errorf("the first of 4 warm-up steps has factor %v, want 0.25", factor)
	}
	if factor := (Schedule{Kind: Cosine, Steps: 10}).At(5); math.Abs(factor-0.5) > 1e-12 {
		t.Errorf("half-way along a cosine the factor is %v, want 0.5", factor)
	}
}

// Over 32 steps a stair of the course by quarters is one step.
func TestQuarters(t *testing.T) {
	schedule := Schedule{Kind: Quarters, Steps: 32}
	for done, want := range map[int64]float64{0: 1, 7: 1, 8: 1, 9: 7. / 8, 15: 1. / 8, 16: 1. / 3, 23: 1. / 3, 24: 1. / 3, 25: 7. / 24, 31: 1. / 24, 32: 1. / 24} {
		if factor := schedule.At(done); math.Abs(factor-want) > 1e-12 {
			t.Errorf("after %d of 32 steps the factor is %v, want %v", done, factor, want)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	for _, test := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Batch = 0 }, "Batch"},
		{func(o *Options) { o.Height = 0 }, "0 by 8"},
		{func(o *Options) { o.Threads = -1 }, "Threads"},
		{func(o *Options) { o.Kernels = "sse" }, "sse"},
		{func(o *Options) { o.Loss.Power = 0.5 }, "Loss.Power"},
		{func(o *Options) { o.Loss.Power = math.NaN() }, "Loss.Power"},
		{func(o *Options) { o.Loss.Scale = 0 }, "Loss.Scale"},
		{func(o *Options) { o.Loss.Huber = math.NaN() }, "Loss.Huber"},
		{func(o *Options) { o.Optimizer.Kind = 9 }, "Optimizer.Kind"},
		{func(o *Options) { o.Optimizer.LearningRate = math.NaN() }, "Optimizer.LearningRate"},
		{func(o *Options) { o.Optimizer.Beta1 = 1 }, "Optimizer.Beta1"},
		{func(o *Options) { o.Optimizer.Beta2 = -0.1 }, "Optimizer.Beta2"},
		{func(o *Options) { o.Optimizer.Epsilon = -1 }, "Optimizer.Epsilon"},
		{func(o *Options) { o.Optimizer.Momentum = 1 }, "Optimizer.Momentum"},
		{func(o *Options) { o.Optimizer.WeightDecay = math.Inf(1) }, "Optimizer.WeightDecay"},
		{func(o *Options) { o.Optimizer.Schedule = Schedule{Kind: StepDecay, Factor: 0.5} }, "Schedule.Every"},
		{func(o *Options) { o.Optimizer.Schedule = Schedule{Kind: StepDecay, Every: 1, Factor: 2} }, "Schedule.Factor"},
		{func(o *Options) { o.Optimizer.Schedule = Schedule{Kind: Cosine} }, "Schedule.Steps"},
		{func(o *Options) { o.Optimizer.Schedule.Warmup = -1 }, "Schedule.Warmup"},
		{func(o *Options) { o.Optimizer.Schedule.Kind = 9 }, "Schedule.Kind"},
	} {
		options := Options{Batch: 1, Height: 8, Width: 8, Loss: Loss{Power: 2, Scale: 25}, Optimizer: Optimizer{LearningRate: 1e-3}}
		test.change(&options)
		e, err := New(model.Supersampler(0.125), options)
		if err == nil {
			e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %q", err, test.want)
		}
	}
	e, err := New(model.Network{InputChannels: 3}, Options{Batch: 1, Height: 8, Width: 8, Loss: Loss{Power: 2, Scale: 25}, Optimizer: Optimizer{LearningRate: 1e-3}})
	if err == nil {
		e.Close()
		t.Error("a network without layers is accepted")
	}
}

func TestSmallNetworksTakeOneThread(t *testing.T) {
	for _, c := range []struct {
		width          float64
		batch, threads int
	}{{0.125, 1, 1}, {0.25, 1, 1}, {0.25, 4, 3}, {1, 1, 3}} {
		options := trainingOptions(c.batch, 32, 32)
		options.Threads, options.manyThreads = 3, false
		if got := newEngine(t, model.Supersampler(c.width), options).Threads(); got != c.threads {
			t.Errorf("width %v, batch size %d: %d threads, want %d", c.width, c.batch, got, c.threads)
		}
	}
}
