package kriging

import (
	"math"
	"math/rand/v2"

	"alrc/internal/fourier"
)

// Options configures kriging. What is 0 has a default.
type Options struct {
	// Smoothing is the standard deviation, in pixels, of what the background is smoothed with; 16 by default.
	Smoothing float64
	// Rounds is how many times the covariance is estimated anew from a sample of what the scan and the last estimate leave
	// open; 3 by default, and none where it is below 0.
	Rounds int
	// Threads is the number of threads, on which no result depends.
	Threads int
	// Seed decides the samples.
	Seed uint64
	// Tolerance and Iterations end conjugate gradients.
	Tolerance  float64
	Iterations int
}

// Result is a completion.
type Result struct {
	// Mean is the most likely field, [height,width], without noise, at seen pixels too.
	Mean []float64
	// Noise is the variance of a wholly seen pixel's noise.
	Noise float64
	// Iterations and Residual say how the last solution by conjugate gradients ended.
	Iterations int
	Residual   float64
	All []int
}

// Complete estimates the field of which a scan, [height,width], saw the pixels whose weight is above 0.
func Complete(pixels, weight []float64, height, width int, o Options) (*Result, error) {
	if o.Smoothing == 0 {
		o.Smoothing = 16
	}
	if o.Rounds == 0 {
		o.Rounds = 3
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-2
	}
	if o.Iterations == 0 {
		o.Iterations = 250
	}
	t := fourier.New(height, width, min(reach, max(height, width)), o.Threads)
	s := newSystem(t)
	z, seen := make([]float64, len(pixels)), make([]float64, len(pixels))
	for i, w := range weight {
		if w > 0 {
			z[i], seen[i] = pixels[i], 1
		}
	}
	background := smoothed(t, z, seen, o.Smoothing, s.q)
	for i := range z {
		z[i] = seen[i] * (z[i] - background[i])
	}
	c := newCovariance(t)
	c.ofScan(t, z, seen, s.q)
	result := &Result{Noise: c.splitNoise()}
	c.spectrum(s.root, true, s.q)
	s.weigh(weight, result.Noise)

	random := rand.New(rand.NewPCG(o.Seed, 0))
	sample, rest := make([]float64, len(z)), make([]float64, len(z))
	for range o.Rounds {
		// A sample of the field: one that knows nothing of the scan, and what the scan says about the difference.
		prior := s.prior(random)
		s.field(sample, prior)
		for i := range rest {
			if rest[i] = 0; weight[i] > 0 {
				rest[i] = z[i] - sample[i] - math.Sqrt(1/s.weights[i])*random.NormFloat64()
			}
		}
		n, _ := s.solve(rest, o.Tolerance, o.Iterations)
		result.All = append(result.All, n)
		for k := range prior.Re {
			prior.Re[k] += s.u.Re[k]
			prior.Im[k] += s.u.Im[k]
		}
		s.field(sample, prior)
		c.ofImage(t, sample, s.q)
		c.spectrum(s.root, false, s.q)
		var sum, count float64
		for i, w := range weight {
			if w > 0 {
				sum += w * (z[i] - sample[i]) * (z[i] - sample[i])
				count++
			}
		}
		result.Noise = sum / count
		s.weigh(weight, result.Noise)
	}
	result.Iterations, result.Residual = s.solve(z, o.Tolerance, o.Iterations)
	result.All = append(result.All, result.Iterations)
	result.Mean = sample
	s.field(result.Mean, s.u)
	for i := range result.Mean {
		result.Mean[i] += background[i]
	}
	return result, nil
}

func (s *system) weigh(weight []float64, noise float64) {
	for i, w := range weight {
		s.weights[i] = w / noise
	}
}

// prior draws white noise.
func (s *system) prior(random *rand.Rand) fourier.Spectrum {
	whole := s.t.Whole()
	noise := make([]float64, whole.Height*whole.Width)
	scale := 1 / math.Sqrt(float64(len(noise)))
	for i := range noise {
		noise[i] = scale * random.NormFloat64()
	}
	prior := s.t.NewSpectrum()
	whole.Forward(prior, noise)
	return prior
}

// smoothed is the mean of seen pixels about each one, weighted by a Gaussian.
func smoothed(t *fourier.Transform, z, seen []float64, deviation float64, room fourier.Spectrum) []float64 {
	blur := func(image []float64) []float64 {
		t.Forward(room, image)
		for k := range room.Re {
			down, along := t.Frequency(k)
			gain := math.Exp(-2 * math.Pi * math.Pi * deviation * deviation * (down*down + along*along))
			room.Re[k] *= gain
			room.Im[k] *= gain
		}
		out := make([]float64, len(image))
		t.Inverse(out, room)
		return out
	}
	sum, weight := blur(z), blur(seen)
	for i := range sum {
		sum[i] /= weight[i] + 1e-9
	}
	return sum
}
