package report

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// significance is the level of the tests, after correction.
const significance = 0.05

// compare fills in what cells have to say, and tests the clippings against none.
func (s *Sweep) compare() {
	var tested [measures][]*Estimate
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			var baseline *Cell
			for _, cell := range column.Cells {
				if cell == nil {
					continue
				}
				s.summarize(cell)
				if cell.Clip == "none" {
					baseline = cell
				}
			}
			for m := range measures {
				column.rank(m)
				for _, cell := range column.Cells {
					if cell == nil || baseline == nil || cell == baseline {
						continue
					}
					e := &cell.Estimates[m]
					if e.P = pairedTest(baseline, cell, m); !math.IsNaN(e.P) {
						tested[m] = append(tested[m], e)
					}
				}
			}
		}
	}
	for m, estimates := range tested {
		s.Comparisons[m] = len(estimates)
		holm(estimates)
	}
}

func (s *Sweep) summarize(c *Cell) {
	var clipped, spikes []float64
	var values [measures][]float64
	for _, run := range c.Runs {
		if run.result == nil {
			continue
		}
		c.Done++
		if run.result.Losses > 0 {
			clipped = append(clipped, float64(run.result.Clipped)/float64(run.result.Losses))
		}
		if len(run.curve.Step) > 0 {
			spikes = append(spikes, float64(s.spikes(run.curve)))
		}
		if run.result.Diverged {
			c.Diverged++
		}
		for m := range measures {
			if value := run.value(m); !math.IsNaN(value) {
				values[m] = append(values[m], value)
			}
		}
	}
	for m, values := range values {
		e := Estimate{Count: len(values), P: math.NaN()}
		e.Mean, e.Std = meanAndSpread(values)
		c.Estimates[m] = e
	}
	c.Clipped, c.Spikes = mean(clipped), mean(spikes)
}

// rank marks the best cell: fewest runs that diverged, then the lowest mean.
func (c *Column) rank(m measure) {
	var best *Cell
	for _, cell := range c.Cells {
		if cell != nil && cell.Estimates[m].Count > 0 && (best == nil || cell.better(best, m)) {
			best = cell
		}
	}
	// Where all are the same, as where nothing was clipped, none is the best.
	for _, cell := range c.Cells {
		if cell != nil && best != nil && (cell.Estimates[m].Mean != best.Estimates[m].Mean || cell.Diverged != best.Diverged) {
			best.Estimates[m].Best = true
		}
	}
}

// better says whether fewer runs diverged than another's, or, of as many, the mean is lower.
func (c *Cell) better(than *Cell, m measure) bool {
	if c.Diverged != than.Diverged {
		return c.Diverged < than.Diverged
	}
	a, b := c.Estimates[m].Mean, than.Estimates[m].Mean
	return a < b || math.IsNaN(b)
}

// interpolation is the mean squared error of linear interpolation on the crops that the column's runs were tested on; NaN
// where none was.
func (c *Column) interpolation() float64 {
	for _, cell := range c.Cells {
		if cell == nil {
			continue
		}
		for _, run := range cell.Runs {
			if run.result != nil && run.result.BilinearMSE != nil {
				return float64(run.result.BilinearMSE.Mean)
			}
		}
	}
	return math.NaN()
}

// pairedTest is Student's two-sided paired t-test on the logarithms of the runs' values, paired by seed: runs of one seed
// have the same starting weights and batches, and losses differ by factors. Runs that diverged have no value and are left out.
func pairedTest(baseline, cell *Cell, m measure) float64 {
	var differences []float64
	for _, a := range baseline.Runs {
		for _, b := range cell.Runs {
			if x, y := a.value(m), b.value(m); a.seed == b.seed && x > 0 && y > 0 {
				differences = append(differences, math.Log(y/x))
			}
		}
	}
	n := float64(len(differences))
	if n < 2 {
		return math.NaN()
	}
	average, deviation := stat.MeanStdDev(differences, nil)
	if deviation == 0 {
		if average == 0 {
			return 1
		}
		return math.NaN()
	}
	t := average / (deviation / math.Sqrt(n))
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Survival(math.Abs(t))
}

// holm corrects p-values for their number (Holm 1979): the smallest is multiplied by their number, the next
// by one less, and so on, and none becomes smaller than one before it.
func holm(estimates []*Estimate) {
	sorted := slices.Clone(estimates)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].P < sorted[j].P })
	lowest := 0.
	for i, e := range sorted {
		lowest = max(lowest, min(1, e.P*float64(len(sorted)-i)))
		e.P = lowest
	}
}

// significant says whether it differs from that of no clipping.
func (e Estimate) significant() bool { return e.P < significance }
