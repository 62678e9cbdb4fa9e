package micrograph

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// copying is a network that passes the masked image on.
type copying struct{ side int }

func (c copying) Side() int  { return c.side }
func (copying) Kriged() bool { return false }
func (c copying) Complete(input, output []float32) error {
	for i := range output {
		output[i] = input[2*i]
	}
	return nil
}
func (copying) Close() {}

func TestNetworkOnAnySize(t *testing.T) {
	for _, size := range [][2]int{{10, 200}, {32, 32}, {75, 81}} {
		height, width := size[0], size[1]
		mask := scanMask(t, Spiral, 0.2, height, width)
		_, scan := surface(mask, height, width, func(x, y float64) float64 { return math.Sin(9*x) * y })
		got, err := Network("copy", copying{32}).Complete(context.Background(), scan, mask, height, width)
		if err != nil {
			t.Fatal(err)
		}
		for i, seen := range mask {
			want := float32(0)
			if seen > 0 {
				want = seen * scan[i]
			}
			if got.Pixels[i] != want {
				t.Fatalf("%v: pixel %d is %v, want %v", size, i, got.Pixels[i], want)
			}
		}
	}
}

// readPartial reads the first partial scan of a file.
func readPartial(path string, o PartialOptions) (*Partial, error) {
	s, err := OpenScans(path, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Read(0)
}

func TestReadPartial(t *testing.T) {
	const height, width = 3, 4
	nan := float32(math.NaN())
	pixels := []float32{1, nan, 3, 4, 5, 6, nan, 8, 9, 10, float32(math.Inf(1)), 12}
	path := writeTIFF(t, height, width, pixels)
	p, err := readPartial(path, PartialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1}; !slices.Equal(p.Mask, want) {
		t.Errorf("seen is %v", p.Mask)
	}
	// A second page is the mask where it sees what the scan has, and another image where it does not.
	half := slices.Clone(p.Mask)
	for i := range half {
		half[i] /= 2
	}
	for _, test := range []struct {
		second []float32
		want   float32
	}{{half, 0.5}, {slices.Repeat([]float32{0.5}, 12), 1}, {pixels, 1}} {
		p, err := readPartial(writeTIFF(t, height, width, pixels, test.second), PartialOptions{})
		if err != nil || p.Mask[0] != test.want {
			t.Errorf("with a second page: seen is %v (%v)", p.Mask, err)
		}
	}
	// A mask sees nothing where there is no number.
	p, err = readPartial(path, PartialOptions{Mask: writeTIFF(t, height, width, []float32{0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 51})})
	if err != nil || !slices.Equal(p.Mask, []float32{0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0.2}) || p.Pixels[0] == p.Pixels[0] {
		t.Errorf("with a mask: %+v, %v", p, err)
	}
	for name, test := range map[string]struct{ path, mask, want string }{
		"another size":  {path, writeTIFF(t, 4, 3, p.Mask), "3x4"},
		"nothing seen":  {path, writeTIFF(t, height, width, []float32{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "nothing"},
		"all there":     {writeTIFF(t, 1, 2, []float32{1, 2}), "", "no pixel is missing"},
		"no image":      {writeFile(t, "x.tif", func(io.Writer) error { return nil }), "", "empty"},
		"all of it NaN": {writeTIFF(t, 1, 2, []float32{nan, nan}), "", "nothing"},
	} {
		if _, err := readPartial(test.path, PartialOptions{Mask: test.mask}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPartialWritesWhatItReads(t *testing.T) {
	const height, width = 40, 50
	mask := scanMask(t, Spiral, 0.2, height, width)
	truth, _ := surface(mask, height, width, func(x, y float64) float64 { return 100 + 50*x*y })
	p, err := NewPartial(writeTIFF(t, height, width, truth), 0, Scan{Kind: Spiral, Coverage: 0.2, Seed: 1}, PartialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if err := p.Write(&content); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "scan.tif")
	if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	back, err := readPartial(path, PartialOptions{})
	if err != nil || !slices.Equal(back.Mask, mask) || !slices.EqualFunc(back.Pixels, p.Pixels, func(a, b float32) bool { return a == b || a != a && b != b }) {
		t.Errorf("a scan that was written is another one (%v)", err)
	}
	// In the units of the file, and of a constant image too.
	completed, err := back.Complete(context.Background(), Linear(), true)
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range completed.Pixels {
		if math.Abs(float64(value-truth[i])) > 5 {
			t.Fatalf("pixel %d is completed as %v, and is %v", i, value, truth[i])
		}
	}
	for i, seen := range back.Mask {
		if seen > 0 {
			back.Pixels[i] = 7
		}
	}
	for _, m := range append(Baselines(1), Network("copy", copying{32})) {
		completed, err := back.Complete(context.Background(), m, !m.Blurs)
		if err != nil || slices.Min(completed.Pixels) < 6.9 || slices.Max(completed.Pixels) > 7.1 {
			t.Errorf("%s: a constant scan of 7 is completed as %+v (%v)", m.Name, completed, err)
		}
	}
}

func TestEvaluate(t *testing.T) {
	_, test := generated(t)
	examples, err := NewExamples(test, Scan{Kind: Grid, Coverage: 0.2}, 48, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	bilinear, err := Baselines(1)[0].Evaluate(ctx, examples, 12, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The same one by one, and by a method that sees nothing but the mask times the image.
	truth, input := make([]float32, 48*48), make([]float32, 2*48*48)
	if _, err := examples.Read(7, input, nil, truth); err != nil {
		t.Fatal(err)
	}
	mask := make([]float32, 48*48)
	for i := range mask {
		mask[i] = input[2*i+1]
	}
	completed, err := completeBilinear(truth, mask, 48, 48)
	if err != nil {
		t.Fatal(err)
	}
	if want := Baselines(1)[0].Compare(completed, truth, 48, 48); bilinear[7] != want {
		t.Errorf("example 7: %+v, not %+v", bilinear[7], want)
	}
	network, err := Network("copy", copying{48}).Evaluate(ctx, examples, 12, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var better int
	for i := range network {
		if bilinear[i].Blurred.MSE < bilinear[i].Raw.MSE {
			better++
		}
		if network[i].Raw.MSE <= bilinear[i].Raw.MSE {
			t.Errorf("example %d: interpolation, %v, is no better than nothing, %v", i, bilinear[i].Raw.MSE, network[i].Raw.MSE)
		}
	}
	if better != len(network) {
		t.Errorf("blurred, %d of %d are nearer to the blurred truth", better, len(network))
	}

	// Crops of which nothing was seen, as thin scans have some.
	thin, err := NewExamples(test, Scan{Kind: Spiral, Coverage: 0.002, Varied: true}, 32, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	unseen := 0
	truth, input = make([]float32, 32*32), make([]float32, 2*32*32)
	for _, m := range append(Baselines(1), Network("copy", copying{32})) {
		results, err := m.Evaluate(ctx, thin, 12, EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range results {
			if _, err := thin.Read(int64(i), input, nil, truth); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(input, func(value float32) bool { return value != 0 }) {
				unseen++
				if want := m.Compare(make([]float32, 32*32), truth, 32, 32); got != want {
					t.Errorf("%s, example %d, of which nothing was seen: %+v, not %+v", m.Name, i, got, want)
				}
			}
		}
	}
	if unseen == 0 {
		t.Error("something was seen of all crops, so the scan is not thin enough for this test")
	}

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Baselines(1)[0].Evaluate(cancelled, examples, 12, EvaluateOptions{}); err == nil {
		t.Error("a cancelled evaluation has a result")
	}
}

// A method whose output is of the blurred micrograph is not blurred again.
func TestCompareBlurs(t *testing.T) {
	const side = 20
	truth := make([]float32, side*side)
	for i := range truth {
		truth[i] = float32(i%3) - 1
	}
	target := make([]float32, side*side)
	blur(target, truth, side, side)
	if c := (Method{Blurs: true}).Compare(target, truth, side, side); c.Blurred.MSE != 0 || c.Raw.MSE == 0 {
		t.Errorf("the target of a network: %+v", c)
	}
	if c := (Method{}).Compare(truth, truth, side, side); c.Blurred.MSE != 0 || c.Raw.MSE != 0 {
		t.Errorf("the truth: %+v", c)
	}
}
