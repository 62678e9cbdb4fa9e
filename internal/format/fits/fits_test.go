package fits

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"alrc/internal/format/pixel"
)

// headerOf is a header of cards, padded.
func headerOf(cards ...string) string {
	var b strings.Builder
	for _, c := range append(cards, "END") {
		b.WriteString(c + strings.Repeat(" ", card-len(c)))
	}
	for b.Len()%block != 0 {
		b.WriteByte(' ')
	}
	return b.String()
}

// is is the card of a value.
func is(name string, value any) string {
	if text, ok := value.(string); ok && text != "T" && text != "F" {
		value = "'" + text + "'"
	}
	return fmt.Sprintf("%-8s= %20v / of the test", name, value)
}

// dataOf is numbers, big endian, padded.
func dataOf(numbers any) string {
	var b bytes.Buffer
	binary.Write(&b, binary.BigEndian, numbers)
	for b.Len()%block != 0 {
		b.WriteByte(0)
	}
	return b.String()
}

func open(content string) (*pixel.File, error) {
	return Open(strings.NewReader(content), int64(len(content)))
}

// simple is a primary header of a type and a shape, NAXIS1 first.
func simple(bits int, axes []int, more ...string) string {
	cards := []string{is("SIMPLE", "T"), is("BITPIX", bits), is("NAXIS", len(axes))}
	for i, length := range axes {
		cards = append(cards, is(fmt.Sprintf("NAXIS%d", i+1), length))
	}
	return headerOf(append(cards, more...)...)
}

func TestRead(t *testing.T) {
	nan := float32(math.NaN())
	for name, test := range map[string]struct {
		content string
		want    []float32 // of the first image, the top row first
		kind    pixel.Type
	}{
		"bytes":        {simple(8, []int{3, 2}) + dataOf([]uint8{1, 2, 3, 4, 5, 255}), []float32{4, 5, 255, 1, 2, 3}, pixel.Uint8},
		"signed bytes": {simple(8, []int{1, 2}, is("BZERO", -128)) + dataOf([]uint8{0, 255}), []float32{127, -128}, pixel.Int8},
		"int16":        {simple(16, []int{2, 1}) + dataOf([]int16{-1, 300}), []float32{-1, 300}, pixel.Int16},
		"uint16":       {simple(16, []int{2, 1}, is("BZERO", 32768), is("BSCALE", 1)) + dataOf([]int16{-32768, 32767}), []float32{0, 65535}, pixel.Uint16},
		"uint32":       {simple(32, []int{2, 1}, is("BZERO", 2147483648)) + dataOf([]int32{-1 << 31, 0}), []float32{0, 1 << 31}, pixel.Uint32},
		"int64":        {simple(64, []int{2, 1}) + dataOf([]int64{-5, 1 << 20}), []float32{-5, 1 << 20}, pixel.Int64},
		"float32":      {simple(-32, []int{1, 2}) + dataOf([]float32{0.5, nan}), []float32{nan, 0.5}, pixel.Float32},
		"float64":      {simple(-64, []int{1, 2}) + dataOf([]float64{0.25, 1e10}), []float32{1e10, 0.25}, pixel.Float64},
		"scaled":       {simple(16, []int{2, 1}, "BZERO   =               1.0D1", is("BSCALE", 0.5)) + dataOf([]int16{-2, 4}), []float32{9, 12}, pixel.Float64},
		"blank":        {simple(16, []int{2, 1}, is("BLANK", -7)) + dataOf([]int16{-7, 7}), []float32{nan, 7}, pixel.Float64},
		"not padded":   {simple(8, []int{2, 1}) + "\x07\x08", []float32{7, 8}, pixel.Uint8},
		"in an extension": {simple(8, nil) + headerOf(is("XTENSION", "IMAGE   "), is("BITPIX", 8), is("NAXIS", 2), is("NAXIS1", 2), is("NAXIS2", 1),
			is("PCOUNT", 0), is("GCOUNT", 1)) + dataOf([]uint8{9, 8}), []float32{9, 8}, pixel.Uint8},
		"something behind it": {simple(8, []int{2, 1}) + dataOf([]uint8{1, 2}) + strings.Repeat("\x00", block), []float32{1, 2}, pixel.Uint8},
	} {
		file, err := open(test.content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, offset, err := file.Stacks[0].Read(0)
		same := slices.EqualFunc(got, test.want, func(a, b float32) bool { return a == b || a != a && b != b })
		if err != nil || !same || offset != 0 || file.Stacks[0].Type != test.kind {
			t.Errorf("%s: %v of %v, offset %v, not %v of %v (%v)", name, got, file.Stacks[0].Type, offset, test.want, test.kind, err)
		}
	}
}

func TestReadWhatElseAFileSays(t *testing.T) {
	content := simple(16, []int{2, 1, 3}, is("CDELT1", -0.5), is("CUNIT1", "um"), is("CDELT2", 500), is("CUNIT2", "nm"), is("OBJECT", "the scientist''s lattice"),
		"COMMENT taken in the dark") + dataOf([]int16{1, 2, 3, 4, 5, 6}) +
		headerOf(is("XTENSION", "BINTABLE"), is("BITPIX", 8), is("NAXIS", 2), is("NAXIS1", 4), is("NAXIS2", 1), is("PCOUNT", 10), is("GCOUNT", 1), is("ZIMAGE", "T"),
			is("EXTNAME", "PACKED")) + dataOf(make([]byte, 14)) +
		headerOf(is("XTENSION", "IMAGE"), is("BITPIX", -32), is("NAXIS", 2), is("NAXIS1", 1), is("NAXIS2", 1), is("EXTNAME", "ERR")) + dataOf([]float32{2.5})
	file, err := open(content)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Stacks) != 2 || file.Len() != 4 || len(file.Left) != 1 || !strings.Contains(file.Left[0], "PACKED: a compressed image") {
		t.Fatalf("%d stacks of %d images, left out: %q", len(file.Stacks), file.Len(), file.Left)
	}
	first, second := file.Stacks[0], file.Stacks[1]
	if want := (pixel.Size{X: 0.5, Y: 0.5, Unit: "µm"}); first.Size != want {
		t.Errorf("a pixel is %v, not %v", first.Size, want)
	}
	for _, want := range []string{"OBJECT  =", "COMMENT taken in the dark\n", "CDELT1"} {
		if !strings.Contains(first.Text, want) {
			t.Errorf("%q lacks %q", first.Text, want)
		}
	}
	if strings.Contains(first.Text, "NAXIS") {
		t.Errorf("the text has the layout: %q", first.Text)
	}
	if got, _, err := first.Read(2); err != nil || !slices.Equal(got, []float32{5, 6}) {
		t.Errorf("image 2 is %v (%v)", got, err)
	}
	if got, _, err := second.Read(0); err != nil || second.Title != "ERR" || !slices.Equal(got, []float32{2.5}) {
		t.Errorf("%q is %v (%v)", second.Title, got, err)
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	extension := func(cards ...string) string {
		return simple(8, nil) + headerOf(append([]string{is("XTENSION", "IMAGE")}, cards...)...)
	}
	for want, content := range map[string]string{
		"ends within its header":  Magic + strings.Repeat(" ", 100),
		"no header":               strings.Repeat("x", block),
		"BITPIX is 12":            simple(12, []int{2, 2}),
		"NAXIS is missing":        headerOf(is("SIMPLE", "T"), is("BITPIX", 8)),
		"NAXIS2 is missing":       headerOf(is("SIMPLE", "T"), is("BITPIX", 8), is("NAXIS", 2), is("NAXIS1", 4)),
		"NAXIS1 is \"many\"":      headerOf(is("SIMPLE", "T"), is("BITPIX", 8), is("NAXIS", 2), "NAXIS1  = many"),
		"truncated or damaged":    simple(8, []int{2000, 2000}) + dataOf([]uint8{1}),
		"no file has":             simple(8, []int{1 << 30, 1 << 30}),
		"describe no image":       simple(8, nil),
		"header at byte 2880: BI": extension(is("BITPIX", 1), is("NAXIS", 0)),
	} {
		if _, err := open(content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// Whatever a file has, reading it ends, and panics on nothing.
func FuzzRead(f *testing.F) {
	f.Add([]byte(simple(16, []int{2, 2}, is("BZERO", 32768)) + dataOf([]int16{1, 2, 3, 4})))
	f.Add([]byte(simple(-32, []int{1, 1, 2}, is("BSCALE", 2)) + dataOf([]float32{1, 2})))
	f.Add([]byte(simple(8, nil) + headerOf(is("XTENSION", "IMAGE"), is("BITPIX", 8), is("NAXIS", 2), is("NAXIS1", 1), is("NAXIS2", 1)) + dataOf([]uint8{3})))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := open(string(content))
		if err != nil {
			return
		}
		for i := range min(file.Len(), 3) {
			stack, in, err := file.Find(i)
			if err != nil {
				t.Fatal(err)
			}
			if pixels, _, err := stack.Read(in); err == nil && len(pixels) != stack.Height*stack.Width {
				t.Fatalf("image %d of %dx%d has %d pixels", i, stack.Width, stack.Height, len(pixels))
			}
		}
	})
}
