package runfolder

import (
	"math"
	"path/filepath"
	"slices"
	"strings"

	"alrc"
)

// The names of columns: that of the losses as clipping saw them, and that of the losses themselves.
const (
	LossColumn    = "loss"
	RawLossColumn = "raw_loss"
)

const (
	columnStep           = "step"
	columnThreshold      = "threshold"
	columnLowerThreshold = "lower_threshold"
	columnMu1            = "mu1"
	columnMu2            = "mu2"
	columnScale          = "scale"
	columnClipped        = "clipped"
	columnImagesPerS     = "images_per_s"
	columnTestLoss       = "test_loss"
	columnSigmas         = "sigmas"

	columnGradientNorm   = "gradient_norm"
	columnStabilisedNorm = "stabilised_norm"
	columnActed          = "acted"
	columnRate           = "rate"

	columnImage = "image"
	columnID    = "id"

	columnSteps      = "steps"
	columnMaxRawLoss = "max_raw_loss"
)

// Step is what a run notes of a step: a row of metrics.csv. Numbers that are not finite are left out of the table.
type Step struct {
	Step int64
	// Loss is the mean of the losses that clipping saw, which are Huberised where the specification says so; RawLoss
	// is the mean of the losses themselves.
	Loss, RawLoss float64
	// SingleLoss says that the step has one loss, which is written with the digits of a float32, so that a replay
	// sees exactly what was clipped.
	SingleLoss bool
	// Threshold and LowerThreshold are the limits of the step, and Mu1 and Mu2 the moments that they follow from.
	Threshold, LowerThreshold float64
	Mu1, Mu2                  float64
	// Scale is the mean factor of the losses' gradients, and Clipped the number of losses that were clipped.
	Scale           float64
	Clipped         int64
	ImagesPerSecond float64
	// TestLoss is the mean loss of held-out images after the step, NaN where they were not evaluated.
	TestLoss float64
	// Outputs are the further outputs of the network, in the order of their names.
	Outputs []OutputStep
	// GradientNorm is the norm of the whole gradient before the run's stabiliser, and StabilisedNorm after it; Acted is how many
	// entries, units or tensors that changed, or 1 for the whole gradient or step; and Rate is the factor of the learning
	// rate, 0 for a step that was skipped. They are not numbers in a step without a finite loss.
	GradientNorm, StabilisedNorm float64
	Acted                        int64
	Rate                         float64
	// Clipping says that the run has clipping, so that Scale is worth a curve.
	Clipping bool
}

// sigmas returns how many running standard deviations the loss lies above the running mean: what n of the clipping "alrc:n" is
// compared with. It is NaN where there are no such moments.
func (s *Step) sigmas() float64 {
	variance := max(s.Mu2-float64(s.Mu1*s.Mu1), 0)
	return (s.Loss - s.Mu1) / math.Sqrt(variance+alrc.Epsilon)
}

// OutputStep is what a step has of a further output.
type OutputStep struct {
	Loss, Threshold, Scale float64
}

// stepColumn is a column of metrics.csv.
type stepColumn struct {
	name  string
	value func(*Step) (value float64, precision int)
}

// StepColumns say which columns metrics.csv has beside those of every run.
type StepColumns struct {
	// Outputs are the names of the network's outputs beside its first.
	Outputs []string
	// Stabilised says that the run has a stabiliser.
	Stabilised bool
}

// stepColumns returns the columns of metrics.csv.
func stepColumns(more StepColumns) []stepColumn {
	loss := func(value float64, s *Step) (float64, int) {
		if s.SingleLoss {
			return value, 32
		}
		return value, 64
	}
	columns := []stepColumn{
		{columnStep, func(s *Step) (float64, int) { return float64(s.Step), whole }},
		{LossColumn, func(s *Step) (float64, int) { return loss(s.Loss, s) }},
		{RawLossColumn, func(s *Step) (float64, int) { return loss(s.RawLoss, s) }},
		{columnThreshold, func(s *Step) (float64, int) { return s.Threshold, 64 }},
		{columnLowerThreshold, func(s *Step) (float64, int) { return s.LowerThreshold, 64 }},
		{columnMu1, func(s *Step) (float64, int) { return s.Mu1, 64 }},
		{columnMu2, func(s *Step) (float64, int) { return s.Mu2, 64 }},
		{columnScale, func(s *Step) (float64, int) { return s.Scale, 64 }},
		{columnClipped, func(s *Step) (float64, int) { return float64(s.Clipped), whole }},
		{columnImagesPerS, func(s *Step) (float64, int) { return s.ImagesPerSecond, 32 }},
		{columnTestLoss, func(s *Step) (float64, int) { return s.TestLoss, 64 }},
		{columnSigmas, func(s *Step) (float64, int) { return s.sigmas(), 32 }},
	}
	if more.Stabilised {
		columns = append(columns,
			stepColumn{columnGradientNorm, func(s *Step) (float64, int) { return s.GradientNorm, 64 }},
			stepColumn{columnStabilisedNorm, func(s *Step) (float64, int) { return s.StabilisedNorm, 32 }},
			stepColumn{columnActed, func(s *Step) (float64, int) { return float64(s.Acted), whole }},
			stepColumn{columnRate, func(s *Step) (float64, int) { return s.Rate, 64 }})
	}
	for i, output := range more.Outputs {
		prefix := output + "_"
		columns = append(columns,
			stepColumn{prefix + LossColumn, func(s *Step) (float64, int) { return s.Outputs[i].Loss, 32 }},
			stepColumn{prefix + columnThreshold, func(s *Step) (float64, int) { return s.Outputs[i].Threshold, 64 }},
			stepColumn{prefix + columnScale, func(s *Step) (float64, int) { return s.Outputs[i].Scale, 64 }})
	}
	return columns
}

// StepTable is a metrics.csv that grows.
type StepTable struct {
	Table[Step]
	columns []stepColumn
}

// Scalars calls f with what a step has for curves, by the names of the columns: its training losses, which a curve
// shows also where they are not finite, and what else it has that is finite.
func (t *StepTable) Scalars(s *Step, f func(name string, value float64)) {
	for _, c := range t.columns {
		scale := c.name == columnScale || strings.HasSuffix(c.name, "_"+columnScale)
		if c.name == columnStep || c.name == columnClipped || c.name == columnActed || scale && !s.Clipping {
			continue
		}
		loss := strings.HasSuffix(c.name, LossColumn) && c.name != columnTestLoss
		if value, _ := c.value(s); loss || finite(value) {
			f(c.name, value)
		}
	}
}

// OpenSteps opens a run's metrics.csv to go on after a step, or begins it. It returns the step of the last row, 0
// without rows; it is less than the given step where rows are missing.
func OpenSteps(dir string, more StepColumns, step int64) (t *StepTable, last int64, err error) {
	t = &StepTable{columns: stepColumns(more)}
	var columns []column[Step]
	for _, c := range t.columns {
		columns = append(columns, column[Step]{c.name, func(row []byte, s *Step) []byte {
			value, precision := c.value(s)
			return appendNumber(row, value, precision)
		}})
	}
	if last, err = t.open(filepath.Join(dir, MetricsFile), columns, step); err != nil {
		return nil, 0, err
	}
	return t, last, nil
}

// Metrics are columns of metrics.csv, with a value for each step; numbers that the table does not have are NaN.
type Metrics struct {
	Step, Loss, RawLoss, Threshold, LowerThreshold, Clipped, ImagesPerSecond, TestLoss []float64
	// GradientNorm, StabilisedNorm, Acted and Rate are those of runs with a stabiliser; nil for others.
	GradientNorm, StabilisedNorm, Acted, Rate []float64
	// OutputLoss has the losses of the further outputs by name.
	OutputLoss map[string][]float64
}

// ReadMetrics reads a run's metrics.csv; its absence is an error that wraps fs.ErrNotExist.
func ReadMetrics(dir string) (*Metrics, error) { return readMetrics(dir, true) }

// ReadLosses is ReadMetrics for those who need the raw losses, the test losses and those of further outputs alone. It
// takes a third of the time for a long run.
func ReadLosses(dir string) (*Metrics, error) { return readMetrics(dir, false) }

func readMetrics(dir string, all bool) (*Metrics, error) {
	r, err := openRows(filepath.Join(dir, MetricsFile))
	if err != nil {
		return nil, err
	}
	defer r.close()
	m := &Metrics{OutputLoss: map[string][]float64{}}
	names := []string{columnStep, RawLossColumn, columnTestLoss}
	columns := []*[]float64{&m.Step, &m.RawLoss, &m.TestLoss}
	if all {
		names = append(names, LossColumn, columnThreshold, columnLowerThreshold, columnClipped, columnImagesPerS)
		columns = append(columns, &m.Loss, &m.Threshold, &m.LowerThreshold, &m.Clipped, &m.ImagesPerSecond)
	}
	if all && slices.Contains(r.header, columnGradientNorm) {
		names = append(names, columnGradientNorm, columnStabilisedNorm, columnActed, columnRate)
		columns = append(columns, &m.GradientNorm, &m.StabilisedNorm, &m.Acted, &m.Rate)
	}
	outputs := make([][]float64, len(r.outputs()))
	for i, output := range r.outputs() {
		names, columns = append(names, output+"_"+LossColumn), append(columns, &outputs[i])
	}
	if err := r.readColumns(names, columns); err != nil {
		return nil, err
	}
	for i, output := range r.outputs() {
		m.OutputLoss[output] = outputs[i]
	}
	return m, nil
}
