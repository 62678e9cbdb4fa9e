package nn

import "alrc/internal/nn/kernel"

// worker is what a thread has to itself.
type worker struct {
	index   int
	product kernel.Product
	// weights and planes hold Winograd's transformed weights and products of one task, kernels the taps of one
	// transposition, tile a 4x4 tile at an image's edge.
	weights, planes, kernels, tile []float32
	profile                        *profile
}
