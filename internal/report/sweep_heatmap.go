package report

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"alrc/internal/clipping"
	"alrc/internal/figure"
	"alrc/internal/words"
)

// axis is a setting with numeric values, which a heat map can have as rows or columns.
type axis struct {
	name, words string
	value       func(*sweepRun) (number float64, ok bool)
	values      []float64
}

// clippingSettings are those that a run without clipping does not depend on.
var clippingSettings = []string{"clip", "seed", "decay", "moments", "rule"}

// axes are the numeric settings in which the sweep's clipped runs differ: n of ALRC first.
func (s *Sweep) axes(runs []*sweepRun) []*axis {
	list := []*axis{{name: "clip", words: "n", value: func(r *sweepRun) (float64, bool) {
		spec, err := clipping.Parse(r.settings.Clip())
		return spec.N, err == nil && spec.Kind == "alrc"
	}}}
	for _, name := range s.varying {
		if name == "seed" || name == "clip" {
			continue
		}
		list = append(list, &axis{name: name, words: strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "-", " "),
			value: func(r *sweepRun) (float64, bool) {
				text, _ := r.settings.Get(name)
				number, err := strconv.ParseFloat(text, 64)
				return number, err == nil
			}})
	}
	return slices.DeleteFunc(list, func(a *axis) bool {
		for _, run := range runs {
			if run.settings.Clip() == "none" {
				continue
			}
			value, ok := a.value(run)
			if !ok && a.name != "clip" {
				return true // a setting of words
			}
			if ok && !slices.Contains(a.values, value) {
				a.values = append(a.values, value)
			}
		}
		sort.Float64s(a.values)
		return len(a.values) < 2
	})
}

// heatmaps are maps of a measure over the first two numeric settings in which the sweep's runs differ, one for each combination
// of what else differs; nil where there are fewer settings, or no complete comparison. A cell is the change from the runs
// without clipping of the same seeds, the mean over seeds of the ratio's logarithm; the runs without clipping are those that
// agree in what they depend on.
func (s *Sweep) heatmaps(m measure) *figure.Heatmaps {
	var runs []*sweepRun
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			for _, cell := range column.Cells {
				if cell != nil {
					runs = append(runs, cell.Runs...)
				}
			}
		}
	}
	axes := s.axes(runs)
	if len(axes) < 2 {
		return nil
	}
	rows, columns := axes[0], axes[1]
	without := map[string]float64{} // clipping, by what such a run depends on and the seed
	for _, run := range runs {
		if run.settings.Clip() == "none" && run.result != nil {
			without[s.key(run, clippingSettings)+run.seedKey()] = run.value(m)
		}
	}
	type place struct{ panel, row, column int }
	var panels []string
	changes, lost := map[place][]float64{}, map[place]int{}
	largest := 0.
	for _, run := range runs {
		row, okRow := rows.value(run)
		column, okColumn := columns.value(run)
		base, compared := without[s.key(run, clippingSettings)+run.seedKey()]
		if !okRow || !okColumn || !compared || run.settings.Clip() == "none" || run.result == nil {
			continue
		}
		panel := s.panel(run, rows.name, columns.name)
		if !slices.Contains(panels, panel) {
			panels = append(panels, panel)
		}
		at := place{slices.Index(panels, panel), slices.Index(rows.values, row), slices.Index(columns.values, column)}
		switch change := math.Log(run.value(m) / base); {
		case math.IsNaN(run.value(m)):
			lost[at]++
		case !math.IsNaN(change):
			changes[at] = append(changes[at], change)
		}
	}
	if len(panels) == 0 {
		return nil
	}
	h := &figure.Heatmaps{Columns: min(len(panels), 2)}
	for panel, title := range panels {
		heatmap := figure.Heatmap{Title: words.Capital(title), XLabel: columns.words, YLabel: rows.words}
		for _, value := range columns.values {
			heatmap.Columns = append(heatmap.Columns, strconv.FormatFloat(value, 'g', -1, 64))
		}
		for i, value := range rows.values {
			heatmap.Rows = append(heatmap.Rows, strconv.FormatFloat(value, 'g', -1, 64))
			numbers, texts := make([]float64, len(columns.values)), make([]string, len(columns.values))
			for j := range columns.values {
				numbers[j] = math.NaN()
				switch list := changes[place{panel, i, j}]; {
				case lost[place{panel, i, j}] > 0:
					texts[j] = "diverged"
				case len(list) > 0:
					numbers[j] = stat.Mean(list, nil)
					largest = max(largest, math.Abs(numbers[j]))
					texts[j] = words.Change(math.Expm1(numbers[j]))
				}
			}
			heatmap.Values, heatmap.Texts = append(heatmap.Values, numbers), append(heatmap.Texts, texts)
		}
		h.Maps = append(h.Maps, heatmap)
	}
	h.Limit = max(largest, 1e-6)
	return h
}

func (r *sweepRun) seedKey() string { return "seed " + strconv.FormatUint(r.seed, 10) }

// key is a run's values of what varies, without those that are left out.
func (s *Sweep) key(run *sweepRun, without []string) string {
	var key strings.Builder
	key.WriteString(run.workload + "\n")
	for _, name := range s.varying {
		if !slices.Contains(without, name) {
			value, _ := run.settings.Get(name)
			key.WriteString(name + "=" + value + "\n")
		}
	}
	return key.String()
}

// panel says in words what varies besides two axes.
func (s *Sweep) panel(run *sweepRun, rows, columns string) string {
	var texts []string
	if run.workload != "" {
		texts = append(texts, run.workload)
	}
	for _, name := range s.varying {
		if name == "seed" || name == "clip" || name == rows || name == columns {
			continue
		}
		value, _ := run.settings.Get(name)
		texts = append(texts, settingText(name, value))
	}
	return strings.Join(texts, ", ")
}

// heatmapSize is the size at which heat maps are drawn.
func heatmapSize(h *figure.Heatmaps) (width, height int) {
	rows := (len(h.Maps) + h.Columns - 1) / h.Columns
	return 1900, rows * (220 + 60*len(h.Maps[0].Rows))
}

// addHeatmaps shows a sweep's heat maps on its page.
func (s *Sweep) addHeatmaps(page *figure.Page, m measure) {
	h := s.heatmaps(m)
	if h == nil {
		return
	}
	width, height := heatmapSize(h)
	page.Figure(h, width, height, "Heat maps of the change that clipping makes, by "+h.Maps[0].YLabel+" and "+h.Maps[0].XLabel,
		fmt.Sprintf("Change of the %s against no clipping with the same seeds, by %s and %s: blue is lower, orange higher.",
			measureWords[m].noun, h.Maps[0].YLabel, h.Maps[0].XLabel))
}
