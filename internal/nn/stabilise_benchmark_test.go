package nn

import (
	"fmt"
	"testing"
	"time"

	"alrc/internal/model"
	"alrc/internal/stabiliser"
)

// BenchmarkStabilisers times whole steps of experiment 1's network, one image each, without a stabiliser and with each. Engines take
// turns, and the least time of each counts, so that what else the machine does falls out; b.N counts rounds. It reports each
// method's step in microseconds beyond that of AdamW alone, as "us+METHOD", and how many bytes a checkpoint holds of it, as "B+METHOD".
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
			inputs, targets, raw := batchOf(engines[0], 1)
			for b.Loop() {
				for i, e := range engines {
					begin := time.Now()
					if err := e.StepOutputs(inputs, targets, raw, weighOutputs); err != nil {
						b.Fatal(err)
					}
					if spent := time.Since(begin); least[i] == 0 || spent < least[i] {
						least[i] = spent
					}
				}
			}
			microseconds := func(i int) float64 { return float64(least[i].Nanoseconds()) / 1e3 }
			b.ReportMetric(microseconds(0), "us/step")
			for i := 1; i < len(engines); i++ {
				b.ReportMetric(microseconds(i)-microseconds(0), "us+"+names[i])
				bytes := 0
				for _, numbers := range engines[i].StabiliserState() {
					bytes += 8 * len(numbers)
				}
				b.ReportMetric(float64(bytes), "B+"+names[i])
			}
		})
	}
}
