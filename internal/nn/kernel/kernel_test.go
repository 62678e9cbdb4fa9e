package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// Every set is held against plain float64 loops that are written here, on odd sizes, strides and alignments. Memory
// around what a function may write is filled with a value that must stay.

const guard = 12345

// eachSet runs a test for every set that the processor has.
func eachSet(t *testing.T, test func(t *testing.T, s *Set, random *rand.Rand)) {
	for _, s := range sets() {
		t.Run(s.Name, func(t *testing.T) { test(t, s, rand.New(rand.NewPCG(1, 2))) })
	}
}

func normal(random *rand.Rand, n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(random.NormFloat64())
	}
	return list
}

func guarded(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = guard
	}
	return list
}

// same compares with a tolerance that rounding leaves; where want is NaN, the guard must be there.
func same(t *testing.T, got []float32, want []float64, tolerance float64) {
	t.Helper()
	for i := range got {
		expected := want[i]
		if math.IsNaN(expected) {
			if got[i] != guard {
				t.Fatalf("%d was written to: %v", i, got[i])
			}
		} else if !(math.Abs(float64(got[i])-expected) <= tolerance*(1+math.Abs(expected))) {
			t.Fatalf("%d is %v, want %v", i, got[i], expected)
		}
	}
}

func untouched(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.NaN()
	}
	return list
}

func TestMultiply(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set, random *rand.Rand) {
		for _, width := range []int{Channels, s.Panel} {
			for _, rows := range []int{1, 2, 3, 5, 7, 11, 12, 13, 24, 31, 37} {
				for _, depth := range []int{1, 2, 15} {
					for _, accumulate := range []bool{false, true} {
						t.Run(fmt.Sprint(width, rows, depth, accumulate), func(t *testing.T) {
							multiply(t, s, random, width, rows, depth, accumulate)
						})
					}
				}
			}
		}
	})
}

func multiply(t *testing.T, s *Set, random *rand.Rand, width, rows, depth int, accumulate bool) {
	const taps = 3
	rowStride, depthStride := 5, 2
	bStride, cStride := width+3, width+5
	a, b := normal(random, 1000), normal(random, 4000)
	c, want := guarded(rows*cStride), untouched(rows*cStride)
	tapsA, tapsB := []int{0, 4 * 301, 4 * 77}, []int{4 * 40, 0, 4 * 1201}
	for r := range rows {
		for i := range width {
			sum := 0.0
			if accumulate {
				sum = float64(r + i)
				c[r*cStride+i] = float32(sum)
			}
			for tap := range taps {
				for k := range depth {
					sum += float64(a[tapsA[tap]/4+r*rowStride+k*depthStride]) * float64(b[tapsB[tap]/4+k*bStride+i])
				}
			}
			want[r*cStride+i] = sum
		}
	}
	p := &Product{A: &a[0], B: &b[0], C: &c[0], RowStride: 4 * rowStride, DepthStride: 4 * depthStride, BStride: 4 * bStride,
		CStride: 4 * cStride, TapsA: &tapsA[0], TapsB: &tapsB[0], Taps: taps, Depth: depth, Accumulate: accumulate}
	s.Multiply(p, rows, width)
	same(t, c, want, 1e-5)
}

// The matrices of F(4, 3), in exact fractions.
var (
	inputMatrix = [][]float64{{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
		{0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}}
	weightMatrix = [][]float64{{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6},
		{1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}}
	outputMatrix = [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}
)

func transposed(m [][]float64) [][]float64 {
	list := make([][]float64, len(m[0]))
	for i := range list {
		for _, row := range m {
			list[i] = append(list[i], row[i])
		}
	}
	return list
}

// sandwich is m x m^T.
func sandwich(m, x [][]float64) [][]float64 {
	product := func(a, b [][]float64) [][]float64 {
		list := make([][]float64, len(a))
		for i := range a {
			list[i] = make([]float64, len(b[0]))
			for j := range list[i] {
				for k := range b {
					list[i][j] += a[i][k] * b[k][j]
				}
			}
		}
		return list
	}
	return product(product(m, x), transposed(m))
}

func TestTransforms(t *testing.T) {
	const slope = 0.25
	eachSet(t, func(t *testing.T, s *Set, random *rand.Rand) {
		for _, vectors := range []int{1, 3} {
			channels := vectors * s.Lanes
			const tiles = 2 // of pixels; kernels have one
			plane, pixel, row := tiles*channels+7, channels+3, 11*(channels+3)+5
			bias := normal(random, channels)
			type layout struct{ side, row, column, next int }
			pixels := func(side int) layout { return layout{side, row, pixel, 4 * pixel} }
			planes := layout{6, 6 * plane, plane, channels}
			taps := layout{3, 3 * pixel, pixel, 0}
			for _, test := range []struct {
				name       string
				matrix     [][]float64
				from, to   layout
				run        func(dst, src *float32)
				activation bool
				accumulate bool
			}{
				{"input", inputMatrix, pixels(6), planes, func(dst, src *float32) {
					s.InputTransform(dst, src, 4*plane, 4*row, 4*pixel, vectors, tiles)
				}, false, false},
				{"output", outputMatrix, planes, pixels(4), func(dst, src *float32) {
					s.OutputTransform(dst, src, &bias[0], slope, 4*plane, 4*row, 4*pixel, vectors, tiles)
				}, true, false},
				{"output add", outputMatrix, planes, pixels(4), func(dst, src *float32) {
					s.OutputTransformAdd(dst, src, 4*plane, 4*row, 4*pixel, vectors, tiles)
				}, false, true},
				{"output adjoint", transposed(outputMatrix), pixels(4), planes, func(dst, src *float32) {
					s.OutputTransformAdjoint(dst, src, 4*plane, 4*row, 4*pixel, vectors, tiles)
				}, false, false},
				{"weight", weightMatrix, taps, planes, func(dst, src *float32) {
					s.WeightTransform(dst, src, 4*plane, 4*pixel, vectors)
				}, false, false},
				{"weight adjoint", transposed(weightMatrix), planes, taps, func(dst, src *float32) {
					s.WeightTransformAdjoint(dst, src, 4*plane, 4*pixel, vectors, 0)
				}, false, false},
				{"weight adjoint add", transposed(weightMatrix), planes, taps, func(dst, src *float32) {
					s.WeightTransformAdjoint(dst, src, 4*plane, 4*pixel, vectors, 1)
				}, false, true},
			} {
				t.Run(fmt.Sprint(test.name, " ", vectors), func(t *testing.T) {
					from, to := test.from, test.to
					count := tiles
					if from == taps || to == taps {
						count = 1
					}
					room := func(l layout) int { return l.side*l.row + (tiles-1)*l.next + channels }
					src := normal(random, room(from))
					dst, want := guarded(room(to)), untouched(room(to))
					for i := range count * channels {
						tile, channel := i/channels, i%channels
						x := make([][]float64, from.side)
						for r := range x {
							x[r] = make([]float64, from.side)
							for c := range x[r] {
								x[r][c] = float64(src[tile*from.next+r*from.row+c*from.column+channel])
							}
						}
						for r, list := range sandwich(test.matrix, x) {
							for c, value := range list {
								place := tile*to.next + r*to.row + c*to.column + channel
								if test.activation {
									value += float64(bias[channel])
									value = max(value, slope*value)
								}
								if test.accumulate {
									dst[place] = float32(place)
									value += float64(place)
								}
								want[place] = value
							}
						}
					}
					test.run(&dst[0], &src[0])
					same(t, dst, want, 1e-5)
				})
			}
		}
	})
}

func TestElementwise(t *testing.T) {
	const pixels, slope = 5, 0.125
	eachSet(t, func(t *testing.T, s *Set, random *rand.Rand) {
		const vectors = 3
		channels := vectors * s.Lanes
		step := channels + 3
		a, b, bias := normal(random, pixels*step), normal(random, pixels*step), normal(random, channels)
		inside := func(i int) (channel int, ok bool) { return i % step, i%step < channels }

		dst, want := guarded(pixels*step), untouched(pixels*step)
		s.Add(&dst[1], &a[2], &b[3], vectors)
		for i := range channels {
			want[1+i] = float64(a[2+i]) + float64(b[3+i])
		}
		same(t, dst, want, 1e-6)

		activated, want := guarded(pixels*step), untouched(pixels*step)
		for i := range activated {
			if channel, ok := inside(i); ok {
				activated[i] = a[i]
				value := float64(a[i]) + float64(bias[channel])
				want[i] = max(value, slope*value)
			}
		}
		s.Activate(&activated[0], &bias[0], slope, 4*step, pixels, vectors)
		same(t, activated, want, 1e-6)

		dst, want = guarded(pixels*step), untouched(pixels*step)
		b[0], b[1] = 0, float32(math.Copysign(0, -1)) // nothing comes through where the output is 0
		for i := range dst {
			if _, ok := inside(i); ok {
				want[i] = float64(a[i])
				if b[i] <= 0 {
					want[i] *= slope
				}
			}
		}
		s.Deactivate(&dst[0], &a[0], &b[0], slope, 4*step, pixels, vectors)
		same(t, dst, want, 1e-6)

		sums := guarded(channels + 2)
		expected := untouched(channels + 2)
		for channel := range channels {
			sums[channel] = bias[channel]
			expected[channel] = float64(bias[channel])
			for p := range pixels {
				expected[channel] += float64(a[p*step+channel])
			}
		}
		s.Sum(&sums[0], &a[0], 4*step, pixels, vectors)
		same(t, sums, expected, 1e-5)

		sums, expected = guarded(channels+2), untouched(channels+2)
		for channel := range channels {
			sums[channel] = bias[channel]
			expected[channel] = float64(bias[channel])
			for p := range pixels {
				expected[channel] += float64(a[p*step+channel]) * float64(b[p*step+channel])
			}
		}
		s.Dot(&sums[0], &a[0], &b[0], 4*step, pixels, vectors)
		same(t, sums, expected, 1e-5)

		dst, want = guarded(pixels*step), untouched(pixels*step)
		factors := normal(random, channels)
		for i := range dst {
			if channel, ok := inside(i); ok {
				want[i] = float64(bias[channel])*float64(a[i]) + float64(factors[channel])*float64(b[i])
			}
		}
		s.Combine(&dst[0], &a[0], &bias[0], &b[0], &factors[0], 4*step, pixels, vectors)
		same(t, dst, want, 1e-5)

		src := normal(random, 8*11)
		dst, want = guarded(8*13), untouched(8*13)
		for r := range 8 {
			for c := range 8 {
				want[c*13+r] = float64(src[r*11+c])
			}
		}
		s.Transpose8(&dst[0], &src[0], 4*13, 4*11)
		same(t, dst, want, 0)
	})
}

func TestOptimizers(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set, random *rand.Rand) {
		const vectors = 3
		n := vectors * s.Lanes
		start := [4][]float32{normal(random, n), normal(random, n), normal(random, n), normal(random, n)}
		for i, value := range start[3] {
			start[3][i] = value * value
		}
		begin := func() (w, m, v []float32, wantW, wantM, wantV []float64) {
			w, m, v = guarded(n+1), guarded(n+1), guarded(n+1)
			copy(w, start[0])
			copy(m, start[2])
			copy(v, start[3])
			return w, m, v, untouched(n + 1), untouched(n + 1), untouched(n + 1)
		}
		w, m, v, wantW, wantM, wantV := begin()
		c := AdamStep{Keep1: 0.9, New1: 0.1, Keep2: 0.99, New2: 0.01, Rate: 0.5, RootScale: 2, Epsilon: 0.25, WeightDecay: 0.125}
		for i := range n {
			g := float64(start[1][i]) + 0.125*float64(start[0][i])
			wantM[i] = 0.9*float64(start[2][i]) + 0.1*g
			wantV[i] = 0.99*float64(start[3][i]) + 0.01*g*g
			wantW[i] = float64(start[0][i]) - 0.5*wantM[i]/(2*math.Sqrt(wantV[i])+0.25)
		}
		s.Adam(&w[0], &start[1][0], &m[0], &v[0], &c.Keep1, vectors)
		same(t, w, wantW, 1e-6)
		same(t, m, wantM, 1e-6)
		same(t, v, wantV, 1e-6)

		w, m, _, wantW, wantM, _ = begin()
		d := DescentStep{Momentum: 0.75, Direct: 0.5, Along: 0.25, WeightDecay: 0.125}
		for i := range n {
			g := float64(start[1][i]) + 0.125*float64(start[0][i])
			wantM[i] = 0.75*float64(start[2][i]) + g
			wantW[i] = float64(start[0][i]) - 0.5*g - 0.25*wantM[i]
		}
		s.Descend(&w[0], &start[1][0], &m[0], &d.Momentum, vectors)
		same(t, w, wantW, 1e-6)
		same(t, m, wantM, 1e-6)
	})
}

// The assembly reads the fields of a Product by their places.
func TestProductLayout(t *testing.T) {
	var p Product
	if accumulate, last := unsafe.Offsetof(p.Accumulate), unsafe.Offsetof(p.NextB); accumulate != 14*8 || last != 17*8 {
		t.Errorf("a product has Accumulate at %d and NextB at %d; the assembly expects 112 and 136", accumulate, last)
	}
}

func TestUnknownSetIsNamed(t *testing.T) {
	if _, err := New("sse"); err == nil {
		t.Error("a kernel set that does not exist was returned")
	}
	t.Setenv("ALRC_KERNELS", "portable")
	if s, err := New(""); err != nil || s.Name != "portable" {
		t.Errorf("$ALRC_KERNELS was not followed: %v, %v", s, err)
	}
	t.Setenv("ALRC_KERNELS", "avx9")
	if _, err := New(""); err == nil {
		t.Error("a kernel set that does not exist was taken from the environment")
	}
}

// BenchmarkConvolution is the product of a 3x3 convolution from 128 to 128 channels of a 32x32 image, forward: against
// BenchmarkPeak it tells how close to the processor's limit a direct convolution comes.
func BenchmarkConvolution(b *testing.B) {
	const channels, pitch = 128, 34 * 128
	for _, s := range sets() {
		b.Run(s.Name, func(b *testing.B) {
			in, out := make([]float32, 34*pitch), make([]float32, 32*32*channels)
			weights := make([]float32, 9*channels*channels)
			tapsA, tapsB := []int{0, 4 * pitch, 8 * pitch}, make([]int, 3)
			for i := range tapsB {
				tapsB[i] = 4 * i * 3 * channels * s.Panel
			}
			p := &Product{RowStride: 4 * channels, DepthStride: 4, BStride: 4 * s.Panel, CStride: 4 * channels,
				TapsA: &tapsA[0], TapsB: &tapsB[0], Taps: 3, Depth: 3 * channels}
			for b.Loop() {
				for panel := 0; panel < channels; panel += s.Panel {
					for y := range 32 {
						p.A, p.B, p.C = &in[y*pitch], &weights[9*channels*panel], &out[y*32*channels+panel]
						s.Multiply(p, 32, s.Panel)
					}
				}
			}
			operations := 2 * 1024 * 9 * channels * channels
			b.ReportMetric(float64(operations)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkPeak(b *testing.B) {
	for _, s := range sets() {
		b.Run(s.Name, func(b *testing.B) {
			var operations int64
			for b.Loop() {
				operations += s.Peak(1000)
			}
			b.ReportMetric(float64(operations)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
