package runfolder

import (
	"math"
	"slices"
)

// Distribution is how a number is distributed over a number of images.
type Distribution struct {
	Images int    `json:"images"`
	Mean   Number `json:"mean"`
	Std    Number `json:"std"`
	P5     Number `json:"p5"`
	Median Number `json:"median"`
	P95    Number `json:"p95"`
	P99    Number `json:"p99"`
	Max    Number `json:"max"`
}

// Distribute returns how values are distributed, nil without any. Its sums are plain ones, in order of size:
// checkpoints hold the result, and are the same, bit for bit, whichever version of the program writes them.
func Distribute(values []float64) *Distribution {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	var sum, squares float64
	for _, value := range sorted {
		sum += value
	}
	mean := sum / float64(len(sorted))
	for _, value := range sorted {
		squares += (value - mean) * (value - mean)
	}
	at := func(share float64) Number { return Number(Percentile(sorted, share)) }
	return &Distribution{
		Images: len(values), Mean: Number(mean), Std: Number(math.Sqrt(squares / float64(max(1, len(sorted)-1)))),
		P5: at(0.05), Median: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1),
	}
}

// Percentile returns the value below which a share of sorted values lies, of which there is at least one: the one
// whose rank is nearest to that share of the way from the first to the last, as NumPy's method "nearest" has it.
func Percentile(sorted []float64, share float64) float64 {
	return sorted[int(math.Round(share*float64(len(sorted)-1)))]
}
