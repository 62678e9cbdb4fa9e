package report

import (
	"fmt"
	"io"
	"strings"

	"alrc/internal/words"
)

// writeMarkdown writes the report for places that render Markdown.
func (s *Sweep) writeMarkdown(w io.Writer) error {
	var text strings.Builder
	escape := strings.NewReplacer("|", `\|`, "*", `\*`)
	fmt.Fprintf(&text, "# %s\n\n", s.Title)
	table := func(header []string, rows [][]string, strong [][2]int) {
		fmt.Fprintf(&text, "| %s |\n| --- |%s\n", strings.Join(header, " | "), strings.Repeat(" ---: |", len(header)-1))
		for r, row := range rows {
			for k := range row {
				row[k] = escape.Replace(row[k])
				for _, place := range strong {
					if place == [2]int{r, k} {
						row[k] = "**" + row[k] + "**"
					}
				}
			}
			fmt.Fprintf(&text, "| %s |\n", strings.Join(row, " | "))
		}
		text.WriteByte('\n')
	}
	for _, part := range s.benchmark() {
		fmt.Fprintf(&text, "## %s\n\n%s\n\n", part.title, escape.Replace(part.explanation))
		for _, t := range part.tables {
			if t.name != "" {
				fmt.Fprintf(&text, "%s:\n\n", t.name)
			}
			table(t.header, t.rows, nil)
		}
	}
	for _, block := range s.Blocks {
		if block.Name != "" {
			fmt.Fprintf(&text, "## %s\n\n", words.Capital(block.Name))
		}
		header, rows := s.measureTable(block, trainingLoss)
		table(header, rows, s.best(block, trainingLoss))
		fmt.Fprintf(&text, "![Learning curves](%s.png)\n\n", s.figureName(block))
	}
	text.WriteString(s.explanation(trainingLoss) + "\n\n")
	text.WriteString("Curves are raw losses smoothed over " + words.Count(s.window()) + " steps; the line is the mean over the repeats, and the band reaches from the lowest to the highest.\n\n")
	for _, sentence := range s.Sentences() {
		fmt.Fprintf(&text, "- %s\n", escape.Replace(sentence))
	}
	text.WriteByte('\n')
	section := func(title, explanation string, show func(*Block)) {
		fmt.Fprintf(&text, "## %s\n\n", title)
		if explanation != "" {
			text.WriteString(explanation + "\n\n")
		}
		for _, block := range s.Blocks {
			if block.Name != "" {
				fmt.Fprintf(&text, "%s:\n\n", words.Capital(block.Name))
			}
			show(block)
		}
	}
	for _, m := range s.measures()[1:] {
		section(measureWords[m].title, s.explanation(m), func(b *Block) {
			header, rows := s.measureTable(b, m)
			table(header, rows, s.best(b, m))
		})
	}
	section("Share of losses clipped", "", func(b *Block) {
		header, rows := s.table(b, "share", clippedText)
		table(header, rows, nil)
	})
	section("Largest losses", largestExplanation, func(b *Block) {
		header, rows := s.table(b, "largest loss", largestText)
		table(header, rows, nil)
	})
	section("Spike episodes in a run", spikesExplanation, func(b *Block) {
		header, rows := s.table(b, "episodes", spikesText)
		table(header, rows, nil)
	})
	if s.Command != "" {
		fmt.Fprintf(&text, "Made by `%s`.\n", s.Command)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
