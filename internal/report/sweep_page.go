package report

import (
	"fmt"
	"strings"

	"alrc/internal/figure"
	"alrc/internal/words"
)

// page is the report.
func (s *Sweep) page() *figure.Page {
	page := &figure.Page{Title: s.Title}
	page.Paragraph(s.origin())
	for _, failed := range s.Failed {
		page.Warning("Set aside: " + failed[0] + ": " + failed[1])
	}
	if missing := s.missing() - len(s.Failed); missing > 0 {
		page.Warning(words.Agreeing(missing, "run is", "runs are") + " not done yet.")
	}
	if h := s.scorecardMaps(); h != nil {
		width, height := scorecardSize(h)
		page.Figure(h, width, height, "Heat maps of what each method does to the held-out loss of each workload",
			"Change of the held-out loss against no method: blue is lower, orange higher. Gray is where every run without a method diverged, so that the loss itself stands there, or a run of the method did.")
	}
	for _, part := range s.benchmark() {
		page.Heading(2, part.title)
		for _, t := range part.tables {
			page.Table(figure.Table{Caption: t.name, Header: t.header, Rows: t.rows})
		}
		page.Paragraph(part.explanation)
	}
	for _, m := range s.measures() {
		page.Heading(2, measureWords[m].title)
		for _, block := range s.Blocks {
			header, rows := s.measureTable(block, m)
			page.Table(figure.Table{Caption: words.Capital(block.Name), Header: header, Rows: rows, Strong: s.best(block, m)})
		}
		s.addHeatmaps(page, m)
		page.Paragraph(s.explanation(m))
		if m == testLoss {
			continue
		}
		for _, sentence := range s.sentences(m) {
			page.Paragraph(sentence)
		}
	}
	page.Heading(2, "Learning curves")
	for i, block := range s.Blocks {
		f, width, height := s.figure(block)
		page.Chart(s.chart(block, i), f, width, height, "Smoothed learning curves, a line for each clipping. "+words.Capital(block.Name),
			words.Capital(strings.TrimPrefix(block.Name+": ", ": ")+fmt.Sprintf("raw losses smoothed over %s steps; the line is the mean over the repeats,"+
				" and the band reaches from the lowest to the highest."+s.drawnNote(), words.Count(s.window()))))
	}
	page.Heading(2, "What was clipped")
	for _, block := range s.Blocks {
		header, rows := s.table(block, "share", clippedText)
		page.Table(figure.Table{Caption: words.Capital(strings.TrimPrefix(block.Name+", ", ", ") + "share of losses clipped"), Header: header, Rows: rows})
	}
	for _, section := range []struct {
		title, explanation, column string
		show                       func(*Cell) string
	}{{"Largest losses", largestExplanation, "largest loss", largestText}, {"Spike episodes in a run", spikesExplanation, "episodes", spikesText}} {
		page.Heading(2, section.title)
		page.Paragraph(section.explanation)
		for _, block := range s.Blocks {
			header, rows := s.table(block, section.column, section.show)
			page.Table(figure.Table{Caption: words.Capital(block.Name), Header: header, Rows: rows})
		}
	}
	s.addRuns(page)
	page.Heading(2, "Settings")
	page.Paragraph("What all runs share; what varies is in the tables.")
	page.Definitions(s.settings)
	if s.Command != "" {
		page.Heading(2, "Do it again")
		page.Code(s.Command)
	}
	return page
}
