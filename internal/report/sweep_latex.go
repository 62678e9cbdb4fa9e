package report

import (
	"fmt"
	"io"
	"strings"

	"alrc/internal/words"
)

var latexEscapes = strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`,
	"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "±", `$\pm$`, "–", "--", "−", "$-$", "<", "$<$")

// writeLaTeX writes a measure's table for a paper; it needs no package.
func (s *Sweep) writeLaTeX(w io.Writer, m measure) error {
	var text strings.Builder
	columns := 0
	for _, block := range s.Blocks {
		columns = max(columns, len(block.Columns))
	}
	fmt.Fprintf(&text, "%% %s\n\\begin{tabular}{l%s}\n\\hline\n", strings.ReplaceAll(s.Title, "\n", " "), strings.Repeat("r", columns))
	for i, block := range s.Blocks {
		header, rows := s.measureTable(block, m)
		if block.Name != "" {
			if i > 0 {
				text.WriteString("\\hline\n")
			}
			fmt.Fprintf(&text, "\\multicolumn{%d}{l}{\\textit{%s}} \\\\\n", columns+1, latexEscapes.Replace(words.Capital(block.Name)))
		}
		line := func(fields []string) {
			for k, field := range fields {
				if k > 0 {
					text.WriteString(" & ")
				}
				text.WriteString(field)
			}
			text.WriteString(" \\\\\n")
		}
		for k := range header {
			header[k] = latexEscapes.Replace(header[k])
		}
		line(header)
		text.WriteString("\\hline\n")
		strong := s.best(block, m)
		for r, row := range rows {
			for k := range row {
				row[k] = latexEscapes.Replace(row[k])
				for _, place := range strong {
					if place == [2]int{r, k} {
						row[k] = `\textbf{` + row[k] + `}`
					}
				}
			}
			line(row)
		}
	}
	text.WriteString("\\hline\n\\end{tabular}\n")
	for _, line := range strings.Split(s.explanation(m), ". ") {
		text.WriteString("% " + line + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
