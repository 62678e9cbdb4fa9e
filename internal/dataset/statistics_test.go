package dataset

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"strings"
	"testing"

	"alrc/internal/random"
)

// statistics are the properties of a set of images that training on experiment 1 depends on.
type statistics struct {
	slope    float64 // of the logarithm of power against that of frequency, from 2 to 12 cycles an image
	kurtosis float64 // of horizontal differences of brightness, over all images
	mean     summary // of images' mean brightness
	spread   summary // of images' standard deviations
	colour   summary // the part of images' variance that lies in differences between channels' means
	chroma   summary // the part of images' variance that is not brightness
	detail   summary // mean |image - downsampled image|^2 of standardised images
	quartic  summary // and its fourth power
	// The same of augmented images.
	augmentedDetail, augmentedQuartic summary
}

// summary is a distribution over images.
type summary struct{ mean, p1, p10, p50, p90, p99, p999, max float64 }

func summarize(values []float64) summary {
	slices.Sort(values)
	at := func(q float64) float64 { return values[min(len(values)-1, int(q*float64(len(values))))] }
	var sum float64
	for _, value := range values {
		sum += value
	}
	return summary{sum / float64(len(values)), at(0.01), at(0.1), at(0.5), at(0.9), at(0.99), at(0.999), values[len(values)-1]}
}

func (s summary) String() string {
	return fmt.Sprintf("%9.4g %9.4g %9.4g %9.4g %9.4g %9.4g %9.4g %9.4g", s.mean, s.p1, s.p10, s.p50, s.p90, s.p99, s.p999, s.max)
}

func (s statistics) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "power spectrum slope %.2f, kurtosis of differences %.1f\n", s.slope, s.kurtosis)
	fmt.Fprintf(&b, "%-20s%9s %9s %9s %9s %9s %9s %9s %9s\n", "", "mean", "1%", "10%", "50%", "90%", "99%", "99.9%", "max")
	for _, row := range []struct {
		name string
		summary
	}{{"mean brightness", s.mean}, {"standard deviation", s.spread}, {"channel means", s.colour}, {"chroma", s.chroma},
		{"detail", s.detail}, {"quartic detail", s.quartic},
		{"augmented detail", s.augmentedDetail}, {"augmented quartic", s.augmentedQuartic}} {
		fmt.Fprintf(&b, "%-20s%v\n", row.name, row.summary)
	}
	return b.String()
}

// measure takes the statistics of up to limit images of 32x32 pixels.
func measure(tb testing.TB, images Images, limit int) statistics {
	const side = 32
	count := min(limit, images.Len())
	var mean, spread, colour, chroma, detail, quartic, augmentedDetail, augmentedQuartic []float64
	var power [side / 2]float64
	var second, fourth float64
	pixels, low := make([]float32, side*side*3), make([]float32, side*side*3)
	grey := make([]float64, side*side)
	details := func() (two, four float64) {
		Downsample(low, pixels, 1, side, side, 3)
		for i := range low {
			d := float64(pixels[i] - low[i])
			two += d * d
			four += d * d * d * d
		}
		return two / float64(len(low)), four / float64(len(low))
	}
	for i := range count {
		if err := images.Read(i, pixels); err != nil {
			tb.Fatal(err)
		}
		var sum, squares float64
		var channels, channelSquares [3]float64
		var greySum, greySquares float64
		for p := range grey {
			grey[p] = 0
			for c := range 3 {
				v := float64(pixels[3*p+c])
				sum += v
				squares += v * v
				channels[c] += v / (side * side)
				channelSquares[c] += v * v / (side * side)
				grey[p] += v / 3
			}
			greySum += grey[p] / (side * side)
			greySquares += grey[p] * grey[p] / (side * side)
		}
		sum, squares = sum/3072, squares/3072
		variance := max(squares-sum*sum, 1e-9)
		mean = append(mean, sum)
		spread = append(spread, math.Sqrt(variance))
		var between, within float64
		for c := range 3 {
			between += (channels[c] - sum) * (channels[c] - sum) / 3
			within += (channelSquares[c] - channels[c]*channels[c]) / 3
		}
		colour = append(colour, between/variance)
		chroma = append(chroma, max(0, within-(greySquares-greySum*greySum))/variance)

		// Each image has the same weight, as standardising gives it.
		scale := 1 / math.Sqrt(variance)
		for p := range grey {
			grey[p] = (grey[p] - greySum) * scale
			if p%side > 0 {
				d := grey[p] - grey[p-1]
				second += d * d
				fourth += d * d * d * d
			}
		}
		addPower(&power, grey)

		copyOf := slices.Clone(pixels)
		Standardize(pixels)
		two, four := details()
		detail, quartic = append(detail, two), append(quartic, four)
		for repeat := range uint64(4) {
			copy(pixels, copyOf)
			draws := random.New(random.Key(uint64(i), repeat))
			augment(pixels, side, 3, &draws)
			two, four := details()
			augmentedDetail, augmentedQuartic = append(augmentedDetail, two), append(augmentedQuartic, four)
		}
	}
	n := float64(count * side * (side - 1))
	return statistics{
		slope: fitSlope(power[:]), kurtosis: fourth / n / (second / n * second / n),
		mean: summarize(mean), spread: summarize(spread), colour: summarize(colour), chroma: summarize(chroma),
		detail: summarize(detail), quartic: summarize(quartic),
		augmentedDetail: summarize(augmentedDetail), augmentedQuartic: summarize(augmentedQuartic),
	}
}

// addPower adds an image's power to the rings of equal frequency. A window keeps the jump from one border to the other out.
func addPower(power *[16]float64, grey []float64) {
	const side = 32
	var field [side][side]complex128
	for y := range side {
		for x := range side {
			window := math.Sin(math.Pi*(float64(y)+0.5)/side) * math.Sin(math.Pi*(float64(x)+0.5)/side)
			field[y][x] = complex(grey[y*side+x]*window*window, 0)
		}
	}
	var line [side]complex128
	for range 2 { // rows, then columns
		for y := range side {
			line = field[y]
			transform(line[:])
			field[y] = line
		}
		for y := range side {
			for x := range y {
				field[y][x], field[x][y] = field[x][y], field[y][x]
			}
		}
	}
	var sums, counts [16]float64
	for y := range side {
		for x := range side {
			fy, fx := float64((y+16)%32-16), float64((x+16)%32-16)
			if ring := int(math.Round(math.Hypot(fy, fx))); ring > 0 && ring < 16 {
				magnitude := cmplx.Abs(field[y][x])
				sums[ring] += magnitude * magnitude
				counts[ring]++
			}
		}
	}
	for ring := 1; ring < 16; ring++ {
		power[ring] += sums[ring] / counts[ring]
	}
}

// transform is the discrete Fourier transform, in place, of a power of two values.
func transform(values []complex128) {
	if len(values) == 1 {
		return
	}
	half := len(values) / 2
	parts := make([]complex128, len(values))
	for i, value := range values {
		parts[i%2*half+i/2] = value
	}
	transform(parts[:half])
	transform(parts[half:])
	for i := range half {
		turned := parts[half+i] * cmplx.Rect(1, -2*math.Pi*float64(i)/float64(len(values)))
		values[i], values[half+i] = parts[i]+turned, parts[i]-turned
	}
}

func fitSlope(power []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for f := 2; f <= 12; f++ {
		x, y := math.Log(float64(f)), math.Log(power[f])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// TestCIFARStatistics shows where cifarStatistics are from.
func TestCIFARStatistics(t *testing.T) {
	train, _ := realCIFAR10(t)
	if train.Len() != 5*761 {
		t.Skip("this is another part of CIFAR-10 than the one that was measured")
	}
	if got, want := measure(t, train, train.Len()).String(), cifarStatistics.String(); got != want {
		t.Errorf("CIFAR-10 has\n%s\nand is said to have\n%s", got, want)
	}
}
