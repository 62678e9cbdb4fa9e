package report

import (
	"fmt"
	"math"
	"strings"

	"alrc/internal/words"
)

// Sentences say what the sweep came to, column by column.
func (s *Sweep) Sentences() []string {
	var sentences []string
	for _, m := range s.measures() {
		sentences = append(sentences, s.sentences(m)...)
	}
	if len(s.Failed) > 0 {
		sentences = append(sentences, fmt.Sprintf("%d runs failed and were set aside.", len(s.Failed)))
	}
	if missing := s.missing() - len(s.Failed); missing > 0 {
		sentences = append(sentences, fmt.Sprintf("%d runs are not done yet.", missing))
	}
	return sentences
}

// sentences say what the table of a measure shows.
func (s *Sweep) sentences(m measure) (sentences []string) {
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			var baseline, best *Cell
			for _, cell := range column.Cells {
				if cell == nil || cell.Estimates[m].Count == 0 && cell.Diverged == 0 {
					continue
				}
				if cell.Clip == "none" {
					baseline = cell
				} else if best == nil || cell.better(best, m) {
					best = cell
				}
			}
			if baseline == nil || best == nil {
				continue
			}
			where := strings.Trim(block.Name+", "+column.Name, ", ")
			if where != "" {
				where += ": "
			}
			text := where + best.against(baseline, m)
			if linear := column.interpolation(); m == testError && !math.IsNaN(linear) {
				text += fmt.Sprintf("; that of linear interpolation is %s", words.Number(linear))
			}
			sentences = append(sentences, words.Capital(text+"."))
		}
	}
	return sentences
}

// against says how the best clipping compares with none.
func (c *Cell) against(baseline *Cell, m measure) string {
	name := describe(c.Clip)
	what, best, none := measureWords[m].noun, c.Estimates[m], baseline.Estimates[m]
	diverged := func(cell *Cell) string {
		return fmt.Sprintf("%d of %d runs diverged", cell.Diverged, cell.Done)
	}
	switch {
	case math.IsNaN(none.Mean) && math.IsNaN(best.Mean):
		return "every run diverged, without clipping and with " + name
	case math.IsNaN(none.Mean):
		return fmt.Sprintf("without clipping %s; with %s the %s is %s", diverged(baseline), name, what, c.text(m))
	case math.IsNaN(best.Mean):
		return fmt.Sprintf("with %s %s; without clipping the %s is %s", name, diverged(c), what, baseline.text(m))
	}
	change := best.Mean/none.Mean - 1
	text := fmt.Sprintf("the %s is %s without clipping and %s with %s (%s", what, none.text(), best.text(), name, words.Change(change))
	switch {
	case math.IsNaN(best.P):
	case best.significant():
		text += fmt.Sprintf(", significant: p = %.2g", best.P)
	default:
		text += fmt.Sprintf(", not significant: p = %.2g", best.P)
	}
	text += ")"
	if baseline.Diverged > 0 {
		text += "; without clipping " + diverged(baseline)
	}
	if c.Diverged > 0 {
		text += "; with it " + diverged(c)
	}
	return text
}
