package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"alrc/internal/statistics"
	"alrc/internal/words"
)

// steadiness is how steady the runs of a cell were: means over those that are done, but for recovery, which is the median of the
// runs' medians. What is unknown is NaN.
type steadiness struct {
	episodes, score, recovery, milliseconds float64
	// lasting counts the episodes, of all, that were not over when their run ended.
	lasting, all int64
	// acted is the share of steps in which a stabiliser acted; NaN without one.
	acted float64
}

func (c *Cell) steadiness() steadiness {
	var episodes, scores, recoveries, milliseconds []float64
	s := steadiness{}
	var acted []float64
	for _, run := range c.Runs {
		if run.result == nil || run.result.Stability == nil {
			continue
		}
		found := run.result.Stability
		if share, ok := run.acted(); ok {
			acted = append(acted, share)
		}
		episodes = append(episodes, float64(found.Episodes))
		s.all += found.Episodes
		s.lasting += found.Episodes - found.Recovered
		if score := float64(found.SpikeScore); !math.IsNaN(score) {
			scores = append(scores, score)
		}
		if found.Recovered > 0 {
			recoveries = append(recoveries, float64(found.MedianRecovery))
		}
		if steps := run.result.WallSeconds * float64(run.result.ImagesPerSecond); steps > 0 {
			milliseconds = append(milliseconds, 1000*run.result.WallSeconds/steps)
		}
	}
	s.episodes, s.score, s.milliseconds = mean(episodes), mean(scores), statistics.MedianOfFinite(milliseconds)
	s.recovery, s.acted = statistics.MedianOfFinite(recoveries), mean(acted)
	return s
}

// acted is the share of a run's steps in which its stabiliser acted, or, of a run without one, the share of losses that
// were clipped.
func (r *sweepRun) acted() (share float64, ok bool) {
	switch done := r.result; {
	case r.method() == "none" || done.Losses == 0:
		return 0, false
	case done.Stabilised != nil:
		batches := float64(done.Losses) / float64(max(1, r.settings.BatchSize()))
		return float64(done.Stabilised.ActedSteps) / batches, true
	}
	return float64(r.result.Clipped) / float64(r.result.Losses), true
}

// isBenchmark says whether the sweep compares methods: on workloads, or with stabilisers.
func (s *Sweep) isBenchmark() bool {
	return slices.Contains(s.varying, stabiliseSetting) || s.workloads
}

var stabilityHeader = []string{"method", "held-out loss", "against none", "diverged", "spike episodes", "SpikeScore", "steps to recover", "not over", "acted on"}

// stabilityTable is a column's methods, the one that ends lowest first; those of which runs diverged come last.
func (c *Column) stabilityTable() (rows [][]string) {
	var cells []*Cell
	for _, cell := range c.Cells {
		if cell != nil && cell.Done > 0 {
			cells = append(cells, cell)
		}
	}
	slices.SortStableFunc(cells, func(a, b *Cell) int {
		switch {
		case a.better(b, testLoss):
			return -1
		case b.better(a, testLoss):
			return 1
		}
		return 0
	})
	for _, cell := range cells {
		s, e := cell.steadiness(), cell.Estimates[testLoss]
		against := ""
		if cell.Clip != "none" && len(e.effect.pairs) > 0 {
			if against = words.Change(e.effect.change); e.significant() {
				against += " *"
			}
		}
		score, acted := "", ""
		if !math.IsNaN(s.score) {
			score = words.Percent(s.score)
		}
		if !math.IsNaN(s.acted) {
			acted = words.Percent(s.acted)
		}
		recovery := ""
		if !math.IsNaN(s.recovery) {
			recovery = words.Count(int64(math.Round(s.recovery)))
		}
		lasting := ""
		if s.all > 0 {
			lasting = fmt.Sprintf("%d of %d", s.lasting, s.all)
		}
		held := ""
		if e.Count > 0 {
			held = e.text()
		}
		rows = append(rows, []string{cell.Clip, held, against, fmt.Sprintf("%d of %d", cell.Diverged, cell.Done),
			spikesOf(s.episodes), score, recovery, lasting, acted})
	}
	return rows
}

func spikesOf(episodes float64) string {
	if math.IsNaN(episodes) {
		return ""
	}
	return words.Tenth(episodes)
}

const stabilityExplanation = "Lowest held-out loss first; methods of which runs diverged come last, and have the others' mean. Against none is the" +
	" change of the geometric mean over the seeds that both have; an asterisk as in the tables above. Spike episodes in a run, by this project's" +
	" definition, on the raw losses of all steps; SpikeScore is OLMo's, the share of steps more than 6 standard deviations above the 128 before" +
	" them. Steps to recover: the median over runs of the median, from an episode's peak; not over are the episodes, of all, after which the loss was not back when the run ended." +
	" Acted on: the share of steps in which the method did anything."

// sensitivity is how much a method's held-out loss depends on the learning rate (Wortsman et al. 2023, arXiv 2309.14322): the mean,
// over the rates, of the lower of the loss and the loss of the starting weights, less the lowest of these.
type sensitivity struct {
	method        string
	value, lowest float64
	best          float64 // rate of the lowest
	diverged, all int
}

// sensitivities are those of a block whose columns are learning rates, over the seeds that are done; nil for another block.
func (b *Block) sensitivities() (list []sensitivity) {
	rates := make([]float64, len(b.Columns))
	for k, column := range b.Columns {
		at := slices.IndexFunc(column.Cells, func(cell *Cell) bool { return cell != nil })
		text, _ := column.Cells[at].Runs[0].settings.Get("optimizer.learning-rate")
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || slices.Contains(rates[:k], rate) {
			return nil
		}
		rates[k] = rate
	}
	const fewest = 3
	seeds := b.seeds()
	if len(rates) < fewest || len(seeds) == 0 {
		return nil
	}
	for _, at := range b.clips() {
		s := sensitivity{lowest: math.Inf(1)}
		var losses []float64
		for k, column := range b.Columns {
			cell := column.Cells[at]
			s.method = cell.Clip
			var bounded []float64
			for _, run := range cell.Runs {
				if !slices.Contains(seeds, run.seed) {
					continue
				}
				bounded = append(bounded, run.boundedLoss())
				if s.all++; run.result.Diverged {
					s.diverged++
				}
			}
			loss := mean(bounded)
			if losses = append(losses, loss); loss < s.lowest {
				s.lowest, s.best = loss, rates[k]
			}
		}
		s.value = mean(losses) - s.lowest
		list = append(list, s)
	}
	return list
}

// seeds are those whose runs are all done; nil where a column lacks a method.
func (b *Block) seeds() (seeds []uint64) {
	for _, run := range b.Columns[0].Cells[b.clips()[0]].Runs {
		seeds = append(seeds, run.seed)
	}
	for _, at := range b.clips() {
		for _, column := range b.Columns {
			cell := column.Cells[at]
			if cell == nil {
				return nil
			}
			seeds = slices.DeleteFunc(seeds, func(seed uint64) bool { return !cell.has(seed) })
		}
	}
	return seeds
}

// boundedLoss is the lower of a run's held-out loss and the loss of its first step, which is the loss of a run that diverged.
func (r *sweepRun) boundedLoss() float64 {
	if r.result == nil || r.result.Stability == nil {
		return math.NaN()
	}
	first := float64(r.result.Stability.First)
	if value := r.value(testLoss); value < first {
		return value
	}
	return first
}

var sensitivityHeader = []string{"method", "sensitivity", "lowest loss", "at rate", "diverged"}

func sensitivityRows(list []sensitivity) (rows [][]string) {
	slices.SortStableFunc(list, func(a, b sensitivity) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	for _, s := range list {
		rows = append(rows, []string{s.method, words.Number(s.value), words.Number(s.lowest), strconv.FormatFloat(s.best, 'g', -1, 64),
			fmt.Sprintf("%d of %d", s.diverged, s.all)})
	}
	return rows
}

const sensitivityExplanation = "Sensitivity to the learning rate (Wortsman et al. 2023): the mean over the rates of the held-out loss, or of the" +
	" starting weights' loss where that is lower or the run diverged, less the lowest. A method that is bad at every rate is not sensitive, so the" +
	" lowest loss stands beside it."
