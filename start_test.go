package alrc_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"alrc"
)

func newClipper(t testing.TB, o alrc.Options) *alrc.OneSided {
	t.Helper()
	clipper, err := alrc.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return clipper
}

// The rule of the automatic start, by hand.
func TestAutomaticStart(t *testing.T) {
	for _, c := range []struct {
		name     string
		last     float64 // of twenty losses, after 1 to 19
		mu1, mu2 float64
	}{
		{"no spike", 20, 210. / 20, 2870. / 20},
		// The median is 10.5 and the fifth highest 16, so a loss counts as at most 10.5 + 6*5.5 = 43.5.
		{"spike", 1e9, (190 + 43.5) / 20, (2470 + 43.5*43.5) / 20},
		// The median is 9.5 and the fifth lowest 4, so that a loss counts as at least 9.5 - 6*5.5 = -23.5; and root mean
		// squares have the median 10.5 and the fifth highest 16, as above.
		{"spike downwards", -1e9, (190 - 23.5) / 20, (2470 + 43.5*43.5) / 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			clipper := newClipper(t, alrc.Options{N: 2, Decay: 0.99})
			if m := clipper.Moments(); !math.IsNaN(m.Mu1) || !math.IsNaN(m.Mu2) {
				t.Errorf("moments %v and %v before any loss", m.Mu1, m.Mu2)
			}
			scales := make([]float64, 2)
			for i := range 20 {
				loss := float64(i + 1)
				if i == 19 {
					loss = c.last
				}
				// Steps without a finite loss are no part of the start.
				clipper.Step([]float64{math.NaN()}, scales[:1])
				clipper.Step([]float64{loss, math.Inf(1)}, scales)
				if scales[0] != 1 || scales[1] != 0 {
					t.Errorf("scales %v in step %d of the start", scales, i)
				}
			}
			mu1, mu2 := clipper.Moments().Mu1, clipper.Moments().Mu2
			if !near(mu1, c.mu1) || !near(mu2, c.mu2) {
				t.Errorf("moments %v and %v, want %v and %v", mu1, mu2, c.mu1, c.mu2)
			}
			upper := mu1 + 2*math.Sqrt(mu2-mu1*mu1+1e-8)
			if got := clipper.Limits().Upper; !near(got, upper) {
				t.Errorf("threshold %v after the start, want %v", got, upper)
			}
			remembered := math.Pow(0.99, 21)
			rate := 0.01 * (1 + 2*remembered) / (1 - remembered)
			clipper.Step([]float64{8}, scales[:1])
			if got := clipper.Moments().Mu1; !near(got, mu1+rate*(8-mu1)) {
				t.Errorf("mu1 %v after a loss of 8, want %v", got, mu1+rate*(8-mu1))
			}
		})
	}
}

// A course is a training's losses, before spikes: each is a level times a draw from one distribution.
type course struct {
	name  string
	batch int
	level func(step int) float64
	draw  func(*rand.Rand) float64
}

func level(int) float64 { return 1 }

func falling(step int) float64 { return 1 + 9*math.Exp(-float64(step)/100) }

func logNormal(sigma float64) func(*rand.Rand) float64 {
	return func(random *rand.Rand) float64 { return math.Exp(sigma * random.NormFloat64()) }
}

func normal(random *rand.Rand) float64 { return 1 + 0.1*random.NormFloat64() }

func mostlyZero(random *rand.Rand) float64 {
	if random.Float64() < 0.6 {
		return 0
	}
	return 1
}

func courses() []course {
	return []course{
		{"log-normal", 1, level, logNormal(0.5)},
		{"log-normal, batch 64", 64, level, logNormal(0.5)},
		{"heavy tail", 1, level, logNormal(1)},
		{"heavy tail, batch 64", 64, level, logNormal(1)},
		{"normal", 1, level, normal},
		{"mostly zero", 1, level, mostlyZero},
		{"falling", 1, falling, logNormal(0.5)},
		{"falling, batch 64", 64, falling, logNormal(0.5)},
	}
}

// right returns the threshold, at level 1, that n standard deviations of the limited losses settle at, and the moments
// of the losses without limits.
func (c course) right(n float64) (threshold float64, m alrc.Moments) {
	random := rand.New(rand.NewPCG(1, 1))
	losses := make([]float64, 20000)
	for i := range losses {
		losses[i] = c.draw(random)
	}
	threshold = math.Inf(1)
	for range 50 {
		var mu1, mu2 float64
		for _, loss := range losses {
			limited := min(loss, threshold)
			mu1 += limited / float64(len(losses))
			mu2 += limited * limited / float64(len(losses))
		}
		if math.IsInf(threshold, 1) {
			m = alrc.Moments{Mu1: mu1, Mu2: mu2}
		}
		threshold = mu1 + n*math.Sqrt(mu2-mu1*mu1)
	}
	return threshold, m
}

// run takes a clipper through steps, and returns the threshold after each, over the right one. spike multiplies the
// losses of a step's first example.
func (c course) run(clipper alrc.Clipper, right float64, seed uint64, steps int, spike func(step int) float64) []float64 {
	random := rand.New(rand.NewPCG(seed, 2))
	losses, scales := make([]float64, c.batch), make([]float64, c.batch)
	ratios := make([]float64, steps)
	for step := range steps {
		for i := range losses {
			losses[i] = c.level(step) * c.draw(random)
		}
		losses[0] *= spike(step)
		clipper.Step(losses, scales)
		ratios[step] = clipper.Limits().Upper / (right * c.level(step))
	}
	return ratios
}

func noSpike(int) float64 { return 1 }

// Where losses keep their distribution, the threshold is near the right one after 200 steps, and follows losses that
// fall tenfold in their first hundreds.
func TestAutomaticStartSettles(t *testing.T) {
	for _, c := range courses() {
		right, _ := c.right(3)
		for seed := range uint64(10) {
			ratios := c.run(newClipper(t, alrc.Options{}), right, seed, 2000, noSpike)
			for step, most := range map[int]float64{199: 1.5, 999: 1.25, 1999: 1.15} {
				if c.level(step) > 1.01 && step == 199 {
					most = 2 // still falling
				}
				if ratio := ratios[step]; ratio > most || ratio < 1/most {
					t.Errorf("%s, seed %d, step %d: the threshold is %.2f times the right one", c.name, seed, step, ratio)
				}
			}
		}
	}
}

// Up to a fifth of the first steps may be spikes of any height. The more there are, the nearer to the highest of the
// other steps, which may be high where tails are heavy, lies what they are limited by.
func TestAutomaticStartWithstandsSpikes(t *testing.T) {
	for _, c := range courses()[:5] {
		right, _ := c.right(3)
		for seed := range uint64(10) {
			clean := c.run(newClipper(t, alrc.Options{}), right, seed, 200, noSpike)
			for _, spikes := range []int{1, 4} {
				spiked := c.run(newClipper(t, alrc.Options{}), right, seed, 200, func(step int) float64 {
					if step >= 4 && step < 4+spikes {
						return 1e6
					}
					return 1
				})
				// In right thresholds: when the start is over, and later.
				atOnce, later := 3.5, 0.1
				if spikes > 1 {
					atOnce, later = 25, 0.5
				}
				if excess := spiked[19] - clean[19]; excess > atOnce {
					t.Errorf("%s, seed %d, %d spikes: the threshold starts %.2f too high", c.name, seed, spikes, excess)
				}
				if excess := math.Abs(spiked[199] - clean[199]); excess > later {
					t.Errorf("%s, seed %d, %d spikes: the threshold is %.2f off after 200 steps", c.name, seed, spikes, excess)
				}
			}
		}
	}
}

// The start is no worse than estimates of the first losses' moments, right or ten times too high or too low: in how far
// the threshold is from the right one, by ratio, on average over a training's beginning.
func TestAutomaticStartAgainstEstimates(t *testing.T) {
	for _, c := range courses() {
		right, m := c.right(3)
		first := c.level(0)
		distance := func(factor float64) (sum float64) {
			for seed := range uint64(3) {
				o := alrc.Options{}
				if factor > 0 {
					o.Moments = &alrc.Moments{Mu1: factor * first * m.Mu1, Mu2: factor * factor * first * first * m.Mu2}
				}
				// Spikes, one in fifty steps.
				for step, ratio := range c.run(newClipper(t, o), right, seed, 2000, func(step int) float64 {
					if step%50 == 11 {
						return 100
					}
					return 1
				}) {
					if step >= 20 {
						sum += math.Abs(math.Log(ratio)) / (3 * 1980)
					}
				}
			}
			return sum
		}
		automatic := distance(0)
		for name, factor := range map[string]float64{"right": 1, "ten times too high": 10, "ten times too low": 0.1} {
			if estimated := distance(factor); automatic > estimated+0.1 {
				t.Errorf("%s: off by e^%.2f on average, and with estimates %s by e^%.2f", c.name, automatic, name, estimated)
			}
		}
	}
}
