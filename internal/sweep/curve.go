package sweep

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"alrc/internal/atomicfile"
)

// curveFile is a run's learning curve, small enough to keep for every run of a large sweep: a row for each bin of
// steps, with the bin's last step, the number of its steps, the mean and the largest of their raw losses, the mean of
// the clipping's thresholds, and the number of losses clipped.
const (
	curveFile   = "curve.csv"
	curveHeader = "step,steps,raw_loss,max_raw_loss,threshold,clipped"
	curveBins   = 2000
)

// writeCurve makes curve.csv from metrics.csv.
func writeCurve(dir string, steps int64) error {
	file, err := os.Open(filepath.Join(dir, "metrics.csv"))
	if err != nil {
		return err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	places := map[string]int{}
	for i, name := range header {
		places[name] = i
	}
	var at [4]int
	for i, name := range []string{"step", "raw_loss", "threshold", "clipped"} {
		place, ok := places[name]
		if !ok {
			return fmt.Errorf("%s: it has no column %s", file.Name(), name)
		}
		at[i] = place
	}
	return atomicfile.Write(filepath.Join(dir, curveFile), func(w io.Writer) error {
		if _, err := io.WriteString(w, curveHeader+"\n"); err != nil {
			return err
		}
		bin := bin{size: max(1, steps/curveBins)}
		for {
			row, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return bin.flush(w)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", file.Name(), err)
			}
			if err := bin.add(w, row[at[0]], row[at[1]], row[at[2]], row[at[3]]); err != nil {
				return err
			}
		}
	})
}

// bin gathers steps for a row.
type bin struct {
	size, count, clipped  int64
	step                  string
	raw, highest          float64
	threshold, thresholds float64
	notFinite             bool
}

func (b *bin) add(w io.Writer, step, raw, threshold, clipped string) error {
	b.step = step
	b.count++
	// An empty field stands for a number that is not finite.
	if loss, err := strconv.ParseFloat(raw, 64); err == nil {
		b.raw += loss
		b.highest = max(b.highest, loss)
	} else {
		b.notFinite = true
	}
	if limit, err := strconv.ParseFloat(threshold, 64); err == nil {
		b.threshold += limit
		b.thresholds++
	}
	if number, err := strconv.ParseInt(clipped, 10, 64); err == nil {
		b.clipped += number
	}
	if b.count < b.size {
		return nil
	}
	return b.flush(w)
}

// flush writes the row. A bin with a loss that is not finite has neither mean nor largest.
func (b *bin) flush(w io.Writer) error {
	if b.count == 0 {
		return nil
	}
	number := func(value float64) string {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return ""
		}
		return strconv.FormatFloat(value, 'g', 6, 64)
	}
	mean, highest := b.raw/float64(b.count), b.highest
	if b.notFinite {
		mean, highest = math.NaN(), math.NaN()
	}
	_, err := fmt.Fprintf(w, "%s,%d,%s,%s,%s,%d\n", b.step, b.count, number(mean), number(highest), number(b.threshold/b.thresholds), b.clipped)
	*b = bin{size: b.size}
	return err
}
