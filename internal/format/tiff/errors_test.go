package tiff

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func TestWriteRefuses(t *testing.T) {
	good := Image{Width: 2, Height: 1, Channels: 1, Pixels: []float32{1, 2}}
	with := func(change func(*Image)) []Image {
		m := good
		change(&m)
		return []Image{m}
	}
	for name, images := range map[string][]Image{
		"nothing":      nil,
		"no width":     with(func(m *Image) { m.Width = 0 }),
		"two channels": with(func(m *Image) { m.Channels, m.Width = 2, 1 }),
		"short":        with(func(m *Image) { m.Pixels = m.Pixels[:1] }),
		"layout tag":   with(func(m *Image) { m.Tags = []Tag{{256, 3, []byte{1, 0}}} }),
		"Exif":         with(func(m *Image) { m.Tags = []Tag{{34665, 4, []byte{8, 0, 0, 0}}} }),
		"wrong type":   with(func(m *Image) { m.Tags = []Tag{{270, 99, []byte("a")}} }),
		"odd length":   with(func(m *Image) { m.Tags = []Tag{{65000, 3, []byte{1}}} }),
		"twice":        with(func(m *Image) { m.Tags = []Tag{{305, 2, []byte("a")}, {305, 2, []byte("b")}} }),
	} {
		if err := Write(new(bytes.Buffer), images); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	good := layout{order: binary.LittleEndian, width: 9, height: 7, samples: 1, bits: 8, format: Unsigned, photometric: blackIsZero}
	file := func(change func(*layout)) []byte {
		l := good
		change(&l)
		return writeFile([]layout{l}, func(x, y, s int) uint64 { return uint64(x) })
	}
	whole := file(func(*layout) {})
	loop := bytes.Clone(whole)
	copy(loop[len(loop)-4:], loop[4:8])
	bomb := layout{order: binary.LittleEndian, width: 4, height: 4, samples: 1, bits: 8, format: Unsigned, photometric: blackIsZero}
	set := func(content []byte, id uint16, value uint32) []byte {
		content = bytes.Clone(content)
		at := bytes.Index(content[8:], binary.LittleEndian.AppendUint16(nil, id)) + 8
		for !bytes.Equal(content[at+4:at+8], []byte{1, 0, 0, 0}) {
			at += 2 + bytes.Index(content[at+2:], binary.LittleEndian.AppendUint16(nil, id))
		}
		binary.LittleEndian.PutUint32(content[at+8:], value)
		return content
	}
	small := writeFile([]layout{bomb}, func(x, y, s int) uint64 { return 0 })
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":             {nil, "header: it would end at byte 8 of a file of 0"},
		"a PNG file":        {[]byte("\x89PNG\r\n\x1a\n12345"), "no TIFF file"},
		"BigTIFF":           {[]byte("II\x2b\x00\x08\x00\x00\x00"), "BigTIFF"},
		"another version":   {[]byte("II\x2a\x01\x08\x00\x00\x00"), "version is 298"},
		"no page":           {[]byte("II*\x00\x00\x00\x00\x00"), "no page"},
		"truncated":         {whole[:len(whole)-30], "truncated"},
		"a loop":            {loop, "that of an earlier page"},
		"wide bomb":         {set(small, 256, 1<<20), "cannot become"},
		"huge":              {set(small, 256, 1<<30), "more than the"},
		"huge tile":         {file(func(l *layout) { l.tileWidth, l.tileHeight = 1<<14, 16 }), "tiles are of 16384x16"},
		"no offsets":        {file(func(l *layout) { l.withoutOffsets = true }), "where its pixels are"},
		"no palette":        {file(func(l *layout) { l.photometric = palette }), "palette"},
		"CMYK":              {file(func(l *layout) { l.photometric = 5 }), "photometric interpretation is 5"},
		"JPEG":              {file(func(l *layout) { l.compression = 7 }), "JPEG"},
		"no bits":           {set(whole, 258, 0), "numbers of 0 bits"},
		"24 bits":           {set(whole, 258, 24), "24 bits"},
		"complex":           {file(func(l *layout) { l.format = 6 }), "format 6"},
		"float predictor":   {file(func(l *layout) { l.predictor = 3 }), "predictor is 3"},
		"fill order":        {file(func(l *layout) { l.extra = []field{{266, 3, []uint64{2}}} }), "fill order"},
		"two samples of 3":  {file(func(l *layout) { l.photometric, l.samples = rgb, 2 }), "2 samples a pixel"},
		"strip of no rows":  {file(func(l *layout) { l.extra = []field{{278, 3, []uint64{0}}} }), "9x0"},
		"width as text":     {file(func(l *layout) { l.extra = []field{{256, 2, []uint64{'9', 0}}} }), "whole numbers are expected"},
		"width of no value": {file(func(l *layout) { l.extra = []field{{256, 3, nil}} }), "no value"},
		"mixed depths":      {file(func(l *layout) { l.extra = []field{{258, 3, []uint64{8, 16}}} }), "values [8 16]"},
	} {
		t.Run(name, func(t *testing.T) {
			err := readEverything(test.content)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v; it should say %q", err, test.want)
			}
		})
	}
	// Compressed data that is cut off, or is none.
	for _, compression := range []int{compressionLZW, compressionDeflate, compressionPackBits} {
		content := file(func(l *layout) { l.compression, l.rowsPerStrip = compression, 1 })
		for i := range 4 {
			content[8+i] = 0x7f
		}
		if err := readEverything(content); err == nil || !strings.Contains(err.Error(), "strip or tile 0") {
			t.Errorf("compression %d: the error is %v", compression, err)
		}
	}
}

// readEverything reads all that a small file has.
func readEverything(content []byte) error {
	file, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for i := range min(file.Len(), 4) {
		if _, err := file.Metadata(i); err != nil {
			return err
		}
		p, err := file.Page(i)
		if err != nil {
			return err
		}
		if p.Width*p.Height*p.Channels > 1<<20 {
			continue
		}
		if err := file.Read(p, make([]float32, p.Width*p.Height*p.Channels)); err != nil {
			return err
		}
	}
	return nil
}

func FuzzRead(f *testing.F) {
	value := func(x, y, s int) uint64 { return uint64(x + y + s) }
	for _, l := range []layout{
		{order: binary.LittleEndian, width: 5, height: 4, samples: 1, bits: 32, format: Float, photometric: blackIsZero, predictor: 3, compression: compressionDeflate},
		{order: binary.BigEndian, width: 5, height: 4, samples: 3, bits: 16, format: Unsigned, photometric: rgb, planes: true, tileWidth: 16, tileHeight: 16},
		{order: binary.BigEndian, width: 9, height: 3, samples: 1, bits: 2, format: Unsigned, photometric: palette, compression: compressionPackBits, colours: make([]uint16, 12)},
		{order: binary.LittleEndian, width: 3, height: 3, samples: 4, bits: 8, format: Signed, photometric: rgb, rowsPerStrip: 2, predictor: 2, compression: compressionLZW},
	} {
		f.Add(writeFile([]layout{l, l}, value))
	}
	f.Add(bigTIFF(binary.BigEndian, 3, 2, make([]uint16, 6)))
	packed := layout{width: 7, height: 1, samples: 1, photometric: blackIsZero}
	f.Add(writePacked(packed, 12, 1, make([]byte, 11)))
	f.Add(writePacked(packed, 8, compressionZSTD, []byte("\x28\xb5\x2f\xfd\x04\x00\x39\x00\x00\x01\x02\x03\x04\x05\x06\x07")))
	f.Add(writePacked(packed, 8, compressionJPEG, []byte("\xff\xd8\xff\xd9"), field{347, 7, []uint64{0xff, 0xd8, 0xff, 0xd9}}))
	f.Add(writePacked(packed, 8, 1, make([]byte, 21), field{270, 2, []uint64{'I', 'm', 'a', 'g', 'e', 'J', '=', '1', '\n', 'i', 'm', 'a', 'g', 'e', 's', '=', '3', 0}}))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := Open(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		for i := range min(file.Len(), 4) {
			tags, tagsErr := file.Metadata(i)
			p, err := file.Page(i)
			if err != nil || p.Width*p.Height*p.Channels > 1<<16 {
				continue
			}
			pixels := make([]float32, p.Width*p.Height*p.Channels)
			if file.Read(p, pixels) != nil || tagsErr != nil {
				continue
			}
			// What was read can be written and is the same when it is read again.
			var buffer bytes.Buffer
			if err := Write(&buffer, []Image{{Width: p.Width, Height: p.Height, Channels: p.Channels, Pixels: pixels, Tags: tags}}); err != nil {
				t.Fatal(err)
			}
			if _, again := readAll(t, buffer.Bytes(), 0); !slices.EqualFunc(again, pixels, equal) {
				t.Fatal("the pixels changed when they were written and read")
			}
		}
	})
}
