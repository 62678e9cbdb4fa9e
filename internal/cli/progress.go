package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"alrc/internal/experiment"
	"alrc/internal/words"
)

// Times between two looks: at a line of progress where there is no terminal to redraw, and at a bar where there is.
const (
	lineInterval = 10 * time.Second
	barInterval  = 100 * time.Millisecond
)

// runsProgress shows how runs go on, some of them at the same time: a bar each on a terminal, now and then a line elsewhere.
type runsProgress struct {
	w       io.Writer
	columns int           // of the terminal
	bars    *mpb.Progress // nil where there is no terminal
	runs    []*runProgress
	writing sync.Mutex // of lines
}

func newRunsProgress(w io.Writer) *runsProgress {
	p := &runsProgress{w: w}
	var ok bool
	if p.columns, ok = isTerminal(w); ok {
		p.bars = newBars(w, p.columns)
	}
	return p
}

// run adds a run. Its methods are for one goroutine.
func (p *runsProgress) run(label string) *runProgress {
	r := &runProgress{all: p, label: label, place: len(p.runs)}
	p.runs = append(p.runs, r)
	return r
}

func (p *runsProgress) line(label, text string) {
	p.writing.Lock()
	defer p.writing.Unlock()
	fmt.Fprintf(p.w, "%s: %s\n", label, text)
}

// close leaves the runs' last states on the screen, when all are closed.
func (p *runsProgress) close() {
	if p.bars != nil {
		p.bars.Wait()
	}
}

// runProgress shows how one run goes on.
type runProgress struct {
	all   *runsProgress
	label string
	place int      // among the runs
	bar   *mpb.Bar // nil where there is no terminal, and before the first step
	begin time.Time
	first int64 // the steps that were done before this process took over
	shown time.Time

	mutex  sync.Mutex // guards latest, which the bar reads from its own goroutine
	latest experiment.Progress
}

// observe takes a step's progress; it is cheap enough for every step.
func (p *runProgress) observe(progress experiment.Progress) {
	now := time.Now()
	p.mutex.Lock()
	p.latest = progress
	p.mutex.Unlock()
	if p.begin.IsZero() {
		p.start(now)
		return
	}
	switch since := now.Sub(p.shown); {
	case p.bar != nil && since >= barInterval:
		p.bar.SetCurrent(progress.Step)
		p.shown = now
	case p.bar == nil && since >= lineInterval && progress.Step < progress.Steps:
		p.all.line(p.label, p.text(now))
		p.shown = now
	}
}

// start begins with the first step that this process took.
func (p *runProgress) start(now time.Time) {
	p.begin, p.shown, p.first = now, now, p.latest.Step
	if p.all.bars == nil {
		if p.first > 1 {
			p.all.line(p.label, fmt.Sprintf("going on after step %s of %s", words.Count(p.first-1), words.Count(p.latest.Steps)))
		} else {
			p.all.line(p.label, words.Counted(p.latest.Steps, "step"))
		}
		return
	}
	p.bar = addBar(p.all.bars, p.label, p.latest.Steps, p.all.columns-100, p.place, &p.mutex, p.text)
}

// newBars begins to draw bars.
func newBars(w io.Writer, columns int) *mpb.Progress {
	return mpb.New(mpb.WithOutput(w), mpb.WithWidth(columns), mpb.WithRefreshRate(barInterval))
}

// addBar draws a bar of a width, or about it, at a place among the others, with a text at its end that is made under a lock.
func addBar(bars *mpb.Progress, label string, total int64, width, place int, lock sync.Locker, text func(now time.Time) string) *mpb.Bar {
	return bars.New(total, barStyle(), mpb.BarWidth(max(6, min(30, width))), mpb.BarPriority(place),
		mpb.PrependDecorators(decor.Name(label+" ", decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			lock.Lock()
			defer lock.Unlock()
			return " " + text(time.Now())
		})))
}

// newBar draws a single bar.
func newBar(w io.Writer, columns int, label string, total int64, width int, lock sync.Locker, text func(now time.Time) string) (*mpb.Progress, *mpb.Bar) {
	bars := newBars(w, columns)
	return bars, addBar(bars, label, total, width, 0, lock, text)
}

// barStyle is how bars look.
func barStyle() mpb.BarStyleComposer {
	if !showsUnicode() {
		return mpb.BarStyle()
	}
	return mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░")
}

// close shows the last state.
func (p *runProgress) close() {
	switch {
	case p.bar != nil:
		p.bar.SetCurrent(p.latest.Step)
		p.bar.Abort(false)
	case !p.begin.IsZero():
		p.all.line(p.label, p.text(time.Now()))
	}
}

// text is the progress in words; the time is how long the run will take yet, or how long it took.
func (p *runProgress) text(now time.Time) string {
	l := p.latest
	elapsed := now.Sub(p.begin)
	rate := float64(l.Step-p.first) / max(elapsed.Seconds(), 1e-9)
	text := words.Count(l.Step) + "/" + words.Count(l.Steps)
	switch {
	case l.Step == l.Steps:
		text += fmt.Sprintf(" steps in %s", words.Clock(elapsed))
	case rate > 0:
		left := min(float64(l.Steps-l.Step)/rate, 1e8)
		text += fmt.Sprintf(", %s steps/s, %s left", words.Short(rate, 3), words.Clock(time.Duration(left*float64(time.Second))))
	}
	text += fmt.Sprintf(", loss %s, smoothed %s", words.Short(l.Loss, 3), words.Short(l.Smoothed, 3))
	if l.Clipped > 0 {
		text += ", " + words.Count(l.Clipped) + " clipped"
	}
	if l.DeadSince > 0 {
		text += ", dead since step " + words.Count(l.DeadSince)
	}
	return text
}
