package dataset

import "math/bits"

// The purposes that random numbers are drawn for; each has its own streams.
const (
	forOrder uint64 = iota + 1
	forAugmentation
	forProcedural
)

const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: the increment of SplitMix64

// mix is the output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection whose outputs look
// independent even where inputs differ by one.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// key combines values, whose order counts, to the key of a stream.
func key(values ...uint64) uint64 {
	var k uint64
	for _, value := range values {
		k = mix(k ^ mix(value+golden))
	}
	return k
}

// stream is a sequence of random numbers: SplitMix64, started at a key.
type stream struct{ state uint64 }

func (s *stream) uint64() uint64 {
	s.state += golden
	return mix(s.state)
}

// float64 is uniform in [0, 1).
func (s *stream) float64() float64 { return float64(s.uint64()>>11) / (1 << 53) }

// uniform is uniform in [low, high). The product is rounded before it is added, so that every machine agrees.
func (s *stream) uniform(low, high float64) float64 { return low + float64((high-low)*s.float64()) }

// intn is uniform in 0..n-1, but for a bias of at most n / 2^64.
func (s *stream) intn(n int) int {
	high, _ := bits.Mul64(s.uint64(), uint64(n))
	return int(high)
}

// permutation is a random order of 0..n-1 that takes no memory: the swap-or-not shuffle of Hoang, Morris and Rogaway
// (CRYPTO 2012), which is good for any n.
type permutation struct {
	key uint64
	n   int
}

// at returns the element at a place, 0 <= place < n.
func (p permutation) at(place int) int {
	// Each round pairs the elements by a random sum and swaps a random half of the pairs. The distance from a uniform
	// order halves about every second round.
	const rounds = 64
	random := stream{p.key}
	for range rounds {
		partner := random.intn(p.n) - place
		if partner < 0 {
			partner += p.n
		}
		if mix(random.state^mix(uint64(max(place, partner))))>>63 == 1 {
			place = partner
		}
	}
	return place
}
