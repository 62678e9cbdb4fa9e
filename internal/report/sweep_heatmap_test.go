package report

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"alrc/internal/runfolder"
)

// heatmapSweep has runs without clipping of two seeds, and clipped ones by n and decay, of two starts, whose means are
// mean times those without.
func heatmapSweep(mean func(n, decay, start string, seed uint64) float64) *Sweep {
	s := &Sweep{varying: []string{"clip", "decay", "moments", "seed"}}
	cell := &Cell{}
	add := func(clip, decay, start string, seed uint64, mean float64) {
		result := &runfolder.Result{Seed: seed, Mean: runfolder.Number(mean), Diverged: math.IsInf(mean, 1)}
		cell.Runs = append(cell.Runs, &sweepRun{seed: seed, result: result, settings: runfolder.Settings{
			{"clip", clip}, {"decay", decay}, {"moments", start}, {"seed", fmt.Sprint(seed)}}})
	}
	for seed := range uint64(2) {
		add("none", "0.999", "auto", seed, float64(2+seed))
		for _, n := range []string{"10", "2"} {
			for _, decay := range []string{"0.9", "0.99"} {
				for _, start := range []string{"auto", "25,900"} {
					add("alrc:"+n, decay, start, seed, float64(2+seed)*mean(n, decay, start, seed))
				}
			}
		}
	}
	s.Blocks = []*Block{{Columns: []*Column{{Cells: []*Cell{cell}}}}}
	return s
}

// Heat maps have n by decay, one for each start, against the runs without clipping, which depend on neither.
func TestHeatmaps(t *testing.T) {
	s := heatmapSweep(func(n, decay, start string, seed uint64) float64 {
		switch {
		case n == "10" && decay == "0.9" && start == "auto" && seed == 1:
			return math.Inf(1)
		case n == "2" && start == "auto":
			return []float64{0.4, 0.625}[seed] // whose geometric mean is 0.5
		}
		return 1
	})
	h := s.heatmaps(trainingLoss)
	if h == nil || len(h.Maps) != 2 {
		t.Fatalf("%+v, want two maps", h)
	}
	auto := h.Maps[0]
	if got := fmt.Sprint(auto.Title, auto.Rows, auto.Columns, auto.Texts); got != "Moments auto[2 10] [0.9 0.99] [[−50 % −50 %] [diverged 0 %]]" {
		t.Errorf("the first map is %s", got)
	}
	if math.Abs(auto.Values[0][0]-math.Log(0.5)) > 1e-12 || !math.IsNaN(auto.Values[1][0]) || h.Limit != -auto.Values[0][0] {
		t.Errorf("its values are %v, up to %v", auto.Values, h.Limit)
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"PNG": func(b *bytes.Buffer) error { return h.WritePNG(b, 800, 600) },
		"SVG": func(b *bytes.Buffer) error { return h.WriteSVG(b, 800, 600) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil || b.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", name, b.Len(), err)
		}
	}
	s.varying = []string{"clip", "moments", "seed"}
	if h := s.heatmaps(trainingLoss); h != nil {
		t.Error("a sweep with one numeric setting has a heat map")
	}
}
