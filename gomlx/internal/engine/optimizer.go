package engine

import (
	"cmp"
	"math"

	"alrc/internal/nn"

	"github.com/gomlx/gomlx/core/graph"
)

// rates are what an optimizer needs to know of a step: the learning rate with its schedule and, of Adam, the bias
// corrections. They are the graph's input, so that one graph serves all steps.
func rates(o nn.Optimizer, done int64) []float32 {
	rate := o.LearningRate * o.Schedule.At(done)
	if o.Kind == nn.SGD {
		return []float32{float32(rate), 1}
	}
	step := float64(done + 1)
	first := 1 - math.Pow(cmp.Or(o.Beta1, 0.9), step)
	second := math.Sqrt(1 - math.Pow(cmp.Or(o.Beta2, 0.999), step))
	if o.CorrectedEpsilon {
		return []float32{float32(rate / first), float32(1 / second)}
	}
	return []float32{float32(rate * second / first), 1}
}

// update returns a weight and its moments after a step.
func update(o nn.Optimizer, rates, weight, gradient *graph.Node, moments []*graph.Node) (moved *graph.Node, next []*graph.Node) {
	scalar := func(i int) *graph.Node { return graph.Reshape(graph.Slice(rates, graph.AxisElem(i))) }
	if o.WeightDecay > 0 && weight.Rank() > 1 { // biases are left alone
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
	first := blend(moments[0], gradient, cmp.Or(o.Beta1, 0.9))
	second := blend(moments[1], graph.Square(gradient), cmp.Or(o.Beta2, 0.999))
	root := graph.AddScalar(graph.Mul(scalar(1), graph.Sqrt(second)), cmp.Or(o.Epsilon, 1e-8))
	return graph.Sub(weight, graph.Div(graph.Mul(rate, first), root)), []*graph.Node{first, second}
}
