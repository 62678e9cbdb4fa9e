package browsertest

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func reportURL(t *testing.T) string {
	t.Helper()
	if shared.why != "" {
		t.Skip(shared.why)
	}
	return "file://" + filepath.Join(shared.runs, "report.html")
}

// rawLosses are the losses in a run's table.
func rawLosses(t *testing.T, dir string) (losses []float64) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "metrics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "raw_loss")
	for _, row := range rows[1:] {
		loss, err := strconv.ParseFloat(row[column], 64)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	return losses
}

func TestReportCanBeTouched(t *testing.T) {
	p := open(t, reportURL(t), 1280, 1000)
	p.chart(4)
	// What is drawn is what was written: with so few steps, each by itself.
	want := rawLosses(t, filepath.Join(shared.runs, "none-seed1"))
	got := get[[]float64](p, "Array.from(document.querySelector('.chart').chart.source.lines.find(l => l.name === 'no clipping, seed 1').mean)")
	if len(got) != len(want) {
		t.Fatalf("the page has %d losses of %d", len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]/want[i]-1) > 1e-3 {
			t.Fatalf("the loss of step %d is %v, and %v in the page", i+1, want[i], got[i])
		}
	}
	before := p.picture()
	p.drag(0.2, 0.4)
	p.wait("dragging zooms", "document.querySelector('.chart').chart.view.x")
	if p.picture() == before {
		t.Error("zooming changes nothing of the picture")
	}
	if get[bool](p, "getComputedStyle(document.querySelector('.fallback')).display !== 'none'") {
		t.Error("the picture for pages without scripts is shown, too")
	}
	// The second chart has what was clipped, with its pictures.
	p.do(chromedp.Evaluate(`(() => {
		const chart = document.querySelectorAll('.chart')[1].chart;
		chart.picked(chart.marks().find(m => m.picture));
	})()`, nil))
	p.wait("the picture of the example is there", "document.querySelector('dialog .examples img') && document.querySelector('dialog .examples img').naturalWidth > 0")
	const csv = "alrc.csv(document.querySelector('.chart').chart).split('\\n').length"
	if lines := get[int](p, csv); lines < 100 {
		t.Errorf("the CSV of what is shown has %d lines", lines)
	}
	if svg := get[string](p, "new DOMParser().parseFromString(alrc.svg(document.querySelector('.chart').chart), 'image/svg+xml').documentElement.tagName"); svg != "svg" {
		t.Errorf("the SVG of what is shown is %s", svg)
	}
}

func TestReportWithoutScripts(t *testing.T) {
	p := open(t, "about:blank", 1280, 1000)
	p.requests = nil
	p.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(reportURL(t)))
	var shown []map[string]string
	p.do(chromedp.AttributesAll(".fallback svg", &shown, chromedp.ByQueryAll))
	if len(shown) < 2 {
		t.Errorf("%d pictures", len(shown))
	}
	p.do(chromedp.WaitVisible(".fallback svg", chromedp.ByQuery))
	p.requests = nil
}

func TestReportOnAPhone(t *testing.T) {
	p := open(t, reportURL(t), 390, 900)
	p.chart(4)
	if wide := get[int64](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("at 390 pixels the report is %d wide", wide)
	}
	p.save("")
}
