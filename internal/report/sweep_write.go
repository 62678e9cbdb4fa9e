package report

import (
	"io"
	"path/filepath"

	"alrc/internal/atomicfile"
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
		files = append(files, file{measureWords[m].file + ".csv", func(w io.Writer) error { return s.writeCSV(w, m) }},
			file{measureWords[m].file + ".tex", func(w io.Writer) error { return s.writeLaTeX(w, m) }})
	}
	for _, m := range s.measures() {
		if h := s.heatmaps(m); h != nil {
			width, height := heatmapSize(h)
			name := measureWords[m].file + "-heatmap"
			files = append(files, file{name + ".png", func(w io.Writer) error { return h.WritePNG(w, width, height) }},
				file{name + ".svg", func(w io.Writer) error { return h.WriteSVG(w, width, height) }})
		}
	}
	if h := s.scorecardMaps(); h != nil {
		width, height := scorecardSize(h)
		files = append(files, file{"scorecard.png", func(w io.Writer) error { return h.WritePNG(w, width, height) }},
			file{"scorecard.svg", func(w io.Writer) error { return h.WriteSVG(w, width, height) }})
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
