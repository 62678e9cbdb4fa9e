package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"alrc/internal/runfolder"
)

func TestStabilityTellsALossThatLeft(t *testing.T) {
	for _, test := range []struct {
		name string
		loss func(step int) float64
		left bool
	}{
		{"falls", func(step int) float64 { return 1 + math.Exp(-float64(step)/100) }, false},
		{"spikes", func(step int) float64 { return map[bool]float64{true: 1e6, false: 1}[step == 1500] }, false},
		{"leaves", func(step int) float64 { return map[bool]float64{true: 1e20, false: 1}[step >= 1500] }, true},
	} {
		noise := rand.New(rand.NewPCG(1, 1))
		m := &runfolder.Metrics{}
		for step := 1; step <= 2000; step++ {
			m.Step = append(m.Step, float64(step))
			m.RawLoss = append(m.RawLoss, test.loss(step)*(1+0.2*noise.Float64()))
		}
		found := stability(m)
		if left := found.LeftStep > 0; left != test.left || left && (found.LeftStep < 1490 || found.LeftStep > 1510) {
			t.Errorf("%s: left its level at step %d", test.name, found.LeftStep)
		}
	}
}
