package dm

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"alrc/internal/format/pixel"
)

// maker writes files from the description of the format; it shares nothing with the reader.
type maker struct {
	version int
	order   binary.AppendByteOrder
}

// node is a tag: a group where it has children, and otherwise a value with the words that describe it.
type node struct {
	name     string
	children []node
	words    []int64
	data     []byte
}

func (m maker) number(out []byte, n int64) []byte {
	if m.version == 4 {
		return binary.BigEndian.AppendUint64(out, uint64(n))
	}
	return binary.BigEndian.AppendUint32(out, uint32(n))
}

func (m maker) group(children []node) []byte {
	out := m.number([]byte{1, 0}, int64(len(children)))
	for _, child := range children {
		kind, body := byte(20), []byte(nil)
		if child.words != nil {
			kind, body = 21, m.number([]byte("%%%%"), int64(len(child.words)))
			for _, word := range child.words {
				body = m.number(body, word)
			}
			body = append(body, child.data...)
		} else {
			body = m.group(child.children)
		}
		out = binary.BigEndian.AppendUint16(append(out, kind), uint16(len(child.name)))
		out = append(out, child.name...)
		if m.version == 4 {
			out = binary.BigEndian.AppendUint64(out, uint64(len(body)))
		}
		out = append(out, body...)
	}
	return out
}

func (m maker) file(children ...node) []byte {
	body := append(m.group(children), 0, 0, 0, 0, 0, 0, 0, 0)
	out := m.number(binary.BigEndian.AppendUint32(nil, uint32(m.version)), int64(len(body)))
	flag := uint32(0)
	if m.order == binary.AppendByteOrder(binary.LittleEndian) {
		flag = 1
	}
	return append(binary.BigEndian.AppendUint32(out, flag), body...)
}

func (m maker) long(name string, n int) node {
	return node{name: name, words: []int64{5}, data: m.order.AppendUint32(nil, uint32(n))}
}

func (m maker) float(name string, x float64) node {
	return node{name: name, words: []int64{6}, data: m.order.AppendUint32(nil, math.Float32bits(float32(x)))}
}

func (m maker) text(name, text string) node {
	n := node{name: name}
	for _, unit := range utf16.Encode([]rune(text)) {
		n.data = m.order.AppendUint16(n.data, unit)
	}
	n.words = []int64{20, 4, int64(len(n.data) / 2)}
	return n
}

// axis is a dimension of an image.
type axis struct {
	size  int
	scale float64
	unit  string
}

// image makes an entry of ImageList: kind is the DataType, and code the type of the array's elements.
func (m maker) image(name string, kind int, code int64, data []byte, count int, axes ...axis) node {
	var sizes, calibrations []node
	for _, a := range axes {
		sizes = append(sizes, m.long("", a.size))
		calibrations = append(calibrations, node{children: []node{m.float("Origin", 0), m.float("Scale", a.scale), m.text("Units", a.unit)}})
	}
	return node{children: []node{
		{name: "ImageData", children: []node{
			{name: "Calibrations", children: []node{{name: "Dimension", children: calibrations}}},
			{name: "Data", words: []int64{20, code, int64(count)}, data: data},
			m.long("DataType", kind),
			{name: "Dimensions", children: sizes},
		}},
		m.text("Name", name),
	}}
}

func (m maker) whole(images ...node) []byte {
	return m.file(
		node{name: "InImageMode", words: []int64{8}, data: []byte{1}},
		node{name: "Point", words: []int64{15, 0, 2, 0, 3, 0, 2}, data: make([]byte, 6)},
		node{name: "Points", words: []int64{20, 15, 0, 2, 0, 3, 0, 2, 4}, data: make([]byte, 24)},
		node{name: "Old text", words: []int64{18, 3}, data: []byte("abc")},
		node{name: "ImageList", children: images},
		node{name: "Thumbnails", children: []node{{children: []node{m.long("ImageIndex", 0)}}}},
	)
}

func (m maker) thumbnail() node {
	return m.image("", 23, 5, make([]byte, 16), 4, axis{2, 1, ""}, axis{2, 1, ""})
}

func (m maker) uint16s(count int) []byte {
	var data []byte
	for i := range count {
		data = m.order.AppendUint16(data, uint16(100*i))
	}
	return data
}

var makers = map[string]maker{
	"DM3": {3, binary.LittleEndian}, "DM4": {4, binary.LittleEndian}, "DM3 of the other order": {3, binary.BigEndian}, "DM4 of the other order": {4, binary.BigEndian},
}

func open(data []byte) (*pixel.File, error) { return Open(bytes.NewReader(data), int64(len(data))) }

func TestRead(t *testing.T) {
	for name, m := range makers {
		data := m.whole(m.thumbnail(),
			m.image("HAADF", 10, 4, m.uint16s(6), 6, axis{3, 0.5, "nm"}, axis{2, 20, "A"}),
			m.image("Profile", 2, 6, make([]byte, 16), 4, axis{4, 1, ""}),
			m.image("Série", 10, 4, m.uint16s(12), 12, axis{3, 1, ""}, axis{2, 1, ""}, axis{2, 1, "s"}))
		if !Is(data) {
			t.Errorf("%s is not recognised", name)
		}
		file, err := open(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(file.Stacks) != 2 || file.Stacks[0].Title != "HAADF" || file.Stacks[1].Title != "Série" || file.Stacks[1].Count != 2 {
			t.Fatalf("%s: %+v", name, file.Stacks)
		}
		if size := file.Stacks[0].Size; size.X != 0.5 || math.Abs(size.Y-2) > 1e-12 || size.Unit != "nm" || file.Stacks[1].Size.Known() {
			t.Errorf("%s: the sizes of pixels are %v and %v", name, size, file.Stacks[1].Size)
		}
		for i, want := range [][]float32{{0, 100, 200, 300, 400, 500}, {0, 100, 200, 300, 400, 500}, {600, 700, 800, 900, 1000, 1100}} {
			stack, in, err := file.Find(i)
			if err != nil {
				t.Fatal(err)
			}
			if got, _, err := stack.Read(in); err != nil || stack.Height != 2 || stack.Width != 3 || !slices.Equal(got, want) {
				t.Errorf("%s, image %d: %v (%v)", name, i, got, err)
			}
		}
		if len(file.Left) != 1 || file.Left[0] != "Profile is a line profile" {
			t.Errorf("%s: left out are %q", name, file.Left)
		}
	}
}

func TestRefusals(t *testing.T) {
	m := makers["DM4"]
	square := []axis{{2, 1, "nm"}, {2, 1, "nm"}}
	good := m.whole(m.thumbnail(), m.image("a", 10, 4, m.uint16s(4), 4, square...))
	for want, data := range map[string][]byte{
		"b has complex numbers": m.whole(m.thumbnail(), m.image("b", 3, 6, make([]byte, 32), 8, square...)),
		"c has colours":         m.whole(m.thumbnail(), m.image("c", 23, 5, make([]byte, 16), 4, square...)),
		"d has spectra":         m.whole(m.thumbnail(), m.image("d", 10, 4, m.uint16s(8), 8, axis{2, 1, "nm"}, axis{2, 1, "nm"}, axis{2, 1, "eV"})),
		"e is data of 4":        m.whole(m.thumbnail(), m.image("e", 10, 4, m.uint16s(16), 16, axis{2, 1, ""}, axis{2, 1, ""}, axis{2, 1, ""}, axis{2, 1, ""})),
		"data type 77":          m.whole(m.thumbnail(), m.image("f", 77, 4, m.uint16s(4), 4, square...)),
		"has 8 bytes of pixels": m.whole(m.thumbnail(), m.image("g", 10, 4, m.uint16s(4), 4, axis{2, 1, ""}, axis{200, 1, ""})),
		"has no image":          m.whole(m.thumbnail()),
		"truncated or damaged":  good[:len(good)-200],
		"of unknown size":       m.file(node{name: "a", words: []int64{20, 4, 1 << 40}, data: []byte{1, 2}}),
	} {
		if _, err := open(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	deep := node{name: "x", words: []int64{8}, data: []byte{0}}
	for range 100 {
		deep = node{name: "x", children: []node{deep}}
	}
	if _, err := open(m.file(deep)); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("deep groups: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, m := range makers {
		f.Add(m.whole(m.thumbnail(), m.image("a", 10, 4, m.uint16s(8), 8, axis{2, 1, "nm"}, axis{2, 1, "nm"}, axis{2, 1, "s"})))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := open(data)
		if err != nil {
			return
		}
		for i := range min(file.Len(), 4) {
			stack, in, err := file.Find(i)
			if err != nil {
				t.Fatal(err)
			}
			if pixels, _, err := stack.Read(in); err == nil && len(pixels) != stack.Height*stack.Width {
				t.Errorf("image %d has %d pixels", i, len(pixels))
			}
		}
	})
}
