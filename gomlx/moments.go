package gomlx

import (
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
	// weight is 1 - decay^t after t steps of an automatic start, by which their rate is corrected.
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
		zeros := shapes.CastAsDType(make([]float64, alrc.StartSteps), dtype)
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
	finite := graph.GreaterThan(r.count, zero)
	var start started
	if m.automatic {
		start = m.observeStart(g, s, r, finite)
	}
	// choose takes the value of the start as long as that lasts, and the old one where nothing was observed.
	choose := func(of running, first, next compensated, observed *graph.Node) {
		next = next.where(observed, of.value(g))
		if m.automatic {
			next = first.where(start.going, next)
		}
		of.set(next)
	}
	rate := graph.Scalar(g, s.dtype, 1-m.decay)
	if m.automatic {
		weight := s.weight.value(g)
		weight = weight.moved(graph.Mul(rate, graph.Sub(graph.ScalarOne(g, s.dtype), weight.sum())))
		choose(s.weight, start.weight, weight, finite)
		// As in package alrc: (1-decay) * (1 + 2*decay^t) / (1 - decay^t), at most 1.
		remembering := graph.MulScalar(weight.sum(), 1-alrc.StartForgetting)
		rate = graph.Div(graph.Mul(rate, graph.AddScalar(remembering, alrc.StartForgetting)), weight.sum())
		rate = graph.MinScalar(rate, 1.0)
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
	choose(s.mean, start.mean, mean.moved(shift), finite)
	choose(s.variance, start.variance, variance.moved(change), finite)
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
