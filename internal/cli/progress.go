package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"alrc/internal/experiment"
)

// Times between two looks: at a line of progress where there is no terminal to redraw, and at a bar where there is.
const (
	lineInterval = 10 * time.Second
	barInterval  = 100 * time.Millisecond
)

// runProgress shows how a run goes on: a bar on a terminal, now and then a line elsewhere.
type runProgress struct {
	w     io.Writer
	label string
	bars  *mpb.Progress // nil where there is no terminal
	bar   *mpb.Bar
	begin time.Time
	first int64 // the steps that were done before this process took over
	shown time.Time

	mutex  sync.Mutex // guards latest, which the bar reads from its own goroutine
	latest experiment.Progress
}

func newRunProgress(w io.Writer, label string) *runProgress { return &runProgress{w: w, label: label} }

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
		fmt.Fprintf(p.w, "%s: %s\n", p.label, p.text(now))
		p.shown = now
	}
}

// start begins with the first step that this process took.
func (p *runProgress) start(now time.Time) {
	p.begin, p.shown, p.first = now, now, p.latest.Step
	columns, ok := isTerminal(p.w)
	if !ok {
		if p.first > 1 {
			fmt.Fprintf(p.w, "%s: going on after step %s of %s\n", p.label, thousands(p.first-1), thousands(p.latest.Steps))
		} else {
			fmt.Fprintf(p.w, "%s: %s steps\n", p.label, thousands(p.latest.Steps))
		}
		return
	}
	p.bars, p.bar = newBar(p.w, columns, p.label, p.latest.Steps, columns-100, &p.mutex, p.text)
}

// newBar draws a bar of a width, or about it, with a text at its end that is made under a lock.
func newBar(w io.Writer, columns int, label string, total int64, width int, lock sync.Locker, text func(now time.Time) string) (*mpb.Progress, *mpb.Bar) {
	bars := mpb.New(mpb.WithOutput(w), mpb.WithWidth(columns), mpb.WithRefreshRate(barInterval))
	return bars, bars.New(total, barStyle(), mpb.BarWidth(max(6, min(30, width))),
		mpb.PrependDecorators(decor.Name(label+" ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			lock.Lock()
			defer lock.Unlock()
			return " " + text(time.Now())
		})))
}

// barStyle is how bars look.
func barStyle() mpb.BarStyleComposer {
	if !showsUnicode() {
		return mpb.BarStyle()
	}
	return mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░")
}

// close leaves the last state on the screen.
func (p *runProgress) close() {
	switch {
	case p.bar != nil:
		p.bar.SetCurrent(p.latest.Step)
		p.bar.Abort(false)
		p.bars.Wait()
	case !p.begin.IsZero():
		fmt.Fprintf(p.w, "%s: %s\n", p.label, p.text(time.Now()))
	}
}

// text is the progress in words; the time is how long the run will take yet, or how long it took.
func (p *runProgress) text(now time.Time) string {
	l := p.latest
	elapsed := now.Sub(p.begin)
	rate := float64(l.Step-p.first) / max(elapsed.Seconds(), 1e-9)
	text := thousands(l.Step) + "/" + thousands(l.Steps)
	switch {
	case l.Step == l.Steps:
		text += fmt.Sprintf(" steps in %s", duration(elapsed))
	case rate > 0:
		left := min(float64(l.Steps-l.Step)/rate, 1e8)
		text += fmt.Sprintf(", %s steps/s, %s left", number(rate), duration(time.Duration(left*float64(time.Second))))
	}
	text += fmt.Sprintf(", loss %s, smoothed %s", number(l.Loss), number(l.Smoothed))
	if l.Clipped > 0 {
		text += ", " + thousands(l.Clipped) + " clipped"
	}
	return text
}
