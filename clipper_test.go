package alrc_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"alrc"
)

// spiky returns a batch of losses about 8, a few of them far higher or lower, and, where odd is set, some of the kinds
// that upset arithmetic.
func spiky(random *rand.Rand, batch int, odd bool) []float64 {
	losses := make([]float64, batch)
	for i := range losses {
		losses[i] = 8 + 2*random.NormFloat64()
		switch random.IntN(15) {
		case 0:
			losses[i] *= 1 + 50*random.Float64()
		case 1:
			losses[i] = 0.01 + random.Float64()
		}
		if odd {
			switch random.IntN(25) {
			case 0:
				losses[i] = math.NaN()
			case 1:
				losses[i] = math.Inf(1)
			case 2:
				losses[i] = math.Inf(-1)
			case 3:
				losses[i] = 0
			case 4:
				losses[i] = -losses[i]
			}
		}
	}
	return losses
}

// The definition, in plain float64 and with no regard to speed or to losses that are not finite.
func TestTwoSidedByDefinition(t *testing.T) {
	const decay, nDown, nUp, maxRaise = 0.98, 1.5, 2.5, 4
	clipper, err := alrc.NewTwoSided(alrc.TwoSidedOptions{
		NDown: nDown, NUp: nUp, MaxRaise: maxRaise, Decay: decay, Moments: &alrc.Moments{Mu1: 10, Mu2: 125},
	})
	if err != nil {
		t.Fatal(err)
	}
	mu1, up, down := 10.0, 5.0, 5.0
	random := rand.New(rand.NewPCG(5, 6))
	raised, bounded := 0, 0
	for step := range 2000 {
		losses := spiky(random, 5, false)
		scales := make([]float64, 5)
		s := clipper.Step(losses, scales)
		upper, lower := mu1+nUp*up, mu1-nDown*down
		if !near(s.Limits.Upper, upper) || !near(s.Limits.Lower, lower) {
			t.Fatalf("step %d: limits %+v, want %v and %v", step, s.Limits, lower, upper)
		}
		var limited []float64
		for i, loss := range losses {
			scale := 1.0
			if loss > upper {
				scale = upper / loss
			} else if loss > 0 && lower > 0 && loss < lower {
				scale = lower / loss
				raised++
				if scale > maxRaise {
					scale = maxRaise
					bounded++
				}
			}
			if !near(scales[i], scale) {
				t.Fatalf("step %d: loss %v has scale %v, want %v", step, loss, scales[i], scale)
			}
			limited = append(limited, scale*loss)
		}
		side := func(old, sign float64) float64 {
			sum, count := 0.0, 0.0
			for _, l := range limited {
				if sign*(l-mu1) > 0 {
					sum += sign * (l - mu1)
					count++
				}
			}
			if count == 0 {
				return old
			}
			return decay*old + (1-decay)*sum/count
		}
		newUp, newDown := side(up, 1), side(down, -1)
		total := 0.0
		for _, l := range limited {
			total += l
		}
		mu1 = decay*mu1 + (1-decay)*total/5
		up, down = newUp, newDown
	}
	if raised < 50 || bounded < 10 || raised == bounded {
		t.Errorf("%d losses raised, %d of them to the bound: too few to tell", raised, bounded)
	}
}

func TestSideOff(t *testing.T) {
	losses, scales := []float64{0.01, 1e6}, make([]float64, 2)
	step := func(o alrc.TwoSidedOptions) alrc.Statistics {
		t.Helper()
		o.Moments = &alrc.Moments{Mu1: 10, Mu2: 104}
		clipper, err := alrc.NewTwoSided(o)
		if err != nil {
			t.Fatal(err)
		}
		return clipper.Step(losses, scales)
	}
	if s := step(alrc.TwoSidedOptions{NDown: math.Inf(1)}); scales[0] != 1 || scales[1] >= 1 || !math.IsInf(s.Limits.Lower, -1) {
		t.Errorf("with no lower side, scales are %v and limits %+v", scales, s.Limits)
	}
	if s := step(alrc.TwoSidedOptions{NUp: math.Inf(1)}); scales[0] != 10 || scales[1] != 1 || !math.IsInf(s.Limits.Upper, 1) {
		t.Errorf("with no upper side, scales are %v and limits %+v", scales, s.Limits)
	}
}

func TestConstantByDefinition(t *testing.T) {
	clipper, err := alrc.NewConstant(9)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		losses := spiky(random, 7, true)
		scales := make([]float64, 7)
		clipper.Step(losses, scales)
		for i, loss := range losses {
			want := 1.0
			if math.IsNaN(loss) || math.IsInf(loss, 0) {
				want = 0
			} else if loss > 9 {
				want = 9 / loss
			}
			if scales[i] != want {
				t.Fatalf("loss %v has scale %v, want %v", loss, scales[i], want)
			}
		}
	}
	if limits := clipper.Limits(); limits.Upper != 9 {
		t.Errorf("the threshold has become %v", limits.Upper)
	}
}

// What a loss that is not finite, zero or negative does, by hand.
func TestOddLosses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cases := []struct {
		name     string
		rule     alrc.Rule
		mu1, mu2 float64 // n = 2
		loss     float64
		scale    float64
		limited  float64 // what the moments take; NaN: nothing
	}{
		{"NaN", alrc.RuleAuto, 10, 104, nan, 0, nan},
		{"infinite", alrc.RuleAuto, 10, 104, inf, 0, nan},
		{"infinitely low", alrc.RuleAuto, 10, 104, -inf, 0, nan},
		{"zero", alrc.RuleAuto, 10, 104, 0, 1, 0},
		{"negative", alrc.RuleAuto, 10, 104, -3, 1, -3},
		{"above a negative threshold", alrc.RuleAuto, -10, 104, 6, 4. / 16, -6},
		{"negative above a negative threshold", alrc.RuleAuto, -10, 104, -2, 4. / 8, -6},
		{"above a negative threshold, by ratio", alrc.RuleRatio, -10, 104, 6, 1, 6},
		{"by distance", alrc.RuleDistance, 10, 104, 20, 4. / 10, 14},
		{"by ratio", alrc.RuleRatio, 10, 104, 20, 14. / 20, 14},
		{"the largest", alrc.RuleAuto, 10, 104, math.MaxFloat64, 14 / math.MaxFloat64, 14},
	}
	const decay = 0.5
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clipper, err := alrc.New(alrc.Options{N: 2, Decay: decay, Rule: c.rule, Moments: &alrc.Moments{Mu1: c.mu1, Mu2: c.mu2}})
			if err != nil {
				t.Fatal(err)
			}
			scales := make([]float64, 1)
			s := clipper.Step([]float64{c.loss}, scales)
			// The variance has 1e-8 added to it.
			if math.Abs(scales[0]-c.scale) > 1e-8*c.scale {
				t.Errorf("scale %v, want %v", scales[0], c.scale)
			}
			mu1, mu2 := clipper.Moments().Mu1, clipper.Moments().Mu2
			want1, want2 := c.mu1, c.mu2
			if math.IsNaN(c.limited) {
				if s.NonFinite != 1 || s.Count != 0 || clipper.State().NonFinite != 1 {
					t.Errorf("the loss is not counted as not finite: %+v", s)
				}
			} else {
				want1, want2 = (c.mu1+c.limited)/2, (c.mu2+c.limited*c.limited)/2
			}
			if math.Abs(mu1-want1) > 1e-7 || math.Abs(mu2-want2) > 1e-6 {
				t.Errorf("moments %v and %v, want %v and %v", mu1, mu2, want1, want2)
			}
		})
	}
}

// Losses that are not finite leave the others of their batch as they would be without them.
func TestNonFiniteAmongOthers(t *testing.T) {
	for _, v := range variants() {
		with, without := v.new(t, alrc.Published()), v.new(t, alrc.Published())
		scales := make([]float64, 5)
		s := with.Step([]float64{3, math.NaN(), 1e5, math.Inf(1), 7}, scales)
		less := make([]float64, 3)
		without.Step([]float64{3, 1e5, 7}, less)
		if want := []float64{less[0], 0, less[1], 0, less[2]}; !reflect.DeepEqual(scales, want) {
			t.Errorf("%s: scales %v, want %v", v.name, scales, want)
		}
		if with.Limits() != without.Limits() || s.NonFinite != 2 || s.Count != 3 || s.Clipped != 1 {
			t.Errorf("%s: limits %+v, want %+v; statistics %+v", v.name, with.Limits(), without.Limits(), s)
		}
	}
}

// The scale of a loss by distance is the same whatever is added to all losses.
func TestDistanceIsTranslationInvariant(t *testing.T) {
	const offset = -64
	make2 := func(mu1, mu2 float64) alrc.Clipper {
		clipper, err := alrc.New(alrc.Options{N: 2, Decay: 0.9, Rule: alrc.RuleDistance, Moments: &alrc.Moments{Mu1: mu1, Mu2: mu2}})
		if err != nil {
			t.Fatal(err)
		}
		return clipper
	}
	here, there := make2(10, 104), make2(10+offset, (10+offset)*(10+offset)+4)
	random := rand.New(rand.NewPCG(9, 10))
	clipped := 0
	for range 200 {
		losses := spiky(random, 3, false)
		moved := make([]float64, 3)
		for i, loss := range losses {
			moved[i] = loss + offset
		}
		a, b := make([]float64, 3), make([]float64, 3)
		clipped += here.Step(losses, a).Clipped
		there.Step(moved, b)
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-9 {
				t.Fatalf("loss %v has scale %v, and with %v added %v", losses[i], a[i], offset, b[i])
			}
		}
	}
	if clipped == 0 {
		t.Error("nothing was clipped")
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	one := func(o alrc.Options) error { _, err := alrc.New(o); return err }
	two := func(o alrc.TwoSidedOptions) error { _, err := alrc.NewTwoSided(o); return err }
	constant := func(threshold float64) error { _, err := alrc.NewConstant(threshold); return err }
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		err          error
		option, span string
	}{
		{one(alrc.Options{N: -1}), "option N is -1", "above 0"},
		{one(alrc.Options{N: nan}), "option N is NaN", "above 0"},
		{one(alrc.Options{N: inf}), "option N is +Inf", "above 0"},
		{one(alrc.Options{Decay: 1}), "option Decay is 1", "below 1"},
		{one(alrc.Options{Decay: -0.5}), "option Decay is -0.5", "above 0"},
		{one(alrc.Options{Decay: nan}), "option Decay is NaN", "above 0"},
		{one(alrc.Options{Rule: 3}), "option Rule is 3", "RuleAuto, RuleRatio or RuleDistance"},
		{one(alrc.Options{Moments: &alrc.Moments{Mu1: 5, Mu2: 25}}), "option Moments.Mu2 is 25", "above the square of Mu1"},
		{one(alrc.Options{Moments: &alrc.Moments{Mu1: inf, Mu2: inf}}), "option Moments.Mu1 is +Inf", "1e+150"},
		{one(alrc.Options{Moments: &alrc.Moments{Mu1: 1, Mu2: inf}}), "option Moments.Mu2 is +Inf", "1e+300"},
		{two(alrc.TwoSidedOptions{NDown: -1}), "option NDown is -1", "above 0"},
		{two(alrc.TwoSidedOptions{NUp: nan}), "option NUp is NaN", "above 0"},
		{two(alrc.TwoSidedOptions{MaxRaise: 0.5}), "option MaxRaise is 0.5", "from 1 to"},
		{two(alrc.TwoSidedOptions{MaxRaise: 1e39}), "option MaxRaise is 1e+39", "from 1 to"},
		{two(alrc.TwoSidedOptions{Decay: 2}), "option Decay is 2", "below 1"},
		{two(alrc.TwoSidedOptions{Rule: -1}), "option Rule is -1", "RuleAuto"},
		{constant(0), "threshold is 0", "above 0"},
		{constant(inf), "threshold is +Inf", "above 0"},
		{constant(nan), "threshold is NaN", "above 0"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.option) || !strings.Contains(c.err.Error(), c.span) {
			t.Errorf("error %v does not say %q and %q", c.err, c.option, c.span)
		}
	}
}

// The twins for single precision do what those for double precision do with the same losses.
func TestSinglePrecision(t *testing.T) {
	for _, v := range variants() {
		double, single := v.new(t, nil), v.new(t, nil)
		random := rand.New(rand.NewPCG(15, 16))
		for step := range 300 {
			losses := spiky(random, 6, true)
			losses32, scales32 := make([]float32, 6), make([]float32, 6)
			for i := range losses {
				losses32[i] = float32(losses[i])
				losses[i] = float64(losses32[i])
			}
			scales := make([]float64, 6)
			parts, parts32 := double.Scales(losses, scales), single.Scales32(losses32, scales32)
			a, b := double.Step(losses, scales), single.Step32(losses32, scales32)
			for i, scale := range scales {
				if scales32[i] != float32(scale) {
					t.Fatalf("%s, step %d: loss %v has scale %v, and %v in single precision", v.name, step, losses[i], scale, scales32[i])
				}
			}
			if a != b || parts != a || parts32 != b || !reflect.DeepEqual(double.State(), single.State()) {
				t.Fatalf("%s, step %d: statistics %+v, and %+v in single precision", v.name, step, a, b)
			}
		}
	}
}

// A ratio may be too small for a number, and must not become 0.
func TestScaleDoesNotUnderflow(t *testing.T) {
	for _, rule := range []alrc.Rule{alrc.RuleRatio, alrc.RuleDistance} {
		clipper, err := alrc.New(alrc.Options{Rule: rule, Moments: &alrc.Moments{Mu1: 1e-20, Mu2: 1e-30}})
		if err != nil {
			t.Fatal(err)
		}
		scales := make([]float64, 1)
		scales32 := make([]float32, 1)
		if clipper.Scales([]float64{math.MaxFloat64}, scales); scales[0] <= 0 {
			t.Errorf("rule %v: scale %v of the largest loss", rule, scales[0])
		}
		constant, err := alrc.NewConstant(1e-30)
		if err != nil {
			t.Fatal(err)
		}
		if constant.Scales([]float64{math.MaxFloat64}, scales); scales[0] != math.SmallestNonzeroFloat64 {
			t.Errorf("scale %v of the largest loss, by ratio", scales[0])
		}
		if constant.Scales32([]float32{math.MaxFloat32}, scales32); scales32[0] <= 0 {
			t.Errorf("scale %v of the largest loss in single precision", scales32[0])
		}
	}
}

// Losses that are all the same have a variance that rounds to any side of 0, and a distance above the mean of 0.
func TestEqualLosses(t *testing.T) {
	for _, rule := range []alrc.Rule{alrc.RuleRatio, alrc.RuleDistance} {
		for _, loss := range []float64{1, 1e9 / 3, 0, -1e9 / 7, 0.1} {
			one, err := alrc.New(alrc.Options{Decay: 0.9, Rule: rule})
			if err != nil {
				t.Fatal(err)
			}
			two, err := alrc.NewTwoSided(alrc.TwoSidedOptions{Decay: 0.9, Rule: rule})
			if err != nil {
				t.Fatal(err)
			}
			scales := make([]float64, 1)
			for _, clipper := range []alrc.Clipper{one, two} {
				for step := range 400 {
					clipper.Step([]float64{loss}, scales)
					mu1 := clipper.Moments().Mu1
					if upper := clipper.Limits().Upper; step >= 19 && !(upper >= mu1) {
						t.Fatalf("threshold %v with mean %v after losses of %v", upper, mu1, loss)
					}
				}
			}
			// At 0, nothing is lost to rounding.
			if two.Scales([]float64{1}, scales); loss == 0 && rule == alrc.RuleDistance && !near(scales[0], 3e-4) {
				t.Errorf("a loss 1 above all others has scale %v, want 3e-4", scales[0])
			}
		}
	}
}

// The moments take losses beyond 1e150 for that.
func TestHugeLosses(t *testing.T) {
	for _, v := range variants() {
		clipper := v.new(t, nil)
		scales := make([]float64, 2)
		for range 100 {
			clipper.Step([]float64{math.MaxFloat64, -math.MaxFloat64}, scales)
		}
		s := clipper.State()
		adapted := math.Abs(s.Mu1) < 1e140 && math.Abs(s.Mu2-1e300) < 1e290
		if v.name != "constant" && !adapted || scales[0] <= 0 || scales[1] != 1 {
			t.Errorf("%s: scales %v and state %+v", v.name, scales, s)
		}
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	losses, losses32 := spiky(rand.New(rand.NewPCG(1, 1)), 64, true), make([]float32, 64)
	scales, scales32 := make([]float64, 64), make([]float32, 64)
	for _, v := range variants() {
		for _, moments := range []*alrc.Moments{nil, alrc.Published()} {
			clipper := v.new(t, moments)
			// So many runs see the whole of an automatic start.
			if n := testing.AllocsPerRun(50, func() {
				clipper.Step(losses, scales)
				clipper.Step32(losses32, scales32)
				clipper.Observe(clipper.Scales(losses, scales).Merge(clipper.Scales32(losses32, scales32)))
				clipper.Limits()
				clipper.Moments()
			}); n != 0 {
				t.Errorf("%s: %v allocations in a step", v.name, n)
			}
		}
	}
}

// A slice of scales of another length is a mistake in the program, also where there is room behind it.
func TestLengthsThatDiffer(t *testing.T) {
	for _, v := range variants() {
		clipper := v.new(t, nil)
		for name, call := range map[string]func(){
			"Scales":   func() { clipper.Scales(make([]float64, 3), make([]float64, 2, 3)) },
			"Scales32": func() { clipper.Scales32(make([]float32, 3), make([]float32, 2, 3)) },
			"Step":     func() { clipper.Step(make([]float64, 3), make([]float64, 2, 3)) },
			"Step32":   func() { clipper.Step32(make([]float32, 3), make([]float32, 2)) },
			"too long": func() { clipper.Step(make([]float64, 3), make([]float64, 4)) },
		} {
			func() {
				defer func() {
					message, _ := recover().(string)
					if !strings.Contains(message, " 3 losses") || !strings.Contains(message, " 2 scales") && !strings.Contains(message, " 4 scales") {
						t.Errorf("%s, %s: the panic %q does not name both lengths", v.name, name, message)
					}
				}()
				call()
			}()
		}
		if steps := clipper.State().Steps; steps != 0 {
			t.Errorf("%s: the clipper counts %d steps that were refused", v.name, steps)
		}
	}
}
