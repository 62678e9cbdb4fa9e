package emd

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/pixel"
)

func open(t testing.TB, name string) (*pixel.File, error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return Open(bytes.NewReader(data), int64(len(data)))
}

// counting is 0, 1, 2, ... for an image of a stack of 3x4 pixels.
func counting(image int) []float32 {
	var out []float32
	for i := range 12 {
		out = append(out, float32(12*image+i))
	}
	return out
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		titles []string
		counts []int
		kind   pixel.Type
		size   pixel.Size
		left   string
	}{
		"velox.emd":     {[]string{"HAADF", "BF"}, []int{2, 2}, pixel.Uint16, pixel.Size{X: 25, Y: 50, Unit: "pm"}, "0c has records of several fields, such as complex"},
		"ncem.emd":      {[]string{"data/detectors", "data/image"}, []int{2, 1}, pixel.Float32, pixel.Size{X: 1, Y: 1, Unit: "nm"}, ""},
		"hyperspy.hspy": {[]string{"stack"}, []int{2}, pixel.Int32, pixel.Size{X: 0.2, Y: 0.2, Unit: "1/nm"}, "spectra has spectra"},
	} {
		file, err := open(t, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var titles []string
		var counts []int
		for _, stack := range file.Stacks {
			titles, counts = append(titles, stack.Title), append(counts, stack.Count)
			for i := range stack.Count {
				if got, _, err := stack.Read(i); err != nil || stack.Height != 3 || stack.Width != 4 || !slices.Equal(got, counting(i)) {
					t.Errorf("%s, %s, image %d: %v (%v)", name, stack.Title, i, got, err)
				}
			}
		}
		if !slices.Equal(titles, test.titles) || !slices.Equal(counts, test.counts) {
			t.Errorf("%s: %q %v", name, titles, counts)
		}
		first := file.Stacks[0]
		if near := math.Abs(first.Size.X/test.size.X-1) + math.Abs(first.Size.Y/test.size.Y-1); near > 1e-9 || first.Size.Unit != test.size.Unit || first.Type != test.kind {
			t.Errorf("%s: %v, pixels of %v", name, first.Type, first.Size)
		}
		if left := strings.Join(file.Left, "; "); !strings.HasPrefix(left, test.left) || (left == "") != (test.left == "") {
			t.Errorf("%s: left out are %q", name, left)
		}
	}
	file, err := open(t, "ncem.emd")
	if err != nil {
		t.Fatal(err)
	}
	if size := file.Stacks[1].Size; size != (pixel.Size{X: 1, Y: 0.5, Unit: "nm"}) {
		t.Errorf("pixels that are no squares: %v", size)
	}
}

func TestRefusals(t *testing.T) {
	for name, want := range map[string]string{
		"4d.emd": "experiment/patterns is data of 4 dimensions",
	} {
		if _, err := open(t, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// Of HDF5 files of other kinds the only array of two or three dimensions is read, or the one of a name, with the mask beside it.
func TestArrays(t *testing.T) {
	for _, test := range []struct {
		name, array string
		titles      []string
		images      []int
		fails       string
	}{
		{"deep.h5", "", []string{"Image"}, []int{1}, ""},
		{"other.h5", "", []string{"array"}, []int{1}, ""},
		{"scan.h5", "", []string{"intensity", "mask"}, []int{1, 1}, ""},
		{"scan.h5", "/entry/data/mask", []string{"mask"}, []int{1}, ""},
		{"several.h5", "a", []string{"a"}, []int{1}, ""},
		{"several.h5", "/b", []string{"b"}, []int{2}, ""},
		{"several.h5", "last", []string{"last"}, []int{1}, ""},
		{"velox.emd", "Data/Image/0a/Data", []string{"Data"}, []int{3}, ""},
		{"several.h5", "", nil, nil, "several arrays: /a [3 4], /b [2 3 6], /last [3 4 1]; choose one with --array NAME"},
		{"several.h5", "c", nil, nil, `no array "c"; there are /a [3 4]`},
		{"several.h5", "colours", nil, nil, "shape of colours"},
		{"deep.h5", "Acquisition1", nil, nil, `no array "Acquisition1"`},
		{"deep.h5", "Acquisition1/Image", nil, nil, "/Acquisition1/Image [2 2 2 2] has no images"},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", test.name))
		if err != nil {
			t.Fatal(err)
		}
		file, err := OpenArray(bytes.NewReader(data), int64(len(data)), test.array)
		if test.array == "" {
			file, err = open(t, test.name)
		}
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%s %s: %v, want %q", test.name, test.array, err, test.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", test.name, test.array, err)
			continue
		}
		var titles []string
		var images []int
		for _, stack := range file.Stacks {
			titles, images = append(titles, stack.Title), append(images, stack.Count)
		}
		if !slices.Equal(titles, test.titles) || !slices.Equal(images, test.images) {
			t.Errorf("%s %s: %q of %v images", test.name, test.array, titles, images)
		}
		if got, _, err := file.Stacks[0].Read(0); err != nil || titles[0] != "Data" && titles[0] != "mask" && titles[0] != "b" && !slices.Equal(got, counting(0)) {
			t.Errorf("%s %s: %v (%v)", test.name, test.array, got, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range []string{"velox.emd", "ncem.emd", "hyperspy.hspy", "other.h5", "scan.h5", "several.h5"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for i := range min(file.Len(), 4) {
			stack, in, err := file.Find(i)
			if err != nil {
				t.Fatal(err)
			}
			if stack.ImageBytes() > 1<<20 {
				continue
			}
			if pixels, _, err := stack.Read(in); err == nil && len(pixels) != stack.Height*stack.Width {
				t.Errorf("image %d has %d pixels", i, len(pixels))
			}
		}
	})
}
