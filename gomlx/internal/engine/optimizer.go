package engine

import (
	"alrc/internal/nn"

	"github.com/gomlx/gomlx/core/graph"
)

// rates are what an optimizer needs to know of a step. They are the graph's input, so that one graph serves all steps.
func rates(o nn.Optimizer, done int64) []float32 {
	rate, rootScale := o.Rates(done)
	return []float32{float32(rate), float32(rootScale), float32(o.Keep(o.Rate(done)))}
}

// update returns a weight and its moments after a step.
func update(o nn.Optimizer, rates, weight, gradient *graph.Node, moments []*graph.Node) (moved *graph.Node, next []*graph.Node) {
	scalar := func(i int) *graph.Node { return graph.Reshape(graph.Slice(rates, graph.AxisElem(i))) }
	switch decays := o.WeightDecay > 0 && weight.Rank() > 1; { // biases are left alone
	case decays && o.Kind == nn.AdamW:
		weight = graph.Mul(weight, scalar(2))
	case decays:
		gradient = graph.Add(gradient, graph.MulScalar(weight, o.WeightDecay))
	}
	rate := scalar(0)
	if o.Kind == nn.SGD {
		velocity := graph.Add(graph.MulScalar(moments[0], o.Momentum), gradient)
		along := velocity
		if o.Nesterov {
			along = graph.Add(gradient, graph.MulScalar(velocity, o.Momentum))
		}
		return graph.Sub(weight, graph.Mul(rate, along)), []*graph.Node{velocity}
	}
	blend := func(old, new *graph.Node, keep float64) *graph.Node {
		return graph.Add(graph.MulScalar(old, keep), graph.MulScalar(new, 1-keep))
	}
	first := blend(moments[0], gradient, o.Beta1)
	second := blend(moments[1], graph.Square(gradient), o.Beta2)
	root := graph.AddScalar(graph.Mul(scalar(1), graph.Sqrt(second)), o.Epsilon)
	return graph.Sub(weight, graph.Div(graph.Mul(rate, first), root)), []*graph.Node{first, second}
}
