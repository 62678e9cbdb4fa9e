package spike

import (
	"math"
	"testing"
)

// TestFrequentSpikes plants spikes at short distances: none is hidden by the others, nor taken for a shift.
func TestFrequentSpikes(t *testing.T) {
	for name, level := range map[string]func(i int) float64{
		"level":     func(int) float64 { return 2 },
		"fall":      func(i int) float64 { return 2 + 3*math.Exp(-float64(i)/100) },
		"slow rise": func(i int) float64 { return 2 + float64(i)/3000 },
	} {
		for _, distance := range []int{5, 6, 8, 12, 20} {
			r := random(uint64(distance))
			losses := series(1500, func(i int) float64 {
				spike := 0.0
				if i > 400 && i%distance == 0 {
					spike = 1 + r.Float64()
				}
				return level(i) + spike + 0.03*r.NormFloat64()
			})
			s := Find(nil, losses)
			planted := int64(1499/distance - 400/distance)
			if s.Spikes < planted*99/100 || s.Spikes > planted+2 || s.Shifts > 0 || s.Condition != Spiky {
				t.Errorf("%s, every %d: %d of %d spikes, %d shifts, %s", name, distance, s.Spikes, planted, s.Shifts, s.Condition)
			}
			if s.Worst == nil || s.Worst.Recovery > 3 {
				t.Errorf("%s, every %d: the worst is %+v", name, distance, s.Worst)
			}
		}
	}
}

// TestLongBursts plants spikes of many steps among which the neighbourhood's first half, or its last, has few others.
func TestLongBursts(t *testing.T) {
	for _, length := range []int{2, 5, 15, 30, 60} {
		for _, at := range []int{300, 900} {
			r := random(uint64(length))
			s := Find(nil, series(1300, func(i int) float64 {
				burst := step(i, at) - step(i, at+length)
				return 2 + 8*math.Exp(-float64(i)/60) + 0.05*r.NormFloat64() + 1.5*burst*(1+0.2*r.Float64())
			}))
			if s.Spikes != int64(length) || s.EpisodeCount != 1 || s.Condition != Spiky {
				t.Errorf("%d steps from %d on: %s, %s", length, at, s.Condition, describe(s))
			}
		}
	}
}

// TestTwoSources mixes batches of two kinds: neither is an outlier of the other.
func TestTwoSources(t *testing.T) {
	for _, share := range []float64{0.4, 0.5} {
		r := random(5)
		var spikes int64
		for range 10 {
			spikes += Find(nil, series(2000, func(int) float64 {
				loss := 2 + 0.05*r.NormFloat64()
				if r.Float64() < share {
					loss += 1.5
				}
				return loss
			})).Spikes
		}
		if spikes > 1000 {
			t.Errorf("a share of %v: %d spikes of 20,000 losses", share, spikes)
		}
	}
}

// TestFewDigits rounds losses: that one differs by the last digit makes it no spike.
func TestFewDigits(t *testing.T) {
	for _, deviation := range []float64{0.002, 0.003, 0.004, 0.006} {
		r := random(2)
		losses := series(5000, func(int) float64 { return math.Round(100*(0.051+deviation*r.NormFloat64())) / 100 })
		if s := Find(nil, losses); s.Spikes > 0 {
			t.Errorf("a deviation of %v: %d spikes", deviation, s.Spikes)
		}
		losses[3000] = 0.14
		if s := Find(nil, losses); s.Spikes != 1 || !s.in(3000) {
			t.Errorf("a deviation of %v: the spike was not found: %s", deviation, describe(s))
		}
	}
}
