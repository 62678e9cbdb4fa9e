package nn

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"alrc/internal/model"
	"alrc/internal/stabiliser"
)

// BenchmarkStabilisers times what comes after the gradient of experiment 1's network: the optimizer, and with each stabiliser what
// that adds. Engines take turns, and the least time of each counts, so that what else the machine does falls out; b.N counts
// rounds. It reports AdamW's own time as "us/AdamW", each method's beyond it in microseconds as "us+METHOD", and how many bytes a
// checkpoint holds of it as "B+METHOD"; "us/step" is a whole step of AdamW for one image.
//
//	go test -run - -bench Stabilisers -benchtime 200x ./internal/nn
func BenchmarkStabilisers(b *testing.B) {
	for _, width := range []float64{0.25, 1} {
		b.Run(fmt.Sprintf("width=%v", width), func(b *testing.B) {
			names := append([]string{stabiliser.None}, stabiliser.Names()...)
			var engines []*Engine
			for _, name := range names {
				spec, err := stabiliser.Parse(name)
				if err != nil {
					b.Fatal(err)
				}
				e, err := New(model.Supersampler(width), Options{Batch: 1, Height: 32, Width: 32, Threads: 1, Loss: Loss{Power: 2, Scale: 25},
					Optimizer: Optimizer{Kind: AdamW, LearningRate: 1e-4, WeightDecay: 0.01}, Stabiliser: spec})
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				e.Initialize(1)
				stepOn(b, e, 0)
				engines = append(engines, e)
			}
			least := make([]time.Duration, len(engines))
			step := time.Duration(1 << 62)
			gradients := slices.Clone(engines[0].gradients)
			inputs, targets, raw := batchOf(engines[0], 1)
			// Methods that begin otherwise than they go on are past their beginning.
			for _, e := range engines[1:] {
				for range 130 {
					copy(e.gradients, gradients)
					e.stabilisation.step(e)
				}
			}
			for b.Loop() {
				begin := time.Now()
				if err := engines[0].StepOutputs(inputs, targets, raw, weighOutputs); err != nil {
					b.Fatal(err)
				}
				step = min(step, time.Since(begin))
				for i, e := range engines {
					copy(e.gradients, gradients)
					begin := time.Now()
					if e.stabilisation == nil {
						e.optimizer.step(e, e.options.Optimizer.LearningRate)
					} else {
						e.stabilisation.step(e)
					}
					if spent := time.Since(begin); least[i] == 0 || spent < least[i] {
						least[i] = spent
					}
				}
			}
			microseconds := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
			b.ReportMetric(microseconds(step), "us/step")
			b.ReportMetric(microseconds(least[0]), "us/AdamW")
			for i := 1; i < len(engines); i++ {
				b.ReportMetric(microseconds(least[i]-least[0]), "us+"+names[i])
				bytes := 0
				for _, numbers := range engines[i].StabiliserState() {
					bytes += 8 * len(numbers)
				}
				b.ReportMetric(float64(bytes), "B+"+names[i])
			}
		})
	}
}
