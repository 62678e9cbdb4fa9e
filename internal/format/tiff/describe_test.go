package tiff

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/pixel"
)

var nanometres = pixel.Size{X: 0.25, Y: 0.5, Unit: "nm"}

const ome = `<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image><Pixels SizeZ="3" PhysicalSizeX="0.25" PhysicalSizeXUnit="nm"` +
	` PhysicalSizeY="0.5" PhysicalSizeYUnit="nm"/></Image></OME>`

func TestDescribe(t *testing.T) {
	for _, test := range []struct {
		old   string
		count int
		size  pixel.Size
		want  string
	}{
		{"", 2, pixel.Size{}, ""}, {"a sample", 2, pixel.Size{}, "a sample"},
		{"", 1, nanometres, "ImageJ=1.54f\nunit=nm\n"},
		{"a sample", 2, nanometres, "ImageJ=1.54f\nimages=2\nslices=2\nunit=nm\na sample\n"},
		{"ImageJ=1.11a\nimages=3\nslices=3\nhyperstack=true\nmode=grayscale\nunit=pm\nspacing=2.0\nmin=5.0\n", 2, nanometres,
			"ImageJ=1.11a\nimages=2\nslices=2\nunit=nm\nmin=5.0\n"},
		{"ImageJ=1.11a\nimages=3\nframes=3\n", 1, pixel.Size{}, "ImageJ=1.11a\n"},
		{`{"shape": [3, 8, 8]}`, 1, pixel.Size{}, ""}, {`{"shape": [3, 8, 8], "sample": "gold"}`, 1, pixel.Size{}, `{"sample":"gold"}`},
		{ome, 1, pixel.Size{}, ""}, {ome, 0, nanometres, "ImageJ=1.54f\nunit=nm\n"},
		{"", 1, pixel.Size{X: 1, Y: 1, Unit: "µm"}, "ImageJ=1.54f\nunit=micron\n"}, {"", 1, pixel.Size{X: 1, Y: 1, Unit: "1/Å"}, "ImageJ=1.54f\nunit=1/angstrom\n"},
	} {
		if got := describe(test.old, test.count, test.size); got != test.want {
			t.Errorf("%q, %d images, %v: %q, want %q", test.old, test.count, test.size, got, test.want)
		}
	}
}

func TestFraction(t *testing.T) {
	for _, x := range []float64{1, 4, 0.1, 1 / 3.0, math.Pi, 5.928571, 1e9, 1e-9, 4.023529, 1 / 0.24853801727294922, 4294967295} {
		if p, q, ok := fraction(x); !ok || math.Abs(float64(p)/float64(q)/x-1) > 1e-9 {
			t.Errorf("%v is %d/%d", x, p, q)
		}
	}
	for _, x := range []float64{0, -1, math.NaN(), math.Inf(1), 1e10, 1e-11} {
		if _, _, ok := fraction(x); ok {
			t.Errorf("%v is a fraction", x)
		}
	}
}

func text(id uint16, value string) Tag { return Tag{ID: id, Kind: 2, Data: append([]byte(value), 0)} }

func double(id uint16, value float64) Tag {
	return Tag{ID: id, Kind: 12, Data: binary.LittleEndian.AppendUint64(nil, math.Float64bits(value))}
}

func ratio(id uint16, p, q uint32) Tag {
	return Tag{ID: id, Kind: 5, Data: binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, p), q)}
}

func TestSizeOf(t *testing.T) {
	for name, test := range map[string]struct {
		tags []Tag
		want pixel.Size
	}{
		"ImageJ":              {[]Tag{text(270, "ImageJ=1\nunit=nm\n"), ratio(282, 4, 1), ratio(283, 2, 1)}, nanometres},
		"ImageJ, escaped":     {[]Tag{text(270, "ImageJ=1\nunit=\\u00B5m\n"), ratio(282, 4, 1), ratio(283, 2, 1)}, pixel.Size{X: 0.25, Y: 0.5, Unit: "µm"}},
		"ImageJ, no unit":     {[]Tag{text(270, "ImageJ=1\n"), ratio(282, 4, 1), ratio(283, 2, 1)}, pixel.Size{}},
		"OME":                 {[]Tag{text(270, ome)}, nanometres},
		"OME in µm":           {[]Tag{text(270, `<OME><Image><Pixels PhysicalSizeX="0.1" PhysicalSizeY="0.1"/></Image></OME>`)}, pixel.Size{X: 0.1, Y: 0.1, Unit: "µm"}},
		"OME of squares":      {[]Tag{text(270, `<OME><Image><Pixels PhysicalSizeX="0.1" PhysicalSizeXUnit="nm"/></Image></OME>`)}, pixel.Size{X: 0.1, Y: 0.1, Unit: "nm"}},
		"FEI":                 {[]Tag{text(34682, "[User]\r\nDate=1\r\n[Scan]\r\nPixelWidth=2.5e-10\r\nPixelHeight=5e-10\r\n")}, pixel.Size{X: 2.5e-10, Y: 5e-10, Unit: "m"}},
		"Zeiss":               {[]Tag{text(34118, "0\r\nAP_PIXEL_SIZE\r\nPixel Size = 4.0 nm\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 0.5 \xb5m\r\n")}, pixel.Size{X: 0.5, Y: 0.5, Unit: "µm"}},
		"Zeiss, one":          {[]Tag{text(34118, "Pixel Size = 4.0 nm\r\n")}, pixel.Size{X: 4, Y: 4, Unit: "nm"}},
		"DigitalMicrograph":   {[]Tag{text(65003, "nm"), text(65004, "nm"), double(65009, 0.25), double(65010, 0.5)}, nanometres},
		"a print's":           {[]Tag{ratio(282, 72, 1), ratio(283, 72, 1)}, pixel.Size{}},
		"nonsense everywhere": {[]Tag{text(34682, "PixelWidth=x\nPixelHeight=y\n")}, pixel.Size{}},
	} {
		if got := sizeOf(test.tags); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// What is written has the size and the number of its own images, and both come back.
func TestWriteSize(t *testing.T) {
	page := func(width int, description string) Image {
		m := Image{Width: width, Height: 2, Channels: 1, Pixels: make([]float32, 2*width), Size: nanometres}
		m.Tags = []Tag{text(270, description), ratio(282, 72, 1), ratio(283, 72, 1), {ID: 296, Kind: 3, Data: []byte{2, 0}}, text(305, "software")}
		return m
	}
	old := "ImageJ=1.11a\nimages=7\nchannels=7\nunit=cm\n"
	for name, test := range map[string]struct {
		images []Image
		want   string
	}{
		"one": {[]Image{page(3, old)}, "ImageJ=1.11a\nunit=nm\n"}, "two": {[]Image{page(3, old), page(3, old)}, "ImageJ=1.11a\nimages=2\nslices=2\nunit=nm\n"},
		"of two sizes": {[]Image{page(3, old), page(4, old)}, "ImageJ=1.11a\nunit=nm\n"},
	} {
		var out bytes.Buffer
		if err := Write(&out, test.images); err != nil {
			t.Fatal(err)
		}
		file, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil || file.Len() != len(test.images) {
			t.Fatalf("%s: %d pages (%v)", name, file.Len(), err)
		}
		tags, err := file.Metadata(0)
		if err != nil || textOf(tags, 270) != test.want || textOf(tags, 305) != "software" {
			t.Errorf("%s: described as %q (%v)", name, textOf(tags, 270), err)
		}
		for i := range test.images {
			if size, err := file.Size(i); err != nil || size != nanometres {
				t.Errorf("%s: a pixel of page %d is %v (%v)", name, i, size, err)
			}
		}
	}
	// Without a size, resolutions stay as they were.
	m := page(3, "a sample")
	m.Size = pixel.Size{}
	var out bytes.Buffer
	if err := Write(&out, []Image{m}); err != nil {
		t.Fatal(err)
	}
	file, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if tags, _ := file.Metadata(0); resolution(tags, 282) != 72 || textOf(tags, 270) != "a sample" {
		t.Errorf("%v", tags)
	}
}

// What float32 cannot have is written as float64, and what was inverted stays so.
func TestWriteOffset(t *testing.T) {
	var out bytes.Buffer
	images := []Image{
		{Width: 2, Height: 1, Channels: 1, Pixels: []float32{-0.5, 0.25}, Offset: 1e9, WhiteIsZero: true}, {Width: 2, Height: 1, Channels: 1, Pixels: []float32{1, 2}},
	}
	if err := Write(&out, images); err != nil {
		t.Fatal(err)
	}
	file, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{1e9 - 0.5, 1e9 + 0.25}, {1, 2}} {
		page, err := file.Page(i)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, 2)
		if err := file.Read64(page, got); err != nil || !slices.Equal(got, want) || page.WhiteIsZero != (i == 0) || page.Type() != pixel.Float64 {
			t.Errorf("page %d: %v, %+v (%v)", i, got, page, err)
		}
	}
}

// Olympus writes its table of places beside the tag.
func TestSISSize(t *testing.T) {
	le := binary.LittleEndian
	table := append([]byte("SIS0"), make([]byte, 54)...)
	table = le.AppendUint16(table, 2)
	at := 8 + 6 // the strip, and then the table
	calibration := at + 60 + 16
	table = le.AppendUint32(le.AppendUint16(le.AppendUint16(table, 7), 1), 0)
	table = le.AppendUint32(le.AppendUint16(le.AppendUint16(table, 1), 1), uint32(calibration))
	table = append(table, make([]byte, 10)...)
	table = le.AppendUint16(table, 0xfff7) // 10^-9
	table = le.AppendUint64(le.AppendUint64(table, math.Float64bits(0.25)), math.Float64bits(0.5))
	strip := append([]byte{1, 2, 3, 4, 5, 6}, table...)
	content := writePacked(layout{width: 3, height: 2, samples: 1, photometric: blackIsZero}, 8, 1, strip, field{33560, 4, []uint64{uint64(at)}})
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	size := file.sis(0)
	if in, ok := size.In("nm"); !ok || math.Abs(in.X-0.25) > 1e-12 || math.Abs(in.Y-0.5) > 1e-12 {
		t.Errorf("a pixel is %v", size)
	}
	if tags, _ := file.Metadata(0); slices.ContainsFunc(tags, func(tag Tag) bool { return tag.ID == tagSIS }) {
		t.Error("places in the file are carried to another one")
	}
}

func TestDescribed(t *testing.T) {
	if tags := Described("HAADF", "High tension: 200 kV"); len(tags) != 1 || !strings.Contains(textOf(tags, 270), "HAADF\nHigh tension") {
		t.Errorf("%v", tags)
	}
	if tags := Described("", ""); tags != nil {
		t.Errorf("%v", tags)
	}
}
