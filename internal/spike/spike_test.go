package spike

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noises are losses of stable runs: their shapes, at a deviation of about 0.1.
var noises = map[string]func(*rand.Rand) float64{
	"normal": func(r *rand.Rand) float64 { return 3 + 0.1*r.NormFloat64() },
	"t4": func(r *rand.Rand) float64 {
		var squares float64
		for range 4 {
			z := r.NormFloat64()
			squares += z * z
		}
		return 3 + 0.1*r.NormFloat64()/math.Sqrt(squares/4)
	},
	"lognormal 0.25": func(r *rand.Rand) float64 { return math.Exp(0.25 * r.NormFloat64()) },
	"lognormal 0.5":  func(r *rand.Rand) float64 { return math.Exp(0.5 * r.NormFloat64()) },
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// series makes n losses.
func series(n int, loss func(i int) float64) []float64 {
	losses := make([]float64, n)
	for i := range losses {
		losses[i] = loss(i)
	}
	return losses
}

// deviations is how many robust deviations a loss lies above its neighbours, by the definition.
func deviations(losses []float64, i int) float64 {
	neighbours := slices.Concat(losses[max(0, i-100):i], losses[i+1:min(len(losses), i+101)])
	neighbours = slices.DeleteFunc(neighbours, func(x float64) bool { return x-x != 0 })
	median := exactMedian(neighbours)
	for k, loss := range neighbours {
		neighbours[k] = math.Abs(loss - median)
	}
	slices.Sort(neighbours)
	return (losses[i] - median) / (1.4826 * exactMedian(neighbours))
}

func exactMedian(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// in says whether a step is in an episode.
func (s *Summary) in(step int64) bool {
	return slices.ContainsFunc(s.Episodes, func(e *Episode) bool {
		return e.Start <= step && step <= max(e.Peak, e.End)
	})
}

func TestFalseAlarms(t *testing.T) {
	for name, loss := range noises {
		for _, length := range []int{200_000, 1000} {
			r := random(7)
			var spikes int64
			for range 200_000 / length {
				spikes += Find(nil, series(length, func(int) float64 { return loss(r) })).Spikes
			}
			rate := float64(spikes) / 200
			t.Logf("%s, runs of %d: %.2f in 1,000", name, length, rate)
			if rate > 1 {
				t.Errorf("%s, runs of %d: %.2f false alarms in 1,000 losses", name, length, rate)
			}
		}
	}
}

// TestEverySpikeIsFound plants spikes of all heights anywhere, in losses that lie still or fall, and asks for every one
// that is a spike by the definition.
func TestEverySpikeIsFound(t *testing.T) {
	trends := map[string]func(i int) float64{
		"level":      func(int) float64 { return 0 },
		"fall":       func(i int) float64 { return 4 * math.Exp(-float64(i)/60) },
		"long fall":  func(i int) float64 { return 4 / (1 + float64(i)/300) },
		"slow rise":  func(i int) float64 { return float64(i) / 1000 },
		"rate drops": func(i int) float64 { return float64((1500 - i) / 400) },
	}
	for noise, loss := range noises {
		for trend, level := range trends {
			found := 0
			for seed := range uint64(20) {
				r := random(seed)
				n := 60 + r.IntN(1200)
				losses := series(n, func(i int) float64 { return loss(r) + level(i) })
				var planted []int
				for range 1 + r.IntN(6) {
					i := 1 + r.IntN(n-1)
					losses[i] += math.Exp(r.Float64()*4) / 4
					planted = append(planted, i)
				}
				s := Find(nil, losses)
				for _, i := range planted {
					if deviations(losses, i) < Limit {
						continue
					}
					found++
					if !s.in(int64(i)) {
						t.Errorf("%s, %s, seed %d: loss %d of %d, %v, %.2f deviations above its neighbours, was not found", noise, trend,
							seed, i, n, losses[i], deviations(losses, i))
					}
				}
			}
			if found < 5 {
				t.Errorf("%s, %s: only %d spikes were planted", noise, trend, found)
			}
		}
	}
}

func TestFallsAreNoSpikes(t *testing.T) {
	for name, level := range map[string]func(i int) float64{
		"exponential": func(i int) float64 { return 2 + 8*math.Exp(-float64(i)/40) },
		"steep":       func(i int) float64 { return 2 + 80*math.Exp(-float64(i)/4) },
		"power":       func(i int) float64 { return 2 + 8/math.Sqrt(1+float64(i)) },
		"rate drop":   func(i int) float64 { return 3 - 1.5*math.Floor(float64(i)/700) },
		"first":       func(i int) float64 { return 2 + 98*math.Floor(1/float64(i+1)) + 9/float64(1+i) },
	} {
		var spikes int64
		for seed := range uint64(20) {
			r := random(seed)
			// Noise goes with the loss, as in training.
			spikes += Find(nil, series(1000, func(i int) float64 { return level(i) * (1 + 0.02*r.NormFloat64()) })).Spikes
		}
		if spikes > 2 {
			t.Errorf("%s: %d spikes in 20,000 losses that fall", name, spikes)
		}
	}
}

// TestThinnedLogs judges a run that logs every step and every 50th: the spikes that both hold get the same verdict.
func TestThinnedLogs(t *testing.T) {
	r := random(3)
	losses := series(6000, func(i int) float64 {
		return 3.4 + 6.5*math.Exp(-float64(i)/250) + 0.1*r.NormFloat64()
	})
	spikes := []int{700, 1200, 2050, 2800, 4100, 5950}
	for k, i := range spikes {
		losses[i] += 3 + float64(k)
		for j := 1; j <= 30*(k%2) && i+j < len(losses); j++ { // every other one has a tail
			losses[i+j] += 3 * math.Exp(-float64(j)/8)
		}
	}
	all := Find(nil, losses)
	var steps []int64
	var every50 []float64
	for i := 0; i < len(losses); i += 50 {
		steps, every50 = append(steps, int64(i)), append(every50, losses[i])
	}
	thinned := Find(steps, every50)
	for _, i := range spikes {
		if !all.in(int64(i)) || !thinned.in(int64(i)) {
			t.Errorf("step %d: found %v by all records, %v by every 50th", i, all.in(int64(i)), thinned.in(int64(i)))
		}
	}
	if all.EpisodeCount != int64(len(spikes)) || thinned.EpisodeCount != int64(len(spikes)) {
		t.Errorf("%d and %d episodes of %d", all.EpisodeCount, thinned.EpisodeCount, len(spikes))
	}
}

func TestEarlySpikesNeitherHideNorPoison(t *testing.T) {
	r := random(5)
	losses := series(300, func(int) float64 { return 0.7 + 0.02*r.NormFloat64() })
	early := []int{1, 2, 5, 9, 10, 17}
	for _, i := range early {
		losses[i] += 50
	}
	losses[40] += 0.4
	losses[299] += 0.4
	s := Find(nil, losses)
	for _, i := range append(early, 40, 299) {
		if !s.in(int64(i)) {
			t.Errorf("the spike at %d was not found", i)
		}
	}
	if s.Spikes != 8 {
		t.Errorf("%d spikes of 8", s.Spikes)
	}
	if s.EpisodeCount > 0 {
		if e := s.Episodes[0]; math.Abs(e.Baseline-0.7) > 0.05 || e.Deviation > 0.05 {
			t.Errorf("the level before the first is %v ± %v", e.Baseline, e.Deviation)
		}
	}
}

// TestSpikeInTheCalmAfterAnother plants a lower spike among the records by which a higher one is found to be over.
func TestSpikeInTheCalmAfterAnother(t *testing.T) {
	for seed := range uint64(40) {
		for gap := 1; gap <= 2*calm; gap++ {
			r := random(seed)
			losses := series(80, func(i int) float64 { return 3 + 0.1*r.NormFloat64() + 2*math.Exp(-float64(i)/8) })
			first, second := 30, 30+gap
			losses[first] += 4
			losses[second] += 1.3
			if s := Find(nil, losses); deviations(losses, second) > 8.5 && !s.in(int64(second)) {
				t.Errorf("seed %d: %.1f deviations, %d records after another spike, are missed: %s", seed, deviations(losses, second), gap, describe(s))
			}
		}
	}
}

func TestFirstLossMayBeASpike(t *testing.T) {
	r := random(5)
	losses := series(300, func(int) float64 { return 0.7 + 0.02*r.NormFloat64() })
	losses[0] = 5
	if s := Find(nil, losses); s.Spikes != 1 || !s.in(0) {
		t.Errorf("%d spikes", s.Spikes)
	}
}

func TestConditions(t *testing.T) {
	// missing is a loss that is not a number where x is 1.
	missing := func(x float64) float64 { return 2 + math.Sqrt(-x)*0 }
	tests := []struct {
		name  string
		n     int
		level func(i int) float64
		want  Condition
	}{
		{"level", 2000, func(int) float64 { return 2 }, Steady},
		{"learning", 2000, func(i int) float64 { return 2 + 3*math.Exp(-float64(i)/200) }, Steady},
		{"few", 8, func(int) float64 { return 2 }, Short},
		{"spikes", 2000, func(i int) float64 { return 2 + 3*max(0, 1-math.Abs(float64(i-700))/30) }, Spiky},
		{"long recovery", 6000, func(i int) float64 { return 2 + 8*math.Exp(-float64(i-1000)/500)*step(i, 1000) }, Spiky},
		{"rate drop", 2000, func(i int) float64 { return 2 - 0.6*step(i, 1000) }, Dropped},
		{"drift", 2000, func(i int) float64 { return 2 + float64(i)/1500 }, Drifting},
		{"learns, then drifts", 3000, func(i int) float64 { return 1 + 3*math.Exp(-float64(i)/200) + float64(i)/2000 }, Drifting},
		{"shift", 3000, func(i int) float64 { return 2 + 4*math.Exp(-float64(i)/100) + step(i, 1500) }, Shifted},
		{"divergence", 2000, func(i int) float64 {
			return 2 + 2*math.Exp(-float64(i)/100) + 6*step(i, 1800)*(1-math.Exp(-float64(i-1800)/30))
		}, Divergent},
		{"divergence long ago", 5000, func(i int) float64 { return 2 + 2*math.Exp(-float64(i)/100) + 6*step(i, 1800) }, Divergent},
		{"explosion", 2000, func(i int) float64 {
			return 2 + 2*math.Exp(-float64(i)/100) + step(i, 1800)*math.Exp(float64(i-1800)/10)
		}, Divergent},
		{"slow explosion", 2000, func(i int) float64 {
			return 2 + 2*math.Exp(-float64(i)/100) + 0.1*step(i, 1500)*math.Exp(float64(i-1500)/60)
		}, Divergent},
		{"explosion from the beginning", 600, func(i int) float64 { return min(1e6, 2.3*math.Pow(1.5, float64(i))) }, Divergent},
		{"harder data twice", 3900, func(i int) float64 { return 2 + 6*math.Exp(-float64(i%1300)/216) + 0.8*float64(i/1300) }, Shifted},
		{"two sources", 4000, func(i int) float64 { return 2 + 2*float64(i*7919%10/6) }, Steady},
		{"stuck at zero", 2000, func(i int) float64 { return (2 + 2*math.Exp(-float64(i)/100)) * (1 - step(i, 1700)) }, Stuck},
		{"not a number at the end", 2000, func(i int) float64 { return missing(step(i, 1980)) }, Divergent},
		{"not a number at once", 2000, func(i int) float64 { return missing(step(i, 900) - step(i, 905)) }, Spiky},
		{"never a number", 50, func(int) float64 { return missing(1) }, Divergent},
		{"none", 0, nil, Short},
	}
	for _, test := range tests {
		for seed := range uint64(5) {
			r := random(seed)
			s := Find(nil, series(test.n, func(i int) float64 { return test.level(i) * (1 + 0.02*r.NormFloat64()) }))
			if s.Condition != test.want {
				t.Errorf("%s, seed %d: %s, not %s: %+v", test.name, seed, s.Condition, test.want, describe(s))
			}
		}
	}
}

func step(i, at int) float64 {
	if i >= at {
		return 1
	}
	return 0
}

func describe(s *Summary) string {
	text := fmt.Sprintf("%d spikes, drift %v, changes %v, standstill %v", s.Spikes, s.Drift, s.Changes, s.Standstill)
	for _, e := range s.Episodes {
		text += fmt.Sprintf("; %s from %d to %d, peak %.3g at %d, before %.3g", e.Kind, e.Start, e.End, e.PeakLoss, e.Peak, e.Baseline)
	}
	return text
}

func TestScatter(t *testing.T) {
	r := random(3)
	s := Find(nil, series(4000, func(i int) float64 {
		return 2 + 0.02*math.Exp(float64(i)/900)*math.Sin(float64(i)/3) + 0.02*r.NormFloat64()
	}))
	if s.Scatter == nil || s.Scatter.Lowest > 0.1 || s.Scatter.End < 0.5 {
		t.Errorf("an oscillation that grows: %+v", s.Scatter)
	}
	for name, level := range map[string]func(int) float64{
		"even":     func(i int) float64 { return 2 + 0.05*r.NormFloat64() },
		"learning": func(i int) float64 { return (0.5 + 3*math.Exp(-float64(i)/500)) * math.Exp(0.2*r.NormFloat64()) },
		"spikes":   func(i int) float64 { return 2 + 0.05*r.NormFloat64() + 5*float64(1/(1+i%70)) },
	} {
		if s := Find(nil, series(4000, level)); s.Scatter != nil {
			t.Errorf("%s: %+v", name, s.Scatter)
		}
	}
}

func TestChangesAreLocated(t *testing.T) {
	r := random(2)
	s := Find(nil, series(3000, func(i int) float64 { return 2 - 0.5*step(i, 1000) - 0.5*step(i, 2000) + 0.05*r.NormFloat64() }))
	if len(s.Changes) != 2 || math.Abs(float64(s.Changes[0].Step-1000)) > 40 || math.Abs(float64(s.Changes[1].Step-2000)) > 40 {
		t.Errorf("%v", s.Changes)
	}
}

func TestEpisode(t *testing.T) {
	r := random(4)
	losses := series(1000, func(i int) float64 { return 2 + 0.05*r.NormFloat64() })
	for i, rise := range []float64{1, 4, 3, 2, 1} {
		losses[500+i] += rise
	}
	losses[800] = math.Inf(1)
	s := Find(nil, losses)
	if len(s.Episodes) != 2 {
		t.Fatalf("%s", describe(s))
	}
	e := s.Episodes[0]
	if e.Start != 500 || e.Peak != 501 || e.End != 505 || e.Recovery != 4 || e.Spikes != 5 || !e.Back || e.Quick || e.Kind != Spike {
		t.Errorf("%+v", e)
	}
	if math.Abs(e.Area-11) > 0.5 || math.Abs(e.Baseline-2) > 0.03 || math.Abs(e.Deviation-0.05) > 0.02 || s.Worst != e {
		t.Errorf("area %v, baseline %v, deviation %v", e.Area, e.Baseline, e.Deviation)
	}
	if e := s.Episodes[1]; e.Start != 800 || e.NonFinite != 1 || !math.IsInf(e.PeakLoss, 1) || !e.Quick || s.NonFinite != 1 {
		t.Errorf("%+v", e)
	}
	if s.MedianRecovery != 4 {
		t.Errorf("median recovery %d", s.MedianRecovery)
	}
}

// TestAlertsComeAtOnce follows a run record by record: what leaves no doubt is told at its own record, and all is told
// within the delay.
func TestAlertsComeAtOnce(t *testing.T) {
	r := random(9)
	d := New()
	var told []int64
	n := int64(0)
	d.OnEpisode = func(e *Episode, over bool) {
		if !over {
			told = append(told, e.Start, n)
		}
	}
	for ; n < 900; n++ {
		loss := 2 + 4*math.Exp(-float64(n)/100) + 0.05*r.NormFloat64()
		switch n {
		case 5, 30, 400, 700:
			loss += 3
		case 600:
			loss = math.NaN()
		}
		d.Add(n, loss)
	}
	want := []int64{30, 30, 5, 5 + Delay, 400, 400, 600, 600, 700, 700}
	if !slices.Equal(told, want) {
		t.Errorf("told of step, at record: %v, not %v", told, want)
	}
}

func TestEqualLosses(t *testing.T) {
	r := random(1)
	// Losses of two digits, most of them equal, and losses that are zero as often as not.
	for name, losses := range map[string][]float64{
		"two digits":  series(5000, func(int) float64 { return math.Round(100*(0.02+0.004*r.NormFloat64())) / 100 }),
		"mostly zero": series(5000, func(int) float64 { return max(0, r.ExpFloat64()-1.5) }),
		"constant":    series(5000, func(int) float64 { return 4 }),
	} {
		if s := Find(nil, losses); s.Spikes > 5 {
			t.Errorf("%s: %d spikes of 5,000", name, s.Spikes)
		}
		losses[4000] = 50
		if s := Find(nil, losses); !s.in(4000) {
			t.Errorf("%s: the spike was not found", name)
		}
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	r := random(1)
	d := New()
	losses := series(4096, func(int) float64 { return 2 + 0.1*r.NormFloat64() })
	i := 0
	allocations := testing.AllocsPerRun(100_000, func() {
		d.Add(int64(i), losses[i%len(losses)])
		i++
	})
	if allocations > 0 {
		t.Errorf("%v allocations a record", allocations)
	}
}

// TestWindow compares the median and the deviation with sorting, and sees that no bound is too high.
func TestWindow(t *testing.T) {
	r := random(8)
	var w window
	bounded := 0
	for i := range 6000 {
		x := r.NormFloat64()
		switch at := i % 3000; {
		case at > 2500 && i%9 == 0:
			x = math.NaN()
		case at > 1500:
			x = math.Round(2*x) / 2
		case at > 1000:
			x += 4 - float64(at)/400
		}
		if w.high-w.low == span || i%7 == 0 && w.n > 3 && w.n < 100 {
			w.pop()
		}
		w.push(x)
		sorted := slices.Clone(w.finite())
		median := exactMedian(sorted)
		for k := range sorted {
			sorted[k] = math.Abs(sorted[k] - median)
		}
		mad := exactMedian(sorted)
		if loss := 10 * r.Float64(); w.ordinary(loss, Limit) {
			bounded++
			if loss > median && loss >= median+Limit*consistent*mad {
				t.Fatalf("loss %v is called ordinary, and the threshold is %v", loss, median+Limit*consistent*mad)
			}
		}
		if got := w.median(w.n); math.Abs(got-median) > 1e-12 {
			t.Fatalf("median %v, not %v", got, median)
		}
		if got := w.deviation(w.n, median); mad > 0 && math.Abs(got-1.4826*mad) > 1e-12 {
			t.Fatalf("deviation %v, not %v", got, 1.4826*mad)
		}
	}
	if bounded < 1000 {
		t.Errorf("only %d losses were told by a bound", bounded)
	}
}

func BenchmarkAdd(b *testing.B) {
	r := random(1)
	losses := series(1<<16, func(int) float64 { return math.Exp(0.5 * r.NormFloat64()) })
	d := New()
	b.SetBytes(8)
	b.ReportAllocs()
	for i := range b.N {
		d.Add(int64(i), losses[i&(1<<16-1)])
	}
}
