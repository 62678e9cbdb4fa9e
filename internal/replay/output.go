package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
	"alrc/internal/snippet"
	"alrc/internal/spike"
	"alrc/internal/statistics"
	"alrc/internal/words"
)

// JSON writes all of the report for scripts; numbers that are not finite are null.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// Appearance is how a report is printed.
type Appearance struct {
	Columns int  // of the terminal
	Color   bool // by ANSI escape sequences
	ASCII   bool // for terminals that show nothing else
	Plot    bool
	// Hint says that there are modules to paste.
	Hint bool
}

// Modules returns the module to paste for a framework, or under their names those of "all".
func (r *Report) Modules(framework string) string {
	if framework != "all" {
		return r.Recommendation.Snippets[framework]
	}
	var all []string
	for _, name := range snippet.Frameworks {
		all = append(all, name+"\n"+r.Recommendation.Snippets[name])
	}
	return strings.Join(all, "\n")
}

// Print writes the report for people: the verdict first.
func (r *Report) Print(w io.Writer, look Appearance) error {
	width := max(40, min(look.Columns, 100))
	l := words.Layout{Width: width, ASCII: look.ASCII}
	var b strings.Builder
	bold := func(text string) string {
		if look.Color {
			return "\x1b[1m" + text + "\x1b[0m"
		}
		return text
	}
	fmt.Fprintf(&b, "%s\n", l.Wrap(r.subject(), ""))
	for _, line := range exampleLines(r.Example, width-2, look.ASCII) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, doubt := range r.Source.Doubts {
		fmt.Fprintf(&b, "%s\n", bold(l.Wrap("In doubt: "+doubt+".", "")))
	}
	b.WriteByte('\n')
	fmt.Fprintf(&b, "%s\n", bold(l.Wrap(r.Verdict, "")))
	if look.Plot && r.Steps > 1 {
		b.WriteByte('\n')
		var err error
		if look.ASCII {
			err = figure.ASCII(&b, r.plot(width, false), width, 16)
		} else {
			err = figure.Terminal(&b, r.plot(2*width, false), width, 16, look.Color)
		}
		if err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
	}
	if len(r.Episodes) > 0 {
		fmt.Fprintf(&b, "\n%s\n", bold(r.episodesTitle(5)))
		b.WriteString(l.Table(episodeHeader, r.episodeRows(5)))
	}
	if len(r.Clips) > 0 && r.Condition != spike.Short {
		fmt.Fprintf(&b, "\n%s\n", bold("What each clipping would have done"))
		b.WriteString(l.Table(clipHeader, r.clipRows()))
	}
	if s := r.Stabilisers; s != nil {
		fmt.Fprintf(&b, "\n%s\n", bold(stabilisersTitle))
		b.WriteString(l.Table(stabiliserHeader, s.rows()))
		for _, note := range s.notes() {
			fmt.Fprintf(&b, "%s\n", l.Wrap("- "+note, "  "))
		}
	}
	rec := r.Recommendation
	fmt.Fprintf(&b, "\n%s\n%s\n", bold("Recommended"), l.Wrap(rec.describe(), ""))
	fmt.Fprintf(&b, "%s\n", l.Wrap(rec.Reason, ""))
	if look.Hint {
		fmt.Fprintf(&b, "\n%s\n", l.Wrap("--snippet go|gomlx|pytorch|jax|all prints a module to paste into a training program.", ""))
	}
	notes := append([]string(nil), r.Source.Notes...)
	if r.Source.Malformed > 0 {
		notes = append(notes, r.malformedNote())
	}
	notes = append(notes, caveat)
	fmt.Fprintf(&b, "\n%s\n", bold("Notes"))
	for _, note := range notes {
		fmt.Fprintf(&b, "%s\n", l.Wrap("- "+note, "  "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) malformedNote() string {
	return fmt.Sprintf("%s malformed and skipped (--strict makes that an error); the first: %s",
		words.Agreeing(r.Source.Malformed, "record was", "records were"), r.Source.FirstMalformed)
}

// subject says what was read, and how much of it.
func (r *Report) subject() string {
	s := r.Source
	files := r.title()
	if len(s.Files) > 1 {
		files = fmt.Sprintf("%s and %s", files, words.Counted(int64(len(s.Files)-1), "other file"))
	}
	text := fmt.Sprintf("%s, %s", files, s.Series())
	text += fmt.Sprintf(": %s (%s to %s)", words.Counted(r.Steps, "step"), words.Count(r.First), words.Count(r.Last))
	if r.Losses != r.Steps {
		text += fmt.Sprintf(" with %s", words.Agreeing(r.Losses, "loss", "losses"))
	}
	text += fmt.Sprintf(" of %s read", words.Counted(s.Records, "record"))
	var left []string
	if s.LeftOut > 0 {
		left = append(left, words.Count(s.LeftOut)+" of other series")
	}
	if s.OtherRuns > 0 {
		left = append(left, words.Count(s.OtherRuns)+" of other runs")
	}
	if s.Repeated > 0 {
		left = append(left, words.Count(s.Repeated)+" written twice")
	}
	if s.Superseded > 0 {
		left = append(left, words.Count(s.Superseded)+" done anew after a resumption")
	}
	if len(left) > 0 {
		text += " (left out: " + strings.Join(left, ", ") + ")"
	}
	return text + "."
}

// title names the log: by its folder, too, where many logs have the file's name.
func (r *Report) title() string {
	dir, name := filepath.Split(r.Source.Files[0])
	if name == runfolder.MetricsFile || name == "trainer_state.json" {
		if folder := filepath.Base(dir); dir != "" && folder != "." && folder != ".." {
			return filepath.Join(folder, name)
		}
	}
	return name
}

func (r Recommendation) describe() string {
	return fmt.Sprintf("ALRC with n = %v, decay %v, automatic starting moments (or mu1 = %v, mu2 = %v where they are set by hand).", r.N, r.Decay, r.Mu1, r.Mu2)
}

var clipHeader = []string{"clipping", "clipped", "share", "strongest scale", "weight removed", "settled after"}

func (r *Report) clipRows() (rows [][]string) {
	for _, c := range r.Clips {
		row := []string{c.Clip, words.Count(c.Clipped), words.Percent(float64(c.ClippedShare)), "-", words.Percent(float64(c.Removed)), "never"}
		if c.Strongest < 1 {
			row[3] = fmt.Sprintf("%s (step %s)", words.Short(float64(c.Strongest), 3), words.Count(c.StrongestStep))
		}
		if c.Settled != nil {
			row[5] = words.Counted(c.SettledSteps, r.pace.unit())
		}
		if c.Clip == "none" || strings.HasPrefix(c.Clip, "constant") {
			row[5] = "-"
		}
		if c.Raised > 0 {
			row[1] += fmt.Sprintf(" (+%s raised)", words.Count(c.Raised))
		}
		rows = append(rows, row)
	}
	return rows
}

var episodeHeader = []string{"start", "peak", "loss at peak", "sigmas", "came back after", "area lost"}

func (r *Report) episodesTitle(most int) string {
	if r.EpisodeCount > int64(most) {
		return fmt.Sprintf("The %d largest of %s", most, words.Counted(r.EpisodeCount, "episode"))
	}
	return "Episodes"
}

// episodeRows are those of the largest episodes, in order of time.
func (r *Report) episodeRows(most int) (rows [][]string) {
	for _, e := range newEpisodes(spike.Largest(r.analysis.found.Episodes, most)) {
		back := "not at all"
		switch {
		case e.Back:
			back = words.Counted(max(e.Recovery, 1), "step")
		case e.Kind == spike.Shift:
			back = "new level"
		case e.Kind == spike.Open:
			back = "log ends"
		}
		row := []string{words.Count(e.Start), words.Count(e.Peak), words.Short(float64(e.PeakLoss), 4), "-", back, words.Short(float64(e.Area), 4)}
		if !math.IsNaN(float64(e.Sigmas)) {
			row[3] = words.Sigmas(float64(e.Sigmas))
		}
		switch {
		case e.NonFinite > 0 && e.NonFinite == e.Spikes:
			row[2] = "not finite"
		case e.NonFinite > 0:
			row[2] += fmt.Sprintf(" (%d not finite)", e.NonFinite)
		}
		rows = append(rows, row)
	}
	return rows
}

// merged joins buckets so that at most points are left.
func merged(buckets []bucket, points int) []bucket {
	if len(buckets) <= points {
		return buckets
	}
	joined := make([]bucket, points)
	for i := range joined {
		joined[i] = segment(buckets[i*len(buckets)/points : (i+1)*len(buckets)/points])
	}
	return joined
}

// shown is the clipping whose threshold is drawn: the recommended one.
func (r *Report) shown() *ClipResult {
	name := fmt.Sprintf("alrc:%v", r.Recommendation.N)
	for i := range r.all {
		if r.all[i].Clip == name {
			return &r.all[i]
		}
	}
	return nil
}

// plot draws the losses: the means and the largest of so many points, the threshold, and the peaks of episodes. The
// band down to the lowest is for figures, where lines are thin.
func (r *Report) plot(points int, lowest bool) figure.Plot {
	p := figure.Plot{XLabel: "step", YLabel: "loss"}
	buckets := merged(r.analysis.loss.buckets, points)
	var x, mean, low, high []float64
	for i := range buckets {
		b := &buckets[i]
		x = append(x, float64(b.first))
		if b.count == 0 {
			mean, low, high = append(mean, math.NaN()), append(low, math.NaN()), append(high, math.NaN())
			continue
		}
		mean, low, high = append(mean, b.mean()), append(low, b.least), append(high, b.most)
	}
	typical := statistics.MedianOfFinite(mean)
	p.LogY = r.analysis.least > 0 && float64(r.Most) > 20*typical
	loss := figure.Series{Name: "loss", X: x, Y: mean, Color: figure.Palette[0]}
	if len(r.analysis.loss.buckets) > points || r.analysis.loss.width > 1 {
		if lowest {
			loss.Name, loss.Low, loss.High = "mean loss", low, high
		} else {
			loss.Name = "mean loss"
			p.Series = append(p.Series, figure.Series{Name: "highest", X: x, Y: high, Faint: true, Color: figure.Palette[5]})
		}
	}
	p.Series = append(p.Series, loss)
	if c := r.shown(); c != nil {
		thresholds := merged(c.threshold.buckets, points)
		var tx, ty []float64
		for i := range thresholds {
			if b := &thresholds[i]; b.count > 0 {
				tx, ty = append(tx, float64(b.first)), append(ty, b.mean())
			}
		}
		p.Series = append(p.Series, figure.Series{Name: fmt.Sprintf("threshold, n = %v", r.Recommendation.N), X: tx, Y: ty, Dashed: true, Color: figure.Palette[1]})
	}
	marks := figure.Mark{Name: "spikes", Cross: true, Color: figure.Palette[1]}
	for _, e := range newEpisodes(spike.Largest(r.analysis.found.Episodes, 20)) {
		if y := float64(e.PeakLoss); y-y == 0 {
			marks.X, marks.Y = append(marks.X, float64(e.Peak)), append(marks.Y, y)
		}
	}
	if len(marks.X) > 0 {
		p.Marks = append(p.Marks, marks)
	}
	return p
}

// HTML writes the report as one self-contained page.
func (r *Report) HTML(w io.Writer) error {
	page := &figure.Page{Title: "Replay of " + r.title()}
	page.Lead(r.Verdict)
	page.Paragraph(r.subject())
	if len(r.Example) > 0 {
		page.Marked(examplePieces(r.Example))
	}
	for _, doubt := range r.Source.Doubts {
		page.Warning("In doubt: " + doubt + ".")
	}
	const width, height = 1800, 800
	p := r.plot(900, true)
	for _, e := range r.Episodes {
		if e.End > e.Start && float64(e.End-e.Start) > float64(r.Last-r.First)/900 {
			p.Spans = append(p.Spans, figure.Span{Name: "episodes", From: float64(e.Start), To: float64(e.End), Color: figure.Palette[4]})
		}
	}
	alt := fmt.Sprintf("The loss over %s, the threshold of clipping, and spikes", words.Counted(r.Steps, "step"))
	caption := "Mean of the losses; the band is from the lowest to the highest of each point's steps."
	if p.LogY {
		caption += " The axis of losses is logarithmic."
	}
	page.Chart(r.chart(p.LogY), figure.Figure{Plots: []figure.Plot{p}}, width, height, alt, caption)
	if len(r.Clips) > 0 && r.Condition != spike.Short {
		page.Heading(2, "What each clipping would have done")
		page.Table(figure.Table{Header: clipHeader, Rows: r.clipRows(),
			Caption: "Weight is that of the gradients, 1 a loss; moments are settled where they can be relied on."})
	}
	if s := r.Stabilisers; s != nil {
		page.Heading(2, stabilisersTitle)
		page.Table(figure.Table{Header: stabiliserHeader, Rows: s.rows(), Text: []int{1}, Caption: stabilisersExplanation})
		for _, note := range s.notes() {
			page.Paragraph(words.Capital(note) + ".")
		}
	}
	if len(r.Episodes) > 0 {
		page.Heading(2, "Episodes")
		page.Paragraph(fmt.Sprintf("A step spikes when its loss lies %d or more robust standard deviations above the median of the losses around it, or"+
			" is not finite. Spikes that follow one another before the loss has calmed down are one episode.", spike.Limit))
		if zoom, ok := r.zoom(); ok {
			page.Figure(figure.Figure{Plots: []figure.Plot{zoom}}, width, height, "The worst episode, enlarged", "The worst episode, enlarged.")
		}
		const most = 25
		episodes := figure.Table{Header: episodeHeader, Rows: r.episodeRows(most), Text: []int{4}}
		if r.EpisodeCount > most {
			episodes.Caption = r.episodesTitle(most)
		}
		page.Table(episodes)
	}
	page.Heading(2, "Recommended")
	page.Paragraph(r.Recommendation.describe())
	page.Paragraph(r.Recommendation.Reason)
	titles := map[string]string{"go": "Go, with this library", "gomlx": "GoMLX", "pytorch": "PyTorch", "jax": "JAX"}
	for _, framework := range snippet.Frameworks {
		page.Heading(3, titles[framework])
		page.Code(r.Recommendation.Snippets[framework])
	}
	page.Heading(2, "Notes")
	for _, note := range r.Source.Notes {
		page.Paragraph(words.Capital(note) + ".")
	}
	if r.Source.Malformed > 0 {
		page.Warning(r.malformedNote())
	}
	page.Paragraph(caveat)
	return page.Write(w)
}

// zoom draws the worst episode, where the curve has enough points there.
func (r *Report) zoom() (figure.Plot, bool) {
	e := r.episodeOf(r.worst())
	if e == nil {
		return figure.Plot{}, false
	}
	p := r.plot(curvePoints, true)
	reach := max(e.End-e.Start, 50)
	from, to := float64(max(e.Start-reach, r.First)), float64(min(e.End+reach, r.Last))
	points := 0
	for _, b := range r.analysis.loss.buckets {
		if x := float64(b.first); x >= from && x <= to {
			points++
		}
	}
	p.XRange = [2]float64{from, to}
	return p, points >= 20
}
