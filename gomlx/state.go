package gomlx

import (
	"fmt"
	"math"

	"alrc"

	"github.com/gomlx/gomlx/ml/model"
)

// State returns what a clipping in a scope of a model has learned, as the library's value: a clipper of package alrc
// with the same options, restored from it, goes on from there.
func (m *Method) State(store *model.Store, scope string) (alrc.State, error) {
	s := alrc.State{Variant: m.variant()}
	reader := reader{store: store, path: model.JoinPath(scope, scopeName)}
	s.Steps, s.Losses, s.Clipped = reader.integer("steps"), reader.integer("losses"), reader.integer("clipped")
	s.Raised, s.NonFinite = reader.integer("raised"), reader.integer("non_finite")
	if m.adaptive {
		s.Mu1 = reader.number("mean")
		s.Mu2 = reader.number("variance") + s.Mu1*s.Mu1
	}
	if m.sides {
		s.Up, s.Down = reader.number("up"), reader.number("down")
	}
	if m.automatic {
		s.Bias = max(1-reader.number("weight"), 0)
		means, excesses := reader.numbers("start_mean"), reader.numbers("start_excess")
		if n := reader.integer("started"); n < alrc.StartSteps {
			for i := range n {
				s.Start = append(s.Start, alrc.StartStep{Mean: means[i], RMS: math.Abs(means[i]) + excesses[i]})
			}
		}
	}
	return s, reader.err
}

// reader reads variables, and keeps the first error.
type reader struct {
	store *model.Store
	path  string
	err   error
}

func (r *reader) value(name string) any {
	v := r.store.GetVariable(model.JoinPath(r.path, name))
	if v == nil || !v.HasValue() {
		if r.err == nil {
			r.err = fmt.Errorf("alrc: the model has no variable %q in scope %q: no loss was clipped there yet", name, r.path)
		}
		return nil
	}
	t, err := v.Value()
	if err != nil {
		if r.err == nil {
			r.err = fmt.Errorf("alrc: reading variable %q of scope %q: %w", name, r.path, err)
		}
		return nil
	}
	return t.Value()
}

func (r *reader) integer(name string) int64 {
	n, _ := r.value(name).(int64)
	return n
}

// number reads a running mean.
func (r *reader) number(name string) float64 {
	switch x := r.value(name).(type) {
	case float64:
		return x
	case float32:
		low, _ := r.value(name + "_low").(float32)
		return float64(x) + float64(low)
	}
	return 0
}

func (r *reader) numbers(name string) []float64 {
	out := make([]float64, alrc.StartSteps)
	switch x := r.value(name).(type) {
	case []float64:
		copy(out, x)
	case []float32:
		for i, y := range x[:min(len(x), alrc.StartSteps)] {
			out[i] = float64(y)
		}
	}
	return out
}
