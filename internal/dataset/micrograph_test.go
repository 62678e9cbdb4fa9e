package dataset

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/npy"
	"alrc/internal/format/tiff"
)

// testPixels is an image of a number, with detail everywhere.
func testPixels(number, height, width int) []float32 {
	random := stream{key(99, uint64(number))}
	pixels := make([]float32, height*width)
	for i := range pixels {
		pixels[i] = float32(random.intn(200)) + 20
	}
	return pixels
}

func writeTIFF(t *testing.T, path string, height, width int, pages ...[]float32) string {
	t.Helper()
	var images []tiff.Image
	for _, pixels := range pages {
		images = append(images, tiff.Image{Width: width, Height: height, Channels: 1, Pixels: pixels})
	}
	return writeTestFile(t, path, func(w io.Writer) error { return tiff.Write(w, images) })
}

func writeTestFile(t *testing.T, path string, write func(io.Writer) error) string {
	t.Helper()
	var content bytes.Buffer
	if err := write(&content); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func greyPNG(pixels []float32, height, width int) image.Image {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i, pixel := range pixels {
		m.SetGray(i%width, i/width, color.Gray{uint8(pixel)})
	}
	return m
}

// ids lists the names of images' files.
func ids(m Micrographs) (list []string) {
	for i := range m.Len() {
		list = append(list, filepath.Base(m.ID(i)))
	}
	slices.Sort(list)
	return list
}

func TestMicrographFormatsGiveTheSame(t *testing.T) {
	const height, width = 20, 24
	pixels := testPixels(1, height, width)
	var hashes []string
	for _, name := range []string{"a.tif", "a.png", "a.npy", "a4.npy"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		switch name {
		case "a.tif":
			writeTIFF(t, path, height, width, pixels)
		case "a.png":
			writeTestFile(t, path, func(w io.Writer) error { return png.Encode(w, greyPNG(pixels, height, width)) })
		case "a.npy":
			writeTestFile(t, path, func(w io.Writer) error { return npy.Write(w, []int{height, width}, pixels) })
		case "a4.npy":
			writeTestFile(t, path, func(w io.Writer) error { return npy.Write(w, []int{1, height, width, 1}, pixels) })
		}
		writeTIFF(t, filepath.Join(dir, "test.tif"), height, width, testPixels(2, height, width))
		train, test, skipped, err := OpenMicrographs([]string{dir}, nil, filepath.Join(dir, "test.tif"), 16)
		if err != nil || len(skipped) > 0 || train.Len() != 1 || test.Len() != 1 {
			t.Fatalf("%s: %v, skipped %v", name, err, skipped)
		}
		whole := make([]float32, height*width)
		if err := train.Crop(0, 0, 0, height, width, whole); err != nil {
			t.Fatal(err)
		}
		part := make([]float32, 5*7)
		if err := train.Crop(0, 3, 11, 5, 7, part); err != nil || part[1*7+2] != whole[4*width+13] {
			t.Errorf("%s: a crop is not the image's part (%v)", name, err)
		}
		low, high := slices.Min(whole), slices.Max(whole)
		if low < -1 || high > 1 || high-low < 1.5 {
			t.Errorf("%s: scaled to %v to %v", name, low, high)
		}
		hashes = append(hashes, train.Hash())
	}
	if slices.ContainsFunc(hashes, func(h string) bool { return h != hashes[0] }) {
		t.Errorf("the same image has different hashes: %v", hashes)
	}
}

func TestMicrographsThatCannotBeUsedAreListed(t *testing.T) {
	const side = 64
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for i := range 3 {
		writeTIFF(t, at(fmt.Sprintf("good-%d.tif", i)), side, side, testPixels(i, side, side))
	}
	mask, scan, vacuum := make([]float32, side*side), make([]float32, side*side), make([]float32, side*side)
	for i := range mask {
		if i%side%8 == 0 {
			mask[i], scan[i] = 0.5, float32(i)
		}
		if x, y := i%side-30, i/side-20; x*x+y*y < 144 {
			vacuum[i] = float32(100 + i%17)
		}
	}
	writeTIFF(t, at("mask.tif"), side, side, mask)
	writeTIFF(t, at("scan.tif"), side, side, scan)
	writeTIFF(t, at("vacuum.tif"), side, side, vacuum) // a particle in vacuum, which is one to learn from
	writeTIFF(t, at("dead.tif"), side, side, make([]float32, side*side))
	missing := testPixels(5, side, side)
	missing[7] = float32(math.NaN())
	writeTIFF(t, at("missing.tif"), side, side, missing)
	writeTIFF(t, at("small.tif"), 8, 8, testPixels(6, 8, 8))
	whole, err := os.ReadFile(at("good-0.tif"))
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(at("truncated.tif"), whole[:len(whole)/2], 0o644)
	os.WriteFile(at("notes.txt"), []byte("notes"), 0o644)
	writeTestFile(t, at("shape.npy"), func(w io.Writer) error { return npy.Write(w, []int{2, 3, 4, 2}, make([]float32, 48)) })
	writeTestFile(t, at("colour.png"), func(w io.Writer) error {
		m := image.NewNRGBA(image.Rect(0, 0, side, side))
		m.SetNRGBA(3, 3, color.NRGBA{255, 0, 0, 255})
		return png.Encode(w, m)
	})
	writeTIFF(t, at("left-out.tif"), side, side, testPixels(7, side, side))
	writeTIFF(t, at("copy-of-the-test.tif"), side, side, testPixels(2, side, side))

	train, test, skipped, err := OpenMicrographs([]string{dir}, []string{at("left*")}, at("good-2.tif"), 32)
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(train); !slices.Equal(got, []string{"good-0.tif", "good-1.tif", "vacuum.tif"}) {
		t.Errorf("to train on are %v", got)
	}
	if got := ids(test); !slices.Equal(got, []string{"good-2.tif"}) {
		t.Errorf("for tests are %v", got)
	}
	for name, want := range map[string]string{
		"mask.tif": "mask", "scan.tif": "partial scan", "dead.tif": "all its pixels are 0", "missing.tif": "not finite",
		"small.tif": "fewer", "truncated.tif": "truncated", "notes.txt": "no PNG", "shape.npy": "[2 3 4 2]", "colour.png": "colours",
		"copy-of-the-test.tif": "held out",
	} {
		if !slices.ContainsFunc(skipped, func(s Skipped) bool {
			return filepath.Base(s.Path) == name && strings.Contains(s.Err.Error(), want)
		}) {
			t.Errorf("%s is not listed with %q in %v", name, want, skipped)
		}
	}
	if len(skipped) != 10 {
		t.Errorf("%d files are listed: %v", len(skipped), skipped)
	}
}

func TestMicrographsAreDividedByContent(t *testing.T) {
	const side = 16
	dir := t.TempDir()
	for i := range 12 {
		writeTIFF(t, filepath.Join(dir, fmt.Sprintf("%d.tif", i)), side, side, testPixels(2*i, side, side), testPixels(2*i+1, side, side))
	}
	train, test, _, err := OpenMicrographs([]string{dir}, nil, "0.3", side)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len()+test.Len() != 24 || test.Len() == 0 || test.Len() > 14 {
		t.Errorf("%d images to train on, %d for tests", train.Len(), test.Len())
	}
	file := func(id string) string { return id[:strings.LastIndex(id, ":")] }
	for _, id := range ids(test) {
		if slices.ContainsFunc(ids(train), func(other string) bool { return file(other) == file(id) }) {
			t.Errorf("pages of %s are on both sides", id)
		}
	}
	other := t.TempDir()
	for i := range 12 {
		if err := os.Rename(filepath.Join(dir, fmt.Sprintf("%d.tif", i)), filepath.Join(other, fmt.Sprintf("x%d.tif", 99-i))); err != nil {
			t.Fatal(err)
		}
	}
	moved, movedTest, _, err := OpenMicrographs([]string{other}, nil, "0.3", side)
	if err != nil || moved.Hash() != train.Hash() || movedTest.Hash() != test.Hash() {
		t.Errorf("files that moved are divided otherwise (%v)", err)
	}

	stack := filepath.Join(t.TempDir(), "stack.npy")
	writeTestFile(t, stack, func(w io.Writer) error {
		var all []float32
		for i := range 40 {
			all = append(all, testPixels(i, side, side)...)
		}
		return npy.Write(w, []int{40, side, side, 1}, all)
	})
	train, test, _, err = OpenMicrographs([]string{stack}, nil, "0.3", side)
	if err != nil || train.Len()+test.Len() != 40 || test.Len() < 4 || test.Len() > 20 {
		t.Fatalf("a stack becomes %v and %v (%v)", ids(train), ids(test), err)
	}
}

// The parts of one image must not share a pixel.
func TestMicrographOfASingleFile(t *testing.T) {
	const height, width = 40, 30
	pixels := make([]float32, height*width)
	for i := range pixels {
		pixels[i] = float32(i)
	}
	path := writeTIFF(t, filepath.Join(t.TempDir(), "one.tif"), height, width, pixels)
	train, test, _, err := OpenMicrographs([]string{path}, nil, "", 14)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float32]bool{}
	for _, m := range []Micrographs{train, test} {
		h, w := m.Size(0)
		part := make([]float32, h*w)
		if err := m.Crop(0, 0, 0, h, w, part); err != nil {
			t.Fatal(err)
		}
		for _, value := range part {
			if seen[value] && value > -1 && value < 1 {
				t.Fatalf("a pixel of %v is in both parts", value)
			}
			seen[value] = true
		}
	}
	if _, _, _, err := OpenMicrographs([]string{path}, nil, "", 21); err == nil || !strings.Contains(err.Error(), "at most 20") {
		t.Errorf("crops of 21 pixels of the single image: %v", err)
	}
	series := writeTIFF(t, filepath.Join(t.TempDir(), "series.tif"), 16, 16, testPixels(0, 16, 16), testPixels(1, 16, 16), testPixels(2, 16, 16))
	train, test, _, err = OpenMicrographs([]string{series}, nil, "0.4", 16)
	if err != nil || !slices.Equal(ids(train), []string{"series.tif:0", "series.tif:1"}) || !slices.Equal(ids(test), []string{"series.tif:2"}) {
		t.Errorf("a series becomes %v and %v (%v)", ids(train), ids(test), err)
	}
}

func TestMicrographsNotKeptAreReadAgain(t *testing.T) {
	path := writeTIFF(t, filepath.Join(t.TempDir(), "a.tif"), 8, 8, testPixels(1, 8, 8))
	f := &micrographFolder{side: 8}
	groups, skipped := f.readFile(&foundFile{path: path})
	if len(groups) != 1 || len(skipped) != 0 {
		t.Fatal(skipped)
	}
	page := groups[0].images[0]
	again, err := page.again()
	if err != nil || !slices.Equal(again, page.pixels) {
		t.Errorf("read again, an image is another one (%v)", err)
	}
}

func TestIntensityRange(t *testing.T) {
	pixels := testPixels(1, 100, 100)
	low, high := IntensityRange(pixels)
	hot := slices.Clone(pixels)
	hot[123], hot[4567], hot[8901] = 1e9, -1e9, float32(math.Inf(1))
	hot[77] = float32(math.NaN())
	hotLow, hotHigh := IntensityRange(hot)
	if math.Abs(hotLow-low) > 1 || math.Abs(hotHigh-high) > 1 || low > 20 || high < 219 || high > 260 {
		t.Errorf("the range is %v to %v, and %v to %v with hot pixels", low, high, hotLow, hotHigh)
	}
	ScaleIntensity(hot, hotLow, hotHigh)
	if hot[123] != 1 || hot[4567] != -1 || hot[77] != 0 || hot[8901] != 1 {
		t.Errorf("hot pixels become %v, %v, %v and %v", hot[123], hot[4567], hot[77], hot[8901])
	}
	scaled := slices.Clone(pixels)
	ScaleIntensity(scaled, low, high)
	UnscaleIntensity(scaled, low, high)
	for i := range pixels {
		if math.Abs(float64(scaled[i]-pixels[i])) > 1e-3 {
			t.Fatalf("%v becomes %v and back", pixels[i], scaled[i])
		}
	}
	constant := []float32{3, 3, 3}
	if low, high := IntensityRange(constant); low != 3 || high != 3 {
		t.Errorf("a constant image's range is %v to %v", low, high)
	}
	if ScaleIntensity(constant, 3, 3); constant[1] != 0 {
		t.Errorf("a constant image becomes %v", constant)
	}
	sparse := make([]float32, 10000)
	sparse[5000] = 2
	if low, high := IntensityRange(sparse); low != 0 || high != 2 {
		t.Errorf("the range of a dark image with one bright pixel is %v to %v", low, high)
	}
}

func TestOrient(t *testing.T) {
	var seen [][]float32
	for symmetry := range 8 {
		pixels := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
		Orient(pixels, 3, symmetry)
		if slices.ContainsFunc(seen, func(other []float32) bool { return slices.Equal(other, pixels) }) {
			t.Errorf("symmetry %d is the same as an earlier one", symmetry)
		}
		// Neighbours stay neighbours: 5 in the middle, even numbers at its sides.
		if pixels[4] != 5 || int(pixels[1])%2 != 0 || int(pixels[3])%2 != 0 || pixels[1]+pixels[7] != 10 || pixels[0]+pixels[8] != 10 {
			t.Errorf("symmetry %d gives %v", symmetry, pixels)
		}
		seen = append(seen, pixels)
	}
}

func TestCrops(t *testing.T) {
	const side = 16
	dir := t.TempDir()
	writeTIFF(t, filepath.Join(dir, "big.tif"), 40, 70, testPixels(1, 40, 70))
	writeTIFF(t, filepath.Join(dir, "exact.tif"), side, side, testPixels(2, side, side))
	writeTIFF(t, filepath.Join(dir, "test.tif"), side, side, testPixels(3, side, side))
	train, _, _, err := OpenMicrographs([]string{dir}, nil, filepath.Join(dir, "test.tif"), side)
	if err != nil {
		t.Fatal(err)
	}
	crops, err := NewCrops(train, side, 7, true)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := NewCrops(train, side, 7, true)
	other, _ := NewCrops(train, side, 8, true)
	counts, symmetries, differ := map[string]int{}, map[int]int{}, 0
	const epochs = 50
	for position := int64(epochs*9 - 1); position >= 0; position-- { // 4 * 2 crops of the large one, 1 of the small
		pixels := make([]float32, side*side)
		crop, err := crops.Read(position, pixels)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, side*side)
		if err := train.Crop(crop.Image, crop.Top, crop.Left, side, side, want); err != nil {
			t.Fatal(err)
		}
		if Orient(want, side, crop.Symmetry); !slices.Equal(pixels, want) {
			t.Fatalf("position %d is not the crop %+v", position, crop)
		}
		if again.At(position) != crop {
			t.Fatalf("position %d is %+v, and then %+v", position, crop, again.At(position))
		}
		if other.At(position) != crop {
			differ++
		}
		counts[filepath.Base(train.ID(crop.Image))]++
		symmetries[crop.Symmetry]++
	}
	if counts["big.tif"] != 8*epochs || counts["exact.tif"] != epochs {
		t.Errorf("in %d epochs there are %v", epochs, counts)
	}
	if len(symmetries) != 8 || differ < epochs*8 {
		t.Errorf("symmetries %v; another seed differs at %d positions", symmetries, differ)
	}
	plain, _ := NewCrops(train, side, 7, false)
	for position := range int64(20) {
		if plain.At(position).Symmetry != 0 {
			t.Fatal("a crop is turned where it should not be")
		}
	}
	if _, err := NewCrops(train, 17, 0, false); err == nil || !strings.Contains(err.Error(), "exact.tif") {
		t.Errorf("crops that are too large: %v", err)
	}
}

func TestProceduralMicrographs(t *testing.T) {
	const side = proceduralMicrographSide
	train, test, err := NewProceduralMicrographs(3, 64, 0)
	if err != nil {
		t.Fatal(err)
	}
	read := func(m Micrographs, i int) []float32 {
		pixels := make([]float32, side*side)
		if err := m.Crop(i, 0, 0, side, side, pixels); err != nil {
			t.Fatal(err)
		}
		return pixels
	}
	seen := map[[sha256.Size]byte]bool{}
	for i := range 12 {
		for _, m := range []Micrographs{train, test} {
			pixels := read(m, i)
			if err := unusable(pixels, side, side); err != nil {
				t.Errorf("%s: %v", m.ID(i), err)
			}
			var sum, squares float64
			for _, value := range pixels {
				if !(value >= -1 && value <= 1) {
					t.Fatalf("%s has a pixel of %v", m.ID(i), value)
				}
				sum += float64(value)
				squares += float64(value) * float64(value)
			}
			mean := sum / side / side
			if deviation := math.Sqrt(squares/side/side - mean*mean); deviation < 0.1 {
				t.Errorf("%s has hardly any contrast: %v", m.ID(i), deviation)
			}
			seen[hashPixels(pixels, side, side)] = true
		}
	}
	if len(seen) != 24 {
		t.Errorf("%d images are different, of 24", len(seen))
	}
	// Images come out the same whether kept or made again, and in whatever order.
	fresh, _, _ := NewProceduralMicrographs(3, 64, 0)
	if !slices.Equal(read(fresh, 11), read(train, 11)) || !slices.Equal(read(fresh, 2), read(train, 2)) {
		t.Error("the same seed gives other images")
	}
	other, _, _ := NewProceduralMicrographs(4, 64, 0)
	if other.Hash() == train.Hash() || slices.Equal(read(other, 0), read(train, 0)) {
		t.Error("another seed gives the same images")
	}
	for _, dose := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, _, err := NewProceduralMicrographs(0, 64, dose); err == nil {
			t.Errorf("a dose of %v was taken", dose)
		}
	}
}

// More electrons, less noise: the stated dose decides how far neighbours are apart.
func TestProceduralMicrographDose(t *testing.T) {
	noise := func(dose float64) float64 {
		train, _, err := NewProceduralMicrographs(0, 64, dose)
		if err != nil {
			t.Fatal(err)
		}
		pixels := make([]float32, 256*256)
		var sum float64
		for i := range 6 {
			train.Crop(i, 0, 0, 256, 256, pixels)
			for j := 1; j < len(pixels); j++ {
				sum += math.Abs(float64(pixels[j] - pixels[j-1]))
			}
		}
		return sum
	}
	if low, high := noise(3), noise(3000); low < 1.5*high {
		t.Errorf("differences are %v at 3 electrons a pixel and %v at 3,000", low, high)
	}
}

func TestPoisson(t *testing.T) {
	random := stream{1}
	for _, mean := range []float64{0, 0.3, 4, 29, 31, 900} {
		const count = 20000
		var sum, squares float64
		for range count {
			value := random.poisson(mean)
			if value < 0 || value != math.Trunc(value) {
				t.Fatalf("%v events", value)
			}
			sum += value
			squares += value * value
		}
		got := sum / count
		if variance := squares/count - got*got; math.Abs(got-mean) > 0.05*mean || math.Abs(variance-mean) > 0.1*mean {
			t.Errorf("of mean %v: mean %v, variance %v", mean, got, variance)
		}
	}
}

// The real micrographs, where they are.
func TestSharedMicrographs(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data", "stem")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no real micrographs: %v", err)
	}
	train, test, skipped, err := OpenMicrographs([]string{filepath.Join(folder, "*.tif")}, nil, filepath.Join(folder, "truth-5.tif"), 512)
	if err != nil || train.Len() != 4 || test.Len() != 1 {
		t.Fatalf("%v; skipped: %v", err, skipped)
	}
	if len(skipped) != 1 || filepath.Base(skipped[0].Path) != "spiral-mask-1-20.tif" || !strings.Contains(skipped[0].Err.Error(), "mask") {
		t.Errorf("skipped: %v", skipped)
	}
}

func FuzzMicrographFile(f *testing.F) {
	var array, page bytes.Buffer
	npy.Write(&array, []int{2, 3, 4}, make([]float32, 24))
	tiff.Write(&page, []tiff.Image{{Width: 3, Height: 2, Channels: 1, Pixels: make([]float32, 6)}})
	f.Add(array.Bytes())
	f.Add(page.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := newMicrographFile(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		for i := range min(m.Len(), 4) {
			if pixels, height, width, err := m.Read(i); err == nil && len(pixels) != height*width {
				t.Fatalf("%d pixels of %dx%d", len(pixels), width, height)
			}
		}
	})
}

func TestPrefetcher(t *testing.T) {
	failed := fmt.Errorf("step 7 failed")
	p := NewPrefetcher(3, func() []int64 { return make([]int64, 1) }, func(step int64, batch []int64) error {
		batch[0] = step
		if step == 7 {
			return failed
		}
		return nil
	})
	for want := int64(3); want < 7; want++ {
		if batch, err := p.Next(); err != nil || batch[0] != want {
			t.Fatalf("got %v, %v; want %d", batch, err, want)
		}
	}
	for range 2 {
		if _, err := p.Next(); err != failed {
			t.Errorf("after the last batch: %v", err)
		}
	}
	p.Close()
	p.Close()
	if _, err := p.Next(); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}
