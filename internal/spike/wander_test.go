package spike

import (
	"math"
	"testing"
)

// TestSpikesInFalls plants spikes in falls that are as wide as the whole log: what a reader sees is found.
func TestSpikesInFalls(t *testing.T) {
	found := 0
	for seed := range uint64(40) {
		r := random(seed)
		at := 30 + r.IntN(60)
		losses := series(120, func(i int) float64 { return 0.5 + 2.2*math.Exp(-float64(i)/20) + 0.02*r.NormFloat64() })
		for i := at; i < at+12; i++ {
			losses[i] += 0.8 * math.Exp(-float64(i-at)/4)
		}
		if s := Find(nil, losses); s.in(int64(at)) && s.EpisodeCount == 1 && s.Condition == Spiky {
			found++
		}
	}
	if found < 38 {
		t.Errorf("%d of 40 spikes found", found)
	}
}

// TestRestartedMeans logs the mean of an epoch so far, which starts anew with each epoch, of losses that differ from one place
// in the data to another: an epoch's first losses may stand out, but none of the rest.
func TestRestartedMeans(t *testing.T) {
	var losses, spikes int64
	for seed := range uint64(20) {
		r := random(seed)
		var sum, n float64
		s := Find(nil, series(1900, func(i int) float64 {
			const epoch = 133
			if i%epoch == 0 {
				sum, n = 0, 0
			}
			n++
			sum += 4.5 - 0.02*float64(i/epoch) + 0.1*float64(i%epoch)/epoch + 0.01*r.NormFloat64()
			return sum / n
		}))
		losses, spikes = losses+s.Records, spikes+s.Spikes
	}
	if spikes*100 > losses {
		t.Errorf("%d spikes in %d losses", spikes, losses)
	}
}

// TestSmoothCourses judges losses without any noise.
func TestSmoothCourses(t *testing.T) {
	for name, level := range map[string]func(i int) float64{
		"rises by little, falls by much": func(i int) float64 { return 2 - float64(i/20) + 0.002*float64(i%20) },
		"each loss is told twice":        func(i int) float64 { return 0.02 + 0.16*math.Exp(-float64(i/2)/6) + 0.0001*float64(i%2) },
		"turns slowly":                   func(i int) float64 { return -1.4 + 0.1*math.Sin(float64(i)/90) + 0.03*math.Sin(float64(i)/17) },
	} {
		for _, n := range []int{57, 200, 900} {
			if s := Find(nil, series(n, level)); s.Spikes > 0 {
				t.Errorf("%s, %d losses: %s", name, n, describe(s))
			}
		}
	}
}

// TestTails tells losses that are spread over orders of magnitude, which reach far now and then, from spikes.
func TestTails(t *testing.T) {
	for name, test := range map[string]struct {
		loss func(i int, z float64) float64
		want Condition
	}{
		"log-normal, sigma 1":       {func(_ int, z float64) float64 { return 0.1 * math.Exp(z) }, Tailed},
		"log-normal, sigma 1, zero": {func(_ int, z float64) float64 { return max(0, 0.1*math.Exp(1.3*z)-0.02) }, Tailed},
		"in a fall":                 {func(i int, z float64) float64 { return (0.1 + math.Exp(-float64(i)/400)) * math.Exp(z) }, Tailed},
		"normal":                    {func(_ int, z float64) float64 { return 2 + 0.1*z }, Steady},
		"spikes": {func(i int, z float64) float64 {
			return 2 + 0.1*z + 3*float64(1/(1+i%97))
		}, Spiky},
		"spikes beyond a tail": {func(i int, z float64) float64 {
			return 0.1*math.Exp(0.4*z) + 5*float64(1/(1+i%97))
		}, Spiky},
		"two sources": {func(i int, z float64) float64 { return 2 + 0.1*z + 3*float64(i*7919%100/80) }, Spiky},
	} {
		r := random(4)
		if s := Find(nil, series(3000, func(i int) float64 { return test.loss(i, r.NormFloat64()) })); s.Condition != test.want {
			t.Errorf("%s: %s, not %s: %d spikes in %d episodes", name, s.Condition, test.want, s.Spikes, s.EpisodeCount)
		}
	}
}
