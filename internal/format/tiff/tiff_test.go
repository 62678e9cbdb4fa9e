package tiff

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	xtiff "golang.org/x/image/tiff"
)

// readAll reads a page of a file.
func readAll(t testing.TB, content []byte, page int) (Page, []float32) {
	t.Helper()
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := file.Page(page)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, p.Width*p.Height*p.Channels)
	if err := file.Read(p, pixels); err != nil {
		t.Fatal(err)
	}
	return p, pixels
}

func equal(a, b float32) bool { return a == b || a != a && b != b }

// Every layout must give the same numbers.
func TestReadEveryLayout(t *testing.T) {
	type number struct {
		bits   int
		format Format
		value  func(bits uint64) float32
	}
	numbers := []number{
		{1, Unsigned, func(v uint64) float32 { return float32(v) }},
		{2, Unsigned, func(v uint64) float32 { return float32(v) }},
		{4, Unsigned, func(v uint64) float32 { return float32(v) }},
		{8, Unsigned, func(v uint64) float32 { return float32(v) }},
		{8, undefined, func(v uint64) float32 { return float32(v) }},
		{16, Unsigned, func(v uint64) float32 { return float32(v) }},
		{32, Unsigned, func(v uint64) float32 { return float32(v) }},
		{64, Unsigned, func(v uint64) float32 { return float32(v) }},
		{8, Signed, func(v uint64) float32 { return float32(int8(v)) }},
		{16, Signed, func(v uint64) float32 { return float32(int16(v)) }},
		{32, Signed, func(v uint64) float32 { return float32(int32(v)) }},
		{64, Signed, func(v uint64) float32 { return float32(int64(v)) }},
		{32, Float, func(v uint64) float32 { return math.Float32frombits(uint32(v)) }},
		{64, Float, func(v uint64) float32 { return float32(math.Float64frombits(v)) }},
	}
	type blocks struct{ rowsPerStrip, tileWidth, tileHeight int }
	count := 0
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, n := range numbers {
			for _, kind := range []struct {
				samples, channels, photometric int
				planes                         bool
			}{{1, 1, blackIsZero, false}, {2, 1, blackIsZero, false}, {3, 3, rgb, false}, {4, 3, rgb, false}, {4, 3, rgb, true}} {
				for _, b := range []blocks{{}, {rowsPerStrip: 3}, {tileWidth: 16, tileHeight: 16}, {tileWidth: 48, tileHeight: 32}} {
					for _, compression := range []int{compressionNone, compressionLZW, compressionDeflate, compressionOldDeflate, compressionPackBits} {
						for _, predictor := range []int{1, 2, 3} {
							if n.bits < 8 && predictor > 1 || n.format != Float && predictor == 3 {
								continue
							}
							l := layout{order: order, width: 21, height: 18, samples: kind.samples, bits: n.bits, format: n.format,
								photometric: kind.photometric, planes: kind.planes, rowsPerStrip: b.rowsPerStrip, tileWidth: b.tileWidth,
								tileHeight: b.tileHeight, compression: compression, predictor: predictor}
							at := func(x, y, s int) uint64 {
								if n.format == Float {
									v := float64(x*y-7*s) / 8
									if n.bits == 32 {
										return uint64(math.Float32bits(float32(v)))
									}
									return math.Float64bits(v)
								}
								return (uint64(x*x+31*y*y+7*s) * 0x9e3779b97f4a7c15) >> (64 - n.bits)
							}
							page, pixels := readAll(t, writeFile([]layout{l}, at), 0)
							if page.Channels != kind.channels {
								t.Fatalf("%+v: %d channels", l, page.Channels)
							}
							for i, got := range pixels {
								x, y, c := i/kind.channels%l.width, i/kind.channels/l.width, i%kind.channels
								if want := n.value(at(x, y, c)); !equal(got, want) {
									t.Fatalf("%+v: row %d, column %d, channel %d is %v, not %v", l, y, x, c, got, want)
								}
							}
							count++
						}
					}
				}
			}
		}
	}
	if count < 1000 {
		t.Errorf("only %d layouts were tried", count)
	}
}

func TestReadHalfPrecision(t *testing.T) {
	halves := map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24, 0x83ff: -0x1.ff8p-15, 0x3555: 0x1.554p-2,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)), 0x7e00: float32(math.NaN()),
	}
	var keys []uint16
	for key := range halves {
		keys = append(keys, key)
	}
	for _, predictor := range []int{1, 2, 3} {
		l := layout{order: binary.BigEndian, width: len(keys), height: 2, samples: 1, bits: 16, format: Float, photometric: blackIsZero, predictor: predictor}
		_, pixels := readAll(t, writeFile([]layout{l}, func(x, y, s int) uint64 { return uint64(keys[x]) }), 0)
		for i, got := range pixels {
			if key := keys[i%len(keys)]; !equal(got, halves[key]) {
				t.Errorf("%#04x is %v, not %v", key, got, halves[key])
			}
		}
	}
}

// Where 0 is white, numbers are as they are in the file, and the page says so.
func TestReadWhiteIsZero(t *testing.T) {
	for _, test := range []struct {
		bits   int
		format Format
		bits0  [2]uint64
		want   [2]float32
	}{
		{1, Unsigned, [2]uint64{0, 1}, [2]float32{0, 1}},
		{8, Unsigned, [2]uint64{0, 255}, [2]float32{0, 255}},
		{16, Unsigned, [2]uint64{0, 65535}, [2]float32{0, 65535}},
		{8, Signed, [2]uint64{0x80, 0x7f}, [2]float32{-128, 127}},
		{32, Float, [2]uint64{0x3f800000, 0xbf800000}, [2]float32{1, -1}},
	} {
		l := layout{order: binary.LittleEndian, width: 2, height: 1, samples: 1, bits: test.bits, format: test.format, photometric: whiteIsZero}
		page, pixels := readAll(t, writeFile([]layout{l}, func(x, y, s int) uint64 { return test.bits0[x] }), 0)
		if !page.WhiteIsZero || !slices.Equal(pixels, test.want[:]) {
			t.Errorf("%d bits, %v: %v, %v", test.bits, test.format, page.WhiteIsZero, pixels)
		}
	}
}

func TestReadPalette(t *testing.T) {
	l := layout{order: binary.LittleEndian, width: 4, height: 3, samples: 1, bits: 2, format: Unsigned, photometric: palette,
		colours: []uint16{0, 1, 2, 3, 10, 11, 12, 13, 65535, 21, 22, 23}}
	page, pixels := readAll(t, writeFile([]layout{l}, func(x, y, s int) uint64 { return uint64(x+y) % 4 }), 0)
	if page.Channels != 3 || !page.Palette || !slices.Equal(pixels[:9], []float32{0, 10, 65535, 1, 11, 21, 2, 12, 22}) {
		t.Errorf("%d channels, %v", page.Channels, pixels[:9])
	}
}

func TestPages(t *testing.T) {
	first := layout{order: binary.BigEndian, width: 5, height: 4, samples: 1, bits: 16, format: Unsigned, photometric: blackIsZero}
	second, third := first, first
	second.width, second.subfile = 2, 1
	third.bits, third.width, third.subfile = 8, 3, 2
	content := writeFile([]layout{first, second, third}, func(x, y, s int) uint64 { return uint64(10*y + x) })
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if file.Len() != 3 {
		t.Fatalf("%d pages", file.Len())
	}
	for i, want := range []Page{{Width: 5, Height: 4, Bits: 16}, {Width: 2, Height: 4, Bits: 16, Reduced: true}, {Width: 3, Height: 4, Bits: 8}} {
		p, pixels := readAll(t, content, i)
		if p.Width != want.Width || p.Height != want.Height || p.Bits != want.Bits || p.Reduced != want.Reduced {
			t.Errorf("page %d is %+v", i, p)
		}
		if last := pixels[len(pixels)-1]; last != float32(30+want.Width-1) {
			t.Errorf("the last pixel of page %d is %v", i, last)
		}
	}
	if _, err := file.Page(3); err == nil || !strings.Contains(err.Error(), "pages 0 to 2") {
		t.Errorf("for page 3 the error is %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var images []Image
	for _, shape := range [][3]int{{7, 5, 1}, {1, 1, 1}, {4, 9, 3}} {
		m := Image{Width: shape[0], Height: shape[1], Channels: shape[2]}
		for range shape[0] * shape[1] * shape[2] {
			m.Pixels = append(m.Pixels, float32(random.NormFloat64()*1e6))
		}
		images = append(images, m)
	}
	images[0].Pixels[3] = float32(math.NaN())
	images[0].Pixels[4] = float32(math.Inf(-1))
	images[1].Tags = []Tag{
		{ID: 282, Kind: 5, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}}, {ID: 270, Kind: 2, Data: []byte("pixel size 2 nm\x00")},
		{ID: 65000, Kind: 12, Data: binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.25))}, {ID: 296, Kind: 3, Data: []byte{3, 0}},
	}
	var buffer bytes.Buffer
	if err := Write(&buffer, images); err != nil {
		t.Fatal(err)
	}
	content := buffer.Bytes()
	for i, want := range images {
		p, pixels := readAll(t, content, i)
		if p.Width != want.Width || p.Height != want.Height || p.Channels != want.Channels || p.Format != Float || p.Bits != 32 {
			t.Errorf("page %d is %+v", i, p)
		}
		if !slices.EqualFunc(pixels, want.Pixels, equal) {
			t.Errorf("page %d has other pixels than were written", i)
		}
	}
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	tags, err := file.Metadata(1)
	if err != nil {
		t.Fatal(err)
	}
	if len(tags) != 4 {
		t.Errorf("%d tags, not 4", len(tags))
	}
	for _, want := range images[1].Tags {
		if !slices.ContainsFunc(tags, func(tag Tag) bool {
			return tag.ID == want.ID && tag.Kind == want.Kind && bytes.Equal(tag.Data, want.Data)
		}) {
			t.Errorf("tag %d is not among %v", want.ID, tags)
		}
	}
}

// What describes a page is carried over from files of either byte order; what points into the file is not.
func TestMetadata(t *testing.T) {
	l := layout{order: binary.BigEndian, width: 1, height: 1, samples: 1, bits: 8, format: Unsigned, photometric: blackIsZero, extra: []field{
		{270, 2, []uint64{'a', 'b', 'c', 'd', 0}}, {296, 3, []uint64{2}}, {34665, 4, []uint64{8}},
		{65001, 3, []uint64{0x0102, 0x0304, 0x0506}}, {65001, 3, []uint64{9}}, {330, 4, []uint64{8}},
	}}
	content := writeFile([]layout{l}, func(x, y, s int) uint64 { return 0 })
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	tags, err := file.Metadata(0)
	if err != nil {
		t.Fatal(err)
	}
	want := []Tag{{270, 2, []byte("abcd\x00")}, {296, 3, []byte{2, 0}}, {65001, 3, []byte{2, 1, 4, 3, 6, 5}}}
	if !slices.EqualFunc(tags, want, func(a, b Tag) bool { return a.ID == b.ID && a.Kind == b.Kind && bytes.Equal(a.Data, b.Data) }) {
		t.Errorf("%v, not %v", tags, want)
	}
	if err := Write(new(bytes.Buffer), []Image{{Width: 1, Height: 1, Channels: 1, Pixels: []float32{1}, Tags: tags}}); err != nil {
		t.Error(err)
	}
}

// The files that other readers are known to read, byte for byte.
func TestGoldenFile(t *testing.T) {
	const want = "II*\x00\x08\x00\x00\x00" + "\x0b\x00" +
		"\x00\x01\x04\x00\x01\x00\x00\x00\x02\x00\x00\x00" + "\x01\x01\x04\x00\x01\x00\x00\x00\x01\x00\x00\x00" +
		"\x02\x01\x03\x00\x01\x00\x00\x00\x20\x00\x00\x00" + "\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00" +
		"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00" + "\x11\x01\x04\x00\x01\x00\x00\x00\x92\x00\x00\x00" +
		"\x15\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00" + "\x16\x01\x04\x00\x01\x00\x00\x00\x01\x00\x00\x00" +
		"\x17\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00" + "\x1c\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00" +
		"\x53\x01\x03\x00\x01\x00\x00\x00\x03\x00\x00\x00" + "\x00\x00\x00\x00" +
		"\x00\x00\x80\x3f\x00\x00\x20\xc0"
	var buffer bytes.Buffer
	if err := Write(&buffer, []Image{{Width: 2, Height: 1, Channels: 1, Pixels: []float32{1, -2.5}}}); err != nil {
		t.Fatal(err)
	}
	if buffer.String() != want {
		t.Errorf("written was\n% x, not\n% x", buffer.Bytes(), want)
	}
	if _, pixels := readAll(t, []byte(want), 0); !slices.Equal(pixels, []float32{1, -2.5}) {
		t.Errorf("read was %v", pixels)
	}
}

// golang.org/x/image/tiff writes images for display; what it wrote is read as it reads it.
func TestReadWhatAnotherPackageWrites(t *testing.T) {
	bounds := image.Rect(0, 0, 37, 29)
	grey, grey16, colour, deep := image.NewGray(bounds), image.NewGray16(bounds), image.NewRGBA(bounds), image.NewRGBA64(bounds)
	paletted := image.NewPaletted(bounds, color.Palette{color.RGBA{1, 2, 3, 255}, color.RGBA{200, 100, 50, 255}, color.RGBA{7, 8, 9, 255}})
	for y := range 29 {
		for x := range 37 {
			c := color.RGBA64{uint16(x * 1700), uint16(y * 2200), uint16(x * y * 60), 65535}
			for _, m := range []interface{ Set(x, y int, c color.Color) }{grey, grey16, colour, deep} {
				m.Set(x, y, c)
			}
			paletted.SetColorIndex(x, y, uint8((x+y)%3))
		}
	}
	for _, m := range []image.Image{grey, grey16, colour, deep, paletted} {
		for _, options := range []*xtiff.Options{nil, {Compression: xtiff.Deflate}, {Compression: xtiff.Deflate, Predictor: true}} {
			var buffer bytes.Buffer
			if err := xtiff.Encode(&buffer, m, options); err != nil {
				t.Fatal(err)
			}
			compareWithOther(t, buffer.Bytes())
		}
	}
}

// compareWithOther compares an opaque image with what golang.org/x/image/tiff makes of it.
func compareWithOther(t *testing.T, content []byte) {
	t.Helper()
	other, err := xtiff.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	p, pixels := readAll(t, content, 0)
	if other.Bounds().Dx() != p.Width || other.Bounds().Dy() != p.Height {
		t.Fatalf("%dx%d is another size than %v", p.Width, p.Height, other.Bounds())
	}
	scale := float32(math.Ldexp(1, p.Bits)-1) / 65535
	tolerance := 0.51
	if p.Palette {
		scale, tolerance = 1, 256 // the other package rounds a palette's colours to 8 bits
	}
	for i, got := range pixels {
		x, y := i/p.Channels%p.Width, i/p.Channels/p.Width
		r, g, b, _ := other.At(x, y).RGBA()
		want := float32([]uint32{r, g, b}[i%p.Channels])
		if math.Abs(float64(got/scale-want)) > tolerance {
			t.Fatalf("%v: row %d, column %d, channel %d is %v, not %v", p, y, x, i%p.Channels, got, want*scale)
		}
	}
}

func TestRealMicrographs(t *testing.T) {
	paths, err := filepath.Glob("../../../testdata/partial-STEM/*.tif")
	if err != nil || len(paths) != 6 {
		t.Fatalf("%d files, want 6 (%v)", len(paths), err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page, pixels := readAll(t, content, 0)
		low, high := slices.Min(pixels), slices.Max(pixels)
		side, inRange := 96, low >= 0 && low < 0.15 && high > 0.99 && high <= 1
		if strings.Contains(path, "mask") {
			side, inRange = 512, low == 0 && high == 0.625
		}
		if page.Width != side || page.Height != side || page.Format != Float || !inRange {
			t.Errorf("%s: %+v, from %v to %v", path, page, low, high)
		}
		var buffer bytes.Buffer
		if err := Write(&buffer, []Image{{Width: side, Height: side, Channels: 1, Pixels: pixels}}); err != nil {
			t.Fatal(err)
		}
		if _, again := readAll(t, buffer.Bytes(), 0); !slices.Equal(again, pixels) {
			t.Errorf("%s: its pixels are others when they are written and read", path)
		}
	}
}
