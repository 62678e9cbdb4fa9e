package experiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"alrc/internal/format/eventlog"
	"alrc/internal/runfolder"
)

// patience is the number of steps in a row without a finite loss after which a clipped run counts as diverged, and
// of steps between looks at the weights.
const patience = 100

// Options are what a run's result does not depend on.
type Options struct {
	// Threads is the number of threads to compute with; 0 takes all.
	Threads int
	// Engines are the available engines besides the CPU engine.
	Engines Engines
	// CheckpointEvery is how much work a kill can cost; 0 stands for 30 seconds.
	CheckpointEvery time.Duration
	// Observe, where not nil, is called after every step.
	Observe func(Progress)
}

// Progress is where a run stands after a step.
type Progress struct {
	Step, Steps int64
	// Loss is the raw loss of the step, and Smoothed its running mean over about 500 steps.
	Loss, Smoothed float64
	// Clipped counts single losses since the run began.
	Clipped int64
	// DeadSince is the step since which all activations of a layer are 0; 0 where the network is alive.
	DeadSince int64
}

// run is a run in progress.
type run struct {
	Specification
	dir    string
	data   *DataSet
	task   task
	engine Engine
	heads  []*head

	lock      io.Closer
	metrics   *runfolder.StepTable
	clips     *runfolder.Table[runfolder.Clip]
	gradients *gradients // nil where they are not measured
	// stabiliser is the engine, where it has a stabiliser.
	stabiliser stabilised
	events     *eventlog.Writer
	since      time.Time // when the present step began

	step    int64 // steps done
	history history
	row     runfolder.Step // what is recorded of a step
	clip    runfolder.Clip // and of a loss
	scalars []eventlog.Scalar

	raw [][]float32 // a loss an image, for each head
}

// history is what a checkpoint holds of the steps done: counts of single losses, of the steps in a row that had no
// finite one, how the run diverged, and the errors of the latest evaluation.
type history struct {
	Losses      int64                   `json:"losses"`
	Clipped     int64                   `json:"clipped"`
	HalfClipped int64                   `json:"half_clipped,omitempty"`
	Raised      int64                   `json:"raised"`
	NonFinite   int64                   `json:"non_finite"`
	BadSteps    int64                   `json:"bad_steps"`
	Diverged    *divergence             `json:"diverged,omitempty"`
	Death       *death                  `json:"death,omitempty"`
	Stabilised  *runfolder.Stabilised   `json:"stabilised,omitempty"`
	TestMSE     *runfolder.Distribution `json:"test_mse,omitempty"`
}

type divergence struct {
	Reason string   `json:"reason"`
	Images []string `json:"images"`
}

// Train works on the run in a folder until it is done: from its beginning, or from its checkpoint where it was
// stopped. A run that is done already just returns its result. When the context ends, Train saves a checkpoint and
// returns the context's error. A diverged run is a result, not an error.
func Train(ctx context.Context, dir string, data *DataSet, o Options) (result *runfolder.Result, err error) {
	specification, err := Read(dir)
	if err != nil {
		return nil, err
	}
	if err := specification.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, runfolder.SpecificationFile), err)
	}
	if result, err := runfolder.ReadResult(dir); !errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	if err := data.Check(specification.Data.Hash); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	r := &run{Specification: specification, dir: dir, data: data}
	defer func() {
		if closeErr := r.close(); closeErr != nil && (err == nil || errors.Is(err, ctx.Err())) {
			result, err = nil, fmt.Errorf("%s: %w", dir, closeErr)
		}
	}()
	resetPeakMemory()
	if err := r.open(o); err != nil {
		return nil, runfolder.In(dir, err)
	}
	result, err = r.train(ctx, o)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s, after step %d: %w", dir, r.step, err)
	}
	return result, err
}

func (r *run) open(o Options) (err error) {
	if r.lock, err = runfolder.Lock(r.dir); err != nil {
		return err
	}
	if r.task, err = r.newTask(r.data); err != nil {
		return err
	}
	if r.engine, err = r.newEngine(o.Engines, r.task, o.Threads); err != nil {
		return err
	}
	if r.stabiliser, err = r.stabilises(); err != nil {
		return err
	}
	for _, name := range r.task.heads() {
		h, err := newHead(name, r.Specification)
		if err != nil {
			return err
		}
		r.heads = append(r.heads, h)
		r.raw = append(r.raw, make([]float32, r.BatchSize))
	}

	if err := r.initialize(); err != nil {
		return err
	}
	if err := r.load(); err != nil {
		return err
	}
	var last int64
	columns := runfolder.StepColumns{Outputs: r.task.heads()[1:], Stabilised: r.stabiliser != nil}
	if r.metrics, last, err = runfolder.OpenSteps(r.dir, columns, r.step); err != nil {
		return err
	}
	if last != r.step {
		return fmt.Errorf("%s ends at step %d, before the checkpoint's %d: put back the right files, or delete %s to begin"+
			" the run again", runfolder.MetricsFile, last, r.step, runfolder.CheckpointFile)
	}
	if r.clips, err = runfolder.OpenClips(r.dir, r.step); err != nil {
		return err
	}
	if r.gradients, err = r.newGradients(); err != nil {
		return err
	}
	if r.events, err = eventlog.Create(r.dir); err != nil {
		return err
	}
	settings, err := os.ReadFile(filepath.Join(r.dir, runfolder.SpecificationFile))
	if err != nil {
		return err
	}
	if err := r.events.Text("settings", r.step, "```yaml\n"+string(settings)+"```"); err != nil {
		return err
	}
	return r.task.start(r.step)
}

// initialize gives the network its starting weights.
func (r *run) initialize() error {
	r.engine.Initialize(r.Seed)
	defer collect()
	if !r.task.network().Calibrated {
		return nil
	}
	inputs, err := r.task.calibration()
	if err != nil {
		return err
	}
	return r.engine.Calibrate(inputs)
}

func (r *run) close() error {
	var errs []error
	if r.task != nil {
		r.task.close()
	}
	if r.engine != nil {
		r.engine.Close()
	}
	if r.metrics != nil {
		errs = append(errs, r.metrics.Close())
	}
	if r.clips != nil {
		errs = append(errs, r.clips.Close())
	}
	if r.gradients != nil {
		errs = append(errs, r.gradients.table.Close())
	}
	if r.events != nil {
		errs = append(errs, r.events.Close())
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Close())
	}
	return errors.Join(errs...)
}

// train takes the remaining steps.
func (r *run) train(ctx context.Context, o Options) (*runfolder.Result, error) {
	const smoothing = 500
	var smoothed float64
	first, saved := r.step, time.Now()
	interval := o.CheckpointEvery
	if interval == 0 {
		interval = 30 * time.Second
	}
	if r.step == 0 {
		// A disk that has no room for a checkpoint is noticed before hours of work, and one that fills up later has one to go on from.
		if err := r.save(); err != nil {
			return nil, err
		}
	}
	weigh := r.weigh
	r.since = time.Now()
	for r.step < r.Steps && r.history.Diverged == nil {
		if ctx.Err() != nil {
			if err := r.save(); err != nil {
				return nil, err
			}
			return nil, ctx.Err()
		}
		raw, err := r.take(ctx, weigh)
		if err != nil {
			return nil, err
		}
		if o.Observe != nil {
			if raw-raw == 0 { // a finite number
				smoothed += max(1./smoothing, 1/float64(r.step-first)) * (raw - smoothed)
			}
			progress := Progress{Step: r.step, Steps: r.Steps, Loss: raw, Smoothed: smoothed, Clipped: r.history.Clipped}
			if dead := r.history.dead(); dead != nil {
				progress.DeadSince = dead.Step
			}
			o.Observe(progress)
		}
		if time.Since(saved) >= interval {
			if err := r.save(); err != nil {
				return nil, err
			}
			saved = time.Now()
		}
	}
	return r.finish(ctx)
}

// finish writes the result of a run that is done or has diverged.
func (r *run) finish(ctx context.Context) (*runfolder.Result, error) {
	if err := r.save(); err != nil {
		return nil, err
	}
	h := r.history
	result := &runfolder.Result{
		Clip: r.Clip, Stabilise: r.Stabilise, Stabilised: h.Stabilised, Seed: r.Seed, Steps: r.Steps, Last: r.LastSteps(),
		Losses: h.Losses, Clipped: h.Clipped, Raised: h.Raised, NonFinite: h.NonFinite,
		HalfClipped: h.HalfClipped, PeakMemory: peakMemory(),
	}
	if h.Diverged != nil {
		result.Diverged, result.DivergedStep = true, r.step
		result.DivergedReason, result.DivergedImages = h.Diverged.Reason, h.Diverged.Images
	}
	if dead := h.dead(); dead != nil {
		result.Dead = &runfolder.Dead{Layer: dead.Layer, Step: dead.Step}
	}
	err := r.compare(ctx, result)
	if err != nil {
		return nil, err
	}
	err = summarize(result, r.dir, r.BatchSize)
	if err == nil {
		result.Samples, err = r.drawSamples()
	}
	if err == nil {
		result.Worst, err = r.drawWorst()
	}
	if err == nil {
		err = result.Write(r.dir)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// compare fills in how near the network comes to held-out micrographs, and how near one comes without.
func (r *run) compare(ctx context.Context, result *runfolder.Result) error {
	if r.history.Diverged != nil || r.history.TestMSE == nil {
		return nil
	}
	result.TestMSE = r.history.TestMSE
	linear, kriging, err := r.task.baselines(ctx, result.TestMSE.Images)
	if err != nil {
		return err
	}
	result.BilinearMSE, result.KrigingMSE = runfolder.Distribute(linear), runfolder.Distribute(kriging)
	if len(kriging) < result.TestMSE.Images {
		_, first, err := r.examine(ctx, len(kriging))
		if err != nil {
			return err
		}
		result.FirstMSE = runfolder.Distribute(first)
	}
	return nil
}
