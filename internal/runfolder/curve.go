package runfolder

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"alrc/internal/atomicfile"
)

// Curve is a run's learning curve in bins of steps, small enough to keep for every run of a large sweep; curve.csv is
// its form on disk.
type Curve struct {
	// Step is the last step of each bin, and Steps the number of its steps.
	Step, Steps []float64
	// RawLoss and MaxRawLoss are the mean and the largest of the bin's raw losses, NaN where one was not finite.
	RawLoss, MaxRawLoss []float64
	// Threshold is the mean of the clipping's thresholds, and Clipped the number of losses clipped.
	Threshold, Clipped []float64
}

func (c *Curve) columns() (names []string, columns []*[]float64) {
	return []string{columnStep, columnSteps, RawLossColumn, columnMaxRawLoss, columnThreshold, columnClipped},
		[]*[]float64{&c.Step, &c.Steps, &c.RawLoss, &c.MaxRawLoss, &c.Threshold, &c.Clipped}
}

// WriteCurve makes curve.csv from the metrics.csv of a run of so many steps.
func WriteCurve(dir string, steps int64) error {
	m, err := ReadMetrics(dir)
	if err != nil {
		return err
	}
	const bins = 2000
	size := int(max(1, steps/bins))
	var c Curve
	for first := 0; first < len(m.Step); first += size {
		c.add(m, first, min(first+size, len(m.Step)))
	}
	names, columns := c.columns()
	return atomicfile.Write(filepath.Join(dir, CurveFile), func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Join(names, ",")+"\n"); err != nil {
			return err
		}
		var row []byte
		for i := range c.Step {
			row = row[:0]
			for k, column := range columns {
				if k > 0 {
					row = append(row, ',')
				}
				switch value := (*column)[i]; names[k] {
				case columnStep, columnSteps, columnClipped:
					row = appendNumber(row, value, whole)
				default:
					if finite(value) {
						row = strconv.AppendFloat(row, value, 'g', 6, 64)
					}
				}
			}
			if _, err := w.Write(append(row, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}

// add adds the bin of some steps.
func (c *Curve) add(m *Metrics, first, end int) {
	var raw, highest, threshold, thresholds, clipped float64
	for i := first; i < end; i++ {
		raw += m.RawLoss[i]
		highest = max(highest, m.RawLoss[i]) // NaN where one is
		if !math.IsNaN(m.Threshold[i]) {
			threshold += m.Threshold[i]
			thresholds++
		}
		if !math.IsNaN(m.Clipped[i]) {
			clipped += m.Clipped[i]
		}
	}
	count := float64(end - first)
	values := []float64{m.Step[end-1], count, raw / count, highest, threshold / thresholds, clipped}
	_, columns := c.columns()
	for k, column := range columns {
		*column = append(*column, values[k])
	}
}

// ReadCurve reads curve.csv; its absence is an error that wraps fs.ErrNotExist.
func ReadCurve(dir string) (*Curve, error) {
	r, err := openRows(filepath.Join(dir, CurveFile))
	if err != nil {
		return nil, err
	}
	defer r.close()
	var c Curve
	names, columns := c.columns()
	if err := r.readColumns(names, columns); err != nil {
		return nil, fmt.Errorf("read the learning curve: %w", err)
	}
	return &c, nil
}
