package runfolder

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// Steps are the rows of a metrics.csv of which a [Follower] has read the first line. Several goroutines may read them.
type Steps struct {
	path  string
	table *stepReader
}

// Between reads the rows between two places; to is -1 for the end of the file.
func (f *Steps) Between(from, to int64, do func(*StepAt)) error {
	return between(f.path, from, to, func(lines []byte, place int64) {
		p := &piece{}
		f.table.parse(p, lines, place)
		for i := range p.rows {
			do(&p.rows[i])
		}
	})
}

// All reads the rows between two places, with every column, by the names that it returns. A row is valid during the call.
func (f *Steps) All(from, to int64, do func(row []float64)) (columns []string, err error) {
	columns = f.table.header
	row := make([]float64, len(columns))
	return columns, between(f.path, from, to, func(lines []byte, _ int64) {
		var fields [][]byte
		for line := range bytes.Lines(lines) {
			var err error
			fields, err = splitLine(fields[:0], bytes.TrimSuffix(line, []byte{'\n'}))
			for i := range row {
				if err == nil && len(fields) == len(columns) {
					row[i], err = parseNumber(fields[i])
				}
			}
			if err == nil && len(fields) == len(columns) {
				do(row)
			}
		}
	})
}

// between reads whole lines between two places, some at a time.
func between(path string, from, to int64, do func(lines []byte, place int64)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if to < 0 {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		to = info.Size()
	}
	buffer := make([]byte, min(pieceSize, max(to-from, 0)))
	for filled := 0; from < to; {
		n, err := file.ReadAt(buffer[filled:min(int64(len(buffer)), to-from)], from+int64(filled))
		if n == 0 {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		filled += n
		whole := bytes.LastIndexByte(buffer[:filled], '\n') + 1
		if whole == 0 {
			if filled < len(buffer) {
				return nil // a row that is being written
			}
			whole = filled // no row is so long
		}
		do(buffer[:whole], from)
		from += int64(whole)
		filled = copy(buffer, buffer[whole:filled])
	}
	return nil
}
