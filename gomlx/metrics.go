package gomlx

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/support/exceptions"
)

var nan = math.NaN()

// Threshold is a metric for GoMLX's trainer: the upper threshold that the step used in the clipping of a scope (the
// path given to [Method.Loss], or that of the scope given to [Clip]). It is infinite as long as moments start.
func Threshold(scope string) metric.Interface {
	return metric.NewBaseMetric("Clipping threshold", "threshold", metric.LossMetricType,
		func(_ *model.Scope, _, predictions []*graph.Node) *graph.Node {
			return resultIn(predictions[0].Graph(), scope).upper
		}, nil)
}

// ClippedShare is a metric for GoMLX's trainer: the share of losses that were limited or not finite, in the clipping of
// a scope, as an exponential moving average over about a hundred steps.
func ClippedShare(scope string) metric.Interface {
	return metric.NewExponentialMovingAverageMetric("Clipped share", "~clipped", "clipped",
		func(_ *model.Scope, _, predictions []*graph.Node) *graph.Node {
			r := resultIn(predictions[0].Graph(), scope)
			limited := graph.Add(graph.Add(r.clipped, r.raised), r.nonFinite)
			return meanOf(limited, graph.Add(r.count, r.nonFinite))
		}, nil, 0.01)
}

func resultIn(g *graph.Graph, scope string) *result {
	path := model.JoinPath(scope, scopeName)
	r := results(g)[path]
	if r == nil {
		exceptions.Panicf("alrc: no loss is clipped in scope %q of this graph, so it has no metrics", scope)
	}
	return r
}
