package report

import (
	"strings"

	"alrc/internal/words"
)

// section is a part of a benchmark's report: tables, each with a name, and how to read them.
type section struct {
	title, explanation string
	tables             []benchmarkTable
}

type benchmarkTable struct {
	name   string
	header []string
	rows   [][]string
}

// benchmark is what the report of a sweep has that compares methods: scorecards over all workloads, each workload's methods, and
// how sensitive methods are to the learning rate.
func (s *Sweep) benchmark() (sections []section) {
	if !s.isBenchmark() {
		return nil
	}
	if card := s.scorecard(false); card != nil {
		header, rows := card.table()
		sections = append(sections, section{"Methods at their defaults", scorecardExplanation, []benchmarkTable{{"", header, rows}}})
	}
	if card := s.scorecard(true); card != nil {
		header, rows := card.table()
		sections = append(sections, section{"Methods tuned", tunedExplanation, []benchmarkTable{{"", header, rows}}})
	}
	stability := section{title: "Stability", explanation: stabilityExplanation}
	rates := section{title: "Sensitivity to the learning rate", explanation: sensitivityExplanation}
	for _, block := range s.Blocks {
		if list := block.sensitivities(); list != nil {
			rates.tables = append(rates.tables, benchmarkTable{block.Name, sensitivityHeader, sensitivityRows(list)})
			continue
		}
		for _, column := range block.Columns {
			name := strings.Trim(block.Name+", "+column.Name, ", ")
			stability.tables = append(stability.tables, benchmarkTable{name, stabilityHeader, column.stabilityTable()})
		}
	}
	for _, part := range []section{stability, rates} {
		if len(part.tables) > 0 {
			sections = append(sections, part)
		}
	}
	return sections
}

// writeBenchmark writes the sections for a terminal.
func (s *Sweep) writeBenchmark(text *strings.Builder, l words.Layout) {
	for _, part := range s.benchmark() {
		text.WriteString("\n" + l.Wrap(part.title, "") + "\n\n")
		for _, t := range part.tables {
			if t.name != "" {
				text.WriteString(l.Wrap(t.name, "  ") + "\n")
			}
			text.WriteString(l.Table(t.header, t.rows) + "\n")
		}
		text.WriteString(l.Wrap(part.explanation, "") + "\n")
	}
}
