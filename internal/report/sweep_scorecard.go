package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alrc/internal/clipping"
	"alrc/internal/figure"
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

// scorecard is what all methods do on all workloads, at their defaults or tuned.
type scorecard struct {
	workloads, methods []string
	none               []string  // what there is without a method, by workload
	scores             [][]score // by method and workload
}

// score is what a method does to the held-out loss of a workload.
type score struct {
	effect         effect
	diverged, done int
	alone          float64 // the mean held-out loss, for where nothing is to be compared with
}

// scorecard returns nil for a sweep of fewer than two workloads, and where there is nothing to tune.
func (s *Sweep) scorecard(tuned bool) *scorecard {
	columns, names := s.scored()
	if len(columns) < 2 || !s.isBenchmark() {
		return nil
	}
	card := &scorecard{workloads: names}
	most := 1
	for _, f := range s.families() {
		most = max(most, len(f.clips))
		if f.name == "none" || !tuned && f.usual == "" {
			continue
		}
		name, clips := f.name, f.clips
		if !tuned {
			name, clips = f.usual, []string{f.usual}
		}
		var row []score
		for _, column := range columns {
			row = append(row, column.score(s, clips))
		}
		card.methods, card.scores = append(card.methods, name), append(card.scores, row)
	}
	if tuned && most < 2 {
		return nil
	}
	for _, column := range columns {
		cell := column.baseline()
		text := cell.Estimates[testLoss].text()
		if cell.Diverged > 0 {
			text = fmt.Sprintf("%d of %d diverged", cell.Diverged, cell.Done)
			if cell.Diverged < cell.Done {
				text += ", else " + words.Number(cell.Estimates[testLoss].Mean)
			}
		}
		card.none = append(card.none, text)
	}
	return card
}

// table is the scorecard as text.
func (c *scorecard) table() (header []string, rows [][]string) {
	header = append([]string{"method"}, c.workloads...)
	rows = append(rows, append([]string{"none: held-out loss"}, c.none...))
	for k, method := range c.methods {
		row := []string{method}
		for _, score := range c.scores[k] {
			row = append(row, score.text())
		}
		rows = append(rows, row)
	}
	return header, rows
}

// heatmap is the scorecard as a picture: the logarithm of the change is the colour.
func (c *scorecard) heatmap(title string) figure.Heatmap {
	h := figure.Heatmap{Title: title, XLabel: "workload", YLabel: "method", Rows: c.methods, Columns: c.workloads}
	for _, row := range c.scores {
		values, texts := make([]float64, len(row)), make([]string, len(row))
		for k, s := range row {
			values[k] = math.NaN()
			switch {
			case s.done == 0:
			case s.diverged == s.done:
				texts[k] = "diverged"
			case s.diverged > 0:
				texts[k] = fmt.Sprintf("%d/%d div.", s.diverged, s.done)
			case len(s.effect.pairs) == 0:
				texts[k] = words.Number(s.alone)
			default:
				values[k], texts[k] = math.Log1p(s.effect.change), words.Change(s.effect.change)
			}
		}
		h.Values, h.Texts = append(h.Values, values), append(h.Texts, texts)
	}
	return h
}

// scorecardMaps are the heat maps of a benchmark's scorecards; nil where it has none. Colours are deepest where the loss is
// divided or multiplied by 3.
func (s *Sweep) scorecardMaps() *figure.Heatmaps {
	maps := &figure.Heatmaps{Limit: math.Log(3), Columns: 1}
	for _, kind := range []struct {
		tuned bool
		title string
	}{{false, "Held-out loss against no method, at defaults"}, {true, "The same, tuned"}} {
		if card := s.scorecard(kind.tuned); card != nil {
			maps.Maps = append(maps.Maps, card.heatmap(kind.title))
		}
	}
	if len(maps.Maps) == 0 {
		return nil
	}
	return maps
}

// score is what the settings of a method, each seed's chosen by the others, do to the column's held-out loss.
func (c *Column) score(s *Sweep, clips []string) score {
	var cells []*Cell
	for _, clip := range clips {
		if cell := c.Cells[slices.Index(s.Clips, clip)]; cell != nil {
			cells = append(cells, cell)
		}
	}
	if len(cells) == 0 {
		return score{}
	}
	var chosen []*sweepRun
	var values []float64
	result := score{}
	for _, run := range cells[0].Runs {
		if slices.ContainsFunc(cells, func(cell *Cell) bool { return !cell.has(run.seed) }) {
			continue // a seed counts once all settings have it
		}
		best := chooseFor(cells, run.seed).ofSeed(run.seed)
		chosen = append(chosen, best)
		if best.result.Diverged {
			result.diverged++
		} else {
			values = append(values, best.value(testLoss))
		}
	}
	groups := [2][]*sweepRun{c.baseline().Runs, chosen}
	result.effect = effectOf(len(groups[0]), len(chosen), func(group, run int) uint64 { return groups[group][run].seed },
		func(group, run int) float64 { return groups[group][run].value(testLoss) })
	result.done, result.alone = len(chosen), mean(values)
	return result
}

// fewestSeeds is the number of seeds below which a score is not called clear.
const fewestSeeds = 3

func (s score) text() string {
	if s.done == 0 {
		return words.Unknown
	}
	text := ""
	switch {
	case len(s.effect.pairs) > 0:
		if text = words.Change(s.effect.change); s.effect.clear() && len(s.effect.pairs) >= fewestSeeds {
			text += " *"
		}
	case s.diverged < s.done:
		text = words.Number(s.alone)
	}
	if s.diverged > 0 {
		text = strings.TrimPrefix(text+fmt.Sprintf(", %d of %d diverged", s.diverged, s.done), ", ")
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
			case run.result == nil || run.seed == seed && cell.Done > 1:
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

// has says whether the cell's run of a seed is done.
func (c *Cell) has(seed uint64) bool {
	run := c.ofSeed(seed)
	return run != nil && run.result != nil
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
	" asterisk marks a difference, of at least three seeds and 1 %, on whose direction all seeds agree, and p < 0.05 in a paired t-test on the logarithms, not corrected" +
	" for the number of comparisons. Where every run without a method diverged, the held-out loss itself stands there."

const tunedExplanation = "Each method with the best of its settings: for each seed, the one whose runs of the other seeds end with the lowest mean" +
	" held-out loss, so that no run chooses its own setting."

// scorecardSize is the size at which scorecards are drawn.
func scorecardSize(h *figure.Heatmaps) (width, height int) {
	return 2000, len(h.Maps) * (220 + 52*len(h.Maps[0].Rows))
}
