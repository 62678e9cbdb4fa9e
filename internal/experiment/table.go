package experiment

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// clipsHeader is the first line of clips.csv: a row a loss that was clipped, raised or not finite.
const clipsHeader = "step,image,id,loss,threshold,scale"

// metricsHeader is the first line of metrics.csv: a row a step. Heads beside the first have columns with their names.
func metricsHeader(heads []string) string {
	header := "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss"
	for _, head := range heads[1:] {
		header += fmt.Sprintf(",%[1]s_loss,%[1]s_threshold,%[1]s_scale", head)
	}
	return header
}

// table is a CSV file that grows by rows.
type table struct {
	file   *os.File
	writer *bufio.Writer
	row    []byte
}

// openTable opens a table, which may not be there yet, for this process alone. It is to be cut before it is
// written to.
func openTable(path string) (*table, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		file.Close()
		return nil, err
	}
	return &table{file: file, writer: bufio.NewWriterSize(file, 1<<16)}, nil
}

// cut makes a table ready to go on after a step: rows of later steps, and a last row cut short, are dropped. It
// returns the step of the last row, 0 without rows.
func (t *table) cut(header string, step int64) (last int64, err error) {
	end, last, err := endOfStep(t.file, header, step)
	if err == nil {
		err = t.file.Truncate(end)
	}
	if err == nil {
		_, err = t.file.Seek(end, io.SeekStart)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t.file.Name(), err)
	}
	if end == 0 {
		t.writer.WriteString(header)
		t.writer.WriteByte('\n')
	}
	return last, nil
}

// endOfStep returns the offset behind the last whole row of a step up to the given one, 0 for an empty table, and that
// row's step.
func endOfStep(file io.Reader, header string, step int64) (end, last int64, err error) {
	reader := bufio.NewReaderSize(file, 1<<16)
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return end, last, nil
		}
		if err != nil {
			return 0, 0, err
		}
		if end == 0 {
			if string(bytes.TrimRight(line, "\r\n")) != header {
				return 0, 0, fmt.Errorf("the first line is not %q: this is not a table of a run; move the file away", header)
			}
		} else {
			first, _, _ := bytes.Cut(line, []byte{','})
			number, err := strconv.ParseInt(string(first), 10, 64)
			if err != nil || number < last {
				return 0, 0, fmt.Errorf("after step %d a row begins with %q: the file is damaged; put back the right one, or"+
					" begin the run again with --overwrite", last, first)
			}
			if number > step {
				return end, last, nil
			}
			last = number
		}
		end += int64(len(line))
	}
}

func (t *table) begin(step int64) { t.row = strconv.AppendInt(t.row[:0], step, 10) }

func (t *table) int(value int64) {
	t.row = append(t.row, ',')
	t.row = strconv.AppendInt(t.row, value, 10)
}

// float adds a number; one that is not finite is left empty.
func (t *table) float(value float64) {
	t.row = append(t.row, ',')
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		t.row = strconv.AppendFloat(t.row, value, 'g', -1, 64)
	}
}

// float32 adds a number with the digits that a float32 has.
func (t *table) float32(value float32) {
	t.row = append(t.row, ',')
	if wide := float64(value); !math.IsNaN(wide) && !math.IsInf(wide, 0) {
		t.row = strconv.AppendFloat(t.row, wide, 'g', -1, 32)
	}
}

// text adds a field, quoted where CSV needs it. Line breaks become spaces, so that a row stays a line.
func (t *table) text(value string) {
	t.row = append(t.row, ',')
	quoted := strings.ContainsAny(value, "\",\r\n")
	if quoted {
		t.row = append(t.row, '"')
	}
	for i := range len(value) {
		switch c := value[i]; c {
		case '"':
			t.row = append(t.row, '"', '"')
		case '\r', '\n':
			t.row = append(t.row, ' ')
		default:
			t.row = append(t.row, c)
		}
	}
	if quoted {
		t.row = append(t.row, '"')
	}
}

// end writes the row; an error shows at the next sync.
func (t *table) end() {
	t.row = append(t.row, '\n')
	t.writer.Write(t.row)
}

func (t *table) sync() error {
	if err := t.writer.Flush(); err != nil {
		return err
	}
	return t.file.Sync()
}

func (t *table) close() error {
	return errors.Join(t.sync(), t.file.Close())
}
