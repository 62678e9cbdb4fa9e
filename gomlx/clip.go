package gomlx

import (
	"math"

	"alrc"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// scopeName is the sub-scope that holds the variables, and the name under which a graph remembers a clipping.
const scopeName = "alrc"

// Clip limits losses with one-sided clipping in its default options: see [Method.Clip].
func Clip(scope *model.Scope, losses *graph.Node) *graph.Node {
	m, err := OneSided(alrc.Options{})
	if err != nil {
		panic(err)
	}
	return m.Clip(scope, losses)
}

// Clip takes a loss per example, of any shape and float type, and returns scale * loss for each, differentiated with
// the scale a constant; a loss that is not finite becomes 0, with gradient 0. The running moments are variables in
// the sub-scope "alrc" of scope, not trainable, and move in training graphs alone; each clipped loss of a model needs
// a scope of its own. As every graph building function of GoMLX it panics on errors: on losses that are no floats, and
// on a scope used twice in a graph.
//
// Source: Ede and Beanland, "Adaptive learning rate clipping stabilizes learning", 2020, algorithm 1.
func (m *Method) Clip(scope *model.Scope, losses *graph.Node) *graph.Node {
	if !losses.DType().IsFloat() {
		exceptions.Panicf("alrc: losses are %s: they must be of a float type", losses.Shape())
	}
	g := losses.Graph()
	scope = scope.At(scopeName)
	if results(g)[scope.Scope()] != nil {
		exceptions.Panicf("alrc: a loss is clipped already in scope %q of this graph: give each a scope of its own",
			scope.Scope())
	}
	dtype := momentsDType(g)
	state := m.variables(scope, dtype)

	x := graph.ConvertDType(graph.StopGradient(losses), dtype)
	finite := graph.IsFinite(x)
	// The limit is computed on numbers alone: what is not one is replaced before any arithmetic.
	x = graph.Where(finite, x, graph.ScalarZero(g, dtype))
	t := m.thresholds(g, state)
	scale, limited := t.limit(m, x)
	scale = graph.Where(finite, scale, graph.ScalarZero(g, dtype))
	r := m.result(t, dtype, acrossDevices(g, m.sums(t, x, limited, scale, finite)))
	results(g)[scope.Scope()] = r
	if scope.Store().IsTraining(g) {
		m.observe(g, state, r)
	}

	factor := graph.ConvertDType(scale, losses.DType())
	// In a narrower type a small scale could become 0, which would lose the gradient of a finite loss.
	factor = graph.Where(finite, graph.Max(factor, smallest(g, losses.DType())), graph.ZerosLike(losses))
	// The select before the product keeps NaN out of the value, and its gradient keeps it out of the gradient.
	return graph.Mul(graph.StopGradient(factor), graph.Where(finite, losses, graph.ZerosLike(losses)))
}

// momentsDType is double precision where the backend has it.
func momentsDType(g *graph.Graph) dtypes.DType {
	if hasDouble(g.Backend()) {
		return dtypes.Float64
	}
	return dtypes.Float32
}

// hasDouble says whether a backend has double precision; a variable so that tests can do without.
var hasDouble = func(backend compute.Backend) bool { return backend.Capabilities().DTypes[dtypes.Float64] }

// smallest is the least normal number of a type: processors may flush smaller ones to 0.
func smallest(g *graph.Graph, dtype dtypes.DType) *graph.Node {
	least := 0x1p-126 // of float32 and bfloat16
	switch dtype {
	case dtypes.Float64:
		least = 0x1p-1022
	case dtypes.Float16:
		least = 0x1p-14
	}
	return graph.Scalar(g, dtype, least)
}

// largest bounds what one loss can add to the moments, so that no sum of squares overflows.
func largest(dtype dtypes.DType) float64 {
	if dtype == dtypes.Float64 {
		return alrc.LargestLoss
	}
	return 1e18
}

// thresholds are what a step needs of the moments, all scalars of the moments' type. The sides that are off are nil.
type thresholds struct {
	lower, upper *graph.Node
	mean         compensated
	// spread is the distance of the upper threshold from the mean, kept apart because the difference of the two may
	// round to 0.
	spread *graph.Node
	// settled says that the automatic start is over; nil without one.
	settled *graph.Node
}

func (m *Method) thresholds(g *graph.Graph, s *state) thresholds {
	var t thresholds
	if !m.adaptive {
		t.upper = graph.Scalar(g, s.dtype, m.threshold)
		return t
	}
	t.mean = s.mean.value(g)
	if m.automatic {
		t.settled = graph.GreaterOrEqual(s.started.NodeValue(g), graph.Scalar(g, dtypes.Int64, alrc.StartSteps))
	}
	if !m.sides {
		variance := graph.MaxScalar(s.variance.value(g).sum(), 0.0)
		t.spread = graph.MulScalar(graph.Sqrt(graph.AddScalar(variance, alrc.Epsilon)), m.nUp)
		t.upper = t.mean.plus(t.spread)
		return t
	}
	if !math.IsInf(m.nUp, 1) {
		up := s.up.value(g).sum()
		t.upper = t.mean.plus(graph.MulScalar(up, m.nUp))
		// Where all losses are the same the distance is 0, and would scale the next higher one to nothing.
		t.spread = graph.MulScalar(graph.MaxScalar(up, alrc.SmallestSpread), m.nUp)
	}
	if !math.IsInf(m.nDown, 1) {
		t.lower = t.mean.plus(graph.MulScalar(s.down.value(g).sum(), -m.nDown))
	}
	return t
}

// limit returns, of finite losses x, the factor of each gradient, and what the moments take for each loss.
func (t thresholds) limit(m *Method, x *graph.Node) (scale, limited *graph.Node) {
	one := graph.ScalarOne(x.Graph(), x.DType())
	scale, limited = graph.OnesLike(x), x
	if t.lower != nil {
		raised := graph.LogicalAnd(graph.LessThan(x, t.lower), graph.LogicalAnd(isPositive(x), isPositive(t.lower)))
		raised = t.whenSettled(raised)
		raise := graph.MinScalar(graph.Div(t.lower, graph.Where(raised, x, one)), m.maxRaise)
		scale = graph.Where(raised, raise, scale)
		limited = graph.Where(raised, graph.Min(t.lower, graph.Mul(raise, x)), limited)
	}
	if t.upper == nil {
		return scale, limited
	}
	above := t.whenSettled(graph.GreaterThan(x, t.upper))
	byRatio := above
	if m.rule != alrc.RuleDistance {
		byRatio = graph.LogicalAnd(above, graph.LogicalAnd(isPositive(x), isPositive(t.upper)))
		scale = graph.Where(byRatio, graph.Div(t.upper, graph.Where(byRatio, x, one)), scale)
		limited = graph.Where(byRatio, t.upper, limited)
	}
	if m.rule != alrc.RuleRatio {
		byDistance := above
		if m.rule == alrc.RuleAuto {
			byDistance = graph.LogicalAnd(above, graph.LogicalNot(byRatio))
		}
		distance := t.mean.from(x)
		shrinks := graph.LogicalAnd(byDistance, graph.GreaterThan(distance, t.spread))
		scale = graph.Where(shrinks, graph.Div(t.spread, graph.Where(shrinks, distance, one)), scale)
		limited = graph.Where(byDistance, t.upper, limited)
	}
	return graph.Max(scale, smallest(x.Graph(), x.DType())), limited
}

// whenSettled is false for every loss as long as an automatic start lasts.
func (t thresholds) whenSettled(beyond *graph.Node) *graph.Node {
	if t.settled == nil {
		return beyond
	}
	return graph.LogicalAnd(beyond, t.settled)
}

// sums sums up a step's losses: x, and what became of them. Sums of parts of a step add up to those of the whole.
func (m *Method) sums(t thresholds, x, limited, scale, finite *graph.Node) []*graph.Node {
	g, dtype := x.Graph(), x.DType()
	bound := largest(dtype)
	limited = graph.MinScalar(graph.MaxScalar(limited, -bound), bound)
	one, zero := graph.ScalarOne(g, dtype), graph.ScalarZero(g, dtype)
	total := func(which, of *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.Where(graph.LogicalAnd(finite, which), of, zero))
	}
	ones := graph.OnesLike(x)
	sums := []*graph.Node{
		total(finite, ones), graph.ReduceAllSum(graph.Where(finite, zero, ones)),
		total(graph.LessThan(scale, one), ones), total(graph.GreaterThan(scale, one), ones),
	}
	if m.adaptive {
		// Distances from the mean, rather than losses, are squared: they do not cancel.
		distance := t.mean.from(limited)
		above, below := graph.GreaterThan(distance, zero), graph.LessThan(distance, zero)
		sums = append(sums,
			total(finite, limited), total(finite, distance), total(finite, graph.Square(distance)),
			total(above, distance), total(above, ones), total(below, graph.Neg(distance)), total(below, ones))
	}
	return sums
}

// acrossDevices adds up the sums of all replicas of a graph. Under GoMLX's other strategies the graph is that of the
// whole batch already.
func acrossDevices(g *graph.Graph, sums []*graph.Node) []*graph.Node {
	if g.DistributedStrategy() != distributed.SPMD {
		return sums
	}
	// One reduction of a vector rather than a dozen of numbers.
	all := g.Distributed().AllReduceOne(graph.Stack(sums, 0), compute.ReduceOpSum)
	reduced := make([]*graph.Node, len(sums))
	for i := range sums {
		reduced[i] = graph.Reshape(graph.Slice(all, graph.AxisElem(i)))
	}
	return reduced
}

// result names the sums, and puts the thresholds beside them.
func (m *Method) result(t thresholds, dtype dtypes.DType, sums []*graph.Node) *result {
	g := sums[0].Graph()
	side := func(threshold *graph.Node, sign int) *graph.Node {
		off := graph.Infinity(g, dtype, sign)
		switch {
		case threshold == nil:
			return off
		case t.settled != nil:
			return graph.Where(t.settled, threshold, off)
		}
		return threshold
	}
	r := &result{
		lower: side(t.lower, -1), upper: side(t.upper, 1),
		count: sums[0], nonFinite: sums[1], clipped: sums[2], raised: sums[3],
	}
	if m.adaptive {
		r.sum, r.distance, r.distanceSquares = sums[4], sums[5], sums[6]
		r.above, r.countAbove, r.below, r.countBelow = sums[7], sums[8], sums[9], sums[10]
	}
	return r
}

func isPositive(x *graph.Node) *graph.Node {
	return graph.GreaterThan(x, graph.ScalarZero(x.Graph(), x.DType()))
}

// result is what a clipping leaves in its graph, for the moments and for metrics: scalars of the moments' type.
type result struct {
	// lower and upper are the thresholds that were used, infinite where a side is off or not settled yet.
	lower, upper                         *graph.Node
	count, nonFinite, clipped, raised    *graph.Node
	sum                                  *graph.Node
	distance, distanceSquares            *graph.Node // from the running mean
	above, countAbove, below, countBelow *graph.Node
}

// resultsParam is the graph's parameter that holds the results of its clippings by scope. (One map rather than a
// parameter a scope, because GoMLX looks parameters up in all enclosing scopes too.)
const resultsParam = "/alrc_results"

func results(g *graph.Graph) map[string]*result {
	if value, found := model.GetGraphParam(g, resultsParam); found {
		if all, ok := value.(map[string]*result); ok {
			return all
		}
	}
	all := map[string]*result{}
	model.SetGraphParam(g, resultsParam, all)
	return all
}
