package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"alrc/internal/format/eventlog"
	"alrc/internal/runfolder"
	"alrc/internal/statistics"
)

// take takes one step, records it, and returns its raw loss.
func (r *run) take(ctx context.Context, weigh func(output int, losses, scales []float32)) (float64, error) {
	batch, err := r.task.next()
	if err != nil {
		return 0, errors.Join(err, r.save())
	}
	if r.gradients != nil {
		if err := r.gradients.before(r.step+1, batch); err != nil {
			return 0, err
		}
	}
	for _, h := range r.heads {
		h.begin()
	}
	if err := r.engine.StepOutputs(batch.inputs, batch.targets, r.raw, weigh); err != nil {
		return 0, err
	}
	for _, h := range r.heads {
		h.end()
	}
	r.step++

	elapsed := time.Since(r.since)
	raw := statistics.Mean(r.raw[0])
	r.count()
	r.countStabilised()
	r.lookForDeath()
	if r.gradients != nil {
		r.gradients.after(r.step)
	}
	if err := r.recordClips(); err != nil {
		return 0, err
	}
	test := math.NaN()
	if r.history.Diverged == nil && (r.step == r.Steps || r.EvaluateEvery > 0 && r.step%r.EvaluateEvery == 0) {
		if test, err = r.evaluate(ctx); err != nil {
			return 0, err
		}
	}
	r.since = time.Now()
	return raw, r.record(raw, test, float64(r.BatchSize)/max(elapsed.Seconds(), 1e-9))
}

// weigh gives the engine the factor of each image's gradient. The engine asks for some images at a time, in order.
func (r *run) weigh(output int, losses, scales []float32) { r.heads[output].weigh(losses, scales) }

// count counts the step's losses and notes whether the run has diverged.
func (r *run) count() {
	finite := 0
	for i := range r.BatchSize {
		if r.finite(i) {
			finite++
		}
	}
	h := &r.history
	h.Losses += int64(r.BatchSize)
	h.NonFinite += int64(r.BatchSize - finite)
	h.Clipped += int64(r.heads[0].statistics.Clipped)
	for _, other := range r.heads[1:] {
		h.HalfClipped += int64(other.statistics.Clipped)
	}
	h.Raised += int64(r.heads[0].statistics.Raised)
	h.BadSteps++
	if finite > 0 {
		h.BadSteps = 0
	}
	var reason string
	switch {
	case r.heads[0].clipper == nil && finite < r.BatchSize:
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
	for i := range r.BatchSize {
		if len(h.Diverged.Images) < most && (!r.finite(i) || finite == r.BatchSize) {
			_, id := r.task.example(i)
			h.Diverged.Images = append(h.Diverged.Images, id)
		}
	}
}

// finite reports whether all losses of an image of the step are finite.
func (r *run) finite(image int) bool {
	for _, raw := range r.raw {
		if raw[image]-raw[image] != 0 {
			return false
		}
	}
	return true
}

// recordClips writes the step's clipped, raised and non-finite losses, of the first head, to clips.csv.
func (r *run) recordClips() error {
	h := r.heads[0]
	for i, scale := range h.scales {
		if scale == 1 {
			continue
		}
		threshold := h.limits.Upper
		if scale > 1 {
			threshold = h.limits.Lower
		}
		number, id := r.task.example(i)
		r.clip = runfolder.Clip{Step: r.step, Image: number, ID: id, Loss: float64(h.losses[i]), Threshold: threshold,
			Scale: float64(scale)}
		if err := r.clips.Append(&r.clip); err != nil {
			return err
		}
	}
	return nil
}

// record writes the step to metrics.csv and to the event file.
func (r *run) record(raw, test, rate float64) error {
	h := r.heads[0]
	r.row = runfolder.Step{
		Step: r.step, Loss: statistics.Mean(h.losses), RawLoss: raw, SingleLoss: r.BatchSize == 1,
		Threshold: h.limits.Upper, LowerThreshold: h.limits.Lower, Mu1: h.mu1, Mu2: h.mu2,
		Scale: statistics.Mean(h.scales), Clipped: int64(h.statistics.Clipped), ImagesPerSecond: rate, TestLoss: test,
		Clipping: h.clipper != nil, Outputs: r.row.Outputs[:0],
	}
	if r.stabiliser != nil {
		s := r.stabiliser.Stabilised()
		r.row.GradientNorm, r.row.StabilisedNorm, r.row.Acted, r.row.Rate = s.Norm, s.Stabilised, int64(s.Acted), s.Rate
	}
	for _, other := range r.heads[1:] {
		r.row.Outputs = append(r.row.Outputs, runfolder.OutputStep{
			Loss: statistics.Mean(other.losses), Threshold: other.limits.Upper, Scale: statistics.Mean(other.scales)})
	}
	if err := r.metrics.Append(&r.row); err != nil {
		return err
	}
	r.scalars = r.scalars[:0]
	r.metrics.Scalars(&r.row, func(tag string, value float64) {
		r.scalars = append(r.scalars, eventlog.Scalar{Tag: tag, Value: value})
	})
	return r.events.Scalars(r.step, r.scalars...)
}
