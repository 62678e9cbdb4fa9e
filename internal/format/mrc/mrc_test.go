package mrc

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/pixel"
)

// made is a file as the specification has it.
type made struct {
	order                   order
	columns, rows, sections int
	mode                    int
	cell                    [3]float32
	axes                    [3]int
	extended                int
	word, stamp             string
	imod                    int
	data                    []byte
}

func (m made) file() []byte {
	b := make([]byte, 1024+m.extended)
	put := func(at int, values ...int) {
		for i, value := range values {
			m.order.PutUint32(b[at+4*i:], uint32(int32(value)))
		}
	}
	put(0, m.columns, m.rows, m.sections, m.mode)
	put(28, m.columns, m.rows, m.sections)
	for i, length := range m.cell {
		m.order.PutUint32(b[40+4*i:], math.Float32bits(length))
	}
	put(64, m.axes[:]...)
	put(92, m.extended)
	if m.imod != 0 {
		put(152, 1146047817, m.imod-1)
	}
	copy(b[208:], m.word)
	copy(b[212:], m.stamp)
	return append(b, m.data...)
}

// order is of bytes that are written and put.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func (m made) with(values ...uint16) made {
	m.data = nil
	for _, value := range values {
		m.data = m.order.AppendUint16(m.data, value)
	}
	return m
}

func open(data []byte) (*pixel.File, error) { return Open(bytes.NewReader(data), int64(len(data))) }

func TestRead(t *testing.T) {
	le := made{order: binary.LittleEndian, columns: 3, rows: 2, sections: 1, mode: 6, cell: [3]float32{30, 40, 1}, axes: [3]int{1, 2, 3}, word: "MAP ", stamp: "\x44\x44"}
	be := le
	be.order, be.stamp = binary.BigEndian, "\x11\x11"
	swapped, old, unsigned, unknown := le, le, le, le
	swapped.axes = [3]int{2, 1, 3}
	old.word, old.stamp, old.axes = "", "\x44\x41", [3]int{}
	unsigned.mode, unsigned.imod, unsigned.data = 0, 1, []byte{0, 1, 2, 253, 254, 255}
	unknown.cell = [3]float32{-30, -40, 0}
	signed := unsigned
	signed.imod = 0
	half := le.with(0x3c00, 0xc000, 0, 0x7bff, 1, 0x3800)
	half.mode = 12
	extended := le.with(1, 2, 3, 4, 5, 65535, 7, 8, 9, 10, 11, 12)
	extended.extended, extended.sections = 2048, 2
	size := pixel.Size{X: 10, Y: 20, Unit: "Å"}
	numbers := []float32{1, 2, 3, 4, 5, 65535}
	for name, test := range map[string]struct {
		data []byte
		want []float32
		size pixel.Size
	}{
		"little endian": {le.with(1, 2, 3, 4, 5, 65535).file(), numbers, size}, "big endian": {be.with(1, 2, 3, 4, 5, 65535).file(), numbers, size},
		"no word, odd stamp": {old.with(1, 2, 3, 4, 5, 65535).file(), numbers, size},
		"columns along y":    {swapped.with(1, 2, 3, 4, 5, 65535).file(), numbers, pixel.Size{X: 20, Y: 10, Unit: "Å"}},
		"no cell":            {unknown.with(1, 2, 3, 4, 5, 65535).file(), numbers, pixel.Size{}},
		"IMOD's bytes":       {unsigned.file(), []float32{0, 1, 2, 253, 254, 255}, size}, "bytes": {signed.file(), []float32{0, 1, 2, -3, -2, -1}, size},
		"half": {half.file(), []float32{1, -2, 0, 65504, float32(math.Ldexp(1, -24)), 0.5}, size}, "extended header": {extended.file(), numbers, size},
	} {
		if !Is(test.data, int64(len(test.data))) {
			t.Errorf("%s is not recognised", name)
			continue
		}
		file, err := open(test.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		stack := file.Stacks[0]
		if stack.Size != test.size {
			t.Errorf("%s: a pixel is %v", name, stack.Size)
		}
		if got, _, err := stack.Read(0); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v (%v)", name, got, err)
		}
		if name == "extended header" {
			if got, _, err := stack.Read(1); err != nil || !slices.Equal(got, []float32{7, 8, 9, 10, 11, 12}) {
				t.Errorf("section 1: %v (%v)", got, err)
			}
		}
	}
	good := le.with(1, 2, 3, 4, 5, 6)
	for want, change := range map[string]func(m *made){
		"modulus": func(m *made) { m.mode = 4 }, "4 bits": func(m *made) { m.mode = 101 }, "mode 9": func(m *made) { m.mode = 9 },
		"truncated or damaged": func(m *made) { m.rows = 200 }, "sections of": func(m *made) { m.columns = -1 },
		"the file is damaged": func(m *made) { m.columns, m.rows, m.sections = 1<<30, 1<<30, 1<<30 },
	} {
		bad := good
		change(&bad)
		if _, err := open(bad.file()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if text := bytes.Repeat([]byte("no image "), 200); Is(text, int64(len(text))) {
		t.Error("a text is an MRC file")
	}
}

func TestWrite(t *testing.T) {
	images := [][]float32{{1, 2, 3, 4, 5, 6}, {-1, 0.5, 1e10, 0, 0, float32(math.Inf(1))}}
	var out bytes.Buffer
	if err := Write(&out, images, 2, 3, pixel.Size{X: 0.2, Y: 0.4, Unit: "nm"}); err != nil {
		t.Fatal(err)
	}
	file, err := open(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	stack := file.Stacks[0]
	if s := stack.Size; math.Abs(s.X-2) > 1e-6 || math.Abs(s.Y-4) > 1e-6 || s.Unit != "Å" || stack.Count != 2 || !Is(out.Bytes(), int64(out.Len())) {
		t.Errorf("%+v", stack)
	}
	for i, want := range images {
		if got, _, err := stack.Read(i); err != nil || !slices.Equal(got, want) {
			t.Errorf("section %d: %v (%v)", i, got, err)
		}
	}
	if low := math.Float32frombits(binary.LittleEndian.Uint32(out.Bytes()[76:])); low != -1 {
		t.Errorf("the least density is %v", low)
	}
	if err := Write(&out, images, 3, 3, pixel.Size{}); err == nil {
		t.Error("images of another shape were written")
	}
}

func FuzzOpen(f *testing.F) {
	var out bytes.Buffer
	Write(&out, [][]float32{{1, 2, 3, 4}}, 2, 2, pixel.Size{X: 1, Y: 1, Unit: "nm"})
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		Is(data, int64(len(data)))
		file, err := open(data)
		if err != nil {
			return
		}
		stack := file.Stacks[0]
		if pixels, _, err := stack.Read(stack.Count - 1); err == nil && len(pixels) != stack.Height*stack.Width {
			t.Errorf("%d pixels of %dx%d", len(pixels), stack.Width, stack.Height)
		}
	})
}
