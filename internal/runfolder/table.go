package runfolder

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Table is a CSV file that grows by rows of type R. Only the process that has the run's [Lock] may write it.
type Table[R any] struct {
	file    *os.File
	writer  *bufio.Writer
	columns []column[R]
	row     []byte
	flushed time.Time
}

// flushEvery is how long rows may be gathered before those who watch a run see them.
const flushEvery = time.Second

// column is a column of a table: its name, and how its field of a row is written.
type column[R any] struct {
	name   string
	append func(row []byte, r *R) []byte
}

// open opens a table to go on after a step, or begins it if there is none: rows of later steps, and a last row cut
// short, are dropped. It returns the step of the last row, 0 without rows. A table that an older program began keeps
// the columns that it has.
func (t *Table[R]) open(path string, columns []column[R], step int64) (last int64, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	header, end, last, err := endOfStep(file, step)
	if err == nil && end > 0 {
		columns, err = named(columns, header)
	}
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	*t = Table[R]{file: file, writer: bufio.NewWriterSize(file, 1<<16), columns: columns}
	if end == 0 {
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = c.name
		}
		t.writer.WriteString(strings.Join(names, ",") + "\n")
	}
	return last, nil
}

// named returns the columns that a header names.
func named[R any](columns []column[R], header string) ([]column[R], error) {
	var found []column[R]
	for _, name := range strings.Split(header, ",") {
		before := len(found)
		for _, c := range columns {
			if c.name == name {
				found = append(found, c)
			}
		}
		if len(found) == before || found[0].name != columnStep {
			return nil, fmt.Errorf("the first line is %q: this is not a table of a run; move the file away", header)
		}
	}
	return found, nil
}

// endOfStep returns a table's first line, the offset behind the last whole row of a step up to the given one, 0 for an
// empty table, and that row's step.
func endOfStep(file io.Reader, step int64) (header string, end, last int64, err error) {
	reader := bufio.NewReaderSize(file, 1<<16)
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return header, end, last, nil
		}
		if err != nil {
			return "", 0, 0, err
		}
		if end == 0 {
			header = string(bytes.TrimRight(line, "\r\n"))
			if !strings.HasPrefix(header, columnStep+",") {
				return "", 0, 0, fmt.Errorf("the first line is %q: this is not a table of a run; move the file away", header)
			}
		} else {
			first, _, _ := bytes.Cut(line, []byte{','})
			number, err := strconv.ParseInt(string(first), 10, 64)
			if err != nil || number < last {
				return "", 0, 0, fmt.Errorf("after step %d a row begins with %q: the file is damaged; put back the right one, or"+
					" begin the run again with --overwrite", last, first)
			}
			if number > step {
				return header, end, last, nil
			}
			last = number
		}
		end += int64(len(line))
	}
}

// Append adds a row. Rows are gathered, so that an error may be one of an earlier row; it stays, and no row after it is written.
func (t *Table[R]) Append(r *R) error {
	t.row = t.row[:0]
	for i, c := range t.columns {
		if i > 0 {
			t.row = append(t.row, ',')
		}
		t.row = c.append(t.row, r)
	}
	t.row = append(t.row, '\n')
	_, err := t.writer.Write(t.row)
	if now := time.Now(); err == nil && now.Sub(t.flushed) >= flushEvery {
		t.flushed = now
		err = t.writer.Flush()
	}
	return err
}

// Sync makes the rows last.
func (t *Table[R]) Sync() error {
	if err := t.writer.Flush(); err != nil {
		return err
	}
	return t.file.Sync()
}

// Close makes the rows last and closes the file.
func (t *Table[R]) Close() error {
	return errors.Join(t.Sync(), t.file.Close())
}

// whole is the precision of a whole number; others are the bits of a floating-point number.
const whole = 0

// appendNumber adds a number with the digits that its precision has; one that is not finite is left empty.
func appendNumber(row []byte, value float64, precision int) []byte {
	if precision == 32 {
		value = float64(float32(value))
	}
	switch {
	case precision == whole:
		return strconv.AppendInt(row, int64(value), 10)
	case finite(value):
		return strconv.AppendFloat(row, value, 'g', -1, precision)
	}
	return row
}
