package random

import "math"

// Normal draws from the normal distribution of mean 0 and standard deviation 1 (Box and Muller 1958).
func (s *Stream) Normal() float64 {
	radius := math.Sqrt(-2 * math.Log(1-s.Float64()))
	return radius * math.Cos(2*math.Pi*s.Float64())
}

// Bell is near a normal distribution of mean 0 and standard deviation 1.
func (s *Stream) Bell() float64 {
	var sum float64
	for range 12 {
		sum += s.Float64()
	}
	return sum - 6
}

// Direction is a uniformly distributed unit vector.
func (s *Stream) Direction() (x, y float64) {
	for {
		x, y = s.Uniform(-1, 1), s.Uniform(-1, 1)
		if square := float64(x*x) + float64(y*y); square > 0.01 && square <= 1 {
			length := math.Sqrt(square)
			return x / length, y / length
		}
	}
}

// Skewed is low + (high - low) u^power with u uniform in [0, 1): the higher the power, the more values lie near low.
func (s *Stream) Skewed(low, high float64, power int) float64 {
	u := s.Float64()
	value := high - low
	for range power {
		value *= u
	}
	return low + float64(value)
}

// Rough is near a normal distribution of mean 0 and standard deviation 1, from one draw: the sum of four uniform numbers of 16
// bits each.
func (s *Stream) Rough() float64 {
	bits := s.Uint64()
	sum := float64(bits&0xffff+bits>>16&0xffff+bits>>32&0xffff+bits>>48) - 2*0xffff
	return sum * math.Sqrt(3) / (1 << 16)
}

// Poisson draws a number of events of a mean.
func (s *Stream) Poisson(mean float64) float64 {
	if mean > 30 {
		return max(0, math.Round(mean+math.Sqrt(mean)*s.Rough()))
	}
	// The number of uniform factors after which their product is below exp(-mean) (Knuth).
	limit := math.Exp(-mean)
	count := 0.0
	for product := s.Float64(); product > limit; product *= s.Float64() {
		count++
	}
	return count
}
