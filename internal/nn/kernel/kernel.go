// Package kernel is the arithmetic of convolutions and optimizers on float32: portable Go, and assembly that asmgen
// generates: for amd64, for AVX2 with FMA and for AVX-512; and for arm64, for NEON.
//
// A [Set] holds one implementation of each function. Sets differ in the order and the fusing of additions, so their
// results differ in rounding; the results of one set are the same on every machine that has it.
//
// Functions take pointers and strides as the assembly does, and check nothing: package nn plans buffers once and
// calls them millions of times. Strides are in bytes, and vectors counts vectors of Lanes numbers.
package kernel

import (
	"fmt"
	"os"
	"strings"
)

// Lanes of a set times vectors is a number of floats. Channels of images are padded to a multiple of Channels.
const Channels = 16

// Set is a kernel set.
type Set struct {
	// Name is portable, avx2, avx512 or neon.
	Name string
	// Lanes is the number of floats in a vector.
	Lanes int
	// Panel is the number of columns of a product's right-hand side that are computed at once, two vectors; a panel
	// may also be half as wide where that is a multiple of Channels.
	Panel int

	// products hold, for panels of one and of two vectors, functions by their number of rows, largest first.
	products [3][]product

	// InputTransform takes 6x6 tiles of pixels to the 36 planes of Winograd's F(4x4, 3x3): B^T d B for each channel.
	// Pixels are step apart, rows pitch. Tiles lie side by side, 4 pixels from one to the next; in the planes, the vectors of a tile
	// follow those of the one before.
	InputTransform func(dst, src *float32, planeStride, pitch, step, vectors, tiles int)
	// OutputTransform takes 36 planes to 4x4 tiles of pixels, A^T m A, adds the bias and applies leaky ReLU, which is
	// nothing at slope 1. OutputTransformAdd adds to what is there instead.
	OutputTransform    func(dst, src, bias *float32, slope float32, planeStride, pitch, step, vectors, tiles int)
	OutputTransformAdd func(dst, src *float32, planeStride, pitch, step, vectors, tiles int)
	// OutputTransformAdjoint takes 4x4 tiles of gradients to 36 planes: A g A^T.
	OutputTransformAdjoint func(dst, src *float32, planeStride, pitch, step, vectors, tiles int)
	// WeightTransform takes the 9 taps of kernels to 36 planes, G w G^T, and WeightTransformAdjoint the planes'
	// gradients to those of the taps, G^T m G, in place of what is there or, where accumulate is not 0, added to it.
	WeightTransform        func(dst, src *float32, planeStride, tapStride, vectors int)
	WeightTransformAdjoint func(dst, src *float32, planeStride, tapStride, vectors, accumulate int)

	// Add puts a + b into dst.
	Add func(dst, a, b *float32, vectors int)
	// Activate adds a bias to the channels of pixels a step apart and applies leaky ReLU; Deactivate takes gradients
	// back through it, y being what came out; Sum adds pixels to dst.
	Activate   func(dst, bias *float32, slope float32, step, pixels, vectors int)
	Deactivate func(dst, gradient, y *float32, slope float32, step, pixels, vectors int)
	Sum        func(dst, src *float32, step, pixels, vectors int)
	// Dot adds, for each channel, the products of pixels to dst; Combine puts p*a + q*b into dst, with the p and q of each
	// channel.
	Dot     func(dst, a, b *float32, step, pixels, vectors int)
	Combine func(dst, a, p, b, q *float32, step, pixels, vectors int)
	// Transpose8 transposes 8 rows of 8 numbers.
	Transpose8 func(dst, src *float32, dstStride, srcStride int)

	// Adam and Descend move weights by gradients; the constants are an AdamStep or a DescentStep.
	Adam    func(weights, gradients, first, second, constants *float32, vectors int)
	Descend func(weights, gradients, velocity, constants *float32, vectors int)

	// peak does 12 fused multiply-adds of vectors a round.
	peak func(rounds int)
}

// AdamStep has the constants of one step of Adam (Kingma and Ba 2015): moments m and v of gradient g become
// Keep1 m + New1 g and Keep2 v + New2 g^2, and the weight moves by Rate m / (RootScale sqrt(v) + Epsilon). WeightDecay
// times the weight is added to the gradient first.
type AdamStep struct {
	Keep1, New1, Keep2, New2, Rate, RootScale, Epsilon, WeightDecay float32
}

// DescentStep has the constants of one step of gradient descent: velocity v becomes Momentum v + g, and the weight
// moves by Direct g + Along v. WeightDecay times the weight is added to the gradient first.
type DescentStep struct {
	Momentum, Direct, Along, WeightDecay float32
}

// Product is a sum of matrix products, over taps t and depths k, for rows r and the columns c of one panel:
//
//	C[r][c] (+)= sum over t, k of A[TapsA[t] + r*RowStride + k*DepthStride] * B[TapsB[t] + k*BStride + c]
//
// A convolution is one such product over the rows of its kernel: neighbouring pixels lie side by side, so that a row
// of taps times channels is one depth. All offsets and strides are in bytes.
type Product struct {
	A, B, C                                  *float32
	offsetA, offsetC                         int
	RowStride, DepthStride, BStride, CStride int
	TapsA, TapsB                             *int
	Taps, Depth                              int
	tiles                                    int
	// Accumulate adds to C instead of replacing what is there.
	Accumulate bool
	_          [7]byte
	// NextA and NextB are how far what comes next lies from A and B, which is fetched into the nearest cache meanwhile: of A, bytes
	// that are NextAStep apart, for each depth of a tap; of B, a row for each depth.
	NextA, NextAStep, NextB int
}

type product struct {
	rows int
	run  func(p *int64)
}

// New returns a kernel set: the one named, or where the name is "" that of the environment variable ALRC_KERNELS, or
// else the fastest that the processor has.
func New(name string) (*Set, error) {
	source := "kernel set"
	if name == "" {
		name = os.Getenv("ALRC_KERNELS")
		source = "$ALRC_KERNELS: kernel set"
	}
	available := sets()
	if name == "" {
		return available[0], nil
	}
	for _, set := range available {
		if set.Name == name {
			return set, nil
		}
	}
	return nil, fmt.Errorf("%s %q is not one that this processor has: there are %s", source, name, strings.Join(Names(), ", "))
}

// Names lists the kernel sets that the processor has, fastest first.
func Names() []string {
	var names []string
	for _, set := range sets() {
		names = append(names, set.Name)
	}
	return names
}

// Peak does so many rounds of nothing but multiplying and adding, which is the processor's limit, and returns the
// number of floating-point operations it did.
func (s *Set) Peak(rounds int) (operations int64) {
	s.peak(rounds)
	return int64(rounds) * 12 * int64(s.Lanes) * 2
}
