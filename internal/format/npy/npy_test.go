package npy

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func file(header string, values string) []byte {
	return []byte(Magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + values)
}

func open(content []byte) (*Array, error) {
	return Open(bytes.NewReader(content), int64(len(content)))
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
		var got [2]float32
		if err := a.Read(0, got[:]); err != nil || got[0] != test.want || got[1] != test.want {
			t.Errorf("%s: got %v, %v; want %v", kind, got, err, test.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	const values = "\x00\x00\x00\x00"
	for header, want := range map[string]string{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}":                "truncated",
		"{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}":                 "Fortran",
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
		if err := Write(&content, shape, want); err != nil {
			t.Fatal(err)
		}
		if begin := content.Len() - 4*count; begin%64 != 0 {
			t.Errorf("%v: the values begin at byte %d", shape, begin)
		}
		a, err := open(content.Bytes())
		if err != nil {
			t.Fatalf("%v: %v", shape, err)
		}
		got := make([]float32, count)
		if err := a.Read(0, got); err != nil || !slices.Equal(got, want) || !slices.Equal(a.Shape, shape) {
			t.Errorf("%v: got %v %v, %v", shape, a.Shape, got, err)
		}
	}
	if err := Write(&bytes.Buffer{}, []int{2}, []float32{1}); err == nil {
		t.Error("one value was written as two")
	}
}

func FuzzOpen(f *testing.F) {
	var content bytes.Buffer
	Write(&content, []int{2, 3}, []float32{1, 2, 3, 4, float32(math.NaN()), 6})
	f.Add(content.Bytes())
	f.Add(file("{'descr': '>i2', 'fortran_order': False, 'shape': (2L, 1), }\n", "abcd"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := open(content)
		if err != nil {
			return
		}
		if a.Len() > int64(len(content)) {
			t.Fatalf("%d values in %d bytes", a.Len(), len(content))
		}
		if err := a.Read(0, make([]float32, a.Len())); err != nil {
			t.Fatalf("an open file's values cannot be read: %v", err)
		}
	})
}
