package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"alrc/internal/figure"
	"alrc/internal/runfolder"
)

// The files of a sweep's folder.
const (
	planFile     = "plan.json"
	failuresFile = "failures.json"
	runsFolder   = "runs"
)

// Sweep is a grid of runs, laid out as the published table: a row for each clipping, a column for each batch size (or each
// choice of held-out images, or else for each combination of what varies), and a block of rows for the rest, such as each loss.
type Sweep struct {
	Dir     string
	Title   string
	Command string
	Clips   []string
	Blocks  []*Block
	// Failed names the runs that were set aside, with the last error of each.
	Failed [][2]string
	// Comparisons is the number of comparisons in a table, over which its p-values are corrected.
	Comparisons [measures]int

	settings runfolder.Settings // that all runs share
	varying  []string
	steps    int64 // of the longest run
	last     int64
}

// measure is a number of each run that has a table.
type measure int

const (
	// trainingLoss is the mean of a run's last raw losses.
	trainingLoss measure = iota
	// testError is the mean squared error of held-out crops, where the task is to complete them.
	testError
	measures
)

// Block is a part of the table: one loss, say.
type Block struct {
	Name    string
	Columns []*Column
}

// clips are the places, among the sweep's Clips, of those that the block has runs of.
func (b *Block) clips() (places []int) {
	for at := range b.Columns[0].Cells {
		if slices.ContainsFunc(b.Columns, func(c *Column) bool { return c.Cells[at] != nil }) {
			places = append(places, at)
		}
	}
	return places
}

// Column is the runs of one batch size, say, by clipping, in the order of the sweep's Clips; a clipping that was not
// run there is nil.
type Column struct {
	Name  string
	Cells []*Cell
}

// Cell is the repeats of one combination of settings.
type Cell struct {
	Clip string
	Runs []*sweepRun

	Estimates [measures]Estimate
	// Done counts the repeats with results, and Diverged those of them that diverged.
	Done, Diverged int
	// Clipped is the share of losses that were clipped, and Spikes the mean number of spike episodes of a run.
	Clipped, Spikes float64
}

// Estimate is what a cell has of one measure.
type Estimate struct {
	// Mean and Std are over the Count repeats that are done and did not diverge; NaN and 0 without any.
	Mean, Std float64
	Count     int
	// P is the corrected p-value of the difference to no clipping in the same column; NaN where there is none to test.
	P float64
	// Best says that no clipping of the column has a lower mean with as few runs that diverged.
	Best bool
}

// sweepRun is a run of a sweep.
type sweepRun struct {
	label    string
	seed     uint64
	settings runfolder.Settings
	result   *runfolder.Result // nil where it is not done
	curve    runfolder.Curve
}

// value is NaN where the run has none.
func (r *sweepRun) value(m measure) float64 {
	switch {
	case r.result == nil || r.result.Diverged:
	case m == trainingLoss:
		return float64(r.result.Mean)
	case m == testError && r.result.TestMSE != nil:
		return float64(r.result.TestMSE.Mean)
	}
	return math.NaN()
}

// IsSweep says whether a folder is a sweep's.
func IsSweep(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, planFile))
	return err == nil
}

// LoadSweep reads the results in a sweep's folder, also while it is still at work.
func LoadSweep(dir string) (*Sweep, error) {
	var plan struct {
		Title   string   `json:"title"`
		Command string   `json:"command"`
		Varying []string `json:"varying"`
		Runs    []struct {
			Label         string `json:"label"`
			Specification string `json:"specification"`
		} `json:"runs"`
	}
	path := filepath.Join(dir, planFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the sweep: %w", err)
	}
	if err := json.Unmarshal(content, &plan); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &Sweep{Dir: dir, Title: plan.Title, Command: plan.Command, varying: plan.Varying}
	var runs []*sweepRun
	done := 0
	for _, entry := range plan.Runs {
		if !filepath.IsLocal(entry.Label) {
			return nil, fmt.Errorf("%s: %q is no name of a run's folder", path, entry.Label)
		}
		run := &sweepRun{label: entry.Label}
		if run.settings, err = runfolder.ParseSettings([]byte(entry.Specification)); err != nil {
			return nil, fmt.Errorf("%s, %s: %w", path, entry.Label, err)
		}
		run.seed = run.settings.Seed()
		if err := run.load(filepath.Join(dir, runsFolder, entry.Label)); err != nil {
			return nil, err
		}
		if run.result != nil {
			done++
			s.last = max(s.last, run.result.Last)
		}
		s.steps = max(s.steps, run.settings.Steps())
		runs = append(runs, run)
	}
	if done == 0 {
		return nil, fmt.Errorf("%s: none of the sweep's %d runs is done yet", dir, len(runs))
	}
	s.settings = slices.DeleteFunc(slices.Clone(runs[0].settings), func(pair [2]string) bool {
		return slices.ContainsFunc(runs, func(r *sweepRun) bool {
			value, _ := r.settings.Get(pair[0])
			return value != pair[1]
		})
	})
	s.arrange(runs)
	s.compare()
	if err := s.loadFailures(); err != nil {
		return nil, err
	}
	return s, nil
}

// load reads the run's results, which may not be there yet.
func (r *sweepRun) load(dir string) error {
	result, err := runfolder.ReadResult(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.result = result
	curve, err := runfolder.ReadCurve(dir)
	if err == nil {
		r.curve = *curve
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return err
}

func (s *Sweep) loadFailures() error {
	content, err := os.ReadFile(filepath.Join(s.Dir, failuresFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list []struct {
		Label    string `json:"label"`
		Failures []struct {
			Error string `json:"error"`
		} `json:"failures"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(s.Dir, failuresFile), err)
	}
	for _, entry := range list {
		last := ""
		if n := len(entry.Failures); n > 0 {
			last = entry.Failures[n-1].Error
		}
		s.Failed = append(s.Failed, [2]string{entry.Label, last})
	}
	return nil
}

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
		for _, name := range s.varying {
			if name == "clip" || name == "seed" {
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
		if clip := run.settings.Clip(); !slices.Contains(s.Clips, clip) {
			s.Clips = append(s.Clips, clip)
		}
	}
	for _, run := range ordered {
		blockName, columnName := place(run)
		block := find(&s.Blocks, func(b *Block) bool { return b.Name == blockName }, func() *Block { return &Block{Name: blockName} })
		column := find(&block.Columns, func(c *Column) bool { return c.Name == columnName },
			func() *Column { return &Column{Name: columnName, Cells: make([]*Cell, len(s.Clips))} })
		clip := run.settings.Clip()
		at := slices.Index(s.Clips, clip)
		if column.Cells[at] == nil {
			column.Cells[at] = &Cell{Clip: clip}
		}
		column.Cells[at].Runs = append(column.Cells[at].Runs, run)
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

// before orders runs by what varies, numbers by size and no clipping first.
func (r *sweepRun) before(other *sweepRun, varying []string) bool {
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
		return map[string]string{"cifar10": "CIFAR-10", "procedural": "generated images", "images": "images",
			"procedural-micrographs": "generated micrographs", "micrographs": "micrographs"}[value]
	case "data.test":
		if _, err := strconv.ParseFloat(value, 64); err != nil && value != "by default" {
			return value // a file's name
		}
	case "optimizer.kind":
		return map[string]string{"adam": "Adam", "sgd": "gradient descent"}[value]
	}
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "-", " ") + " " + value
}

// window is the number of steps over which curves are smoothed: 500, as published, and fewer for short runs.
func (s *Sweep) window() int { return int(min(max(s.steps/40, 1), 500)) }

// smooth returns a run's curve, smoothed over the sweep's window.
func (s *Sweep) smooth(c runfolder.Curve) []float64 {
	return figure.Smooth(c.RawLoss, s.bins(c))
}

// bins is the sweep's window in bins of a curve.
func (s *Sweep) bins(c runfolder.Curve) int {
	if len(c.Step) == 0 {
		return 1
	}
	return max(1, int(math.Round(float64(s.window())/c.Step[0])))
}

// Spikes are counted on the smoothed curve, since single losses of small batches vary in any run: an episode begins
// where the curve rises above spikeFactor times its median over the spikeWindows windows before, and ends where it falls
// below. A loss that is not finite is above.
const (
	spikeFactor  = 2
	spikeWindows = 20
)

func (s *Sweep) spikes(c runfolder.Curve) int {
	bins := s.bins(c)
	smoothed := figure.SmoothTrailing(c.RawLoss, bins)
	count, inside := 0, false
	for i := 2 * bins; i < len(smoothed); i++ {
		var before []float64
		for _, value := range smoothed[max(bins, i-spikeWindows*bins):i] {
			if !math.IsNaN(value) {
				before = append(before, value)
			}
		}
		sort.Float64s(before)
		above := len(before) > 0 && !(smoothed[i] <= spikeFactor*stat.Quantile(0.5, stat.Empirical, before, nil))
		if above && !inside {
			count++
		}
		inside = above
	}
	return count
}

// significance is the level of the tests, after correction.
const significance = 0.05

// compare fills in what cells have to say, and tests the clippings against none.
func (s *Sweep) compare() {
	var tested [measures][]*Estimate
	for _, block := range s.Blocks {
		for _, column := range block.Columns {
			var baseline *Cell
			for _, cell := range column.Cells {
				if cell == nil {
					continue
				}
				s.summarize(cell)
				if cell.Clip == "none" {
					baseline = cell
				}
			}
			for m := range measures {
				column.rank(m)
				for _, cell := range column.Cells {
					if cell == nil || baseline == nil || cell == baseline {
						continue
					}
					e := &cell.Estimates[m]
					if e.P = pairedTest(baseline, cell, m); !math.IsNaN(e.P) {
						tested[m] = append(tested[m], e)
					}
				}
			}
		}
	}
	for m, estimates := range tested {
		s.Comparisons[m] = len(estimates)
		holm(estimates)
	}
}

func (s *Sweep) summarize(c *Cell) {
	var clipped, spikes []float64
	var values [measures][]float64
	for _, run := range c.Runs {
		if run.result == nil {
			continue
		}
		c.Done++
		if run.result.Losses > 0 {
			clipped = append(clipped, float64(run.result.Clipped)/float64(run.result.Losses))
		}
		if len(run.curve.Step) > 0 {
			spikes = append(spikes, float64(s.spikes(run.curve)))
		}
		if run.result.Diverged {
			c.Diverged++
		}
		for m := range measures {
			if value := run.value(m); !math.IsNaN(value) {
				values[m] = append(values[m], value)
			}
		}
	}
	for m, values := range values {
		e := Estimate{Count: len(values), P: math.NaN()}
		e.Mean, e.Std = meanAndSpread(values)
		c.Estimates[m] = e
	}
	c.Clipped, c.Spikes = mean(clipped), mean(spikes)
}

// rank marks the best cell: fewest runs that diverged, then the lowest mean.
func (c *Column) rank(m measure) {
	var best *Cell
	for _, cell := range c.Cells {
		if cell != nil && cell.Estimates[m].Count > 0 && (best == nil || cell.better(best, m)) {
			best = cell
		}
	}
	// Where all are the same, as where nothing was clipped, none is the best.
	for _, cell := range c.Cells {
		if cell != nil && best != nil && (cell.Estimates[m].Mean != best.Estimates[m].Mean || cell.Diverged != best.Diverged) {
			best.Estimates[m].Best = true
		}
	}
}

// better says whether fewer runs diverged than another's, or, of as many, the mean is lower.
func (c *Cell) better(than *Cell, m measure) bool {
	if c.Diverged != than.Diverged {
		return c.Diverged < than.Diverged
	}
	a, b := c.Estimates[m].Mean, than.Estimates[m].Mean
	return a < b || math.IsNaN(b)
}

// interpolation is the mean squared error of linear interpolation on the crops that the column's runs were tested on; NaN
// where none was.
func (c *Column) interpolation() float64 {
	for _, cell := range c.Cells {
		if cell == nil {
			continue
		}
		for _, run := range cell.Runs {
			if run.result != nil && run.result.BilinearMSE != nil {
				return float64(run.result.BilinearMSE.Mean)
			}
		}
	}
	return math.NaN()
}

// pairedTest is Student's two-sided paired t-test on the logarithms of the runs' values, paired by seed: runs of one seed
// have the same starting weights and batches, and losses differ by factors. Runs that diverged have no value and are left out.
func pairedTest(baseline, cell *Cell, m measure) float64 {
	var differences []float64
	for _, a := range baseline.Runs {
		for _, b := range cell.Runs {
			if x, y := a.value(m), b.value(m); a.seed == b.seed && x > 0 && y > 0 {
				differences = append(differences, math.Log(y/x))
			}
		}
	}
	n := float64(len(differences))
	if n < 2 {
		return math.NaN()
	}
	average, deviation := stat.MeanStdDev(differences, nil)
	if deviation == 0 {
		if average == 0 {
			return 1
		}
		return math.NaN()
	}
	t := average / (deviation / math.Sqrt(n))
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Survival(math.Abs(t))
}

// holm corrects p-values for their number (Holm 1979): the smallest is multiplied by their number, the next
// by one less, and so on, and none becomes smaller than one before it.
func holm(estimates []*Estimate) {
	sorted := slices.Clone(estimates)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].P < sorted[j].P })
	lowest := 0.
	for i, e := range sorted {
		lowest = max(lowest, min(1, e.P*float64(len(sorted)-i)))
		e.P = lowest
	}
}

// significant says whether it differs from that of no clipping.
func (e Estimate) significant() bool { return e.P < significance }

func (e Estimate) text() string { return spread(e.Mean, e.Std, e.Count) }

// text is the cell in a measure's table.
func (c *Cell) text(m measure) string {
	if c == nil {
		return ""
	}
	e := c.Estimates[m]
	text := e.text()
	if e.significant() {
		text += " *"
	}
	if c.Diverged > 0 {
		note := fmt.Sprintf("%d of %d diverged", c.Diverged, c.Done)
		if c.Diverged == c.Done {
			return note
		}
		text += ", " + note
	}
	if missing := len(c.Runs) - c.Done; missing > 0 {
		text += fmt.Sprintf(", %d missing", missing)
	}
	return text
}
