package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table is the results, as text.
func (c *Comparison) table() (header []string, rows [][]string) {
	var last int64
	for _, g := range c.Groups {
		last = max(last, g.summary().last)
	}
	header = []string{"clipping", "seeds", "mean of last " + thousands(last), "99th percentile", "largest", "clipped", "test loss", "images/s", "time a run"}
	for _, g := range c.Groups {
		s := g.summary()
		row := []string{g.Name, strconv.Itoa(s.seeds), spread(s.mean, s.std, s.seeds-s.diverged), short(s.p99), short(s.max),
			percent(s.clipped), spread(s.test, s.testStd, s.seeds-s.diverged), short(s.rate), duration(s.seconds)}
		if g.Clip == "none" {
			row[5] = "–"
		}
		if s.running > 0 {
			row[2] = strings.TrimPrefix(row[2]+", not done", "–, ")
		}
		if s.diverged > 0 {
			text := "diverged"
			if s.seeds > 1 {
				text = fmt.Sprintf("%d diverged", s.diverged)
			}
			if s.diverged < s.seeds {
				row[2] += ", " + text
			} else {
				row[2] = text
			}
		}
		rows = append(rows, row)
	}
	return header, rows
}

// Table writes the results for a terminal, with the sentences first.
func (c *Comparison) Table(w io.Writer) error {
	var text strings.Builder
	for _, sentence := range c.Sentences() {
		text.WriteString(sentence)
		text.WriteByte('\n')
	}
	text.WriteByte('\n')
	header, rows := c.table()
	writeColumns(&text, header, rows)
	_, err := io.WriteString(w, text.String())
	return err
}

// writeColumns aligns a table for a terminal: names to the left, and what follows to the right.
func writeColumns(text *strings.Builder, header []string, rows [][]string) {
	all := append([][]string{header}, rows...)
	widths := make([]int, len(header))
	for _, row := range all {
		for i, field := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(field))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, field := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(field))
			if i == 0 {
				line.WriteString(field + space)
			} else {
				line.WriteString("  " + space + field)
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " "))
		text.WriteByte('\n')
	}
}
