package random

import (
	"math"
	"testing"
)

func TestPermutationIsOne(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 16, 17, 761, 4096, 5000} {
		seen := make([]bool, n)
		p := Permutation{Key(1, uint64(n)), n}
		fixed := 0
		for place := range n {
			index := p.At(place)
			if seen[index] {
				t.Fatalf("n = %d: %d comes twice", n, index)
			}
			seen[index] = true
			if index == place {
				fixed++
			}
		}
		// A random permutation leaves one element in place on average; ten is hardly possible.
		if n > 10 && fixed > 10 {
			t.Errorf("n = %d: %d elements are where they were", n, fixed)
		}
	}
}

// Each image's place in an epoch should be uniform, and that of a neighbour independent of it.
func TestPermutationIsUniform(t *testing.T) {
	const n, epochs = 8, 8000
	var counts, pairs [n][n]int
	for epoch := range epochs {
		p := Permutation{Key(ForOrder, 7, uint64(epoch)), n}
		for place := range n {
			counts[place][p.At(place)]++
		}
		pairs[p.At(0)][p.At(1)]++
	}
	for place := range n {
		for index, count := range counts[place] {
			// Five standard deviations of a binomial count.
			if math.Abs(float64(count)-epochs/n) > 5*math.Sqrt(epochs/n) {
				t.Errorf("image %d comes at place %d %d times of %d", index, place, count, epochs)
			}
		}
		for index, count := range pairs[place] {
			if expected := float64(epochs) / (n * (n - 1)); index != place && math.Abs(float64(count)-expected) > 5*math.Sqrt(expected) {
				t.Errorf("image %d is followed by %d %d times, not about %.0f", place, index, count, expected)
			}
		}
	}
}

func TestPoisson(t *testing.T) {
	draws := New(1)
	for _, mean := range []float64{0, 0.3, 4, 29, 31, 900} {
		const count = 20000
		var sum, squares float64
		for range count {
			value := draws.Poisson(mean)
			if value < 0 || value != math.Trunc(value) {
				t.Fatalf("%v events", value)
			}
			sum += value
			squares += value * value
		}
		got := sum / count
		if variance := squares/count - got*got; math.Abs(got-mean) > 0.05*mean || math.Abs(variance-mean) > 0.1*mean {
			t.Errorf("of mean %v: mean %v, variance %v", mean, got, variance)
		}
	}
}
