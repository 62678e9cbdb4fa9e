package report

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// arrange puts the runs into blocks, columns and cells.
func (s *Sweep) arrange(runs []*sweepRun) {
	// The columns are batch sizes where those vary, or else what was held out, and all that varies otherwise.
	var across string
	for _, name := range []string{"data.test", "batch-size"} {
		if slices.Contains(s.varying, name) {
			across = name
		}
	}
	place := func(run *sweepRun) (block, column string) {
		var blocks, columns []string
		if run.workload != "" {
			blocks = append(blocks, run.workload)
		}
		for _, name := range s.varying {
			if name == "clip" || name == stabiliseSetting || name == "seed" {
				continue
			}
			text := settingText(name, "by default")
			if value, _ := run.settings.Get(name); value != "" {
				text = settingText(name, value)
			}
			if across == "" || across == name {
				columns = append(columns, text)
			} else {
				blocks = append(blocks, text)
			}
		}
		return strings.Join(blocks, ", "), strings.Join(columns, ", ")
	}
	ordered := slices.Clone(runs)
	sort.SliceStable(ordered, func(i, j int) bool { return ordered[i].before(ordered[j], s.varying) })
	for _, run := range ordered {
		if clip := run.method(); !slices.Contains(s.Clips, clip) {
			s.Clips = append(s.Clips, clip)
		}
	}
	for _, run := range ordered {
		blockName, columnName := place(run)
		block := find(&s.Blocks, func(b *Block) bool { return b.Name == blockName }, func() *Block { return &Block{Name: blockName} })
		column := find(&block.Columns, func(c *Column) bool { return c.Name == columnName },
			func() *Column { return &Column{Name: columnName, Cells: make([]*Cell, len(s.Clips))} })
		clip := run.method()
		at := slices.Index(s.Clips, clip)
		if column.Cells[at] == nil {
			column.Cells[at] = &Cell{Clip: clip}
		}
		column.Cells[at].Runs = append(column.Cells[at].Runs, run)
	}
	s.shareBaselines()
}

// shareBaselines puts runs without clipping into the columns that have none and differ from theirs only in settings of
// clipping, on which such runs do not depend.
func (s *Sweep) shareBaselines() {
	none := slices.Index(s.Clips, "none")
	if none < 0 {
		return
	}
	like := func(a, b *sweepRun) bool {
		return a.workload == b.workload && !slices.ContainsFunc(s.varying, func(name string) bool {
			switch name {
			case "clip", stabiliseSetting, "seed", "decay", "moments", "rule":
				return false
			}
			x, _ := a.settings.Get(name)
			y, _ := b.settings.Get(name)
			return x != y
		})
	}
	var baselines []*Cell
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			if cell := column.Cells[none]; cell != nil {
				baselines = append(baselines, cell)
			}
		}
	}
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			at := slices.IndexFunc(column.Cells, func(cell *Cell) bool { return cell != nil })
			for _, cell := range baselines {
				if column.Cells[none] == nil && like(cell.Runs[0], column.Cells[at].Runs[0]) {
					column.Cells[none] = &Cell{Clip: cell.Clip, Runs: cell.Runs, shared: true}
				}
			}
		}
	}
}

// find returns the element of a list for which is holds, after adding a new one where there is none.
func find[T any](list *[]*T, is func(*T) bool, create func() *T) *T {
	if i := slices.IndexFunc(*list, is); i >= 0 {
		return (*list)[i]
	}
	element := create()
	*list = append(*list, element)
	return element
}

// before orders runs by what varies, numbers by size, no clipping first and stabilisers last.
func (r *sweepRun) before(other *sweepRun, varying []string) bool {
	if r.workload != other.workload {
		return r.place < other.place
	}
	if a, b := r.settings.Stabilise() != "", other.settings.Stabilise() != ""; a != b {
		return b
	}
	for _, name := range append(slices.DeleteFunc(slices.Clone(varying), func(name string) bool { return name == "seed" }), "clip", "seed") {
		a, _ := r.settings.Get(name)
		b, _ := other.settings.Get(name)
		if a == b {
			continue
		}
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		switch {
		case errX == nil && errY == nil:
			return x < y
		case a == "none" || b == "none":
			return a == "none"
		case name == "loss":
			return a > b // squared before quartic, as published
		}
		return a < b
	}
	return false
}

// settingText says a setting in words.
func settingText(name, value string) string {
	switch name {
	case "loss":
		if _, err := strconv.ParseFloat(value, 64); err == nil {
			return "loss of power " + value
		}
		return value + " loss"
	case "huber":
		return map[string]string{"true": "Huberised", "false": "not Huberised"}[value]
	case "data.kind":
		return cmp.Or(map[string]string{"cifar10": "CIFAR-10", "procedural": "generated images", "procedural-micrographs": "generated micrographs"}[value],
			value)
	case "data.test":
		if _, err := strconv.ParseFloat(value, 64); err != nil && value != "by default" {
			return value // a file's name
		}
	case "optimizer.kind":
		return map[string]string{"adam": "Adam", "sgd": "gradient descent"}[value]
	}
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "-", " ") + " " + value
}

// stabiliseSetting is the setting of a stabiliser beside the clipping.
const stabiliseSetting = "stabilise"

// method is the clipping and the stabiliser of a run.
func (r *sweepRun) method() string { return methodOf(r.settings.Clip(), r.settings.Stabilise()) }
