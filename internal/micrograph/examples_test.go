package micrograph

import (
	"math"
	"slices"
	"testing"
)

func generated(t testing.TB) (train, test Images) {
	t.Helper()
	train, test, err := NewProcedural(0, 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

func TestBlur(t *testing.T) {
	const height, width = 9, 11
	// A point becomes the Gaussian.
	point, blurred := make([]float32, height*width), make([]float32, height*width)
	point[4*width+5] = 1
	blur(blurred, point, height, width)
	var norm float64
	for y := -2; y <= 2; y++ {
		for x := -2; x <= 2; x++ {
			norm += math.Exp(-float64(x*x+y*y) / (2 * 2.5 * 2.5))
		}
	}
	for y := range height {
		for x := range width {
			var want float64
			if dy, dx := y-4, x-5; dy*dy <= 4 && dx*dx <= 4 {
				want = math.Exp(-float64(dx*dx+dy*dy)/(2*2.5*2.5)) / norm
			}
			if got := float64(blurred[y*width+x]); math.Abs(got-want) > 1e-6 {
				t.Fatalf("at %d, %d: %v, want %v", y, x, got, want)
			}
		}
	}
	// Reflection keeps what is constant, on images of any size, and what is symmetric about a border pixel.
	for _, size := range [][2]int{{1, 1}, {1, 5}, {2, 3}, {4, 4}} {
		flat := slices.Repeat([]float32{0.7}, size[0]*size[1])
		blur(flat, slices.Clone(flat), size[0], size[1])
		for _, value := range flat {
			if math.Abs(float64(value)-0.7) > 1e-6 {
				t.Errorf("a constant image of %v becomes %v", size, value)
			}
		}
	}
}

func TestReflect(t *testing.T) {
	for i, want := range map[int]int{0: 0, -1: 1, -2: 2, 4: 4, 5: 3, 6: 2, -9: 1, 13: 3} {
		if got := reflect(i, 5); got != want {
			t.Errorf("place %d is seen at %d, not %d", i, got, want)
		}
	}
}

func TestExamples(t *testing.T) {
	const side = 48
	train, _ := generated(t)
	for _, varied := range []bool{false, true} {
		scan := Scan{Kind: Grid, Coverage: 0.1, Varied: varied}
		examples, err := NewExamples(train, scan, side, 11, true)
		if err != nil {
			t.Fatal(err)
		}
		input, target, truth := make([]float32, 2*side*side), make([]float32, side*side), make([]float32, side*side)
		crop, err := examples.Read(17, input, target, truth)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, side*side)
		if err := train.Crop(crop.Image, crop.Top, crop.Left, side, side, want); err != nil {
			t.Fatal(err)
		}
		if orient(want, side, crop.Symmetry); !slices.Equal(truth, want) {
			t.Error("the truth is not the crop it says")
		}
		if blur(want, truth, side, side); !slices.Equal(target, want) {
			t.Error("the target is not the blurred truth")
		}
		mask := make([]float32, side*side)
		if err := scan.Mask(17, side, side, mask); err != nil {
			t.Fatal(err)
		}
		for i := range mask {
			if input[2*i+1] != mask[i] || input[2*i] != mask[i]*truth[i] {
				t.Fatalf("varied %v: pixel %d of the input is %v, of mask %v and truth %v", varied, i, input[2*i:2*i+2], mask[i], truth[i])
			}
		}
	}
}

// A resumed run gets the batches that an unbroken one gets.
func TestLoaderResumes(t *testing.T) {
	const side, batchSize = 32, 3
	train, _ := generated(t)
	scan := Scan{Kind: Spiral, Coverage: 0.1, Varied: true}
	open := func(first int64) *Loader {
		examples, err := NewExamples(train, scan, side, 2, true)
		if err != nil {
			t.Fatal(err)
		}
		loader, err := NewLoader(examples, batchSize, first)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(loader.Close)
		return loader
	}
	whole, rest := open(0), open(4)
	for step := range int64(9) {
		a, err := whole.Next()
		if err != nil || a.Step != step {
			t.Fatalf("step %d: %v", step, err)
		}
		if step < 4 {
			continue
		}
		b, err := rest.Next()
		if err != nil || b.Step != step || !slices.Equal(a.Inputs, b.Inputs) || !slices.Equal(a.Targets, b.Targets) ||
			!slices.Equal(a.HalfTargets, b.HalfTargets) || !slices.Equal(a.Crops, b.Crops) {
			t.Fatalf("step %d differs after resuming (%v)", step, err)
		}
		half := make([]float32, side*side/4)
		last := len(a.Targets) - side*side
		if Halve(half, a.Targets[last:], side, side); !slices.Equal(half, a.HalfTargets[len(a.HalfTargets)-len(half):]) {
			t.Fatalf("step %d: half-size targets are not the targets halved", step)
		}
	}
}

func TestHalve(t *testing.T) {
	dst := make([]float32, 2)
	Halve(dst, []float32{1, 2, 3, 4, 9, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9}, 3, 5)
	if dst[0] != 3.5 || dst[1] != 5.5 {
		t.Errorf("got %v", dst)
	}
}
