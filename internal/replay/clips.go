package replay

import (
	"bufio"
	"math"
	"slices"
	"strconv"

	"alrc"
	"alrc/internal/clipping"
	"alrc/internal/losslog"
	"alrc/internal/statistics"
)

// ClipResult is what one clipping would have done.
type ClipResult struct {
	Clip     string `json:"clip"`
	Describe string `json:"description"`
	// Clipped, Raised and NonFinite count losses, and ClippedShare is the part of all that was clipped.
	Clipped      int64  `json:"clipped"`
	Raised       int64  `json:"raised"`
	NonFinite    int64  `json:"not_finite"`
	ClippedShare Number `json:"clipped_share"`
	// Strongest is the smallest scale of a finite loss, at StrongestStep; 1 where nothing was clipped.
	Strongest     Number `json:"strongest_scale"`
	StrongestStep int64  `json:"strongest_step"`
	// Removed is the part of the total gradient weight, which is 1 a loss, that scales below 1 take away.
	Removed Number `json:"removed_weight"`
	// Settled is the first step from which the moments could be relied on, and SettledSteps the number of steps until
	// then; absent where they never could.
	Settled      *int64 `json:"settled_step"`
	SettledSteps int64  `json:"settled_after"`
	threshold    *curve
}

// clipRun is a clipping at work on a log.
type clipRun struct {
	spec    clipping.Spec
	clipper alrc.Clipper // nil: none
	// twin starts by itself, where the clipper's moments were given: these are settled once both agree.
	twin       alrc.Clipper
	twinScales []float64
	scales     []float64
	upper      []float64 // thresholds
	result     ClipResult
	losses     int64
	steps      int64
	removed    float64
	rows       *bufio.Writer // where not nil, a row a step goes here
	row        []byte
}

func newClipRun(spec clipping.Spec) (*clipRun, error) {
	clipper, err := spec.New()
	if err != nil {
		return nil, err
	}
	r := &clipRun{spec: spec, clipper: clipper}
	r.result = ClipResult{Clip: spec.String(), Describe: spec.Describe(), Strongest: 1, threshold: newCurve()}
	if spec.Moments != nil && spec.Kind != "constant" && clipper != nil {
		automatic := spec
		automatic.Moments = nil
		if r.twin, err = automatic.New(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *clipRun) push(c *losslog.Chunk) error {
	i := 0
	for ; i < c.Len() && !r.canBatch(c); i++ {
		if err := r.step(c.Step(i), c.Losses(i)); err != nil {
			return err
		}
	}
	if i < c.Len() {
		r.batch(c, i)
	}
	return nil
}

// canBatch says that the steps of a chunk have one loss each, of which only scales and thresholds are wanted.
func (r *clipRun) canBatch(c *losslog.Chunk) bool {
	return r.rows == nil && (r.result.Settled != nil || r.clipper == nil) && c.Singles() != nil
}

// batch takes the steps of a chunk from the first on at once.
func (r *clipRun) batch(c *losslog.Chunk, first int) {
	losses := c.Singles()[first:]
	n := len(losses)
	if r.clipper == nil {
		r.losses += int64(n)
		r.steps += int64(n)
		r.countNonFinite(losses)
		return
	}
	r.scales, r.upper = slices.Grow(r.scales[:0], n)[:n], slices.Grow(r.upper[:0], n)[:n]
	r.clipper.Steps(losses, r.scales, r.upper)
	r.losses += int64(n)
	r.steps += int64(n)
	r.result.threshold.addAll(c.Steps()[first:], r.upper)
	for i, scale := range r.scales {
		if scale != 1 {
			r.count(c.Step(first+i), scale, losses[i])
		}
	}
}

func (r *clipRun) step(step int64, losses []float64) error {
	r.scales = slices.Grow(r.scales[:0], len(losses))[:len(losses)]
	scales := r.scales
	r.losses += int64(len(losses))
	r.steps++
	upper := math.Inf(1)
	if r.clipper != nil {
		limits := r.clipper.Limits()
		// The scales tell all that is needed here: to copy the statistics takes longer than to make them.
		r.clipper.Step(losses, scales)
		upper = limits.Upper
		r.result.threshold.add(step, upper)
		if r.result.Settled == nil {
			r.settle(step, losses, limits)
		}
		for i, scale := range scales {
			if scale != 1 {
				r.count(step, scale, losses[i])
			}
		}
	} else {
		for i := range scales {
			scales[i] = 1
		}
		r.countNonFinite(losses)
	}
	if r.rows != nil {
		return r.write(step, losses, scales, upper)
	}
	return nil
}

func (r *clipRun) countNonFinite(losses []float64) {
	for _, loss := range losses {
		if loss-loss != 0 {
			r.result.NonFinite++
		}
	}
}

// settle looks whether the moments can be relied on by now: an automatic start is over, or moments that were given
// have come within a tenth of where they would be by themselves.
func (r *clipRun) settle(step int64, losses []float64, limits alrc.Limits) {
	settled := !math.IsInf(limits.Upper, 1) || !math.IsInf(limits.Lower, -1)
	if r.twin != nil {
		if cap(r.twinScales) < len(losses) {
			r.twinScales = make([]float64, 2*len(losses))
		}
		twin := r.twin.Limits()
		r.twin.Step(losses, r.twinScales[:len(losses)])
		near := func(a, b float64) bool { return a == b || math.Abs(a-b) <= 0.1*math.Abs(b) }
		settled = (!math.IsInf(twin.Upper, 1) || !math.IsInf(twin.Lower, -1)) &&
			near(limits.Upper, twin.Upper) && near(limits.Lower, twin.Lower)
	}
	if settled {
		r.result.Settled, r.result.SettledSteps = &step, r.steps-1
	}
}

// count takes a scale that is not 1: that of a loss is 0 only where the loss is not finite.
func (r *clipRun) count(step int64, scale, loss float64) {
	switch {
	case loss-loss != 0:
		r.result.NonFinite++
	case scale > 1:
		r.result.Raised++
	default:
		r.result.Clipped++
		if scale < float64(r.result.Strongest) {
			r.result.Strongest, r.result.StrongestStep = Number(scale), step
		}
	}
	if scale < 1 {
		r.removed += 1 - scale
	}
}

func (r *clipRun) write(step int64, losses, scales []float64, threshold float64) error {
	row := strconv.AppendInt(r.row[:0], step, 10)
	for _, value := range []float64{statistics.Mean(losses), threshold, statistics.Mean(scales)} {
		row = append(row, ',')
		if value-value == 0 {
			row = strconv.AppendFloat(row, value, 'g', -1, 64)
		}
	}
	r.row = append(row, '\n')
	_, err := r.rows.Write(r.row)
	return err
}

func (r *clipRun) finish() ClipResult {
	if r.losses > 0 {
		r.result.ClippedShare = Number(float64(r.result.Clipped) / float64(r.losses))
		r.result.Removed = Number(r.removed / float64(r.losses))
	}
	return r.result
}
