package micrograph

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// lattice is a noisy lattice of which a spiral saw a part.
func lattice(t *testing.T, side int, noise float64) (truth, scan, mask []float32) {
	mask = scanMask(t, Spiral, 0.1, side, side)
	random := rand.New(rand.NewPCG(1, 1))
	truth, scan = surface(mask, side, side, func(x, y float64) float64 {
		x, y = x*float64(side), y*float64(side)
		return 0.4*math.Cos(x/1.9)*math.Cos(y/2.3) + noise*random.NormFloat64()
	})
	return truth, scan, mask
}

// The method that comes nearest to what was seen is taken: kriging for a lattice, linear interpolation for a roof whose bends are
// where pixels were seen.
func TestBestMethod(t *testing.T) {
	const side = 96
	truth, scan, mask := lattice(t, side, 0.1)
	c, err := Best(MethodOptions{}).Complete(context.Background(), scan, mask, side, side)
	if err != nil {
		t.Fatal(err)
	}
	if c.Kriging == nil || c.Trial.Pixels < 50 || len(c.Trial.Candidates) != 3 || c.Trial.Candidates[0].Method != c.Method {
		t.Fatalf("%s of %+v", c.Method, c.Trial)
	}
	best := c.Trial.Candidates[0]
	for _, other := range c.Trial.Candidates {
		if other.MSE < best.MSE {
			t.Errorf("%s is taken, with an error of %v, and %s has %v", best.Method, best.MSE, other.Method, other.MSE)
		}
	}
	linear, err := completeBilinear(scan, mask, side, side)
	if err != nil {
		t.Fatal(err)
	}
	c.keep(scan, mask)
	if got, than := MSE(c.Pixels, truth), MSE(linear, truth); got > 0.7*than {
		t.Errorf("the mean squared error is %v, and that of linear interpolation %v", got, than)
	}

	// A plane is interpolated exactly.
	_, scan = surface(mask, side, side, func(x, y float64) float64 { return 0.5*x - 0.7*y })
	if c, err = Best(MethodOptions{}).Complete(context.Background(), scan, mask, side, side); err != nil || c.Method != linearWord {
		t.Errorf("a plane is completed by %+v (%v)", c, err)
	}
}

// Of the pixels that were not seen, 90 % lie in the interval that the deviation stands for, within a few points, where the image is
// not as its model has it: left of an edge is a lattice, and right of it a weaker one. Without noise they all do, in one that is
// no more than some times as wide as it has to be.
func TestDeviation(t *testing.T) {
	const side = 96
	for _, noise := range []float64{0, 0.15} {
		truth, scan, mask := lattice(t, side, noise)
		for i := range truth {
			if i%side > side/2 {
				truth[i] = truth[i]/4 - 0.5
				scan[i] = scan[i]/4 - 0.5
			}
		}
		c, err := Kriging(MethodOptions{Deviation: true}).Complete(context.Background(), scan, mask, side, side)
		if err != nil {
			t.Fatal(err)
		}
		c.keep(scan, mask)
		var inside, count, errors, deviations [2]float64
		for i, m := range mask {
			if m > 0 {
				if c.Deviation[i] != 0 {
					t.Fatalf("a seen pixel that is kept is off by %v", c.Deviation[i])
				}
				continue
			}
			half, e, d := i%side*2/side, float64(truth[i]-c.Pixels[i]), float64(c.Deviation[i])
			if count[half]++; math.Abs(e) <= normal90*d {
				inside[half]++
			}
			errors[half] += e * e
			deviations[half] += d * d
		}
		all := (inside[0] + inside[1]) / (count[0] + count[1])
		if all < 0.86 || noise > 0 && all > 0.95 {
			t.Errorf("noise %v: %.1f %% lie in the interval of 90 %%", noise, 100*all)
		}
		for half := range 2 {
			if ratio := math.Sqrt(deviations[half] / errors[half]); ratio < 0.6 || noise > 0 && ratio > 2 || ratio > 6 {
				t.Errorf("noise %v, half %d: deviations are %.2f times the errors", noise, half, ratio)
			}
		}
	}
}

// A method that takes less care on trial than it will for the scan is not dropped for that: where it is close, it is tried with all its
// care, and where it is far behind, it is not.
func TestCloseCall(t *testing.T) {
	const side = 64
	_, scan, mask := lattice(t, side, 0)
	off := func(by float32, tried *int) Method { // the lattice is at most 0.4 from 0
		return Method{Complete: func(_ context.Context, pixels, _ []float32, _, _ int) (*Completion, error) {
			*tried++
			out := make([]float32, len(pixels))
			for i, value := range pixels {
				out[i] = value + by
			}
			return &Completion{Pixels: out}, nil
		}}
	}
	for _, test := range []struct {
		quick   float32
		careful int // how often the method is tried with all its care
		want    string
	}{{0.12, 1, "slow"}, {0.3, 0, "sure"}, {0.01, 0, "slow"}} {
		var quick, careful, sure int
		candidates := []Candidate{
			{Method: "slow", trial: off(test.quick, &quick), careful: off(0.05, &careful)}, {Method: "sure", trial: off(0.1, &sure)}}
		trial, err := hold(context.Background(), candidates, scan, mask, side, side)
		if err != nil {
			t.Fatal(err)
		}
		if careful != test.careful || trial.Candidates[0].Method != test.want {
			t.Errorf("off by %v on trial: tried %d times with all its care, and %s is taken", test.quick, careful, trial.Candidates[0].Method)
		}
	}
}
