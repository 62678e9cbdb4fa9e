package report

import (
	"image/color"
	"math"
	"slices"
	"sort"

	"alrc/internal/chart"
	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/spike"
	"alrc/internal/statistics"
)

// A report's charts are bounded, so that a page of many long runs is still one to send: how many values the bins of a
// chart's lines have together, how many single steps around peaks, and how many marks.
const (
	chartValues  = 36_000
	chartSingles = 60_000
	chartMarks   = 2_000
)

// binsEach is how many bins each of so many lines has, where a bin takes so many values.
func binsEach(lines, values int) int { return min(max(chartValues/max(lines*values, 1), 48), 2000) }

// lineColor is the colour of a place beyond the palette, too: nearer to grey there, since browsers have room for many lines.
func lineColor(place int) string {
	n := color.NRGBAModel.Convert(figure.Palette[place%len(figure.Palette)]).(color.NRGBA)
	for range min(place/len(figure.Palette), 4) {
		n.R, n.G, n.B = greyer(n.R), greyer(n.G), greyer(n.B)
	}
	return chart.Hex(n)
}

// greyer is three tenths of the way from a part of a colour to the middle grey, which is seen on light and dark pages.
func greyer(part uint8) uint8 { return uint8((int(part)*7 + 0x80*3) / 10) }

// chart is the raw losses of all runs, the seeds of a clipping together.
func (c *Comparison) chart(losses func(*Run) []float64, id, title, label string, logY bool) *chart.Data {
	d := &chart.Data{ID: id, Title: title, XLabel: "step", YLabel: label, Log: logY, Window: c.window()}
	var runs []*Run
	for _, g := range c.Groups {
		runs = append(runs, g.Runs...)
	}
	single := peaksToShow(runs, chartSingles)
	marks := max(chartMarks/max(len(runs), 1), 10)
	for i, g := range c.Groups {
		for _, run := range g.Runs {
			s := chart.Series{Step: run.metrics.Step, Loss: losses(run), Hours: run.hours(), Single: single[run]}
			line := s.Thin(binsEach(len(runs), 4))
			line.Name, line.Group, line.Color = g.runName(run), g.Name, lineColor(clipPlace(c.clips(), i))
			if id == "losses" { // spikes are those of raw losses
				line.Marks = run.marks(losses(run), marks)
			}
			d.Lines = append(d.Lines, line)
		}
	}
	return d
}

// detailChart is the losses of one run of each clipping as the clipping saw them, with thresholds and what was clipped.
func (c *Comparison) detailChart(logY bool) *chart.Data {
	d := &chart.Data{ID: "seen", Title: "Losses as clipping sees them", XLabel: "step", YLabel: c.Groups[0].Runs[0].seenLoss(), Log: logY, Window: c.window()}
	var runs []*Run
	for _, g := range c.Groups {
		runs = append(runs, g.Runs[0])
	}
	single := peaksToShow(runs, chartSingles/3)
	for i, run := range runs {
		s := chart.Series{Step: run.metrics.Step, Loss: run.metrics.Loss, Threshold: run.metrics.Threshold, Hours: run.hours(), Single: single[run]}
		line := s.Thin(binsEach(len(runs), 5))
		line.Name, line.Group, line.Color = c.Groups[i].runName(run), c.Groups[i].Name, lineColor(clipPlace(c.clips(), i))
		pictures := map[string]int{}
		for _, clip := range hardest(run.clips, max(chartMarks/len(runs)/2, 20)) {
			kind := chart.Clipped
			if math.IsNaN(clip.Loss) {
				kind = chart.NonFinite
			}
			mark := chart.Mark{Kind: kind, Step: clip.Step, Loss: chart.Finite(clip.Loss), Example: clip.ID}
			if threshold, scale := chart.Finite(clip.Threshold), chart.Finite(clip.Scale); threshold != nil && scale != nil {
				mark.Threshold, mark.Scale = *threshold, *scale
			}
			mark.Picture = c.picture(d, run, clip, pictures)
			line.Marks = append(line.Marks, mark)
		}
		line.Marks = append(line.Marks, run.divergence()...)
		sort.SliceStable(line.Marks, func(a, b int) bool { return line.Marks[a].Step < line.Marks[b].Step })
		d.Lines = append(d.Lines, line)
	}
	return d
}

// picture is the place of a clipped example's picture among those of a chart, 0 where there is none.
func (c *Comparison) picture(d *chart.Data, run *Run, clip runfolder.Clip, known map[string]int) int {
	if run.result == nil {
		return 0
	}
	for _, w := range run.result.Worst {
		if w.Step != clip.Step || w.ID != clip.ID || w.File == "" {
			continue
		}
		if _, ok := known[w.File]; !ok {
			if image := run.image(w.File, ""); image.Content != nil {
				d.Pictures = append(d.Pictures, string(shrink(image, clippedPicture).URL()))
				known[w.File] = len(d.Pictures)
			}
		}
		return known[w.File]
	}
	return 0
}

// clips are the clippings of the groups.
func (c *Comparison) clips() []string {
	clips := make([]string, len(c.Groups))
	for i, g := range c.Groups {
		clips[i] = g.Clip
	}
	return clips
}

// peaksToShow are the peaks around which every step is shown, for so many steps of all runs together: those that rise
// most, where there are more.
func peaksToShow(runs []*Run, steps int) map[*Run][]int64 {
	type peak struct {
		run     *Run
		episode *spike.Episode
	}
	var all []peak
	for _, run := range runs {
		for _, e := range run.peaks.found {
			all = append(all, peak{run, e})
		}
	}
	height := func(e *spike.Episode) float64 {
		if math.IsNaN(e.Deviations) || e.Kind != spike.Spike {
			return math.Inf(1)
		}
		return e.Deviations
	}
	sort.SliceStable(all, func(i, j int) bool { return height(all[i].episode) > height(all[j].episode) })
	shown := map[*Run][]int64{}
	for _, p := range all[:min(len(all), steps/(2*chart.Around+1))] {
		shown[p.run] = append(shown[p.run], p.episode.Peak)
	}
	for _, steps := range shown {
		slices.Sort(steps)
	}
	return shown
}

// hours is the time of training up to each step: by the rate of each step where that was read, and evenly otherwise; nil
// where the run's folder does not tell.
func (r *Run) hours() []float64 {
	rates := r.metrics.ImagesPerSecond
	mean := statistics.Mean(statistics.Finite(rates))
	hours := make([]float64, len(r.metrics.Step))
	batch := float64(r.settings.BatchSize())
	switch {
	case len(rates) == len(hours) && !math.IsNaN(mean):
		sum, last := 0., mean
		for i, rate := range rates {
			if rate > 0 {
				last = rate
			}
			sum += batch / last / 3600
			hours[i] = sum
		}
	case r.result != nil && r.result.WallSeconds > 0:
		for i := range hours {
			hours[i] = r.result.WallSeconds / 3600 * float64(i+1) / float64(len(hours))
		}
	default:
		return nil
	}
	return hours
}

// marks are the peaks of a run's largest spikes, at most so many, and what was not finite.
func (r *Run) marks(losses []float64, most int) []chart.Mark {
	var marks []chart.Mark
	for _, e := range spike.Largest(r.peaks.found, most) {
		mark := chart.Mark{Kind: chart.Spike, Step: e.Peak}
		if at := sort.SearchFloat64s(r.metrics.Step, float64(e.Peak)); at < len(losses) {
			mark.Loss = chart.Finite(losses[at])
		}
		if mark.Loss == nil {
			mark.Kind = chart.NonFinite
		}
		marks = append(marks, mark)
	}
	return append(marks, r.divergence()...)
}

// divergence is the mark of the step at which a run diverged.
func (r *Run) divergence() []chart.Mark {
	if !r.diverged() {
		return nil
	}
	return []chart.Mark{{Kind: chart.Diverged, Step: r.result.DivergedStep}}
}
