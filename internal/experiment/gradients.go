package experiment

import (
	"fmt"
	"math"

	"alrc/internal/format/safetensors"
	"alrc/internal/runfolder"
)

// backpropagator is an engine whose gradients can be looked at.
type backpropagator interface {
	// Backpropagate computes the gradients of a step without moving weights; Gradients returns those of the latest batch.
	Backpropagate(inputs []float32, targets, raw [][]float32, weigh func(output int, losses, scales []float32)) error
	Gradients() []safetensors.Tensor
}

// gradients measures now and then how the entries of a run's gradients are distributed, without clipping and with it, at the
// same weights and of the same batch.
type gradients struct {
	engine  backpropagator
	table   *runfolder.Table[runfolder.Gradient]
	every   int64
	clips   bool
	plain   []safetensors.Tensor // of the present step, without clipping
	nothing [][]float32          // for losses that the step itself computes again
}

// newGradients begins to measure where the specification asks for it; nil where it does not.
func (r *run) newGradients() (*gradients, error) {
	if r.Gradients == 0 {
		return nil, nil
	}
	engine, ok := r.engine.(backpropagator)
	if !ok {
		return nil, fmt.Errorf("gradients: the engine %s does not show its gradients; use the engine cpu", r.Engine)
	}
	table, err := runfolder.OpenGradients(r.dir, r.step)
	if err != nil {
		return nil, err
	}
	g := &gradients{engine: engine, table: table, every: r.Gradients, clips: r.heads[0].clipper != nil || r.stabiliser != nil}
	for range r.heads {
		g.nothing = append(g.nothing, make([]float32, r.BatchSize))
	}
	return g, nil
}

// before measures the gradients of a step that is about to be taken, as they are without clipping.
func (g *gradients) before(step int64, b batch) error {
	g.plain = nil
	if step%g.every != 0 {
		return nil
	}
	ones := func(_ int, _, scales []float32) {
		for i := range scales {
			scales[i] = 1
		}
	}
	if err := g.engine.Backpropagate(b.inputs, b.targets, g.nothing, ones); err != nil {
		return err
	}
	g.plain = g.engine.Gradients()
	return nil
}

// after records a step that was taken.
func (g *gradients) after(step int64) {
	if g.plain == nil {
		return
	}
	g.record(step, false, g.plain)
	if g.clips {
		g.record(step, true, g.engine.Gradients())
	}
}

func (g *gradients) record(step int64, clipped bool, tensors []safetensors.Tensor) {
	var all gradientSums
	var histogram [runfolder.HistogramBins]int64
	row := func(name string, sums gradientSums, histogram [runfolder.HistogramBins]int64) {
		r := sums.row()
		r.Step, r.Tensor, r.Clipped, r.Histogram = step, name, clipped, histogram
		g.table.Append(&r)
	}
	for i, tensor := range tensors {
		var sums gradientSums
		var counts [runfolder.HistogramBins]int64
		plain := g.plain[i].Data
		for j, value := range tensor.Data {
			sums.add(float64(value), float64(plain[j]))
			counts[runfolder.HistogramBin(math.Abs(float64(value)))]++
		}
		row(tensor.Name, sums, counts)
		all.merge(sums)
		for bin, count := range counts {
			histogram[bin] += count
		}
	}
	row(runfolder.AllTensors, all, histogram)
}

// gradientSums are sums over the entries of a gradient: of powers, and of products with the gradient without clipping.
type gradientSums struct {
	count                       int64
	first, second, third, forth float64
	plain, product              float64
}

func (s *gradientSums) add(value, plain float64) {
	square := value * value
	s.count++
	s.first += value
	s.second += square
	s.third += square * value
	s.forth += square * square
	s.plain += plain * plain
	s.product += value * plain
}

func (s *gradientSums) merge(other gradientSums) {
	s.count += other.count
	s.first += other.first
	s.second += other.second
	s.third += other.third
	s.forth += other.forth
	s.plain += other.plain
	s.product += other.product
}

// row is what the sums say. A gradient of zeros has no kurtosis and no direction.
func (s *gradientSums) row() runfolder.Gradient {
	n := float64(s.count)
	mean := s.first / n
	variance := s.second/n - mean*mean
	fourth := s.forth/n - 4*mean*s.third/n + 6*mean*mean*s.second/n - 3*mean*mean*mean*mean
	return runfolder.Gradient{Entries: s.count, Norm: math.Sqrt(s.second), Deviation: math.Sqrt(max(variance, 0)),
		Kurtosis: fourth / (variance * variance), Cosine: s.product / math.Sqrt(s.second*s.plain)}
}
