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

	"alrc/internal/runfolder"
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
	// workloads says that runs have workloads, which are blocks.
	workloads bool
	steps     int64 // of the longest run
	last      int64
}

// measure is a number of each run that has a table.
type measure int

const (
	// trainingLoss is the mean of a run's last raw losses.
	trainingLoss measure = iota
	// testLoss is the mean raw loss of held-out images.
	testLoss
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
	// shared says that the runs are those of a cell of another column: runs without clipping stand in every column that
	// differs from theirs in what clipping alone depends on.
	shared bool

	Estimates [measures]Estimate
	// Done counts the repeats with results, and Diverged those of them that diverged.
	Done, Diverged int
	// Clipped is the share of losses that were clipped, and Spikes the mean number of spike episodes of a run.
	Clipped, Spikes float64
	// largest is the largest loss after the automatic start, of the run with the seed largestSeed.
	largest     peak
	largestSeed uint64
}

// Estimate is what a cell has of one measure.
type Estimate struct {
	// Mean and Std are over the Count repeats that are done and did not diverge; NaN and 0 without any.
	Mean, Std float64
	Count     int
	// P is the corrected p-value of the difference to no clipping in the same column; NaN where there is none to test.
	P float64
	// effect is that difference, over the seeds that both have.
	effect effect
	// Best says that the column is complete and the cell its best, by more than chance where that was tested.
	Best bool
}

// sweepRun is a run of a sweep.
type sweepRun struct {
	label    string
	workload string
	place    int // of the workload among those of the plan
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
	case m == testLoss:
		return float64(r.result.TestLoss)
	case m == testError && r.result.TestMSE != nil:
		return float64(r.result.TestMSE.Mean)
	}
	return math.NaN()
}

// LoadSweep reads the results in a sweep's folder, also while it is still at work.
func LoadSweep(dir string) (*Sweep, error) {
	var plan runfolder.Plan
	path := filepath.Join(dir, runfolder.PlanFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the sweep: %w", err)
	}
	if err := json.Unmarshal(content, &plan); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &Sweep{Dir: dir, Title: plan.Title, Command: plan.Command, varying: plan.Varying}
	var runs []*sweepRun
	var workloads []string
	done := 0
	for _, entry := range plan.Runs {
		if !filepath.IsLocal(entry.Label) {
			return nil, fmt.Errorf("%s: %q is no name of a run's folder", path, entry.Label)
		}
		run := &sweepRun{label: entry.Label, workload: entry.Workload}
		s.workloads = s.workloads || entry.Workload != ""
		if run.place = slices.Index(workloads, entry.Workload); run.place < 0 {
			run.place = len(workloads)
			workloads = append(workloads, entry.Workload)
		}
		if run.settings, err = runfolder.ParseSettings([]byte(entry.Specification)); err != nil {
			return nil, fmt.Errorf("%s, %s: %w", path, entry.Label, err)
		}
		run.seed = run.settings.Seed()
		if err := run.load(filepath.Join(dir, runfolder.RunsFolder, entry.Label)); err != nil {
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
	content, err := os.ReadFile(filepath.Join(s.Dir, runfolder.FailuresFile))
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
		return fmt.Errorf("%s: %w", filepath.Join(s.Dir, runfolder.FailuresFile), err)
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

// missing counts the runs without results.
func (s *Sweep) missing() (missing int) {
	s.each(func(_ *Cell, run *sweepRun) {
		if run.result == nil {
			missing++
		}
	})
	return missing
}
