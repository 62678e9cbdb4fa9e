package cli

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/mrc"
	"alrc/internal/format/npy/npytest"
	"alrc/internal/format/pixel"
	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
)

// holes is a scan of which every third pixel was seen, and the whole image: a slope.
func holes(height, width int, slope float64) (scan, whole []float32) {
	for i := range height * width {
		value := float32(slope * float64(i/width+i%width))
		whole = append(whole, value)
		if i%3 != 0 {
			value = float32(math.NaN())
		}
		scan = append(scan, value)
	}
	return scan, whole
}

func writeBytes(t *testing.T, path string, write func(*bytes.Buffer) error) {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Each image of a stack is completed, with the size of its pixels, and one may be chosen.
func TestCompleteStacks(t *testing.T) {
	t.Chdir(t.TempDir())
	const height, width = 20, 24
	size := pixel.Size{X: 0.25, Y: 0.5, Unit: "nm"}
	var images []tiff.Image
	var sections [][]float32
	var flat, wholes []float32
	for k := range 3 {
		scan, whole := holes(height, width, float64(k+1))
		images = append(images, tiff.Image{Width: width, Height: height, Channels: 1, Pixels: scan, Size: size,
			Tags: []tiff.Tag{{ID: 270, Kind: 2, Data: []byte("ImageJ=1.5\nimages=3\nslices=3\nunit=nm\n\x00")}}})
		sections, flat, wholes = append(sections, scan), append(flat, scan...), append(wholes, whole...)
	}
	writeBytes(t, "stack.tif", func(w *bytes.Buffer) error { return tiff.Write(w, images) })
	writeBytes(t, "stack.mrc", func(w *bytes.Buffer) error { return mrc.Write(w, sections, height, width, size) })
	writeBytes(t, "array.npy", func(w *bytes.Buffer) error { return npytest.Write(w, []int{3, height, width}, flat) })
	writeBytes(t, "whole.npy", func(w *bytes.Buffer) error { return npytest.Write(w, []int{3, height, width}, wholes) })

	check := func(path string, pages []int, known bool) {
		t.Helper()
		f, err := imagefile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Len() != len(pages) {
			t.Fatalf("%s has %d images, not %d", path, f.Len(), len(pages))
		}
		for i, page := range pages {
			m, err := f.Read(i)
			if err != nil {
				t.Fatal(err)
			}
			for at, got := range m.Pixels() {
				if want := wholes[page*height*width+at]; math.Abs(float64(got-want)) > float64(4*(page+1)) {
					t.Fatalf("%s, image %d: pixel %d is %v, and was %v", path, i, at, got, want)
				}
			}
			if in, ok := m.Size.In("nm"); ok != known || known && (math.Abs(in.X-0.25) > 1e-6 || math.Abs(in.Y-0.5) > 1e-6) {
				t.Errorf("%s, image %d: a pixel is %v", path, i, m.Size)
			}
		}
	}
	for _, test := range []struct {
		arguments []string
		file      string
		pages     []int
		known     bool
	}{
		{[]string{"stack.tif"}, "stack-completed.tif", []int{0, 1, 2}, true},
		{[]string{"array.npy"}, "array-completed.tif", []int{0, 1, 2}, false},
		{[]string{"stack.mrc", "--out", "of-mrc"}, "of-mrc/stack-completed.tif", []int{0, 1, 2}, true},
		{[]string{"stack.tif", "--out", "as.mrc"}, "as.mrc", []int{0, 1, 2}, true},
		{[]string{"stack.tif", "--page", "1", "--out", "one.tif", "--truth", "whole.npy"}, "one.tif", []int{1}, true},
	} {
		out, code, err := execute(newCompleteCommand(nil), append([]string{"bilinear"}, test.arguments...)...)
		if code != 0 || !strings.Contains(out, test.file) || len(test.pages) > 1 && !strings.Contains(out, "3 images") {
			t.Fatalf("%v: exit code %d, %v, %s", test.arguments, code, err, out)
		}
		check(test.file, test.pages, test.known)
	}
	// What is written says what it is: three images, and one.
	for file, want := range map[string]string{"stack-completed.tif": "ImageJ=1.5\nimages=3\nslices=3\nunit=nm\n\x00", "one.tif": "ImageJ=1.54f\nunit=nm\n\x00"} {
		f, err := imagefile.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		tags, err := f.Metadata(0)
		f.Close()
		if err != nil || !slices.ContainsFunc(tags, func(tag tiff.Tag) bool { return tag.ID == 270 && string(tag.Data) == want }) {
			t.Errorf("%s is described by %q (%v)", file, tags, err)
		}
	}
	for want, arguments := range map[string][]string{
		"image 3 is none of its scans": {"stack.tif", "--page", "3"}, "counted from 0": {"stack.tif", "--page", "-2"},
		"choose one with --page": {"stack.tif", "--truth", "whole.npy"}, "image 0: no pixel is missing": {"whole.npy"},
	} {
		if _, code, err := execute(newCompleteCommand(nil), append([]string{"bilinear"}, arguments...)...); code != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: exit code %d, %v", arguments, code, err)
		}
	}
}

// A completion has its scan's units, whatever they are, and what was seen comes back as it was.
func TestCompleteUnits(t *testing.T) {
	t.Chdir(t.TempDir())
	const height, width = 20, 24
	scan, _ := holes(height, width, 0.125)
	constant := slices.Clone(scan)
	for i, value := range constant {
		constant[i] = value*0 + 7.5
	}
	read := func(path string) *imagefile.Image {
		t.Helper()
		f, err := imagefile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := f.Read(0)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, m := range map[string]tiff.Image{
		"large": {Pixels: scan, Offset: 3e9}, "inverted": {Pixels: scan, WhiteIsZero: true}, "constant": {Pixels: constant},
	} {
		m.Width, m.Height, m.Channels = width, height, 1
		writeBytes(t, name+".tif", func(w *bytes.Buffer) error { return tiff.Write(w, []tiff.Image{m}) })
		out, code, err := execute(newCompleteCommand(nil), "linear", name+".tif")
		if code != 0 || strings.Contains(out, "all that was seen is 7.5") != (name == "constant") {
			t.Fatalf("%s: exit code %d, %v, %s", name, code, err, out)
		}
		completed := read(name + "-completed.tif")
		if completed.WhiteIsZero != m.WhiteIsZero {
			t.Errorf("%s: 0 is white: %v", name, completed.WhiteIsZero)
		}
		for i, got := range completed.Pixels() {
			if seen := m.Pixels[i]; seen == seen && float64(got)+completed.Offset != float64(seen)+m.Offset {
				t.Fatalf("%s: pixel %d was %v and is %v", name, i, float64(seen)+m.Offset, float64(got)+completed.Offset)
			}
			if got != got || name == "constant" && got != 7.5 {
				t.Fatalf("%s: pixel %d is %v", name, i, got)
			}
		}
	}
	if _, code, err := execute(newCompleteCommand(nil), "linear", "large.tif", "--out", "large.mrc"); code != exitUsage || !strings.Contains(err.Error(), "write TIFF") {
		t.Errorf("numbers of 64 bits as MRC: exit code %d, %v", code, err)
	}
}

// The example of the documentation: from a DM4 file to a calibrated TIFF file by one command.
func TestCompleteDocumentedExample(t *testing.T) {
	example, err := filepath.Abs("../../docs/examples/scan.dm4")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	out, code, err := execute(newCompleteCommand(nil), example)
	if code != 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), "192x192 pixels of 0.02 nm, 17.5 % seen, completed (kriging") {
		t.Fatalf("exit code %d, %v, %s", code, err, out)
	}
	file, err := imagefile.Open("scan-completed.tif")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := file.Read(0)
	if err != nil {
		t.Fatal(err)
	}
	if size := m.Size; math.Abs(size.X-0.02) > 1e-9 || math.Abs(size.Y-0.02) > 1e-9 || size.Unit != "nm" || m.Height != 192 || m.Width != 192 {
		t.Errorf("the completion has %dx%d pixels of %+v", m.Width, m.Height, size)
	}
}

// A file that is wrong keeps none of the others from being completed.
func TestCompleteGoesOnAfterAWrongFile(t *testing.T) {
	t.Chdir(t.TempDir())
	scan, whole := holes(20, 24, 1)
	image := tiff.Image{Width: 24, Height: 20, Channels: 1}
	for _, name := range []string{"a.tif", "c.tif"} {
		image.Pixels = scan
		writeBytes(t, name, func(w *bytes.Buffer) error { return tiff.Write(w, []tiff.Image{image}) })
	}
	image.Pixels = whole
	writeBytes(t, "b.tif", func(w *bytes.Buffer) error { return tiff.Write(w, []tiff.Image{image}) })
	_, stderr, code := run("complete", "linear", "a.tif", "b.tif", "missing.tif", "c.tif")
	if code != exitUsage || !isThere("a-completed.tif") || !isThere("c-completed.tif") || isThere("b-completed.tif") {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"b.tif: no pixel is missing", "missing.tif: no such file", "2 of 4 files were not completed"} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("%q is not told once in %s", want, stderr)
		}
	}
}

// Who names a folder of images, or misspells a method, is told what to give.
func TestCompleteTellsWhatToGive(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("scans", 0o755); err != nil {
		t.Fatal(err)
	}
	scan, _ := holes(20, 24, 1)
	for _, name := range []string{"a.tif", "scans/b.tif"} {
		writeBytes(t, name, func(w *bytes.Buffer) error {
			return tiff.Write(w, []tiff.Image{{Width: 24, Height: 20, Channels: 1, Pixels: scan}})
		})
	}
	for arguments, want := range map[string]string{
		"complete scans":          "scans: it is a folder; give the images in it, as in " + filepath.Join("scans", "*.tif"),
		"scan scans":              "scans: it is a folder; give the images in it",
		"complete krigign a.tif":  "krigign: there is no such image, nor a run's folder; did you mean kriging?",
		"complete bilinaer a.tif": "did you mean bilinear?",
		"complete runs/x a.tif":   "runs/x: there is no such image, nor a run's folder",
	} {
		if _, stderr, code := run(strings.Fields(arguments)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("alrc %s: exit code %d, %s, without %q", arguments, code, stderr, want)
		}
	}
}

// A truth in other units than the scan's is told, since figures against it mean nothing.
func TestCompleteTellsOfAnotherTruth(t *testing.T) {
	t.Chdir(t.TempDir())
	scan, whole := holes(20, 24, 100)
	dim := slices.Clone(whole)
	for i := range dim {
		dim[i] = dim[i]/100 - 3000
	}
	for name, pixels := range map[string][]float32{"scan.tif": scan, "whole.tif": whole, "dim.tif": dim} {
		writeBytes(t, name, func(w *bytes.Buffer) error {
			return tiff.Write(w, []tiff.Image{{Width: 24, Height: 20, Channels: 1, Pixels: pixels}})
		})
	}
	for truth, told := range map[string]bool{"whole.tif": false, "dim.tif": true} {
		_, stderr, code := run("complete", "linear", "scan.tif", "--truth", truth)
		if code != 0 || strings.Contains(stderr, "WARNING: --truth "+truth) != told || strings.Contains(stderr, "in other units") != told {
			t.Errorf("%s: exit code %d, %s", truth, code, stderr)
		}
	}
}
