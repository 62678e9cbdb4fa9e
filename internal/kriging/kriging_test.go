package kriging

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// scene is a noisy lattice on a slope, scanned at random places: pixels that were not seen are NaN.
func scene(height, width int, share, noise float64) (truth, pixels, mask []float32) {
	random := rand.New(rand.NewPCG(uint64(height), uint64(width)))
	for i := range height * width {
		x, y := float64(i%width), float64(i/width)
		value := 0.3*math.Cos(x/1.7+y/9)*math.Cos(y/2.1) + 0.3*math.Sin(x/40+y/60)
		truth = append(truth, float32(value))
		if random.Float64() < share {
			pixels, mask = append(pixels, float32(value+noise*random.NormFloat64())), append(mask, 1)
		} else {
			pixels, mask = append(pixels, float32(math.NaN())), append(mask, 0)
		}
	}
	return truth, pixels, mask
}

func complete(t *testing.T, pixels, mask []float32, height, width int, o Options) *Estimate {
	t.Helper()
	e, err := Complete(context.Background(), pixels, mask, height, width, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range e.Mean {
		if value-value != 0 {
			t.Fatalf("pixel %d is %v", i, value)
		}
	}
	return e
}

func meanSquare(a, b []float32) float64 {
	var sum float64
	for i, value := range a {
		sum += float64(value-b[i]) * float64(value-b[i])
	}
	return sum / float64(len(a))
}

// The solver agrees with kriging as it is written down, (C + N) x = z and f = C x, with a covariance between all pairs of pixels.
func TestAgreesWithDenseKriging(t *testing.T) {
	const height, width = 18, 23
	_, pixels, mask := scene(height, width, 0.3, 0.1)
	for i, m := range mask {
		mask[i] = m * float32(1+i%3) / 3
	}
	f := newField(pixels, mask, height, width, 16, 2, rand.New(rand.NewPCG(1, 1)))
	f.passing = f.steady / 2
	f.weigh()
	if c := f.system.solve(f.z, 1e-12, 1000); !c.Converged() {
		t.Fatalf("not converged: %+v", c)
	}
	got := make([]float64, height*width)
	f.system.field(got, f.system.u)

	// The covariance at every lag is the inverse transform of the power spectrum.
	whole := f.system.t.Whole()
	power := whole.NewSpectrum()
	for k, root := range f.system.root {
		power.Re[k] = root * root
	}
	covariance := make([]float64, whole.Height*whole.Width)
	whole.Inverse(covariance, power)
	between := func(a, b int) float64 {
		down, along := a/width-b/width+whole.Height, a%width-b%width+whole.Width
		return covariance[down%whole.Height*whole.Width+along%whole.Width]
	}
	var seen []int
	for i, m := range mask {
		if m > 0 {
			seen = append(seen, i)
		}
	}
	n := len(seen)
	matrix, x := make([][]float64, n), make([]float64, n)
	for i, a := range seen {
		matrix[i] = make([]float64, n)
		for j, b := range seen {
			matrix[i][j] = between(a, b)
		}
		matrix[i][i] += f.noise(mask[a])
		x[i] = f.z[a]
	}
	for i := range n { // Gaussian elimination; the matrix is positive definite.
		for j := i + 1; j < n; j++ {
			factor := matrix[j][i] / matrix[i][i]
			for k := i; k < n; k++ {
				matrix[j][k] -= factor * matrix[i][k]
			}
			x[j] -= factor * x[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= matrix[i][k] * x[k]
		}
		x[i] /= matrix[i][i]
	}
	for i := range got {
		var want float64
		for j, a := range seen {
			want += between(i, a) * x[j]
		}
		if math.Abs(got[i]-want) > 1e-9 {
			t.Fatalf("pixel %d is %v, want %v", i, got[i], want)
		}
	}
}

func TestComplete(t *testing.T) {
	const height, width = 64, 60
	for _, noise := range []float64{0, 0.2} {
		truth, pixels, mask := scene(height, width, 0.15, noise)
		e := complete(t, pixels, mask, height, width, Options{Threads: 1, Samples: 6})
		variance := meanSquare(truth, make([]float32, len(truth)))
		if left := meanSquare(e.Mean, truth) / variance; left > 0.15 || noise == 0 && left > 0.03 {
			t.Errorf("noise %v: %.3f of the variance is left", noise, left)
		}
		if !e.Converged() || e.Iterations < 3 || e.Tiles != 1 {
			t.Errorf("noise %v: %+v, %d tiles", noise, e.Convergence, e.Tiles)
		}
		// With its noise a pixel lies within the deviation that is said.
		var square float64
		random := rand.New(rand.NewPCG(3, 4))
		for i, value := range truth {
			d := (float64(value) + noise*random.NormFloat64() - float64(e.Mean[i])) / float64(e.Deviation[i])
			square += d * d / float64(len(truth))
		}
		if square > 1.6 || noise > 0 && square < 0.6 {
			t.Errorf("noise %v: squared, errors are %.2f times as large as said", noise, square)
		}
		again := complete(t, pixels, mask, height, width, Options{Threads: 3, Samples: 6})
		if !slices.Equal(e.Mean, again.Mean) || !slices.Equal(e.Deviation, again.Deviation) {
			t.Error("the result depends on the number of threads")
		}
	}
}

// A strip that is estimated in tiles is so whatever the number of threads, and has no seams.
func TestTiles(t *testing.T) {
	const height, width = 12, 1000
	truth, pixels, mask := scene(height, width, 0.3, 0.1)
	for y := range height { // A tile in the middle of nothing.
		clear(mask[y*width+240:][:520])
	}
	e := complete(t, pixels, mask, height, width, Options{Threads: 1})
	if e.Tiles != 3 {
		t.Errorf("%d tiles", e.Tiles)
	}
	again := complete(t, pixels, mask, height, width, Options{Threads: 3})
	if !slices.Equal(e.Mean, again.Mean) {
		t.Error("the result depends on the number of threads")
	}
	var square float64
	for y := range height {
		square += meanSquare(e.Mean[y*width:][:230], truth[y*width:][:230]) / height
	}
	if square > 0.03 {
		t.Errorf("where there was much to see the mean squared error is %v", square)
	}
	for i, m := range mask {
		if kept := e.Kept[i]; m > 0 && kept != 1 || m == 0 && kept != 0 {
			t.Fatalf("of pixel %d, of mask %v, %v is kept", i, m, kept)
		}
	}
	for _, length := range []int{1, 768, 769, 961, 1500, 4096} {
		sums := make([]float64, length)
		for _, s := range spans(length) {
			for at, weight := range s.weights {
				sums[s.from+at] += weight
			}
		}
		for at, sum := range sums {
			if math.Abs(sum-1) > 1e-12 {
				t.Fatalf("length %d: the weights at %d come to %v", length, at, sum)
			}
		}
	}
}

// Where pixels were passed for a part of the time and are noisier for it, they count for less, which the scan itself shows.
func TestNoiseOfPartlySeenPixels(t *testing.T) {
	const height, width = 64, 64
	random := rand.New(rand.NewPCG(5, 6))
	truth, _, _ := scene(height, width, 1, 0)
	pixels, mask, even := slices.Clone(truth), make([]float32, len(truth)), make([]float32, len(truth))
	for i := range pixels {
		if random.Float64() < 0.5 {
			mask[i], even[i] = float32(0.05+0.9*random.Float64()), 1
			pixels[i] += float32(0.1 * random.NormFloat64() / math.Sqrt(float64(mask[i])))
		}
	}
	e := complete(t, pixels, mask, height, width, Options{})
	flat := complete(t, pixels, even, height, width, Options{})
	if weighted, plain := meanSquare(e.Mean, truth), meanSquare(flat.Mean, truth); weighted > 0.95*plain {
		t.Errorf("the mean squared error is %v with the mask as weights, and %v without", weighted, plain)
	}
	for i, m := range mask {
		if m > 0 && math.Abs(float64(e.Kept[i]-m)) > 0.25 {
			t.Fatalf("of a pixel of mask %v, %v is kept", m, e.Kept[i])
		}
	}
}

// Scans that say next to nothing are completed by what they say.
func TestLittleSeen(t *testing.T) {
	for _, test := range []struct {
		height, width int
		seen          []int
		value         func(i int) float32
	}{
		{1, 1, []int{0}, func(int) float32 { return 0.5 }},
		{1, 9, []int{4}, func(int) float32 { return 0.5 }},
		{40, 30, []int{77}, func(int) float32 { return 0.5 }},
		{40, 30, []int{77, 78, 600, 1100}, func(i int) float32 { return 0.5 + 0.1*float32(i%2) }},
		{30, 40, []int{1, 2, 3, 100, 101, 102, 400, 800, 801, 1199}, func(int) float32 { return 0.5 }},
		{2, 900, []int{3}, func(int) float32 { return 0.5 }},
	} {
		pixels, mask := make([]float32, test.height*test.width), make([]float32, test.height*test.width)
		for _, i := range test.seen {
			pixels[i], mask[i] = test.value(i), 1
		}
		e := complete(t, pixels, mask, test.height, test.width, Options{Samples: 2})
		for i, value := range e.Mean {
			if value < 0.39 || value > 0.71 {
				t.Errorf("%dx%d, seen %v: pixel %d is %v", test.width, test.height, test.seen, i, value)
				break
			}
		}
	}
	if _, err := Complete(context.Background(), make([]float32, 4), make([]float32, 4), 2, 2, Options{}); err == nil {
		t.Error("a mask of zeros is no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, pixels, mask := scene(20, 20, 0.3, 0.1)
	if _, err := Complete(ctx, pixels, mask, 20, 20, Options{}); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}
