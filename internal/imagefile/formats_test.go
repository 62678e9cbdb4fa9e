package imagefile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	xtiff "golang.org/x/image/tiff"

	"alrc/internal/format/mrc"
	"alrc/internal/format/npy"
	"alrc/internal/format/pixel"
	"alrc/internal/format/tiff"
)

func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, content []byte, i int) (*File, *Image) {
	t.Helper()
	f, err := open(bytes.NewReader(content), int64(len(content)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Read(i)
	if err != nil {
		t.Fatal(err)
	}
	return f, m
}

// array writes a .npy file of a type and a shape.
func array(kind, shape, order string, values string) []byte {
	header := "{'descr': '" + kind + "', 'fortran_order': " + order + ", 'shape': (" + shape + "), }\n"
	return []byte(npy.Magic + "\x01\x00" + string([]byte{byte(len(header)), 0}) + header + values)
}

func TestArrays(t *testing.T) {
	for name, test := range map[string]struct {
		content       []byte
		count, height int
		want          []float32
		fails         string
	}{
		"[H,W]":           {array("|u1", "2, 3", "False", "\x00\x01\x02\x03\x04\x05"), 1, 2, []float32{0, 1, 2, 3, 4, 5}, ""},
		"[H,W], Fortran":  {array("|u1", "2, 3", "True", "\x00\x03\x01\x04\x02\x05"), 1, 2, []float32{0, 1, 2, 3, 4, 5}, ""},
		"[H,W,1]":         {array("|u1", "3, 2, 1", "False", "\x00\x01\x02\x03\x04\x05"), 1, 3, []float32{0, 1, 2, 3, 4, 5}, ""},
		"[N,H,W]":         {array("|u1", "2, 1, 2", "False", "\x00\x01\x02\x03"), 2, 1, []float32{0, 1}, ""},
		"[N,H,W,1]":       {array("|u1", "2, 1, 2, 1", "False", "\x00\x01\x02\x03"), 2, 1, []float32{0, 1}, ""},
		"[H,W,3]":         {array("|u1", "1, 2, 3", "False", "\x00\x01\x02\x03\x04\x05"), 0, 0, nil, "colours"},
		"[N,H,W,3]":       {array("|u1", "1, 1, 1, 3", "False", "\x00\x01\x02"), 0, 0, nil, "colours"},
		"[N]":             {array("|u1", "2,", "False", "\x00\x01"), 0, 0, nil, "[H,W]"},
		"complex numbers": {array("<c8", "1, 1", "False", "\x00\x01\x02\x03\x04\x05\x06\x07"), 0, 0, nil, "numpy.abs"},
		"no pixels":       {array("|u1", "0, 4", "False", ""), 0, 0, nil, "is not 1 images"},
	} {
		f, err := open(bytes.NewReader(test.content), int64(len(test.content)), "", "")
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		pixels, height, _, err := f.ReadGrey(0)
		if err != nil || f.Len() != test.count || height != test.height || !slices.Equal(pixels, test.want) {
			t.Errorf("%s: %d images, the first %v (%v)", name, f.Len(), pixels, err)
		}
	}
}

func TestZippedArrays(t *testing.T) {
	pack := func(names string, contents ...[]byte) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for i, name := range strings.Fields(names) {
			f, err := w.Create(name + ".npy")
			if err != nil {
				t.Fatal(err)
			}
			f.Write(contents[i])
		}
		w.Close()
		return out.Bytes()
	}
	image, mask := array("<u2", "1, 2", "False", "\x05\x00\x06\x00"), array("|b1", "1, 2", "False", "\x00\x01")
	f, m := read(t, pack("arr_0", image), 0)
	if seen, err := f.Mask(0); seen != nil || err != nil || !slices.Equal(m.Pixels(), []float32{5, 6}) || m.Type != pixel.Uint16 {
		t.Errorf("one array: %v, seen %v", m.Pixels(), seen)
	}
	f, m = read(t, pack("image mask", image, mask), 0)
	if seen, err := f.Mask(0); err != nil || !slices.Equal(seen, []float32{0, 1}) || !slices.Equal(m.Pixels(), []float32{5, 6}) {
		t.Errorf("with a mask: %v, seen %v (%v)", m.Pixels(), seen, err)
	}
	for want, content := range map[string][]byte{
		"several arrays (a, b)": pack("a b", image, image), "its mask has 1 images of 1x2": pack("a b", image, array("|b1", "2, 1", "False", "\x00\x01")),
		"colours": pack("a", array("|u1", "1, 1, 3", "False", "\x00\x01\x02")),
	} {
		if _, err := open(bytes.NewReader(content), int64(len(content)), "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}

	// Of several arrays one is chosen by its name, with the only mask of its shape.
	other := array("<u2", "2, 1", "False", "\x07\x00\x08\x00")
	path := write(t, "several.npz", pack("a b mask", image, other, mask))
	for name, want := range map[string]struct{ pixels, seen []float32 }{"a": {[]float32{5, 6}, []float32{0, 1}}, "b": {[]float32{7, 8}, nil}} {
		f, err := OpenArray(path, name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := f.Read(0)
		if err != nil {
			t.Fatal(err)
		}
		if seen, err := f.Mask(0); err != nil || !slices.Equal(m.Pixels(), want.pixels) || !slices.Equal(seen, want.seen) {
			t.Errorf("array %s: %v, seen %v (%v)", name, m.Pixels(), seen, err)
		}
		f.Close()
	}
	if _, err := OpenArray(path, "c"); err == nil || !strings.Contains(err.Error(), "a, b, mask") {
		t.Errorf("an array that is not there: %v", err)
	}
	if _, err := OpenArray(write(t, "one.npy", image), "a"); err == nil || !strings.Contains(err.Error(), "neither a .npz nor an HDF5 file") {
		t.Errorf("an array of a file that has no names: %v", err)
	}
}

// paletted writes a TIFF file of a palette.
func paletted(t *testing.T, grey func(i int) color.Color, at func(x, y int) uint8) []byte {
	var colours color.Palette
	for i := range 256 {
		colours = append(colours, grey(i))
	}
	m := image.NewPaletted(image.Rect(0, 0, 20, 10), colours)
	for i := range m.Pix {
		m.Pix[i] = at(i%20, i/20)
	}
	var out bytes.Buffer
	if err := xtiff.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPalettes(t *testing.T) {
	ramp := func(i int) color.Color { return color.Gray{uint8(i)} }
	marked := func(i int) color.Color {
		if i%9 == 0 && i > 0 {
			return color.NRGBA{255, uint8(i), 0, 255}
		}
		return color.Gray{uint8(i)}
	}
	value := func(x, y int) uint8 { return uint8(9*(x%3) + 10*y + 1) }
	for name, test := range map[string]struct {
		content  []byte
		inverted bool
		note     bool
		coloured bool
	}{
		"a ramp":          {paletted(t, ramp, value), false, false, false},
		"an inverted one": {paletted(t, func(i int) color.Color { return color.Gray{uint8(255 - i)} }, value), true, false, false},
		"with marks":      {paletted(t, marked, func(x, y int) uint8 { return value(x, y) / 9 * 9 / 2 * 2 }), false, false, true},
		"with few marks": {paletted(t, marked, func(x, y int) uint8 {
			if x+y == 0 {
				return 18
			}
			return uint8(20 + 6*(x%2))
		}), false, true, false},
		"colours": {paletted(t, func(i int) color.Color { return color.NRGBA{uint8(i), uint8(255 - i), 7, 255} }, value), false, false, true},
	} {
		_, m := read(t, test.content, 0)
		if _, err := m.Grey(); (err != nil) != test.coloured {
			t.Errorf("%s: %v", name, err)
		}
		if test.coloured {
			continue
		}
		if (m.Note != "") != test.note || m.WhiteIsZero != test.inverted {
			t.Errorf("%s: %q, inverted %v", name, m.Note, m.WhiteIsZero)
		}
		if !test.note && m.Pixels()[20] != float32(value(0, 1)) {
			t.Errorf("%s: the colour %d is read as %v", name, value(0, 1), m.Pixels()[20])
		}
	}
}

// Of a thumbnail in colours and the image, the image is the micrograph.
func TestThumbnailFirst(t *testing.T) {
	var out bytes.Buffer
	thumbnail := tiff.Image{Width: 2, Height: 1, Channels: 3, Pixels: []float32{1, 2, 3, 4, 5, 6}}
	if err := tiff.Write(&out, []tiff.Image{thumbnail, {Width: 2, Height: 2, Channels: 1, Pixels: []float32{7, 8, 9, 10}}}); err != nil {
		t.Fatal(err)
	}
	path := write(t, "x.tif", out.Bytes())
	if pixels, _, _, err := ReadGrey(path); err != nil || !slices.Equal(pixels, []float32{7, 8, 9, 10}) {
		t.Errorf("%v (%v)", pixels, err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left := f.Left(); !slices.Equal(f.Micrographs(), []int{1}) || len(left) != 1 || !strings.Contains(left[0], "page 0, 2x1 pixels, has colours") {
		t.Errorf("%v, left out are %q", f.Micrographs(), left)
	}
}

// Values that float32 cannot tell apart keep an offset, and those of which 0 is white stay as they are until they are to be
// learned from.
func TestUnits(t *testing.T) {
	var out bytes.Buffer
	images := []tiff.Image{{Width: 3, Height: 1, Channels: 1, Pixels: []float32{-1, 0, 2}, Offset: 1e9}}
	if err := tiff.Write(&out, images); err != nil {
		t.Fatal(err)
	}
	_, m := read(t, out.Bytes(), 0)
	for i, pixel := range m.Pixels() {
		if got, want := float64(pixel)+m.Offset, float64(images[0].Pixels[i])+1e9; got != want {
			t.Errorf("value %d is %v, not %v", i, got, want)
		}
	}
	black := &Image{Height: 1, Width: 3, Channels: 1, Type: pixel.Uint8, WhiteIsZero: true, pixels: []float32{0, 10, 255}, top: 255}
	black.Upright()
	if !slices.Equal(black.pixels, []float32{255, 245, 0}) || black.WhiteIsZero {
		t.Errorf("turned over: %v", black.pixels)
	}
	large := &Image{Height: 1, Width: 2, Channels: 1, Type: pixel.Uint32, WhiteIsZero: true, pixels: []float32{-1, 1}, Offset: 3e9, top: math.MaxUint32}
	large.Upright()
	if got := float64(large.pixels[0]) + large.Offset; got != math.MaxUint32-3e9+1 {
		t.Errorf("turned over: %v", got)
	}
	floats := &Image{Height: 1, Width: 2, Channels: 1, Type: pixel.Float32, WhiteIsZero: true, pixels: []float32{-1, 1}}
	if floats.Upright(); !slices.Equal(floats.pixels, []float32{-1, 1}) {
		t.Errorf("floating-point numbers were turned over: %v", floats.pixels)
	}
}

// A series is read with the settings of the EMI file beside it.
func TestSeries(t *testing.T) {
	le := binary.LittleEndian
	out := le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, 0x4949), 0x0197), 0x0210)
	for _, n := range []uint32{0x4122, 0x4152, 1, 1, 30 + 54, 0} {
		out = le.AppendUint32(out, n)
	}
	for range 2 {
		out = le.AppendUint64(le.AppendUint64(out, 0), math.Float64bits(1e-9))
		out = le.AppendUint32(out, 0)
	}
	out = le.AppendUint32(le.AppendUint32(le.AppendUint16(out, 1), 2), 2)
	out = append(out, 1, 2, 3, 4)
	out = le.AppendUint32(le.AppendUint32(out, 30), 0)
	path := write(t, "scan_1.ser", out)
	emi := "\x00<ObjectInfo><ExperimentalDescription><Root><Data><Label>High tension</Label><Value>200</Value><Unit>kV</Unit></Data></Root></ExperimentalDescription></ObjectInfo>"
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "scan.emi"), []byte(emi), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := f.Read(0)
	if err != nil || !slices.Equal(m.Pixels(), []float32{3, 4, 1, 2}) {
		t.Fatalf("%v", err)
	}
	if in, ok := m.Size.In("nm"); !ok || math.Abs(in.X-1) > 1e-9 {
		t.Errorf("a pixel is %v", m.Size)
	}
	if tags, err := f.Metadata(0); err != nil || len(tags) != 1 || !strings.Contains(string(tags[0].Data), "High tension: 200 kV") {
		t.Errorf("%v (%v)", tags, err)
	}
}

func TestStackOfSections(t *testing.T) {
	var out bytes.Buffer
	if err := mrc.Write(&out, [][]float32{{1, 2}, {3, 4}}, 1, 2, pixel.Size{X: 1, Y: 1, Unit: "nm"}); err != nil {
		t.Fatal(err)
	}
	f, m := read(t, out.Bytes(), 1)
	if f.Len() != 2 || f.Format() != "MRC" || !slices.Equal(m.Pixels(), []float32{3, 4}) || m.Size.Unit != "Å" {
		t.Errorf("%d images, %v of %v", f.Len(), m.Pixels(), m.Size)
	}
	if _, err := f.Read(2); err == nil || !strings.Contains(err.Error(), "0 to 1") {
		t.Errorf("image 2: %v", err)
	}
}

func TestRefusedFormats(t *testing.T) {
	tvips := append([]byte("\x00\x01\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00\x04\x00\x00\x00\x10\x00\x00\x00"), make([]byte, 300)...)
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"a.blo": {[]byte("IMGBLO\x02\x01" + strings.Repeat("x", 100)), "BLO file"}, "a.tvips": {tvips, "TVIPS"}, "a_001.tvips": {[]byte("12345"), "TVIPS"},
		"no-name": {tvips, "virtual image"}, "a.emi": {[]byte("JK\x00\x02 and settings"), "_1.ser"}, "a.czi": {[]byte("ZISRAWFILE"), "CZI"},
		"a.gif": {[]byte("GIF89a"), "PNG"}, "a.txt": {[]byte("some text"), "FITS file, as far as can be seen; save it as TIFF"}, "a.zip": {[]byte("PK\x03\x04"), ".npz"},
	} {
		if _, err := Open(write(t, name, test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
