package nn

import (
	"fmt"
	"math"
	"testing"
	"time"

	"alrc/internal/model"
)

// BenchmarkPhases measures what a step takes where nothing disturbs it: the sum of its phases, each the best of all steps. Phases are so
// short that some of them are undisturbed on a busy machine, too. ALRC_KERNELS chooses the kernel set.
func BenchmarkPhases(b *testing.B) {
	for _, width := range []float64{1, 0.25, 0.125} {
		b.Run(fmt.Sprint("width ", width), func(b *testing.B) { benchmarkPhases(b, model.Supersampler(width)) })
	}
}

func benchmarkPhases(b *testing.B, network model.Network) {
	const size = 32
	e, err := New(network, Options{Height: size, Width: size, Batch: 1, Threads: 1, Loss: Loss{Power: 2, Scale: 25, Huber: 50},
		Optimizer: Optimizer{LearningRate: 1e-4}})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	e.Initialize(1)
	image := make([]float32, size*size*3)
	for i := range image {
		image[i] = float32(math.Sin(0.7 * float64(i)))
	}
	best := map[*phase]time.Duration{}
	timed := func(ph *phase, run func()) {
		begin := time.Now()
		run()
		if spent := time.Since(begin); best[ph] == 0 || spent < best[ph] {
			best[ph] = max(1, spent)
		}
	}
	run := func(ph *phase) { timed(ph, func() { e.pool.run(ph) }) }
	e.keepAll(1)
	e.images = 1
	for b.Loop() {
		run(&e.pack)
		e.input.value.load(0, image)
		for i := range e.forward {
			run(&e.forward[i])
		}
		for _, output := range e.outputs {
			e.options.Loss.imageGradient(output.value, output.gradient, 0, image, 1)
		}
		run(&e.packBackward)
		e.accumulate = false
		for i := range e.backward {
			run(&e.backward[i])
		}
		timed(&e.optimizer.update, func() { e.optimizer.step(e, e.options.Optimizer.LearningRate) })
	}
	var sum time.Duration
	for _, spent := range best {
		sum += spent
	}
	b.ReportMetric(sum.Seconds()*1e3, "ms-undisturbed/op")
}
