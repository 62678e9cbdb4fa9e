package dataset

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"alrc/internal/golden"
	"alrc/internal/prefetch"
	"alrc/internal/random"
)

// fake is images of any size for tests: image i is i everywhere but for a ramp, and reading image bad fails.
type fake struct {
	count, height, width int
	bad                  int // 0 for none
}

var errBad = errors.New("bad sector")

func (f fake) Len() int               { return f.count }
func (f fake) Shape() (int, int, int) { return f.height, f.width, 3 }
func (f fake) ID(i int) string        { return fmt.Sprintf("fake:%d", i) }
func (f fake) Name() string           { return "fake" }
func (f fake) Hash() string           { return "" }
func (f fake) Read(i int, pixels []float32) error {
	if f.bad > 0 && i == f.bad {
		return errBad
	}
	for p := range pixels {
		pixels[p] = float32((i*31 + p*p%97) % 256)
	}
	return nil
}

func realCIFAR10(tb testing.TB) (train, test Images) {
	dir := os.Getenv("CIFAR10")
	if dir == "" {
		tb.Skip("CIFAR-10, which has no licence to copy it, is not here: name its folder in $CIFAR10")
	}
	train, test, err := OpenCIFAR10(dir, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return train, test
}

// TestDownsampleAgreesWithPyTorch holds Downsample against what PyTorch computed in double precision.
func TestDownsampleAgreesWithPyTorch(t *testing.T) {
	g, err := golden.Read("../../testdata/supersampler.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	const n, h, w, c = 1, 32, 32, 3
	src, want := toNHWC(g["images"].Data[:n*h*w*c], n, h, w, c), toNHWC(g["step0.low"].Data, n, h, w, c)
	got := make([]float32, len(src))
	Downsample(got, src, n, h, w, c)
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Fatalf("value %d is %v, PyTorch's is %v", i, got[i], want[i])
		}
	}
}

func toNHWC(values []float64, n, h, w, c int) []float32 {
	out := make([]float32, n*h*w*c)
	for i := range n {
		for k := range c {
			for p := range h * w {
				out[(i*h*w+p)*c+k] = float32(values[(i*c+k)*h*w+p])
			}
		}
	}
	return out
}

// A plane is what bilinear resizing cannot change, so that the way down and up must return it at any size.
func TestDownsampleKeepsPlanes(t *testing.T) {
	for _, size := range [][3]int{{2, 2, 1}, {4, 6, 3}, {10, 4, 2}, {48, 30, 3}, {7, 9, 3}} {
		h, w, c := size[0], size[1], size[2]
		src := make([]float32, 2*h*w*c)
		for i := range src {
			y, x, k := i/(w*c)%h, i/c%w, i%c
			if h == 2 {
				y = 0 // one row is left of two: only what is constant along it comes back
			}
			if w == 2 {
				x = 0
			}
			src[i] = float32(3*y) - float32(2*x) + float32(k)
		}
		got := make([]float32, len(src))
		Downsample(got, src, 2, h, w, c)
		for i := range src {
			if math.Abs(float64(got[i]-src[i])) > 1e-4 {
				t.Fatalf("%dx%dx%d: value %d is %v, not %v", h, w, c, i, got[i], src[i])
			}
		}
	}
}

func TestDownsampleDoesNotAllocate(t *testing.T) {
	src, dst := make([]float32, 32*32*3), make([]float32, 32*32*3)
	if allocations := testing.AllocsPerRun(100, func() { Downsample(dst, src, 1, 32, 32, 3) }); allocations > 0.5 {
		t.Errorf("%v allocations a call", allocations)
	}
}

// augmented is experiment 1's augmentation step by step, in float64.
func augmented(pixels []float32, width int, flipped bool, brightness, contrast float64) []float64 {
	out := make([]float64, len(pixels))
	for i, value := range pixels {
		y, x, c := i/(3*width), i/3%width, i%3
		if flipped {
			x = width - 1 - x
		}
		out[(y*width+x)*3+c] = float64(value) + brightness
	}
	for c := range 3 {
		var mean float64
		for i := c; i < len(out); i += 3 {
			mean += out[i]
		}
		mean /= float64(len(out) / 3)
		for i := c; i < len(out); i += 3 {
			out[i] = (out[i]-mean)*contrast + mean
		}
	}
	var mean, square float64
	for _, value := range out {
		mean += value
	}
	mean /= float64(len(out))
	for _, value := range out {
		square += (value - mean) * (value - mean)
	}
	std := max(math.Sqrt(square/float64(len(out))), 1/math.Sqrt(float64(len(out))))
	for i := range out {
		out[i] = (out[i] - mean) / std
	}
	return out
}

func TestAugmentationIsThePublishedOne(t *testing.T) {
	images := fake{count: 4, height: 6, width: 10}
	flips := 0
	for seed := range uint64(64) {
		pixels := make([]float32, 6*10*3)
		images.Read(int(seed%4), pixels)
		if seed == 0 {
			for i := range pixels {
				pixels[i] = 200 // no contrast at all
			}
		}
		draws := random.New(seed)
		flipped := draws.Uint64()>>63 == 1
		want := augmented(pixels, 10, flipped, draws.Uniform(-63, 63), draws.Uniform(0.2, 1.8))
		if flipped {
			flips++
		}
		again := random.New(seed)
		augment(pixels, 10, 3, &again)
		for i := range want {
			if math.Abs(float64(pixels[i])-want[i]) > 1e-5 {
				t.Fatalf("seed %d: value %d is %v, not %v", seed, i, pixels[i], want[i])
			}
		}
	}
	if flips < 16 || flips > 48 {
		t.Errorf("%d of 64 images were flipped", flips)
	}
}

func collect(t *testing.T, images Images, options LoaderOptions, steps int) (pixels []float32, index []int) {
	t.Helper()
	loader, err := NewLoader(images, options)
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close()
	for step := range steps {
		batch, err := loader.Next()
		if err != nil {
			t.Fatal(err)
		}
		if want := options.FirstStep + int64(step); batch.Step != want {
			t.Fatalf("the batch is of step %d, not %d", batch.Step, want)
		}
		pixels = append(pixels, batch.Images...)
		index = append(index, batch.Index...)
		clear(batch.Images) // the caller may write to its batch
	}
	return pixels, index
}

func TestLoaderHasEveryImageOnceAnEpoch(t *testing.T) {
	const count = 10
	_, index := collect(t, fake{count: count, height: 2, width: 2}, LoaderOptions{BatchSize: 4, Seed: 3, Augment: true}, 25)
	var orders [][]int
	for ; len(index) > 0; index = index[count:] {
		order := slices.Clone(index[:count])
		orders = append(orders, order)
		sorted := slices.Sorted(slices.Values(order))
		for i, image := range sorted {
			if i != image {
				t.Fatalf("epoch %d has the images %v", len(orders)-1, sorted)
			}
		}
	}
	if slices.Equal(orders[0], orders[1]) && slices.Equal(orders[1], orders[2]) {
		t.Error("every epoch has the same order")
	}
}

func TestLoaderGoesOnFromAnyStep(t *testing.T) {
	images := fake{count: 7, height: 4, width: 4}
	options := LoaderOptions{BatchSize: 3, Seed: 5, Augment: true}
	whole, wholeIndex := collect(t, images, options, 12)
	options.FirstStep = 8
	rest, restIndex := collect(t, images, options, 4)
	if !slices.Equal(whole[8*3*4*4*3:], rest) || !slices.Equal(wholeIndex[8*3:], restIndex) {
		t.Error("batches from step 8 on are not those of a loader that began at step 0")
	}
	options = LoaderOptions{BatchSize: 3, Seed: 6, Augment: true}
	if other, _ := collect(t, images, options, 12); slices.Equal(whole, other) {
		t.Error("another seed gives the same batches")
	}
}

func TestLoaderWithoutAugmentationStandardizes(t *testing.T) {
	images := fake{count: 3, height: 4, width: 4}
	pixels, index := collect(t, images, LoaderOptions{BatchSize: 1, Seed: 1}, 3)
	for i, image := range index {
		want := make([]float32, 48)
		images.Read(image, want)
		Standardize(want)
		if !slices.Equal(pixels[i*48:(i+1)*48], want) {
			t.Errorf("image %d is not just standardised", image)
		}
	}
}

func TestLoaderPassesErrorsOn(t *testing.T) {
	loader, err := NewLoader(fake{count: 5, height: 2, width: 2, bad: 3}, LoaderOptions{BatchSize: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err = loader.Next(); err != nil {
			break
		}
	}
	if !errors.Is(err, errBad) || err.Error() != "read fake:3: bad sector" {
		t.Fatalf("the error is %v", err)
	}
	if _, again := loader.Next(); !errors.Is(again, errBad) {
		t.Errorf("after the error comes %v", again)
	}
	loader.Close()
	loader.Close()
	if _, err := loader.Next(); !errors.Is(err, prefetch.ErrClosed) {
		t.Errorf("a closed loader answers %v", err)
	}
}

func TestLoaderRefuses(t *testing.T) {
	for _, test := range []struct {
		images  Images
		options LoaderOptions
	}{
		{fake{count: 0, height: 2, width: 2}, LoaderOptions{BatchSize: 1}},
		{fake{count: 1, height: 2, width: 2}, LoaderOptions{BatchSize: 0}},
		{fake{count: 1, height: 2, width: 2}, LoaderOptions{BatchSize: 1, FirstStep: -1}},
	} {
		if loader, err := NewLoader(test.images, test.options); err == nil {
			loader.Close()
			t.Errorf("%+v of %d images was accepted", test.options, test.images.Len())
		}
	}
}

func TestLoaderDoesNotAllocate(t *testing.T) {
	loader, err := NewLoader(fake{count: 100, height: 8, width: 8}, LoaderOptions{BatchSize: 4, Augment: true})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close()
	for range 2 * prefetch.Ahead {
		loader.Next()
	}
	if allocations := testing.AllocsPerRun(1000, func() { loader.Next() }); allocations > 0.1 {
		t.Errorf("%v allocations a batch", allocations)
	}
}

func BenchmarkLoader(b *testing.B) {
	train := fake{count: 1000, height: 32, width: 32}
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("batch%d", size), func(b *testing.B) {
			loader, err := NewLoader(train, LoaderOptions{BatchSize: size, Augment: true})
			if err != nil {
				b.Fatal(err)
			}
			defer loader.Close()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := loader.Next(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func BenchmarkDownsample(b *testing.B) {
	src, dst := make([]float32, 32*32*3), make([]float32, 32*32*3)
	for b.Loop() {
		Downsample(dst, src, 1, 32, 32, 3)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
