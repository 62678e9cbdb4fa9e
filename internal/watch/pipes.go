package watch

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// pipes carry what a program writes, and what it leaves behind when it ends: a launcher may end before what it launched.
type pipes struct {
	outputs []*pipe
	copying sync.WaitGroup
	last    atomic.Int64 // when something was last written

	// silent is how long what a program left behind may write nothing, and lively how long if it wrote something since the
	// program's end.
	silent, lively time.Duration
	// hurried says that the program was told to end.
	hurried atomic.Bool
}

type pipe struct {
	from, write *os.File
	to          io.Writer
	failed      error
}

// connect gives a program pipes to write to.
func connect(cmd *exec.Cmd, stdout, stderr io.Writer) (*pipes, error) {
	p := &pipes{silent: 5 * time.Second, lively: time.Minute}
	for _, to := range []io.Writer{stdout, stderr} {
		from, write, err := os.Pipe()
		if err != nil {
			p.abandon()
			return nil, err
		}
		p.outputs = append(p.outputs, &pipe{from: from, write: write, to: to})
	}
	cmd.Stdout, cmd.Stderr = p.outputs[0].write, p.outputs[1].write
	return p, nil
}

// abandon closes the pipes of a program that did not start.
func (p *pipes) abandon() {
	for _, o := range p.outputs {
		o.from.Close()
		o.write.Close()
	}
}

// copy begins to pass on what is written, now that the program has its ends.
func (p *pipes) copy() {
	for _, o := range p.outputs {
		o.write.Close()
		p.copying.Add(1)
		go func() {
			defer p.copying.Done()
			_, o.failed = io.Copy(&noted{o.to, &p.last}, o.from)
			// A program whose output nobody takes is told so as by any pipe.
			o.from.Close()
		}()
	}
}

// noted notes when something is written.
type noted struct {
	to   io.Writer
	last *atomic.Int64
}

func (n *noted) Write(p []byte) (int, error) {
	n.last.Store(time.Now().UnixNano())
	return n.to.Write(p)
}

// wait is for after the program's end. It waits until the outputs are closed, or until what still holds them open has
// been silent for long.
func (p *pipes) wait() error {
	closed := make(chan struct{})
	go func() {
		p.copying.Wait()
		close(closed)
	}()
	ended := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for open := true; open; {
		select {
		case <-closed:
			open = false
		case <-tick.C:
			last, patience := time.Unix(0, p.last.Load()), p.silent
			if last.After(ended.Add(p.silent / 5)) {
				patience = p.lively
			}
			if time.Since(ended) < p.silent || time.Since(last) < patience && !p.hurried.Load() {
				continue
			}
			for _, o := range p.outputs {
				o.from.Close() // ends the copying
			}
			<-closed
			return nil
		}
	}
	for _, o := range p.outputs {
		if o.failed != nil {
			return o.failed
		}
	}
	return nil
}
