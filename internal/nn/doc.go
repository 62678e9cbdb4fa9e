// Package nn is the CPU engine: it takes a network's description to buffers and a plan of phases, and trains.
//
// An [Engine] plans everything once. The plan is a list of phases, each a set of tasks that may be done in any order
// by a fixed pool of threads; what a task computes does not depend on which thread does it, nor on how many there are,
// so neither do results. Images pass through the network some at a time, so that memory does not grow with the batch.
//
// Images are [N,H,W,C] in memory with a border of zeros ([tensor]). Most of the time goes into 3x3 convolutions between
// many channels, which are computed by Winograd's algorithm ([winograd]); all others are computed directly
// ([convolution]). Both are built of one product of matrices in package kernel.
package nn
