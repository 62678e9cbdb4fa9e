package runfolder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"alrc/internal/tail"
)

// StepAt is a row of metrics.csv with its place in the file. Of the row's numbers it lacks the moments and the scales.
type StepAt struct {
	Step
	Place int64
}

// Follower reads the metrics.csv of a run as it grows: each time what was added. It keeps no file open and bounded memory,
// whatever is in the file. Rows that cannot be read are left out. It is for one goroutine.
type Follower struct {
	path  string
	read  tail.Mark // the end of what was read
	table *stepReader
	last  int64 // step

	leftOut int64
	problem error // the first
	skip    bool  // what comes next belongs to a line that is too long
}

// Follow returns a follower that has read nothing yet.
func Follow(dir string) *Follower { return &Follower{path: filepath.Join(dir, MetricsFile)} }

const (
	// pieceSize is how much is read at a time, and longestRow how long a line may be.
	pieceSize  = 1 << 20
	longestRow = 1 << 16
)

// Where returns how much was read.
func (f *Follower) Where() int64 { return f.read.Place() }

// Outputs returns the names of the further outputs, once the first line was read.
func (f *Follower) Outputs() []string {
	if f.table == nil {
		return nil
	}
	return f.table.outputs
}

// Steps reads rows again that were read.
func (f *Follower) Steps() *Steps { return &Steps{f.path, f.table} }

// Problem says what is wrong with the file, nil where nothing is.
func (f *Follower) Problem() error {
	if f.leftOut > 1 {
		return fmt.Errorf("%w (%d such rows are left out)", f.problem, f.leftOut)
	}
	return f.problem
}

// Read reads what was added, and calls do with it in order; the rows are do's during the call. Where the file is not the one
// that was read before, or was cut, as by a run that is resumed, it is read from the beginning. Begin is called then, and
// when its first line was read. The absence of the file is an error that wraps fs.ErrNotExist.
func (f *Follower) Read(ctx context.Context, begin func(), do func(rows []StepAt)) error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no ordinary file", f.path)
	}
	if f.read.Unchanged(info) && info.Size() == f.Where() {
		return nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if !f.read.ContinuedBy(file) {
		*f = Follower{path: f.path}
	}
	f.read.See(info)
	if f.table == nil {
		ready, err := f.readHeader(file)
		if err != nil || !ready {
			return err
		}
		begin()
	}
	return f.pieces(ctx, io.NewSectionReader(file, f.Where(), info.Size()-f.Where()), do)
}

// readHeader reads the first line; it is not ready while its end was not written.
func (f *Follower) readHeader(file *os.File) (ready bool, err error) {
	line := make([]byte, longestRow)
	n, err := file.ReadAt(line, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	end := bytes.IndexByte(line[:n], '\n')
	if end < 0 {
		if n == len(line) {
			return false, fmt.Errorf("%s: the first line is too long for a run's table", f.path)
		}
		return false, nil
	}
	table, err := newStepReader(string(bytes.TrimSuffix(line[:end], []byte{'\r'})))
	if err != nil {
		return false, fmt.Errorf("%s: %w", f.path, err)
	}
	f.table, f.last = table, -1
	f.read.Advance(line[:end+1])
	return true, nil
}

// piece is whole lines on their way to rows.
type piece struct {
	data    []byte
	place   int64
	rows    []StepAt
	outputs []OutputStep
	leftOut int64
	problem error
	done    chan struct{}
}

// pieces reads whole lines, some at a time on several goroutines, and hands rows on in order.
func (f *Follower) pieces(ctx context.Context, r io.Reader, do func([]StepAt)) error {
	var working, free []*piece
	take := func() {
		p := working[0]
		working = working[:copy(working, working[1:])]
		<-p.done
		if p.problem != nil && f.problem == nil {
			f.problem = fmt.Errorf("%s: %w", f.path, p.problem)
		}
		f.leftOut += p.leftOut
		f.read.Advance(p.data)
		if rows := f.inOrder(p.rows); len(rows) > 0 {
			do(rows)
		}
		free = append(free, p)
	}
	defer func() {
		for len(working) > 0 {
			take()
		}
	}()
	place := f.Where()
	var rest []byte
	for ctx.Err() == nil {
		var p *piece
		if n := len(free); n > 0 {
			p, free = free[n-1], free[:n-1]
		} else {
			p = &piece{data: make([]byte, 0, pieceSize)}
		}
		p.data = append(p.data[:0], rest...)
		n, err := io.ReadFull(r, p.data[len(p.data):cap(p.data)])
		p.data = p.data[:len(p.data)+n]
		if n == 0 {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		p.rows, p.outputs, p.leftOut, p.problem, p.done = p.rows[:0], p.outputs[:0], 0, nil, make(chan struct{})
		whole := bytes.LastIndexByte(p.data, '\n') + 1
		from := 0
		if f.skip && whole > 0 {
			from, f.skip = bytes.IndexByte(p.data, '\n')+1, false
		}
		lines := p.data[from:whole]
		if len(p.data)-whole > longestRow { // no row is so long
			if !f.skip {
				p.leftOut, p.problem = 1, fmt.Errorf("after byte %d: a line is too long for a row of a run's table", place+int64(whole))
			}
			whole, f.skip = len(p.data), true
		}
		rest = append(rest[:0], p.data[whole:]...)
		p.data, p.place = p.data[:whole], place
		place += int64(whole)
		working = append(working, p)
		parse := func() {
			f.table.parse(p, lines, p.place+int64(from))
			close(p.done)
		}
		if n < pieceSize/4 {
			parse()
		} else {
			go parse()
		}
		if len(working) > runtime.GOMAXPROCS(0) {
			take()
		}
	}
	return ctx.Err()
}

// inOrder leaves out rows whose step is not above the one before.
func (f *Follower) inOrder(rows []StepAt) []StepAt {
	kept := 0
	for i := range rows {
		step := rows[i].Step.Step
		if step <= f.last {
			if f.leftOut++; f.problem == nil {
				f.problem = fmt.Errorf("%s, after byte %d: step %d comes after step %d", f.path, rows[i].Place, step, f.last)
			}
			continue
		}
		if f.last = step; kept < i {
			rows[kept] = rows[i]
		}
		kept++
	}
	return rows[:kept]
}
