// Package report compares the runs of one folder: a table, a plot for the terminal, and a page for readers who look
// first, from the files that the runs wrote. It works on runs that are still going, too.
package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
)

// Comparison is the runs of a folder, together by clipping.
type Comparison struct {
	Dir    string
	Groups []*Group
}

// Group is the runs of one clipping, by seed.
type Group struct {
	Clip string
	// Name says the clipping in words.
	Name string
	Runs []*Run
}

// Load reads the runs in a folder: one folder each, or dir itself being a run's.
func Load(dir string) (*Comparison, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	dirs := []string{dir}
	for _, entry := range entries {
		// Stat, and not the entry, since a run's folder may be a link.
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			dirs = append(dirs, path)
		}
	}
	c := &Comparison{Dir: dir}
	var runs []*Run
	for _, path := range dirs {
		run, err := loadRun(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if path == dir {
			absolute, err := filepath.Abs(dir)
			if err != nil {
				return nil, err
			}
			run.Label = filepath.Base(absolute)
		}
		runs = append(runs, run)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s holds no runs (folders with a %s): give a folder that 'alrc train' made", dir, runfolder.SpecificationFile)
	}
	sort.SliceStable(runs, func(i, j int) bool {
		a, b := runs[i], runs[j]
		if (a.Clip == "none") != (b.Clip == "none") {
			return a.Clip == "none"
		}
		if a.Clip != b.Clip {
			return a.Clip < b.Clip
		}
		return a.Seed < b.Seed
	})
	for _, run := range runs {
		if n := len(c.Groups); n == 0 || c.Groups[n-1].Clip != run.Clip {
			c.Groups = append(c.Groups, &Group{Clip: run.Clip, Name: describe(run.Clip)})
		}
		g := c.Groups[len(c.Groups)-1]
		g.Runs = append(g.Runs, run)
	}
	return c, nil
}

// summary is a group in numbers, each over its seeds; what is unknown is NaN.
type summary struct {
	seeds, diverged, running int
	last                     int64
	mean, std                float64
	p99, max                 float64
	test, testStd            float64
	rate, seconds            float64
	clipped                  float64
	nonFinite                int64
}

func (g *Group) summary() summary {
	s := summary{seeds: len(g.Runs)}
	var all [7][]float64
	for _, run := range g.Runs {
		s.last = max(s.last, run.Last)
		switch {
		case run.diverged():
			s.diverged++
		case run.result == nil:
			s.running++
		}
		if run.result != nil {
			s.nonFinite += run.result.NonFinite
		}
		f := run.figures()
		for i, value := range []float64{f.mean, f.p99, f.max, f.test, f.rate, f.seconds, f.clipped} {
			if !math.IsNaN(value) && !math.IsInf(value, 0) {
				all[i] = append(all[i], value)
			}
		}
	}
	s.mean, s.std = meanAndSpread(all[0])
	s.p99 = mean(all[1])
	_, s.max = figure.Extent(all[2])
	s.test, s.testStd = meanAndSpread(all[3])
	s.rate, s.seconds, s.clipped = mean(all[4]), mean(all[5]), mean(all[6])
	return s
}

// baseline is the group without clipping, or nil.
func (c *Comparison) baseline() *Group {
	for _, g := range c.Groups {
		if g.Clip == "none" {
			return g
		}
	}
	return nil
}

// Sentences say in plain words what clipping did, the most important first.
func (c *Comparison) Sentences() []string {
	var sentences []string
	base := c.baseline()
	for _, g := range c.Groups {
		if g == base {
			continue
		}
		if base == nil {
			sentences = append(sentences, g.alone())
		} else {
			sentences = append(sentences, compare(base, g))
		}
	}
	if base != nil && len(c.Groups) == 1 {
		sentences = append(sentences, base.alone()+" There is no run with clipping to compare it with.")
	}
	for _, g := range c.Groups {
		for _, text := range []string{g.divergence(), g.death()} {
			if text != "" {
				sentences = append(sentences, text)
			}
		}
	}
	for _, g := range c.Groups {
		for _, run := range g.Runs {
			if run.result == nil {
				sentences = append(sentences, fmt.Sprintf("%s is not done: %s of %s steps.",
					run.Label, thousands(run.done()), thousands(run.Steps)))
			}
		}
	}
	return sentences
}

// alone says what a group without another to compare it with came to.
func (g *Group) alone() string {
	s := g.summary()
	if math.IsNaN(s.mean) {
		return fmt.Sprintf("%s, there are no final losses yet.", capital(g.with()))
	}
	return fmt.Sprintf("%s, the mean of the last %s losses is %s%s%s.", capital(g.with()), thousands(s.last),
		spread(s.mean, s.std, s.seeds-s.diverged), overSeeds(s.seeds-s.diverged), g.clippedShare(s))
}

// with is the group as the beginning of a sentence: "without clipping", "with ALRC, n = 2".
func (g *Group) with() string {
	if g.Clip == "none" {
		return "without clipping"
	}
	return "with " + g.Name
}

// subject is the clipping as one that does something: "ALRC at n = 2".
func (g *Group) subject() string { return strings.Replace(g.Name, ", n = ", " at n = ", 1) }

func (g *Group) clippedShare(s summary) string {
	if g.Clip == "none" || math.IsNaN(s.clipped) {
		return ""
	}
	if s.clipped == 0 {
		return "; it clipped no loss"
	}
	return "; it clipped " + percent(s.clipped) + " of the losses"
}

// smallest is the relative difference below which two means are not called different: repeating a run with another
// seed changes them by more.
const smallest = 0.01

// compare says what g's clipping did to the final losses.
func compare(base, g *Group) string {
	before, after := base.summary(), g.summary()
	switch {
	case before.diverged == before.seeds && after.diverged == after.seeds:
		return fmt.Sprintf("Every run diverged, without clipping and with %s.", g.Name)
	case before.diverged > 0 && after.diverged+after.running == 0 && !math.IsNaN(after.mean):
		which := "the run diverged"
		if before.seeds > 1 {
			which = fmt.Sprintf("%d of %d runs diverged", before.diverged, before.seeds)
		}
		rest := "no run did"
		if after.seeds == 1 {
			rest = "it did not"
		}
		if before.diverged < before.seeds {
			return fmt.Sprintf("Without clipping %s; with %s %s, and the mean of the last %s losses is %s (without: %s,"+
				" of the runs that did not diverge)%s.", which, g.Name, rest, thousands(after.last),
				spread(after.mean, after.std, after.seeds), spread(before.mean, before.std, before.seeds-before.diverged), g.clippedShare(after))
		}
		return fmt.Sprintf("Without clipping %s; with %s %s, and the mean of the last %s losses is %s%s%s.", which, g.Name,
			rest, thousands(after.last), spread(after.mean, after.std, after.seeds), overSeeds(after.seeds), g.clippedShare(after))
	case after.diverged == after.seeds:
		if before.diverged == 0 {
			return fmt.Sprintf("%s made it worse: %s diverged, and without clipping none did.", capital(g.subject()), all(after.seeds))
		}
		return fmt.Sprintf("%s did not help: %s diverged.", capital(g.subject()), all(after.seeds))
	}
	pairs := pairBySeed(base, g)
	if len(pairs) == 0 {
		return fmt.Sprintf("%s cannot be compared yet: no seed has final losses both without and with it.", capital(g.subject()))
	}
	var beforeMeans, afterMeans []float64
	lower := 0
	for _, pair := range pairs {
		beforeMeans, afterMeans = append(beforeMeans, pair[0]), append(afterMeans, pair[1])
		if pair[1] < pair[0] {
			lower++
		}
	}
	from, fromSpread := meanAndSpread(beforeMeans)
	to, toSpread := meanAndSpread(afterMeans)
	n := len(pairs)
	change := (to - from) / math.Abs(from)
	numbers := fmt.Sprintf("from %s to %s (%s)%s", spread(from, fromSpread, n), spread(to, toSpread, n), signedPercent(change), overSeeds(n))
	last := thousands(after.last)
	share := g.clippedShare(after)
	if after.diverged > before.diverged {
		share += fmt.Sprintf("; but %d of %d runs with it diverged, and %d without", after.diverged, after.seeds, before.diverged)
	}
	agree := lower == 0 || lower == n
	switch {
	case !agree:
		return fmt.Sprintf("%s made no clear difference: the mean of the last %s losses went %s, but down for %d of the seeds and up for %d%s.",
			capital(g.subject()), last, numbers, lower, n-lower, share)
	case math.Abs(change) < smallest || math.IsNaN(change):
		return fmt.Sprintf("%s made no clear difference: the mean of the last %s losses went %s%s.", capital(g.subject()), last, numbers, share)
	}
	verb := "lowered"
	if change > 0 {
		verb = "raised"
	}
	if n == 1 {
		share += "; with one seed this may be chance"
	}
	return fmt.Sprintf("%s %s the mean of the last %s losses %s%s.", capital(g.subject()), verb, last, numbers, share)
}

func all(n int) string {
	if n == 1 {
		return "its run"
	}
	return fmt.Sprintf("all its %d runs", n)
}

// pairBySeed returns the final means of the seeds that both groups finished.
func pairBySeed(base, g *Group) [][2]float64 {
	var pairs [][2]float64
	for _, a := range base.Runs {
		for _, b := range g.Runs {
			before, after := a.figures().mean, b.figures().mean
			if a.Seed == b.Seed && !math.IsNaN(before) && !math.IsNaN(after) {
				pairs = append(pairs, [2]float64{before, after})
			}
		}
	}
	return pairs
}

// divergence names the runs that diverged, and where.
func (g *Group) divergence() string {
	var texts []string
	for _, run := range g.Runs {
		if !run.diverged() {
			continue
		}
		text := "at step " + thousands(run.result.DivergedStep)
		if len(g.Runs) > 1 {
			text = fmt.Sprintf("seed %d %s", run.Seed, text)
		}
		if run.result.DivergedReason != "" {
			text += " (" + run.result.DivergedReason
			if n := len(run.result.DivergedImages); n > 0 {
				text += "; images " + strings.Join(run.result.DivergedImages[:min(n, 4)], ", ")
			}
			text += ")"
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return ""
	}
	return fmt.Sprintf("Diverged %s: %s.", g.with(), strings.Join(texts, "; "))
}

// table is the results, as text.
func (c *Comparison) table() (header []string, rows [][]string) {
	var last int64
	for _, g := range c.Groups {
		last = max(last, g.summary().last)
	}
	header = []string{"clipping", "seeds", "mean of last " + thousands(last), "99th percentile", "largest", "clipped", "test loss", "images/s", "time a run"}
	for _, g := range c.Groups {
		s := g.summary()
		row := []string{g.Name, strconv.Itoa(s.seeds), spread(s.mean, s.std, s.seeds-s.diverged), short(s.p99), short(s.max),
			percent(s.clipped), spread(s.test, s.testStd, s.seeds-s.diverged), short(s.rate), duration(s.seconds)}
		if g.Clip == "none" {
			row[5] = "–"
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
func (c *Comparison) Table(w io.Writer) error {
	var text strings.Builder
	for _, sentence := range c.Sentences() {
		text.WriteString(sentence)
		text.WriteByte('\n')
	}
	text.WriteByte('\n')
	header, rows := c.table()
	writeColumns(&text, header, rows)
	_, err := io.WriteString(w, text.String())
	return err
}

// writeColumns aligns a table for a terminal: names to the left, and what follows to the right.
func writeColumns(text *strings.Builder, header []string, rows [][]string) {
	all := append([][]string{header}, rows...)
	widths := make([]int, len(header))
	for _, row := range all {
		for i, field := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(field))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, field := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(field))
			if i == 0 {
				line.WriteString(field + space)
			} else {
				line.WriteString("  " + space + field)
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " "))
		text.WriteByte('\n')
	}
}

// TerminalPlot writes the smoothed learning curves as text of the given size; with color, in the terminal's colours.
func (c *Comparison) TerminalPlot(w io.Writer, columns, rows int, color bool) error {
	plot := c.curves()
	plot.Title = ""
	return figure.Terminal(w, plot, columns, rows, color)
}

// ASCIIPlot is TerminalPlot for places that show nothing but ASCII.
func (c *Comparison) ASCIIPlot(w io.Writer, columns, rows int) error {
	plot := c.curves()
	plot.Title = ""
	return figure.ASCII(w, plot, columns, rows)
}

// spread writes a mean and its standard deviation with the digits that the deviation allows.
func spread(mean, std float64, n int) string {
	if math.IsNaN(mean) {
		return "–"
	}
	if n < 2 || !(std > 0) {
		return short(mean)
	}
	decimals := min(max(1-int(math.Floor(math.Log10(std))), 0), 8)
	// Two digits of the deviation, and never fewer than three of the mean.
	if mean != 0 {
		decimals = max(min(decimals, 6), min(max(2-int(math.Floor(math.Log10(math.Abs(mean)))), 0), 6))
	}
	if std >= 1e6 || math.Abs(mean) >= 1e6 {
		return short(mean) + " ± " + short(std)
	}
	return figure.Thousands(strconv.FormatFloat(mean, 'f', decimals, 64)) + " ± " +
		figure.Thousands(strconv.FormatFloat(std, 'f', decimals, 64))
}

// short writes a number with about four digits.
func short(value float64) string {
	switch magnitude := math.Abs(value); {
	case math.IsNaN(value):
		return "–"
	case math.IsInf(value, 0):
		return "infinite"
	case magnitude >= 1e7 || magnitude < 1e-3 && magnitude > 0:
		return strconv.FormatFloat(value, 'e', 2, 64)
	case magnitude >= 1000:
		return figure.Thousands(strconv.FormatFloat(value, 'f', 0, 64))
	case magnitude >= 100:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case magnitude >= 10:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case magnitude < 0.1 && magnitude > 0:
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	return strconv.FormatFloat(value, 'f', 3, 64)
}

func percent(share float64) string {
	switch {
	case math.IsNaN(share):
		return "–"
	case share == 0:
		return "0 %"
	case share < 0.0001:
		return "under 0.01 %"
	case share < 0.1:
		return strconv.FormatFloat(100*share, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + " %"
}

// signedPercent writes a relative change.
func signedPercent(change float64) string {
	sign := "+"
	if change < 0 {
		sign = "−"
	}
	size := math.Abs(change) * 100
	decimals := 0
	if size < 10 {
		decimals = 1
	}
	return sign + figure.Thousands(strconv.FormatFloat(size, 'f', decimals, 64)) + " %"
}

func overSeeds(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" over %d seeds", n)
}

func thousands(value int64) string { return figure.Thousands(strconv.FormatInt(value, 10)) }

func duration(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return "–"
	case seconds < 60:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	case seconds < 3600:
		return fmt.Sprintf("%d min %d s", int(seconds)/60, int(seconds)%60)
	}
	return fmt.Sprintf("%d h %d min", int(seconds)/3600, int(seconds)/60%60)
}

// capital begins a text with a capital letter, unless it begins with a file's name.
func capital(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if text == "" || text[0] < 'a' || text[0] > 'z' || strings.Contains(strings.TrimRight(first, ".,:"), ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
