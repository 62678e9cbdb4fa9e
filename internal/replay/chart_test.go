package replay

import (
	"bytes"
	"math"
	"testing"

	"alrc/internal/chart"
)

func TestChartHasEveryStepAroundPeaks(t *testing.T) {
	const n = 60_000
	peaks := []int{9_000, 9_030, 31_111, 59_990}
	r := noisy(t, n, func(i int, loss float64) float64 {
		for _, peak := range peaks {
			if i == peak {
				return 1000 * loss
			}
		}
		return loss
	})
	line := r.chart(true).Lines[0]
	single := map[int64]bool{}
	last, records := int64(math.MinInt64), int64(0)
	add := func(step, each int64) {
		if step <= last && each > 1 {
			t.Fatalf("the bin at step %d comes after that at %d", step, last)
		}
		last = max(last, step)
		records += each
		single[step] = single[step] || each == 1
	}
	for _, s := range line.Stretches {
		for k := range s[2] {
			add(s[0]+k*s[1], s[3])
		}
	}
	for _, s := range line.Steps {
		add(s[0], s[1])
	}
	if records != n {
		t.Errorf("the bins have %d records of %d", records, n)
	}
	if len(line.Marks) < 3 {
		t.Fatalf("%d marks", len(line.Marks))
	}
	for _, mark := range line.Marks {
		for step := mark.Step - chart.Around; step <= min(mark.Step+chart.Around, r.Last); step++ {
			if !single[step] {
				t.Fatalf("step %d, beside the peak at %d, is not there by itself", step, mark.Step)
			}
		}
	}
	var page bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 1_000_000 {
		t.Errorf("the page has %d bytes", page.Len())
	}
}
