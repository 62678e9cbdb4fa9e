// Package runfolder is the folder of a training run on disk: the names of its files, the columns of its tables, the
// JSON of its result, how each is written and read, and the lock that keeps two processes from training one run.
//
// A folder holds
//
//	run.yaml                 the specification; see [Settings]
//	metrics.csv              a row for each step; see [Step]
//	gradients.csv            where it was asked for, how gradients are distributed; see [Gradient]
//	clips.csv                a row for each loss that was clipped, raised or not finite; see [Clip]
//	checkpoint.safetensors   what the run goes on from
//	result.json              what a finished run reports; see [Result]
//	samples/, worst/         pictures
//	lock                     locked while the run is trained
//
// and event files for TensorBoard. The results of a sweep's run have curve.csv instead of the tables; see [Curve]. A sweep's
// folder has its [Plan], and the folders of its runs.
//
// Tables are read by the names of their columns, so that a table with further columns can be read by an older program
// of the same [Version], and a run that an older program began goes on with the columns that its tables have.
package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// The files and folders in a run's folder.
const (
	SpecificationFile  = "run.yaml"
	MetricsFile        = "metrics.csv"
	ClipsFile          = "clips.csv"
	GradientsFile      = "gradients.csv"
	CheckpointFile     = "checkpoint.safetensors"
	ResultFile         = "result.json"
	SamplesFolder      = "samples"
	WorstFolder        = "worst"
	CurveFile          = "curve.csv"
	CheckpointHashFile = "checkpoint.sha256"

	lockFile     = "lock"
	eventPattern = "events.out.tfevents.*"
)

// Holds reports whether a folder is a run's.
func Holds(dir string) bool { return exists(dir, SpecificationFile) }

// Done reports whether the run in a folder has a result.
func Done(dir string) bool { return exists(dir, ResultFile) }

// HasMetrics reports whether a folder is a run's, with a table of its steps.
func HasMetrics(dir string) bool { return Holds(dir) && exists(dir, MetricsFile) }

func exists(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// Find returns the folders of the runs in a folder: the folder itself, or those directly in it, runs without clipping
// first and otherwise by name. A folder that does not exist has none.
func Find(dir string) ([]string, error) {
	if Holds(dir) {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var runs []string
	clipped := map[string]bool{}
	for _, entry := range entries {
		if run := filepath.Join(dir, entry.Name()); Holds(run) {
			runs = append(runs, run)
			// A specification that cannot be read is reported by whoever opens the run.
			settings, err := ReadSettings(run)
			clipped[run] = err != nil || !settings.Unclipped()
		}
	}
	sort.SliceStable(runs, func(i, j int) bool { return !clipped[runs[i]] && clipped[runs[j]] })
	return runs, nil
}

// LastSteps returns the number of final steps over which a run's losses are summarised: the number that its
// specification gives, or, where that is 0, a quarter of the steps, at most 5,000.
func LastSteps(steps, last int64) int64 {
	if last > 0 {
		return min(last, steps)
	}
	return min(5000, max(1, steps/4))
}

// Remove deletes what a run wrote into its folder, and the folder if nothing else is in it, so that a new run can
// take its place; a folder that does not exist is no error. A run that is being trained is left alone; [IsBusy] tells that error.
func Remove(dir string) error {
	lock, err := Lock(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there is no folder
	}
	if err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(dir, eventPattern))
	if err == nil {
		for _, name := range []string{MetricsFile, ClipsFile, GradientsFile, CheckpointFile, ResultFile, SamplesFolder, WorstFolder,
			CurveFile, CheckpointHashFile, SpecificationFile} {
			names = append(names, filepath.Join(dir, name))
		}
		for _, name := range names {
			err = errors.Join(err, os.RemoveAll(name))
		}
	}
	// Some systems cannot delete a file that is open.
	err = errors.Join(err, lock.Close())
	if err != nil {
		return err
	}
	os.Remove(filepath.Join(dir, lockFile))
	// A folder that is not empty is the user's.
	os.Remove(dir)
	return nil
}

// In is an error of what happened in a run's folder, which its message names once.
func In(dir string, err error) error {
	if strings.HasPrefix(err.Error(), dir) {
		return err
	}
	return fmt.Errorf("%s: %w", dir, err)
}
