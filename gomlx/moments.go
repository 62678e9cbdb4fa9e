package gomlx

import (
	"fmt"
	"math"

	"alrc"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// compensated is a scalar kept as the sum of two, which makes a running mean in single precision as good as one in
// double precision; in double precision low is nil.
type compensated struct{ high, low *graph.Node }

func (c compensated) sum() *graph.Node {
	if c.low == nil {
		return c.high
	}
	return graph.Add(c.high, c.low)
}

// plus returns the scalar and a distance from it.
func (c compensated) plus(distance *graph.Node) *graph.Node {
	if c.low == nil {
		return graph.Add(c.high, distance)
	}
	return graph.Add(c.high, graph.Add(c.low, distance))
}

// from returns the distances of x from the scalar.
func (c compensated) from(x *graph.Node) *graph.Node {
	x = graph.Sub(x, c.high)
	if c.low == nil {
		return x
	}
	return graph.Sub(x, c.low)
}

// moved returns the scalar moved by a small step: the part of the step that rounding would lose goes to low.
func (c compensated) moved(step *graph.Node) compensated {
	if c.low == nil {
		return compensated{high: graph.Add(c.high, step)}
	}
	step = graph.Add(step, c.low)
	high := graph.Add(c.high, step)
	return compensated{high: high, low: graph.Sub(step, graph.Sub(high, c.high))}
}

func (c compensated) where(condition *graph.Node, other compensated) compensated {
	c.high = graph.Where(condition, c.high, other.high)
	if c.low != nil {
		c.low = graph.Where(condition, c.low, other.low)
	}
	return c
}

// running is a running mean: one variable, or two where it is compensated.
type running struct{ high, low *model.Variable }

func (r running) value(g *graph.Graph) compensated {
	c := compensated{high: r.high.NodeValue(g)}
	if r.low != nil {
		c.low = r.low.NodeValue(g)
	}
	return c
}

func (r running) set(c compensated) {
	r.high.SetNodeValue(c.high)
	if r.low != nil {
		r.low.SetNodeValue(c.low)
	}
}

// state holds a clipping's variables. Those that a method does not need are nil.
type state struct {
	dtype          dtypes.DType
	mean, variance running
	up, down       running
	// weight is 1 - decay^t after t steps of an automatic start, by which the means are bias-corrected.
	weight running
	// started counts the steps of an automatic start, of which startMean keeps the means, and startExcess by how much
	// the root mean squares exceed the absolute means.
	started                *model.Variable
	startMean, startExcess *model.Variable
	// The counters: steps, and losses by what became of them.
	steps, losses, clipped, raised, nonFinite *model.Variable
}

// variables returns the variables in scope, and makes them where they are not there yet. The moments are kept as mean
// and variance: mu1 and mu2 = variance + mu1^2 would lose, in single precision, what a small variance is.
func (m *Method) variables(scope *model.Scope, dtype dtypes.DType) *state {
	fixed := func(name string, value any) *model.Variable {
		return scope.VariableWithValue(name, value).SetTrainable(false)
	}
	mean := func(name string, start float64) running {
		r := running{high: fixed(name, shapes.CastAsDType(start, dtype))}
		if dtype != dtypes.Float64 {
			rest := start - float64(float32(start))
			r.low = fixed(name+"_low", shapes.CastAsDType(rest, dtype))
		}
		return r
	}
	s := &state{
		dtype: dtype,
		steps: fixed("steps", int64(0)), losses: fixed("losses", int64(0)), clipped: fixed("clipped", int64(0)),
		raised: fixed("raised", int64(0)), nonFinite: fixed("non_finite", int64(0)),
	}
	if !m.adaptive {
		return s
	}
	s.mean, s.variance = mean("mean", m.mean), mean("variance", m.variance)
	if m.sides {
		spread := math.Sqrt(m.variance)
		s.up, s.down = mean("up", spread), mean("down", spread)
	}
	if m.automatic {
		s.weight = mean("weight", 0)
		s.started = fixed("started", int64(0))
		zeros := shapes.CastAsDType(make([]float64, startSteps), dtype)
		s.startMean, s.startExcess = fixed("start_mean", zeros), fixed("start_excess", zeros)
	}
	return s
}

// observe moves the variables by the sums of a step.
func (m *Method) observe(g *graph.Graph, s *state, r *result) {
	add := func(v *model.Variable, n *graph.Node) {
		v.SetNodeValue(graph.Add(v.NodeValue(g), graph.ConvertDType(n, dtypes.Int64)))
	}
	add(s.steps, graph.ScalarOne(g, s.dtype))
	add(s.losses, graph.Add(r.count, r.nonFinite))
	add(s.clipped, r.clipped)
	add(s.raised, r.raised)
	add(s.nonFinite, r.nonFinite)
	if !m.adaptive {
		return
	}
	zero := graph.ScalarZero(g, s.dtype)
	// A step without a finite loss changes nothing but the counters.
	any := graph.GreaterThan(r.count, zero)
	starting := graph.LogicalNot(any)
	rate := graph.Scalar(g, s.dtype, 1-m.decay)
	var start started
	if m.automatic {
		start = m.observeStart(g, s, r, any)
		starting = start.going
		weight := s.weight.value(g)
		weight = weight.moved(graph.Mul(rate, graph.Sub(graph.ScalarOne(g, s.dtype), weight.sum())))
		rate = graph.Div(rate, weight.sum())
		s.weight.set(start.weight.where(starting, weight.where(any, s.weight.value(g))))
	}
	// choose takes the value of the start as long as that lasts, and the old one where there is no finite loss.
	choose := func(of running, first, next compensated, observed *graph.Node) {
		next = next.where(observed, of.value(g))
		if m.automatic {
			next = first.where(starting, next)
		}
		of.set(next)
	}
	if m.sides {
		side := func(of running, distances, count *graph.Node) {
			observed := graph.GreaterThan(count, zero)
			old := of.value(g)
			step := graph.Mul(rate, old.from(meanOf(distances, count)))
			choose(of, start.deviation, old.moved(step), observed)
		}
		side(s.up, r.above, r.countAbove)
		side(s.down, r.below, r.countBelow)
	}
	// With d the mean distance of the losses from the old mean and q that of its square, the variance of the old
	// distribution, weighed 1 - rate, and the step's, weighed rate, is (1-rate)*variance + rate*q - (rate*d)^2.
	mean, variance := s.mean.value(g), s.variance.value(g)
	shift := graph.Mul(rate, meanOf(r.distance, r.count))
	change := graph.Sub(graph.Mul(rate, variance.from(meanOf(r.distanceSquares, r.count))), graph.Square(shift))
	choose(s.mean, start.mean, mean.moved(shift), any)
	choose(s.variance, start.variance, variance.moved(change), any)
}

// meanOf returns sum / count, and 0 where the count is 0.
func meanOf(sum, count *graph.Node) *graph.Node {
	return graph.Div(sum, graph.MaxScalar(count, 1.0))
}

// ratio returns a / b, and 0 where b is 0.
func ratio(a, b *graph.Node) *graph.Node {
	positive := graph.GreaterThan(b, graph.ZerosLike(b))
	return graph.Where(positive, graph.Div(a, graph.Where(positive, b, graph.OnesLike(b))), graph.ZerosLike(a))
}

// started is what the moments are as long as an automatic start lasts.
type started struct {
	// going is true in a step of the start, which it may end.
	going                             *graph.Node
	mean, variance, deviation, weight compensated
}

// observeStart keeps a step of the start, limited to the typical range of those kept so far, and returns the moments
// of them all. It is what package alrc does, with the bias-corrected means written as weighted sums.
func (m *Method) observeStart(g *graph.Graph, s *state, r *result, any *graph.Node) started {
	counter := s.started.NodeValue(g)
	var out started
	goingOn := graph.LessThan(counter, graph.Scalar(g, dtypes.Int64, startSteps))
	out.going = goingOn

	index := graph.Iota(g, shapes.Make(dtypes.Int64, startSteps), 0)
	here := graph.LogicalAnd(graph.Equal(index, counter), any)
	mean, distance := meanOf(r.sum, r.count), meanOf(r.distance, r.count)
	variance := graph.MaxScalar(graph.Sub(meanOf(r.distanceSquares, r.count), graph.Square(distance)), 0.0)
	root := graph.Sqrt(graph.Add(graph.Square(mean), variance))
	excess := ratio(variance, graph.Add(root, graph.Abs(mean)))
	means := graph.Where(here, mean, s.startMean.NodeValue(g))
	excesses := graph.Where(here, excess, s.startExcess.NodeValue(g))
	count := graph.Where(graph.LogicalAnd(goingOn, any), graph.AddScalar(counter, 1), counter)
	s.startMean.SetNodeValue(means)
	s.startExcess.SetNodeValue(excesses)
	s.started.SetNodeValue(count)

	kept := graph.LessThan(index, count)
	roots := graph.Add(graph.Abs(means), excesses)
	typicalMeans, typicalRoots := typical(means, kept, count), typical(roots, kept, count)
	unlimited := graph.LogicalAnd(graph.Equal(means, typicalMeans), graph.Equal(roots, typicalRoots))
	excesses = graph.Where(unlimited, excesses, graph.Sub(typicalRoots, graph.Abs(typicalMeans)))
	means, roots = typicalMeans, typicalRoots

	// Step k of t has weight (1-decay) * decay^(t-1-k): the newest has the most.
	age := graph.ConvertDType(graph.Sub(graph.AddScalar(count, -1), index), s.dtype)
	weights := graph.MulScalar(graph.Exp(graph.MulScalar(age, math.Log(m.decay))), 1-m.decay)
	weights = graph.Where(kept, weights, graph.ZerosLike(weights))
	total := graph.ReduceAllSum(weights)
	weighted := func(x *graph.Node) *graph.Node {
		return ratio(graph.ReduceAllSum(graph.Mul(weights, graph.Where(kept, x, graph.ZerosLike(x)))), total)
	}
	// The mean is found about a first estimate of it, and the variance as that of the steps' means and that within the
	// steps, for the sake of single precision: the mean of the squares less the square of the mean would cancel.
	center := weighted(means)
	rest := weighted(graph.Sub(means, center))
	between := graph.Sub(weighted(graph.Square(graph.Sub(means, center))), graph.Square(rest))
	within := weighted(graph.Mul(excesses, graph.Add(roots, graph.Abs(means))))
	variance = graph.MaxScalar(graph.Add(between, within), 0.0)
	zero := compensated{high: center, low: graph.ScalarZero(g, s.dtype)}
	if s.dtype == dtypes.Float64 {
		zero.low = nil
	}
	at := func(x *graph.Node) compensated { zero.high = x; return zero }
	out.mean = at(center).moved(rest)
	out.variance, out.deviation, out.weight = at(variance), at(graph.Sqrt(variance)), at(total)
	return out
}

// typical returns values limited to the median of those kept, less and plus startReach median absolute deviations.
func typical(values, kept, count *graph.Node) *graph.Node {
	middle := median(values, kept, count)
	reach := graph.MulScalar(median(graph.Abs(graph.Sub(values, middle)), kept, count), startReach)
	return graph.Min(graph.Max(values, graph.Sub(middle, reach)), graph.Add(middle, reach))
}

// median returns the median of the values kept, of which there are count, and which come first. It ranks each value by
// comparing it with all others, which is quicker than GoMLX's sort is on any backend for so few.
func median(values, kept, count *graph.Node) *graph.Node {
	g := values.Graph()
	square := shapes.Make(dtypes.Int64, startSteps, startSteps)
	column := graph.BroadcastToDims(graph.Reshape(values, startSteps, 1), startSteps, startSteps)
	row := graph.BroadcastToDims(graph.Reshape(values, 1, startSteps), startSteps, startSteps)
	earlier := graph.LessThan(graph.Iota(g, square, 1), graph.Iota(g, square, 0))
	before := graph.LogicalOr(graph.LessThan(row, column), graph.LogicalAnd(graph.Equal(row, column), earlier))
	before = graph.LogicalAnd(before, graph.BroadcastToDims(graph.Reshape(kept, 1, startSteps), startSteps, startSteps))
	rank := graph.ReduceSum(graph.ConvertDType(before, dtypes.Int64), 1)
	// Of an even number, the two in the middle are averaged; of none, nothing is picked.
	pick := func(k *graph.Node) *graph.Node {
		picked := graph.LogicalAnd(graph.Equal(rank, k), kept)
		return graph.ReduceAllSum(graph.Where(picked, values, graph.ZerosLike(values)))
	}
	two := graph.Scalar(g, dtypes.Int64, 2)
	lower, upper := pick(graph.Div(graph.AddScalar(count, -1), two)), pick(graph.Div(count, two))
	return graph.Add(graph.MulScalar(lower, 0.5), graph.MulScalar(upper, 0.5))
}

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
		if n := reader.integer("started"); n < startSteps {
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
	out := make([]float64, startSteps)
	switch x := r.value(name).(type) {
	case []float64:
		copy(out, x)
	case []float32:
		for i, y := range x[:min(len(x), startSteps)] {
			out[i] = float64(y)
		}
	}
	return out
}
