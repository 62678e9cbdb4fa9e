package runfolder

import (
	"slices"

	"alrc/internal/statistics"
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

// Distribute returns how values are distributed, nil without any. Sums are taken in order of size.
func Distribute(values []float64) *Distribution {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	mean, std := statistics.MeanStd(sorted)
	at := func(share float64) Number { return Number(statistics.Percentile(sorted, share)) }
	return &Distribution{Images: len(values), Mean: Number(mean), Std: Number(std),
		P5: at(0.05), Median: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1)}
}
