package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"alrc/internal/words"
)

// patience is how long a command may work before it says what it does.
const patience = time.Second

// working shows what a command does, and for how long it has been at it: a line that comes and goes on a terminal, now and then a line
// elsewhere.
type working struct {
	w        io.Writer
	columns  int
	terminal bool
	begin    time.Time
	done     chan struct{}
	ended    sync.WaitGroup

	mutex sync.Mutex
	text  string // "": nothing is to be shown
	drawn bool
}

// newWorking begins to show what a command does, which [working.now] says.
func newWorking(w io.Writer) *working {
	p := &working{w: w, begin: time.Now(), done: make(chan struct{})}
	p.columns, p.terminal = isTerminal(w)
	first, next := patience, time.Second
	if !p.terminal {
		first, next = lineInterval, lineInterval
	}
	p.ended.Add(1)
	go func() {
		defer p.ended.Done()
		timer := time.NewTimer(first)
		defer timer.Stop()
		for {
			select {
			case <-p.done:
				return
			case now := <-timer.C:
				p.draw(now)
				timer.Reset(next)
			}
		}
	}()
	return p
}

// now says what is done from here on.
func (p *working) now(format string, arguments ...any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.text = fmt.Sprintf(format, arguments...)
}

// pause takes the line away, for others to be written.
func (p *working) pause() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.text = ""
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// close ends it.
func (p *working) close() {
	close(p.done)
	p.ended.Wait()
	p.pause()
}

func (p *working) draw(now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.text == "" {
		return
	}
	text := []rune(p.text + ": " + words.Clock(now.Sub(p.begin)))
	if !p.terminal {
		fmt.Fprintln(p.w, string(text))
		return
	}
	// A line that is wrapped could not be taken away.
	fmt.Fprintf(p.w, "\r%s\x1b[K", string(text[max(0, len(text)-p.columns+1):]))
	p.drawn = true
}
