package fourier

import "math"

// lanes is the number of transforms that are done side by side: the elements of one place lie next to each other, so that
// butterflies work on vectors.
const lanes = 8

// batch transforms lanes sequences of n complex numbers at a time, by the self-sorting algorithm of Stockham: each pass
// splits off one factor of n, and leaves its results in order. (Van Loan 1992, Computational Frameworks for the Fast
// Fourier Transform, section 1.7.)
type batch struct {
	n      int
	passes []pass
}

// pass is a step by one radix. It reads radix rows, rows*width apart, and writes them side by side.
type pass struct {
	radix, rows, width int
	// twiddles are, for each of the rows, the radix-1 factors of the outputs but the first: real and imaginary parts.
	twiddles []float64
}

func newBatch(n int) *batch {
	b := &batch{n: n}
	width := lanes
	for rest := n; rest > 1; {
		radix := radixOf(rest)
		p := pass{radix: radix, rows: rest / radix, width: width}
		for row := range p.rows {
			for k := 1; k < radix; k++ {
				sin, cos := math.Sincos(-2 * math.Pi * float64(row*k) / float64(rest))
				p.twiddles = append(p.twiddles, cos, sin)
			}
		}
		b.passes = append(b.passes, p)
		width *= radix
		rest /= radix
	}
	return b
}

// radixOf is the factor of n to take next; n has no other factors than 2, 3 and 5.
func radixOf(n int) int {
	for _, radix := range []int{4, 5, 3, 2} {
		if n%radix == 0 {
			return radix
		}
	}
	panic("fourier: a length with other factors than 2, 3 and 5")
}

// planes are the real and imaginary parts of n*lanes complex numbers.
type planes struct{ re, im []float64 }

func newPlanes(n int) planes {
	both := make([]float64, 2*n)
	return planes{both[:n], both[n:]}
}

// swapped turns forward transforms into inverse ones, times n, where it is done before and after.
func (p planes) swapped() planes { return planes{p.im, p.re} }

// forward puts the transforms of src into dst; a and b are room for what lies between. The four must be different.
func (t *batch) forward(src, dst, a, b planes) {
	for i := range t.passes {
		to := a
		if i == len(t.passes)-1 {
			to = dst
		}
		step(&t.passes[i], src, to)
		src, a, b = to, b, a
	}
}

// inverse is n times the inverse of forward.
func (t *batch) inverse(src, dst, a, b planes) {
	t.forward(src.swapped(), dst.swapped(), a.swapped(), b.swapped())
}

// fastSize is the least even number from n on that has no other prime factors than 2, 3 and 5.
func fastSize(n int) int {
	for n = max(n, 2); ; n++ {
		if n%2 != 0 {
			continue
		}
		rest := n
		for _, factor := range []int{2, 3, 5} {
			for rest%factor == 0 {
				rest /= factor
			}
		}
		if rest == 1 {
			return n
		}
	}
}
