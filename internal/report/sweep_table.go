package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"alrc"
	"alrc/internal/words"
)

// measures are those that have a table.
func (s *Sweep) measures() (known []measure) {
	for m := range measures {
		if slices.ContainsFunc(s.Blocks, func(b *Block) bool {
			return slices.ContainsFunc(b.Columns, func(c *Column) bool {
				return slices.ContainsFunc(c.Cells, func(cell *Cell) bool { return cell != nil && cell.Estimates[m].Count > 0 })
			})
		}) || m == trainingLoss {
			known = append(known, m)
		}
	}
	return known
}

// measureWords name the measures: their files, sections, single columns, and what they are in a sentence.
var measureWords = [...]struct{ file, title, column, noun string }{
	trainingLoss: {"table", "Losses", "mean of last losses", "loss"},
	testLoss:     {"test-loss", "Test losses", "test loss", "test loss"},
	testError:    {"test-error", "Errors on held-out crops", "mean squared error", "test error"},
}

// measureTable is a block's table of a measure.
func (s *Sweep) measureTable(b *Block, m measure) (header []string, rows [][]string) {
	header, rows = s.table(b, measureWords[m].column, func(c *Cell) string { return c.text(m) })
	if m == testError {
		rows = append(rows, b.untrainedRows()...)
	}
	return header, rows
}

// table is a block with what show makes of each cell; name is that of a single column.
func (s *Sweep) table(b *Block, name string, show func(*Cell) string) (header []string, rows [][]string) {
	header = []string{"clipping"}
	if s.isBenchmark() {
		header[0] = "method"
	}
	for _, column := range b.Columns {
		header = append(header, cmp.Or(column.Name, name))
	}
	for _, at := range b.clips() {
		row := []string{describe(s.Clips[at])}
		for _, column := range b.Columns {
			row = append(row, show(column.Cells[at]))
		}
		rows = append(rows, row)
	}
	return header, rows
}

// best lists the places of the best cells of a block's table, where there is a choice.
func (s *Sweep) best(b *Block, m measure) (places [][2]int) {
	clips := b.clips()
	for k, column := range b.Columns {
		for row, at := range clips {
			if cell := column.Cells[at]; cell != nil && cell.Estimates[m].Best && len(clips) > 1 {
				places = append(places, [2]int{row, 1 + k})
			}
		}
	}
	return places
}

func (e Estimate) text() string { return words.Spread(e.Mean, e.Std, e.Count) }

// text is the cell in a measure's table.
func (c *Cell) text(m measure) string {
	if c == nil {
		return ""
	}
	e := c.Estimates[m]
	text := e.text()
	if e.significant() {
		text += " *"
	}
	if c.Diverged > 0 {
		note := fmt.Sprintf("%d of %d diverged", c.Diverged, c.Done)
		if c.Diverged == c.Done {
			return note
		}
		text += ", " + note
	}
	if missing := len(c.Runs) - c.Done; missing > 0 {
		text += fmt.Sprintf(", %d missing", missing)
	}
	return text
}

func clippedText(c *Cell) string {
	switch {
	case c == nil || c.Done == 0:
		return ""
	}
	if clip, _ := parts(c.Clip); clip == "none" {
		return "–"
	}
	return words.Percent(c.Clipped)
}

func spikesText(c *Cell) string {
	if c == nil || math.IsNaN(c.Spikes) {
		return ""
	}
	return words.Tenth(c.Spikes)
}

// largestText is a cell's largest loss. A curve has bins of steps, so that its step is that of the bin's end.
func largestText(c *Cell) string {
	if c == nil || math.IsNaN(c.largest.loss) {
		return ""
	}
	text := words.Number(c.largest.loss) + " by step " + stepText(c.largest.step)
	if len(c.Runs) > 1 {
		text += fmt.Sprintf(", seed %d", c.largestSeed)
	}
	return text
}

// explanation says how to read a measure's table.
func (s *Sweep) explanation(m measure) string {
	repeats, crops := 0, 0
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell == nil {
					continue
				}
				repeats = max(repeats, len(cell.Runs))
				for _, run := range cell.Runs {
					if run.result != nil && run.result.TestMSE != nil {
						crops = max(crops, run.result.TestMSE.Images)
					}
				}
			}
		}
	}
	text := fmt.Sprintf("Mean of each run's last %s raw training losses, that is before any clipping", words.Count(s.last))
	switch m {
	case testLoss:
		text = "Mean raw loss of each run's held-out images at its end"
	case testError:
		text = fmt.Sprintf("Mean squared error of each run's completions of %s held-out crops at its end, against the blurred truth in [-1, 1]",
			words.Count(crops))
	}
	if repeats > 1 {
		text += fmt.Sprintf(": mean and standard deviation over %d repeats", repeats)
	}
	text += "."
	if slices.Contains(s.varying, "data.test") {
		text += " A file's name says what was held out."
	}
	if m == testError {
		text += s.untrainedNote()
	}
	if len(s.Clips) > 1 {
		best := "The best of a column"
		if m == testError {
			best = "The best clipping of a column"
		}
		text += " " + best + " is in bold type where no run of the column is missing and it differs from all others by more than chance, as far as that can be tested;" +
			" runs that diverged have no mean and put a clipping last."
	}
	if s.Comparisons[m] > 0 {
		text += fmt.Sprintf(" An asterisk marks a difference to no clipping in the same column with p < %g: two-sided paired t-test on"+
			" the logarithms of the runs' means, paired by seed, corrected after Holm for the %d comparisons here.", significance, s.Comparisons[m])
	} else {
		text += " No difference was tested: that takes two repeats, without and with clipping."
	}
	return text
}

var (
	largestExplanation = fmt.Sprintf("The largest raw loss of a step after step %d, until which an automatic start clips nothing.", alrc.StartSteps)
	spikesExplanation  = "The mean number in a run, counted on its learning curve: an episode begins where a value lies at least 8 robust" +
		" standard deviations above those around it, and lasts until the values are back."
)

// Table writes the results for a terminal.
func (s *Sweep) Table(w io.Writer, l words.Layout) error {
	var text strings.Builder
	for i, m := range s.measures() {
		if i > 0 {
			text.WriteString("\n" + l.Wrap(measureWords[m].title, "") + "\n\n")
		}
		s.writeText(&text, l, m)
	}
	s.writeBenchmark(&text, l)
	for _, failed := range s.Failed {
		text.WriteString(l.Wrap(fmt.Sprintf("Set aside: %s: %s", failed[0], failed[1]), "  ") + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeText writes a measure's table for a terminal.
func (s *Sweep) writeText(text *strings.Builder, l words.Layout, m measure) {
	for _, block := range s.Blocks {
		if block.Name != "" {
			text.WriteString(l.Wrap(words.Capital(block.Name), "  ") + "\n")
		}
		header, rows := s.measureTable(block, m)
		for _, place := range s.best(block, m) {
			rows[place[0]][place[1]] = "> " + rows[place[0]][place[1]]
		}
		text.WriteString(l.Table(header, rows) + "\n")
	}
	text.WriteString(l.Wrap(strings.ReplaceAll(s.explanation(m), "in bold type", "marked >"), "") + "\n")
}
