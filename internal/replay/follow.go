package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// Alert is an episode that begins or is over.
type Alert struct {
	Episode Episode
	Over    bool
	// Loss and Sigmas are of the step that began it.
	Loss, Sigmas float64
}

// String is a line for a terminal or a log.
func (a Alert) String() string {
	e := a.Episode
	if !a.Over {
		if a.Loss-a.Loss != 0 {
			return fmt.Sprintf("ALERT step %s: the loss is not finite (running mean %s)", grouped(e.Start), short(float64(e.Baseline)))
		}
		return fmt.Sprintf("ALERT step %s: loss %s is %s standard deviations above the mean of %s", grouped(e.Start), short(a.Loss),
			rounded(a.Sigmas), short(float64(e.Baseline)))
	}
	text := fmt.Sprintf("over  step %s: ", grouped(e.End))
	if e.Back {
		text += fmt.Sprintf("the loss is back, %s after its peak of %s at step %s", counted(e.Recovery, "step"), short(float64(e.PeakLoss)), grouped(e.Peak))
	} else {
		text += fmt.Sprintf("the loss stays at a new level since step %s", grouped(e.Start))
	}
	return text
}

// Environment is the alert for a command that it starts.
func (a Alert) Environment() []string {
	number := func(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
	return []string{
		"ALRC_ALERT=" + a.String(),
		"ALRC_STEP=" + strconv.FormatInt(a.Episode.Start, 10),
		"ALRC_LOSS=" + number(a.Loss),
		"ALRC_SIGMAS=" + number(a.Sigmas),
	}
}

// poll is how often a file is looked at for what was added.
const poll = 250 * time.Millisecond

// Follow reads a log and goes on as it grows, until the context ends or alert returns an error. A file that does not
// hold a loss yet is waited for, of which waiting is told once, with what is missing; standard input is read until its
// end.
func Follow(ctx context.Context, o Options, waiting func(error), alert func(Alert) error) error {
	// An alert that fails ends the waiting for more, too.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.Inputs[0] == "-" {
		return followStandardInput(ctx, o, alert, cancel)
	}
	var r *reading
	for told := false; ; {
		opened, remove, err := open(o)
		var choice *ChoiceError
		if err == nil || errors.As(err, &choice) {
			defer remove()
			if err != nil {
				return err
			}
			r = opened
			break
		}
		remove()
		if info, statErr := os.Stat(o.Inputs[0]); statErr != nil {
			return err
		} else if !info.IsDir() && info.Size() > sampleSize {
			return err
		}
		if !told {
			waiting(err)
			told = true
		}
		if err := sleep(ctx); err != nil {
			return err
		}
	}
	watcher, err := newWatcher(o, alert, cancel)
	if err != nil {
		return err
	}
	for i, f := range r.run.files {
		opened, err := f.open()
		if err != nil {
			return err
		}
		var from io.Reader = opened
		if i == len(r.run.files)-1 {
			from = &growing{ctx: ctx, r: opened}
		}
		err = r.fileBlocks(f, from, true, watcher.push)
		opened.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func followStandardInput(ctx context.Context, o Options, alert func(Alert) error, cancel func()) error {
	// The beginning is looked at before the rest is there.
	pipe := &peeked{r: o.Stdin}
	if err := pipe.peek(); err != nil {
		return err
	}
	path, remove, err := spool(bytes.NewReader(pipe.head))
	if err != nil {
		return err
	}
	defer remove()
	f := file{path: "standard input", real: path}
	r := &reading{options: o, run: series{files: []file{f}}}
	if err := r.choose(); err != nil {
		return err
	}
	watcher, err := newWatcher(o, alert, cancel)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- r.fileBlocks(f, pipe, true, watcher.push) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		// Nothing can wake a read of standard input; it ends with the process.
		if err := watcher.failed.Load(); err != nil {
			return *err
		}
		return ctx.Err()
	}
}

// watcher passes blocks through the analysis.
type watcher struct {
	run      *clipRun
	sequence sequencer
	chunk    chunk
	failed   atomic.Pointer[error]
}

func newWatcher(o Options, alert func(Alert) error, stop func()) (*watcher, error) {
	run, err := newClipRun(reference(o.Decay))
	if err != nil {
		return nil, err
	}
	a := newAnalysis()
	run.analysis = a
	w := &watcher{run: run}
	a.onEpisode = func(e *Episode, over bool) {
		if w.failed.Load() != nil {
			return
		}
		note := Alert{Episode: *e, Over: over, Loss: float64(e.PeakLoss), Sigmas: float64(e.Sigmas)}
		if math.IsInf(note.Loss, -1) {
			note.Loss = math.NaN()
		}
		if err := alert(note); err != nil {
			w.failed.Store(&err)
			stop()
		}
	}
	return w, nil
}

func (w *watcher) push(b *block) error {
	w.chunk.reset()
	w.sequence.push(b, &w.chunk)
	if err := w.run.push(&w.chunk); err != nil {
		return err
	}
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// growing reads a file that grows: at its end it waits for more.
type growing struct {
	ctx context.Context
	r   io.Reader
}

func (g *growing) Read(p []byte) (int, error) {
	for {
		n, err := g.r.Read(p)
		if n > 0 {
			return n, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if err := sleep(g.ctx); err != nil {
			return 0, err
		}
	}
}

func sleep(ctx context.Context) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// peeked gives a pipe's beginning twice.
type peeked struct {
	r    io.Reader
	head []byte
	next int
}

// peek reads until some lines are there.
func (p *peeked) peek() error {
	buffer := make([]byte, 4096)
	lines := 0
	for lines < 5 && len(p.head) < sampleSize {
		n, err := p.r.Read(buffer)
		p.head = append(p.head, buffer[:n]...)
		for _, c := range buffer[:n] {
			if c == '\n' {
				lines++
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
	return nil
}

func (p *peeked) Read(to []byte) (int, error) {
	if p.next < len(p.head) {
		n := copy(to, p.head[p.next:])
		p.next += n
		return n, nil
	}
	return p.r.Read(to)
}
