package report

import (
	"fmt"
	"math"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// errorTables are how the errors of held-out crops of micrographs are distributed, where runs have any. Where kriging completed the
// first crops alone, a second table is of those.
func (c *Comparison) errorTables() (tables []figure.Table) {
	const against = "against the blurred truth in [-1, 1]"
	header := []string{"", "crops", "mean", "standard deviation", "5th percentile", "median", "95th", "99th"}
	all := figure.Table{Caption: "Mean squared errors of held-out crops, completed by each network and without one, " + against, Header: header}
	first := figure.Table{Header: header}
	var last *runfolder.Result
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if run.result == nil || run.result.TestMSE == nil {
				continue
			}
			last = run.result
			all.Rows = append(all.Rows, errorRow(g.runName(run), last.TestMSE))
			if last.FirstMSE != nil {
				first.Rows = append(first.Rows, errorRow(g.runName(run), last.FirstMSE))
			}
		}
	}
	if last == nil {
		return nil
	}
	for _, u := range allUntrained {
		table := &all
		own, network := u.against(last)
		if own == nil {
			continue
		}
		if network == last.FirstMSE {
			table = &first
			first.Caption = fmt.Sprintf("The same of the first %s crops, which kriging completed, too", words.Count(own.Images))
		}
		table.Rows = append(table.Rows, errorRow(u.name, own))
	}
	tables = append(tables, all)
	if first.Caption != "" {
		tables = append(tables, first)
	}
	return tables
}

func errorRow(name string, d *runfolder.Distribution) []string {
	row := []string{name, words.Count(d.Images)}
	for _, value := range []runfolder.Number{d.Mean, d.Std, d.P5, d.Median, d.P95, d.P99} {
		text := "–"
		if v := float64(value); !math.IsNaN(v) {
			text = words.Short(v, 3)
		}
		row = append(row, text)
	}
	return row
}
