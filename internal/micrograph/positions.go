package micrograph

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// position is where a beam was, in pixels from the first column and row on.
type position struct {
	x, y float64
	line int
}

// positionsSuffix ends the names of files in which Direct Electron's servers list the positions of a custom scan, beside its images.
const positionsSuffix = "_scan_coordinates.csv"

// maxPositions bounds what is read of a list.
const maxPositions = 1 << 26

// isPositions says whether a mask is a list of beam positions, and no image.
func isPositions(path string) bool { return strings.EqualFold(filepath.Ext(path), ".csv") }

// readPositions reads beam positions, the column and the row of one on each line, counted from 0. A first line may name them, in
// any order, and other columns, which a note names. Columns without names are those two alone: of more it is not known which are meant.
func readPositions(r io.Reader) (list []position, note string, err error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.ReuseRecord, rows.Comment = -1, true, true, '#'
	x, y, named := 0, 1, false
	for first := true; ; first = false {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		line, _ := rows.FieldPos(0)
		if first {
			if columns, ok := positionColumns(row); ok {
				x, y, named = columns[0], columns[1], true
				note = unread(row, x, y)
				continue
			}
		}
		if more := strings.TrimSpace(strings.Join(row[min(2, len(row)):], "")); more != "" && !named {
			return nil, "", fmt.Errorf("line %d: %q has more than a column and a row; name what the columns are in a first line, as in x,y,intensity",
				line, strings.Join(row, ","))
		}
		p := position{line: line}
		for _, field := range []struct {
			at    int
			value *float64
		}{{x, &p.x}, {y, &p.y}} {
			if field.at >= len(row) {
				return nil, "", fmt.Errorf("line %d: %q; give the column and the row of a beam position, as in 17,4", line, strings.Join(row, ","))
			}
			value, err := strconv.ParseFloat(strings.TrimSpace(row[field.at]), 64)
			if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
				return nil, "", fmt.Errorf("line %d: %q is no number of a column or row", line, row[field.at])
			}
			*field.value = value
		}
		if list = append(list, p); len(list) > maxPositions {
			return nil, "", fmt.Errorf("it has more than %d positions", maxPositions)
		}
	}
	if len(list) == 0 {
		return nil, "", errors.New("it has no position")
	}
	return list, note, nil
}

// unread says which columns are not read, by their names.
func unread(names []string, x, y int) string {
	var others []string
	for i, name := range names {
		if name = strings.TrimSpace(name); i != x && i != y && name != "" {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("its %s and %s say what was seen; not read: %s", strings.TrimSpace(names[x]), strings.TrimSpace(names[y]), strings.Join(others, ", "))
}

// positionColumns are the fields of x and y in a line of names.
func positionColumns(row []string) (columns [2]int, ok bool) {
	for k, names := range [][]string{{"x", "column", "col"}, {"y", "row", "line"}} {
		columns[k] = slices.IndexFunc(row, func(field string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(field)))
		})
	}
	return columns, columns[0] >= 0 && columns[1] >= 0
}

// positionMask is a mask of an image, [height,width], that sees the pixels nearest to the positions of a file. One outside of the
// image is an error. The note says what of the file was not read.
func positionMask(path string, height, width int) (mask []float32, note string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	list, note, err := readPositions(file)
	if err != nil {
		return nil, "", err
	}
	mask = make([]float32, height*width)
	for _, p := range list {
		x, y := math.Round(p.x), math.Round(p.y)
		if !(x >= 0 && x < float64(width) && y >= 0 && y < float64(height)) {
			return nil, "", fmt.Errorf("line %d: column %v, row %v is outside of the image of %dx%d pixels", p.line, p.x, p.y, width, height)
		}
		mask[int(y)*width+int(x)] = 1
	}
	return mask, note, nil
}

// besidePositions finds the list of positions beside an image: of NAME_1_sum.mrc it is NAME_1_scan_coordinates.csv or
// NAME_scan_coordinates.csv. It is "" where there is none.
func besidePositions(path string) (string, error) {
	dir, name := filepath.Split(path)
	name = strings.TrimSuffix(name, filepath.Ext(name))
	for name != "" {
		found := dir + name + positionsSuffix
		if _, err := os.Stat(found); err == nil {
			return found, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		name = name[:max(0, strings.LastIndexByte(name, '_'))]
	}
	return "", nil
}
