package gomlx

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// startSteps and startReach are those of package alrc: an automatic start watches this many steps, each limited to
// this many median absolute deviations about their median (10 times 1.4826, which makes standard deviations of them).
const (
	startSteps = 20
	startReach = 10 * 1.4826
)

// started is what the moments are as long as an automatic start lasts.
type started struct {
	// going is true in a step of the start, which it may end.
	going                             *graph.Node
	mean, variance, deviation, weight compensated
}

// observeStart keeps a step of the start, limited to the typical range of those kept so far, and returns the moments
// of them all. It is what package alrc does, with the bias-corrected means written as weighted sums.
func (m *Method) observeStart(g *graph.Graph, s *state, r *result, finite *graph.Node) started {
	counter := s.started.NodeValue(g)
	going := graph.LessThan(counter, graph.Scalar(g, dtypes.Int64, startSteps))
	index := graph.Iota(g, shapes.Make(dtypes.Int64, startSteps), 0)
	here := graph.LogicalAnd(graph.Equal(index, counter), finite)
	mean, distance := meanOf(r.sum, r.count), meanOf(r.distance, r.count)
	variance := graph.MaxScalar(graph.Sub(meanOf(r.distanceSquares, r.count), graph.Square(distance)), 0.0)
	root := graph.Sqrt(graph.Add(graph.Square(mean), variance))
	excess := ratio(variance, graph.Add(root, graph.Abs(mean)))
	means := graph.Where(here, mean, s.startMean.NodeValue(g))
	excesses := graph.Where(here, excess, s.startExcess.NodeValue(g))
	count := graph.Where(graph.LogicalAnd(going, finite), graph.AddScalar(counter, 1), counter)
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
	at := func(x *graph.Node) compensated {
		if s.dtype == dtypes.Float64 {
			return compensated{high: x}
		}
		return compensated{high: x, low: graph.ScalarZero(g, s.dtype)}
	}
	return started{
		going: going,
		mean:  at(center).moved(rest), variance: at(variance), deviation: at(graph.Sqrt(variance)), weight: at(total),
	}
}

// typical returns values limited to the median of those kept, less and plus startReach median absolute deviations.
func typical(values, kept, count *graph.Node) *graph.Node {
	middle := median(values, kept, count)
	reach := graph.MulScalar(median(graph.Abs(graph.Sub(values, middle)), kept, count), startReach)
	return graph.Min(graph.Max(values, graph.Sub(middle, reach)), graph.Add(middle, reach))
}

// median returns the median of the values kept, of which there are count, and which come first. It ranks each value by
// comparing it with all others, which for so few is quicker than GoMLX's sort on its own backend.
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
