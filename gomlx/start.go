package gomlx

import (
	"math"

	"alrc"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// started is what the moments are as long as an automatic start lasts.
type started struct {
	// going is true in a step of the start, which it may end.
	going                             *graph.Node
	mean, variance, deviation, weight compensated
}

// observeStart keeps a step of the start, limited to the typical range of those kept so far, and returns the moments
// of them all, as package alrc does.
func (m *Method) observeStart(g *graph.Graph, s *state, r *result, finite *graph.Node) started {
	counter := s.started.NodeValue(g)
	going := graph.LessThan(counter, graph.Scalar(g, dtypes.Int64, alrc.StartSteps))
	index := graph.Iota(g, shapes.Make(dtypes.Int64, alrc.StartSteps), 0)
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

	n := graph.ConvertDType(count, s.dtype)
	sum := func(x *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.Where(kept, x, graph.ZerosLike(x)))
	}
	average := func(x *graph.Node) *graph.Node { return ratio(sum(x), n) }
	// 1 - decay^t, as a sum, which loses no digits.
	age := graph.ConvertDType(graph.Sub(graph.AddScalar(count, -1), index), s.dtype)
	weight := sum(graph.MulScalar(graph.Exp(graph.MulScalar(age, math.Log(m.decay))), 1-m.decay))
	// The mean is found about a first estimate of it, and the variance as that of the steps' means and that within the
	// steps, for the sake of single precision: the mean of the squares less the square of the mean would cancel.
	center := average(means)
	rest := average(graph.Sub(means, center))
	between := graph.Sub(average(graph.Square(graph.Sub(means, center))), graph.Square(rest))
	within := average(graph.Mul(excesses, graph.Add(roots, graph.Abs(means))))
	variance = graph.MaxScalar(graph.Add(between, within), 0.0)
	at := func(x *graph.Node) compensated {
		if s.dtype == dtypes.Float64 {
			return compensated{high: x}
		}
		return compensated{high: x, low: graph.ScalarZero(g, s.dtype)}
	}
	return started{
		going: going,
		mean:  at(center).moved(rest), variance: at(variance), deviation: at(graph.Sqrt(variance)), weight: at(weight),
	}
}

// typical returns values limited to what is typical of those kept, of which there are count, and which come first.
func typical(values, kept, count *graph.Node) *graph.Node {
	at := ranked(values, kept)
	two := graph.Scalar(values.Graph(), dtypes.Int64, 2)
	last := graph.AddScalar(count, -1)
	middle := graph.Add(graph.MulScalar(at(graph.Div(last, two)), 0.5), graph.MulScalar(at(graph.Div(count, two)), 0.5))
	beyond := graph.Div(count, graph.Scalar(values.Graph(), dtypes.Int64, alrc.StartBeyond))
	// A side where even the outermost typical value is the median is open.
	limit := func(distance *graph.Node) *graph.Node {
		return graph.Where(isPositive(distance), graph.MulScalar(distance, alrc.StartReach),
			graph.Infinity(values.Graph(), values.DType(), 1))
	}
	low := graph.Sub(middle, limit(graph.Sub(middle, at(beyond))))
	high := graph.Add(middle, limit(graph.Sub(at(graph.Sub(last, beyond)), middle)))
	return graph.Min(graph.Max(values, low), high)
}

// ranked returns a function that picks the value of a rank among those kept; where none is, 0. It ranks each value by
// comparing it with all others, which for so few is quicker than GoMLX's sort on its own backend.
func ranked(values, kept *graph.Node) func(rank *graph.Node) *graph.Node {
	g := values.Graph()
	square := shapes.Make(dtypes.Int64, alrc.StartSteps, alrc.StartSteps)
	column := graph.BroadcastToDims(graph.Reshape(values, alrc.StartSteps, 1), alrc.StartSteps, alrc.StartSteps)
	row := graph.BroadcastToDims(graph.Reshape(values, 1, alrc.StartSteps), alrc.StartSteps, alrc.StartSteps)
	earlier := graph.LessThan(graph.Iota(g, square, 1), graph.Iota(g, square, 0))
	before := graph.LogicalOr(graph.LessThan(row, column), graph.LogicalAnd(graph.Equal(row, column), earlier))
	before = graph.LogicalAnd(before, graph.BroadcastToDims(graph.Reshape(kept, 1, alrc.StartSteps), alrc.StartSteps, alrc.StartSteps))
	ranks := graph.ReduceSum(graph.ConvertDType(before, dtypes.Int64), 1)
	return func(rank *graph.Node) *graph.Node {
		picked := graph.LogicalAnd(graph.Equal(ranks, rank), kept)
		return graph.ReduceAllSum(graph.Where(picked, values, graph.ZerosLike(values)))
	}
}
