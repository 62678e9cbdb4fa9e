package experiment

import (
	"math"
	"testing"

	"alrc/internal/format/safetensors"
	"alrc/internal/runfolder"
)

// fakeGradients is an engine whose gradient without clipping is 1, 2, -3, 0, and, as clipped, half of it.
type fakeGradients struct{ factor float32 }

func (f *fakeGradients) Backpropagate(_ []float32, _, raw [][]float32, weigh func(int, []float32, []float32)) error {
	f.factor = 1
	return nil
}

func (f *fakeGradients) Gradients() []safetensors.Tensor {
	return []safetensors.Tensor{{Name: "a.weight", Shape: []int{2}, Data: []float32{f.factor, 2 * f.factor}},
		{Name: "a.bias", Shape: []int{2}, Data: []float32{-3 * f.factor, 0}}}
}

// A clipped run records each tensor, and all together, twice at every step that is asked for: without clipping, and as clipped.
func TestGradients(t *testing.T) {
	dir := t.TempDir()
	table, err := runfolder.OpenGradients(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	engine := &fakeGradients{}
	g := &gradients{engine: engine, table: table, every: 5, clips: true}
	for step := int64(1); step <= 10; step++ {
		if err := g.before(step, batch{}); err != nil {
			t.Fatal(err)
		}
		engine.factor = 0.5
		g.after(step)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	var rows []runfolder.Gradient
	for row, err := range runfolder.Gradients(dir) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 12 {
		t.Fatalf("%d rows, want 12", len(rows))
	}
	all := rows[11]
	if all.Step != 10 || all.Tensor != runfolder.AllTensors || !all.Clipped || all.Entries != 4 {
		t.Errorf("the last row is of step %d, %s, clipped %v, of %d entries", all.Step, all.Tensor, all.Clipped, all.Entries)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("the norm", all.Norm, math.Sqrt(14)/2)
	near("the cosine", all.Cosine, 1)
	near("the deviation", rows[8].Deviation, math.Sqrt(3.5)) // of 1, 2, -3, 0, whose mean is 0
	near("the kurtosis", rows[8].Kurtosis, (98./4)/(3.5*3.5))
	total := int64(0)
	for _, count := range all.Histogram {
		total += count
	}
	if one := runfolder.HistogramBin(0.5); total != 4 || all.Histogram[0] != 1 || all.Histogram[one] != 1 {
		t.Errorf("the histogram counts %d entries, %d of them zeros, %d of 0.5", total, all.Histogram[0], all.Histogram[one])
	}
}
