package kriging

import (
	"math"

	"alrc/internal/fourier"
)

// system is the estimate of a field on the whole rectangle from weighted pixels. In units in which all frequencies of the field
// vary alike (u, the field's transform over the root of its power spectrum S), the field that is most likely solves
//
//	(1 + S^1/2 F W F^-1 S^1/2) u = S^1/2 F W z
//
// with W the pixels' precision, 1 over the variance of their noise, and 0 where nothing was seen. An iteration of conjugate
// gradients so takes an inverse transform and a transform. The same for pixels that are all seen, with the mean of W,
// 1 + S mean(W), is the preconditioner.
type system struct {
	t       *fourier.Transform
	root    []float64 // of the power spectrum
	inverse []float64 // of the preconditioner
	weights []float64 // W, [height,width]

	u, r, p, q fourier.Spectrum
	parts      []float64
}

func newSystem(t *fourier.Transform) *system {
	return &system{t: t, root: make([]float64, t.Len()), inverse: make([]float64, t.Len()), weights: make([]float64, t.Height*t.Width),
		u: t.NewSpectrum(), r: t.NewSpectrum(), p: t.NewSpectrum(), q: t.NewSpectrum(), parts: make([]float64, t.Blocks())}
}

// part is a block of a spectrum, or of numbers that lie as those of a spectrum do.
func (s *system) part(x fourier.Spectrum, i int) (re, im []float64) {
	size := s.t.BlockSize()
	return x.Re[i*size:][:size], x.Im[i*size:][:size]
}

func (s *system) real(x []float64, i int) []float64 { return x[i*s.t.BlockSize():][:s.t.BlockSize()] }

// sum adds up what f gives for each block, in order.
func (s *system) sum(f func(i int) float64) float64 {
	s.t.Each(s.t.Blocks(), func(i int) { s.parts[i] = f(i) })
	return s.total()
}

func (s *system) total() float64 {
	var sum float64
	for _, part := range s.parts {
		sum += part
	}
	return sum
}

// fold adds up the sums over a block's rows, each as often as the row counts.
func (s *system) fold(i int, sums *[8]float64) float64 {
	var total float64
	for k, sum := range sums {
		total += s.t.Weight(i*s.t.BlockSize()+k) * sum
	}
	return total
}

// solve puts u for weighted pixels z, [height,width], there. It goes on until the residual, in the preconditioner's norm, is
// tolerance times what it was, and returns what it came to.
func (s *system) solve(z []float64, tolerance float64, limit int) Convergence {
	t := s.t
	weighted := make([]float64, len(z))
	var mean float64
	for i, w := range s.weights {
		weighted[i] = w * z[i]
		mean += w
	}
	mean /= float64(len(z))
	t.Forward(s.r, weighted)
	scale := 1 / math.Sqrt(float64(t.Rows*t.Columns))
	energy := s.sum(func(i int) float64 {
		re, im := s.part(s.r, i)
		root, inverse := s.real(s.root, i), s.real(s.inverse, i)
		for k, v := range root {
			re[k], im[k] = scale*v*re[k], scale*v*im[k]
			inverse[k] = 1 / (1 + mean*v*v)
		}
		for _, x := range []fourier.Spectrum{s.u, s.p} {
			re, im := s.part(x, i)
			clear(re)
			clear(im)
		}
		return s.energy(i)
	})
	c := Convergence{Tolerance: tolerance}
	first, along := energy, 0.0
	for c.Iterations < limit && energy > tolerance*tolerance*first {
		t.Between(s.weights, func(i int, in fourier.Spectrum) {
			rr, ri := s.part(s.r, i)
			pr, pi := s.part(s.p, i)
			root, inverse, inRe, inIm := s.real(s.root, i), s.real(s.inverse, i), in.Re[:len(rr)], in.Im[:len(rr)]
			for k, v := range root {
				pr[k] = inverse[k]*rr[k] + along*pr[k]
				pi[k] = inverse[k]*ri[k] + along*pi[k]
				inRe[k], inIm[k] = v*pr[k], v*pi[k]
			}
		}, func(i int, out fourier.Spectrum) {
			pr, pi := s.part(s.p, i)
			qr, qi := s.part(s.q, i)
			root, outRe, outIm := s.real(s.root, i), out.Re[:len(pr)], out.Im[:len(pr)]
			var sums [8]float64
			for k, v := range root {
				qr[k] = pr[k] + v*outRe[k]
				qi[k] = pi[k] + v*outIm[k]
				sums[k%8] += pr[k]*qr[k] + pi[k]*qi[k]
			}
			s.parts[i] = s.fold(i, &sums)
		})
		step, before := energy/s.total(), energy
		energy = s.sum(func(i int) float64 {
			ur, ui := s.part(s.u, i)
			rr, ri := s.part(s.r, i)
			pr, pi := s.part(s.p, i)
			qr, qi := s.part(s.q, i)
			for k, v := range pr {
				ur[k] += step * v
				ui[k] += step * pi[k]
				rr[k] -= step * qr[k]
				ri[k] -= step * qi[k]
			}
			return s.energy(i)
		})
		along = energy / before
		c.Iterations++
	}
	if first > 0 {
		c.Residual = math.Sqrt(energy / first)
	}
	return c
}

// energy is a block's part of the residual's square in the preconditioner's norm.
func (s *system) energy(i int) float64 {
	re, im := s.part(s.r, i)
	var sums [8]float64
	for k, v := range s.real(s.inverse, i) {
		sums[k%8] += (re[k]*re[k] + im[k]*im[k]) * v
	}
	return s.fold(i, &sums)
}

// field puts the field of u, [height,width], into image.
func (s *system) field(image []float64, u fourier.Spectrum) {
	scale := math.Sqrt(float64(s.t.Rows * s.t.Columns))
	s.t.Each(s.t.Blocks(), func(i int) {
		ur, ui := s.part(u, i)
		qr, qi := s.part(s.q, i)
		for k, v := range s.real(s.root, i) {
			qr[k], qi[k] = scale*v*ur[k], scale*v*ui[k]
		}
	})
	s.t.Inverse(image, s.q)
}
