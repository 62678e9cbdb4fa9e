package micrograph

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/tiff"
)

// What a mask image stands for, whatever it writes "seen" as.
func TestAsMask(t *testing.T) {
	for _, test := range []struct {
		pixels, want []float32
		note, fails  string
	}{
		{pixels: []float32{0, 1, 1}, want: []float32{0, 1, 1}},
		{pixels: []float32{0, 255, 0}, want: []float32{0, 1, 0}},
		{pixels: []float32{0, 2, 0}, want: []float32{0, 1, 0}},
		{pixels: []float32{0, 65535, 0}, want: []float32{0, 1, 0}},
		{pixels: []float32{1, 2, 1}, want: []float32{0, 1, 0}, note: "1 and 2"},
		{pixels: []float32{0, 51, 255}, want: []float32{0, 0.2, 1}},
		{pixels: []float32{0, 0.25, 0.25}, want: []float32{0, 0.25, 0.25}},
		{pixels: []float32{0.2, 0.25, 0.5}, want: []float32{0.2, 0.25, 0.5}},
		{pixels: []float32{0, 0}, fails: "sees nothing"},
		{pixels: []float32{255, 255}, fails: "sees everything"},
		{pixels: []float32{-1, 1}, fails: "pixel 0 is -1"},
	} {
		got, note, err := asMask(test.pixels)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%v: %v", test.pixels, err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, test.want) || (note != "") != (test.note != "") || !strings.Contains(note, test.note) {
			t.Errorf("%v: %v, %q, %v", test.pixels, got, note, err)
		}
	}
}

// Masks that do not belong to their image, or to what it is, are found out.
func TestMisusedMasks(t *testing.T) {
	const height, width = 40, 50
	mask := scanMask(t, Spiral, 0.1, height, width)
	truth, _ := surface(mask, height, width, func(x, y float64) float64 { return 100 + 20*math.Sin(9*x)*y })
	scan, product, inverted := slices.Clone(truth), slices.Clone(truth), make([]float32, len(mask))
	for i, m := range mask {
		product[i] *= m
		if m == 0 {
			scan[i], inverted[i] = 0, 255
		}
	}
	maskFile, scanFile, productFile := writeTIFF(t, height, width, mask), writeTIFF(t, height, width, scan), writeTIFF(t, height, width, product)
	jpegFile := writeFile(t, "mask.jpg", func(w io.Writer) error {
		picture := image.NewGray(image.Rect(0, 0, width, height))
		for i, m := range mask {
			picture.SetGray(i%width, i/width, color.Gray{Y: uint8(255 * m)})
		}
		return jpeg.Encode(w, picture, nil)
	})
	yes, no := true, false
	for _, test := range []struct {
		path  string
		o     PartialOptions
		fails string
	}{
		{path: scanFile, o: PartialOptions{Mask: maskFile}},
		{path: scanFile, o: PartialOptions{Mask: writeTIFF(t, height, width, inverted)}, fails: "inverted"},
		{path: scanFile, o: PartialOptions{Mask: jpegFile}, fails: "JPEG"},
		{path: productFile, o: PartialOptions{Mask: maskFile}, fails: "--premultiplied"},
		{path: productFile, o: PartialOptions{Mask: maskFile, Premultiplied: &yes}},
		{path: productFile, o: PartialOptions{Mask: maskFile, Premultiplied: &no}},
	} {
		p, err := readPartial(test.path, test.o)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%+v: %v, want %q", test.o, err, test.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", test.o, err)
			continue
		}
		for i, m := range p.Mask {
			want := truth[i]
			if test.o.Premultiplied == &no {
				want = product[i]
			}
			if m != mask[i] || m > 0 && math.Abs(float64(p.Pixels[i]-want)) > 1e-3 {
				t.Fatalf("%+v: pixel %d is %v of mask %v, want %v of %v", test.o, i, p.Pixels[i], m, want, mask[i])
			}
		}
	}
}

// A scan that passes every pixel, as spirals of 35 % do, has its mask in its file none the less.
func TestEveryPixelPassed(t *testing.T) {
	const height, width = 40, 50
	mask := scanMask(t, Spiral, 0.5, height, width)
	if slices.Contains(mask, 0) {
		t.Fatal("the scan leaves pixels out")
	}
	truth, _ := surface(mask, height, width, func(x, y float64) float64 { return x * y })
	p, err := NewPartial(writeTIFF(t, height, width, truth), 0, Scan{Kind: Spiral, Coverage: 0.5, Seed: 1}, PartialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := readPartial(writeFile(t, "scan.tif", p.Write), PartialOptions{})
	if err != nil || !slices.Equal(back.Mask, p.Mask) || len(back.Notes) != 1 || !strings.Contains(back.Notes[0], "every pixel was passed") {
		t.Errorf("%+v, %v", back, err)
	}
}

// Masks follow each their scan, or come after all scans, or are one for all.
func TestMasksOfStacks(t *testing.T) {
	const height, width = 3, 4
	pages := map[byte]tiff.Image{}
	for _, name := range "sabc" {
		image := tiff.Image{Height: height, Width: width, Channels: 1, Pixels: make([]float32, height*width)}
		for i := range image.Pixels {
			if image.Pixels[i] = float32(i + 1); name != 's' {
				image.Pixels[i] = 0
			}
		}
		if name != 's' {
			image.Pixels[name-'a'], image.Pixels[5] = 1, 1
			image.Tags = []tiff.Tag{{ID: description, Kind: 2, Data: []byte("Mask\x00")}}
		}
		pages[byte(name)] = image
	}
	for layout, want := range map[string]string{"sa": "a", "sasb": "ab", "ssab": "ab", "sssabc": "abc", "sssa": "aaa", "ssa": "aa", "sas": "aa"} {
		var images []tiff.Image
		for _, name := range []byte(layout) {
			images = append(images, pages[name])
		}
		s, err := OpenScans(writeFile(t, "stack.tif", func(w io.Writer) error { return tiff.Write(w, images) }), PartialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != len(want) {
			t.Errorf("%s: %d scans", layout, s.Len())
		}
		for i := range s.Len() {
			if p, err := s.Read(i); err != nil || !slices.Equal(p.Mask, pages[want[i]].Pixels) {
				t.Errorf("%s: scan %d has not the mask %c (%v)", layout, i, want[i], err)
			}
		}
		s.Close()
	}
}
