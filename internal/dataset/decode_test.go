package dataset

import (
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
)

func openImage(t testing.TB, content []byte) (*imagefile.File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := imagefile.Open(path)
	if err == nil {
		t.Cleanup(f.Close)
	}
	return f, err
}

// decodeAll decodes all pages of a file.
func decodeAll(t testing.TB, content []byte, size int) (images [][]float32, wholes []bool, err error) {
	f, err := openImage(t, content)
	if err != nil {
		return nil, nil, err
	}
	for page := range min(f.Len(), 4) {
		m, err := f.Read(page)
		if err != nil {
			return nil, nil, err
		}
		if min(m.Height, m.Width) < size {
			return nil, nil, errors.New("too small")
		}
		pixels, whole, err := square(m, size)
		if err != nil {
			return nil, nil, err
		}
		images, wholes = append(images, pixels), append(wholes, whole)
	}
	return images, wholes, nil
}

func decodeOne(t *testing.T, content []byte, size int) []float32 {
	t.Helper()
	images, _, err := decodeAll(t, content, size)
	if err != nil {
		t.Fatal(err)
	}
	return images[0]
}

// An image of the size asked for is read as it is, whatever it is stored in.
func TestImageFilesOfEveryKind(t *testing.T) {
	const size = 6
	bounds := image.Rect(0, 0, size, size)
	grey := func(x, y int) color.Color { return color.Gray{uint8(40*x + 3*y)} }
	grey16 := func(x, y int) color.Color { return color.Gray16{uint16(10000*x + 17*y)} }
	colour := func(x, y int) color.Color { return color.NRGBA{uint8(40 * x), uint8(40 * y), 77, 255} }
	colour16 := func(x, y int) color.Color { return color.NRGBA64{uint16(10001 * x), uint16(10001 * y), 12345, 65535} }
	half := func(x, y int) color.Color { return color.NRGBA{200, 100, 50, uint8(51 * x)} }
	palette := color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{200, 100, 50, 255}}
	floats := tiff.Image{Width: size, Height: size, Channels: 1}
	for i := range size * size {
		floats.Pixels = append(floats.Pixels, float32(i)/8-5)
	}
	for name, test := range map[string]struct {
		content []byte
		whole   bool
		want    func(x, y, c int) float64
	}{
		"PNG, 8-bit grey":    {pngOf(t, paint(image.NewGray(bounds), grey)), true, func(x, y, c int) float64 { return float64(40*x + 3*y) }},
		"PNG, 16-bit grey":   {pngOf(t, paint(image.NewGray16(bounds), grey16)), false, func(x, y, c int) float64 { return float64(10000*x+17*y) / 257 }},
		"PNG, 8-bit colour":  {pngOf(t, paint(image.NewNRGBA(bounds), colour)), true, func(x, y, c int) float64 { return []float64{40 * float64(x), 40 * float64(y), 77}[c] }},
		"PNG, 16-bit colour": {pngOf(t, paint(image.NewNRGBA64(bounds), colour16)), false, func(x, y, c int) float64 { return []float64{10001 * float64(x), 10001 * float64(y), 12345}[c] / 257 }},
		"PNG, transparent over black": {pngOf(t, paint(image.NewNRGBA(bounds), half)), true, func(x, y, c int) float64 {
			return math.Round([]float64{200, 100, 50}[c] * float64(x) / 5)
		}},
		"PNG, palette": {pngOf(t, paint(image.NewPaletted(bounds, palette), func(x, y int) color.Color { return palette[(x+y)%2] })), true, func(x, y, c int) float64 {
			return [][]float64{{1, 2, 3}, {200, 100, 50}}[(x+y)%2][c]
		}},
		"TIFF, 8-bit grey":    {shortTIFF(t, paint(image.NewGray(bounds), grey)), true, func(x, y, c int) float64 { return float64(40*x + 3*y) }},
		"TIFF, 16-bit colour": {shortTIFF(t, paint(image.NewRGBA64(bounds), colour16)), false, func(x, y, c int) float64 { return []float64{10001 * float64(x), 10001 * float64(y), 12345}[c] / 257 }},
		"TIFF, palette": {shortTIFF(t, paint(image.NewPaletted(bounds, palette), func(x, y int) color.Color { return palette[(x+y)%2] })), true, func(x, y, c int) float64 {
			return [][]float64{{1, 2, 3}, {200, 100, 50}}[(x+y)%2][c]
		}},
		// A microscope's 16 bits are scaled by the range that they use.
		"TIFF, 16-bit grey": {shortTIFF(t, paint(image.NewGray16(bounds), func(x, y int) color.Color { return color.Gray16{uint16(100 + 6*y + x)} })), false,
			func(x, y, c int) float64 { return float64(6*y+x) * 255 / 35 }},
		"TIFF, float": {tiffOf(t, floats), false, func(x, y, c int) float64 { return float64(6*y+x) * 255 / 35 }},
	} {
		t.Run(name, func(t *testing.T) {
			images, wholes, err := decodeAll(t, test.content, size)
			if err != nil {
				t.Fatal(err)
			}
			if wholes[0] != test.whole {
				t.Errorf("values are kept as bytes: %v", wholes[0])
			}
			pixels := make([]float32, 3*size*size)
			spread(pixels, images[0])
			tolerance := 1e-3
			if test.whole {
				tolerance = 0
			}
			for i, got := range pixels {
				x, y, c := i/3%size, i/3/size, i%3
				if want := test.want(x, y, c); math.Abs(float64(got)-want) > tolerance {
					t.Fatalf("row %d, column %d, channel %d is %v, not %v", y, x, c, got, want)
				}
			}
		})
	}
	t.Run("JPEG", func(t *testing.T) {
		pixels := decodeOne(t, jpegOf(t, paint(image.NewGray(bounds), grey)), size)
		for i, got := range pixels {
			if want := 40*(i%size) + 3*(i/size); math.Abs(float64(got)-float64(want)) > 4 {
				t.Errorf("value %d is %v, not about %d", i, got, want)
			}
		}
		colours := decodeOne(t, jpegOf(t, paint(image.NewRGBA(bounds), func(x, y int) color.Color { return color.RGBA{200, 60, 20, 255} })), size)
		for c, want := range []float32{200, 60, 20} {
			if math.Abs(float64(colours[c]-want)) > 4 {
				t.Errorf("channel %d is %v, not about %v", c, colours[c], want)
			}
		}
	})
}

// Measurements are spread over 0..255 by what they have in common; hot pixels, dead images and numbers that are none do no harm.
func TestFloatImages(t *testing.T) {
	const side = 40
	at := func(change func(pixels []float32)) []byte {
		m := tiff.Image{Width: side, Height: side, Channels: 1, Pixels: make([]float32, side*side)}
		for i := range m.Pixels {
			m.Pixels[i] = 1000 + float32(i)
		}
		change(m.Pixels)
		return tiffOf(t, m)
	}
	span := float32(side*side - 1)
	check := func(name string, pixels []float32, i int, want float32) {
		t.Helper()
		if math.Abs(float64(pixels[i]-want)) > 0.5 {
			t.Errorf("%s: pixel %d is %v, not %v", name, i, pixels[i], want)
		}
	}
	pixels := decodeOne(t, at(func([]float32) {}), side)
	check("a ramp", pixels, 0, 0)
	check("a ramp", pixels, side*side/2, 127.5)
	check("a ramp", pixels, side*side-1, 255)

	pixels = decodeOne(t, at(func(p []float32) { p[5] = 1e30 }), side)
	check("a hot pixel", pixels, 5, 255)
	check("a hot pixel", pixels, 0, 0)
	if last := pixels[side*side-1]; last < 110 {
		t.Errorf("a hot pixel leaves %v of 255 to all others", last)
	}

	pixels = decodeOne(t, at(func(p []float32) {
		p[7], p[8], p[9] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
	}), side)
	check("NaN", pixels, 7, 0)
	check("+Inf", pixels, 8, 255)
	check("-Inf", pixels, 9, 0)
	check("beside NaN", pixels, 100, 100*255/span)

	for _, value := range []float32{0, -3, 7e30} {
		for i, pixel := range decodeOne(t, at(func(p []float32) {
			for i := range p {
				p[i] = value
			}
		}), side) {
			if pixel != 0 {
				t.Fatalf("of an image of %v alone, pixel %d is %v", value, i, pixel)
			}
		}
	}
	// The largest range that there is.
	pixels = decodeOne(t, at(func(p []float32) {
		for i := range p {
			p[i] = math.MaxFloat32 * float32(2*(i%2)-1)
		}
	}), side)
	check("everything", pixels, 0, 0)
	check("everything", pixels, 1, 255)

	_, _, err := decodeAll(t, at(func(p []float32) {
		for i := range p {
			p[i] = float32(math.NaN())
		}
	}), side)
	if err == nil || !strings.Contains(err.Error(), "finite") {
		t.Errorf("of an image without numbers the error is %v", err)
	}
}

func TestCropAndResize(t *testing.T) {
	// A wide image of which the middle is white: what is left and right of it is cut off.
	wide := pngOf(t, paint(image.NewGray(image.Rect(0, 0, 90, 30)), func(x, y int) color.Color {
		if x >= 30 && x < 60 {
			return color.White
		}
		return color.Black
	}))
	for i, value := range decodeOne(t, wide, 10) {
		if value != 255 {
			t.Errorf("value %d of a white square is %v", i, value)
		}
	}
	// A plane stays one; borders apart, where the kernel reaches out of the image.
	floats := tiff.Image{Width: 50, Height: 60, Channels: 1}
	for i := range 50 * 60 {
		floats.Pixels = append(floats.Pixels, float32(2*(i%50)+i/50))
	}
	pixels := decodeOne(t, tiffOf(t, floats), 20)
	for y := 4; y < 16; y++ {
		for x := 4; x < 16; x++ {
			// The square begins at row 5; sample x of 20 is at (x + 1/2) 2.5 - 1/2.
			column, row := (float64(x)+0.5)*2.5-0.5, (float64(y)+0.5)*2.5-0.5+5
			if want := (2*column + row) * 255 / (2*49 + 59); math.Abs(float64(pixels[y*20+x])-want) > 0.1 {
				t.Fatalf("row %d, column %d is %v, not %v", y, x, pixels[y*20+x], want)
			}
		}
	}
	// Stripes: what the new size can show stays, and what it cannot must not come back as a false pattern.
	contrast := func(period float64) float64 {
		stripes := pngOf(t, paint(image.NewGray16(image.Rect(0, 0, 240, 240)), func(x, y int) color.Color {
			// The first sample, in the middle of 6 pixels, is at a crest.
			return color.Gray16{uint16(32768 + 30000*math.Cos(2*math.Pi*(float64(x)-2.5)/period))}
		}))
		pixels := decodeOne(t, stripes, 40)
		return float64(slices.Max(pixels)-slices.Min(pixels)) / (60000.0 / 257)
	}
	if kept := contrast(24); kept < 0.93 {
		t.Errorf("stripes of 4 pixels keep %.2f of their contrast", kept)
	}
	if kept := contrast(6.5); kept > 0.1 {
		t.Errorf("stripes of 1.08 pixels keep %.2f of their contrast, as a false pattern", kept)
	}
}

func FuzzImageFile(f *testing.F) {
	scene := paint(image.NewNRGBA(image.Rect(0, 0, 9, 7)), func(x, y int) color.Color {
		return color.NRGBA{uint8(20 * x), uint8(30 * y), 9, uint8(255 - x)}
	})
	f.Add(pngOf(f, scene))
	f.Add(jpegOf(f, scene))
	f.Add(shortTIFF(f, scene))
	f.Add(tiffOf(f, tiff.Image{Width: 5, Height: 4, Channels: 1, Pixels: make([]float32, 20)}, tiff.Image{Width: 4, Height: 4, Channels: 3, Pixels: make([]float32, 48)}))
	f.Add(hugePNG(1<<20, 1<<20))
	f.Fuzz(func(t *testing.T, content []byte) {
		f, err := openImage(t, content)
		if err != nil {
			return
		}
		for page := range min(f.Len(), 4) {
			if height, width, err := f.Size(page); err == nil && height*width > 1<<20 {
				return // legal, and slow
			}
		}
		images, wholes, err := decodeAll(t, content, 3)
		if err != nil {
			return
		}
		for i, pixels := range images {
			if len(pixels) != 9 && len(pixels) != 27 {
				t.Fatalf("an image has %d values", len(pixels))
			}
			for _, value := range pixels {
				if !(value >= 0 && value <= 255) || wholes[i] && value != float32(int(value)) {
					t.Fatalf("an image has the value %v", value)
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	scene := paint(image.NewRGBA(image.Rect(0, 0, 1600, 1200)), func(x, y int) color.Color {
		return color.RGBA{uint8(x * y >> 8), uint8(x ^ y), uint8(x + y), 255}
	})
	for name, content := range map[string][]byte{"png": pngOf(b, scene), "jpeg": jpegOf(b, scene)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := decodeAll(b, content, 64); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
