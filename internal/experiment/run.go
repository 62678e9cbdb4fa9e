package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"time"

	"alrc"
	"alrc/internal/dataset"
	"alrc/internal/eventlog"
)

// patience is the number of steps in a row without a finite loss after which a clipped run counts as diverged, and
// of steps between looks at the weights.
const patience = 100

// Options are what a run's result does not depend on.
type Options struct {
	// Threads is the number of threads to compute with; 0 takes all.
	Threads int
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
}

// run is a run in progress.
type run struct {
	Specification
	dir     string
	data    *DataSet
	engine  Engine
	clipper alrc.Clipper // nil without clipping
	loader  *dataset.Loader

	metrics, clips *table
	events         *eventlog.Writer
	since          time.Time // when the present step began

	step    int64 // steps done
	history history

	inputs, targets []float32 // a batch, [N,H,W,C]; targets are those of evaluations
	raw             []float32 // a loss an image, as all that follow
	losses, scales  []float32 // of the step, as the clipper saw them
	seen            int       // images of the step that have their scales
	statistics      alrc.Statistics
}

// history is what a checkpoint holds of the steps done: counts of single losses, of the steps in a row that had no
// finite one, and how the run diverged.
type history struct {
	Losses    int64       `json:"losses"`
	Clipped   int64       `json:"clipped"`
	Raised    int64       `json:"raised"`
	NonFinite int64       `json:"non_finite"`
	BadSteps  int64       `json:"bad_steps"`
	Diverged  *divergence `json:"diverged,omitempty"`
}

type divergence struct {
	Reason string   `json:"reason"`
	Images []string `json:"images"`
}

// Train works on the run in a folder until it is done: from its beginning, or from its checkpoint where it was
// stopped. A run that is done already just returns its result. When the context ends, Train saves a checkpoint and
// returns the context's error. A diverged run is a result, not an error.
func Train(ctx context.Context, dir string, data *DataSet, o Options) (result *Result, err error) {
	specification, err := Read(dir)
	if err != nil {
		return nil, err
	}
	if err := specification.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, runFileName), err)
	}
	if result, err := ReadResult(dir); !errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	if want := specification.Data.Hash; want != "" && want != data.Hash {
		return nil, fmt.Errorf("%s: the run was begun on other images than %s: give it those again (their hash is %s, and"+
			" these have %s)", dir, data.Train.Name(), want, data.Hash)
	}
	r := &run{Specification: specification, dir: dir, data: data}
	defer func() {
		if closeErr := r.close(); closeErr != nil && (err == nil || errors.Is(err, ctx.Err())) {
			result, err = nil, fmt.Errorf("%s: %w", dir, closeErr)
		}
	}()
	resetPeakMemory()
	if err := r.open(o); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	result, err = r.train(ctx, o)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s, after step %d: %w", dir, r.step, err)
	}
	return result, err
}

func (r *run) open(o Options) (err error) {
	// The table of steps comes first: it is what keeps other processes out.
	if r.metrics, err = openTable(filepath.Join(r.dir, metricsFile)); err != nil {
		return err
	}
	if r.engine, err = r.newEngine(r.data, o.Threads); err != nil {
		return err
	}
	clipping, err := r.Clipping()
	if err != nil {
		return err
	}
	if r.clipper, err = clipping.New(); err != nil {
		return err
	}
	height, width, channels := r.data.Train.Shape()
	size := r.BatchSize * height * width * channels
	r.inputs, r.targets = make([]float32, size), make([]float32, size)
	r.raw, r.losses, r.scales = make([]float32, r.BatchSize), make([]float32, r.BatchSize), make([]float32, r.BatchSize)

	r.engine.Initialize(r.Seed)
	if err := r.load(); err != nil {
		return err
	}
	last, err := r.metrics.cut(metricsHeader, r.step)
	if err != nil {
		return err
	}
	if last != r.step {
		return fmt.Errorf("%s ends at step %d, before the checkpoint's %d: put back the right files, or delete %s to begin"+
			" the run again", metricsFile, last, r.step, checkpointFile)
	}
	if r.clips, err = openTable(filepath.Join(r.dir, clipsFile)); err != nil {
		return err
	}
	if _, err := r.clips.cut(clipsHeader, r.step); err != nil {
		return err
	}
	if r.events, err = eventlog.Create(r.dir); err != nil {
		return err
	}
	r.loader, err = dataset.NewLoader(r.data.Train, dataset.LoaderOptions{
		BatchSize: r.BatchSize, Seed: r.Seed, Augment: true, FirstStep: r.step})
	return err
}

func (r *run) close() error {
	var errs []error
	if r.loader != nil {
		r.loader.Close()
	}
	if r.engine != nil {
		r.engine.Close()
	}
	if r.metrics != nil {
		errs = append(errs, r.metrics.close())
	}
	if r.clips != nil {
		errs = append(errs, r.clips.close())
	}
	if r.events != nil {
		errs = append(errs, r.events.Close())
	}
	return errors.Join(errs...)
}

// train takes the remaining steps.
func (r *run) train(ctx context.Context, o Options) (*Result, error) {
	const smoothing = 500
	var smoothed float64
	first, saved := r.step, time.Now()
	interval := o.CheckpointEvery
	if interval == 0 {
		interval = 30 * time.Second
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
			o.Observe(Progress{Step: r.step, Steps: r.Steps, Loss: raw, Smoothed: smoothed, Clipped: r.history.Clipped})
		}
		if time.Since(saved) >= interval {
			if err := r.save(); err != nil {
				return nil, err
			}
			saved = time.Now()
		}
	}
	return r.finish()
}

// take takes one step, records it, and returns its raw loss.
func (r *run) take(ctx context.Context, weigh func(losses, scales []float32)) (float64, error) {
	batch, err := r.loader.Next()
	if err != nil {
		return 0, errors.Join(err, r.save())
	}
	height, width, channels := r.data.Train.Shape()
	dataset.Downsample(r.inputs, batch.Images, r.BatchSize, height, width, channels)
	before := observed{limits: alrc.Limits{Lower: math.Inf(-1), Upper: math.Inf(1)}, mu1: math.NaN(), mu2: math.NaN()}
	if r.clipper != nil {
		before.limits = r.clipper.Limits()
		before.mu1, before.mu2 = r.clipper.Moments()
	}
	r.seen, r.statistics = 0, alrc.Statistics{}
	if err := r.engine.Step(r.inputs, batch.Images, r.raw, weigh); err != nil {
		return 0, err
	}
	if r.clipper != nil {
		r.clipper.Observe(r.statistics)
	}
	r.step++

	elapsed := time.Since(r.since)
	raw := mean(r.raw)
	r.count(batch)
	r.recordClips(batch, before.limits)
	test := math.NaN()
	if r.history.Diverged == nil && (r.step == r.Steps || r.EvaluateEvery > 0 && r.step%r.EvaluateEvery == 0) {
		if test, err = r.evaluate(ctx); err != nil {
			return 0, err
		}
	}
	r.since = time.Now()
	r.record(before, raw, test, float64(r.BatchSize)/max(elapsed.Seconds(), 1e-9))
	return raw, nil
}

// weigh gives the engine the factor of each image's gradient. The engine asks for some images at a time, in order.
func (r *run) weigh(losses, scales []float32) {
	copy(r.losses[r.seen:], losses)
	if r.clipper != nil {
		r.statistics = r.statistics.Merge(r.clipper.Scales32(losses, scales))
	} else {
		for i := range scales {
			scales[i] = 1
		}
	}
	copy(r.scales[r.seen:], scales)
	r.seen += len(losses)
}

// count counts the step's losses and notes whether the run has diverged.
func (r *run) count(batch *dataset.Batch) {
	finite := 0
	for _, loss := range r.raw {
		if loss-loss == 0 {
			finite++
		}
	}
	h := &r.history
	h.Losses += int64(len(r.raw))
	h.NonFinite += int64(len(r.raw) - finite)
	h.Clipped += int64(r.statistics.Clipped)
	h.Raised += int64(r.statistics.Raised)
	h.BadSteps++
	if finite > 0 {
		h.BadSteps = 0
	}
	var reason string
	switch {
	case r.clipper == nil && finite < len(r.raw):
		reason = "a loss that is not finite"
	case h.BadSteps >= patience:
		reason = fmt.Sprintf("%d steps in a row without a finite loss", patience)
	case (r.step%patience == 0 || r.step == r.Steps) && !r.engine.WeightsFinite():
		reason = "weights that are not finite"
	default:
		return
	}
	h.Diverged = &divergence{Reason: reason}
	const most = 16
	for i, index := range batch.Index {
		if loss := r.raw[i]; len(h.Diverged.Images) < most && (loss-loss != 0 || finite == len(r.raw)) {
			h.Diverged.Images = append(h.Diverged.Images, r.data.Train.ID(index))
		}
	}
}

// observed is what the clipper knew before a step.
type observed struct {
	limits   alrc.Limits
	mu1, mu2 float64
}

// recordClips writes the step's clipped, raised and non-finite losses to clips.csv.
func (r *run) recordClips(batch *dataset.Batch, limits alrc.Limits) {
	for i, scale := range r.scales {
		if scale == 1 {
			continue
		}
		threshold := limits.Upper
		if scale > 1 {
			threshold = limits.Lower
		}
		t := r.clips
		t.begin(r.step)
		t.int(int64(batch.Index[i]))
		t.text(r.data.Train.ID(batch.Index[i]))
		t.float32(r.losses[i])
		t.float(threshold)
		t.float32(scale)
		t.end()
	}
}

// record writes the step to metrics.csv and to the event file.
func (r *run) record(before observed, raw, test, rate float64) {
	loss, scale := mean(r.losses), mean(r.scales)

	t := r.metrics
	t.begin(r.step)
	if r.BatchSize == 1 {
		// A single loss is written with the digits it has, so that a replay sees exactly what was clipped.
		t.float32(r.losses[0])
		t.float32(float32(raw))
	} else {
		t.float(loss)
		t.float(raw)
	}
	t.float(before.limits.Upper)
	t.float(before.limits.Lower)
	t.float(before.mu1)
	t.float(before.mu2)
	t.float(scale)
	t.int(int64(r.statistics.Clipped))
	t.float32(float32(rate))
	t.float(test)
	t.end()

	r.events.Scalar("loss", r.step, loss)
	r.events.Scalar("raw_loss", r.step, raw)
	known := func(tag string, value float64) {
		if value-value == 0 {
			r.events.Scalar(tag, r.step, value)
		}
	}
	if r.clipper != nil {
		known("threshold", before.limits.Upper)
		known("lower_threshold", before.limits.Lower)
		known("mu1", before.mu1)
		known("mu2", before.mu2)
		known("scale", scale)
	}
	known("images_per_s", rate)
	known("test_loss", test)
}

// finish writes the result of a run that is done or has diverged.
func (r *run) finish() (*Result, error) {
	if err := r.save(); err != nil {
		return nil, err
	}
	h := r.history
	result := &Result{
		Label: filepath.Base(r.dir), Clip: r.Clip, Seed: r.Seed, Steps: r.Steps, Last: r.LastSteps(),
		Losses: h.Losses, Clipped: h.Clipped, Raised: h.Raised, NonFinite: h.NonFinite, PeakMemory: peakMemory(),
	}
	if h.Diverged != nil {
		result.Diverged, result.DivergedStep = true, r.step
		result.DivergedReason, result.DivergedImages = h.Diverged.Reason, h.Diverged.Images
	}
	err := result.summarize(r.dir, r.BatchSize)
	if err == nil {
		result.Samples, err = r.drawSamples()
	}
	if err == nil {
		result.Worst, err = r.drawWorst()
	}
	if err == nil {
		err = result.write(r.dir)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func mean(values []float32) float64 {
	var sum float64
	for _, value := range values {
		sum += float64(value)
	}
	return sum / float64(len(values))
}
