package spike

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// relogged is the same run logged otherwise.
type relogged struct {
	name string
	log  func(losses []float64) (steps []int64, logged []float64)
	// thins says that records are left out or averaged, so that what lies between them is not seen.
	thins bool
}

// mapped logs each loss as something else.
func mapped(name string, f func(float64) float64) relogged {
	return relogged{name: name, log: func(losses []float64) ([]int64, []float64) {
		steps, logged := make([]int64, len(losses)), make([]float64, len(losses))
		for i, loss := range losses {
			steps[i], logged[i] = int64(i), f(loss)
		}
		return steps, logged
	}}
}

// thinned logs means of so many losses, or the last of them.
func thinned(n int, mean bool) relogged {
	name := fmt.Sprintf("every %d", n)
	if mean {
		name = fmt.Sprintf("means of %d", n)
	}
	return relogged{name: name, thins: true, log: func(losses []float64) (steps []int64, logged []float64) {
		for i := n - 1; i < len(losses); i += n {
			loss := losses[i]
			if mean {
				loss = 0
				for _, x := range losses[i-n+1 : i+1] {
					loss += x / float64(n)
				}
			}
			steps, logged = append(steps, int64(i)), append(logged, loss)
		}
		return steps, logged
	}}
}

// digits rounds to so many decimals.
func digits(n int) relogged {
	unit := math.Pow10(-n)
	return mapped(fmt.Sprintf("%d decimals", n), func(x float64) float64 { return math.Round(x/unit) * unit })
}

// halfPrecision rounds to the 11 bits of half precision.
func halfPrecision(x float64) float64 {
	if x == 0 || x-x != 0 {
		return x
	}
	fraction, exponent := math.Frexp(x)
	return math.Ldexp(math.Round(fraction*2048)/2048, exponent)
}

var relogs = []relogged{
	mapped("times 1000", func(x float64) float64 { return 1000 * x }),
	mapped("times 1e-6", func(x float64) float64 { return 1e-6 * x }),
	mapped("plus 10", func(x float64) float64 { return x + 10 }),
	mapped("half precision", halfPrecision),
	digits(4), digits(3), digits(2),
	thinned(10, false), thinned(50, false), thinned(10, true),
}

// courses are runs of training of some thousand steps, and what they are called.
var courses = []struct {
	name string
	loss func(i int, r *rand.Rand) float64
	want Condition
	// lasting says that what happens lasts for so many steps that a thinned log has it too.
	lasting bool
}{
	{"calm", func(i int, r *rand.Rand) float64 { return 2 + 3*math.Exp(-float64(i)/400) + 0.05*r.NormFloat64() }, Steady, true},
	{"level", func(_ int, r *rand.Rand) float64 { return 2 + 0.1*r.NormFloat64() }, Steady, true},
	{"spikes", func(i int, r *rand.Rand) float64 {
		return 2 + 2*math.Exp(-float64(i)/300) + 0.05*r.NormFloat64() + 4*float64(1/(1+i%811))
	}, Spiky, false},
	{"long spikes", func(i int, r *rand.Rand) float64 {
		return 2 + 0.05*r.NormFloat64() + 6*math.Exp(-float64((i+900)%2000)/120)*step(i, 1100)
	}, Spiky, true},
	{"drop", func(i int, r *rand.Rand) float64 { return 3 - 1.5*step(i, 3000) + 0.05*r.NormFloat64() }, Dropped, true},
	{"drift", func(i int, r *rand.Rand) float64 {
		return 2 + 3*math.Exp(-float64(i)/300) + float64(i)/4000 + 0.05*r.NormFloat64()
	}, Drifting, true},
	{"divergence", func(i int, r *rand.Rand) float64 {
		return 2 + 3*math.Exp(-float64(i)/300) + 9*step(i, 5000)*(1-math.Exp(-float64(i-5000)/80)) + 0.05*r.NormFloat64()
	}, Divergent, true},
	{"not a number", func(i int, r *rand.Rand) float64 {
		if i > 5200 {
			return math.NaN()
		}
		return 2 + 3*math.Exp(-float64(i)/300) + 0.05*r.NormFloat64()
	}, Divergent, true},
	{"stuck", func(i int, r *rand.Rand) float64 {
		if i >= 2500 {
			return 0
		}
		return 2 + 3*math.Exp(-float64(i)/300) + 0.05*r.NormFloat64()
	}, Stuck, true},
}

// TestRelogged holds the verdict about a run against those about the same run logged otherwise.
func TestRelogged(t *testing.T) {
	const seeds = 6
	for _, course := range courses {
		wrong := map[string]int{}
		for seed := range uint64(seeds) {
			r := random(seed)
			losses := series(6000, func(i int) float64 { return course.loss(i, r) })
			plain := Find(nil, losses)
			if plain.Condition != course.want {
				t.Errorf("%s, seed %d: %s, not %s: %s", course.name, seed, plain.Condition, course.want, describe(plain))
				continue
			}
			for _, relog := range relogs {
				if relog.thins && !course.lasting {
					continue
				}
				s := Find(relog.log(losses))
				if s.Condition != plain.Condition || !relog.thins && !alike(plain, s) {
					wrong[relog.name]++
					t.Logf("%s, %s, seed %d: %s, not %s: %s", course.name, relog.name, seed, s.Condition, plain.Condition, describe(s))
				}
			}
		}
		for name, n := range wrong {
			if n > seeds/6 {
				t.Errorf("%s, %s: %d of %d are judged otherwise", course.name, name, n, seeds)
			}
		}
	}
}

// alike says whether two summaries of the same records have the same episodes.
func alike(a, b *Summary) bool {
	return slices.EqualFunc(a.Episodes, b.Episodes, func(x, y *Episode) bool { return x.Start == y.Start && x.Kind == y.Kind })
}

// TestSpikesOfThinnedLogs: spikes that a thinned log holds are the ones that the whole log has there.
func TestSpikesOfThinnedLogs(t *testing.T) {
	for _, n := range []int{10, 50} {
		both, differ := 0, 0
		for seed := range uint64(10) {
			r := random(seed)
			losses := series(8000, func(i int) float64 { return 2 + 3*math.Exp(-float64(i)/500) + 0.05*r.NormFloat64() })
			for range 12 {
				i := 300 + r.IntN(len(losses)-400)
				i -= (i + 1) % n // one that is logged
				losses[i] += 1 + 3*r.Float64()
			}
			all := Find(nil, losses)
			few := Find(thinned(n, false).log(losses))
			for _, e := range all.Episodes {
				if (e.Start+1)%int64(n) == 0 {
					both++
					if !few.in(e.Start) {
						differ++
					}
				}
			}
			for _, e := range few.Episodes {
				if !slices.ContainsFunc(all.Episodes, func(other *Episode) bool { return other.Start <= e.Start && e.Start <= other.End }) {
					differ++
				}
			}
		}
		if both < 80 || differ > both/20 {
			t.Errorf("every %d: %d of %d spikes differ", n, differ, both)
		}
	}
}
