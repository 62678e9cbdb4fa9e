// Package losslog reads the losses of a training run from whatever log it left.
//
// Data passes through in one direction. A source is opened (files, folders, compressed or not) and its format told
// by its content; a survey of its beginning finds the fields it has, among which the loss is chosen; a scanner of the
// format turns pieces of the file, several at a time, into blocks of steps and losses; and a sequencer puts these in
// order into steps, dropping what a resumed run wrote anew. Nothing of this grows with the file.
package losslog
