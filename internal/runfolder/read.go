package runfolder

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// rows reads a table, whose rows are lines, by the names of its columns. A last row without the end of its line is
// left out: a run may be writing it.
type rows struct {
	path   string
	header []string
	line   int

	file   *os.File
	reader *bufio.Reader
	names  []string
	places []int
	record [][]byte
	fields [][]byte // of the columns that were asked for
}

// openRows opens a table, in which an empty file is one without columns and rows. The absence of the file is an error that wraps
// fs.ErrNotExist.
func openRows(path string) (*rows, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &rows{path: path, file: file, reader: bufio.NewReaderSize(file, 1<<16)}
	if err := r.readRecord(); err != nil && !errors.Is(err, io.EOF) {
		file.Close()
		return nil, r.fail(err)
	}
	for _, field := range r.record {
		r.header = append(r.header, string(field))
	}
	return r, nil
}

func (r *rows) close() { r.file.Close() }

// choose sets the columns that next reads.
func (r *rows) choose(names ...string) error {
	r.names, r.places, r.fields = names, nil, make([][]byte, len(names))
	for _, name := range names {
		place := slices.Index(r.header, name)
		if place < 0 && r.header != nil {
			return fmt.Errorf("%s: the first line has no column %q: this is not a table of a run", r.path, name)
		}
		r.places = append(r.places, place)
	}
	return nil
}

// next reads the chosen fields of the next row, or returns io.EOF.
func (r *rows) next() error {
	if r.header == nil {
		return io.EOF
	}
	err := r.readRecord()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err == nil && len(r.record) != len(r.header) {
		err = fmt.Errorf("%d fields where %d belong", len(r.record), len(r.header))
	}
	if err != nil {
		return r.fail(err)
	}
	for i, place := range r.places {
		r.fields[i] = r.record[place]
	}
	return nil
}

// fail says where an error is.
func (r *rows) fail(err error) error { return fmt.Errorf("%s, line %d: %w", r.path, r.line, err) }

// readRecord reads the fields of a line.
func (r *rows) readRecord() error {
	r.line++
	line, err := r.reader.ReadSlice('\n')
	r.record = r.record[:0]
	if errors.Is(err, bufio.ErrBufferFull) {
		return errors.New("it is too long for a row of a run's table")
	}
	if err != nil {
		return err
	}
	r.record, err = splitLine(r.record, line[:len(line)-1])
	return err
}

// splitLine appends the fields of a line, which has lost its end.
func splitLine(fields [][]byte, line []byte) ([][]byte, error) {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	for {
		if len(line) > 0 && line[0] == '"' {
			field, rest, err := unquote(line)
			if err != nil {
				return fields, err
			}
			fields = append(fields, field)
			if len(rest) == 0 {
				return fields, nil
			}
			line = rest[1:]
			continue
		}
		end := bytes.IndexByte(line, ',')
		if end < 0 {
			return append(fields, line), nil
		}
		fields = append(fields, line[:end])
		line = line[end+1:]
	}
}

// estimate returns about how many rows a table has whose first one was just read: later ones are seldom shorter.
func (r *rows) estimate() int {
	info, err := r.file.Stat()
	if err != nil {
		return 0
	}
	size := len(r.record)
	for _, field := range r.record {
		size += len(field)
	}
	return int(info.Size() / int64(size))
}

// unquote returns a line's first field, which is quoted, and what follows: nothing, or a comma and more.
func unquote(line []byte) (field, rest []byte, err error) {
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			field = append(field, line[i])
			continue
		}
		if i++; i == len(line) || line[i] == ',' {
			return field, line[i:], nil
		}
		if line[i] != '"' {
			break
		}
		field = append(field, '"')
	}
	return nil, nil, errors.New("a quote does not end")
}

// number reads a chosen field; an empty one, which stands for a number that is not finite, is NaN.
func (r *rows) number(i int) (float64, error) {
	value, err := parseNumber(r.fields[i])
	if err != nil {
		return 0, r.fail(fmt.Errorf("%s: %w", r.names[i], err))
	}
	return value, nil
}

// parseNumber reads a field; an empty one, which stands for a number that is not finite, is NaN.
func parseNumber(field []byte) (float64, error) {
	if len(field) == 0 {
		return math.NaN(), nil
	}
	if value, ok := shortDecimal(field); ok {
		return value, nil
	}
	value, err := strconv.ParseFloat(string(field), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%q is no number", field)
	}
	return value, nil
}

// tens are powers of ten, which float64 has exactly.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// shortDecimal reads what most fields are: at most 15 digits, with a point or without. The number is the one that strconv reads:
// its digits and the power of ten are exact, and are divided once.
func shortDecimal(field []byte) (value float64, ok bool) {
	if len(field) > 17 {
		return 0, false
	}
	digits, point := field, -1
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	n, count := int64(0), 0
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			n = 10*n + int64(c-'0')
			count++
		case c == '.' && point < 0:
			point = i
		default:
			return 0, false
		}
	}
	if count == 0 || count > 15 {
		return 0, false
	}
	value = float64(n)
	if point >= 0 {
		value /= tens[len(digits)-1-point]
	}
	if negative {
		value = -value
	}
	return value, true
}

// readColumns appends the numbers of the columns named to slices, and returns the first error. The first column is
// the step.
func (r *rows) readColumns(names []string, columns []*[]float64) error {
	if err := r.choose(names...); err != nil {
		return err
	}
	for first := true; ; first = false {
		if err := r.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if first {
			rows := r.estimate()
			for _, column := range columns {
				*column = make([]float64, 0, rows)
			}
		}
		for i, column := range columns {
			value, err := r.number(i)
			if err != nil {
				return err
			}
			if i == 0 && !(value >= 0) {
				return r.fail(fmt.Errorf("%s: %q is no step", names[0], r.fields[0]))
			}
			*column = append(*column, value)
		}
	}
}

// outputs returns the names of the further outputs that a table of steps has columns of.
func (r *rows) outputs() []string { return outputsOf(r.header) }

func outputsOf(header []string) (names []string) {
	for _, column := range header {
		name, found := strings.CutSuffix(column, "_"+LossColumn)
		if found && slices.Contains(header, name+"_"+columnScale) {
			names = append(names, name)
		}
	}
	return names
}
