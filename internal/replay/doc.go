// Package replay reads the losses of a training run from whatever log it left, and tells what clipping would have
// done to it.
//
// Data passes through in one direction. A source is opened (files, folders, compressed or not) and its format told
// by its content; a survey of its beginning finds the fields it has, among which the loss is chosen; a scanner of the
// format turns pieces of the file, several at a time, into blocks of steps and losses; a sequencer puts these in order
// into steps, dropping what a resumed run wrote anew; and each step passes through an analysis, which finds spikes,
// drifts and divergence, and through one clipper per clipping asked for. Nothing of this grows with the file, but
// for curves that keep a bounded number of points.
package replay
