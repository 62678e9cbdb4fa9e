package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"alrc/internal/losslog"
)

// Stop says on what a command is ended.
type Stop struct {
	Spike, Diverged bool
	// Stalled is how long no loss may come; 0 is for ever.
	Stalled time.Duration
}

// ParseStop reads what users write: spike, diverged or stalled:DURATION, of which several may be given.
func ParseStop(texts []string) (Stop, error) {
	var s Stop
	for _, text := range texts {
		kind, duration, given := strings.Cut(text, ":")
		switch {
		case text == "spike":
			s.Spike = true
		case text == "diverged":
			s.Diverged = true
		case kind == "stalled" && given:
			var err error
			if s.Stalled, err = time.ParseDuration(duration); err != nil || s.Stalled <= 0 {
				return s, fmt.Errorf("%q is no duration as in stalled:30m", text)
			}
		default:
			return s, fmt.Errorf("%q is none of spike, diverged and stalled:DURATION", text)
		}
	}
	return s, nil
}

// Command is a program whose output is watched.
type Command struct {
	Arguments      []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Log says how the output is read; where it has inputs, these are the log that the program writes, which is read instead.
	Log  losslog.Options
	Stop Stop
	// Grace is how long a program that is stopped may take, from SIGINT to SIGTERM and from that to its end.
	Grace time.Duration
	// Signals are those to pass on; Terminal says that the program gets the terminal's own ones without that.
	Signals  <-chan os.Signal
	Terminal bool
	// Say takes what the watch itself has to tell.
	Say func(string)
}

// Result is how a watched program ended.
type Result struct {
	// Code is the program's exit code, or 128 and the number of the signal that ended it.
	Code int
	// Stopped says why the watch ended the program, "" if it did not.
	Stopped string
	// Losses is the number of losses that it wrote, and Missing, if there were none, says why.
	Losses  int64
	Missing error
}

// Run runs the program to its end and has the watcher judge its losses. Both of its outputs are passed on as they are,
// before they are looked at; the one in which a loss is found first is read. Of a log, what was in it before does not count.
func (c *Command) Run(w *Watcher) (Result, error) {
	cmd := exec.Command(c.Arguments[0], c.Arguments[1:]...)
	cmd.Stdin = c.Stdin
	// Python keeps what it writes to a pipe in a buffer for long, unless it is told not to.
	cmd.Env = append([]string{"PYTHONUNBUFFERED=1"}, os.Environ()...)
	reader := &reader{watcher: w, done: make(chan struct{}), seen: time.Now()}
	stdout, stderr := reader.output(c.Stdout, c.Log), reader.output(c.Stderr, c.Log)
	reader.stdout, reader.stderr = stdout, stderr
	if len(c.Log.Inputs) > 0 {
		reader.file = &logFile{log: losslog.NewFresh(c.Log), ended: make(chan struct{}), done: make(chan struct{})}
	}
	pipes, err := connect(cmd, stdout, stderr)
	if err != nil {
		return Result{}, fmt.Errorf("start the program: %w", err)
	}
	p := newProcess(cmd, c.Terminal)
	if err := cmd.Start(); err != nil {
		pipes.abandon()
		return Result{}, fmt.Errorf("start the program: %w", err)
	}
	pipes.copy()
	ended, cancel := context.WithCancel(context.Background())
	var result Result
	var attending sync.WaitGroup
	attending.Add(1)
	go func() {
		defer attending.Done()
		result.Stopped = c.attend(ended, p, w, reader, &pipes.hurried)
	}()
	if reader.file != nil {
		go reader.follow()
	}
	err = cmd.Wait()
	if copying := pipes.wait(); err == nil {
		err = copying
	}
	cancel()
	attending.Wait()
	result.Code = exitCode(cmd.ProcessState)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	closing := reader.close()
	if err == nil {
		err = closing
	}
	result.Losses = w.Records()
	if result.Losses == 0 {
		result.Missing = reader.missing()
	}
	return result, err
}

// Where says where losses are looked for, for messages.
func (c *Command) Where() string {
	if len(c.Log.Inputs) > 0 {
		return "in " + strings.Join(c.Log.Inputs, ", ")
	}
	return "in the output"
}

// attend passes signals on and ends the program when it is to be stopped, until it has ended.
func (c *Command) attend(ended context.Context, p *process, w *Watcher, r *reader, hurried *atomic.Bool) (why string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ended.Done():
			return ""
		case s := <-c.Signals:
			hurried.Store(true)
			if !(c.Terminal && s == os.Interrupt) {
				p.signal(s)
			}
		case <-r.done:
			why = "the watch failed"
		case <-tick.C:
			switch since := time.Since(r.last()); {
			case c.Stop.Spike && w.Alerts() > 0:
				why = "a spike"
			case c.Stop.Diverged && w.Diverged():
				why = "it has diverged"
			case c.Stop.Stalled > 0 && since > c.Stop.Stalled:
				why = fmt.Sprintf("no loss for %v", c.Stop.Stalled)
			}
			if missing := r.missing(); !told && missing != nil && r.waitsLong() {
				told = true
				c.Say(fmt.Sprintf("no loss is found %s yet: %v", c.Where(), missing))
			}
		}
		if why != "" {
			c.Say(fmt.Sprintf("stopping the program: %s", why))
			hurried.Store(true)
			c.end(ended, p)
			return why
		}
	}
}

// end asks the program to end, and then makes it.
func (c *Command) end(ended context.Context, p *process) {
	p.signal(os.Interrupt)
	for _, next := range []func(){p.terminate, p.kill} {
		select {
		case <-ended.Done():
			return
		case <-time.After(c.Grace):
		}
		next()
	}
}

// reader looks for losses in both outputs of a program, or in the log that it writes.
type reader struct {
	watcher        *Watcher
	stdout, stderr *output
	file           *logFile      // nil: the outputs are read
	done           chan struct{} // closed when the watcher fails

	mutex  sync.Mutex
	chosen *output
	seen   time.Time // when the last loss came, or the program began
	failed error
}

func (r *reader) last() time.Time {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.seen
}

func (r *reader) missing() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.file != nil {
		return r.file.missing
	}
	if r.chosen != nil {
		return nil
	}
	// What the output with more lines lacks says more.
	if r.stderr.stream.Lines() > r.stdout.stream.Lines() {
		return r.stderr.stream.Missing()
	}
	return r.stdout.stream.Missing()
}

// waitsLong says whether there should have been a loss by now.
func (r *reader) waitsLong() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.file != nil {
		return time.Since(r.seen) > time.Minute
	}
	return r.stdout.stream.Lines()+r.stderr.stream.Lines() >= 200
}

// close reads the ends of what the program wrote.
func (r *reader) close() error {
	if r.file != nil {
		close(r.file.ended)
		<-r.file.done
	}
	r.mutex.Lock()
	outputs := []*output{r.stdout, r.stderr}
	if r.chosen != nil {
		outputs = []*output{r.chosen}
	}
	for _, o := range outputs {
		o.flush()
		if r.file == nil && r.failed == nil && o.stream.Close() == nil && r.chosen == o {
			break
		}
	}
	failed := r.failed
	r.mutex.Unlock()
	if closing := r.watcher.Close(); failed == nil {
		failed = closing
	}
	return failed
}

// output is one of a program's outputs.
type output struct {
	reader *reader
	to     io.Writer
	stream *losslog.Stream
	line   []byte // the beginning of a line
}

func (r *reader) output(to io.Writer, log losslog.Options) *output {
	o := &output{reader: r, to: to}
	o.stream = losslog.NewStream(log, func(c *losslog.Chunk) error {
		if r.chosen == nil {
			r.chosen = o
		}
		if r.chosen != o {
			return nil
		}
		r.seen = time.Now()
		return r.watcher.Steps(c)
	})
	return o
}

// Write passes on what the program wrote, and then looks at it.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		return n, err
	}
	r := o.reader
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for rest := p; len(rest) > 0; {
		end := bytes.IndexAny(rest, "\r\n")
		if end < 0 {
			o.line = append(o.line, rest...)
			const longest = 1 << 20
			if len(o.line) > longest {
				o.flush()
			}
			break
		}
		o.line = append(o.line, rest[:end+1]...)
		rest = rest[end+1:]
		o.flush()
	}
	return len(p), nil
}

// flush looks at the line by now.
func (o *output) flush() {
	r := o.reader
	if len(o.line) == 0 {
		return
	}
	if text := strings.TrimRight(string(o.line), "\r\n"); text != "" {
		r.watcher.Line(text)
	}
	if r.file == nil && r.failed == nil && (r.chosen == nil || r.chosen == o) {
		if _, err := o.stream.Write(o.line); err != nil {
			r.failed = err
			close(r.done)
		}
	}
	o.line = o.line[:0]
}

// exitCode is a process's exit code as a shell tells it.
func exitCode(state *os.ProcessState) int {
	if state == nil {
		return 1
	}
	if code := state.ExitCode(); code >= 0 {
		return code
	}
	if number, ok := signalOf(state); ok {
		return 128 + number
	}
	return 1
}
