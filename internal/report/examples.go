package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"alrc/internal/figure"
	"alrc/internal/words"
)

// addSamples shows held-out images: what went in, what each clipping's network made of it, and what was to come out.
func (c *Comparison) addSamples(page *figure.Page) {
	type shown struct {
		name string
		run  *Run
	}
	var all []shown
	count := math.MaxInt
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if run.result != nil && len(run.result.Samples) > 0 {
				all = append(all, shown{g.Name, run})
				count = min(count, len(run.result.Samples))
				break
			}
		}
	}
	if len(all) == 0 {
		return
	}
	columns := []string{"input"}
	for _, s := range all {
		columns = append(columns, "output, "+s.name)
	}
	columns = append(columns, "target")
	var images []figure.Image
	for k := range min(count, 6) {
		first := all[0].run.result.Samples[k]
		row := []figure.Image{all[0].run.image(first.Input, fmt.Sprintf("input of held-out image %d", k+1))}
		for _, s := range all {
			sample := s.run.result.Samples[k]
			output := s.run.image(sample.Output, fmt.Sprintf("output for held-out image %d, %s", k+1, s.name))
			if sample.Loss != nil {
				output.Caption = "loss " + words.Number(float64(*sample.Loss))
			}
			row = append(row, output)
		}
		row = append(row, all[0].run.image(first.Target, fmt.Sprintf("target of held-out image %d", k+1)))
		whole := true
		for _, image := range row {
			whole = whole && image.Content != nil
		}
		if whole {
			images = append(images, row...)
		}
	}
	if len(images) == 0 {
		return
	}
	page.Heading(2, "Examples")
	page.Grid("Held-out images, which no network was trained on, with the raw loss of each output.", columns, bound(images, len(columns), sampleBytes))
}

// image reads a picture of the run; where it is missing, or lies outside of the run's folder, its PNG is nil.
func (r *Run) image(name, alt string) figure.Image {
	image := figure.Image{Alt: alt}
	if name == "" || !filepath.IsLocal(filepath.FromSlash(name)) {
		return image
	}
	const largest = 4 << 20
	path := filepath.Join(r.Dir, filepath.FromSlash(name))
	if info, err := os.Stat(path); err != nil || info.Size() > largest {
		return image
	}
	if content, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(content), "\x89PNG\r\n") {
		image.Content = content
	}
	return image
}

// addWorst shows the images whose losses were clipped hardest.
func (c *Comparison) addWorst(page *figure.Page) {
	headed := false
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			var images []figure.Image
			var rows [][]string
			add := func(step int64, id string, loss, threshold, scale float64) string {
				text := words.Number(loss)
				if math.IsNaN(loss) {
					text = "not finite"
				}
				rows = append(rows, []string{id, words.Count(step), text, words.Number(threshold), words.Number(scale)})
				return fmt.Sprintf("%s, step %s: loss %s, threshold %s, scale %s", id, words.Count(step), text, words.Number(threshold), words.Number(scale))
			}
			if run.result != nil {
				for _, w := range run.result.Worst {
					caption := add(w.Step, w.ID, float64(w.Loss), float64(w.Threshold), float64(w.Scale))
					if image := run.image(w.File, "image "+w.ID); image.Content != nil {
						image.Caption = caption
						images = append(images, image)
					}
				}
			} else {
				for _, event := range hardest(run.clips, 8) {
					add(event.Step, event.ID, event.Loss, event.Threshold, event.Scale)
				}
			}
			if len(rows) == 0 {
				continue
			}
			if !headed {
				headed = true
				page.Heading(2, "Clipped hardest")
				page.Paragraph("The training images whose losses were scaled down most. Outliers are often bad data: wrong," +
					" damaged or mislabelled images show here first.")
			}
			page.Heading(3, run.Label)
			if len(images) == len(rows) {
				page.Gallery("", bound(images, 1, worstBytes/len(c.Groups)))
			} else {
				page.Table(figure.Table{Header: []string{"image", "step", "loss", "threshold", "scale"}, Rows: rows})
			}
			// One run of each clipping is enough to look at; clips.csv has them all.
			break
		}
	}
}
