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
		// Test losses mostly say what training losses say, and their table is enough.
		if m != testLoss {
			sentences = append(sentences, s.sentences(m)...)
		}
	}
	if len(s.Failed) > 0 {
		sentences = append(sentences, words.Agreeing(len(s.Failed), "run failed and was", "runs failed and were")+" set aside.")
	}
	if missing := s.missing() - len(s.Failed); missing > 0 {
		sentences = append(sentences, words.Agreeing(missing, "run is", "runs are")+" not done yet.")
	}
	return sentences
}

// sentences say what the table of a measure shows.
func (s *Sweep) sentences(m measure) (sentences []string) {
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			baseline := column.baseline()
			var best *Cell
			for _, cell := range column.Cells {
				if cell != nil && cell != baseline && cell.Done > 0 && (best == nil || cell.better(best, m)) {
					best = cell
				}
			}
			if baseline == nil || baseline.Done == 0 || best == nil {
				continue
			}
			where := strings.Trim(block.Name+", "+column.Name, ", ")
			if where != "" {
				where += ": "
			}
			text := where + best.against(baseline, m)
			if m == testError {
				text += column.besideUntrained(baseline.Estimates[m].Mean, best.Estimates[m].Mean)
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
	e := best.effect
	if len(e.pairs) == 0 {
		return fmt.Sprintf("no seed is done both without clipping and with %s", name)
	}
	from, to := e.texts()
	over := ""
	missing := baseline.missing() + c.missing()
	if missing > 0 {
		over = fmt.Sprintf("so far, over %s, ", words.Counted(len(e.pairs), "seed"))
	}
	text := fmt.Sprintf("%sthe %s is %s without clipping and %s with %s", over, what, from, to, name)
	switch {
	case missing > 0:
		text += fmt.Sprintf("; %s missing", words.Agreeing(missing, "run is", "runs are"))
	case math.IsNaN(best.P):
		if !e.tie() {
			text += fmt.Sprintf(" (%s)", e.text())
		}
	case best.significant():
		text += fmt.Sprintf(" (%s, significant: p = %.2g)", e.text(), best.P)
	default:
		text += fmt.Sprintf(", no significant difference: p = %.2g", best.P)
	}
	if baseline.Diverged > 0 {
		text += "; without clipping " + diverged(baseline)
	}
	if c.Diverged > 0 {
		text += "; with it " + diverged(c)
	}
	return text
}
