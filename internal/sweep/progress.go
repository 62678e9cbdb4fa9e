package sweep

import (
	"math"
	"sync"
	"time"

	"alrc/internal/curve"
	"alrc/internal/experiment"
	"alrc/internal/runfolder"
)

// curvePoints is the number of points of the losses that a sign of life brings: a few kilobytes, however long the run is.
const curvePoints = 64

// progress is how far a run in training is, and its losses, thinned as they come.
type progress struct {
	mutex   sync.Mutex
	latest  experiment.Progress
	clipped int64 // those of latest that the losses have
	losses  *curve.Index
	last    time.Time
	row     curve.Row
}

func newProgress() *progress {
	return &progress{losses: curve.NewIndex(curvePoints, runfolder.RawLossColumn)}
}

// resume begins with the losses that an earlier worker told, up to the step at which the run goes on.
func (p *progress) resume(c *curve.Curve, step int64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if c == nil {
		return
	}
	if earlier := curve.NewIndex(curvePoints, runfolder.RawLossColumn); earlier.AddCurve(c, step) == nil {
		_, p.clipped, _ = earlier.Counts()
		p.losses = earlier
	}
}

// observe takes a step; it is cheap enough for every one.
func (p *progress) observe(now experiment.Progress) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	nan := math.NaN()
	r := &p.row
	*r = curve.Row{Step: now.Step, Steps: 1, Test: nan, Losses: append(r.Losses[:0], curve.Single(now.Loss, nan, nan))}
	if now.Loss-now.Loss != 0 {
		r.Bad = 1
	}
	if r.Clipped = max(0, now.Clipped-p.clipped); r.Clipped > 0 {
		p.clipped = now.Clipped
	}
	at := time.Now()
	if !p.last.IsZero() {
		r.Seconds = at.Sub(p.last).Seconds()
	}
	p.latest, p.last = now, at
	p.losses.Add(r)
}

// told is what a sign of life brings.
func (p *progress) told() (latest experiment.Progress, losses *curve.Curve) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.losses.Last() == 0 {
		return p.latest, nil
	}
	c, err := p.losses.Get(curve.Query{Points: curvePoints}, nil)
	if err != nil {
		return p.latest, nil
	}
	// Whoever reads them smooths and judges them anew.
	c.Smoothed, c.Window, c.Episodes, c.Tests, c.Losses = nil, 0, nil, nil, nil
	return p.latest, &c
}
