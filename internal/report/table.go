package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"alrc/internal/words"
)

// table is the results, as text.
func (c *Comparison) table() (header []string, rows [][]string) {
	var last int64
	for _, g := range c.Groups {
		last = max(last, g.summary().last)
	}
	header = []string{c.wording.header(), "seeds", "mean of last " + words.Count(last), "99th percentile", "largest of last " + words.Count(last), "clipped", "test loss"}
	if c.wording == stabilises {
		header = append(header, "steps acted on", "skipped")
	}
	for _, g := range c.Groups {
		s := g.summary()
		row := []string{g.Name, strconv.Itoa(s.seeds), words.Spread(s.mean, s.std, s.seeds-s.diverged), words.Number(s.p99), words.Number(s.max),
			words.Percent(s.clipped), words.Spread(s.test, s.testStd, s.seeds-s.diverged)}
		clip, stabilise := parts(g.Clip)
		if clip == "none" {
			row[5] = "–"
		}
		switch {
		case c.wording != stabilises:
		case stabilise == "":
			row = append(row, "–", "–")
		default:
			row = append(row, words.Percent(s.acted), words.Percent(s.skipped))
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
func (c *Comparison) Table(w io.Writer, l words.Layout) error {
	var text strings.Builder
	for _, sentence := range c.Sentences() {
		text.WriteString(l.Wrap(sentence, "  ") + "\n")
	}
	header, rows := c.table()
	text.WriteString("\n" + l.Table(header, rows) + "\n")
	header, rows = c.peakTable()
	text.WriteString(l.Table(header, rows) + "\n" + l.Wrap(peaksExplanation, "") + "\n")
	if speed := c.speed(); speed != "" {
		text.WriteString(l.Wrap(speed, "") + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
