package sweep

import (
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"

	"alrc/internal/runfolder"
)

// resultColumns are the columns that a run's result has in the table of a sweep; what is not known is "".
var resultColumns = []struct {
	name  string
	value func(*runfolder.Result) string
}{
	{"diverged_step", func(r *runfolder.Result) string {
		if !r.Diverged {
			return ""
		}
		return strconv.FormatInt(r.DivergedStep, 10)
	}},
	{"mean", func(r *runfolder.Result) string { return csvNumber(r.Mean) }},
	{"std", func(r *runfolder.Result) string { return csvNumber(r.Std) }},
	{"p99", func(r *runfolder.Result) string { return csvNumber(r.P99) }},
	{"max", func(r *runfolder.Result) string { return csvNumber(r.Max) }},
	{"test_loss", func(r *runfolder.Result) string { return csvNumber(r.TestLoss) }},
	{"losses", func(r *runfolder.Result) string { return strconv.FormatInt(r.Losses, 10) }},
	{"clipped", func(r *runfolder.Result) string { return strconv.FormatInt(r.Clipped, 10) }},
	{"non_finite", func(r *runfolder.Result) string { return strconv.FormatInt(r.NonFinite, 10) }},
	{"images_per_s", func(r *runfolder.Result) string { return csvNumber(r.ImagesPerSecond) }},
	{"wall_seconds", func(r *runfolder.Result) string { return csvNumber(runfolder.Number(r.WallSeconds)) }},
	{"test_mse", csvMean(func(r *runfolder.Result) *runfolder.Distribution { return r.TestMSE })},
	{"bilinear_mse", csvMean(func(r *runfolder.Result) *runfolder.Distribution { return r.BilinearMSE })},
	{"kriging_mse", csvMean(func(r *runfolder.Result) *runfolder.Distribution { return r.KrigingMSE })},
	{"test_mse_first", csvMean(func(r *runfolder.Result) *runfolder.Distribution { return r.FirstMSE })},
	{"first_loss", ofStability(func(s *runfolder.Stability) string { return csvNumber(s.First) })},
	{"spiked_steps", ofStability(func(s *runfolder.Stability) string { return strconv.FormatInt(s.SpikedSteps, 10) })},
	{"spike_episodes", ofStability(func(s *runfolder.Stability) string { return strconv.FormatInt(s.Episodes, 10) })},
	{"recovered_episodes", ofStability(func(s *runfolder.Stability) string { return strconv.FormatInt(s.Recovered, 10) })},
	{"left_step", func(r *runfolder.Result) string {
		if r.Left() == 0 {
			return ""
		}
		return strconv.FormatInt(r.Left(), 10)
	}},
	{"median_recovery_steps", ofStability(func(s *runfolder.Stability) string { return strconv.FormatInt(s.MedianRecovery, 10) })},
	{"excess_loss", ofStability(func(s *runfolder.Stability) string { return csvNumber(s.Excess) })},
	{"spike_score", ofStability(func(s *runfolder.Stability) string { return csvNumber(s.SpikeScore) })},
	{"acted_steps", ofStabilised(func(s *runfolder.Stabilised) int64 { return s.ActedSteps })},
	{"skipped_steps", ofStabilised(func(s *runfolder.Stabilised) int64 { return s.SkippedSteps })},
	{"slowed_steps", ofStabilised(func(s *runfolder.Stabilised) int64 { return s.SlowedSteps })},
}

func csvMean(of func(*runfolder.Result) *runfolder.Distribution) func(*runfolder.Result) string {
	return func(r *runfolder.Result) string {
		if errors := of(r); errors != nil {
			return csvNumber(runfolder.Number(errors.Mean))
		}
		return ""
	}
}

func ofStability(value func(*runfolder.Stability) string) func(*runfolder.Result) string {
	return func(r *runfolder.Result) string {
		if r.Stability == nil {
			return ""
		}
		return value(r.Stability)
	}
}

func ofStabilised(value func(*runfolder.Stabilised) int64) func(*runfolder.Result) string {
	return func(r *runfolder.Result) string {
		if r.Stabilised == nil {
			return ""
		}
		return strconv.FormatInt(value(r.Stabilised), 10)
	}
}

// WriteCSV writes a row for each run: the settings in which runs differ, where the run stands, and the numbers of its
// result; those that are not known are empty.
func (f *Folder) WriteCSV(w io.Writer) error {
	status, err := f.status(nil)
	if err != nil {
		return err
	}
	table := csv.NewWriter(w)
	workloads := slices.ContainsFunc(f.Plan.Runs, func(r Run) bool { return r.Workload != "" })
	row := []string{"id"}
	if workloads {
		row = append(row, "workload")
	}
	row = append(append(row, f.Plan.Varying...), "state")
	for _, c := range resultColumns {
		row = append(row, c.name)
	}
	if err := table.Write(row); err != nil {
		return err
	}
	for _, run := range status.Runs {
		fields := flatten(run.Run.Specification)
		row := []string{run.Run.ID}
		if workloads {
			row = append(row, run.Run.Workload)
		}
		for _, name := range f.Plan.Varying {
			row = append(row, fields.get(name))
		}
		state := "missing"
		if run.Result != nil {
			state = string(run.Result.Fate())
		}
		row = append(row, state)
		for _, c := range resultColumns {
			text := ""
			if run.Result != nil {
				text = c.value(run.Result)
			}
			row = append(row, text)
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

func csvNumber(number runfolder.Number) string {
	value := float64(number)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return ""
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}
