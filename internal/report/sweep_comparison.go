package report

import (
	"math"
	"slices"
	"sort"

	"alrc/internal/words"
)

// significance is the level of the tests, after correction.
const significance = 0.05

// compare fills in what cells have to say, and tests the clippings against none.
func (s *Sweep) compare() {
	var tested [measures][]*Estimate
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell != nil {
					s.summarize(cell)
				}
			}
			baseline := column.baseline()
			if baseline == nil {
				continue
			}
			for m := range measures {
				for _, cell := range column.Cells {
					if cell == nil || cell == baseline {
						continue
					}
					e := &cell.Estimates[m]
					e.effect = cell.effectOn(baseline, m)
					if e.P = e.effect.p; !math.IsNaN(e.P) {
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
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for m := range measures {
				column.rank(m)
			}
		}
	}
}

// baseline is the cell without clipping, nil where the column has none.
func (c *Column) baseline() *Cell {
	for _, cell := range c.Cells {
		if cell != nil && cell.Clip == "none" {
			return cell
		}
	}
	return nil
}

// missing counts the cell's runs without results.
func (c *Cell) missing() int { return len(c.Runs) - c.Done }

func (s *Sweep) summarize(c *Cell) {
	c.largest = noPeak
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
			spikes = append(spikes, float64(findPeaks(run.curve.Step, run.curve.RawLoss).episodes))
			if p := findPeaks(run.curve.Step, run.curve.MaxRawLoss).largest; !(p.loss <= c.largest.loss) && !math.IsNaN(p.loss) {
				c.largest, c.largestSeed = p, run.seed
			}
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

// rank marks the best cell, with the fewest runs that diverged and then the lowest mean: where no run is missing, and it
// differs from all others by more than chance, as far as repeats allow a test.
func (c *Column) rank(m measure) {
	var cells []*Cell
	for _, cell := range c.Cells {
		if cell == nil {
			continue
		}
		if cell.missing() > 0 {
			return
		}
		cells = append(cells, cell)
	}
	var best *Cell
	for _, cell := range cells {
		if cell.Estimates[m].Count > 0 && (best == nil || cell.better(best, m)) {
			best = cell
		}
	}
	if best == nil {
		return
	}
	for _, cell := range cells {
		if cell == best {
			continue
		}
		e := cell.Estimates[m]
		if cell.Diverged == best.Diverged && words.Number(e.Mean) == words.Number(best.Estimates[m].Mean) {
			return
		}
		p := best.effectOn(cell, m).p
		switch {
		case cell.Clip == "none":
			p = best.Estimates[m].P
		case best.Clip == "none":
			p = e.P
		}
		if cell.Diverged == best.Diverged && p >= significance {
			return
		}
	}
	best.Estimates[m].Best = len(cells) > 1
}

// better says whether fewer runs diverged than another's, or, of as many, the mean is lower.
func (c *Cell) better(than *Cell, m measure) bool {
	if c.Diverged != than.Diverged {
		return c.Diverged < than.Diverged
	}
	a, b := c.Estimates[m].Mean, than.Estimates[m].Mean
	return a < b || math.IsNaN(b)
}

// effectOn is what a cell's clipping did to a measure, against the cell without clipping in the same column.
func (c *Cell) effectOn(baseline *Cell, m measure) effect {
	runs := [2][]*sweepRun{baseline.Runs, c.Runs}
	return effectOf(len(baseline.Runs), len(c.Runs), func(group, run int) uint64 { return runs[group][run].seed },
		func(group, run int) float64 { return runs[group][run].value(m) })
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
