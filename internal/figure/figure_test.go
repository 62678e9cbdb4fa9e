package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func wave(n int) (x, y []float64) {
	for i := range n {
		x = append(x, float64(i+1))
		y = append(y, 2+math.Sin(float64(i)/50))
	}
	return x, y
}

func TestDownsampleKeepsSpikes(t *testing.T) {
	x, y := wave(100_000)
	y[12_345], y[77_777] = 1e9, -5
	y[50_000], y[50_001] = math.NaN(), math.Inf(1)
	stream := newDownsampler(1000)
	for i := range x {
		stream.Add(x[i], y[i])
	}
	streamX, streamY := stream.Points()
	wholeX, wholeY := downsample(x, y, 1000)
	for name, points := range map[string][2][]float64{"whole": {wholeX, wholeY}, "stream": {streamX, streamY}} {
		shortX, shortY := points[0], points[1]
		if len(shortX) > 1002 || len(shortX) < 400 {
			t.Errorf("%s: %d points of 1000", name, len(shortX))
		}
		if shortX[0] != 1 || shortX[len(shortX)-1] != 100_000 {
			t.Errorf("%s: from %v to %v", name, shortX[0], shortX[len(shortX)-1])
		}
		if low, high := Extent(shortY); low != -5 || high != 1e9 {
			t.Errorf("%s: extremes %v and %v are not those of the series", name, low, high)
		}
		for i := range shortX {
			if y[int(shortX[i])-1] != shortY[i] {
				t.Fatalf("%s: (%v, %v) is not a point of the series", name, shortX[i], shortY[i])
			}
			if i > 0 && shortX[i] < shortX[i-1] {
				t.Fatalf("%s: point %d is out of order", name, i)
			}
		}
	}
}

func TestDownsamplerKeepsEverythingThatFits(t *testing.T) {
	for n := range 9 {
		d := newDownsampler(16)
		for i := range n {
			d.Add(float64(i), float64(i%3))
		}
		if x, _ := d.Points(); len(x) != n {
			t.Errorf("%d of %d points", len(x), n)
		}
	}
}

func TestSmooth(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct{ got, want []float64 }{
		{Smooth([]float64{1, 2, 3, 4, 5}, 3), []float64{4. / 3, 2, 3, 4, 14. / 3}},
		{Smooth([]float64{nan, 2, nan, nan, nan, 5}, 3), []float64{2, 2, 2, nan, 5, 5}},
		{Smooth([]float64{1, 2}, 100), []float64{1.4, 1.6}},
		{Smooth([]float64{3, 1, nan}, 1), []float64{3, 1, nan}},
		{Smooth(nil, 3), []float64{}},
		// A huge loss leaves nothing behind once it is out of the window.
		{Smooth([]float64{1e300, 1, 1, 1}, 3)[2:], []float64{1, 1}},
	} {
		if fmt.Sprint(test.got) != fmt.Sprint(test.want) {
			t.Errorf("got %v, want %v", test.got, test.want)
		}
	}
}

// One huge value is a peak at its own place, and no plateau as wide as the window.
func TestSmoothDrawsAPeakAsOne(t *testing.T) {
	for _, window := range []int{10, 33, 250} {
		y := make([]float64, 1000)
		y[600] = 992
		smooth := Smooth(y, window)
		var sum, squares float64
		for i, value := range smooth {
			if i > 0 && (i <= 600 && value < smooth[i-1] || i > 600 && value > smooth[i-1]) || value == smooth[600] && i != 600 {
				t.Errorf("window %d: %v follows %v at %d", window, value, smooth[max(0, i-1)], i)
			}
			sum += value
			squares += value * value
		}
		// It is as smooth as a plain mean, of which sum²/squares is the window.
		if width := sum * sum / squares; math.Abs(sum-992) > 1e-6 || math.Abs(width/float64(window)-1) > 0.06 {
			t.Errorf("window %d: the sum is %v and the width %v", window, sum, width)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		axis axis
		want string
	}{
		{newAxis(limits{0, 6000}, false, false, 6), "0 1,000 2,000 3,000 4,000 5,000 6,000"},
		{newAxis(limits{0.1, 0.93}, false, true, 5), "0 0.2 0.4 0.6 0.8 1.0"},
		{newAxis(limits{0.01, 1e6}, true, true, 10), "0.01 0.1 1 10 100 1,000 10,000 10⁵ 10⁶"},
		{newAxis(limits{1, 20}, true, true, 6), "1 2 5 10 20"},
		{newAxis(limits{-1e9, 1e9}, false, false, 4), "−10⁹ −5·10⁸ 0 5·10⁸ 10⁹"},
		{newAxis(limits{5, 5}, false, false, 2), "4.5 5.0 5.5"},
	} {
		var labels []string
		for _, tick := range test.axis.ticks {
			if tick.label != "" {
				labels = append(labels, tick.label)
			}
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("got ticks %q, want %q", got, test.want)
		}
	}
}

func example() Plot {
	x, y := wave(2000)
	y[700] = 300
	y[900] = math.NaN()
	return Plot{Title: "A < B & C", XLabel: "step", YLabel: "loss", LogY: true,
		Series: []Series{{Name: "first", X: x, Y: y}, {Name: "limit", X: x, Y: Smooth(y, 100), Dashed: true}},
		Marks:  []Mark{{Name: "spike", X: []float64{701, 800}, Y: []float64{300, math.Inf(1)}}},
		Spans:  []Span{{Name: "episode", From: 690, To: 710}}}
}

func TestFigureDrawsWhatItIsGiven(t *testing.T) {
	var image, svg bytes.Buffer
	if err := (Figure{Plots: []Plot{example()}}).WritePNG(&image, 800, 500); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&image)
	if err != nil || picture.Bounds().Dx() != 800 || picture.Bounds().Dy() != 500 {
		t.Fatalf("%v, %v", picture.Bounds(), err)
	}
	if err := (Figure{Plots: []Plot{example(), example()}, SharedY: true}).WriteSVG(&svg, 1600, 500); err != nil {
		t.Fatal(err)
	}
	text := svg.String()
	for _, want := range []string{"A &lt; B &amp; C", ">step<", ">loss<", ">limit<", ">spike<", ">episode<", ">100<"} {
		if !strings.Contains(text, want) {
			t.Errorf("the SVG lacks %s", want)
		}
	}
	if strings.Count(text, ">spike<") != 1 {
		t.Error("two plots with the same names have one legend")
	}
	if regexp.MustCompile(`NaN|Inf`).MatchString(text) {
		t.Error("the SVG has a coordinate that is no number")
	}
	for decoder := xml.NewDecoder(&svg); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFigureRefusesWhatItCannotDraw(t *testing.T) {
	for _, test := range []struct {
		figure Figure
		width  int
		want   string
	}{
		{Figure{}, 800, "without a plot"},
		{Figure{Plots: []Plot{example()}}, 10, "width and height"},
		{Figure{Plots: []Plot{{Series: []Series{{Name: "s", X: []float64{1}}}}}}, 800, `"s"`},
	} {
		if err := test.figure.WritePNG(io.Discard, test.width, 400); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %q", err, test.want)
		}
	}
}

func TestPlotsOfNothing(t *testing.T) {
	nan := math.NaN()
	for _, p := range []Plot{
		{}, {LogY: true},
		{Series: []Series{{X: []float64{1, 2}, Y: []float64{nan, nan}}}},
		{LogY: true, Series: []Series{{X: []float64{1, 2}, Y: []float64{-1, 0}}}},
		{Series: []Series{{X: []float64{3}, Y: []float64{0}}}},
		{Series: []Series{{X: []float64{0, 1}, Y: []float64{-math.MaxFloat64, math.MaxFloat64}}}},
		{LogY: true, Series: []Series{{X: []float64{0, 1}, Y: []float64{math.SmallestNonzeroFloat64, math.MaxFloat64}}}},
	} {
		if err := (Figure{Plots: []Plot{p}}).WriteSVG(io.Discard, 600, 400); err != nil {
			t.Error(err)
		}
		if err := Terminal(io.Discard, p, 60, 15, true); err != nil {
			t.Error(err)
		}
	}
}

func TestTerminalFits(t *testing.T) {
	for _, size := range [][2]int{{20, 6}, {40, 10}, {100, 18}, {200, 60}} {
		for name, draw := range map[string]func(io.Writer) error{
			"braille": func(w io.Writer) error { return Terminal(w, example(), size[0], size[1], false) },
			"colour":  func(w io.Writer) error { return Terminal(w, example(), size[0], size[1], true) },
			"ascii":   func(w io.Writer) error { return ASCII(w, example(), size[0], size[1]) },
		} {
			var out bytes.Buffer
			if err := draw(&out); err != nil {
				t.Errorf("%v %s: %v", size, name, err)
				continue
			}
			text := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(out.String(), "")
			if name != "colour" && text != out.String() {
				t.Errorf("%v %s: has escape sequences", size, name)
			}
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if len(lines) > size[1] {
				t.Errorf("%v %s: %d rows", size, name, len(lines))
			}
			for _, line := range lines {
				if utf8.RuneCountInString(line) > size[0] {
					t.Errorf("%v %s: %q is too long", size, name, line)
				}
				if name == "ascii" && strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
					t.Errorf("%q is not ASCII", line)
				}
			}
		}
	}
	if err := Terminal(io.Discard, example(), 10, 3, false); err == nil {
		t.Error("a plot of 10 columns was drawn")
	}
}

func TestTerminalShowsTheCurve(t *testing.T) {
	var out bytes.Buffer
	p := Plot{Series: []Series{{X: []float64{0, 1, 2}, Y: []float64{0, 1, 0}}}}
	if err := ASCII(&out, p, 24, 7); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[0], "*") || strings.Count(lines[0], "*") > 4 || strings.Index(lines[4], "*") > strings.Index(lines[0], "*") {
		t.Errorf("this is no peak:\n%s", out.String())
	}
}

// A mark is not lost among the dots of a curve.
func TestTerminalShowsMarks(t *testing.T) {
	p := Plot{Series: []Series{{X: []float64{0, 1, 2}, Y: []float64{0, 1, 0}}},
		Marks: []Mark{{Name: "peak", X: []float64{1}, Y: []float64{1}, Cross: true}, {Name: "end", X: []float64{2}, Y: []float64{0}}}}
	var out bytes.Buffer
	if err := Terminal(&out, p, 24, 8, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if lines[0] != "× peak   • end" || !strings.Contains(lines[1], "×") || !strings.Contains(lines[5], "•") {
		t.Errorf("a cross belongs at the top, a dot at the bottom:\n%s", out.String())
	}
}

func TestPageIsWhole(t *testing.T) {
	page := &Page{Title: "T <1>"}
	page.Lead("lead")
	page.Warning("a & b")
	page.Heading(2, "section")
	page.Figure(Figure{Plots: []Plot{example()}}, 800, 500, "what \"it\" shows", "caption")
	page.Table(Table{Caption: "numbers", Header: []string{"name", "value"}, Rows: [][]string{{"a", "1"}, {"b", "<2>"}}, Emphasis: []int{1}})
	page.Gallery("g", []Image{{Content: []byte("x"), Alt: "first", Caption: "one"}})
	page.Grid("grid", []string{"in", "out"}, []Image{{Content: []byte("x"), Alt: "in 1"}, {Content: []byte("y"), Alt: "out 1"}})
	page.Definitions([][2]string{{"name", "value"}})
	page.Code("alrc  train")
	var out bytes.Buffer
	if err := page.Write(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"<title>T &lt;1&gt;</title>", `alt="out 1"`, "&lt;2&gt;", "a &amp; b", "alrc  train",
		"var(--ink)", `role="img"`, "what &#34;it&#34; shows", `src="data:image/png;base64,eA=="`, `<tr class="strong">`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if found := regexp.MustCompile(`(?i)(src|href)="[^d#]|url\(|@import|<script|<link|<\?xml`).FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
	if strings.Count(text, "<svg") != strings.Count(text, "</svg>") || strings.Contains(text, "ZgotmplZ") {
		t.Error("the page is broken")
	}
	page.Figure(Figure{}, 800, 500, "", "")
	if err := page.Write(io.Discard); err == nil {
		t.Error("a figure that failed was left out in silence")
	}
}

func BenchmarkDownsampler(b *testing.B) {
	d := newDownsampler(4000)
	b.SetBytes(16)
	for i := range b.N {
		d.Add(float64(i), float64(i%1000))
	}
}

func TestImageGridShowsEveryImage(t *testing.T) {
	red, blue := image.NewUniform(color.RGBA{255, 0, 0, 255}), image.NewUniform(color.RGBA{0, 0, 255, 255})
	square := func(from image.Image) image.Image {
		img := image.NewRGBA(image.Rect(0, 0, 4, 4))
		draw.Draw(img, img.Bounds(), from, image.Point{}, draw.Src)
		return img
	}
	var out bytes.Buffer
	grid := ImageGrid{Columns: []string{"input", "target"}, Rows: [][]image.Image{{square(red), square(blue)}, {nil, square(red)}}, Size: 100}
	if err := grid.WritePNG(&out); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[color.Color]int)
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			counts[color.RGBAModel.Convert(picture.At(x, y))]++
		}
	}
	if counts[red.C] != 2*100*100 || counts[blue.C] != 100*100 {
		t.Errorf("%d red and %d blue pixels", counts[red.C], counts[blue.C])
	}
	grid.Rows[0] = grid.Rows[0][:1]
	if err := grid.WritePNG(io.Discard); err == nil {
		t.Error("a row with an image missing was drawn")
	}
}

// The font lacks the superscript 0: powers of ten are drawn as smaller digits above the line, whole.
func TestSuperscripts(t *testing.T) {
	for text, want := range map[string]string{"10²⁰": "[{10 false} {20 true}]", "10⁻⁵ s": "[{10 false} {−5 true} { s false}]", "a": "[{a false}]"} {
		if got := fmt.Sprint(pieces(text)); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
