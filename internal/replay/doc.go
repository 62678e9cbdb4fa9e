// Package replay judges the losses of a training run and tells what clipping would have done to it.
//
// The steps of a log, which package losslog reads, pass through an analysis, which finds spikes, drifts and divergence,
// and through one clipper per clipping asked for; the report is made of what these found. Nothing of this grows with
// the log, but for curves that keep a bounded number of points.
package replay
