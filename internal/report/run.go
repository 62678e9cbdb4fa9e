package report

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"slices"

	"alrc/internal/runfolder"
	"alrc/internal/statistics"
)

// Run is what one run's folder tells. A run that was stopped or is still going lacks its result.
type Run struct {
	Label string
	Dir   string
	// Clip is the run's method: its clipping's text form, such as "alrc:2", and that of a stabiliser beside it.
	Clip string
	Seed uint64
	// Steps is the number of steps that the run is to have; 0 where the folder does not tell.
	Steps int64
	// Last is the number of final steps whose losses are averaged.
	Last int64

	settings runfolder.Settings
	metrics  runfolder.Metrics
	peaks    peaks
	figures  figures
	half     []float64 // losses of the output of half the size; none where the network has no such
	clips    []runfolder.Clip
	result   *runfolder.Result
	// gradients are those that were measured, for each of the tensors, in the order of the table.
	tensors   []string
	gradients map[string][]gradientPair
}

var seedSuffix = regexp.MustCompile(`-seed(\d+)$`)

// loadRun reads a run's specification and its result, where there is one.
func loadRun(dir string) (*Run, error) {
	settings, err := runfolder.ReadSettings(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{Label: filepath.Base(dir), Dir: dir, settings: settings, Clip: methodOf(settings.Clip(), settings.Stabilise()), Seed: settings.Seed(),
		Steps: settings.Steps(), Last: settings.Integer("last")}
	r.result, err = runfolder.ReadResult(dir)
	switch {
	case err == nil:
		r.Seed, r.Steps, r.Last = r.result.Seed, r.result.Steps, r.result.Last
		if r.result.Clip != "" {
			r.Clip = methodOf(r.result.Clip, r.result.Stabilise)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if r.Clip == "" {
		r.Clip = seedSuffix.ReplaceAllString(r.Label, "")
	}
	return r, nil
}

// loadTables reads what happened step by step. Of a run that is done and not shown by itself, losses are enough.
func (r *Run) loadTables(shown bool) error {
	shown = shown || r.result == nil
	read := runfolder.ReadLosses
	if shown {
		read = runfolder.ReadMetrics
	}
	metrics, err := read(r.Dir)
	switch {
	case err == nil:
		r.metrics, r.half = *metrics, metrics.OutputLoss["half"]
		r.peaks = findPeaks(metrics.Step, metrics.RawLoss)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for clip, err := range runfolder.Clips(r.Dir) {
		if !shown || errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		r.clips = append(r.clips, clip)
	}
	if err := r.loadGradients(); err != nil {
		return err
	}
	if r.Last <= 0 {
		steps := r.Steps
		if steps <= 0 {
			steps = int64(len(r.metrics.Step))
		}
		r.Last = runfolder.LastSteps(steps, 0)
	}
	r.figures = r.summarize()
	return nil
}

// done is the number of steps that the run has made.
func (r *Run) done() int64 {
	if n := len(r.metrics.Step); n > 0 {
		return int64(r.metrics.Step[n-1])
	}
	return 0
}

func (r *Run) diverged() bool { return r.result != nil && r.result.Diverged }

// tail returns the raw losses of the last steps, and those of all where the run has fewer.
func (r *Run) tail() []float64 {
	return r.metrics.RawLoss[max(0, len(r.metrics.RawLoss)-int(r.Last)):]
}

// figures are the numbers of the results table; what is unknown is NaN.
type figures struct {
	mean, p99, max, test, rate, seconds, clipped float64
	// acted and skipped are shares of the steps, of runs with a stabiliser.
	acted, skipped float64
}

func (r *Run) summarize() figures {
	nan := math.NaN()
	f := figures{nan, nan, nan, nan, nan, nan, nan, nan, nan}
	// The mean of the last steps of a run that is not done would be one of other steps than it is compared with.
	if tail := statistics.Finite(r.tail()); len(tail) > 0 && !r.diverged() && r.done() >= r.Steps {
		slices.Sort(tail)
		f.mean = mean(tail)
		f.p99 = statistics.Percentile(tail, 0.99)
		f.max = tail[len(tail)-1]
	}
	for i := len(r.metrics.TestLoss) - 1; i >= 0 && math.IsNaN(f.test); i-- {
		f.test = r.metrics.TestLoss[i]
	}
	if n := len(r.metrics.Step); n > 0 {
		f.clipped = count(r.metrics.Clipped) / float64(int64(n)*r.settings.BatchSize())
		f.rate = statistics.Mean(statistics.Finite(r.metrics.ImagesPerSecond))
	}
	if r.result == nil {
		return f
	}
	for _, known := range []struct {
		from runfolder.Number
		to   *float64
	}{{r.result.Mean, &f.mean}, {r.result.P99, &f.p99}, {r.result.Max, &f.max}, {r.result.TestLoss, &f.test}, {r.result.ImagesPerSecond, &f.rate}} {
		if !math.IsNaN(float64(known.from)) {
			*known.to = float64(known.from)
		}
	}
	if r.diverged() {
		f.mean, f.p99, f.max = nan, nan, nan
	}
	if r.result.Losses > 0 {
		f.clipped = float64(r.result.Clipped) / float64(r.result.Losses)
	}
	if s := r.result.Stabilised; s != nil && r.done() > 0 {
		f.acted, f.skipped = float64(s.ActedSteps)/float64(r.done()), float64(s.SkippedSteps)/float64(r.done())
	}
	if r.result.WallSeconds > 0 {
		f.seconds = r.result.WallSeconds
	}
	return f
}
