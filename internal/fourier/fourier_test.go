package fourier

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"
)

// A transform of all sizes of factors agrees with the sums that define it, and its inverse gives the image back.
func TestTransform(t *testing.T) {
	for _, size := range [][3]int{{1, 1, 0}, {3, 5, 1}, {16, 10, 4}, {9, 27, 3}, {25, 14, 1}, {20, 33, 7}} {
		height, width := size[0], size[1]
		random := rand.New(rand.NewPCG(1, uint64(height)))
		image := make([]float64, height*width)
		for i := range image {
			image[i] = random.NormFloat64()
		}
		transform := New(height, width, size[2], size[2]+1, 2)
		spectrum := transform.NewSpectrum()
		transform.Forward(spectrum, image)
		seen := 0.0
		for place := range spectrum.Re {
			if transform.Weight(place) == 0 {
				if spectrum.Re[place] != 0 || spectrum.Im[place] != 0 {
					t.Fatalf("%v: place %d beyond the end is not 0", size, place)
				}
				continue
			}
			seen += transform.Weight(place)
			down, along := transform.Frequency(place)
			var want complex128
			for i, value := range image {
				want += complex(value, 0) * cmplx.Exp(complex(0, -2*math.Pi*(down*float64(i/width)+along*float64(i%width))))
			}
			if got := complex(spectrum.Re[place], spectrum.Im[place]); cmplx.Abs(got-want) > 1e-11 {
				t.Fatalf("%v: at frequency %v, %v it is %v, want %v", size, down, along, got, want)
			}
		}
		if seen != float64(transform.Rows*transform.Columns) {
			t.Errorf("%v: weights come to %v", size, seen)
		}
		back := make([]float64, len(image))
		transform.Inverse(back, spectrum)
		for i, value := range image {
			if math.Abs(back[i]-value) > 1e-13 {
				t.Fatalf("%v: pixel %d comes back as %v, not %v", size, i, back[i], value)
			}
		}
	}
}

// Between is an inverse transform, a product and a transform, and no result depends on the number of threads.
func TestBetween(t *testing.T) {
	const height, width = 37, 50
	random := rand.New(rand.NewPCG(1, 2))
	image, weights := make([]float64, height*width), make([]float64, height*width)
	for i := range image {
		image[i], weights[i] = random.NormFloat64(), random.Float64()
	}
	var first Spectrum
	for _, threads := range []int{1, 3} {
		transform := New(height, width, 11, 14, threads)
		spectrum, result := transform.NewSpectrum(), transform.NewSpectrum()
		transform.Forward(spectrum, image)
		size := transform.BlockSize()
		transform.Between(weights, func(i int, in Spectrum) {
			copy(in.Re, spectrum.Re[i*size:])
			copy(in.Im, spectrum.Im[i*size:])
		}, func(i int, out Spectrum) {
			copy(result.Re[i*size:], out.Re)
			copy(result.Im[i*size:], out.Im)
		})
		if threads == 1 {
			first = result
			product := make([]float64, len(image))
			for i := range product {
				product[i] = image[i] * weights[i]
			}
			transform.Forward(spectrum, product)
			for i := range result.Re {
				if math.Abs(result.Re[i]-spectrum.Re[i]) > 1e-11 || math.Abs(result.Im[i]-spectrum.Im[i]) > 1e-11 {
					t.Fatalf("place %d: %v%+vi, want %v%+vi", i, result.Re[i], result.Im[i], spectrum.Re[i], spectrum.Im[i])
				}
			}
		} else if !slices.Equal(first.Re, result.Re) || !slices.Equal(first.Im, result.Im) {
			t.Error("results depend on the number of threads")
		}
	}
}

func TestFastSize(t *testing.T) {
	for n, want := range map[int]int{0: 2, 7: 8, 11: 12, 641: 648, 640: 640, 2047: 2048} {
		if got := fastSize(n); got != want {
			t.Errorf("fastSize(%d) = %d, want %d", n, got, want)
		}
	}
}

func BenchmarkBetween(b *testing.B) {
	for _, side := range []int{64, 512} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			transform := New(side, side, 128, 128, 1)
			weights := make([]float64, side*side)
			spectrum := transform.NewSpectrum()
			for b.Loop() {
				transform.Between(weights, func(int, Spectrum) {}, func(int, Spectrum) {})
			}
			_ = spectrum
		})
	}
}
