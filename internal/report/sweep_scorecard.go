package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alrc/internal/clipping"
	"alrc/internal/stabiliser"
	"alrc/internal/words"
)

// family is settings of one method.
type family struct {
	name string
	// usual is the method at its defaults, "" where that was not run.
	usual string
	clips []string
}

// familyOf names the method of a row: "norm:1" is of norm.
func familyOf(row string) string {
	var names []string
	for _, part := range strings.Split(row, "+") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), ":")
		names = append(names, name)
	}
	return strings.Join(names, " + ")
}

// usualOf is a method at its defaults, as rows name it.
func usualOf(family string) string {
	if spec, err := clipping.Parse(family); err == nil {
		return spec.String()
	}
	if spec, err := stabiliser.Parse(family); err == nil {
		return spec.String()
	}
	return ""
}

// families groups the sweep's rows by method, in their order.
func (s *Sweep) families() (list []*family) {
	for _, clip := range s.Clips {
		name := familyOf(clip)
		f := find(&list, func(f *family) bool { return f.name == name }, func() *family { return &family{name: name} })
		if f.clips = append(f.clips, clip); clip == usualOf(name) || len(f.clips) == 1 && usualOf(name) == "" {
			f.usual = clip
		}
	}
	return list
}

// scored are the columns that a scorecard has: one of each block that has but one.
func (s *Sweep) scored() (columns []*Column, names []string) {
	for _, block := range s.Blocks {
		if len(block.Columns) == 1 && block.Columns[0].baseline() != nil {
			columns, names = append(columns, block.Columns[0]), append(names, block.Name)
		}
	}
	return columns, names
}

// scorecard is a table of all methods on all workloads: at their defaults, or tuned. It is nil for a sweep of fewer than
// two workloads.
func (s *Sweep) scorecard(tuned bool) (header []string, rows [][]string) {
	columns, names := s.scored()
	if len(columns) < 2 || !s.isBenchmark() {
		return nil, nil
	}
	header = append([]string{"method"}, names...)
	most := 1
	for _, f := range s.families() {
		most = max(most, len(f.clips))
		if f.name == "none" || !tuned && f.usual == "" {
			continue
		}
		row := []string{f.name}
		if !tuned {
			row[0] = f.usual
		}
		for _, column := range columns {
			clips := f.clips
			if !tuned {
				clips = []string{f.usual}
			}
			row = append(row, column.score(s, clips))
		}
		rows = append(rows, row)
	}
	if tuned && most < 2 {
		return nil, nil
	}
	none := []string{"none: held-out loss"}
	for _, column := range columns {
		cell := column.baseline()
		text := cell.Estimates[testLoss].text()
		if cell.Diverged > 0 {
			text = fmt.Sprintf("%d of %d diverged", cell.Diverged, cell.Done)
			if cell.Diverged < cell.Done {
				text += ", else " + words.Number(cell.Estimates[testLoss].Mean)
			}
		}
		none = append(none, text)
	}
	return header, append([][]string{none}, rows...)
}

// score is what the settings of a method, each seed's chosen by the others, do to the column's held-out loss.
func (c *Column) score(s *Sweep, clips []string) string {
	var cells []*Cell
	for _, clip := range clips {
		if cell := c.Cells[slices.Index(s.Clips, clip)]; cell != nil && cell.Done == len(cell.Runs) {
			cells = append(cells, cell)
		}
	}
	if len(cells) < len(clips) || len(cells) == 0 {
		return words.Unknown
	}
	baseline := c.baseline()
	chosen := make([]*sweepRun, 0, len(cells[0].Runs))
	diverged := 0
	for _, run := range cells[0].Runs {
		best := chooseFor(cells, run.seed).ofSeed(run.seed)
		if best == nil {
			continue
		}
		chosen = append(chosen, best)
		if best.result.Diverged {
			diverged++
		}
	}
	groups := [2][]*sweepRun{baseline.Runs, chosen}
	e := effectOf(len(baseline.Runs), len(chosen), func(group, run int) uint64 { return groups[group][run].seed },
		func(group, run int) float64 { return groups[group][run].value(testLoss) })
	text := ""
	switch {
	case len(e.pairs) > 0:
		if text = words.Change(e.change); e.clear() {
			text += " *"
		}
	default:
		var values []float64
		for _, run := range chosen {
			if value := run.value(testLoss); !math.IsNaN(value) {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			text = words.Number(mean(values))
		}
	}
	if diverged > 0 {
		text = strings.TrimPrefix(text+fmt.Sprintf(", %d of %d diverged", diverged, len(chosen)), ", ")
	}
	return text
}

// chooseFor is the cell whose runs of other seeds than one end lowest: any that diverged puts a cell last.
func chooseFor(cells []*Cell, seed uint64) *Cell {
	var best *Cell
	lowest, fewest := math.Inf(1), math.MaxInt
	for _, cell := range cells {
		var values []float64
		diverged := 0
		for _, run := range cell.Runs {
			switch value := run.value(testLoss); {
			case run.seed == seed && len(cell.Runs) > 1:
			case math.IsNaN(value):
				diverged++
			default:
				values = append(values, value)
			}
		}
		average := mean(values)
		if best == nil || diverged < fewest || diverged == fewest && average < lowest {
			best, lowest, fewest = cell, average, diverged
		}
	}
	return best
}

// ofSeed is the cell's run of a seed, nil where there is none.
func (c *Cell) ofSeed(seed uint64) *sweepRun {
	for _, run := range c.Runs {
		if run.seed == seed {
			return run
		}
	}
	return nil
}

const scorecardExplanation = "Change of the held-out loss against no method, by the geometric mean over the seeds that both have: below 0 is better. An" +
	" asterisk marks a difference of at least 1 % on whose direction all seeds agree, with p < 0.05 in a paired t-test on the logarithms, not corrected" +
	" for the number of comparisons. Where every run without a method diverged, the held-out loss itself stands there."

const tunedExplanation = "Each method with the best of its settings: for each seed, the one whose runs of the other seeds end with the lowest mean" +
	" held-out loss, so that no run chooses its own setting."
