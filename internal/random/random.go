// Package random derives random numbers by hashing a seed and a position, so that what belongs to one position can be made
// without what came before it, on every machine alike.
package random

import "math/bits"

// The purposes that random numbers are drawn for. Each is the first value of its keys, so that it has streams of its own.
const (
	ForOrder uint64 = iota + 1
	ForAugmentation
	ForGeneration
	ForCorruption
)

const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: the increment of SplitMix64

// Mix is the output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection whose outputs look
// independent even where inputs differ by one.
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Key combines values, whose order counts, into the key of a stream or of a permutation.
func Key(values ...uint64) uint64 {
	var k uint64
	for _, value := range values {
		k = Mix(k ^ Mix(value+golden))
	}
	return k
}

// Stream is a sequence of random numbers: SplitMix64, started at a key.
type Stream struct{ state uint64 }

// New returns the stream of a key.
func New(key uint64) Stream { return Stream{key} }

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 {
	s.state += golden
	return Mix(s.state)
}

// Float64 is uniform in [0, 1).
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// Uniform is uniform in [low, high). The product is rounded before it is added, so that every machine agrees.
func (s *Stream) Uniform(low, high float64) float64 { return low + float64((high-low)*s.Float64()) }

// IntN is uniform in 0..n-1, but for a bias of at most n / 2^64.
func (s *Stream) IntN(n int) int {
	high, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(high)
}

// Permutation is a random order of 0..n-1 that takes no memory: the swap-or-not shuffle of Hoang, Morris and Rogaway
// (CRYPTO 2012), which is good for any n.
type Permutation struct {
	Key uint64
	N   int
}

// At returns the element at a place, 0 <= place < N.
func (p Permutation) At(place int) int {
	// Each round pairs the elements by a random sum and swaps a random half of the pairs. The distance from a uniform
	// order halves about every second round.
	const rounds = 64
	random := Stream{p.Key}
	for range rounds {
		partner := random.IntN(p.N) - place
		if partner < 0 {
			partner += p.N
		}
		if Mix(random.state^Mix(uint64(max(place, partner))))>>63 == 1 {
			place = partner
		}
	}
	return place
}
