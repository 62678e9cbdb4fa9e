package chart

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image/color"
	"math"
)

// Data is what a chart in a report shows, and how it begins.
type Data struct {
	// ID is the chart's name in the page's address.
	ID     string `json:"id"`
	Title  string `json:"title"`
	XLabel string `json:"xLabel"`
	YLabel string `json:"yLabel"`
	// Log begins with a logarithmic axis of losses, and Window is the number of steps over which lines are smoothed at first.
	Log    bool   `json:"log"`
	Window int    `json:"window"`
	Lines  []Line `json:"lines"`
	// Pictures are data URIs, each once however many marks show it.
	Pictures []string `json:"pictures,omitempty"`
}

// Line is the losses of one run, in bins of steps.
type Line struct {
	Name string `json:"name"`
	// Group names what runs that differ in nothing but their seed have in common; they share a line in the legend.
	Group string `json:"group,omitempty"`
	// Panel names the part of the chart that has the line, where a chart has several to choose from.
	Panel string `json:"panel,omitempty"`
	Color string `json:"color"`
	// Stretches are the bins' steps, where those are even: first step, steps from bin to bin, bins, and records of a bin.
	// Steps has those of other bins one by one: step and records.
	Stretches [][4]int64 `json:"stretches,omitempty"`
	Steps     [][2]int64 `json:"steps,omitempty"`
	// Mean has a value for each bin; Low and High for those of several records alone.
	Mean Column  `json:"mean"`
	Low  *Column `json:"low,omitempty"`
	High *Column `json:"high,omitempty"`
	// Threshold is the mean of the clipping's thresholds, and Time the hours of training up to each bin.
	Threshold *Column `json:"threshold,omitempty"`
	Time      *Column `json:"time,omitempty"`
	Marks     []Mark  `json:"marks,omitempty"`
}

// Kinds of marks.
const (
	Clipped   = "clipped"
	Spike     = "spike"
	NonFinite = "nonfinite"
	Diverged  = "diverged"
)

// Mark is something that happened at a step.
type Mark struct {
	Kind string   `json:"kind"`
	Step int64    `json:"step"`
	Loss *float64 `json:"loss"` // null where it is not finite
	// Threshold and Scale are of a clipped loss, Example says which it was, and Picture is its place, from 1, in [Data.Pictures].
	Threshold float64 `json:"threshold,omitempty"`
	Scale     float64 `json:"scale,omitempty"`
	Example   string  `json:"example,omitempty"`
	Picture   int     `json:"picture,omitempty"`
}

// Finite is a loss of a mark, nil where it is not finite.
func Finite(loss float64) *float64 {
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return nil
	}
	rounded := round(loss)
	return &rounded
}

// round keeps six digits, which is more than anyone sees.
func round(value float64) float64 {
	if value == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return value
	}
	scale := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(value))))
	if math.IsInf(scale, 0) || scale == 0 {
		return value
	}
	return math.Round(value*scale) / scale
}

// Column is numbers in two bytes each: places between Low and High, evenly or by their logarithm, little-endian in base64.
// The last code is for what is no number. Losses over six decades keep four digits.
type Column struct {
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Log    bool    `json:"log,omitempty"`
	Values string  `json:"values"`
}

const missing = math.MaxUint16

// NewColumn encodes values; those that are not finite are missing.
func NewColumn(values []float64) *Column {
	c := &Column{Low: math.Inf(1), High: math.Inf(-1)}
	for _, value := range values {
		if value-value == 0 {
			c.Low, c.High = min(c.Low, value), max(c.High, value)
		}
	}
	if !(c.Low <= c.High) {
		c.Low, c.High = 0, 0
	}
	// The difference of ends may exceed what a float64 holds.
	c.Low, c.High = max(c.Low, -math.MaxFloat64/4), min(c.High, math.MaxFloat64/4)
	c.Log = c.Low > 0 && c.High > 4*c.Low
	place := func(value float64) float64 {
		switch {
		case c.High == c.Low:
			return 0
		case c.Log:
			return (math.Log(value) - math.Log(c.Low)) / (math.Log(c.High) - math.Log(c.Low))
		}
		return (value - c.Low) / (c.High - c.Low)
	}
	codes := make([]byte, 0, 2*len(values))
	for _, value := range values {
		code := uint16(missing)
		if value-value == 0 {
			code = uint16(math.Round(max(0, min(1, place(value))) * (missing - 1)))
		}
		codes = binary.LittleEndian.AppendUint16(codes, code)
	}
	c.Values = base64.StdEncoding.EncodeToString(codes)
	return c
}

// Hex writes a colour as pages do.
func Hex(c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
}
