package kriging

import (
	"math"
	"math/rand/v2"
	"slices"

	"alrc/internal/fourier"
)

// field is a Gaussian field of which a scan saw some pixels.
type field struct {
	height, width int
	system        *system
	covariance    *covariance
	random        *rand.Rand

	background []float64
	z          []float64 // what was seen, without the background; 0 elsewhere
	mask       []float32
	// A pixel's noise has the variance steady + passing / mask: what passes with the time that the beam stays on it, and what
	// does not.
	steady, passing float64
	constant        bool // all that was seen is the background
}

// newField estimates a field's background, covariance and noise.
func newField(pixels, mask []float32, height, width int, smoothing float64, threads int, random *rand.Rand) *field {
	t := fourier.New(height, width, min(reach, height), min(reach, width), threads)
	f := &field{height: height, width: width, system: newSystem(t), mask: mask, random: random,
		z: make([]float64, len(pixels)), covariance: newCovariance(t)}
	room, seen := f.system.q, make([]float64, len(pixels))
	var sum, count float64
	for i, m := range mask {
		if m > 0 {
			seen[i] = 1
			sum += float64(pixels[i])
			count++
		}
	}
	mean := sum / max(count, 1)
	var total float64
	for i, m := range mask {
		if m > 0 {
			f.z[i] = float64(pixels[i]) - mean
			total += f.z[i] * f.z[i]
		}
	}
	f.background = smoothed(t, f.z, seen, smoothing, room)
	for i := range f.z {
		f.z[i] = seen[i] * (f.z[i] - f.background[i])
		f.background[i] += mean
	}
	f.covariance.ofScan(t, f.z, seen, room)
	if f.constant = !(f.covariance.values[0] > 1e-12*(mean*mean+total/max(count, 1))); f.constant {
		return f
	}
	f.steady = f.covariance.splitNoise()
	f.covariance.spectrum(f.system.root, true, room)
	f.weigh()
	return f
}

// weigh sets the precision of pixels.
func (f *field) weigh() {
	for i, m := range f.mask {
		if m > 0 {
			f.system.weights[i] = 1 / f.noise(m)
		}
	}
}

// noise is the variance of the noise of a pixel of a mask's value.
func (f *field) noise(mask float32) float64 { return f.steady + f.passing/float64(mask) }

// sample puts a sample of the field, given what was seen, into image, without its background: one that knows nothing of the scan,
// and what the scan says about the difference.
func (f *field) sample(image []float64, tolerance float64, limit int) Convergence {
	s := f.system
	prior := f.prior()
	s.field(image, prior)
	rest := make([]float64, len(image))
	for i, m := range f.mask {
		if m > 0 {
			rest[i] = f.z[i] - image[i] - math.Sqrt(f.noise(m))*f.random.NormFloat64()
		}
	}
	c := s.solve(rest, tolerance, limit)
	for k := range prior.Re {
		prior.Re[k] += s.u.Re[k]
		prior.Im[k] += s.u.Im[k]
	}
	s.field(image, prior)
	return c
}

// prior draws the field in units in which all frequencies vary alike: the transform of white noise.
func (f *field) prior() fourier.Spectrum {
	whole := f.system.t.Whole()
	noise := make([]float64, whole.Height*whole.Width)
	scale := 1 / math.Sqrt(float64(len(noise)))
	for i := range noise {
		noise[i] = scale * f.random.NormFloat64()
	}
	prior := whole.NewSpectrum()
	whole.Forward(prior, noise)
	return prior
}

// improve estimates the covariance and the noise anew, from a sample.
func (f *field) improve(sample []float64) {
	variance := f.covariance.values[0]
	f.covariance.ofImage(f.system.t, sample, f.system.q)
	f.covariance.spectrum(f.system.root, false, f.system.q)
	// A line through the squares of noise over 1/mask, whose slope counts where it is no chance: squares of variance v have the
	// variance 2 v^2.
	var n, sumX, sumY, sumXX, sumXY float64
	for i, m := range f.mask {
		if m > 0 {
			x, y := 1/float64(m), (f.z[i]-sample[i])*(f.z[i]-sample[i])
			w := 1 / (f.noise(m) * f.noise(m))
			n, sumX, sumY, sumXX, sumXY = n+w, sumX+w*x, sumY+w*y, sumXX+w*x*x, sumXY+w*x*y
		}
	}
	f.steady, f.passing = sumY/n, 0
	if spread := sumXX - sumX*sumX/n; spread > 1e-9*sumXX {
		if slope := (sumXY - sumX*sumY/n) / spread; slope > 4*math.Sqrt(2/spread) {
			if f.steady, f.passing = (sumY-slope*sumX)/n, slope; f.steady < 0 {
				f.steady, f.passing = 0, sumXY/sumXX
			}
		}
	}
	f.steady = max(f.steady, 1e-5*variance)
	f.weigh()
}

// smoothed is the mean of seen pixels about each one, weighted by a Gaussian; far from all of them it falls to 0.
func smoothed(t *fourier.Transform, z, seen []float64, deviation float64, room fourier.Spectrum) []float64 {
	sum, weight := slices.Clone(z), slices.Clone(seen)
	blur(t, sum, deviation, room)
	blur(t, weight, deviation, room)
	for i := range sum {
		sum[i] /= max(weight[i], 0) + 1e-9
	}
	return sum
}

// blur convolves an image with a Gaussian, in place.
func blur(t *fourier.Transform, image []float64, deviation float64, room fourier.Spectrum) {
	t.Forward(room, image)
	size := t.BlockSize()
	t.Each(t.Blocks(), func(i int) {
		for k := i * size; k < (i+1)*size; k++ {
			down, along := t.Frequency(k)
			gain := math.Exp(-2 * math.Pi * math.Pi * deviation * deviation * (down*down + along*along))
			room.Re[k] *= gain
			room.Im[k] *= gain
		}
	})
	t.Inverse(image, room)
}
