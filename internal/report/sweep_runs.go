package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// origin says how much of the sweep is done, of how many steps, and where it lies.
func (s *Sweep) origin() string {
	total, done := 0, 0
	s.each(func(_ *Cell, run *sweepRun) {
		total++
		if run.result != nil {
			done++
		}
	})
	text := fmt.Sprintf("%s of %s done, of %s", words.Count(done), words.Counted(total, "run"), words.Counted(s.steps, "step"))
	if kind, ok := s.settings.Get("data.kind"); ok {
		text += ", " + dataText(kind)
	}
	return text + ". Folder " + s.Dir + "."
}

// each calls f with every run, in the order of the tables.
func (s *Sweep) each(f func(*Cell, *sweepRun)) {
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell == nil || cell.shared {
					continue
				}
				for _, run := range cell.Runs {
					f(cell, run)
				}
			}
		}
	}
}

// addRuns adds a table of the runs, one by one, with links to their folders.
func (s *Sweep) addRuns(page *figure.Page) {
	const most = 400
	t := figure.Table{Caption: "Every run that is done; a name leads to its folder", Header: []string{"run", "seed", "mean of last losses",
		"99th percentile", "clipped", "test loss", "end"}, Text: []int{6}}
	done := 0
	s.each(func(cell *Cell, run *sweepRun) {
		if run.result == nil {
			return
		}
		if done++; done > most {
			return
		}
		r := run.result
		end, clipped := cmp.Or(r.Ending(), "done"), words.Unknown
		if cell.Clip != "none" && r.Losses > 0 {
			clipped = words.Percent(float64(r.Clipped) / float64(r.Losses))
		}
		t.Rows = append(t.Rows, []string{run.label, strconv.FormatUint(run.seed, 10), words.Number(float64(r.Mean)), words.Number(float64(r.P99)),
			clipped, words.Number(float64(r.TestLoss)), end})
		t.Links = append(t.Links, link(s.Dir, filepath.Join(s.Dir, runfolder.RunsFolder, run.label)))
	})
	page.Heading(2, "Runs")
	if done > most {
		page.Paragraph(fmt.Sprintf("The first %d of %s.", most, words.Counted(done, "run")))
	}
	page.Table(t)
}
