package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/atomicfile"
	"alrc/internal/figure"
)

// Write writes report.html, report.md, table.csv and table.tex into a folder, the table of test errors likewise where there is one,
// and the learning curves of each block as PNG and SVG.
func (s *Sweep) Write(dir string) error {
	type file struct {
		name  string
		write func(io.Writer) error
	}
	files := []file{{"report.md", s.writeMarkdown}, {"report.html", s.page().Write}}
	for _, m := range s.measures() {
		files = append(files, file{words[m].file + ".csv", func(w io.Writer) error { return s.writeCSV(w, m) }},
			file{words[m].file + ".tex", func(w io.Writer) error { return s.writeLaTeX(w, m) }})
	}
	for _, block := range s.Blocks {
		curves, width, height := s.figure(block)
		files = append(files,
			file{s.figureName(block) + ".png", func(w io.Writer) error { return curves.WritePNG(w, width, height) }},
			file{s.figureName(block) + ".svg", func(w io.Writer) error { return curves.WriteSVG(w, width, height) }})
	}
	for _, file := range files {
		if err := atomicfile.Write(filepath.Join(dir, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

// figureName is the name of a block's figure, without its ending.
func (s *Sweep) figureName(b *Block) string {
	if len(s.Blocks) == 1 {
		return "curves"
	}
	return "curves-" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.':
			return r
		}
		return '-'
	}, strings.ReplaceAll(b.Name, ", ", "-"))
}

// figure is a block's learning curves: a plot for each clipping beside the others, with a line for each column.
func (s *Sweep) figure(b *Block) (f figure.Figure, width, height int) {
	clips := b.clips()
	f = figure.Figure{SharedX: true, SharedY: true, Columns: len(clips)}
	if f.Columns > 3 {
		f.Columns = 2
	}
	for _, at := range clips {
		p := figure.Plot{Title: capital(describe(s.Clips[at])), XLabel: "step", YLabel: fmt.Sprintf("loss, mean over %s steps", thousands(int64(s.window()))), LogY: true}
		diverged := figure.Mark{Name: "a run diverged", Color: figure.Ink, Cross: true}
		for k, column := range b.Columns {
			cell := column.Cells[at]
			if cell == nil {
				continue
			}
			name := column.Name
			if name == "" {
				name = "raw loss"
			}
			series := s.series(cell)
			series.Name, series.Color = name, figure.Palette[k%len(figure.Palette)]
			p.Series = append(p.Series, series)
			for _, run := range cell.Runs {
				if run.result != nil && run.result.Diverged {
					diverged.X, diverged.Y = append(diverged.X, float64(run.result.DivergedStep)), append(diverged.Y, math.Inf(1))
				}
			}
		}
		if len(diverged.X) > 0 {
			p.Marks = append(p.Marks, diverged)
		}
		f.Plots = append(f.Plots, p)
	}
	rows := (len(f.Plots) + f.Columns - 1) / f.Columns
	return f, 2000, 140 + 640*rows
}

// series is the mean of a cell's smoothed curves, with a band from the lowest to the highest.
func (s *Sweep) series(c *Cell) figure.Series {
	var series figure.Series
	var curves [][]float64
	for _, run := range c.Runs {
		if len(run.curve.Step) > len(series.X) {
			series.X = run.curve.Step
		}
		curves = append(curves, s.smooth(run.curve))
	}
	n := len(series.X)
	series.Y, series.Low, series.High = make([]float64, n), make([]float64, n), make([]float64, n)
	for k := range n {
		var values []float64
		for _, curve := range curves {
			if k < len(curve) && !math.IsNaN(curve[k]) {
				values = append(values, curve[k])
			}
		}
		series.Y[k] = mean(values)
		series.Low[k], series.High[k] = figure.Extent(values)
	}
	if len(c.Runs) < 2 {
		series.Low, series.High = nil, nil
	}
	return series
}

// measures are those that have a table.
func (s *Sweep) measures() []measure {
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell != nil && cell.Estimates[testError].Count > 0 {
					return []measure{trainingLoss, testError}
				}
			}
		}
	}
	return []measure{trainingLoss}
}

// words name the measures: their files, sections, single columns, and what they are in a sentence.
var words = [...]struct{ file, title, column, noun string }{
	trainingLoss: {"table", "Losses", "mean of last losses", "loss"},
	testError:    {"test-error", "Errors on held-out crops", "mean squared error", "test error"},
}

const interpolation = "linear interpolation"

// measureTable is a block's table of a measure.
func (s *Sweep) measureTable(b *Block, m measure) (header []string, rows [][]string) {
	header, rows = s.table(b, words[m].column, func(c *Cell) string { return c.text(m) })
	if m == testError {
		row := []string{interpolation}
		for _, column := range b.Columns {
			row = append(row, short(column.interpolation()))
		}
		rows = append(rows, row)
	}
	return header, rows
}

// table is a block with what show makes of each cell; name is that of a single column.
func (s *Sweep) table(b *Block, name string, show func(*Cell) string) (header []string, rows [][]string) {
	header = []string{"clipping"}
	for _, column := range b.Columns {
		header = append(header, cmp.Or(column.Name, name))
	}
	for _, at := range b.clips() {
		row := []string{describe(s.Clips[at])}
		for _, column := range b.Columns {
			row = append(row, show(column.Cells[at]))
		}
		rows = append(rows, row)
	}
	return header, rows
}

// best lists the places of the best cells of a block's table, where there is a choice.
func (s *Sweep) best(b *Block, m measure) (places [][2]int) {
	clips := b.clips()
	for k, column := range b.Columns {
		for row, at := range clips {
			if cell := column.Cells[at]; cell != nil && cell.Estimates[m].Best && len(clips) > 1 {
				places = append(places, [2]int{row, 1 + k})
			}
		}
	}
	return places
}

func clippedText(c *Cell) string {
	switch {
	case c == nil || c.Done == 0:
		return ""
	case c.Clip == "none":
		return "–"
	}
	return percent(c.Clipped)
}

func spikesText(c *Cell) string {
	if c == nil || math.IsNaN(c.Spikes) {
		return ""
	}
	return strconv.FormatFloat(c.Spikes, 'f', 1, 64)
}

// explanation says how to read a measure's table.
func (s *Sweep) explanation(m measure) string {
	repeats, crops := 0, 0
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell == nil {
					continue
				}
				repeats = max(repeats, len(cell.Runs))
				for _, run := range cell.Runs {
					if run.result != nil && run.result.TestMSE != nil {
						crops = max(crops, run.result.TestMSE.Images)
					}
				}
			}
		}
	}
	text := fmt.Sprintf("Mean of each run's last %s raw training losses, that is before any clipping", thousands(s.last))
	if m == testError {
		text = fmt.Sprintf("Mean squared error of each run's completions of %s held-out crops at its end, against the blurred truth in [-1, 1]",
			thousands(int64(crops)))
	}
	if repeats > 1 {
		text += fmt.Sprintf(": mean and standard deviation over %d repeats", repeats)
	}
	text += "."
	if slices.Contains(s.varying, "data.test") {
		text += " A file's name says what was held out."
	}
	if m == testError {
		text += " Linear interpolation is of the same scans, and blurred alike."
	}
	if len(s.Clips) > 1 {
		best := "The best of a column"
		if m == testError {
			best = "The best clipping of a column"
		}
		text += " " + best + " is in bold type; runs that diverged have no mean and put a clipping last."
	}
	if s.Comparisons[m] > 0 {
		text += fmt.Sprintf(" An asterisk marks a difference to no clipping in the same column with p < %g: two-sided paired t-test on"+
			" the logarithms of the runs' means, paired by seed, corrected after Holm for the %d comparisons here.", significance, s.Comparisons[m])
	} else {
		text += " No difference was tested: that takes two repeats, without and with clipping."
	}
	return text
}

const spikesExplanation = "Spike episodes are counted on each run's loss averaged over the smoothing window: one begins where that rises" +
	" above twice its median over the 20 windows before, and ends where it falls below."

// Sentences say what the sweep came to, column by column.
func (s *Sweep) Sentences() []string {
	var sentences []string
	for _, m := range s.measures() {
		sentences = append(sentences, s.sentences(m)...)
	}
	if len(s.Failed) > 0 {
		sentences = append(sentences, fmt.Sprintf("%d runs failed and were set aside.", len(s.Failed)))
	}
	if missing := s.missing() - len(s.Failed); missing > 0 {
		sentences = append(sentences, fmt.Sprintf("%d runs are not done yet.", missing))
	}
	return sentences
}

// sentences say what the table of a measure shows.
func (s *Sweep) sentences(m measure) (sentences []string) {
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			var baseline, best *Cell
			for _, cell := range column.Cells {
				if cell == nil || cell.Estimates[m].Count == 0 && cell.Diverged == 0 {
					continue
				}
				if cell.Clip == "none" {
					baseline = cell
				} else if best == nil || cell.better(best, m) {
					best = cell
				}
			}
			if baseline == nil || best == nil {
				continue
			}
			where := strings.Trim(block.Name+", "+column.Name, ", ")
			if where != "" {
				where += ": "
			}
			text := where + best.against(baseline, m)
			if linear := column.interpolation(); m == testError && !math.IsNaN(linear) {
				text += fmt.Sprintf("; that of linear interpolation is %s", short(linear))
			}
			sentences = append(sentences, capital(text+"."))
		}
	}
	return sentences
}

// against says how the best clipping compares with none.
func (c *Cell) against(baseline *Cell, m measure) string {
	name := describe(c.Clip)
	what, best, none := words[m].noun, c.Estimates[m], baseline.Estimates[m]
	diverged := func(cell *Cell) string {
		return fmt.Sprintf("%d of %d runs diverged", cell.Diverged, cell.Done)
	}
	switch {
	case math.IsNaN(none.Mean) && math.IsNaN(best.Mean):
		return "every run diverged, without clipping and with " + name
	case math.IsNaN(none.Mean):
		return fmt.Sprintf("without clipping %s; with %s the %s is %s", diverged(baseline), name, what, c.text(m))
	case math.IsNaN(best.Mean):
		return fmt.Sprintf("with %s %s; without clipping the %s is %s", name, diverged(c), what, baseline.text(m))
	}
	change := best.Mean/none.Mean - 1
	text := fmt.Sprintf("the %s is %s without clipping and %s with %s (%s", what, none.text(), best.text(), name, signedPercent(change))
	switch {
	case math.IsNaN(best.P):
	case best.significant():
		text += fmt.Sprintf(", significant: p = %.2g", best.P)
	default:
		text += fmt.Sprintf(", not significant: p = %.2g", best.P)
	}
	text += ")"
	if baseline.Diverged > 0 {
		text += "; without clipping " + diverged(baseline)
	}
	if c.Diverged > 0 {
		text += "; with it " + diverged(c)
	}
	return text
}

// missing counts the runs without results.
func (s *Sweep) missing() (missing int) {
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell != nil {
					missing += len(cell.Runs) - cell.Done
				}
			}
		}
	}
	return missing
}

// Table writes the results for a terminal.
func (s *Sweep) Table(w io.Writer) error {
	var text strings.Builder
	for i, m := range s.measures() {
		if i > 0 {
			text.WriteString("\n" + words[m].title + "\n\n")
		}
		s.writeText(&text, m)
	}
	for _, failed := range s.Failed {
		fmt.Fprintf(&text, "Set aside: %s: %s\n", failed[0], failed[1])
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeText writes a measure's table for a terminal.
func (s *Sweep) writeText(text *strings.Builder, m measure) {
	for _, block := range s.Blocks {
		if block.Name != "" {
			text.WriteString(capital(block.Name) + "\n")
		}
		header, rows := s.measureTable(block, m)
		for _, place := range s.best(block, m) {
			rows[place[0]][place[1]] = "> " + rows[place[0]][place[1]]
		}
		writeColumns(text, header, rows)
		text.WriteByte('\n')
	}
	text.WriteString(strings.ReplaceAll(s.explanation(m), "in bold type", "marked >") + "\n")
}

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
				err := table.Write([]string{block.Name, column.Name, interpolation, "", "", "", value(column.interpolation()), "", "", "", "", ""})
				if err != nil {
					return err
				}
			}
		}
	}
	table.Flush()
	return table.Error()
}

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
			fmt.Fprintf(&text, "\\multicolumn{%d}{l}{\\textit{%s}} \\\\\n", columns+1, latexEscapes.Replace(capital(block.Name)))
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
	for _, block := range s.Blocks {
		if block.Name != "" {
			fmt.Fprintf(&text, "## %s\n\n", capital(block.Name))
		}
		header, rows := s.measureTable(block, trainingLoss)
		table(header, rows, s.best(block, trainingLoss))
		fmt.Fprintf(&text, "![Learning curves](%s.png)\n\n", s.figureName(block))
	}
	text.WriteString(s.explanation(trainingLoss) + "\n\n")
	text.WriteString("Curves are raw losses smoothed over " + thousands(int64(s.window())) + " steps; the line is the mean over the repeats, and the band reaches from the lowest to the highest.\n\n")
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
				fmt.Fprintf(&text, "%s:\n\n", capital(block.Name))
			}
			show(block)
		}
	}
	if slices.Contains(s.measures(), testError) {
		section(words[testError].title, s.explanation(testError), func(b *Block) {
			header, rows := s.measureTable(b, testError)
			table(header, rows, s.best(b, testError))
		})
	}
	section("Share of losses clipped", "", func(b *Block) {
		header, rows := s.table(b, "share", clippedText)
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

// page is the report.
func (s *Sweep) page() *figure.Page {
	page := &figure.Page{Title: s.Title}
	for _, failed := range s.Failed {
		page.Warning("Set aside: " + failed[0] + ": " + failed[1])
	}
	if missing := s.missing() - len(s.Failed); missing > 0 {
		page.Warning(fmt.Sprintf("%d runs are not done yet.", missing))
	}
	for _, m := range s.measures() {
		page.Heading(2, words[m].title)
		for _, block := range s.Blocks {
			header, rows := s.measureTable(block, m)
			page.Table(figure.Table{Caption: capital(block.Name), Header: header, Rows: rows, Strong: s.best(block, m)})
		}
		page.Paragraph(s.explanation(m))
		for _, sentence := range s.sentences(m) {
			page.Paragraph(sentence)
		}
	}
	page.Heading(2, "Learning curves")
	for _, block := range s.Blocks {
		f, width, height := s.figure(block)
		page.Figure(f, width, height, "Smoothed learning curves, a plot for each clipping. "+capital(block.Name),
			capital(strings.TrimPrefix(block.Name+": ", ": ")+fmt.Sprintf("raw losses smoothed over %s steps; the line is the mean over the repeats,"+
				" and the band reaches from the lowest to the highest.", thousands(int64(s.window())))))
	}
	page.Heading(2, "What was clipped")
	for _, block := range s.Blocks {
		header, rows := s.table(block, "share", clippedText)
		page.Table(figure.Table{Caption: capital(strings.TrimPrefix(block.Name+", ", ", ") + "share of losses clipped"), Header: header, Rows: rows})
	}
	page.Heading(2, "Spike episodes in a run")
	page.Paragraph(spikesExplanation)
	for _, block := range s.Blocks {
		header, rows := s.table(block, "episodes", spikesText)
		page.Table(figure.Table{Caption: capital(block.Name), Header: header, Rows: rows})
	}
	page.Heading(2, "Settings")
	page.Paragraph("What all runs share; what varies is in the tables.")
	page.Definitions(s.settings)
	if s.Command != "" {
		page.Heading(2, "Do it again")
		page.Code(s.Command)
	}
	return page
}
