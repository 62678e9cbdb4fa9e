package tiff

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// bigTIFF writes a page of 16-bit numbers as BigTIFF has it: version 43, offsets and counts of 64 bits, 20 bytes a tag.
func bigTIFF(order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}, width, height int, values []uint16) []byte {
	out := []byte("II")
	if order.String() == "BigEndian" {
		out = []byte("MM")
	}
	out = order.AppendUint64(order.AppendUint16(order.AppendUint16(order.AppendUint16(out, 43), 8), 0), 16)
	var pixels []byte
	for _, value := range values {
		pixels = order.AppendUint16(pixels, value)
	}
	tags := []struct {
		id, kind uint16
		value    uint64
	}{{256, 3, uint64(width)}, {257, 4, uint64(height)}, {258, 3, 16}, {259, 3, 1}, {262, 3, 1}, {273, 16, 0}, {277, 3, 1}, {279, 16, uint64(len(pixels))}}
	at := uint64(16 + 8 + 20*len(tags) + 8)
	tags[5].value = at
	out = order.AppendUint64(out, uint64(len(tags)))
	for _, tag := range tags {
		out = order.AppendUint64(order.AppendUint16(order.AppendUint16(out, tag.id), tag.kind), 1)
		value := make([]byte, 8)
		switch tag.kind {
		case 3:
			order.PutUint16(value, uint16(tag.value))
		case 4:
			order.PutUint32(value, uint32(tag.value))
		default:
			order.PutUint64(value, tag.value)
		}
		out = append(out, value...)
	}
	return append(order.AppendUint64(out, 0), pixels...)
}

func TestBigTIFF(t *testing.T) {
	values := []uint16{1, 2, 3, 500, 60000, 7}
	for _, content := range [][]byte{bigTIFF(binary.LittleEndian, 3, 2, values), bigTIFF(binary.BigEndian, 3, 2, values)} {
		page, pixels := readAll(t, content, 0)
		if page.Width != 3 || page.Height != 2 || !slices.Equal(pixels, []float32{1, 2, 3, 500, 60000, 7}) {
			t.Errorf("%+v: %v", page, pixels)
		}
		if err := readEverything(content[:len(content)-4]); err == nil {
			t.Error("a truncated file was read")
		}
	}
}

// Samples of any number of bits up to 16 are packed, the highest bit first, and rows begin at whole bytes.
func TestPackedSamples(t *testing.T) {
	for bits := 1; bits <= 16; bits++ {
		if bits%8 == 0 {
			continue
		}
		l := layout{order: binary.LittleEndian, width: 7, height: 3, samples: 1, bits: 8, format: Unsigned, photometric: blackIsZero}
		value := func(x, y int) uint64 { return uint64(x*1234+y*777+1) & (1<<bits - 1) }
		var packed []byte
		for y := range l.height {
			used := 0
			for x := range l.width {
				for b := bits - 1; b >= 0; b-- {
					if used%8 == 0 {
						packed = append(packed, 0)
					}
					packed[len(packed)-1] |= byte(value(x, y) >> b & 1 << (7 - used%8))
					used++
				}
			}
		}
		content := writePacked(l, bits, 1, packed)
		page, pixels := readAll(t, content, 0)
		for i, got := range pixels {
			if want := float32(value(i%7, i/7)); got != want {
				t.Fatalf("%d bits (%v): value %d is %v, not %v", bits, page.Type(), i, got, want)
			}
		}
	}
}

// writePacked writes a page of one strip that is given.
func writePacked(l layout, bits, compression int, strip []byte, extra ...field) []byte {
	out := []byte("II*\x00\x00\x00\x00\x00")
	out = append(out, strip...)
	out = append(out, make([]byte, len(out)%2)...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)))
	fields := append([]field{{256, 3, []uint64{uint64(l.width)}}, {257, 3, []uint64{uint64(l.height)}}, {258, 3, []uint64{uint64(bits)}},
		{259, 3, []uint64{uint64(compression)}}, {262, 3, []uint64{uint64(l.photometric)}}, {273, 4, []uint64{8}}, {277, 3, []uint64{uint64(l.samples)}},
		{279, 4, []uint64{uint64(len(strip))}}}, extra...)
	valuesAt := len(out) + 2 + 12*len(fields) + 4
	var values []byte
	out = binary.LittleEndian.AppendUint16(out, uint16(len(fields)))
	for _, f := range fields {
		var data []byte
		for _, v := range f.values {
			data = appendInteger(data, binary.LittleEndian, v, int(8*kindSizes[f.kind]))
		}
		out = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(out, f.id), f.kind)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.values)))
		if len(data) > 4 {
			out = binary.LittleEndian.AppendUint32(out, uint32(valuesAt+len(values)))
			values = append(values, data...)
		} else {
			out = append(out, append(data, make([]byte, 4-len(data))...)...)
		}
	}
	return append(append(out, 0, 0, 0, 0), values...)
}

func TestZSTD(t *testing.T) {
	l := layout{width: 40, height: 30, samples: 1, photometric: blackIsZero}
	var values []byte
	for i := range 1200 {
		values = binary.LittleEndian.AppendUint16(values, uint16(i*i))
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, pixels := readAll(t, writePacked(l, 16, compressionZSTD, encoder.EncodeAll(values, nil)), 0)
	for i, got := range pixels {
		if got != float32(uint16(i*i)) {
			t.Fatalf("value %d is %v", i, got)
		}
	}
}

// splitJPEG takes the tables out of a JPEG image, as TIFF files have them.
func splitJPEG(data []byte) (tables, rest []byte) {
	tables, rest = []byte{0xff, 0xd8}, []byte{0xff, 0xd8}
	for at := 2; ; {
		marker, length := data[at+1], 2+int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xda { // the image itself
			return append(tables, 0xff, 0xd9), append(rest, data[at:]...)
		}
		if marker == 0xdb || marker == 0xc4 {
			tables = append(tables, data[at:at+length]...)
		} else {
			rest = append(rest, data[at:at+length]...)
		}
		at += length
	}
}

func TestJPEG(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 32, 24))
	for i := range m.Pix {
		m.Pix[i] = byte(100 + 50*math.Sin(float64(i%32)/5))
	}
	var whole bytes.Buffer
	if err := jpeg.Encode(&whole, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	tables, rest := splitJPEG(whole.Bytes())
	var tag []uint64
	for _, b := range tables {
		tag = append(tag, uint64(b))
	}
	l := layout{width: 32, height: 24, samples: 1, photometric: blackIsZero}
	for name, content := range map[string][]byte{
		"tables in the image": writePacked(l, 8, compressionJPEG, whole.Bytes()), "tables in a tag": writePacked(l, 8, compressionJPEG, rest, field{347, 7, tag}),
	} {
		_, pixels := readAll(t, content, 0)
		for i, got := range pixels {
			if math.Abs(float64(got)-float64(m.Pix[i])) > 3 {
				t.Fatalf("%s: value %d is %v, not %d", name, i, got, m.Pix[i])
			}
		}
	}
	// A page of red, green and blue, whose components JPEG does not turn into luminance and chrominance.
	ycc := image.NewYCbCr(image.Rect(0, 0, 16, 8), image.YCbCrSubsampleRatio420)
	for i := range ycc.Y {
		ycc.Y[i] = 90
	}
	for i := range ycc.Cb {
		ycc.Cb[i], ycc.Cr[i] = 120, 150
	}
	whole.Reset()
	if err := jpeg.Encode(&whole, ycc, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	for photometric, want := range map[int]color.RGBA{rgb: {90, 120, 150, 255}, yCbCr: color.RGBAModel.Convert(color.YCbCr{Y: 90, Cb: 120, Cr: 150}).(color.RGBA)} {
		page, pixels := readAll(t, writePacked(layout{width: 16, height: 8, samples: 3, photometric: photometric}, 8, compressionJPEG, whole.Bytes()), 0)
		for c, value := range []uint8{want.R, want.G, want.B} {
			if page.Channels != 3 || math.Abs(float64(pixels[c])-float64(value)) > 2 {
				t.Errorf("photometric %d: %v, want %v", photometric, pixels[:3], want)
			}
		}
	}
	small := writePacked(layout{width: 64, height: 24, samples: 1, photometric: blackIsZero}, 8, compressionJPEG, whole.Bytes())
	if err := readEverything(small); err == nil || !strings.Contains(err.Error(), "JPEG image of 16x8") {
		t.Errorf("a JPEG image that is too small: %v", err)
	}
}

func TestOldLZW(t *testing.T) {
	// The first code, 256, from the lowest bit on.
	content := writePacked(layout{width: 8, height: 1, samples: 1, photometric: blackIsZero}, 8, compressionLZW, []byte{0, 1, 2, 3, 4, 5, 6, 7})
	if err := readEverything(content); err == nil || !strings.Contains(err.Error(), "before TIFF 6.0") {
		t.Errorf("%v", err)
	}
}

// ImageJ writes one directory for a large stack.
func TestImageJStack(t *testing.T) {
	description := "ImageJ=1.54f\nimages=3\nslices=3\nunit=nm\n\x00"
	var values, text []uint64
	for i := range 18 {
		values = append(values, uint64(i))
	}
	for _, b := range []byte(description) {
		text = append(text, uint64(b))
	}
	var strip []byte
	for _, v := range values {
		strip = append(strip, byte(v))
	}
	l := layout{width: 3, height: 2, samples: 1, photometric: blackIsZero}
	content := writePacked(l, 8, 1, strip, field{270, 2, text})
	// The strip's size is that of the first image.
	at := bytes.Index(content, []byte{0x17, 0x01, 4, 0})
	binary.LittleEndian.PutUint32(content[at+8:], 6)
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil || file.Len() != 3 {
		t.Fatalf("%d images (%v)", file.Len(), err)
	}
	for i := range 3 {
		if _, pixels := readAll(t, content, i); pixels[0] != float32(6*i) || pixels[5] != float32(6*i+5) {
			t.Errorf("image %d is %v", i, pixels)
		}
	}
	// One that promises more than the file has is one image.
	more := bytes.Replace(content, []byte("images=3"), []byte("images=999"), 1)
	binary.LittleEndian.PutUint32(more[4:], binary.LittleEndian.Uint32(content[4:]))
	if file, err := Open(bytes.NewReader(more), int64(len(more))); err != nil || file.Len() != 1 {
		t.Errorf("%d images of a file that promises more than it has (%v)", file.Len(), err)
	}
}
