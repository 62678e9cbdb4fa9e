package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"alrc/internal/random"
)

// cifarStatistics are of the first 761 images of each of CIFAR-10's training files.
var cifarStatistics = statistics{
	slope: -2.83, kurtosis: 9.4,
	mean:             summary{121.2, 50, 82.46, 119.2, 164, 208.2, 233.7, 237.1},
	spread:           summary{53.74, 24.16, 36.05, 53.52, 71.76, 86.49, 95.09, 108.1},
	colour:           summary{0.08571, 2.814e-06, 0.001362, 0.03038, 0.2456, 0.6111, 0.8248, 0.9177},
	chroma:           summary{0.06407, 3.282e-05, 0.008188, 0.04356, 0.1469, 0.329, 0.5347, 0.6001},
	detail:           summary{0.08255, 0.01872, 0.03642, 0.0742, 0.1379, 0.2159, 0.3125, 0.3915},
	quartic:          summary{0.05858, 0.002941, 0.00989, 0.03566, 0.1232, 0.3775, 0.8765, 2.113},
	augmentedDetail:  summary{0.07852, 0.0124, 0.03185, 0.07049, 0.1352, 0.216, 0.3143, 0.3943},
	augmentedQuartic: summary{0.05477, 0.001286, 0.007386, 0.03175, 0.1169, 0.3672, 0.8311, 2.461},
}

// The default run is to show what CIFAR-10 shows; for that generated images need its distribution of losses.
func TestProceduralImagesAreLikePhotographs(t *testing.T) {
	images, _ := NewProcedural(1, 32, 32)
	got, want := measure(t, images, 3000), cifarStatistics
	t.Logf("generated images\n%v\nCIFAR-10\n%v", got, want)
	near := func(name string, got, want, tolerance float64) {
		if math.Abs(got-want) > tolerance {
			t.Errorf("%s is %.3g; photographs have %.3g", name, got, want)
		}
	}
	near("the spectrum's slope", got.slope, want.slope, 0.3)
	near("the kurtosis of differences", got.kurtosis, want.kurtosis, 2)
	for _, row := range []struct {
		name              string
		got, want         summary
		percent, tailsToo float64
	}{
		{"mean brightness", got.mean, want.mean, 10, 20},
		{"standard deviation", got.spread, want.spread, 15, 15},
		{"detail", got.detail, want.detail, 15, 20},
		{"quartic detail", got.quartic, want.quartic, 25, 30},
		{"augmented detail", got.augmentedDetail, want.augmentedDetail, 15, 20},
		{"augmented quartic detail", got.augmentedQuartic, want.augmentedQuartic, 25, 30},
	} {
		near(row.name+", mean", row.got.mean, row.want.mean, row.want.mean*row.percent/100)
		near(row.name+", median", row.got.p50, row.want.p50, row.want.p50*row.percent/100)
		near(row.name+", 90 %", row.got.p90, row.want.p90, row.want.p90*row.percent/100)
		near(row.name+", 99 %", row.got.p99, row.want.p99, row.want.p99*row.tailsToo/100)
	}
}

// A change of what a seed gives must change the hash too, or a run would go on, on other images.
func TestProceduralVersion(t *testing.T) {
	const goldenVersion, goldenHash = 1, "eb4f930280ff8fbacba023596de366e673a46694622f0afa9e5d0106ff626536"
	digest := sha256.New()
	for _, size := range [][2]int{{32, 32}, {20, 48}} {
		train, test := NewProcedural(1, size[0], size[1])
		pixels := make([]float32, size[0]*size[1]*3)
		for _, images := range []Images{train, test} {
			for i := range 40 {
				if err := images.Read(i, pixels); err != nil {
					t.Fatal(err)
				}
				for _, value := range pixels {
					if value != float32(byte(value)) {
						t.Fatalf("%s has the value %v, no whole number of 0 to 255", images.ID(i), value)
					}
					digest.Write([]byte{byte(value)})
				}
			}
		}
	}
	if hash := hex.EncodeToString(digest.Sum(nil)); hash != goldenHash || proceduralVersion != goldenVersion {
		t.Errorf("images have the hash %s in version %d: where they are to change, count proceduralVersion up", hash, proceduralVersion)
	}
}

func TestProceduralImages(t *testing.T) {
	train, test := NewProcedural(3, 16, 16)
	again, _ := NewProcedural(3, 16, 16)
	other, _ := NewProcedural(4, 16, 16)
	seen := map[string]string{}
	pixels := make([]float32, 16*16*3)
	for _, images := range []Images{train, test, other} {
		for i := range 300 {
			if err := images.Read(i, pixels); err != nil {
				t.Fatal(err)
			}
			content := fmt.Sprint(pixels)
			if twin, ok := seen[content]; ok {
				t.Errorf("%s is %s", images.ID(i), twin)
			}
			seen[content] = images.ID(i)
		}
	}
	if train.Hash() == test.Hash() || train.Hash() == other.Hash() || train.Hash() != again.Hash() {
		t.Error("hashes do not follow seed and part")
	}
	if train.Read(-1, pixels) == nil || train.Read(train.Len(), pixels) == nil || train.Read(0, pixels[1:]) == nil {
		t.Error("an image that is not there, or does not fit, was read")
	}
}

// Images are the same whoever reads them first, in whatever order, kept or made again.
func TestProceduralImagesFromManyGoroutines(t *testing.T) {
	train, _ := NewProcedural(1, 12, 18)
	want := make([][]float32, 50)
	fresh := newProcedural("", "", 1, 0, proceduralTrainCount, 12, 18)
	fresh.kept = false
	for i := range want {
		want[i] = make([]float32, 12*18*3)
		fresh.Read(len(want)-1-i, make([]float32, 12*18*3))
		fresh.Read(i, want[i])
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			pixels := make([]float32, 12*18*3)
			for turn := range 100 {
				i := turn * 7 % len(want)
				if err := train.Read(i, pixels); err != nil || !slices.Equal(pixels, want[i]) {
					t.Errorf("image %d is not what it was (%v)", i, err)
				}
			}
		}()
	}
	readers.Wait()
}

// TestContactSheet draws the images to look at, where $CONTACT_SHEET names a file to draw them to.
func TestContactSheet(t *testing.T) {
	path := os.Getenv("CONTACT_SHEET")
	if path == "" {
		t.Skip("$CONTACT_SHEET names no file")
	}
	train, _ := NewProcedural(1, 32, 32)
	if os.Getenv("CONTACT_SHEET_OF") == "cifar10" {
		train, _ = realCIFAR10(t)
	}
	const columns, rows, zoom = 20, 12, 2
	sheet := image.NewRGBA(image.Rect(0, 0, columns*34*zoom, rows*34*zoom))
	pixels := make([]float32, 32*32*3)
	for i := range columns * rows {
		train.Read(i, pixels)
		for y := range 32 * zoom {
			for x := range 32 * zoom {
				p := pixels[(y/zoom*32+x/zoom)*3:]
				sheet.Set(i%columns*34*zoom+x, i/columns*34*zoom+y, color.RGBA{uint8(p[0]), uint8(p[1]), uint8(p[2]), 255})
			}
		}
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, sheet); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkProcedural(b *testing.B) {
	p := newPainter(32, 32)
	i := uint64(0)
	for b.Loop() {
		p.draws = random.New(random.Key(random.ForGeneration, 1, 0, i))
		p.paint()
		i++
	}
}
