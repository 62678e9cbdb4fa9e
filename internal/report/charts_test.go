package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"alrc/internal/chart"
	"alrc/internal/figure"
	"alrc/internal/random"
	"alrc/internal/runfolder"
)

// longRun makes a run in memory, with spikes at the given steps.
func longRun(clip string, seed uint64, steps int, spikes []int) *Run {
	r := &Run{Label: fmt.Sprintf("%s-seed%d", clip, seed), Clip: clip, Seed: seed, Steps: int64(steps), Last: 5000,
		settings: runfolder.Settings{{"clip", clip}, {"batch-size", "1"}}}
	m := &r.metrics
	for i := range steps {
		loss := 1 + 9*math.Exp(-float64(i)/5000) + float64(random.Key(seed, uint64(i))>>40)/(1<<25)
		m.Step, m.Loss, m.RawLoss = append(m.Step, float64(i+1)), append(m.Loss, loss), append(m.RawLoss, loss)
		m.Threshold, m.Clipped, m.ImagesPerSecond = append(m.Threshold, 12), append(m.Clipped, 0), append(m.ImagesPerSecond, 90)
		m.LowerThreshold, m.TestLoss = append(m.LowerThreshold, math.NaN()), append(m.TestLoss, math.NaN())
	}
	for _, at := range spikes {
		m.Loss[at], m.RawLoss[at] = 500, 500
		r.clips = append(r.clips, runfolder.Clip{Step: int64(at + 1), ID: fmt.Sprintf("data_batch_1:%d", at), Loss: 500, Threshold: 12, Scale: 0.02})
	}
	r.peaks = findPeaks(m.Step, m.RawLoss)
	r.figures = r.summarize()
	return r
}

// chartsOf reads the lines that a page holds.
func chartsOf(t *testing.T, page []byte) (charts []chart.Data) {
	t.Helper()
	for _, found := range regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`).FindAllSubmatch(page, -1) {
		var d chart.Data
		if err := json.Unmarshal(found[1], &d); err != nil {
			t.Fatal(err)
		}
		charts = append(charts, d)
	}
	return charts
}

// single are the steps of a line that are there by themselves.
func single(l *chart.Line) map[int64]bool {
	steps := map[int64]bool{}
	for _, s := range l.Stretches {
		for k := range s[2] {
			steps[s[0]+k*s[1]] = s[3] == 1
		}
	}
	for _, s := range l.Steps {
		steps[s[0]] = s[1] == 1
	}
	return steps
}

func TestPageOfManyLongRunsIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 20 runs of 100,000 steps")
	}
	c := &Comparison{Dir: t.TempDir()}
	spikes := []int{20_000, 33_333, 33_350, 60_000, 99_990}
	for g, clip := range []string{"none", "alrc:2", "alrc:3", "alrc:4"} {
		group := &Group{Clip: clip, Name: describe(clip)}
		for seed := range 5 {
			group.Runs = append(group.Runs, longRun(clip, uint64(10*g+seed), 100_000, spikes))
		}
		c.Groups = append(c.Groups, group)
	}
	var page bytes.Buffer
	if err := c.page().Write(&page); err != nil {
		t.Fatal(err)
	}
	if out := os.Getenv("ALRC_REPORT_OUT"); out != "" {
		os.WriteFile(filepath.Join(out, "many.html"), page.Bytes(), 0o644)
	}
	if page.Len() > 1_000_000 {
		t.Errorf("the page has %d bytes", page.Len())
	}
	charts := chartsOf(t, page.Bytes())
	if len(charts) != 2 || len(charts[0].Lines) != 20 || len(charts[1].Lines) != 4 {
		t.Fatalf("%d charts", len(charts))
	}
	for i := range charts[0].Lines {
		steps := single(&charts[0].Lines[i])
		for _, spike := range spikes {
			for step := int64(spike) + 1 - chart.Around; step <= min(int64(spike)+1+chart.Around, 100_000); step++ {
				if !steps[step] {
					t.Fatalf("line %d: step %d, beside the peak at %d, is not there", i, step, spike+1)
				}
			}
		}
	}
	marks := charts[1].Lines[1].Marks
	if len(marks) != len(spikes) || marks[0].Kind != chart.Clipped || marks[0].Example != "data_batch_1:20000" {
		t.Errorf("the clipped losses are marked as %+v", marks)
	}
}

func TestPagesHaveTheFiguresColours(t *testing.T) {
	for place, c := range figure.Palette {
		if hex := chart.Hex(c); !strings.Contains(chart.Library(), "'"+hex+"'") || lineColor(place) != hex {
			t.Errorf("the scripts lack the palette's colour %d, %s", place, hex)
		}
	}
	// Beyond the palette a colour is told from white and from black pages.
	for place := range 100 {
		var parts [3]int
		if _, err := fmt.Sscanf(lineColor(place), "#%02x%02x%02x", &parts[0], &parts[1], &parts[2]); err != nil {
			t.Fatal(err)
		}
		if light := (299*parts[0] + 587*parts[1] + 114*parts[2]) / 1000; light < 0x50 || light > 0xC0 {
			t.Errorf("place %d has the colour %s", place, lineColor(place))
		}
	}
}
