package pixel

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTypes(t *testing.T) {
	be, le := binary.BigEndian, binary.LittleEndian
	for _, test := range []struct {
		kind  Type
		order binary.ByteOrder
		bytes string
		want  float64
	}{
		{Bool, le, "\x07", 1}, {Uint8, le, "\xff", 255}, {Int8, le, "\xff", -1},
		{Uint16, be, "\x01\x02", 258}, {Int16, le, "\xfe\xff", -2}, {Uint32, be, "\xff\xff\xff\xff", 1<<32 - 1},
		{Int32, le, "\x00\x00\x00\x80", -1 << 31}, {Uint64, le, "\x00\x00\x00\x00\x00\x00\x00\x80", 1 << 63},
		{Int64, be, "\xff\xff\xff\xff\xff\xff\xff\xfd", -3},
		{Float16, le, "\x00\xc0", -2}, {Float16, be, "\x00\x01", math.Ldexp(1, -24)}, {Float16, be, "\x7b\xff", 65504},
		{Float16, be, "\xfc\x00", math.Inf(-1)}, {Float32, be, "\x3f\x80\x00\x00", 1},
		{Float64, le, "\x00\x00\x00\x00\x00\x00\xf8\xbf", -1.5},
	} {
		if got := test.kind.Value([]byte(test.bytes), test.order); got != test.want || test.kind.Size() != len(test.bytes) {
			t.Errorf("%v %q: %v, want %v", test.kind, test.bytes, got, test.want)
		}
	}
	if Integer(4, true) != Int32 || Integer(3, true) != Invalid || Floating(2) != Float16 || Floating(16) != Invalid {
		t.Error("types by size")
	}
}

func TestNarrow(t *testing.T) {
	nan := math.NaN()
	for name, test := range map[string]struct {
		values []float64
		offset float64
	}{
		"float32 has them":      {[]float64{0, 0.5, 65535, nan, math.Inf(1)}, 0},
		"rounded, as is":        {[]float64{0.1, 0.2, 0.3}, 0},
		"large offset":          {[]float64{1e9, 1e9 + 1, nan, 1e9 + 0.25}, 1e9 + 0.5},
		"constant":              {[]float64{1e9 + 0.1, 1e9 + 0.1}, 1e9 + 0.1},
		"constant of float32":   {[]float64{7.5, 7.5}, 0},
		"0 where unseen":        {[]float64{0, 0, 3e9 + 1, 3e9 + 2.5, 3e9 + 4, 0}, 3e9 + 2.5},
		"high where unseen":     {[]float64{-3e9, -3e9 + 4, 0, 0, -3e9 + 1}, -3e9 + 2},
		"many zeros":            {[]float64{0, 0, 0, 1, 2, 40000}, 0},
		"none is finite":        {[]float64{nan, math.Inf(-1)}, 0},
		"beyond float32":        {[]float64{1e300, 2e300}, 0},
		"beyond float64's span": {[]float64{-1.7e308, 1.7e308}, 0},
	} {
		pixels, offset := Narrow(len(test.values), func(i int) float64 { return test.values[i] })
		if offset != test.offset {
			t.Errorf("%s: offset %v, want %v", name, offset, test.offset)
		}
		for i, pixel := range pixels {
			got, want := float64(pixel)+offset, test.values[i]
			if offset == 0 {
				want = float64(float32(want))
			}
			if (offset == 0 || math.Abs(want-offset) < 10) && got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s: value %d is %v, want %v", name, i, got, want)
			}
		}
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]string{
		"nm": "nm", " nm\x00": "nm", "um": "µm", "micron": "µm", "\u03bcm": "µm", "A": "Å", "Angstrom": "Å", "[n_m]": "nm", "[]": "",
		"1/nm": "1/nm", "1 / nm": "1/nm", "nm^-1": "1/nm", "1/A": "1/Å", "nm⁻¹": "1/nm", "pixel": "", "mrad": "mrad", "eV": "eV", "pm": "pm", "Pm": "Pm",
	} {
		if got := Unit(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for _, test := range []struct {
		got, want Size
	}{
		{NewSize(1, "nm", 2, "A"), Size{1, 0.2, "nm"}},
		{NewSize(-0.5, "um", 0.5, "µm"), Size{0.5, 0.5, "µm"}},
		{NewSize(1, "nm", 1, "1/nm"), Size{}}, {NewSize(0, "nm", 1, "nm"), Size{}}, {NewSize(1, "", 1, ""), Size{}},
		{NewSize(math.NaN(), "nm", 1, "nm"), Size{}}, {NewSize(math.Inf(1), "nm", 1, "nm"), Size{}},
		{NewSize(2.5e-10, "m", 5e-10, "m").Compact(512), Size{0.25, 0.5, "nm"}},
		{NewSize(8.7e-8, "m", 8.7e-8, "m").Compact(128), Size{0.087, 0.087, "µm"}},
		{NewSize(1e8, "1/m", 1e8, "1/m").Compact(64), Size{0.1, 0.1, "1/nm"}},
		{NewSize(2, "Å", 2, "Å").Compact(64), Size{2, 2, "Å"}},
	} {
		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }
		if !near(test.got.X, test.want.X) || !near(test.got.Y, test.want.Y) || test.got.Unit != test.want.Unit {
			t.Errorf("%v, want %v", test.got, test.want)
		}
	}
	if in, ok := (Size{2, 4, "Å"}).In("nm"); !ok || math.Abs(in.X-0.2) > 1e-15 || math.Abs(in.Y-0.4) > 1e-15 {
		t.Errorf("2x4 Å are %v", in)
	}
	if _, ok := (Size{1, 1, "mrad"}).In("nm"); ok {
		t.Error("an angle is a length")
	}
}

func TestStack(t *testing.T) {
	file := []byte{9, 9, 1, 2, 3, 4, 5, 6, 0, 0, 11, 12, 13, 14, 15, 16}
	stack := Stack{Count: 2, Height: 3, Width: 2, Type: Uint8, Order: binary.LittleEndian}
	whole, err := stack.Contiguous(bytes.NewReader(file), int64(len(file)), 2, 8)
	if err != nil {
		t.Fatal(err)
	}
	up := whole.Upwards()
	for i, want := range [][]float32{{1, 2, 3, 4, 5, 6}, {11, 12, 13, 14, 15, 16}} {
		if got, _, err := whole.Read(i); err != nil || !slices.Equal(got, want) {
			t.Errorf("image %d is %v (%v)", i, got, err)
		}
		want = append(append(append([]float32{}, want[4:]...), want[2:4]...), want[:2]...)
		if got, _, err := up.Read(i); err != nil || !slices.Equal(got, want) {
			t.Errorf("image %d upwards is %v (%v)", i, got, err)
		}
	}
	f := File{Stacks: []Stack{{Count: 2, Title: "a"}, {Count: 1, Title: "b"}}}
	if s, in, err := f.Find(2); err != nil || s.Title != "b" || in != 0 || f.Len() != 3 {
		t.Errorf("image 2: %v %d %v", s, in, err)
	}
	if _, _, err := f.Find(3); err == nil || !strings.Contains(err.Error(), "0 to 2") {
		t.Errorf("image 3: %v", err)
	}
	for name, bad := range map[string]Stack{
		"no rows": {Count: 1, Width: 2, Type: Uint8}, "beyond the end": {Count: 3, Height: 3, Width: 2, Type: Uint8},
		"huge": {Count: 1 << 40, Height: 1 << 30, Width: 1 << 30, Type: Float64}, "negative": {Count: 1, Height: -1, Width: -1, Type: Uint8},
	} {
		if _, err := bad.Contiguous(bytes.NewReader(file), int64(len(file)), 2, 8); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
