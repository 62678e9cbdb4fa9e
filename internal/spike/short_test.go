package spike

import (
	"math"
	"testing"
)

// TestShortSeries judges runs of a few dozen to a few hundred records, as of epochs.
func TestShortSeries(t *testing.T) {
	learning := func(x float64) float64 { return 1 + 3*math.Exp(-8*x) }
	for name, test := range map[string]struct {
		level func(x float64) float64 // from 0 to 1
		want  Condition
	}{
		"learning":              {learning, Steady},
		"all at the beginning":  {func(x float64) float64 { return 3 + 8*math.Exp(-60*x) }, Steady},
		"level":                 {func(float64) float64 { return 2 }, Steady},
		"falls evenly":          {func(x float64) float64 { return 99 - 60*x }, Steady},
		"rises evenly":          {func(x float64) float64 { return 8 + 80*x }, Drifting},
		"a bound that rises":    {func(x float64) float64 { return -400 - 1800*math.Exp(-4*x) }, Drifting},
		"learns, then rises":    {func(x float64) float64 { return learning(x) + 2*max(0, x-0.5) }, Drifting},
		"rates drop":            {func(x float64) float64 { return learning(x) + 1 - math.Floor(2.5*x)/2 }, Dropped},
		"rises and levels off":  {func(x float64) float64 { return 5 + 40*(1-math.Exp(-6*x)) }, Drifting},
		"another level":         {func(x float64) float64 { return 2 + 2*math.Floor(x+0.5) }, Shifted},
		"data anew at half way": {func(x float64) float64 { return 1.2 + (2.5+2*math.Floor(2*x))*math.Exp(-4*math.Mod(x, 0.5)) }, Spiky},
	} {
		for _, n := range []int{50, 80, 300, 500} {
			right := 0
			for seed := range uint64(10) {
				r := random(seed)
				s := Find(nil, series(n, func(i int) float64 { return test.level(float64(i)/float64(n)) * (1 + 0.015*r.NormFloat64()) }))
				if s.Condition == test.want {
					right++
				} else if seed == 9 {
					t.Logf("%s, %d losses: %s: %s", name, n, s.Condition, describe(s))
				}
			}
			if right < 9 {
				t.Errorf("%s, %d losses: %d of 10 are called %s", name, n, right, test.want)
			}
		}
	}
}

// TestFirstOfThinnedRecords: between records that leave out steps the loss may have fallen, so the first is no spike.
func TestFirstOfThinnedRecords(t *testing.T) {
	r := random(5)
	losses := series(60, func(i int) float64 { return 0.7 + 10*math.Exp(-4*float64(i)) + 0.02*r.NormFloat64() })
	var steps []int64
	for i := range losses {
		steps = append(steps, int64(1+200*i))
	}
	if s := Find(steps, losses); s.Spikes > 0 {
		t.Errorf("%s", describe(s))
	}
	losses[5] += 10
	if s := Find(steps, losses); s.Spikes != 1 || !s.in(1001) {
		t.Errorf("a later one: %s", describe(s))
	}
}

// TestConverged: rounded losses that come to rest are not stuck, and those that stop at once are.
func TestConverged(t *testing.T) {
	round := func(x float64) float64 { return math.Round(1e4*x) / 1e4 }
	if s := Find(nil, series(200, func(i int) float64 { return round(0.2063 + 0.3*math.Exp(-float64(i)/8)) })); s.Condition != Steady {
		t.Errorf("a loss that comes to rest is %s", s.Condition)
	}
	r := random(3)
	if s := Find(nil, series(200, func(i int) float64 {
		return round(0.6931 + (1-step(i, 90))*(0.3*math.Exp(-float64(i)/30)+0.02*r.NormFloat64()))
	})); s.Condition != Stuck {
		t.Errorf("a loss that stops at once is %s", s.Condition)
	}
}

// TestDivergedAtOnce tells a loss that leaves for good while it comes from one that only begins, or rises as that of a value
// function does.
func TestDivergedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		level func(i int) float64
		want  bool
	}{
		"leaves":              {func(i int) float64 { return 2 + 3*math.Exp(-float64(i)/100) + 6*step(i, 600) }, true},
		"grows":               {func(i int) float64 { return 2 + math.Exp(float64(i-600)/20) }, true},
		"leaves its start":    {func(i int) float64 { return 2 + 8*step(i, 600) }, true},
		"begins late":         {func(i int) float64 { return 20 * step(i, 600) }, false},
		"rises and levels":    {func(i int) float64 { return 3 + 40*(1-math.Exp(-float64(i)/150)) }, false},
		"spikes":              {func(i int) float64 { return 2 + 9*float64(1/(1+i%83)) }, false},
		"comes back in a day": {func(i int) float64 { return 2 + 6*step(i, 500)*math.Exp(-float64(i-500)/60) }, false},
	} {
		for seed := range uint64(5) {
			r := random(seed)
			d := New()
			diverged := false
			for i := range 1000 {
				d.Add(int64(i), test.level(i)*(1+0.03*r.NormFloat64()))
				diverged = diverged || d.Diverged()
			}
			if diverged != test.want {
				t.Errorf("%s, seed %d: diverged %v", name, seed, diverged)
			}
		}
	}
}
