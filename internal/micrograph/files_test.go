package micrograph

import (
	"bytes"
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

	"alrc/internal/format/npy/npytest"
	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
	"alrc/internal/random"
)

// testPixels is an image of a number, with detail everywhere.
func testPixels(number, height, width int) []float32 {
	draws := random.New(random.Key(99, uint64(number)))
	pixels := make([]float32, height*width)
	for i := range pixels {
		pixels[i] = float32(draws.IntN(200)) + 20
	}
	return pixels
}

func saveTIFF(t *testing.T, path string, height, width int, pages ...[]float32) string {
	t.Helper()
	var images []tiff.Image
	for _, pixels := range pages {
		images = append(images, tiff.Image{Width: width, Height: height, Channels: 1, Pixels: pixels})
	}
	return saveFile(t, path, func(w io.Writer) error { return tiff.Write(w, images) })
}

func saveFile(t *testing.T, path string, write func(io.Writer) error) string {
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
func ids(m Images) (list []string) {
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
			saveTIFF(t, path, height, width, pixels)
		case "a.png":
			saveFile(t, path, func(w io.Writer) error { return png.Encode(w, greyPNG(pixels, height, width)) })
		case "a.npy":
			saveFile(t, path, func(w io.Writer) error { return npytest.Write(w, []int{height, width}, pixels) })
		case "a4.npy":
			saveFile(t, path, func(w io.Writer) error { return npytest.Write(w, []int{1, height, width, 1}, pixels) })
		}
		saveTIFF(t, filepath.Join(dir, "test.tif"), height, width, testPixels(2, height, width))
		train, test, skipped, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: filepath.Join(dir, "test.tif")}, 16)
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
		saveTIFF(t, at(fmt.Sprintf("good-%d.tif", i)), side, side, testPixels(i, side, side))
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
	saveTIFF(t, at("mask.tif"), side, side, mask)
	saveTIFF(t, at("scan.tif"), side, side, scan)
	saveTIFF(t, at("vacuum.tif"), side, side, vacuum) // a particle in vacuum, which is one to learn from
	saveTIFF(t, at("dead.tif"), side, side, make([]float32, side*side))
	missing := testPixels(5, side, side)
	missing[7] = float32(math.NaN())
	saveTIFF(t, at("missing.tif"), side, side, missing)
	saveTIFF(t, at("small.tif"), 8, 8, testPixels(6, 8, 8))
	whole, err := os.ReadFile(at("good-0.tif"))
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(at("truncated.tif"), whole[:len(whole)/2], 0o644)
	os.WriteFile(at("notes.txt"), []byte("notes"), 0o644)
	saveFile(t, at("shape.npy"), func(w io.Writer) error { return npytest.Write(w, []int{2, 3, 4, 2}, make([]float32, 48)) })
	saveFile(t, at("colour.png"), func(w io.Writer) error {
		m := image.NewNRGBA(image.Rect(0, 0, side, side))
		m.SetNRGBA(3, 3, color.NRGBA{255, 0, 0, 255})
		return png.Encode(w, m)
	})
	saveTIFF(t, at("left-out.tif"), side, side, testPixels(7, side, side))
	saveTIFF(t, at("copy-of-the-test.tif"), side, side, testPixels(2, side, side))

	train, test, skipped, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, Exclude: []string{at("left*")}, HoldOut: at("good-2.tif")}, 32)
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
		if !slices.ContainsFunc(skipped, func(s imagefile.Skipped) bool {
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
		saveTIFF(t, filepath.Join(dir, fmt.Sprintf("%d.tif", i)), side, side, testPixels(2*i, side, side), testPixels(2*i+1, side, side))
	}
	train, test, _, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: "0.3"}, side)
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
	moved, movedTest, _, err := OpenFiles(imagefile.Selection{Paths: []string{other}, HoldOut: "0.3"}, side)
	if err != nil || moved.Hash() != train.Hash() || movedTest.Hash() != test.Hash() {
		t.Errorf("files that moved are divided otherwise (%v)", err)
	}

	stack := filepath.Join(t.TempDir(), "stack.npy")
	saveFile(t, stack, func(w io.Writer) error {
		var all []float32
		for i := range 40 {
			all = append(all, testPixels(i, side, side)...)
		}
		return npytest.Write(w, []int{40, side, side, 1}, all)
	})
	train, test, _, err = OpenFiles(imagefile.Selection{Paths: []string{stack}, HoldOut: "0.3"}, side)
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
	path := saveTIFF(t, filepath.Join(t.TempDir(), "one.tif"), height, width, pixels)
	train, test, _, err := OpenFiles(imagefile.Selection{Paths: []string{path}, HoldOut: ""}, 14)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float32]bool{}
	for _, m := range []Images{train, test} {
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
	if _, _, _, err := OpenFiles(imagefile.Selection{Paths: []string{path}, HoldOut: ""}, 21); err == nil || !strings.Contains(err.Error(), "at most 20") {
		t.Errorf("crops of 21 pixels of the single image: %v", err)
	}
	series := saveTIFF(t, filepath.Join(t.TempDir(), "series.tif"), 16, 16, testPixels(0, 16, 16), testPixels(1, 16, 16), testPixels(2, 16, 16))
	train, test, _, err = OpenFiles(imagefile.Selection{Paths: []string{series}, HoldOut: "0.4"}, 16)
	if err != nil || !slices.Equal(ids(train), []string{"series.tif:0", "series.tif:1"}) || !slices.Equal(ids(test), []string{"series.tif:2"}) {
		t.Errorf("a series becomes %v and %v (%v)", ids(train), ids(test), err)
	}
}

func TestMicrographsNotKeptAreReadAgain(t *testing.T) {
	path := saveTIFF(t, filepath.Join(t.TempDir(), "a.tif"), 8, 8, testPixels(1, 8, 8))
	test := saveTIFF(t, filepath.Join(filepath.Dir(path), "b.tif"), 8, 8, testPixels(2, 8, 8))
	train, _, _, err := OpenFiles(imagefile.Selection{Paths: []string{path}, HoldOut: test}, 8)
	if err != nil {
		t.Fatal(err)
	}
	kept, read := make([]float32, 64), make([]float32, 64)
	if err := train.Crop(0, 0, 0, 8, 8, kept); err != nil {
		t.Fatal(err)
	}
	train.(*fileImages).parts[0].Kept.pixels = nil
	if err := train.Crop(0, 0, 0, 8, 8, read); err != nil || !slices.Equal(kept, read) {
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
	unscaleIntensity(scaled, low, high)
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

func TestRealMicrographs(t *testing.T) {
	folder := filepath.Join("..", "..", "testdata", "partial-STEM")
	train, test, skipped, err := OpenFiles(imagefile.Selection{Paths: []string{filepath.Join(folder, "*.tif")}, HoldOut: filepath.Join(folder, "truth-5.tif")}, 96)
	if err != nil || train.Len() != 4 || test.Len() != 1 {
		t.Fatalf("%v; skipped: %v", err, skipped)
	}
	if len(skipped) != 1 || filepath.Base(skipped[0].Path) != "spiral-mask-1-20.tif" || !strings.Contains(skipped[0].Err.Error(), "mask") {
		t.Errorf("skipped: %v", skipped)
	}
}
