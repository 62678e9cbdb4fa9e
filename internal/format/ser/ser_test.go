package ser

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/pixel"
)

// image is an element of a series.
type image struct {
	step          float64
	kind          uint16
	width, height uint32
	data          []byte
}

// series writes a file as the format's description has it: images, then the table of their places and of their tags.
func series(version uint16, kind uint32, announced int, images ...image) []byte {
	le := binary.LittleEndian
	wide := version == 0x0220
	place := func(out []byte, at int) []byte {
		if wide {
			return le.AppendUint64(out, uint64(at))
		}
		return le.AppendUint32(out, uint32(at))
	}
	out := le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, 0x4949), 0x0197), version)
	for _, n := range []uint32{kind, 0x4152, uint32(announced), uint32(len(images))} {
		out = le.AppendUint32(out, n)
	}
	link := len(out)
	out = le.AppendUint32(place(out, 0), 0)
	var places []int
	for _, m := range images {
		places = append(places, len(out))
		for range 2 {
			out = le.AppendUint64(out, math.Float64bits(-1))
			out = le.AppendUint64(out, math.Float64bits(m.step))
			out = le.AppendUint32(out, 0)
		}
		out = le.AppendUint32(le.AppendUint32(le.AppendUint16(out, m.kind), m.width), m.height)
		out = append(out, m.data...)
	}
	copy(out[link:], place(nil, len(out)))
	for i := range 2 * announced {
		at := 0
		if i < len(places) {
			at = places[i]
		}
		out = place(out, at)
	}
	return out
}

func small(step float64) image { return image{step, 1, 3, 2, []byte{1, 2, 3, 4, 5, 6}} }

func open(data []byte, settings *Settings) (*pixel.File, error) {
	return Open(bytes.NewReader(data), int64(len(data)), settings)
}

func TestRead(t *testing.T) {
	for _, version := range []uint16{0x0210, 0x0220} {
		wide := image{2.5e-10, 5, 1, 2, []byte{0xff, 0xff, 2, 0}}
		data := series(version, ofImages, 200, small(2.5e-10), small(2.5e-10), wide)
		if !Is(data) {
			t.Error("it is not recognised")
		}
		file, err := open(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(file.Stacks) != 2 || file.Stacks[0].Count != 2 || file.Len() != 3 {
			t.Fatalf("stacks of images that are alike: %+v", file.Stacks)
		}
		if size := file.Stacks[0].Size; size != (pixel.Size{X: 250, Y: 250, Unit: "pm"}) {
			t.Errorf("a pixel is %v", size)
		}
		for i, want := range [][]float32{{4, 5, 6, 1, 2, 3}, {4, 5, 6, 1, 2, 3}, {2, -1}} {
			stack, in, err := file.Find(i)
			if err != nil {
				t.Fatal(err)
			}
			if got, _, err := stack.Read(in); err != nil || !slices.Equal(got, want) {
				t.Errorf("image %d is %v (%v)", i, got, err)
			}
		}
	}
}

func TestUnits(t *testing.T) {
	emi := func(mode string) *Settings {
		s, err := ReadSettings(strings.NewReader("\x00\x01<ObjectInfo><Uuid>1</Uuid><ExperimentalDescription><Root><Data><Label>High tension</Label><Value>200</Value>" +
			"<Unit>kV</Unit></Data><Data><Label>Mode</Label><Value> " + mode + "</Value><Unit></Unit></Data></Root></ExperimentalDescription></ObjectInfo>\x00"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, test := range []struct {
		step     float64
		settings *Settings
		unit     string
	}{
		{1e-9, nil, "nm"}, {1e8, nil, "1/nm"}, {1, nil, ""}, {1e-9, &Settings{}, "nm"},
		{1e8, emi("TEM uP SA Zoom Diffraction"), "1/nm"}, {1e-9, emi("STEM nP SA Zoom Diffraction"), "nm"}, {1e-9, emi("TEM uP SA Zoom Image"), "nm"},
	} {
		m := small(test.step)
		m.width, m.height = 64, 1
		m.data = make([]byte, 64)
		file, err := open(series(0x0210, ofImages, 1, m), test.settings)
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Stacks[0].Size.Unit; got != test.unit {
			t.Errorf("a step of %v with %v is in %q, want %q", test.step, test.settings, got, test.unit)
		}
	}
	if s := emi("x"); !slices.Equal(s.Lines, []string{"High tension: 200 kV", "Mode: x"}) {
		t.Errorf("settings: %q", s.Lines)
	}
	if s, err := ReadSettings(strings.NewReader("no settings")); err != nil || s.Mode != "" {
		t.Errorf("a file without settings: %v %v", s, err)
	}
}

func TestRefusals(t *testing.T) {
	good := series(0x0210, ofImages, 1, small(1))
	for want, data := range map[string][]byte{
		"spectra": series(0x0210, ofSpectra, 1, small(1)), "kind 0x1": series(0x0210, 1, 1, small(1)), "version is 0x0300": series(0x0300, ofImages, 1, small(1)),
		"none was taken": series(0x0210, ofImages, 7), "numbers of type 9": series(0x0210, ofImages, 1, image{1, 9, 1, 1, make([]byte, 8)}),
		"truncated or damaged": good[:len(good)-5], "image 0: its 1 images": series(0x0210, ofImages, 1, image{1, 1, 1 << 31, 1 << 31, nil}),
	} {
		if _, err := open(data, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(series(0x0210, ofImages, 3, small(1), small(2)), []byte("<ObjectInfo></ObjectInfo>"))
	f.Add(series(0x0220, ofImages, 3, small(1), small(1)), []byte{})
	f.Fuzz(func(t *testing.T, data, emi []byte) {
		settings, err := ReadSettings(bytes.NewReader(emi))
		if err != nil {
			t.Fatal(err)
		}
		file, err := open(data, settings)
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
