package alrc_test

import (
	"encoding/json"
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"alrc"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "compute testdata/vectors.json anew, and write what packages import into docs/architecture.md")

// vector is a sequence of steps, and what clipping makes of them. Zero options do not apply.
type vector struct {
	Variant    string
	N          float64 `json:",omitempty"`
	NDown, NUp float64 `json:",omitempty"`
	MaxRaise   float64 `json:",omitempty"`
	Threshold  float64 `json:",omitempty"`
	Distance   bool    `json:",omitempty"`
	Decay      float64 `json:",omitempty"`
	Mu1, Mu2   float64 `json:",omitempty"`
	Losses     [][]float64
	Scales     [][]float64
	Upper      []float64
	Mu1s, Mu2s []float64 `json:",omitempty"`
	Lower      []float64 `json:",omitempty"`
	Ups, Downs []float64 `json:",omitempty"`
}

func (v *vector) clipper() (alrc.Clipper, error) {
	rule := alrc.RuleRatio
	if v.Distance {
		rule = alrc.RuleDistance
	}
	moments := &alrc.Moments{Mu1: v.Mu1, Mu2: v.Mu2}
	switch v.Variant {
	case "one-sided":
		return alrc.New(alrc.Options{N: v.N, Decay: v.Decay, Moments: moments, Rule: rule})
	case "two-sided":
		return alrc.NewTwoSided(alrc.TwoSidedOptions{NDown: v.NDown, NUp: v.NUp, Decay: v.Decay, Moments: moments,
			Rule: rule, MaxRaise: v.MaxRaise})
	}
	return alrc.NewConstant(v.Threshold)
}

// vectors are the cases, without their results: losses in eighths, so that a file holds them exactly, every seventh
// step with a spike.
func vectors() []vector {
	random := rand.New(rand.NewPCG(3, 4))
	losses := func(steps, batch int, offset float64) [][]float64 {
		all := make([][]float64, steps)
		for i := range all {
			all[i] = make([]float64, batch)
			for j := range all[i] {
				all[i][j] = offset + float64(random.IntN(64))/8
			}
			if i%7 == 3 {
				all[i][0] += float64(int(16) << (i % 5))
			}
		}
		return all
	}
	return []vector{
		{Variant: "one-sided", N: 3, Decay: 0.999, Mu1: 25, Mu2: 900, Losses: losses(40, 1, 1)},
		{Variant: "one-sided", N: 2, Decay: 0.875, Mu1: 5, Mu2: 30, Losses: losses(24, 3, 2)},
		{Variant: "one-sided", N: 1.5, Decay: 0.9, Mu1: -20, Mu2: 420, Distance: true, Losses: losses(24, 2, -24)},
		{Variant: "two-sided", NDown: 1.25, NUp: 2, MaxRaise: 3, Decay: 0.9, Mu1: 6, Mu2: 40, Losses: losses(24, 3, 2)},
		{Variant: "constant", Threshold: 6.5, Losses: losses(8, 2, 0)},
	}
}

// float is exact enough for every result here to be right to the last digit of a float64.
type float struct{ *big.Float }

func exact(x float64) float { return float{new(big.Float).SetPrec(300).SetFloat64(x)} }

func (x float) add(y float) float         { return float{new(big.Float).SetPrec(300).Add(x.Float, y.Float)} }
func (x float) sub(y float) float         { return float{new(big.Float).SetPrec(300).Sub(x.Float, y.Float)} }
func (x float) mul(y float) float         { return float{new(big.Float).SetPrec(300).Mul(x.Float, y.Float)} }
func (x float) div(y float) float         { return float{new(big.Float).SetPrec(300).Quo(x.Float, y.Float)} }
func (x float) root() float               { return float{new(big.Float).SetPrec(300).Sqrt(x.Float)} }
func (x float) less(y float) bool         { return x.Cmp(y.Float) < 0 }
func (x float) round() float64            { y, _ := x.Float64(); return y }
func running(decay, old, new float) float { return decay.mul(old).add(exact(1).sub(decay).mul(new)) }

// compute fills in the results, by the definitions.
func (v *vector) compute() {
	decay, mu1, mu2 := exact(v.Decay), exact(v.Mu1), exact(v.Mu2)
	up := mu2.sub(mu1.mul(mu1)).root()
	down := up
	for _, losses := range v.Losses {
		var upper, lower, reach float
		switch v.Variant {
		case "one-sided":
			reach = exact(v.N).mul(mu2.sub(mu1.mul(mu1)).add(exact(1e-8)).root())
			upper = mu1.add(reach)
		case "two-sided":
			reach = exact(v.NUp).mul(up)
			upper = mu1.add(reach)
			lower = mu1.sub(exact(v.NDown).mul(down))
			v.Lower = append(v.Lower, lower.round())
		case "constant":
			upper = exact(v.Threshold)
		}
		v.Upper = append(v.Upper, upper.round())

		zero, one := exact(0), exact(1)
		sum, squares := zero, zero
		above, below, countAbove, countBelow := zero, zero, zero, zero
		var scales []float64
		for _, x := range losses {
			loss := exact(x)
			scale, limited := one, loss
			switch {
			case !loss.less(upper) && v.Distance:
				scale, limited = reach.div(loss.sub(mu1)), upper
			case !loss.less(upper):
				scale, limited = upper.div(loss), upper
			case v.Variant == "two-sided" && loss.less(lower) && zero.less(loss):
				scale = lower.div(loss)
				if most := exact(v.MaxRaise); most.less(scale) {
					scale = most
				}
				limited = scale.mul(loss)
			}
			scales = append(scales, scale.round())
			sum, squares = sum.add(limited), squares.add(limited.mul(limited))
			if mu1.less(limited) {
				above, countAbove = above.add(limited.sub(mu1)), countAbove.add(one)
			} else if limited.less(mu1) {
				below, countBelow = below.add(mu1.sub(limited)), countBelow.add(one)
			}
		}
		v.Scales = append(v.Scales, scales)
		if v.Variant == "constant" {
			continue
		}
		count := exact(float64(len(losses)))
		mu1, mu2 = running(decay, mu1, sum.div(count)), running(decay, mu2, squares.div(count))
		v.Mu1s, v.Mu2s = append(v.Mu1s, mu1.round()), append(v.Mu2s, mu2.round())
		if v.Variant == "two-sided" {
			if zero.less(countAbove) {
				up = running(decay, up, above.div(countAbove))
			}
			if zero.less(countBelow) {
				down = running(decay, down, below.div(countBelow))
			}
			v.Ups, v.Downs = append(v.Ups, up.round()), append(v.Downs, down.round())
		}
	}
}

// near is whether got equals want to 1e-12, relative.
func near(got, want float64) bool { return got == want || math.Abs(got-want) <= 1e-12*math.Abs(want) }

// The committed vectors are what exact arithmetic gives; "go test -update ." writes them.
func TestVectorsAreExact(t *testing.T) {
	want := vectors()
	for i := range want {
		want[i].compute()
	}
	const path = "testdata/vectors.json"
	if *update {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, readVectors(t, path)); diff != "" {
		t.Errorf("%s (-computed +committed):\n%s", path, diff)
	}
}

func readVectors(t *testing.T, path string) (all []vector) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestVectors(t *testing.T) {
	for i, v := range readVectors(t, "testdata/vectors.json") {
		clipper, err := v.clipper()
		if err != nil {
			t.Fatal(err)
		}
		clipped, raised := 0, 0
		for j, losses := range v.Losses {
			scales := make([]float64, len(losses))
			s := clipper.Step(losses, scales)
			clipped += s.Clipped
			raised += s.Raised
			check := func(what string, got float64, want []float64) {
				t.Helper()
				if want != nil && !near(got, want[j]) {
					t.Errorf("vector %d (%s), step %d: %s is %v, want %v", i, v.Variant, j, what, got, want[j])
				}
			}
			check("the upper threshold", s.Limits.Upper, v.Upper)
			check("the lower threshold", s.Limits.Lower, v.Lower)
			mu1, mu2 := clipper.Moments().Mu1, clipper.Moments().Mu2
			check("mu1", mu1, v.Mu1s)
			check("mu2", mu2, v.Mu2s)
			state := clipper.State()
			check("the distance above", state.Up, v.Ups)
			check("the distance below", state.Down, v.Downs)
			for k, scale := range scales {
				if !near(scale, v.Scales[j][k]) {
					t.Errorf("vector %d (%s), step %d, loss %d: scale %v, want %v", i, v.Variant, j, k, scale, v.Scales[j][k])
				}
			}
		}
		if clipped == 0 || v.Variant == "two-sided" && raised == 0 {
			t.Errorf("vector %d (%s) clips %d losses and raises %d", i, v.Variant, clipped, raised)
		}
	}
}
