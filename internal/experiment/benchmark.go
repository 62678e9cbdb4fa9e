package experiment

import (
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"alrc/internal/model"
	"alrc/internal/nn"
	"alrc/internal/statistics"
)

// Measurement is how fast an engine trains at a batch size.
type Measurement struct {
	BatchSize int `json:"batch_size"`
	// Steps is the number of steps that were timed, MillisecondsPerStep their median.
	Steps               int     `json:"steps"`
	MillisecondsPerStep float64 `json:"ms_per_step"`
	ImagesPerSecond     float64 `json:"images_per_s"`
	// EffectiveGFLOPS counts what the step's convolutions would take if computed directly: 6 operations for each
	// multiplication forward. PeakShare is that over the measured limit of the threads; Winograd's algorithm can bring
	// it above 1.
	EffectiveGFLOPS float64 `json:"effective_gflops"`
	PeakShare       float64 `json:"peak_share"`
	// Threads is the number of threads that computed, and PeakGFLOPS their measured limit together.
	Threads    int     `json:"threads"`
	PeakGFLOPS float64 `json:"peak_gflops"`
	// Operations and WeightBytes are what a step cannot do without ([nn.Count]), Bandwidth the bytes a second that the threads
	// move in as much memory as the weights take, and FloorMilliseconds the time of the one or of the other at these limits,
	// whichever is longer.
	Operations        int64   `json:"operations"`
	WeightBytes       int64   `json:"weight_bytes"`
	Bandwidth         float64 `json:"bytes_per_s"`
	FloorMilliseconds float64 `json:"floor_ms"`
	// PeakMemory is the most memory that the process held since the measurement began.
	PeakMemory int64 `json:"peak_memory_bytes"`
	// Parts are the parts of the step in its order; what they leave of it, threads spent waiting.
	Parts []PartTime `json:"parts"`
}

// PartTime is the time of a part of a step, spread over the threads.
type PartTime struct {
	Name         string  `json:"name"`
	Milliseconds float64 `json:"ms"`
}

// Benchmark is measurements on one machine.
type Benchmark struct {
	Kernels string  `json:"kernels"`
	Width   float64 `json:"width"`
	Loss    Loss    `json:"loss"`
	// FirstStepMilliseconds is the time from the process's start to the end of the first step.
	FirstStepMilliseconds float64       `json:"first_step_ms"`
	Results               []Measurement `json:"results"`
}

// Measure trains a specification for a time at each batch size, without clipping and without a folder, and tells how
// fast the CPU engine is. The process began at a start; done stops the measuring before the next step.
func Measure(s Specification, data *DataSet, batchSizes []int, threads int, each time.Duration, start time.Time,
	done func() bool) (*Benchmark, error) {
	b := &Benchmark{Width: s.Width, Loss: s.Loss}
	for _, size := range batchSizes {
		s.BatchSize = size
		if err := b.measure(s, data, threads, each, start, done); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *Benchmark) measure(s Specification, data *DataSet, threads int, each time.Duration, start time.Time, done func() bool) error {
	debug.FreeOSMemory() // of the measurement before
	resetPeakMemory()
	t, err := s.newTask(data)
	if err != nil {
		return err
	}
	built, err := s.newEngine(nil, t, threads)
	if err != nil {
		return err
	}
	defer built.Close()
	built.Initialize(s.Seed)
	b.Kernels = built.Kernels()
	if err := t.start(0); err != nil {
		return err
	}
	defer t.close()
	var raw [][]float32
	for range t.heads() {
		raw = append(raw, make([]float32, s.BatchSize))
	}
	var fetching time.Duration
	step := func() error {
		begin := time.Now()
		batch, err := t.next()
		if err != nil {
			return err
		}
		fetching += time.Since(begin)
		return built.StepOutputs(batch.inputs, batch.targets, raw, func(_ int, _, scales []float32) {
			for i := range scales {
				scales[i] = 1
			}
		})
	}
	timed := func(least int, limit time.Duration) (times []float64, err error) {
		for begin := time.Now(); len(times) < least || time.Since(begin) < limit; {
			if done() {
				break
			}
			start := time.Now()
			if err := step(); err != nil {
				return nil, err
			}
			times = append(times, time.Since(start).Seconds())
		}
		return times, nil
	}
	if err := step(); err != nil {
		return err
	}
	if len(b.Results) == 0 {
		b.FirstStepMilliseconds = time.Since(start).Seconds() * 1e3
	}
	engine, _ := built.(*nn.Engine)
	if _, err := timed(2, 0); err != nil {
		return err
	}
	times, err := timed(5, each)
	if err != nil || len(times) == 0 {
		return err
	}
	median := statistics.Median(times)
	multiplications, err := t.network().Multiplications(t.shape())
	if err != nil {
		return err
	}
	m := Measurement{
		BatchSize: s.BatchSize, Steps: len(times), MillisecondsPerStep: median * 1e3,
		ImagesPerSecond: float64(s.BatchSize) / median,
		EffectiveGFLOPS: 6 * float64(multiplications) * float64(s.BatchSize) / median / 1e9,
	}
	if engine != nil {
		m.Threads, m.PeakGFLOPS = engine.Threads(), engine.Peak()/1e9
		m.PeakShare = m.EffectiveGFLOPS / m.PeakGFLOPS
		// Parts are timed apart, since looking at the clock takes time too.
		fetching = 0
		engine.Profile(true)
		times, err := timed(5, each/2)
		if err != nil {
			return err
		}
		m.Parts = parts(t.network(), engine.Profile(false), fetching, len(times), engine.Threads())
	}
	m.PeakMemory = peakMemory()
	if engine != nil {
		count := engine.Count()
		m.Operations, m.WeightBytes, m.Bandwidth = count.Operations, count.WeightBytes, engine.Bandwidth()
		m.FloorMilliseconds = 1e3 * max(float64(m.Operations)/(m.PeakGFLOPS*1e9), float64(m.WeightBytes)/m.Bandwidth)
	}
	b.Results = append(b.Results, m)
	return nil
}

// parts sums up a profile by layer and direction, in the order of the step.
func parts(network model.Network, profile map[string]time.Duration, fetching time.Duration, steps, threads int) []PartTime {
	var list []PartTime
	add := func(name string, spent time.Duration, threads int) {
		list = append(list, PartTime{name, spent.Seconds() * 1e3 / float64(max(1, steps)) / float64(threads)})
	}
	take := func(match func(name string) bool) (spent time.Duration) {
		for name, time := range profile {
			if match(name) {
				spent += time
				delete(profile, name)
			}
		}
		return spent
	}
	add("data", fetching, 1)
	forward := func(name string) bool {
		return strings.HasSuffix(name, " forward") || strings.HasSuffix(name, " transform input") || strings.HasSuffix(name, " pack")
	}
	var backward []func()
	for _, layer := range network.Layers {
		if !layer.Convolves() {
			continue
		}
		of := func(name string) bool { return strings.HasPrefix(name, layer.Name+" ") }
		add(layer.Name+" forward", take(func(name string) bool { return of(name) && forward(name) }), threads)
		backward = append(backward, func() { add(layer.Name+" backward", take(of), threads) })
	}
	add("loss and clipping", take(func(name string) bool { return name == "loss and clipping" }), 1)
	slices.Reverse(backward)
	for _, layer := range backward {
		layer()
	}
	optimizer := take(func(name string) bool { return name == "optimizer" })
	add("additions", take(func(string) bool { return true }), threads)
	add("optimizer", optimizer, threads)
	return list
}
