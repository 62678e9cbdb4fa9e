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
// gradients so takes an inverse transform and a transform. What the same number of pixels would give that were seen evenly,
// 1 + S mean(W), is the preconditioner.
type system struct {
	t       *fourier.Transform
	root    []float64 // of the power spectrum
	weights []float64 // precision, [height,width]

	u, r, p, q fourier.Spectrum
	parts      []float64
}

func newSystem(t *fourier.Transform) *system {
	return &system{t: t, root: make([]float64, t.Len()), weights: make([]float64, t.Height*t.Width),
		u: t.NewSpectrum(), r: t.NewSpectrum(), p: t.NewSpectrum(), q: t.NewSpectrum(), parts: make([]float64, t.Blocks())}
}

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

// blockWeights are how often the 8 rows of block i count.
func (s *system) blockWeights(i int) (w [8]float64) {
	for k := range w {
		w[k] = s.t.Weight(i*s.t.BlockSize() + k)
	}
	return w
}

// solve puts u for weighted pixels z, [height,width], there. It goes on until the residual, in the preconditioner's norm, is
// tolerance times what it was, and returns what it came to.
func (s *system) solve(z []float64, tolerance float64, limit int) (iterations int, residual float64) {
	t, size := s.t, s.t.BlockSize()
	weighted := make([]float64, len(z))
	var mean float64
	for i, w := range s.weights {
		weighted[i] = w * z[i]
		mean += w
	}
	mean /= float64(len(z))
	t.Forward(s.r, weighted)
	scale := 1 / math.Sqrt(float64(t.Rows*t.Columns))
	// precondition returns the residual's square.
	precondition := func(i int) float64 {
		w := s.blockWeights(i)
		var sum float64
		for k := i * size; k < (i+1)*size; k++ {
			sum += w[k%8] * (s.r.Re[k]*s.r.Re[k] + s.r.Im[k]*s.r.Im[k]) / (1 + mean*s.root[k]*s.root[k])
		}
		return sum
	}
	energy := s.sum(func(i int) float64 {
		for k := i * size; k < (i+1)*size; k++ {
			s.r.Re[k] *= scale * s.root[k]
			s.r.Im[k] *= scale * s.root[k]
			s.u.Re[k], s.u.Im[k], s.p.Re[k], s.p.Im[k] = 0, 0, 0, 0
		}
		return precondition(i)
	})
	first, along := energy, 0.0
	for iterations < limit && energy > tolerance*tolerance*first {
		t.Between(s.weights, func(i int, in fourier.Spectrum) {
			for j := range size {
				k := i*size + j
				inverse := 1 / (1 + mean*s.root[k]*s.root[k])
				s.p.Re[k] = inverse*s.r.Re[k] + along*s.p.Re[k]
				s.p.Im[k] = inverse*s.r.Im[k] + along*s.p.Im[k]
				in.Re[j], in.Im[j] = s.root[k]*s.p.Re[k], s.root[k]*s.p.Im[k]
			}
		}, func(i int, out fourier.Spectrum) {
			w := s.blockWeights(i)
			var sum float64
			for j := range size {
				k := i*size + j
				s.q.Re[k] = s.p.Re[k] + s.root[k]*out.Re[j]
				s.q.Im[k] = s.p.Im[k] + s.root[k]*out.Im[j]
				sum += w[j%8] * (s.p.Re[k]*s.q.Re[k] + s.p.Im[k]*s.q.Im[k])
			}
			s.parts[i] = sum
		})
		step := energy / s.total()
		before := energy
		energy = s.sum(func(i int) float64 {
			for k := i * size; k < (i+1)*size; k++ {
				s.u.Re[k] += step * s.p.Re[k]
				s.u.Im[k] += step * s.p.Im[k]
				s.r.Re[k] -= step * s.q.Re[k]
				s.r.Im[k] -= step * s.q.Im[k]
			}
			return precondition(i)
		})
		along = energy / before
		iterations++
	}
	if first == 0 {
		return 0, 0
	}
	return iterations, math.Sqrt(energy / first)
}

// field puts the field of u, [height,width], into image.
func (s *system) field(image []float64, u fourier.Spectrum) {
	scale := math.Sqrt(float64(s.t.Rows * s.t.Columns))
	size := s.t.BlockSize()
	s.t.Each(s.t.Blocks(), func(i int) {
		for k := i * size; k < (i+1)*size; k++ {
			s.q.Re[k], s.q.Im[k] = scale*s.root[k]*u.Re[k], scale*s.root[k]*u.Im[k]
		}
	})
	s.t.Inverse(image, s.q)
}
