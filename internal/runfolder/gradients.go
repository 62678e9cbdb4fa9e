package runfolder

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"alrc/internal/csvfield"
)

// Gradient is how the entries of a gradient were distributed at a step: a row of gradients.csv. A clipped run has two rows for
// each tensor, at the same weights and of the same batch: without clipping, and as it was clipped.
type Gradient struct {
	Step int64
	// Tensor names the weights whose gradient it is, or is AllTensors.
	Tensor  string
	Clipped bool
	Entries int64
	// Norm is the Euclidean norm, Deviation the standard deviation about the mean, and Kurtosis the fourth moment about
	// it over the square of the second, which is 3 for a normal distribution.
	Norm, Deviation, Kurtosis float64
	// Cosine is that of the angle between the clipped gradient and the one without clipping; 1 in the latter's own row.
	Cosine float64
	// Histogram counts entries by their magnitude: bin i those from [HistogramEdge](i) up to the next edge. The first bin has
	// what is smaller too, zeros among it, and the last what is larger.
	Histogram [HistogramBins]int64
}

// AllTensors is the name for all entries of all tensors together.
const AllTensors = "all"

// The bins of gradients' magnitudes: four for each power of ten.
const (
	HistogramBins    = 64
	histogramFirst   = -12. // the exponent of ten of the first edge
	histogramDensity = 4
)

// HistogramEdge is the lower edge of a bin.
func HistogramEdge(bin int) float64 {
	return math.Pow(10, histogramFirst+float64(bin)/histogramDensity)
}

// HistogramBin is the bin of a magnitude.
func HistogramBin(magnitude float64) int {
	if !(magnitude > 0) {
		return 0
	}
	bin := math.Floor((math.Log10(magnitude) - histogramFirst) * histogramDensity)
	return int(min(max(bin, 0), HistogramBins-1))
}

const (
	columnTensor    = "tensor"
	columnEntries   = "entries"
	columnNorm      = "norm"
	columnDeviation = "std"
	columnKurtosis  = "kurtosis"
	columnCosine    = "cosine"
)

// gradientColumns are the columns of gradients.csv; the last ones are named after the exponents of their edges.
var gradientColumns = func() []column[Gradient] {
	number := func(name string, value func(*Gradient) float64) column[Gradient] {
		return column[Gradient]{name, func(row []byte, g *Gradient) []byte { return appendNumber(row, value(g), 32) }}
	}
	columns := []column[Gradient]{
		{columnStep, func(row []byte, g *Gradient) []byte { return strconv.AppendInt(row, g.Step, 10) }},
		{columnTensor, func(row []byte, g *Gradient) []byte { return csvfield.Append(row, g.Tensor) }},
		{columnClipped, func(row []byte, g *Gradient) []byte {
			if g.Clipped {
				return append(row, '1')
			}
			return append(row, '0')
		}},
		{columnEntries, func(row []byte, g *Gradient) []byte { return strconv.AppendInt(row, g.Entries, 10) }},
		number(columnNorm, func(g *Gradient) float64 { return g.Norm }),
		number(columnDeviation, func(g *Gradient) float64 { return g.Deviation }),
		number(columnKurtosis, func(g *Gradient) float64 { return g.Kurtosis }),
		number(columnCosine, func(g *Gradient) float64 { return g.Cosine }),
	}
	for i, name := range histogramColumns() {
		columns = append(columns, column[Gradient]{name, func(row []byte, g *Gradient) []byte {
			return strconv.AppendInt(row, g.Histogram[i], 10)
		}})
	}
	return columns
}()

func histogramColumns() []string {
	var names []string
	for i := range HistogramBins {
		names = append(names, fmt.Sprintf("from_1e%g", histogramFirst+float64(i)/histogramDensity))
	}
	return names
}

// OpenGradients opens a run's gradients.csv to go on after a step, or begins it.
func OpenGradients(dir string, step int64) (*Table[Gradient], error) {
	t := &Table[Gradient]{}
	if _, err := t.open(filepath.Join(dir, GradientsFile), gradientColumns, step); err != nil {
		return nil, err
	}
	return t, nil
}

// Gradients returns the rows of a run's gradients.csv, up to the first error; the file's absence is one that wraps
// fs.ErrNotExist.
func Gradients(dir string) iter.Seq2[Gradient, error] {
	return func(yield func(Gradient, error) bool) {
		r, err := openRows(filepath.Join(dir, GradientsFile))
		if err == nil {
			defer r.close()
			err = r.choose(slices.Concat([]string{columnStep, columnTensor, columnClipped, columnEntries, columnNorm,
				columnDeviation, columnKurtosis, columnCosine}, histogramColumns())...)
		}
		for err == nil {
			var g Gradient
			if g, err = r.nextGradient(); err == nil && !yield(g, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(Gradient{}, err)
		}
	}
}

func (r *rows) nextGradient() (g Gradient, err error) {
	if err := r.next(); err != nil {
		return g, err
	}
	g.Tensor = string(r.fields[1])
	values := make([]float64, len(r.fields))
	for i := range values {
		if i == 1 {
			continue
		}
		if values[i], err = r.number(i); err != nil {
			return g, err
		}
	}
	g.Step, g.Clipped, g.Entries = int64(values[0]), values[2] == 1, int64(values[3])
	g.Norm, g.Deviation, g.Kurtosis, g.Cosine = values[4], values[5], values[6], values[7]
	for i := range g.Histogram {
		g.Histogram[i] = int64(values[8+i])
	}
	return g, nil
}
