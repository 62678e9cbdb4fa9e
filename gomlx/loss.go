package gomlx

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/loss"
)

// Loss returns a loss function for GoMLX's trainer whose losses are clipped, with the moments in a scope of the
// trainer's model: a path such as "/alrc", of its own for each loss. lossFn should return a loss per example, as
// GoMLX's cross-entropies do. One that returns the mean of the batch, as loss.MeanSquaredError does, is clipped as a
// single loss, so that one bad example shrinks the gradients of its whole batch.
//
// Examples whose loss is not finite send no gradient into the predictions. In evaluation graphs the losses are not
// clipped, so that they can be compared.
func (m *Method) Loss(scope string, lossFn loss.LossFn) loss.LossFn {
	return func(labels, predictions []*graph.Node) *graph.Node {
		g := predictions[0].Graph()
		var losses *graph.Node
		guarded := make([]*graph.Node, len(predictions))
		for i, prediction := range predictions {
			guarded[i] = prediction
			if prediction.DType().IsFloat() {
				guarded[i] = graph.IdentityWithCustomGradient(prediction, func(_, gradient *graph.Node) *graph.Node {
					return whereFinite(losses, gradient)
				})
			}
		}
		losses = lossFn(labels, guarded)
		store := model.GetStore(g)
		clipped := m.Clip(store.Scope(scope), losses)
		if !store.IsTraining(g) {
			return losses
		}
		return clipped
	}
}

// whereFinite returns the gradient with 0 for the examples whose losses are not finite; for all examples where the
// losses are not one or more an example.
func whereFinite(losses, gradient *graph.Node) *graph.Node {
	finite := graph.IsFinite(graph.StopGradient(losses))
	if losses.Rank() == 0 || gradient.Rank() == 0 || losses.Shape().Dimensions[0] != gradient.Shape().Dimensions[0] {
		finite = graph.BroadcastLike(graph.LogicalAll(finite), gradient)
	} else if losses.Rank() > 1 {
		finite = graph.LogicalAll(graph.Reshape(finite, losses.Shape().Dimensions[0], -1), 1)
	}
	return graph.Where(finite, gradient, graph.ZerosLike(gradient))
}

// Guard computes fn, a model or a part of it, on inputs whose first axis is that of the examples, such that an example
// with an input that is not finite harms no gradient: fn sees zeros in its place, and what fn returns is NaN there, so
// that the example's loss is NaN and clipping leaves it out. fn must keep the examples apart (batch normalisation does
// not), and return values with the same first axis.
func Guard(inputs []*graph.Node, fn func(inputs []*graph.Node) []*graph.Node) []*graph.Node {
	var finite *graph.Node
	for _, input := range inputs {
		if !input.DType().IsFloat() {
			continue
		}
		here := graph.IsFinite(input)
		if input.Rank() > 1 {
			here = graph.LogicalAll(graph.Reshape(here, input.Shape().Dimensions[0], -1), 1)
		}
		if finite == nil {
			finite = here
		} else {
			finite = graph.LogicalAnd(finite, here)
		}
	}
	if finite == nil {
		return fn(inputs)
	}
	clean := make([]*graph.Node, len(inputs))
	for i, input := range inputs {
		clean[i] = graph.Where(finite, input, graph.ZerosLike(input))
	}
	outputs := fn(clean)
	for i, output := range outputs {
		if output.DType().IsFloat() {
			outputs[i] = graph.Where(finite, output, graph.AddScalar(graph.ZerosLike(output), nan))
		}
	}
	return outputs
}
