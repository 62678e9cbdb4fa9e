package experiment

import (
	"fmt"
	"testing"
	"time"

	"alrc/internal/place"
)

// BenchmarkClippingShare trains experiment 1's network on generated images and measures the part of a step that clipping takes:
// scales, statistics and moments.
func BenchmarkClippingShare(b *testing.B) {
	for _, width := range []float64{0.125, 0.25, 1} {
		for _, batchSize := range []int{1, 16} {
			b.Run(fmt.Sprintf("width=%v/batch=%d", width, batchSize), func(b *testing.B) {
				s := Default()
				s.Clip, s.Width, s.BatchSize = "alrc:2", width, batchSize
				_, data, err := (&place.Opener{}).Open(s.Data)
				if err != nil {
					b.Fatal(err)
				}
				r := &run{Specification: s, data: data}
				if r.task, err = r.newTask(data); err != nil {
					b.Fatal(err)
				}
				if r.engine, err = s.newEngine(nil, r.task, 1); err != nil {
					b.Fatal(err)
				}
				defer r.engine.Close()
				h, err := newHead("", s)
				if err != nil {
					b.Fatal(err)
				}
				if err := r.task.start(0); err != nil {
					b.Fatal(err)
				}
				defer r.task.close()
				r.engine.Initialize(0)
				raw := [][]float32{make([]float32, batchSize)}
				var clipping time.Duration
				b.ResetTimer()
				for range b.N {
					batch, err := r.task.next()
					if err != nil {
						b.Fatal(err)
					}
					begin := time.Now()
					h.begin()
					clipping += time.Since(begin)
					err = r.engine.StepOutputs(batch.inputs, batch.targets, raw, func(_ int, losses, scales []float32) {
						begin := time.Now()
						h.weigh(losses, scales)
						clipping += time.Since(begin)
					})
					if err != nil {
						b.Fatal(err)
					}
					begin = time.Now()
					h.end()
					clipping += time.Since(begin)
				}
				b.ReportMetric(float64(clipping.Nanoseconds())/float64(b.N), "clipping-ns/step")
				b.ReportMetric(1e6*float64(clipping)/float64(b.Elapsed()), "clipping-ppm")
			})
		}
	}
}
