package micrograph

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMetrics(t *testing.T) {
	const height, width = 40, 50
	random := rand.New(rand.NewPCG(1, 1))
	a := make([]float32, height*width)
	for i := range a {
		a[i] = float32(math.Sin(float64(i%width)/5))*0.5 + 0.2*random.Float32()
	}
	if MSE(a, a) != 0 || !math.IsInf(PSNR(0), 1) || math.Abs(SSIM(a, a, height, width)-1) > 1e-12 {
		t.Errorf("an image and itself: %v, %v, %v", MSE(a, a), PSNR(0), SSIM(a, a, height, width))
	}
	shifted, noisy, noisier := slices.Clone(a), slices.Clone(a), slices.Clone(a)
	for i := range a {
		shifted[i] += 0.1
		noise := random.Float32() - 0.5
		noisy[i] += 0.2 * noise
		noisier[i] += 0.8 * noise
	}
	if mse := MSE(a, shifted); math.Abs(mse-0.01) > 1e-8 || math.Abs(PSNR(mse)-10*math.Log10(400)) > 1e-4 {
		t.Errorf("0.1 apart: MSE %v, PSNR %v", mse, PSNR(mse))
	}
	if x, y := SSIM(a, noisy, height, width), SSIM(a, noisier, height, width); !(1 > x && x > y && y > 0) {
		t.Errorf("SSIM of more and more noise: %v, %v", x, y)
	}
	// Constant images: what is left of the formula is the term of means.
	dark, bright := slices.Repeat([]float32{0.2}, 400), slices.Repeat([]float32{0.6}, 400)
	want := (2*0.2*0.6 + 0.0004) / (0.04 + 0.36 + 0.0004)
	if got := SSIM(dark, bright, 20, 20); math.Abs(got-want) > 1e-6 {
		t.Errorf("SSIM of constant images is %v, not %v", got, want)
	}
	if got := SSIM(dark[:6], dark[:6], 2, 3); math.Abs(got-1) > 1e-12 {
		t.Errorf("SSIM of a small image and itself is %v", got)
	}
}

// The window and constants are those of the formula, worked out the long way at each place.
func TestSSIMByDefinition(t *testing.T) {
	const height, width = 14, 13
	random := rand.New(rand.NewPCG(2, 2))
	a, b := make([]float32, height*width), make([]float32, height*width)
	for i := range a {
		a[i], b[i] = random.Float32()*2-1, random.Float32()*2-1
	}
	var total float64
	places := 0
	for top := 0; top+11 <= height; top++ {
		for left := 0; left+11 <= width; left++ {
			var norm, ma, mb, aa, bb, ab float64
			for y := range 11 {
				for x := range 11 {
					weight := math.Exp(-float64((x-5)*(x-5)+(y-5)*(y-5)) / 4.5)
					va, vb := float64(a[(top+y)*width+left+x]), float64(b[(top+y)*width+left+x])
					norm += weight
					ma += weight * va
					mb += weight * vb
					aa += weight * va * va
					bb += weight * vb * vb
					ab += weight * va * vb
				}
			}
			ma, mb, aa, bb, ab = ma/norm, mb/norm, aa/norm, bb/norm, ab/norm
			const c1, c2 = 0.0004, 0.0036
			total += (2*ma*mb + c1) * (2*(ab-ma*mb) + c2) / ((ma*ma + mb*mb + c1) * (aa - ma*ma + bb - mb*mb + c2))
			places++
		}
	}
	if got, want := SSIM(a, b, height, width), total/float64(places); math.Abs(got-want) > 1e-9 {
		t.Errorf("SSIM is %v, not %v", got, want)
	}
}

func TestTileOfTheIdentity(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for _, size := range [][2]int{{1, 1}, {5, 40}, {32, 32}, {33, 32}, {64, 47}, {100, 131}, {31, 200}} {
		for _, overlap := range []int{0, 1, 8, 31} {
			const side = 32
			input, want := make([]float32, 2*size[0]*size[1]), make([]float32, size[0]*size[1])
			for i := range want {
				want[i] = random.Float32()
				input[2*i], input[2*i+1] = want[i], -1
			}
			got, err := tile(input, size[0], size[1], 2, side, overlap, func(crop, out []float32) error {
				for i := range out {
					out[i] = crop[2*i]
				}
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("size %v, overlap %d: the image does not come through as it is (%v)", size, overlap, err)
			}
		}
	}
}

// Crops that come out differently fade into each other: no step between neighbours is larger than the fading makes.
func TestTileHasNoSeams(t *testing.T) {
	const height, width, side, overlap = 90, 110, 32, 16
	level := float32(0)
	got, err := tile(make([]float32, height*width), height, width, 1, side, overlap, func(crop, out []float32) error {
		level = 1 - level
		for i := range out {
			out[i] = level
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if i%width > 0 && math.Abs(float64(got[i]-got[i-1])) > 1.01/overlap || i >= width && math.Abs(float64(got[i]-got[i-width])) > 1.01/overlap {
			t.Fatalf("there is a seam at row %d, column %d", i/width, i%width)
		}
	}
	if low, high := slices.Min(got), slices.Max(got); low != 0 || high != 1 {
		t.Errorf("from %v to %v", low, high)
	}
}

// An image that a crop fits exactly is one crop, and a smaller one is seen in mirrors.
func TestTileCrops(t *testing.T) {
	count := 0
	if _, err := tile(make([]float32, 64), 8, 8, 1, 8, 4, func(_, _ []float32) error { count++; return nil }); err != nil || count != 1 {
		t.Errorf("%d crops of an image of a crop's size (%v)", count, err)
	}
	var seen []float32
	if _, err := tile([]float32{1, 2, 3}, 1, 3, 1, 5, 0, func(crop, _ []float32) error { seen = slices.Clone(crop[:5]); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []float32{1, 2, 3, 2, 1}) {
		t.Errorf("a row of 1 2 3 is continued as %v", seen)
	}
	failed := errors.New("no")
	if _, err := tile([]float32{1}, 1, 1, 1, 1, 0, func(_, _ []float32) error { return failed }); err != failed {
		t.Errorf("the function's error is lost: %v", err)
	}
	for _, bad := range [][4]int{{0, 1, 8, 0}, {1, 1, 8, 8}, {1, 2, 8, 0}} {
		if _, err := tile([]float32{1}, bad[0], bad[1], 1, bad[2], bad[3], func(_, _ []float32) error { return nil }); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
