package micrograph

import "testing"

// What a training step waits for at most: a batch of one crop.
func BenchmarkExamples(b *testing.B) {
	train, _ := procedural(b)
	for _, bench := range []struct {
		name   string
		varied bool
	}{{"fixed mask", false}, {"varied masks", true}} {
		b.Run(bench.name, func(b *testing.B) {
			const side = 256
			examples, err := NewExamples(train, Scan{Kind: Spiral, Coverage: DefaultCoverage, Varied: bench.varied}, side, 0, true)
			if err != nil {
				b.Fatal(err)
			}
			input, target := make([]float32, 2*side*side), make([]float32, side*side)
			for i := range b.N {
				if _, err := examples.Read(int64(i%16), input, target, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
