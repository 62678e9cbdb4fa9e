package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"alrc/internal/atomicfile"
	"alrc/internal/figure"
	"alrc/internal/runfolder"
)

// Write writes report.html, curves.png, curves.svg and summary.json into a folder.
func (c *Comparison) Write(dir string) error {
	curves, height := c.figure()
	const width = 2000
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"curves.png", func(w io.Writer) error { return curves.WritePNG(w, width, height) }},
		{"curves.svg", func(w io.Writer) error { return curves.WriteSVG(w, width, height) }},
		{"summary.json", c.writeSummary},
		{"report.html", c.page().Write},
	} {
		if err := atomicfile.Write(filepath.Join(dir, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

// window is the number of steps over which curves are smoothed: 500, as in the paper, and fewer for short runs.
func (c *Comparison) window() int {
	var steps int64
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			steps = max(steps, run.done())
		}
	}
	return int(min(max(steps/40, 1), 500))
}

// color keeps a clipping's colour the same in every figure: no clipping is the palette's second, the warning one.
func (c *Comparison) color(index int) int {
	if c.Groups[index].Clip == "none" {
		return 1
	}
	if c.baseline() != nil && index > 0 {
		index--
	}
	if index >= 1 {
		index++
	}
	return index % len(figure.Palette)
}

// curves is the smoothed raw losses of each clipping.
func (c *Comparison) curves() figure.Plot {
	return c.smoothed(func(r *Run) []float64 { return r.metrics.RawLoss })
}

// smoothed is smoothed losses of each clipping: the mean over seeds, and a band from the lowest to the highest.
func (c *Comparison) smoothed(losses func(*Run) []float64) figure.Plot {
	window := c.window()
	p := figure.Plot{
		Title:  "Learning curves",
		XLabel: "step",
		YLabel: fmt.Sprintf("loss, mean over %s steps", thousands(int64(window))),
	}
	var all []float64
	for i, g := range c.Groups {
		s := figure.Series{Name: g.Name, Color: figure.Palette[c.color(i)]}
		var curves [][]float64
		for _, run := range g.Runs {
			if len(run.metrics.Step) > len(s.X) {
				s.X = run.metrics.Step
			}
			curves = append(curves, figure.Smooth(losses(run), window))
		}
		s.Y = make([]float64, len(s.X))
		low, high := make([]float64, len(s.X)), make([]float64, len(s.X))
		for k := range s.X {
			var values []float64
			for _, curve := range curves {
				if k < len(curve) && !math.IsNaN(curve[k]) {
					values = append(values, curve[k])
				}
			}
			s.Y[k] = mean(values)
			low[k], high[k] = figure.Extent(values)
		}
		if len(g.Runs) > 1 {
			s.Low, s.High = low, high
			s.Name += fmt.Sprintf(" (%d seeds, lowest to highest)", len(g.Runs))
		}
		all = append(all, s.Y...)
		p.Series = append(p.Series, s)
	}
	low, high := figure.Extent(all)
	p.LogY = low > 0 && high > 6*low
	return p
}

// detail is the single losses of one run, as the clipping saw them, with its threshold and what it clipped.
func (c *Comparison) detail(index int) figure.Plot {
	g := c.Groups[index]
	run := g.Runs[0]
	m := &run.metrics
	color := figure.Palette[c.color(index)]
	title := capital(g.with())
	if len(g.Runs) > 1 {
		title += fmt.Sprintf(", seed %d", run.Seed)
	}
	p := figure.Plot{Title: title, XLabel: "step", YLabel: "loss"}
	p.Series = append(p.Series,
		figure.Series{Name: "losses of single steps", X: m.Step, Y: m.Loss, Color: color, Faint: true},
		figure.Series{X: m.Step, Y: figure.Smooth(m.Loss, c.window()), Color: color})
	if _, high := figure.Extent(m.Threshold); !math.IsNaN(high) {
		p.Series = append(p.Series, figure.Series{Name: "threshold", X: m.Step, Y: m.Threshold, Color: figure.Gray, Dashed: true})
	}
	if _, high := figure.Extent(m.LowerThreshold); high > 0 {
		p.Series = append(p.Series, figure.Series{Name: "lower threshold", X: m.Step, Y: m.LowerThreshold, Color: figure.Gray, Dashed: true})
	}
	clipped := figure.Mark{Name: "clipped", Color: figure.Palette[3]}
	bad := figure.Mark{Name: "not finite", Color: figure.Ink, Cross: true}
	// More marks than this hide each other; the hardest clipped are the ones to see.
	const most = 300
	for _, event := range hardest(run.clips, most) {
		if math.IsNaN(event.Loss) {
			bad.X, bad.Y = append(bad.X, float64(event.Step)), append(bad.Y, math.Inf(1))
		} else {
			clipped.X, clipped.Y = append(clipped.X, float64(event.Step)), append(clipped.Y, event.Loss)
		}
	}
	if run.diverged() {
		p.Marks = append(p.Marks, figure.Mark{Name: "diverged", X: []float64{float64(run.result.DivergedStep)},
			Y: []float64{math.Inf(1)}, Color: figure.Ink, Cross: true})
	}
	for _, mark := range []figure.Mark{clipped, bad} {
		if len(mark.X) > 0 {
			p.Marks = append(p.Marks, mark)
		}
	}
	return p
}

// hardest returns the clips of smallest scale, without those of losses that were raised.
func hardest(clips []runfolder.Clip, most int) []runfolder.Clip {
	var kept []runfolder.Clip
	for _, event := range clips {
		if !(event.Scale > 1) {
			kept = append(kept, event)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].Scale < kept[j].Scale })
	return kept[:min(len(kept), most)]
}

// details are the plots of all clippings, on axes that can be compared.
func (c *Comparison) details() []figure.Plot {
	plots := make([]figure.Plot, len(c.Groups))
	lowest, highest := math.Inf(1), math.Inf(-1)
	for i := range c.Groups {
		plots[i] = c.detail(i)
		for _, s := range plots[i].Series {
			for _, y := range s.Y {
				if y > 0 {
					lowest, highest = min(lowest, y), max(highest, y)
				}
			}
		}
	}
	for i := range plots {
		plots[i].LogY = highest > 15*lowest
	}
	return plots
}

// figure is the curves over the details, and its height in pixels at the report's width.
func (c *Comparison) figure() (figure.Figure, int) {
	columns := min(len(c.Groups), 2)
	rows := (len(c.Groups) + columns - 1) / columns
	return figure.Figure{
		Plots:      append([]figure.Plot{c.curves()}, c.details()...),
		Columns:    columns,
		WideFirst:  true,
		SharedRest: true,
	}, 660 + 560*rows
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
			f := run.figures()
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

// page is the report.
func (c *Comparison) page() *figure.Page {
	page := &figure.Page{Title: "What clipping did"}
	if len(c.Groups) == 1 {
		page.Title = "A training run " + c.Groups[0].with()
	}
	sentences := c.Sentences()
	for i, sentence := range sentences {
		switch {
		case strings.HasPrefix(sentence, "Diverged"), strings.HasPrefix(sentence, "Dead"):
			page.Warning(sentence)
		case i == 0:
			page.Lead(sentence)
		default:
			page.Paragraph(sentence)
		}
	}

	page.Heading(2, "Learning curves")
	window := thousands(int64(c.window()))
	curves := c.curves()
	curves.Title = ""
	page.Figure(figure.Figure{Plots: []figure.Plot{curves}}, 1900, 800,
		"Smoothed learning curves of every clipping. "+strings.Join(sentences, " "),
		fmt.Sprintf("Raw training losses, that is before any clipping, smoothed over %s steps.", window))
	if c.halved() {
		half := c.smoothed(func(r *Run) []float64 { return r.half })
		half.Title = ""
		page.Figure(figure.Figure{Plots: []figure.Plot{half}}, 1900, 600, "Smoothed losses of the output of half the size.",
			fmt.Sprintf("The same of the network's output of half the size, which is clipped by itself: its losses before clipping"+
				" (Huberised, where that is on), smoothed over %s steps.", window))
	}
	columns := min(len(c.Groups), 2)
	rows := (len(c.Groups) + columns - 1) / columns
	page.Figure(figure.Figure{Plots: c.details(), Columns: columns, SharedX: true, SharedY: true}, 1900, 120+640*rows,
		"Single losses of one run of each clipping, with the threshold and the clipped losses marked.",
		fmt.Sprintf("Losses as the clipping sees them (large ones Huberised, where that is on), step by step and smoothed over"+
			" %s steps. Circles are clipped losses, the 300 hardest at most; dashed is the threshold.", window))

	page.Heading(2, "Results")
	header, cells := c.table()
	var emphasis []int
	best := math.Inf(1)
	for i, g := range c.Groups {
		if s := g.summary(); s.diverged == 0 && s.mean < best {
			best, emphasis = s.mean, []int{i}
		}
	}
	if len(c.Groups) == 1 {
		emphasis = nil
	}
	page.Table(figure.Table{
		Caption: "Raw losses of the last steps; ± is the standard deviation over seeds, and “largest” is over all seeds." +
			" The lowest mean is in bold type.",
		Header: header, Rows: cells, Emphasis: emphasis})
	page.Paragraph("A difference is called one where it is at least 1 % and has the same direction for every seed." +
		" The test loss is the mean raw loss of held-out images at the end.")
	if table := c.runTable(); table != nil {
		page.Table(*table)
	}
	if table := c.errorTable(); table != nil {
		page.Table(*table)
	}
	c.addSamples(page)
	c.addWorst(page)
	c.addSettings(page)
	return page
}

// runTable is the runs one by one, where there are several seeds.
func (c *Comparison) runTable() *figure.Table {
	t := &figure.Table{Caption: "Every run", Header: []string{"run", "mean of last losses", "largest", "clipped", "test loss", "end"}, Text: []int{5}}
	several := false
	for _, g := range c.Groups {
		several = several || len(g.Runs) > 1
		for _, run := range g.Runs {
			f := run.figures()
			end := "done"
			switch {
			case run.diverged():
				end = "diverged at step " + thousands(run.result.DivergedStep)
			case run.result == nil:
				end = fmt.Sprintf("at step %s of %s", thousands(run.done()), thousands(run.Steps))
			}
			t.Rows = append(t.Rows, []string{run.Label, short(f.mean), short(f.max), percent(f.clipped), short(f.test), end})
		}
	}
	if !several {
		return nil
	}
	return t
}

// halved says whether all runs have losses of an output of half the size.
func (c *Comparison) halved() bool {
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if len(run.half) == 0 {
				return false
			}
		}
	}
	return true
}

// errorTable is how the errors of held-out crops of micrographs are distributed, where runs have any.
func (c *Comparison) errorTable() *figure.Table {
	t := &figure.Table{Caption: "Mean squared errors of held-out crops, completed by each network and by linear interpolation, against the" +
		" blurred truth in [-1, 1]", Header: []string{"", "crops", "mean", "standard deviation", "5th percentile", "median", "95th", "99th"}}
	add := func(name string, s *runfolder.Distribution) {
		row := []string{name, thousands(int64(s.Images))}
		for _, value := range []runfolder.Number{s.Mean, s.Std, s.P5, s.Median, s.P95, s.P99} {
			text := "–"
			if v := float64(value); !math.IsNaN(v) {
				text = strconv.FormatFloat(v, 'g', 3, 64)
			}
			row = append(row, text)
		}
		t.Rows = append(t.Rows, row)
	}
	var interpolated *runfolder.Distribution
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if run.result != nil && run.result.TestMSE != nil {
				add(run.Label, run.result.TestMSE)
				interpolated = run.result.BilinearMSE
			}
		}
	}
	if interpolated != nil {
		add("linear interpolation", interpolated)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

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
			row = append(row, s.run.image(s.run.result.Samples[k].Output, fmt.Sprintf("output for held-out image %d, %s", k+1, s.name)))
		}
		row = append(row, all[0].run.image(first.Target, fmt.Sprintf("target of held-out image %d", k+1)))
		whole := true
		for _, image := range row {
			whole = whole && image.PNG != nil
		}
		if whole {
			images = append(images, row...)
		}
	}
	if len(images) == 0 {
		return
	}
	page.Heading(2, "Examples")
	page.Grid("Held-out images, which no network was trained on.", columns, images)
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
		image.PNG = content
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
				text := short(loss)
				if math.IsNaN(loss) {
					text = "not finite"
				}
				rows = append(rows, []string{id, thousands(step), text, short(threshold), short(scale)})
				return fmt.Sprintf("%s, step %s: loss %s, threshold %s, scale %s", id, thousands(step), text, short(threshold), short(scale))
			}
			if run.result != nil {
				for _, w := range run.result.Worst {
					caption := add(w.Step, w.ID, float64(w.Loss), float64(w.Threshold), float64(w.Scale))
					if image := run.image(w.File, "image "+w.ID); image.PNG != nil {
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
				page.Gallery("", images)
			} else {
				page.Table(figure.Table{Header: []string{"image", "step", "loss", "threshold", "scale"}, Rows: rows})
			}
			// One run of each clipping is enough to look at; clips.csv has them all.
			break
		}
	}
}

// addSettings shows what the runs have in common, what they ran on, and the command.
func (c *Comparison) addSettings(page *figure.Page) {
	first := c.Groups[0].Runs[0].settings
	var common [][2]string
	command := ""
	for _, pair := range first {
		if pair[0] == "environment.command" {
			command = pair[1]
			continue
		}
		same := true
		for _, g := range c.Groups {
			for _, run := range g.Runs {
				value, ok := run.settings.Get(pair[0])
				same = same && ok && value == pair[1]
			}
		}
		if same {
			common = append(common, [2]string{strings.TrimPrefix(pair[0], "environment."), pair[1]})
		}
	}
	page.Heading(2, "Settings")
	page.Paragraph("What all runs share; the rest is in the run.yaml of each.")
	page.Definitions(common)
	page.Heading(2, "Do it again")
	if command != "" {
		page.Code(command)
	}
	page.Paragraph("The same seed and kernel set give the same result, bit for bit. Each run's folder also has a run.yaml that" +
		" 'alrc train --config' takes.")
}
