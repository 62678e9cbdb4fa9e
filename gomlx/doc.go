// Package gomlx is adaptive learning rate clipping (ALRC) as an operation of GoMLX graphs. It is the method of
// package alrc, with the same options, computed where the model is: the running moments are variables of the model, so
// checkpoints keep them, and no loss leaves the device.
//
//	losses := ...                           // a loss per example, of any shape
//	losses = gomlx.Clip(scope, losses)      // in the loss or model function
//
// or, around the loss function of a trainer,
//
//	method, err := gomlx.OneSided(alrc.Options{N: 2})
//	trainer := train.NewTrainer(backend, store, model, method.Loss("/alrc", lossFn), optimizer,
//		[]metric.Interface{gomlx.Threshold("/alrc"), gomlx.ClippedShare("/alrc")}, nil)
//
// A loss above the threshold keeps its direction: its gradient is that of scale * loss with the scale a constant.
// A loss that is NaN or infinite counts as 0, with gradient 0. That alone does not make the gradients of weights
// finite, since the layers before it multiply that 0 with whatever made the loss infinite. What can be done about it:
//
//   - [Method.Loss] stops, at the predictions, the gradients of examples without a finite loss;
//   - [Guard] keeps examples with non-finite inputs out of a model;
//   - where finite inputs overflow inside a model, GoMLX's own optimizer.ParamClipNaN leaves out the update.
//
// The moments move in training graphs alone (as GoMLX's Store.SetTraining, which its trainer sets, has it). A trainer
// that accumulates gradients moves them once per micro-batch. In data-parallel graphs the statistics are those of the
// global batch: under GoMLX's AutoSharding they are so by themselves, under its SPMD strategy they are summed with
// AllReduce over all axes of the mesh.
package gomlx
