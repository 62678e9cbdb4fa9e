package report

import (
	"fmt"
	"math"

	"alrc"
	"alrc/internal/spike"
	"alrc/internal/words"
)

// peaks are the largest losses of a run, and its spikes. As long as an automatic start lasts nothing is clipped yet, so
// that its losses say nothing of clipping.
type peaks struct {
	// start is the largest loss of the start, and largest that after it.
	start, largest peak
	// episodes counts the spike episodes, as package spike defines them.
	episodes int64
	// found are the episodes, the largest of very many.
	found []*spike.Episode
}

// peak is a loss and its step; both are NaN where there is none.
type peak struct{ loss, step float64 }

var noPeak = peak{math.NaN(), math.NaN()}

// higher returns the higher of two peaks.
func (p peak) higher(other peak) peak {
	if other.loss > p.loss || math.IsNaN(p.loss) {
		return other
	}
	return p
}

// findPeaks looks for them in the raw losses of a run's steps, or of bins of its steps.
func findPeaks(steps, losses []float64) peaks {
	p := peaks{start: noPeak, largest: noPeak}
	judge := spike.New()
	for i, loss := range losses {
		judge.Add(int64(steps[i]), loss)
		if math.IsNaN(loss) {
			continue
		}
		if steps[i] <= alrc.StartSteps {
			p.start = p.start.higher(peak{loss, steps[i]})
		} else {
			p.largest = p.largest.higher(peak{loss, steps[i]})
		}
	}
	summary := judge.Close()
	p.episodes, p.found = summary.EpisodeCount, summary.Episodes
	return p
}

// peakTable is the largest losses and the spikes of whole runs, of all their seeds.
func (c *Comparison) peakTable() (header []string, rows [][]string) {
	header = []string{c.wording.header(), fmt.Sprintf("largest after step %d", alrc.StartSteps), "seed", "step",
		fmt.Sprintf("largest to step %d", alrc.StartSteps), "step", "spike episodes a run"}
	for _, g := range c.Groups {
		largest, start := noPeak, noPeak
		seed := ""
		var episodes []float64
		for _, run := range g.Runs {
			if len(run.metrics.Step) == 0 {
				continue
			}
			if p := run.peaks.largest; p.loss > largest.loss || math.IsNaN(largest.loss) && !math.IsNaN(p.loss) {
				largest, seed = p, fmt.Sprint(run.Seed)
			}
			start = start.higher(run.peaks.start)
			episodes = append(episodes, float64(run.peaks.episodes))
		}
		row := []string{g.Name, words.Number(largest.loss), seed, stepText(largest.step), words.Number(start.loss), stepText(start.step), words.Unknown}
		if len(episodes) > 0 {
			row[6] = words.Tenth(mean(episodes))
		}
		rows = append(rows, row)
	}
	return header, rows
}

func stepText(step float64) string {
	if math.IsNaN(step) {
		return words.Unknown
	}
	return words.Count(int64(step))
}

// peaksExplanation says what the table of peaks counts.
var peaksExplanation = fmt.Sprintf("Raw losses of whole runs. An automatic start watches %d steps, in which nothing is clipped yet."+
	" A spike episode begins where a loss lies at least 8 robust standard deviations above the 200 losses around it, and lasts until"+
	" the losses are back. Each run is measured by its own losses: a calmer one may count more episodes, of lower losses.", alrc.StartSteps)

// speed says how fast this machine was, which is no result of clipping.
func (c *Comparison) speed() string {
	text := ""
	for _, g := range c.Groups {
		s := g.summary()
		if math.IsNaN(s.rate) {
			continue
		}
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("%s %s images/s", g.with(), words.Number(s.rate))
		if !math.IsNaN(s.seconds) {
			text += ", " + words.Seconds(s.seconds) + " a run"
		}
	}
	if text == "" {
		return ""
	}
	machine := "this machine"
	if cpu, ok := c.Groups[0].Runs[0].settings.Get("environment.cpu"); ok {
		machine = "this machine (" + cpu + ")"
	}
	return fmt.Sprintf("Speed of %s, which other work on it changes: %s.", machine, text)
}
