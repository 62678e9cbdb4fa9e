package micrograph

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/tiff"
	"alrc/internal/statistics"
)

func writeTIFF(t *testing.T, height, width int, pages ...[]float32) string {
	t.Helper()
	var images []tiff.Image
	for _, pixels := range pages {
		images = append(images, tiff.Image{Width: width, Height: height, Channels: 1, Pixels: pixels})
	}
	return writeFile(t, "image.tif", func(w io.Writer) error { return tiff.Write(w, images) })
}

func writeFile(t *testing.T, name string, write func(io.Writer) error) string {
	t.Helper()
	var content bytes.Buffer
	if err := write(&content); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMasksHaveTheCoverage(t *testing.T) {
	for _, kind := range []string{Spiral, Grid, Lines} {
		for _, coverage := range []float64{1. / 36, DefaultCoverage, 0.1, 0.25, 0.5, 0.9, 1} {
			for _, size := range [][2]int{{64, 64}, {96, 160}, {31, 17}} {
				s, err := ParseScan(kind, coverage)
				if err != nil {
					t.Fatal(err)
				}
				mask := make([]float32, size[0]*size[1])
				if err := s.Mask(0, size[0], size[1], mask); err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%s of %v, %v", kind, coverage, size)
				if got := statistics.Mean(mask); math.Abs(got-coverage) > 2e-7 {
					t.Errorf("%s: the mean is %v", name, got)
				}
				if slices.Min(mask) < 0 || slices.Max(mask) > 1 {
					t.Errorf("%s: values from %v to %v", name, slices.Min(mask), slices.Max(mask))
				}
				if dark := slices.Index(mask, 0); coverage <= 0.25 && dark < 0 {
					t.Errorf("%s: no pixel is unseen", name)
				}
			}
		}
	}
}

// A scan visits all parts of the image: no square of a few distances of its lines or points is left out.
func TestMasksReachEverywhere(t *testing.T) {
	const side, block = 240, 60
	for _, kind := range []string{Spiral, Grid, Lines} {
		s, _ := ParseScan(kind, DefaultCoverage)
		mask := make([]float32, side*side)
		for position := range int64(3) {
			s.Varied = position > 0
			if err := s.Mask(position, side, side, mask); err != nil {
				t.Fatal(err)
			}
			if got := statistics.Mean(mask); math.Abs(got-DefaultCoverage) > 0.003 {
				t.Errorf("%s at position %d: the mean is %v", kind, position, got)
			}
			for top := 0; top < side; top += block {
				for left := 0; left < side; left += block {
					var seen float32
					for y := top; y < top+block; y++ {
						for x := left; x < left+block; x++ {
							seen += mask[y*side+x]
						}
					}
					if seen < 0.4*DefaultCoverage*block*block {
						t.Errorf("%s at position %d sees %v pixels of the square at %d, %d", kind, position, seen, top, left)
					}
				}
			}
		}
	}
}

func TestMasksFollowFromSeedAndPosition(t *testing.T) {
	const side = 64
	draw := func(s Scan, position int64) []float32 {
		mask := make([]float32, side*side)
		if err := s.Mask(position, side, side, mask); err != nil {
			t.Fatal(err)
		}
		return mask
	}
	for _, kind := range []string{Spiral, Grid, Lines} {
		s := Scan{Kind: kind, Coverage: DefaultCoverage, Seed: 5}
		other := Scan{Kind: kind, Coverage: DefaultCoverage, Seed: 6}
		if !slices.Equal(draw(s, 1), draw(s, 2)) || slices.Equal(draw(s, 1), draw(other, 1)) {
			t.Errorf("%s: a fixed mask must depend on the seed alone", kind)
		}
		s.Varied = true
		if slices.Equal(draw(s, 1), draw(s, 2)) || !slices.Equal(draw(s, 2), draw(s, 2)) {
			t.Errorf("%s: varied masks must depend on the position", kind)
		}
	}
}

// The spiral's arms are at equal distances along any ray from the middle.
func TestSpiralPitch(t *testing.T) {
	const side = 401
	s := Scan{Kind: Spiral, Coverage: DefaultCoverage}
	mask := make([]float32, side*side)
	if err := s.Mask(0, side, side, mask); err != nil {
		t.Fatal(err)
	}
	row := mask[side/2*side:][:side]
	var arms []int
	for x := side/2 + 10; x < side-1; x++ {
		if row[x] > 0.3 && row[x] >= row[x-1] && row[x] > row[x+1] {
			arms = append(arms, x)
		}
	}
	if len(arms) < 8 {
		t.Fatalf("arms at %v", arms)
	}
	for i := 1; i < len(arms); i++ {
		if gap := arms[i] - arms[i-1]; gap < 19 || gap > 21 {
			t.Errorf("arms at %v; they should be 20 pixels apart", arms)
		}
	}
}

func TestMaskImages(t *testing.T) {
	pixels := make([]float32, 30*40)
	for i := range pixels {
		pixels[i] = float32(i%4) * 85 // 0 to 255
	}
	path := writeTIFF(t, 30, 40, pixels)
	s, err := ParseScan(path, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(s.Coverage-0.5) > 1e-6 {
		t.Errorf("its coverage is %v, not 0.5", s.Coverage)
	}
	mask := make([]float32, 10*20)
	if err := s.Mask(0, 10, 20, mask); err != nil {
		t.Fatal(err)
	}
	// The middle begins at row 10 and column 10, of value 10 % 4.
	if math.Abs(float64(mask[0])-2./3) > 1e-6 || mask[1] != 1 || mask[2] != 0 {
		t.Errorf("the middle begins with %v", mask[:4])
	}
	if err := s.Mask(0, 31, 40, make([]float32, 31*40)); err == nil || !strings.Contains(err.Error(), "40x30") {
		t.Errorf("a mask that is too small: %v", err)
	}
	for name, bad := range map[string]string{
		"negative": writeTIFF(t, 1, 2, []float32{-1, 0}), "NaN": writeTIFF(t, 1, 2, []float32{float32(math.NaN()), 0}),
		"zero": writeTIFF(t, 1, 2, []float32{0, 0}), "missing": "spirl",
	} {
		if _, err := ParseScan(bad, 0.05); err == nil {
			t.Errorf("%s: a mask that is none was taken", name)
		}
	}
	for _, coverage := range []float64{0, -1, 1.1, math.NaN()} {
		if _, err := ParseScan(Grid, coverage); err == nil {
			t.Errorf("a coverage of %v was taken", coverage)
		}
	}
}

// Ours is like a real one.
func TestSpiralIsLikeARealOne(t *testing.T) {
	path := filepath.Join("..", "..", "testdata", "partial-STEM", "spiral-mask-1-20.tif")
	s, err := ParseScan(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	const side = 512
	theirs, ours := make([]float32, side*side), make([]float32, side*side)
	if err := s.Mask(0, side, side, theirs); err != nil {
		t.Fatal(err)
	}
	if err := (Scan{Kind: Spiral, Coverage: DefaultCoverage}).Mask(0, side, side, ours); err != nil {
		t.Fatal(err)
	}
	share := func(mask []float32) float64 {
		count := 0
		for _, value := range mask {
			if value > 0 {
				count++
			}
		}
		return float64(count) / float64(len(mask))
	}
	if a, b := share(theirs), share(ours); math.Abs(a-b) > 0.01 {
		t.Errorf("%.3f of its pixels are seen, and %.3f of ours", a, b)
	}
	if a, b := statistics.Mean(theirs), statistics.Mean(ours); math.Abs(a-b) > 0.006 {
		t.Errorf("its mean is %.4f, ours %.4f", a, b)
	}
	if a, b := slices.Max(theirs), slices.Max(ours); math.Abs(float64(a-b)) > 0.1 {
		t.Errorf("its largest value is %v, ours %v", a, b)
	}
}
