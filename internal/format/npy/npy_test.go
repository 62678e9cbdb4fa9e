package npy

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/npy/npytest"
	"alrc/internal/format/pixel"
)

func file(header string, values string) []byte {
	return []byte(Magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + values)
}

func open(content []byte) (*Array, error) {
	return Open(bytes.NewReader(content), int64(len(content)))
}

// read reads the first of the images that an array is.
func read(a *Array, count, height, width int) ([]float32, error) {
	s, err := a.Images(count, height, width)
	if err != nil {
		return nil, err
	}
	pixels, offset, err := s.Read(0)
	for i := range pixels {
		pixels[i] = float32(float64(pixels[i]) + offset)
	}
	return pixels, err
}

func TestTypes(t *testing.T) {
	for kind, test := range map[string]struct {
		bytes string
		want  float32
	}{
		"|u1": {"\xff", 255}, "|i1": {"\xff", -1}, "|b1": {"\x01", 1},
		"<u2": {"\x34\x12", 0x1234}, ">u2": {"\x12\x34", 0x1234}, "<i2": {"\xfe\xff", -2},
		"<u4": {"\x01\x00\x00\x80", 1 << 31}, ">i4": {"\xff\xff\xff\xfd", -3},
		"<i8": {"\xfc\xff\xff\xff\xff\xff\xff\xff", -4}, "<u8": {"\x00\x00\x00\x00\x00\x00\x00\x80", 1 << 63},
		"<f2": {"\x00\xbe", -1.5}, ">f4": {"\x3f\xc0\x00\x00", 1.5}, "<f4": {"\x00\x00\xc0\x3f", 1.5},
		"<f8": {"\x00\x00\x00\x00\x00\x00\xf8\x3f", 1.5},
	} {
		a, err := open(file(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (2,), }\n", kind), test.bytes+test.bytes))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		got, err := read(a, 1, 1, 2)
		if err != nil || got[0] != test.want || got[1] != test.want {
			t.Errorf("%s: got %v, %v; want %v", kind, got, err, test.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	const values = "\x00\x00\x00\x00"
	for header, want := range map[string]string{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}":                "truncated",
		"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}":                "<c8",
		"{'descr': '=f4', 'fortran_order': False, 'shape': (1,)}":                "byte order",
		"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}":                 "|O",
		"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}":       "fields",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}":               "shape",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999,9999999,9)}": "more values",
		"{'fortran_order': False, 'shape': (1,)}":                                "descr",
	} {
		if _, err := open(file(header, values)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, without %q", header, err, want)
		}
	}
	for _, content := range []string{"", Magic, Magic + "\x01\x00\xff\xff", Magic + "\x07\x00\x00\x00\x00\x00", "PK\x03\x04567890"} {
		if _, err := open([]byte(content)); err == nil {
			t.Errorf("%q was opened", content)
		}
	}
}

func TestWriteRead(t *testing.T) {
	for _, shape := range [][]int{{}, {3}, {2, 3}, {5, 1, 7, 1}, {0, 4}} {
		count := 1
		for _, n := range shape {
			count *= n
		}
		want := make([]float32, count)
		for i := range want {
			want[i] = float32(i) - 1.25
		}
		var content bytes.Buffer
		if err := npytest.Write(&content, shape, want); err != nil {
			t.Fatal(err)
		}
		if begin := content.Len() - 4*count; begin%64 != 0 {
			t.Errorf("%v: the values begin at byte %d", shape, begin)
		}
		a, err := open(content.Bytes())
		if err != nil {
			t.Fatalf("%v: %v", shape, err)
		}
		if !slices.Equal(a.Shape, shape) {
			t.Errorf("%v: got %v", shape, a.Shape)
		}
		if count == 0 {
			continue
		}
		if got, err := read(a, 1, 1, count); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: got %v, %v", shape, got, err)
		}
	}
	if err := npytest.Write(&bytes.Buffer{}, []int{2}, []float32{1}); err == nil {
		t.Error("one value was written as two")
	}
}

func TestFortran(t *testing.T) {
	// The array [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]].
	var values strings.Builder
	for x := range 3 {
		for y := range 2 {
			for n := range 2 {
				values.WriteByte(byte(6*n + 3*y + x))
			}
		}
	}
	a, err := open(file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 3), }\n", values.String()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Images(2, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{0, 1, 2, 3, 4, 5}, {6, 7, 8, 9, 10, 11}} {
		if got, _, err := s.Read(i); err != nil || !slices.Equal(got, want) {
			t.Errorf("image %d is %v, %v", i, got, err)
		}
	}
	if _, err := a.Images(2, 2, 4); err == nil {
		t.Error("an array was read in another shape")
	}
}

// archive writes a .npz file.
func archive(t testing.TB, members map[string][]byte) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(members[name])
	}
	w.Close()
	return out.Bytes()
}

func TestZip(t *testing.T) {
	two := file("{'descr': '<u2', 'fortran_order': False, 'shape': (2, 1, 2), }\n", "\x01\x00\x02\x00\x03\x00\x04\x00")
	content := archive(t, map[string][]byte{"image.npy": two, "mask.npy": file("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 2), }\n", "\x00\x01"), "note.txt": []byte("x")})
	arrays, err := OpenZip(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(arrays) != 2 || arrays[0].Name != "image" || arrays[1].Name != "mask" || arrays[1].Type != pixel.Bool {
		t.Fatalf("%v, %v", arrays, err)
	}
	s, err := arrays[0].Images(2, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Read(1); err != nil || !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("image 1 is %v, %v", got, err)
	}
	for want, content := range map[string][]byte{
		"without .npy arrays": archive(t, map[string][]byte{"a.txt": nil}), "no .npz file": []byte("PK\x03\x04 and nothing else"),
		"array a: it is no .npy": archive(t, map[string][]byte{"a.npy": []byte("something else")}),
	} {
		if _, err := OpenZip(bytes.NewReader(content), int64(len(content))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, without %q", err, want)
		}
	}
}

func FuzzOpenZip(f *testing.F) {
	f.Add(archive(f, map[string][]byte{"a.npy": file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 1), }\n", "abcd")}))
	f.Fuzz(func(t *testing.T, content []byte) {
		arrays, err := OpenZip(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		for _, a := range arrays {
			if a.length > 0 && a.length < 1<<16 {
				read(a, 1, 1, int(a.length))
			}
		}
	})
}

func FuzzOpen(f *testing.F) {
	var content bytes.Buffer
	npytest.Write(&content, []int{2, 3}, []float32{1, 2, 3, 4, float32(math.NaN()), 6})
	f.Add(content.Bytes())
	f.Add(file("{'descr': '>i2', 'fortran_order': False, 'shape': (2L, 1), }\n", "abcd"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := open(content)
		if err != nil {
			return
		}
		if a.length > int64(len(content)) {
			t.Fatalf("%d values in %d bytes", a.length, len(content))
		}
		if a.length == 0 {
			return
		}
		if _, err := read(a, 1, 1, int(a.length)); err != nil {
			t.Fatalf("an open file's values cannot be read: %v", err)
		}
	})
}
