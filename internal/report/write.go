package report

import (
	"encoding/json"
	"io"
	"path/filepath"

	"alrc/internal/atomicfile"
	"alrc/internal/runfolder"
)

// Write writes report.html, curves.png, curves.svg and summary.json into a folder, and gradients.png and gradients.svg where
// gradients were measured.
func (c *Comparison) Write(dir string) error {
	curves, height := c.figure()
	const width = 2000
	type file struct {
		name  string
		write func(io.Writer) error
	}
	files := []file{
		{"curves.png", func(w io.Writer) error { return curves.WritePNG(w, width, height) }},
		{"curves.svg", func(w io.Writer) error { return curves.WriteSVG(w, width, height) }},
		{"summary.json", c.writeSummary},
		{"report.html", c.page().Write},
	}
	if r := c.gradients(); r != nil {
		files = append(files,
			file{"gradients.png", func(w io.Writer) error { return r.figure.WritePNG(w, gradientWidth, gradientHeight) }},
			file{"gradients.svg", func(w io.Writer) error { return r.figure.WriteSVG(w, gradientWidth, gradientHeight) }})
	}
	for _, file := range files {
		if err := atomicfile.Write(filepath.Join(dir, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

func (c *Comparison) writeSummary(w io.Writer) error {
	type runSummary struct {
		Label        string           `json:"label"`
		Seed         uint64           `json:"seed"`
		Steps        int64            `json:"steps"`
		StepsDone    int64            `json:"steps_done"`
		Done         bool             `json:"done"`
		Diverged     bool             `json:"diverged"`
		DivergedStep int64            `json:"diverged_step,omitempty"`
		Mean         runfolder.Number `json:"mean"`
		P99          runfolder.Number `json:"p99"`
		Max          runfolder.Number `json:"max"`
		Clipped      runfolder.Number `json:"clipped_share"`
		TestLoss     runfolder.Number `json:"test_loss"`
		ImagesPerS   runfolder.Number `json:"images_per_s"`
		Seconds      runfolder.Number `json:"wall_seconds"`
	}
	type groupSummary struct {
		Clip        string           `json:"clip"`
		Description string           `json:"description"`
		Seeds       int              `json:"seeds"`
		Diverged    int              `json:"diverged"`
		Last        int64            `json:"last"`
		Mean        runfolder.Number `json:"mean"`
		Std         runfolder.Number `json:"std"`
		P99         runfolder.Number `json:"p99"`
		Max         runfolder.Number `json:"max"`
		Clipped     runfolder.Number `json:"clipped_share"`
		NonFinite   int64            `json:"non_finite"`
		TestLoss    runfolder.Number `json:"test_loss"`
		TestStd     runfolder.Number `json:"test_loss_std"`
		ImagesPerS  runfolder.Number `json:"images_per_s"`
		Runs        []runSummary     `json:"runs"`
	}
	out := struct {
		Sentences []string       `json:"sentences"`
		Clippings []groupSummary `json:"clippings"`
	}{Sentences: c.Sentences()}
	for _, g := range c.Groups {
		s := g.summary()
		group := groupSummary{Clip: g.Clip, Description: g.Name, Seeds: s.seeds, Diverged: s.diverged, Last: s.last,
			Mean: runfolder.Number(s.mean), Std: runfolder.Number(s.std), P99: runfolder.Number(s.p99), Max: runfolder.Number(s.max), Clipped: runfolder.Number(s.clipped),
			NonFinite: s.nonFinite, TestLoss: runfolder.Number(s.test), TestStd: runfolder.Number(s.testStd), ImagesPerS: runfolder.Number(s.rate)}
		for _, run := range g.Runs {
			f := run.figures
			entry := runSummary{Label: run.Label, Seed: run.Seed, Steps: run.Steps, StepsDone: run.done(), Done: run.result != nil,
				Diverged: run.diverged(), Mean: runfolder.Number(f.mean), P99: runfolder.Number(f.p99), Max: runfolder.Number(f.max), Clipped: runfolder.Number(f.clipped),
				TestLoss: runfolder.Number(f.test), ImagesPerS: runfolder.Number(f.rate), Seconds: runfolder.Number(f.seconds)}
			if run.diverged() {
				entry.DivergedStep = run.result.DivergedStep
			}
			group.Runs = append(group.Runs, entry)
		}
		out.Clippings = append(out.Clippings, group)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
