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
// either order.
func readPositions(r io.Reader) (list []position, err error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.ReuseRecord, rows.Comment = -1, true, true, '#'
	x, y := 0, 1
	for first := true; ; first = false {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if first {
			if named, ok := positionColumns(row); ok {
				x, y = named[0], named[1]
				continue
			}
		}
		p := position{line: line}
		for _, field := range []struct {
			at    int
			value *float64
		}{{x, &p.x}, {y, &p.y}} {
			if field.at >= len(row) {
				return nil, fmt.Errorf("line %d: %q; give the column and the row of a beam position, as in 17,4", line, strings.Join(row, ","))
			}
			value, err := strconv.ParseFloat(strings.TrimSpace(row[field.at]), 64)
			if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
				return nil, fmt.Errorf("line %d: %q is no number of a column or row", line, row[field.at])
			}
			*field.value = value
		}
		if list = append(list, p); len(list) > maxPositions {
			return nil, fmt.Errorf("it has more than %d positions", maxPositions)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("it has no position")
	}
	return list, nil
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
// image is an error.
func positionMask(path string, height, width int) ([]float32, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	list, err := readPositions(file)
	if err != nil {
		return nil, err
	}
	mask := make([]float32, height*width)
	for _, p := range list {
		x, y := math.Round(p.x), math.Round(p.y)
		if !(x >= 0 && x < float64(width) && y >= 0 && y < float64(height)) {
			return nil, fmt.Errorf("line %d: column %v, row %v is outside of the image of %dx%d pixels", p.line, p.x, p.y, width, height)
		}
		mask[int(y)*width+int(x)] = 1
	}
	return mask, nil
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
