package report

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/runfolder"
)

// A report of runs whose gradients were measured says what clipping did to them; one of other runs does not speak of gradients.
func TestGradients(t *testing.T) {
	out := t.TempDir()
	run := madeRun{clip: "alrc:2", steps: 40, level: 1, threshold: 2}
	writeRun(t, out, run)
	text := func() string {
		t.Helper()
		c, err := Load(out)
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := c.page().Write(&page); err != nil {
			t.Fatal(err)
		}
		return page.String()
	}
	if strings.Contains(text(), ">Gradients<") {
		t.Error("a report without gradients speaks of them")
	}
	table, err := runfolder.OpenGradients(filepath.Join(out, run.label()), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []int64{10, 20} {
		for _, tensor := range []string{"first.weight", runfolder.AllTensors} {
			g := runfolder.Gradient{Step: step, Tensor: tensor, Entries: 4, Norm: 8, Deviation: 4, Kurtosis: 5, Cosine: 1}
			g.Histogram[runfolder.HistogramBin(4)] = 4
			table.Append(&g)
			g.Clipped = true
			if step == 20 {
				g.Norm, g.Deviation, g.Cosine = 2, 1, 0.5
				g.Histogram = [runfolder.HistogramBins]int64{}
				g.Histogram[runfolder.HistogramBin(1)] = 4
			}
			table.Append(&g)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	page := text()
	for _, want := range []string{">Gradients<", "first.weight", ">0.5<", ">0.25<", ">50 %<"} {
		if !strings.Contains(strings.ReplaceAll(page, "0.500", "0.5"), want) && !strings.Contains(strings.ReplaceAll(page, "0.250", "0.25"), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
