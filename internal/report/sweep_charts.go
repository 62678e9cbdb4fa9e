package report

import (
	"fmt"

	"alrc/internal/chart"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// chart is the learning curves of a block's runs: a panel for each column, in which the repeats of each clipping are together.
// There are too many runs for single steps; theirs are in the runs' folders.
func (s *Sweep) chart(b *Block, place int) *chart.Data {
	d := &chart.Data{ID: fmt.Sprintf("c%d", place+1), Title: "Learning curves", XLabel: "step", YLabel: "raw loss", Log: true, Window: s.window()}
	if b.Name != "" {
		d.Title += ", " + b.Name
	}
	total := 0
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell != nil {
					total += cell.Done
				}
			}
		}
	}
	// All charts of the page together are as large as one of a comparison; the values are the mean and the largest loss.
	bins := binsEach(total, 2)
	marks := max(chartMarks/max(total, 1), 2)
	for _, column := range b.Columns {
		for at, cell := range column.Cells {
			if cell == nil {
				continue
			}
			for _, run := range cell.Runs {
				if run.result == nil || len(run.curve.Step) == 0 {
					continue
				}
				curve := &run.curve
				series := chart.Series{Step: curve.Step, Loss: curve.RawLoss, Records: curve.Steps, Highest: curve.MaxRawLoss}
				line := series.Thin(bins)
				line.Name, line.Group, line.Panel = describe(cell.Clip), describe(cell.Clip), words.Capital(column.Name)
				if len(cell.Runs) > 1 {
					line.Name += fmt.Sprintf(", seed %d", run.seed)
				}
				line.Color = lineColor(clipPlace(s.Clips, at))
				r := Run{metrics: runfolder.Metrics{Step: curve.Step}, peaks: findPeaks(curve.Step, curve.RawLoss), result: run.result}
				line.Marks = r.marks(curve.MaxRawLoss, marks)
				d.Lines = append(d.Lines, line)
			}
		}
	}
	return d
}
