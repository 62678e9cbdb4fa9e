package report

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// writeCSV writes a row for each cell of a measure's table.
func (s *Sweep) writeCSV(w io.Writer, m measure) error {
	table := csv.NewWriter(w)
	err := table.Write([]string{"block", "column", "clipping", "repeats", "done", "diverged", "mean", "std", "p_holm", "best", "clipped_share", "spike_episodes"})
	if err != nil {
		return err
	}
	value := func(v float64) string {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, c := range column.Cells {
				if c == nil {
					continue
				}
				e := c.Estimates[m]
				err := table.Write([]string{block.Name, column.Name, c.Clip, strconv.Itoa(len(c.Runs)), strconv.Itoa(c.Done), strconv.Itoa(c.Diverged),
					value(e.Mean), value(e.Std), value(e.P), strconv.FormatBool(e.Best), value(c.Clipped), value(c.Spikes)})
				if err != nil {
					return err
				}
			}
			if m == testError {
				for _, u := range allUntrained {
					without, _, _, example := column.beside(u)
					if example == nil {
						continue
					}
					if err := table.Write([]string{block.Name, column.Name, u.name, "", "", "", value(without), "", "", "", "", ""}); err != nil {
						return err
					}
				}
			}
		}
	}
	table.Flush()
	return table.Error()
}
